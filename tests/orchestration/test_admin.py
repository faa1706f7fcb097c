"""The admin of runs and tools: facts are only read, tools are approved by verbs."""

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client

from guardians.toolrisk import Tier
from orchestration.models import Run, Tool
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
