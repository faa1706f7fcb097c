"""The admin of runs and tools: facts are only read, tools are approved by verbs."""

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.utils.html import escape

from guardians.toolrisk import Tier
from orchestration import webhooks
from orchestration.models import Batch, Delivery, Run, Tool, Webhook
from orchestration.states import ToolState
from tests.conftest import Person
from tests.orchestration.rows import tool, waiting
from tests.orchestration.test_records import full

MODELS = [model for model in admin.site._registry if model._meta.app_label == "orchestration"]


@pytest.fixture
def client(ada: Person) -> Client:
    client = Client()
    client.force_login(ada.user)
    return client


def address(model: type[models.Model], page: str = "") -> str:
    return f"/admin/orchestration/{model._meta.model_name}/{page}"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_list_and_every_row_has_a_page(client: Client, grace: Person, model: type[models.Model]) -> None:
    waiting(full(grace))
    assert client.get(address(model)).status_code == 200
    rows = model._default_manager.all()[:2]
    assert {client.get(address(model, f"{row.pk}/change/")).status_code for row in rows} <= {200}
    assert all(str(row) for row in rows)


@pytest.mark.parametrize("model", [Batch, Delivery])
def test_batches_and_deliveries_are_not_added(client: Client, model: type[models.Model]) -> None:
    assert client.get(address(model, "add/")).status_code == 403


@pytest.mark.parametrize("model", [Run, Tool])
def test_facts_are_neither_added_nor_deleted(client: Client, grace: Person, model: type[models.Model]) -> None:
    full(grace)
    row = model._default_manager.first()
    assert row is not None
    assert client.get(address(model, "add/")).status_code == 403
    assert client.post(address(model, f"{row.pk}/delete/"), {"post": "yes"}).status_code == 403


def approve(client: Client, row: Tool, *, tier: str = "READ_ONLY", seen: str = "") -> Tool:
    word = {"action": "approve", "_selected_action": [str(row.pk)], "tier": tier}
    client.post(address(Tool), {**word, f"seen-{row.pk}": seen or row.definition_hash})
    return Tool.objects.get(pk=row.pk)


@pytest.mark.parametrize("tier", list(Tier))
def test_a_tool_is_approved_at_a_tier(client: Client, ada: Person, tier: Tier) -> None:
    approved = approve(client, tool(ada.user.memberships.get().workspace), tier=tier.name)
    assert (approved.state, approved.registered_tier) == (ToolState.ACTIVE, tier)


def test_definitions_are_shown_before_they_are_approved(client: Client, ada: Person) -> None:
    row = tool(ada.user.memberships.get().workspace, description="It searches <b>all</b>.")
    answer = client.post(address(Tool), {"action": "approve", "_selected_action": [str(row.pk)]})
    shown = answer.content.decode()
    assert f'name="seen-{row.pk}" value="{row.definition_hash}"' in shown
    assert "It searches &lt;b&gt;all&lt;/b&gt;." in shown
    assert Tool.objects.get(pk=row.pk).state == ToolState.QUARANTINED


def test_a_definition_that_changed_while_it_was_read_is_not_approved(client: Client, ada: Person) -> None:
    row = tool(ada.user.memberships.get().workspace)
    assert approve(client, row, seen="0" * 64).state == ToolState.QUARANTINED


def test_a_tool_of_another_workspace_is_not_approved(client: Client, mallory: Person) -> None:
    theirs = tool(mallory.user.memberships.all()[0].workspace)
    assert approve(client, theirs).state == ToolState.QUARANTINED


def test_a_tool_that_is_gone_is_not_approved(client: Client, ada: Person) -> None:
    gone = tool(ada.user.memberships.get().workspace, state=ToolState.RETIRED)
    assert approve(client, gone).state == ToolState.RETIRED


@pytest.fixture
def pair(ada: Person) -> tuple[Tool, Tool]:
    """Return a tool and one that could undo its calls, both approved."""
    workspace = ada.user.memberships.get().workspace
    active = {"state": "ACTIVE", "approved_hash": "d" * 64, "registered_tier": 1}
    return tool(workspace, "note", **active), tool(workspace, "strike", **active)


def compensate(client: Client, pair: tuple[Tool, Tool], **changed: str) -> tuple[Tool, str]:
    """Name the second tool to undo the first; return that as it is then, and what the page says."""
    note, strike = pair
    form = {
        "action": "compensate",
        "_selected_action": str(note.pk),
        "by": str(strike.pk),
        "arguments": '{"id": {"from": "key"}}',
    }
    seen = {f"seen-{row.pk}": row.definition_hash for row in pair}
    said = client.post(address(Tool), {**form, **seen, **changed}, follow=True).content.decode()
    return Tool.objects.get(pk=note.pk), said


def test_both_definitions_are_shown_before_a_compensation_is_registered(
    client: Client, pair: tuple[Tool, Tool]
) -> None:
    word = {"action": "compensate", "_selected_action": [str(pair[0].pk)]}
    shown = client.post(address(Tool), word).content.decode()
    assert all(f'name="seen-{row.pk}" value="{row.definition_hash}"' in shown for row in pair)
    assert Tool.objects.get(pk=pair[0].pk).compensated_by is None


def test_a_compensation_is_registered_and_withdrawn(client: Client, pair: tuple[Tool, Tool]) -> None:
    note, said = compensate(client, pair)
    assert (note.compensated_by, note.compensation_arguments) == (pair[1], {"id": {"from": "key"}})
    assert "Calls of desk/note are undone by desk/strike" in said
    client.post(address(Tool), {"action": "withdraw_compensation", "_selected_action": [str(note.pk)]})
    assert Tool.objects.get(pk=note.pk).compensated_by is None


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("arguments", "{", "are no JSON"),
        ("arguments", "[1]", "write a JSON object"),
        ("arguments", '{"id": {"from": "elsewhere"}}', "is taken from none of"),
        ("by", "", "no tool is named"),
        ("seen", "0" * 64, "is defined otherwise now"),
    ],
)
def test_a_compensation_that_is_refused_keeps_what_was_typed(
    client: Client, pair: tuple[Tool, Tool], name: str, value: str, says: str
) -> None:
    changed = {f"seen-{pair[1].pk}" if name == "seen" else name: value}
    note, said = compensate(client, pair, **changed)
    assert note.compensated_by is None
    assert says in said
    assert escape(changed.get("arguments", '{"id": {"from": "key"}}')) in said


def test_a_compensation_is_for_one_tool_at_a_time(client: Client, pair: tuple[Tool, Tool]) -> None:
    word = {"action": "compensate", "_selected_action": [str(row.pk) for row in pair]}
    assert "Select one tool" in client.post(address(Tool), word, follow=True).content.decode()


def registered(who: Person) -> Webhook:
    return webhooks.register(url="https://8.8.8.8/hook", events=["run.failed"], actor=who.actor).webhook


def act(client: Client, row: Webhook, action: str) -> tuple[Webhook, str]:
    """Do an action of the list and return the row as it is then, and what the page says."""
    form = {"action": action, "_selected_action": [str(row.pk)]}
    said = client.post(address(Webhook), form, follow=True).content.decode()
    return Webhook.objects.get(pk=row.pk), said


def test_a_webhook_is_registered_and_its_secret_shown_once(client: Client) -> None:
    form = {"url": "https://8.8.8.8/hook", "events": ["run.failed", "run.completed"]}
    said = client.post(address(Webhook, "add/"), form, follow=True).content.decode()
    row = Webhook.objects.get()
    [secret] = webhooks.secrets_of(row)
    assert (secret in said, row.events) == (True, ["run.completed", "run.failed"])
    assert secret not in client.get(address(Webhook)).content.decode()


@pytest.mark.parametrize("url", ["http://8.8.8.8/", "https://10.0.0.1/", "https://8.8.8.8:0/"])
def test_a_receiver_that_cannot_be_is_told_beside_its_field(client: Client, url: str) -> None:
    answer = client.post(address(Webhook, "add/"), {"url": url, "events": ["run.failed"]})
    assert answer.context["adminform"].form.errors["url"]
    assert not Webhook.objects.exists()


def test_webhooks_are_switched_rotated_and_retired_by_actions(client: Client, ada: Person) -> None:
    row = registered(ada)
    states = [act(client, row, action)[0].enabled for action in ("disable", "enable")]
    rotated, said = act(client, row, "rotate")
    assert (states, webhooks.secrets_of(rotated)[0] in said) == ([False, True], True)
    assert act(client, row, "retire")[0].retired_at is not None
    assert "is retired, which is for good" in act(client, row, "enable")[1]


@pytest.mark.parametrize("action", ["disable", "rotate", "retire"])
def test_a_webhook_of_another_workspace_is_not_touched(client: Client, mallory: Person, action: str) -> None:
    row = registered(mallory)
    after, said = act(client, row, action)
    assert (after.enabled, after.retired_at, bytes(after.secret_sealed)) == (True, None, bytes(row.secret_sealed))
    assert "no webhook" in said
