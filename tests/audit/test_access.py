"""Who asks, what they may do, and the entry without which nothing is shown."""

import datetime as dt

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, connection
from django.utils.timezone import now

from audit import access, canonical, keys
from audit.actors import SYSTEM, Actor, ActorKind
from audit.errors import NotAllowed
from audit.ids import new_id
from audit.ledger import check_chains
from audit.models import ApiKey, Entry, Membership, Workspace
from audit.roles import SCOPES, Role, Scope, scopes_of
from orchestration import records, requests, runs
from orchestration.states import Kind
from tests.conftest import Person


def test_a_scope_that_is_there_lets_pass(grace: Person) -> None:
    access.require(grace.actor, Scope.RUNS_WRITE)


def test_a_scope_that_is_missing_is_named_with_those_there_are(grace: Person) -> None:
    with pytest.raises(NotAllowed, match=r"approvals:decide is needed; user:\d+ has appeals:decide, approvals:read"):
        access.require(grace.actor, Scope.APPROVALS_DECIDE)


def test_who_has_no_scope_is_told_so() -> None:
    with pytest.raises(NotAllowed, match="runs:read is needed; system:prometheus has no scope"):
        access.require(SYSTEM, Scope.RUNS_READ)


def test_an_operator_does_not_approve_and_an_approver_does_not_operate() -> None:
    assert Scope.APPROVALS_DECIDE not in SCOPES[Role.OPERATOR]
    assert Scope.DOCUMENTS_WRITE not in SCOPES[Role.APPROVER]


def test_roles_add_up_and_an_unknown_one_allows_nothing() -> None:
    assert scopes_of(["viewer", "nobody"]) == SCOPES[Role.VIEWER]
    assert scopes_of(["approver", "operator"]) == SCOPES[Role.APPROVER] | SCOPES[Role.OPERATOR]
    assert scopes_of(["nobody"]) == frozenset()


def test_a_user_acts_in_the_first_of_several_workspaces_unless_one_is_named(grace: Person) -> None:
    other = Workspace.objects.create(slug="zebra", name="Zebra")
    Membership.objects.create(user=grace.user, workspace=other, role=Role.VIEWER)
    first, named = access.actor_of_user(grace.user), access.actor_of_user(grace.user, workspace="zebra")
    assert first == grace.actor
    assert named is not None
    assert (named.workspace, named.scopes) == (other.pk, SCOPES[Role.VIEWER])


def test_nobody_acts_in_a_workspace_they_do_not_belong_to(grace: Person, mallory: Person) -> None:
    assert access.actor_of_user(mallory.user, workspace="northgate") is None
    assert access.actor_of_user(AnonymousUser()) is None


def test_an_actor_is_named_by_an_opaque_id(grace: Person) -> None:
    assert str(grace.actor) == f"user:{grace.user.pk}"
    assert "grace" not in str(grace.actor)


def test_a_key_acts_with_its_own_scopes_in_its_own_workspace(workspace: Workspace) -> None:
    key = ApiKey(workspace=workspace, prefix="abc", scopes=["runs:read"])
    assert access.actor_of_key(key) == Actor(ActorKind.KEY, "abc", workspace.pk, frozenset({"runs:read"}))


def test_a_key_is_usable_until_it_is_revoked_or_expires() -> None:
    hour = dt.timedelta(hours=1)
    assert access.usable(ApiKey())
    assert access.usable(ApiKey(expires_at=now() + hour))
    assert not access.usable(ApiKey(expires_at=now() - hour))
    assert not access.usable(ApiKey(revoked_at=now()))


def test_a_read_leaves_an_entry_with_what_was_read_and_how(grace: Person) -> None:
    run = new_id()
    access.record_read(grace.actor, run=run, fields=["request", "answer"], via="api")
    entry = Entry.objects.get(type="text.read")
    assert (entry.run, entry.workspace, entry.actor) == (run, grace.actor.workspace, str(grace.actor))
    assert entry.chain == f"access:{grace.actor}:{entry.at:%Y-%m-%d}"
    assert canonical.parse(bytes(entry.body))["data"] == {"fields": ["answer", "request"], "via": "api"}
    assert not list(check_chains())


def no_more_entries() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry ADD CONSTRAINT no_more CHECK (false) NOT VALID")


def test_no_access_entry_no_data(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    request = requests.parse({"question": "What is the dose?", "stakes": "LOW"}, kind=Kind.QUESTION)
    run = runs.submit(request, actor=grace.actor).run
    opened: list[object] = []
    monkeypatch.setattr(keys, "load", opened.append)
    no_more_entries()
    with pytest.raises(IntegrityError, match="no_more"):
        records.read_run(run.pk, actor=grace.actor, via="api")
    assert not opened
