"""What operators edit appears in the ledger: which row and which fields, never the values."""

from typing import Any

from auditlog.context import set_actor
from auditlog.models import LogEntry

from audit import canonical, mirror
from audit.actors import SYSTEM, Actor, ActorKind
from audit.apikeys import create_key
from audit.ledger import check_chains
from audit.models import ApiKey, Entry, Membership, Workspace
from audit.roles import Role
from tests.conftest import Person


def last() -> tuple[str, dict[str, Any]]:
    entry = Entry.objects.filter(chain="fields").latest("id")
    return entry.actor, canonical.parse(bytes(entry.body))["data"]


def test_an_edit_is_entered_with_its_fields_and_without_values(workspace: Workspace, ada: Person) -> None:
    workspace.name = "Northgate and Southgate"
    with set_actor(ada.user):
        workspace.save()
    actor, data = last()
    assert actor == str(ada.actor)
    assert data == {"model": "audit.Workspace", "row": str(workspace.pk), "action": "update", "fields": ["name"]}
    assert not [entry for entry in Entry.objects.all() if b"Southgate" in bytes(entry.body)]


def test_what_is_made_is_entered_by_the_system_when_nobody_is_logged_in(workspace: Workspace) -> None:
    actor, data = last()
    assert (actor, data["action"]) == (str(SYSTEM), "create")
    assert {"slug", "name"} <= set(data["fields"])


def test_a_role_that_is_taken_away_is_entered(workspace: Workspace, grace: Person) -> None:
    Membership.objects.get(user=grace.user, role=Role.REVIEWER).delete()
    assert last()[1]["model"] == "audit.Membership"
    assert last()[1]["action"] == "delete"


def test_a_keys_digest_is_in_no_history(grace: Person) -> None:
    create_key(name="ward system", scopes=["runs:read"], actor=grace.actor)
    key = ApiKey.objects.get()
    written = LogEntry.objects.get_for_object(key).get().changes
    assert written is not None
    assert not {"digest", "last_used_at"} & set(written)
    assert last()[1]["model"] == "audit.ApiKey"


def test_saving_without_a_change_enters_nothing(workspace: Workspace) -> None:
    before = Entry.objects.count()
    workspace.save()
    assert Entry.objects.count() == before


def test_an_edit_whose_history_failed_is_not_entered(workspace: Workspace) -> None:
    before = Entry.objects.count()
    mirror.mirror(Workspace, workspace, 1, {"name": ["a", "b"]}, None)
    assert Entry.objects.count() == before


def test_the_mirrored_chain_verifies(workspace: Workspace, ada: Person) -> None:
    assert Entry.objects.filter(chain="fields").count() > 1
    assert not list(check_chains())
    assert Actor(ActorKind.USER, "1", None).workspace is None
