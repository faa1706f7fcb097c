"""The admin of runs and tools: facts are only read, tools are approved by verbs."""

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client

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


def approve(client: Client, row: Tool, action: str) -> Tool:
    client.post(address(Tool), {"action": action, "_selected_action": [str(row.pk)]})
    return Tool.objects.get(pk=row.pk)


@pytest.mark.parametrize(
    ("action", "tier"), [("approve_read_only", 0), ("approve_limited_writes", 1), ("approve_changes", 2)]
)
def test_a_tool_is_approved_at_a_tier(client: Client, ada: Person, action: str, tier: int) -> None:
    approved = approve(client, tool(ada.user.memberships.get().workspace), action)
    assert (approved.state, approved.registered_tier) == (ToolState.ACTIVE, tier)


def test_a_tool_of_another_workspace_is_not_approved(client: Client, mallory: Person) -> None:
    theirs = tool(mallory.user.memberships.all()[0].workspace)
    assert approve(client, theirs, "approve_read_only").state == ToolState.QUARANTINED


def test_a_tool_that_is_gone_is_not_approved(client: Client, ada: Person) -> None:
    gone = tool(ada.user.memberships.get().workspace, state=ToolState.RETIRED)
    assert approve(client, gone, "approve_read_only").state == ToolState.RETIRED
