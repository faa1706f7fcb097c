"""Keys of clients: made, shown once, revoked."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.timezone import now

from audit import ledger
from audit.access import require
from audit.actors import Actor, ActorKind
from audit.errors import Invalid, NotFound
from audit.events import EventType
from audit.models import ApiKey
from audit.roles import Scope


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and the text that the client sends; the text cannot be shown again."""

    key: ApiKey
    text: str


@transaction.atomic
def create_key(*, name: str, scopes: Iterable[str], actor: Actor, expires_at: dt.datetime | None = None) -> NewKey:
    """Make a key for the actor's workspace. It can do no more than who makes it; the system itself may make any.

    Raises:
        Invalid: a scope does not exist, or the actor acts in no workspace.
        NotAllowed: the actor lacks a scope.
    """
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in set(Scope)]
    if unknown:
        raise Invalid(f"{unknown[0]!r} is not a scope; known are {', '.join(sorted(Scope))}")
    for scope in wanted if actor.kind is not ActorKind.SYSTEM else ():
        require(actor, scope)
    if actor.workspace is None:
        raise Invalid(f"a key belongs to a workspace; {actor} acts in none")
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        workspace_id=actor.workspace,
        name=name,
        prefix=prefix,
        digest=hashlib.sha256(secret.encode()).digest(),
        scopes=wanted,
        owner=str(actor),
        expires_at=expires_at,
    )
    event = ledger.Event(EventType.KEY_CREATED, actor, {"key": prefix, "scopes": list(wanted)})
    ledger.append(event, chain=f"keys:{actor.workspace}")
    return NewKey(key, f"{prefix}.{secret}")


@transaction.atomic
def revoke_key(key: ApiKey, *, actor: Actor) -> None:
    """End a key at once; a second call changes nothing.

    Raises:
        NotFound: the key is of another workspace.
    """
    if key.workspace_id != actor.workspace:
        raise NotFound(f"there is no key {key.prefix} in this workspace")
    if key.revoked_at is None:
        key.revoked_at = now()
        key.save(update_fields=["revoked_at"])
        ledger.append(ledger.Event(EventType.KEY_REVOKED, actor, {"key": key.prefix}), chain=f"keys:{actor.workspace}")
