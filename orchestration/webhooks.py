"""The receivers that a workspace's operator has registered: their secrets shown once, switched, rotated, retired."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from audit import keys, ledger
from audit.access import require, workspace_of
from audit.actors import Actor
from audit.canonical import JSON
from audit.errors import Conflict, NotFound
from audit.events import EventType
from audit.fields import open_text, seal_text
from audit.ids import new_id
from audit.models import Workspace
from audit.roles import Scope
from audit.vault import SealError
from orchestration import receivers
from orchestration.models import Delivery, Webhook
from orchestration.notices import DeliveryState, Fault, NoticeType
from orchestration.requests import RequestError, clean

WEBHOOKS_LIMIT = 20
# How long notices carry a signature with the former secret too: time for a receiver to take over the new one.
ROTATION_HOURS = 24


class SecretUnavailable(Exception):
    """The secret does not open: its key was destroyed, or the row is not what was written."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A webhook and the secret that signs its notices; the secret cannot be shown again."""

    webhook: Webhook
    secret: str


def chain_of(workspace: UUID) -> str:
    return f"webhooks:{workspace}"


def rules() -> receivers.Rules:
    """Return what the settings allow."""
    names = frozenset(name.lower() for name in settings.PROMETHEUS_WEBHOOK_LOOPBACK)
    return receivers.Rules(http=settings.PROMETHEUS_WEBHOOK_HTTP, loopback=names)


def events_of(value: object) -> list[str]:
    """Return the event types of a list, each once; an empty list is none and is refused.

    Raises:
        RequestError: one is not known.
    """
    known = [notice.value for notice in NoticeType]
    if not isinstance(value, list) or not value:
        raise RequestError("events", f"events must be a list of at least one of {', '.join(known)}")
    for name in value:
        if name not in known:
            raise RequestError("events", f"{str(name)[:40]!r} is not an event; known are {', '.join(known)}")
    return [name for name in known if name in value]


def register(*, url: object, events: object, actor: Actor, resolve: receivers.Lookup = receivers.lookup) -> Registered:
    """Register a receiver in the actor's workspace.

    Args:
        events: a list of NoticeType's values.
        resolve: how a name's addresses are found. They are looked up again at each delivery.

    Raises:
        ReceiverRefused, ReceiverUnknown, RequestError: it is none that a webhook may have.
        Conflict: the workspace has as many as it may.
        NotAllowed: the actor lacks webhooks:write.
    """
    require(actor, Scope.WEBHOOKS_WRITE)
    wanted = events_of(events)
    address = clean(url, "url", limit=receivers.URL_LIMIT)
    # Looked up before the transaction begins: a slow name server must not keep one open.
    receivers.addresses_of(receivers.parse(address, rules=rules()), rules=rules(), resolve=resolve)
    return keep(address, wanted, actor=actor)


@transaction.atomic
def keep(url: str, events: Sequence[str], *, actor: Actor) -> Registered:
    workspace = Workspace.objects.select_for_update().get(pk=workspace_of(actor))
    known = workspace.webhooks.filter(retired_at=None).count()
    if known >= WEBHOOKS_LIMIT:
        raise Conflict(f"this workspace has {known} webhooks; at most {WEBHOOKS_LIMIT} are kept: retire one")
    key, secret = keys.create(workspace), new_secret()
    webhook = Webhook(id=new_id(), workspace=workspace, url=url, events=list(events), registered_by=str(actor))
    webhook.key_id = key.id
    seal_text(key, webhook, "secret_sealed", secret)
    webhook.save(force_insert=True)
    data: dict[str, JSON] = {"webhook": str(webhook.pk), "url": keys.reference(url), "events": list(events)}
    ledger.append(ledger.Event(EventType.WEBHOOK_REGISTERED, actor, data), chain=chain_of(workspace.pk))
    return Registered(webhook, secret)


def new_secret() -> str:
    return f"whsec_{secrets.token_urlsafe(32)}"


def secrets_of(webhook: Webhook) -> list[str]:
    """Return what notices are signed with now: the secret, and after a rotation for a while the former one.

    Raises:
        SecretUnavailable: one of them does not open.
    """
    former = webhook.former_until is not None and webhook.former_until > now()
    return [opened(webhook, name) for name in ("secret_sealed", *(["former_sealed"] if former else []))]


def opened(webhook: Webhook, column: str) -> str:
    try:
        return open_text(keys.load(webhook.key_id), webhook, column)
    except (keys.KeyUnavailable, SealError) as error:
        raise SecretUnavailable(str(error)) from error


def found(webhook_id: UUID, *, actor: Actor, lock: bool = False) -> Webhook:
    """Return the webhook if it is in the actor's workspace.

    Raises:
        NotFound: it is not there, or in another workspace.
        NotAllowed: the actor lacks webhooks:write.
    """
    require(actor, Scope.WEBHOOKS_WRITE)
    rows = Webhook.objects.select_for_update() if lock else Webhook.objects
    webhook = rows.filter(pk=webhook_id, workspace_id=workspace_of(actor)).first()
    if webhook is None:
        raise NotFound(f"no webhook {webhook_id} in this workspace")
    return webhook


@transaction.atomic
def enable(webhook_id: UUID, *, actor: Actor) -> Webhook:
    """Tell the receiver of what happens from now on; a second call changes nothing. Raises as usable does.

    What a run wrote for it while it was being disabled is given up here.
    """
    return switch(webhook_id, actor=actor, on=True, then=lambda webhook: {"given_up": give_up_all(webhook)})


@transaction.atomic
def disable(webhook_id: UUID, *, actor: Actor) -> Webhook:
    """Tell the receiver nothing any more, and give up what waits for it. Raises as usable does."""
    return switch(webhook_id, actor=actor, on=False, then=lambda webhook: {"given_up": give_up_all(webhook)})


def switch(webhook_id: UUID, *, actor: Actor, on: bool, then: Callable[[Webhook], dict[str, JSON]]) -> Webhook:
    webhook = usable(webhook_id, actor=actor)
    if webhook.enabled != on:
        webhook.enabled = on
        webhook.save(update_fields=["enabled"])
        type_ = EventType.WEBHOOK_ENABLED if on else EventType.WEBHOOK_DISABLED
        event = ledger.Event(type_, actor, {"webhook": str(webhook.pk), **then(webhook)})
        ledger.append(event, chain=chain_of(webhook.workspace_id))
    return webhook


@transaction.atomic
def rotate(webhook_id: UUID, *, actor: Actor) -> Registered:
    """Give the webhook a new secret, under a new key. For ROTATION_HOURS notices are signed with the former one too.

    The former key is destroyed: a copy of the row from before the rotation opens no more. A secret that does not
    open any more is not carried along; rotating is how a webhook gets out of that.

    Raises:
        Conflict: it is retired. Otherwise as found does.
    """
    webhook = usable(webhook_id, actor=actor)
    former, former_key = kept_secret(webhook), webhook.key_id
    key, secret = keys.create(webhook.workspace), new_secret()
    webhook.key_id = key.id
    seal_text(key, webhook, "secret_sealed", secret)
    webhook.former_sealed, webhook.former_until = None, None
    if former is not None:
        seal_text(key, webhook, "former_sealed", former)
        webhook.former_until = now() + timedelta(hours=ROTATION_HOURS)
    webhook.save(update_fields=["key", "secret_sealed", "former_sealed", "former_until"])
    keys.destroy(former_key)
    hours = ROTATION_HOURS if former else 0
    data: dict[str, JSON] = {"webhook": str(webhook.pk), "hours": hours, "destroyed": str(former_key or "")}
    ledger.append(ledger.Event(EventType.WEBHOOK_ROTATED, actor, data), chain=chain_of(webhook.workspace_id))
    return Registered(webhook, secret)


def kept_secret(webhook: Webhook) -> str | None:
    try:
        return opened(webhook, "secret_sealed")
    except SecretUnavailable:
        return None


def usable(webhook_id: UUID, *, actor: Actor) -> Webhook:
    """Return the webhook, locked; raises Conflict for a retired one, and as found does."""
    webhook = found(webhook_id, actor=actor, lock=True)
    if webhook.retired_at is not None:
        raise Conflict(f"webhook {webhook.pk} is retired, which is for good; register another one")
    return webhook


@transaction.atomic
def retire(webhook_id: UUID, *, actor: Actor) -> Webhook:
    """End the webhook for good: nothing is told any more, its secrets and key go, its deliveries stay to be read.

    It counts no longer towards the limit. A second call changes nothing. Raises as found does.
    """
    webhook = found(webhook_id, actor=actor, lock=True)
    if webhook.retired_at is None:
        webhook.enabled, webhook.retired_at = False, now()
        webhook.secret_sealed, webhook.former_sealed, webhook.former_until = b"", None, None
        webhook.save(update_fields=["enabled", "retired_at", "secret_sealed", "former_sealed", "former_until"])
        keys.destroy(webhook.key_id)
        given_up, destroyed = give_up_all(webhook), str(webhook.key_id or "")
        data: dict[str, JSON] = {"webhook": str(webhook.pk), "given_up": given_up, "destroyed": destroyed}
        ledger.append(ledger.Event(EventType.WEBHOOK_RETIRED, actor, data), chain=chain_of(webhook.workspace_id))
    return webhook


def give_up_all(webhook: Webhook) -> int:
    return give_up(Delivery.objects.filter(webhook=webhook))


def give_up_left() -> int:
    """Give up what runs wrote for webhooks while they were being retired: no sender ever comes for it."""
    return give_up(Delivery.objects.filter(webhook__retired_at__isnull=False))


def give_up(deliveries: QuerySet[Delivery]) -> int:
    waiting = deliveries.filter(status=DeliveryState.PENDING.value)
    return waiting.update(status=DeliveryState.GIVEN_UP.value, fault=Fault.DISABLED.value, ended_at=now())
