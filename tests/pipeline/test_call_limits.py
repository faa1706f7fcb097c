"""A run's calls are bounded by what its workspace allows, and a value that a tool brought up goes to a person."""

from typing import Any

from guardians.models import Finding
from guardians.toolrisk import Tier
from orchestration import limits, registry
from orchestration.management.stage import Stage
from orchestration.models import Run, Tool, ToolBudget, ToolPermission
from tests.orchestration.rows import entries
from tests.pipeline.asking import CASES, ask
from tests.pipeline.returning import approved


def ticket(stage: Stage) -> Tool:
    return registry.tools_of(stage.workspace.pk)["desk/file_ticket"]


def seen_as(stage: Stage, tier: Tier, roles: dict[str, str]) -> None:
    tool = ticket(stage)
    registry.approve_tool(tool.pk, tier=tier, seen=tool.definition_hash, roles=roles, actor=stage.actors["ada"])


def asked_with(title: str) -> dict[str, Any]:
    case = CASES["c"]
    [action] = case["actions"]
    return {**case, "actions": [{**action, "arguments": {**action["arguments"], "title": title}}]}


def states(run: Run) -> list[str]:
    return list(run.actions.order_by("ordinal").values_list("state", flat=True))


def test_a_call_that_no_line_allows_is_refused_before_anybody_is_asked(quick: Stage) -> None:
    line = ToolPermission(workspace_id=quick.workspace.pk, highest_tier=Tier.READ_ONLY.value)
    limits.permit(line, actor=quick.actors["ada"])
    run = ask(quick, CASES["c"])
    assert (run.decision, states(run)) == ("REFUSE", ["REFUSED"])
    assert "not_permitted" in run.reason


def test_what_an_approved_call_takes_is_written_with_its_intent(quick: Stage) -> None:
    budget = ToolBudget(workspace_id=quick.workspace.pk, per="DAY", calls=1)
    limits.set_budget(budget, actor=quick.actors["ada"])
    run = approved(quick, ask(quick, CASES["c"]))
    assert (run.state, states(run), budget.spendings.get().run_id) == ("COMPLETED", ["DONE"], run.pk)


def test_a_call_over_its_budget_is_never_sent_although_it_was_approved(quick: Stage) -> None:
    budget = ToolBudget(workspace_id=quick.workspace.pk, per="DAY", calls=0)
    limits.set_budget(budget, actor=quick.actors["ada"])
    run = approved(quick, ask(quick, CASES["c"]))
    assert (run.state, states(run)) == ("FAILED", ["REFUSED"])
    assert "OVER_BUDGET" in run.reason
    assert "effect.intended" not in entries(run)


def test_a_value_that_a_tool_brought_up_and_the_question_does_not_hold_is_shown_to_a_person(quick: Stage) -> None:
    seen_as(quick, Tier.WRITE_LIMITED, {"title": "recipient"})
    run = ask(quick, asked_with("48 hours"))
    where = "call:desk/file_ticket:tainted:title:recipient:"
    assert any(reason.startswith(where) for reason in run.approvals.get().reasons)


def test_the_packs_are_told_whether_a_recipient_was_brought_up_by_a_tool(quick: Stage) -> None:
    seen_as(quick, Tier.WRITE_LIMITED, {"title": "recipient"})
    assert sunk(ask(quick, asked_with("48 hours")))
    assert not sunk(ask(quick, asked_with("A title of my own")))


def sunk(run: Run) -> bool:
    """Tell whether the rule fired that keeps what was read from deciding where an effect goes."""
    return Finding.objects.filter(vote__review__run=run.pk, rule="tool.tainted_sink").exists()


def test_a_value_of_the_client_that_nobody_else_wrote_is_his(quick: Stage) -> None:
    seen_as(quick, Tier.WRITE_LIMITED, {"title": "recipient"})
    run = ask(quick, asked_with("A title of my own"))
    reasons = [reason for approval in run.approvals.all() for reason in approval.reasons]
    assert not any(reason.startswith("call:") for reason in reasons)
