"""Who tells receivers: claims, senders on threads of their own, and what breaks them off."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.utils.timezone import now

from orchestration import deliveries, tasks, webhooks
from orchestration.models import Delivery, Webhook
from tests.conftest import Person
from tests.orchestration.listening import HOST, Listener, behaving, hang
from tests.orchestration.telling import allowed, alone, cancelled, listener, registered

__all__ = ["allowed", "alone", "listener"]
pytestmark = pytest.mark.usefixtures("committed")  # a sender gives its connection back before it waits


def free() -> int:
    return deliveries._free._value


def senders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("sender-")]


def finished() -> None:
    """Wait until every sender has gone home."""
    for thread in senders():
        thread.join(20)
    assert (senders(), free()) == ([], deliveries.SENDERS)


def in_thread(action: Callable[[], Any]) -> Any:
    try:
        return action()
    finally:
        connection.close()


def at_once(action: Callable[[], Any], times: int) -> list[Any]:
    gate = threading.Barrier(times)

    def act(_: int) -> Any:
        gate.wait(20)
        return in_thread(action)

    with ThreadPoolExecutor(times) as people:
        return list(people.map(act, range(times)))


def test_of_many_who_claim_at_once_one_gets_the_receiver(ada: Person) -> None:
    webhook = registered(ada, f"http://{HOST}:1/").webhook
    cancelled(ada)
    claimed = at_once(deliveries.claim, 6)
    assert [pk for pk in claimed if pk] == [webhook.pk]


def test_a_receiver_that_somebody_holds_is_passed_over_and_not_waited_for(ada: Person) -> None:
    held, other = (registered(ada, f"http://{HOST}:1/").webhook.pk for _ in range(2))
    cancelled(ada)
    with ThreadPoolExecutor(1) as sweeper, transaction.atomic():
        Webhook.objects.select_for_update().get(pk=held)
        claimed = [sweeper.submit(in_thread, deliveries.claim).result(10) for _ in range(2)]
    assert claimed == [other, None]


def test_a_claim_of_a_sender_that_died_runs_out(ada: Person) -> None:
    webhook = registered(ada, f"http://{HOST}:1/").webhook
    cancelled(ada)
    assert [deliveries.claim(), deliveries.claim()] == [webhook.pk, None]
    Webhook.objects.update(served_until=now() - timedelta(seconds=1))
    assert deliveries.claim() == webhook.pk


def test_two_sweepers_at_once_tell_each_notice_once(ada: Person, listener: Listener) -> None:
    for _ in range(2):
        registered(ada, listener.url)
    ended = sorted(str(cancelled(ada).pk) for _ in range(4))
    at_once(deliveries.sweep, 2)
    finished()
    assert sorted(listener.runs) == sorted([*ended, *ended])
    assert set(Delivery.objects.filter(webhook__workspace=ada.actor.workspace).values_list("status", "attempts")) == {
        ("DELIVERED", 1)
    }


def test_a_slow_receiver_keeps_no_other_waiting(
    ada: Person, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "POST_SECONDS", 3.0)
    with behaving(hang) as slow:
        registered(ada, slow)
        registered(ada, listener.url)
        cancelled(ada)
        began = time.monotonic()
        tasks.deliver_due()
        assert time.monotonic() - began < 1
        while not listener.heard and time.monotonic() - began < 10:
            time.sleep(0.01)
        assert (len(listener.heard), len(senders()) > 0) == (1, True)
    finished()


def test_a_sender_goes_on_when_celery_closes_the_pool_after_a_task(ada: Person, listener: Listener) -> None:
    reached, goes_on = threading.Event(), threading.Event()

    def answer_late(receiver: socket.socket) -> None:
        reached.set()
        goes_on.wait(10)
        receiver.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with behaving(answer_late) as url:
        registered(ada, url)
        cancelled(ada)
        tasks.deliver_due()
        assert reached.wait(10)
        connection.close()
        cast("Any", connection).close_pool()  # as celery.fixups.django does
        goes_on.set()
        finished()
    assert (Delivery.objects.get().status, Delivery.objects.get().attempts) == ("DELIVERED", 1)


def test_a_sender_has_a_connection_of_its_own_and_closes_it(ada: Person) -> None:
    shared = connections["default"]
    with deliveries.own_connection():
        own = connections["default"]
        own.ensure_connection()
        assert (own is shared, "pool" in own.settings_dict["OPTIONS"]) == (False, False)
    assert (own.connection, connections["default"] is shared) == (None, True)


def test_what_a_run_wrote_for_a_receiver_while_it_was_retired_is_given_up(ada: Person) -> None:
    webhook = registered(ada, f"http://{HOST}:1/").webhook
    cancelled(ada)
    webhooks.retire(webhook.pk, actor=ada.actor)
    Delivery.objects.update(status="PENDING")
    assert deliveries.sweep() == 0
    assert (Delivery.objects.get().status, Delivery.objects.get().fault) == ("GIVEN_UP", "DISABLED")


def test_without_a_free_sender_nothing_is_begun(ada: Person) -> None:
    registered(ada, f"http://{HOST}:1/")
    cancelled(ada)
    taken = [deliveries._free.acquire(blocking=False) for _ in range(deliveries.SENDERS)]
    try:
        assert (all(taken), deliveries.sweep()) == (True, 0)
    finally:
        deliveries._free.release(deliveries.SENDERS)


def away(*_: Any) -> Any:
    """Stand for a database that has gone."""
    raise OperationalError("the connection is closed")


def test_a_sweep_without_a_database_keeps_no_sender(ada: Person) -> None:
    with connection.execute_wrapper(away), pytest.raises(OperationalError):
        deliveries.sweep()
    assert free() == deliveries.SENDERS


@pytest.mark.parametrize(("wrapper", "said"), [(away, "deliveries broken off"), (lambda *_: 1 / 0, "sending raised")])
def test_a_sender_that_is_broken_off_is_free_again(
    ada: Person, caplog: pytest.LogCaptureFixture, wrapper: Any, said: str
) -> None:
    webhook = registered(ada, f"http://{HOST}:1/").webhook
    assert deliveries._free.acquire(blocking=False)
    with caplog.at_level(logging.WARNING), connection.execute_wrapper(wrapper):
        deliveries.serve(webhook.pk)
    assert ([record.message for record in caplog.records], free()) == ([said], deliveries.SENDERS)
