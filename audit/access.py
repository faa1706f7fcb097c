"""Who asks, what they may do, and the record that a text was read: no access entry, no data."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils.timezone import now

from audit import ledger
from audit.actors import Actor, ActorKind
from audit.errors import NotAllowed
from audit.events import EventType
from audit.models import ApiKey, Membership
from audit.roles import scopes_of


def require(actor: Actor, scope: str) -> None:
    """Raise NotAllowed unless the actor has the scope."""
    if not actor.may(scope):
        raise NotAllowed(f"{scope} is needed; {actor} has {', '.join(sorted(actor.scopes)) or 'no scope'}")


def workspace_of(actor: Actor) -> UUID:
    """Return the workspace the actor acts in; raises NotAllowed for one that acts in none, as the system does."""
    if actor.workspace is None:
        raise NotAllowed(f"{actor} acts in no workspace; use an actor of one")
    return actor.workspace


def actor_of_user(user: AbstractBaseUser | AnonymousUser, *, workspace: str = "") -> Actor | None:
    """Return the user as an actor in the workspace named (or its first one); None when it belongs to none."""
    if user.pk is None:
        return None
    memberships = Membership.objects.filter(user_id=user.pk).select_related("workspace").order_by("workspace__slug")
    if workspace:
        memberships = memberships.filter(workspace__slug=workspace)
    rows = list(memberships)
    if not rows:
        return None
    chosen = rows[0].workspace_id
    roles = [row.role for row in rows if row.workspace_id == chosen]
    return Actor(ActorKind.USER, str(user.pk), chosen, scopes_of(roles))


def actor_of_key(key: ApiKey) -> Actor:
    return Actor(ActorKind.KEY, key.prefix, key.workspace_id, frozenset(key.scopes))


def person_behind(actor: str) -> str:
    """Return who stands behind an actor's name: whoever made the key, or the actor. One person is one voice."""
    kind, _, prefix = actor.partition(":")
    if kind != ActorKind.KEY:
        return actor
    return ApiKey.objects.filter(prefix=prefix).values_list("owner", flat=True).first() or actor


def usable(key: ApiKey) -> bool:
    """Tell whether a key is neither revoked nor expired."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now())


def record_read(actor: Actor, *, run: UUID | None, fields: Sequence[str], via: str) -> None:
    """Write the access entry for texts about to be shown. Call it before the first of them is opened."""
    event = ledger.Event(EventType.TEXT_READ, actor, {"fields": sorted(fields), "via": via}, run=run)
    ledger.append(event, chain=f"access:{actor}:{datetime.now(UTC):%Y-%m-%d}")
