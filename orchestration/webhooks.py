"""The receivers that a workspace's operator has registered: made, shown their secret once, switched on and off."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.timezone import now

from audit import keys, ledger
from audit.access import require, workspace_of
from audit.actors import Actor
from audit.canonical import JSON
from audit.errors import Conflict, NotFound
from audit.events import EventType
from audit.fields import seal_text
from audit.ids import new_id
from audit.models import Workspace
from audit.roles import Scope
from orchestration import receivers
from orchestration.models import Delivery, Webhook
from orchestration.notices import DeliveryState, Fault, NoticeType
from orchestration.requests import RequestError, clean

WEBHOOKS_LIMIT = 20


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
    known = workspace.webhooks.count()
    if known >= WEBHOOKS_LIMIT:
        raise Conflict(f"this workspace has {known} webhooks; at most {WEBHOOKS_LIMIT} are kept")
    key, secret = keys.create(workspace), f"whsec_{secrets.token_urlsafe(32)}"
    webhook = Webhook(id=new_id(), workspace=workspace, url=url, events=list(events), registered_by=str(actor))
    webhook.key_id = key.id
    seal_text(key, webhook, "secret_sealed", secret)
    webhook.save(force_insert=True)
    data: dict[str, JSON] = {"webhook": str(webhook.pk), "url": keys.reference(url), "events": list(events)}
    ledger.append(ledger.Event(EventType.WEBHOOK_REGISTERED, actor, data), chain=chain_of(workspace.pk))
    return Registered(webhook, secret)


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
    """Tell the receiver of what happens from now on; a second call changes nothing. Raises as found does.

    What a run wrote for it while it was being disabled is given up here.
    """
    return switch(webhook_id, actor=actor, on=True, then=lambda webhook: {"given_up": give_up_all(webhook)})


@transaction.atomic
def disable(webhook_id: UUID, *, actor: Actor) -> Webhook:
    """Tell the receiver nothing any more, and give up what waits for it. Raises as found does."""
    return switch(webhook_id, actor=actor, on=False, then=lambda webhook: {"given_up": give_up_all(webhook)})


def switch(webhook_id: UUID, *, actor: Actor, on: bool, then: Callable[[Webhook], dict[str, JSON]]) -> Webhook:
    webhook = found(webhook_id, actor=actor, lock=True)
    if webhook.enabled != on:
        webhook.enabled = on
        webhook.save(update_fields=["enabled"])
        type_ = EventType.WEBHOOK_ENABLED if on else EventType.WEBHOOK_DISABLED
        event = ledger.Event(type_, actor, {"webhook": str(webhook.pk), **then(webhook)})
        ledger.append(event, chain=chain_of(webhook.workspace_id))
    return webhook


def give_up_all(webhook: Webhook) -> int:
    waiting = Delivery.objects.filter(webhook=webhook, status=DeliveryState.PENDING.value)
    return waiting.update(status=DeliveryState.GIVEN_UP.value, fault=Fault.DISABLED.value, ended_at=now())
