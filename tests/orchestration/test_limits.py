"""What an agent may do with tools, and how much: bounded by rows, and by the database when many call at once."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import Client

from audit.errors import Invalid, NotAllowed
from audit.models import Entry
from guardians.toolrisk import Tier
from orchestration import limits
from orchestration.engine.pool import pool
from orchestration.engine.statement import Batch, execute
from orchestration.limits import OverLimit
from orchestration.models import Action, Run, Spending, Tool, ToolBudget, ToolPermission
from tests.conftest import Person
from tests.orchestration.rows import proposed, submitted, tool

SCHEMA = {"type": "object", "properties": {"to": {"type": "string"}, "amount": {"type": "number"}}}
pytestmark = pytest.mark.usefixtures("committed")


def pay(run: Run) -> Tool:
    known = Tool.objects.filter(server__workspace=run.workspace_id, name="pay").first()
    return known or tool(run.workspace, "pay", input_schema=SCHEMA, registered_tier=Tier.WRITE_LIMITED.value)


def permit(who: Person, run: Run, **columns: Any) -> ToolPermission:
    line = ToolPermission(workspace_id=run.workspace_id, **{"highest_tier": Tier.DELETE.value, **columns})
    return limits.permit(line, actor=who.actor)


def budget(who: Person, run: Run, **columns: Any) -> ToolBudget:
    return limits.set_budget(ToolBudget(workspace_id=run.workspace_id, **{"per": "DAY", **columns}), actor=who.actor)


def take(run: Run, **arguments: Any) -> Action:
    """Write what one more call takes, as its intent does, over the engine's own connection."""
    action = proposed(run, pay(run), **arguments)
    batch = Batch()
    batch.add(*limits.spendings(run, action, arguments))
    with pool().connection() as engine:
        execute(engine, batch)
    return action


def test_without_any_line_the_workspace_is_open(grace: Person) -> None:
    run = submitted(grace.actor)
    assert limits.permitted(run, pay(run), {})


def test_with_one_line_what_no_line_allows_is_refused(grace: Person, ada: Person) -> None:
    run = submitted(grace.actor)
    permit(ada, run, tool=tool(run.workspace, "search"))
    assert not limits.permitted(run, pay(run), {})


def test_a_line_that_is_switched_off_allows_nothing_and_keeps_the_workspace_closed(grace: Person, ada: Person) -> None:
    run = submitted(grace.actor)
    permit(ada, run, enabled=False)
    assert not limits.permitted(run, pay(run), {})


def test_a_line_is_for_its_agent_only(grace: Person, ada: Person) -> None:
    run = submitted(grace.actor)
    permit(ada, run, agent="key:another")
    assert not limits.permitted(run, pay(run), {})
    permit(ada, run, agent=run.requested_by)
    assert limits.permitted(run, pay(run), {})


def test_a_line_is_up_to_its_tier(grace: Person, ada: Person) -> None:
    run = submitted(grace.actor)
    permit(ada, run, highest_tier=Tier.READ_ONLY.value)
    assert not limits.permitted(run, pay(run), {})


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        ({"amount": 50}, True),
        ({"amount": 50.5}, False),
        ({"amount": "x"}, False),
        ({}, False),
        ({"amount": None}, False),
    ],
)
def test_a_condition_bounds_the_arguments_and_without_an_answer_allows_nothing(
    grace: Person, ada: Person, arguments: dict[str, Any], allowed: bool
) -> None:
    run = submitted(grace.actor)
    permit(ada, run, condition="double(arguments.amount) <= 50.0 && tool == 'desk/pay'")
    assert limits.permitted(run, pay(run), arguments) is allowed


@pytest.mark.parametrize("condition", ["arguments.amount <=", "argument.amount < 5", "tier + 1"])
def test_a_condition_that_does_not_compile_is_refused(grace: Person, ada: Person, condition: str) -> None:
    with pytest.raises(Invalid, match="condition"):
        permit(ada, submitted(grace.actor), condition=condition)


def test_a_budget_that_bounds_nothing_is_refused(grace: Person, ada: Person) -> None:
    with pytest.raises(Invalid, match="neither calls nor an amount"):
        budget(ada, submitted(grace.actor))


def test_who_may_not_write_tools_sets_no_limit(grace: Person) -> None:
    with pytest.raises(NotAllowed):
        budget(grace, submitted(grace.actor), calls=1)


def test_a_change_of_a_limit_is_in_the_ledger(grace: Person, ada: Person) -> None:
    run = submitted(grace.actor)
    budget(ada, run, calls=1)
    permit(ada, run)
    chain = Entry.objects.filter(chain=f"tools:{run.workspace_id}").order_by("seq")
    assert list(chain.values_list("type", flat=True)) == ["tool.budgeted", "tool.permitted"]


def test_a_budget_of_calls_is_used_up(grace: Person, ada: Person) -> None:
    run = submitted(grace.actor)
    budget(ada, run, calls=2, tool=pay(run))
    take(run, amount=1)
    take(run, amount=1)
    with pytest.raises(OverLimit, match="OVER_BUDGET"):
        take(run, amount=1)


def test_a_budget_of_an_amount_is_used_up(grace: Person, ada: Person) -> None:
    run = submitted(grace.actor)
    budget(ada, run, amount=Decimal(100))
    take(run, amount="99.5")
    with pytest.raises(OverLimit, match="OVER_BUDGET"):
        take(run, amount=1)
    take(run, amount="0.50")


@pytest.mark.parametrize("arguments", [{}, {"amount": "all"}, {"amount": -5}])
def test_an_amount_that_nobody_can_read_is_over_every_budget(
    grace: Person, ada: Person, arguments: dict[str, Any]
) -> None:
    run = submitted(grace.actor)
    budget(ada, run, amount=Decimal(100))
    with pytest.raises(OverLimit, match="NO_AMOUNT"):
        take(run, **arguments)


def test_a_budget_per_run_begins_anew_with_each_run(grace: Person, ada: Person) -> None:
    run, other = submitted(grace.actor), submitted(grace.actor, stakes="HIGH")
    budget(ada, run, calls=1, per="RUN")
    take(run, amount=1)
    take(other, amount=1)
    with pytest.raises(OverLimit):
        take(other, amount=1)


def test_one_action_takes_of_a_budget_once(grace: Person, ada: Person) -> None:
    run = submitted(grace.actor)
    known = budget(ada, run, calls=1)
    action = take(run, amount=1)
    batch = Batch()
    batch.add(*limits.spendings(run, action, {"amount": 1}))
    with pool().connection() as engine:
        execute(engine, batch)
    assert known.spendings.count() == 1


def test_many_calls_at_once_never_take_more_than_there_is(grace: Person, ada: Person) -> None:
    run = submitted(grace.actor)
    known = budget(ada, run, calls=5, amount=Decimal(1000))
    actions = [proposed(run, pay(run), amount=1) for _ in range(16)]
    rows = [limits.spendings(run, action, {"amount": 1}) for action in actions]

    def write(spent: list[Spending]) -> str:
        batch = Batch()
        batch.add(*spent)
        with psycopg.connect(**connection.get_connection_params()) as own:
            try:
                execute(own, batch)
            except psycopg.Error as error:
                return str(error.sqlstate)
        return "taken"

    with ThreadPoolExecutor(8) as threads:
        said = sorted(threads.map(write, rows))
    assert said == [limits.SPENT] * 11 + ["taken"] * 5
    assert known.spendings.count() == 5


def test_what_was_spent_is_changed_by_nobody(grace: Person, ada: Person) -> None:
    run = submitted(grace.actor)
    known = budget(ada, run, calls=2)
    take(run, amount=1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        known.spendings.update(amount=0)


def test_ada_sets_a_budget_in_the_admin(grace: Person, ada: Person, client: Client) -> None:
    run = submitted(grace.actor)
    ada.user.is_staff = ada.user.is_superuser = True
    ada.user.save()
    client.force_login(ada.user)
    form = {"agent": "", "per": "DAY", "calls": "3", "amount": "", "tool": "", "enabled": "on"}
    assert client.post("/admin/orchestration/toolbudget/add/", {**form, "calls": ""}).status_code == 200
    assert client.post("/admin/orchestration/toolbudget/add/", form).status_code == 302
    assert ToolBudget.objects.get(workspace=run.workspace_id).calls == 3
