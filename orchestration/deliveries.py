"""Notices on their way: who serves a receiver, what an attempt came to, and when it is given up.

Rows are the truth here too. A sender has a receiver to itself for a while, so one that is slow keeps one sender busy
and no other receiver waiting; and it works on a thread of its own, so the worker goes on driving runs meanwhile.
"""

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction
from django.utils.timezone import now

from audit import ledger
from audit.actors import Actor, ActorKind
from audit.canonical import JSON
from audit.events import EventType
from orchestration import metrics, posting, receivers, webhooks
from orchestration.models import Delivery, Webhook
from orchestration.notices import SIGNATURE, DeliveryState, Fault, Notice, delay, sign
from orchestration.posting import PostFailed

logger = logging.getLogger(__name__)

SENDERS = 4
POST_SECONDS = 10.0
TURN_SECONDS = 10.0
# Longer than a turn with its last attempt and a slow name server. A second sender would only tell something twice.
SERVED_SECONDS = 60

CLAIM = """
UPDATE orchestration_webhook SET served_until = now() + make_interval(secs => %s)
WHERE id = (
    SELECT w.id FROM orchestration_webhook w
    WHERE w.enabled AND (w.served_until IS NULL OR w.served_until <= now()) AND EXISTS (
        SELECT 1 FROM orchestration_delivery d
        WHERE d.webhook_id = w.id AND d.status = 'PENDING' AND d.next_at <= now()
    )
    ORDER BY w.served_until NULLS FIRST LIMIT 1 FOR UPDATE OF w SKIP LOCKED
) RETURNING id
"""

_free = threading.BoundedSemaphore(SENDERS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to: no fault is a delivery. ``status`` is the receiver's, if it gave one."""

    fault: Fault | None
    status: int | None = None


def claim() -> UUID | None:
    """Take the receiver that has waited longest for its notices; None when nothing is due."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [SERVED_SECONDS])
        row = cursor.fetchone()
    return row[0] if row else None


@transaction.atomic
def take(webhook: Webhook) -> Delivery | None:
    """Return the receiver's next due delivery. The attempt counts from now on, even if this process dies."""
    rows = Delivery.objects.select_for_update(skip_locked=True).filter(webhook=webhook, next_at__lte=now())
    delivery = rows.filter(status=DeliveryState.PENDING.value).order_by("next_at").first()
    if delivery is None:
        return None
    delivery.attempts += 1
    wait = delay(delivery.attempts, chance=secrets.randbelow(1001) / 1000)
    delivery.next_at = now() + timedelta(seconds=wait)
    delivery.save(update_fields=["attempts", "next_at"])
    return delivery


@transaction.atomic
def record(delivery: Delivery, outcome: Outcome, *, webhook: Webhook) -> None:
    """Write what an attempt came to, unless somebody else has tried or ended the delivery meanwhile."""
    rows = Delivery.objects.select_for_update().filter(pk=delivery.pk, attempts=delivery.attempts)
    stored = rows.filter(status=DeliveryState.PENDING.value).first()
    if stored is None:
        return
    stored.fault = outcome.fault.value if outcome.fault else ""
    stored.answered = outcome.status
    if outcome.fault is None:
        end(stored, DeliveryState.DELIVERED)
    elif stored.attempts >= settings.PROMETHEUS_WEBHOOK_ATTEMPTS:
        end(stored, DeliveryState.GIVEN_UP)
        enter_given_up(stored, webhook)
    stored.save(update_fields=["fault", "answered", "status", "ended_at"])
    metrics.DELIVERIES.labels(stored.status if outcome.fault is None else outcome.fault.value).inc()


def end(delivery: Delivery, state: DeliveryState) -> None:
    delivery.status = state.value
    delivery.ended_at = now()


def enter_given_up(delivery: Delivery, webhook: Webhook) -> None:
    actor = Actor(ActorKind.WORKER, "sender", webhook.workspace_id)
    data: dict[str, JSON] = {
        "delivery": str(delivery.pk),
        "webhook": str(webhook.pk),
        "event": delivery.event,
        "attempts": delivery.attempts,
        "fault": delivery.fault,
    }
    event = ledger.Event(EventType.DELIVERY_GIVEN_UP, actor, data, run=delivery.run_id)
    ledger.append(event, chain=webhooks.chain_of(webhook.workspace_id))


def notice_of(delivery: Delivery) -> Notice:
    return Notice(
        id=str(delivery.pk),
        type=delivery.event,
        run=str(delivery.run_id),
        state=delivery.state,
        decision=delivery.decision,
        at=delivery.created_at,
    )


def attempt(delivery: Delivery, *, webhook: Webhook, resolve: receivers.Lookup) -> Outcome:
    """Tell the receiver once. Its name is looked up and its address judged anew each time."""
    allowed = webhooks.rules()
    try:
        known = webhooks.secrets_of(webhook)
        receiver = receivers.parse(webhook.url, rules=allowed)
        addresses = receivers.addresses_of(receiver, rules=allowed, resolve=resolve)
        body = notice_of(delivery).body()
        headers = {SIGNATURE: sign(known, body, at=int(time.time()))}
        return Outcome(None, posting.post(receiver, addresses, headers=headers, body=body, seconds=POST_SECONDS))
    except PostFailed as failure:
        return Outcome(failure.fault, failure.status)
    except receivers.ReceiverUnknown:
        return Outcome(Fault.UNRESOLVED)
    except receivers.ReceiverRefused:
        return Outcome(Fault.REFUSED)
    except webhooks.SecretUnavailable:
        return Outcome(Fault.SECRET)


def turn(webhook_id: UUID, *, resolve: receivers.Lookup = receivers.lookup) -> int:
    """Serve a claimed receiver until nothing is due, its time is over, or it keeps us waiting. Return the attempts."""
    webhook = Webhook.objects.get(pk=webhook_id)
    ends, tried = time.monotonic() + TURN_SECONDS, 0
    while time.monotonic() < ends:
        delivery = take(webhook)
        if delivery is None:
            break
        outcome = attempt(delivery, webhook=webhook, resolve=resolve)
        if outcome.fault is Fault.SECRET:  # it may have been rotated since this turn began
            webhook.refresh_from_db()
            outcome = attempt(delivery, webhook=webhook, resolve=resolve)
        record(delivery, outcome, webhook=webhook)
        tried += 1
        if outcome.fault in {Fault.TIMEOUT, Fault.UNRESOLVED}:
            break
    Webhook.objects.filter(pk=webhook_id).update(served_until=now())
    return tried


@contextmanager
def own_connection() -> Iterator[None]:
    """Give this thread a connection that nobody else closes.

    Celery closes Django's pool after each task of the process, and with it what a sender is in the middle of.
    """
    shared = connections[DEFAULT_DB_ALIAS]
    own = shared.copy()  # with settings of its own (BaseDatabaseWrapper.copy)
    own.settings_dict["OPTIONS"].pop("pool", None)
    connections[DEFAULT_DB_ALIAS] = own
    try:
        yield
    finally:
        own.close()
        connections[DEFAULT_DB_ALIAS] = shared


def send(webhook_id: UUID) -> None:
    """Be a sender: what its thread does."""
    with own_connection():
        serve(webhook_id)


def serve(webhook_id: UUID | None) -> None:
    """Serve one receiver after the other while any has something due. The border of a sender's work."""
    try:
        while webhook_id is not None:
            turn(webhook_id)
            webhook_id = claim()
    except DatabaseError as error:
        # The claim runs out and the next sweep finds the rows.
        logger.warning("deliveries broken off", extra={"error": type(error).__name__})
    except Exception as error:
        logger.exception("sending raised", extra={"error": type(error).__name__})
    finally:
        _free.release()


def sweep() -> int:
    """Start a sender for each receiver with something due, as far as senders are free, and return how many."""
    webhooks.give_up_left()
    started = 0
    while _free.acquire(blocking=False):
        webhook_id = claim_or_release()
        if webhook_id is None:
            break
        try:
            threading.Thread(target=send, args=(webhook_id,), name=f"sender-{webhook_id}", daemon=True).start()
        except RuntimeError:  # the machine has no thread to give; the claim runs out by itself
            _free.release()
            raise
        started += 1
    return started


def claim_or_release() -> UUID | None:
    """Claim a receiver for the sender just taken, or free the sender again."""
    webhook_id = None
    try:
        webhook_id = claim()
    finally:
        if webhook_id is None:
            _free.release()
    return webhook_id
