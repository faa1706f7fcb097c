"""How a workspace's runs are driven is its operator's to say, and is on record."""

import json

import pytest
from django.test import Client

from audit import workspaces
from audit.errors import Invalid, NotAllowed, NotFound
from audit.models import Entry, Workspace
from tests.conftest import Person

pytestmark = pytest.mark.django_db


def configure(who: Person, workspace: Workspace, *, policy: str = "STRICT", runs: int = 4) -> Workspace:
    return workspaces.configure(workspace.pk, flush_policy=policy, max_active_runs=runs, actor=who.actor)


def test_the_operator_sets_it_and_the_ledger_says_who_and_what(ada: Person, workspace: Workspace) -> None:
    configure(ada, workspace)
    workspace.refresh_from_db()
    entry = Entry.objects.get(type="workspace.configured")
    assert (workspace.flush_policy, workspace.max_active_runs) == ("STRICT", 4)
    assert entry.actor == str(ada.actor)
    assert json.loads(bytes(entry.body))["data"] == {"flush_policy": "STRICT", "max_active_runs": 4}


def test_a_reviewer_does_not(grace: Person, workspace: Workspace) -> None:
    with pytest.raises(NotAllowed, match="workspace:write"):
        configure(grace, workspace)


def test_the_operator_of_another_workspace_does_not(mallory: Person, workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        configure(mallory, workspace)


@pytest.mark.parametrize(("policy", "runs"), [("LAZY", 0), ("", 0), ("STRICT", -1), ("STRICT", 10_001)])
def test_what_cannot_be_is_refused(ada: Person, workspace: Workspace, policy: str, runs: int) -> None:
    with pytest.raises(Invalid):
        configure(ada, workspace, policy=policy, runs=runs)


def form(workspace: Workspace) -> dict[str, str]:
    return {"name": workspace.name, "slug": workspace.slug, "flush_policy": "STRICT", "max_active_runs": "3"}


def test_the_admin_changes_it_through_the_verb(client: Client, ada: Person, workspace: Workspace) -> None:
    client.force_login(ada.user)
    client.post(f"/admin/audit/workspace/{workspace.pk}/change/", form(workspace))
    workspace.refresh_from_db()
    assert (workspace.flush_policy, workspace.max_active_runs) == ("STRICT", 3)
    assert Entry.objects.filter(type="workspace.configured").count() == 1


def test_in_the_admin_only_the_own_operator_may(client: Client, mallory: Person, workspace: Workspace) -> None:
    client.force_login(mallory.user)
    client.post(f"/admin/audit/workspace/{workspace.pk}/change/", form(workspace))
    workspace.refresh_from_db()
    assert (workspace.flush_policy, workspace.max_active_runs) == ("STANDARD", 0)
