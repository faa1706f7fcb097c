"""Keys of clients: shown once, no stronger than who made them, revoked at once."""

import hashlib

import pytest

from audit import apikeys, canonical
from audit.actors import SYSTEM, Actor, ActorKind
from audit.errors import Invalid, NotAllowed, NotFound
from audit.models import ApiKey, Entry
from tests.conftest import Person


def test_only_a_digest_of_the_key_is_kept(grace: Person) -> None:
    made = apikeys.create_key(name="ward system", scopes=["runs:write", "runs:read", "runs:read"], actor=grace.actor)
    prefix, secret = made.text.split(".")
    kept = ApiKey.objects.get()
    assert (kept.prefix, kept.workspace_id) == (prefix, grace.actor.workspace)
    assert bytes(kept.digest) == hashlib.sha256(secret.encode()).digest()
    assert kept.scopes == ["runs:read", "runs:write"]
    assert str(kept) == f"ward system ({prefix}…)"


def test_its_making_is_recorded_without_the_secret(grace: Person) -> None:
    made = apikeys.create_key(name="ward system", scopes=["runs:read"], actor=grace.actor)
    entry = Entry.objects.get(type="key.created")
    assert canonical.parse(bytes(entry.body))["data"] == {"key": made.key.prefix, "scopes": ["runs:read"]}
    assert made.text.split(".")[1] not in bytes(entry.body).decode()


def test_a_scope_that_does_not_exist_is_refused(grace: Person) -> None:
    with pytest.raises(Invalid, match="'runs:delete' is not a scope; known are appeals:decide, approvals:decide,"):
        apikeys.create_key(name="x", scopes=["runs:delete"], actor=grace.actor)
    assert not ApiKey.objects.exists()


def test_nobody_makes_a_key_that_can_do_more_than_they(ada: Person) -> None:
    with pytest.raises(NotAllowed, match="approvals:decide is needed"):
        apikeys.create_key(name="x", scopes=["runs:read", "approvals:decide"], actor=ada.actor)
    assert not ApiKey.objects.exists()


def test_the_command_line_may_make_any_key(ada: Person) -> None:
    system = Actor(ActorKind.SYSTEM, "command", ada.actor.workspace)
    assert apikeys.create_key(name="x", scopes=["approvals:decide"], actor=system).key.scopes == ["approvals:decide"]


@pytest.mark.django_db
def test_a_key_belongs_to_a_workspace() -> None:
    with pytest.raises(Invalid, match="system:prometheus acts in none"):
        apikeys.create_key(name="x", scopes=["runs:read"], actor=SYSTEM)


def test_a_key_is_revoked_once(grace: Person, ada: Person) -> None:
    key = apikeys.create_key(name="x", scopes=["runs:read"], actor=grace.actor).key
    apikeys.revoke_key(key, actor=ada.actor)
    when = ApiKey.objects.get().revoked_at
    apikeys.revoke_key(ApiKey.objects.get(), actor=ada.actor)
    assert when is not None
    assert ApiKey.objects.get().revoked_at == when
    assert Entry.objects.filter(type="key.revoked", actor=str(ada.actor)).count() == 1


def test_mallory_cannot_revoke_a_key_of_another_workspace(grace: Person, mallory: Person) -> None:
    key = apikeys.create_key(name="x", scopes=["runs:read"], actor=grace.actor).key
    with pytest.raises(NotFound, match=f"there is no key {key.prefix} in this workspace"):
        apikeys.revoke_key(key, actor=mallory.actor)
    assert ApiKey.objects.get().revoked_at is None
