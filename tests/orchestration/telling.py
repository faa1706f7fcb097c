"""Receivers that are told on loopback: what the tests of deliveries and of their senders have in common."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from audit import canonical
from audit.models import Entry
from orchestration import deliveries, runs, webhooks
from orchestration.models import Delivery, Run, Webhook
from orchestration.notices import NoticeType
from tests.conftest import Person
from tests.orchestration.listening import HOST, Listener, listening
from tests.orchestration.rows import submitted

EVENTS = [notice.value for notice in NoticeType]


@pytest.fixture(autouse=True)
def allowed(settings: Any) -> None:
    """Allow plain http, and loopback by its address; give up after three attempts."""
    settings.PROMETHEUS_WEBHOOK_HTTP = True
    settings.PROMETHEUS_WEBHOOK_LOOPBACK = [HOST]
    settings.PROMETHEUS_WEBHOOK_ATTEMPTS = 3


@pytest.fixture(autouse=True)
def alone(committed: None) -> Iterator[None]:
    """Leave the next test nothing to deliver."""
    yield
    Delivery.objects.all().delete()
    Webhook.objects.all().delete()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as heard:
        yield heard


def registered(who: Person, url: str, events: object = EVENTS) -> webhooks.Registered:
    return webhooks.register(url=url, events=events, actor=who.actor)


def cancelled(who: Person) -> Run:
    """Return a run that was cancelled: it leaves a delivery."""
    return runs.cancel(submitted(who.actor).pk, actor=who.actor)


def due_again() -> None:
    Delivery.objects.update(next_at=now() - timedelta(seconds=1))


def told(who: Person, url: str, **how: Any) -> Delivery:
    """Tell a new receiver of one cancelled run, once, and return what came of it."""
    webhook = registered(who, url).webhook
    cancelled(who)
    assert deliveries.turn(webhook.pk, **how) == 1
    return Delivery.objects.get()


def given_up(who: Person) -> list[Any]:
    rows = Entry.objects.filter(workspace=who.actor.workspace, type="delivery.given_up").order_by("id")
    return [canonical.parse(bytes(row.body)) for row in rows]
