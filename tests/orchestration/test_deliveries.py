"""Notices told to a real receiver on loopback: what is sent, what failed attempts come to, and rotation."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils.timezone import now

from audit.models import DataKey
from orchestration import deliveries, runs, webhooks
from orchestration.models import Delivery, Run, Webhook
from orchestration.states import RunState
from tests.conftest import Person
from tests.orchestration.listening import HOST, Listener, behaving, certificate, hang, listening, verifies
from tests.orchestration.rows import QUESTION, bring, inquiry, submitted, waiting
from tests.orchestration.telling import (
    EVENTS,
    allowed,
    alone,
    cancelled,
    due_again,
    given_up,
    listener,
    registered,
    told,
)
from tests.orchestration.test_receivers import failing, resolving

__all__ = ["allowed", "alone", "listener"]
pytestmark = pytest.mark.usefixtures("committed")  # a sender gives its connection back before it waits


# What leaves a delivery


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (RunState.COMPLETED, "run.completed"),
        (RunState.FAILED, "run.failed"),
        (RunState.CANCELLED, "run.cancelled"),
    ],
)
def test_a_run_that_ends_leaves_a_delivery_even_if_plain_sql_ends_it(ada: Person, state: RunState, event: str) -> None:
    registered(ada, f"http://{HOST}:1/")
    run = bring(submitted(ada.actor), state)
    delivery = Delivery.objects.get()
    assert (delivery.run_id, delivery.event, delivery.state) == (run.pk, event, state)
    assert (delivery.status, delivery.attempts, delivery.fault) == ("PENDING", 0, "")


def test_a_run_that_escalates_leaves_a_delivery(ada: Person) -> None:
    registered(ada, f"http://{HOST}:1/")
    waiting(submitted(ada.actor))
    delivery = Delivery.objects.get()
    assert (delivery.event, delivery.state, delivery.decision) == ("run.escalated", "DECISION", "ESCALATE")


def test_a_run_that_waits_for_an_answer_about_an_effect_leaves_a_delivery(ada: Person) -> None:
    registered(ada, f"http://{HOST}:1/")
    inquiry(submitted(ada.actor))
    delivery = Delivery.objects.get()
    assert (delivery.event, delivery.state) == ("run.escalated", "EXECUTION")


def test_each_wait_of_a_run_leaves_one_delivery(ada: Person) -> None:
    registered(ada, f"http://{HOST}:1/")
    run = waiting(submitted(ada.actor)).run
    for due_at in (now(), None, None):
        Run.objects.filter(pk=run.pk).update(due_at=due_at)
    assert Delivery.objects.filter(event="run.escalated").count() == 2


def test_the_verbs_leave_deliveries(ada: Person) -> None:
    registered(ada, f"http://{HOST}:1/")
    cancelled(ada)
    runs.fail(submitted(ada.actor).pk, actor=ada.actor, reason="The desk is closed.")
    assert sorted(Delivery.objects.values_list("event", flat=True)) == ["run.cancelled", "run.failed"]


def test_on_its_way_a_run_leaves_none(ada: Person) -> None:
    registered(ada, f"http://{HOST}:1/")
    run = bring(submitted(ada.actor), RunState.DECISION, decision="PUBLISH")
    Run.objects.filter(pk=run.pk).update(reason="touched")
    assert not Delivery.objects.exists()


def test_a_run_that_is_only_touched_after_its_end_leaves_no_second_one(ada: Person) -> None:
    registered(ada, f"http://{HOST}:1/")
    run = cancelled(ada)
    run.save()
    Run.objects.filter(pk=run.pk).update(reason="touched", state="CANCELLED")
    assert Delivery.objects.count() == 1


def test_who_did_not_ask_is_elsewhere_or_switched_off_is_not_told(ada: Person, mallory: Person) -> None:
    registered(ada, f"http://{HOST}:1/", events=["run.completed"])
    registered(mallory, f"http://{HOST}:1/")
    webhooks.disable(registered(ada, f"http://{HOST}:1/").webhook.pk, actor=ada.actor)
    cancelled(ada)
    assert not Delivery.objects.exists()


def test_a_change_that_is_rolled_back_leaves_none(ada: Person) -> None:
    registered(ada, f"http://{HOST}:1/")
    run = submitted(ada.actor)
    with transaction.atomic():
        runs.cancel(run.pk, actor=ada.actor)
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


# What is sent


def test_a_receiver_is_told_and_the_signature_verifies(ada: Person, listener: Listener) -> None:
    made, run = registered(ada, listener.url), cancelled(ada)
    assert deliveries.turn(made.webhook.pk) == 1
    heard, delivery = listener.heard[0], Delivery.objects.get()
    assert (listener.runs, heard.path, heard.headers["Content-Type"]) == ([str(run.pk)], "/hook", "application/json")
    assert verifies(heard, made.secret)
    assert not verifies(heard, "whsec_another")
    assert (delivery.status, delivery.answered, delivery.fault, delivery.attempts) == ("DELIVERED", 200, "", 1)


def test_what_is_sent_holds_identifiers_and_fixed_words_alone(ada: Person, listener: Listener) -> None:
    told(ada, listener.url)
    notice, delivery = listener.heard[0].notice, Delivery.objects.get()
    assert notice == {
        "id": str(delivery.pk),
        "type": "run.cancelled",
        "run": str(delivery.run_id),
        "state": "CANCELLED",
        "decision": "",
        "at": delivery.created_at.isoformat(timespec="microseconds"),
    }
    assert QUESTION.encode() not in listener.heard[0].body


def test_a_signature_is_of_now(ada: Person, listener: Listener) -> None:
    told(ada, listener.url)
    signed = listener.heard[0].headers["X-Prometheus-Signature"]
    assert abs(int(signed.removeprefix("t=").split(",")[0]) - time.time()) < 30


def test_what_was_delivered_is_not_told_again(ada: Person, listener: Listener) -> None:
    delivery = told(ada, listener.url)
    due_again()
    assert deliveries.turn(delivery.webhook_id) == 0
    assert len(listener.heard) == 1


def test_a_receiver_is_told_by_tls_whose_certificate_is_verified(
    ada: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with listening(lambda plain: context.wrap_socket(plain, server_side=True)) as listener:
        delivery = told(ada, listener.url)
        assert (delivery.fault, listener.heard) == ("TLS", [])
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        due_again()
        assert deliveries.turn(delivery.webhook_id) == 1
        assert len(listener.heard) == 1


def test_the_second_address_is_used_when_the_first_is_closed(ada: Person, listener: Listener) -> None:
    assert told(ada, listener.url, resolve=resolving("127.0.0.2", HOST)).status == "DELIVERED"


# What failed attempts come to


def test_errors_are_told_again_ever_later_until_it_is_given_up(ada: Person, listener: Listener) -> None:
    listener.status = 500
    webhook, run = registered(ada, listener.url).webhook, cancelled(ada)
    waits = []
    for _ in range(4):
        due_again()
        deliveries.turn(webhook.pk)
        waits.append((Delivery.objects.get().next_at - now()).total_seconds())
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.fault, delivery.answered) == ("GIVEN_UP", "STATUS", 500)
    assert (len(listener.heard), len({heard.body for heard in listener.heard})) == (3, 1)
    assert waits[0] < waits[1] < waits[2] + 15
    assert [entry["data"]["attempts"] for entry in given_up(ada)] == [3]
    assert (given_up(ada)[0]["data"]["delivery"], given_up(ada)[0]["run"]) == (str(delivery.pk), str(run.pk))


def test_before_its_time_nothing_is_told_again(ada: Person, listener: Listener) -> None:
    listener.status = 503
    delivery = told(ada, listener.url)
    assert (delivery.status, delivery.fault, delivery.ended_at) == ("PENDING", "STATUS", None)
    assert (deliveries.turn(delivery.webhook_id), len(listener.heard)) == (0, 1)


def test_a_receiver_that_recovers_is_told(ada: Person, listener: Listener) -> None:
    listener.status = 500
    delivery = told(ada, listener.url)
    listener.status = 204
    due_again()
    deliveries.turn(delivery.webhook_id)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.answered, delivery.fault, given_up(ada)) == ("DELIVERED", 204, "", [])


def test_a_redirect_is_not_followed(ada: Person, listener: Listener) -> None:
    with listening() as inside:
        listener.status, listener.location = 307, inside.url
        delivery = told(ada, listener.url)
        assert (delivery.status, delivery.fault, delivery.answered) == ("PENDING", "REDIRECT", 307)
        assert inside.heard == []


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200", b"hello\r\n", b"HTTP/1.1 999 x\r\n", b"x" * 2000])
def test_an_answer_that_is_none_is_a_fault(ada: Person, answer: bytes) -> None:
    with behaving(lambda receiver: receiver.sendall(answer)) as url:
        assert told(ada, url).fault == "BROKEN"


def test_a_receiver_that_dies_is_a_fault(ada: Person) -> None:
    def die(receiver: socket.socket) -> None:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with behaving(die) as url:
        assert told(ada, url).fault == "BROKEN"


def test_nobody_listens(ada: Person) -> None:
    assert told(ada, f"http://{HOST}:1/").fault == "UNREACHABLE"


def drip(receiver: socket.socket) -> None:
    """Send a byte at a time, each in time, until the other side hangs up."""
    with contextlib.suppress(OSError):
        for byte in b"HTTP/1.1 200 " + b"x" * 900:
            receiver.sendall(bytes([byte]))
            time.sleep(0.02)


@pytest.mark.parametrize("behave", [drip, hang])
def test_a_slow_receiver_is_left_in_time(
    ada: Person, monkeypatch: pytest.MonkeyPatch, behave: Callable[[socket.socket], None]
) -> None:
    monkeypatch.setattr(deliveries, "POST_SECONDS", 0.3)
    with behaving(behave) as url:
        began = time.monotonic()
        assert told(ada, url).fault == "TIMEOUT"
        assert time.monotonic() - began < 3


def test_no_time_at_all_is_too_late(ada: Person, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "POST_SECONDS", 0.0)
    assert (told(ada, listener.url).fault, listener.heard) == ("TIMEOUT", [])


def test_a_receiver_that_keeps_us_waiting_waits_with_its_next_notice(ada: Person) -> None:
    webhook = registered(ada, f"http://{HOST}:1/").webhook
    cancelled(ada)
    cancelled(ada)
    assert deliveries.turn(webhook.pk, resolve=failing(OSError("no such name"))) == 1
    assert sorted(Delivery.objects.values_list("fault", flat=True)) == ["", "UNRESOLVED"]


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fe80::1", "fd00::1"]
)
def test_a_name_that_leads_inside_by_now_is_refused_at_delivery(ada: Person, listener: Listener, address: str) -> None:
    url = listener.url.replace(HOST, "hooks.example.org")
    webhook = webhooks.register(url=url, events=EVENTS, actor=ada.actor, resolve=resolving("8.8.8.8")).webhook
    cancelled(ada)
    deliveries.turn(webhook.pk, resolve=resolving(address))
    assert (Delivery.objects.get().fault, listener.heard) == ("REFUSED", [])


def test_what_the_setting_allowed_once_is_judged_anew(ada: Person, listener: Listener, settings: Any) -> None:
    webhook = registered(ada, listener.url).webhook
    cancelled(ada)
    settings.PROMETHEUS_WEBHOOK_LOOPBACK = []
    deliveries.turn(webhook.pk)
    due_again()
    settings.PROMETHEUS_WEBHOOK_HTTP = False
    deliveries.turn(webhook.pk)
    delivery = Delivery.objects.get()
    assert (delivery.attempts, delivery.fault, listener.heard) == (2, "REFUSED", [])


def test_without_its_key_nothing_is_sent(ada: Person, listener: Listener) -> None:
    webhook = registered(ada, listener.url).webhook
    cancelled(ada)
    DataKey.objects.filter(workspace=ada.actor.workspace, webhook=webhook).delete()
    deliveries.turn(webhook.pk)
    assert (Delivery.objects.get().fault, listener.heard) == ("SECRET", [])


def test_with_a_forged_secret_nothing_is_sent(ada: Person, listener: Listener) -> None:
    webhook = registered(ada, listener.url).webhook
    cancelled(ada)
    Webhook.objects.update(secret_sealed=bytes(webhook.secret_sealed)[:-1] + b"\0\0")
    deliveries.turn(webhook.pk)
    assert (Delivery.objects.get().fault, listener.heard) == ("SECRET", [])


def test_an_attempt_counts_before_it_is_made(ada: Person) -> None:
    webhook = registered(ada, f"http://{HOST}:1/").webhook
    cancelled(ada)
    assert deliveries.take(webhook) is not None
    delivery = Delivery.objects.get()
    assert (delivery.attempts, delivery.status, delivery.next_at > now()) == (1, "PENDING", True)


def test_an_outcome_that_comes_after_the_end_changes_nothing(ada: Person) -> None:
    webhook = registered(ada, f"http://{HOST}:1/").webhook
    cancelled(ada)
    taken = deliveries.take(webhook)
    assert taken is not None
    webhooks.disable(webhook.pk, actor=ada.actor)
    deliveries.record(taken, deliveries.Outcome(None, 200), webhook=webhook)
    assert Delivery.objects.get().status == "GIVEN_UP"


def test_a_turn_that_is_over_leaves_the_rest_to_the_next(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook = registered(ada, f"http://{HOST}:1/").webhook
    cancelled(ada)
    monkeypatch.setattr(deliveries, "TURN_SECONDS", 0.0)
    assert deliveries.turn(webhook.pk) == 0
    assert Webhook.objects.get().served_until is not None


def test_after_a_rotation_both_secrets_sign_for_a_day(ada: Person, listener: Listener) -> None:
    made = registered(ada, listener.url)
    fresh = webhooks.rotate(made.webhook.pk, actor=ada.actor)
    cancelled(ada)
    deliveries.turn(made.webhook.pk)
    assert verifies(listener.heard[0], made.secret)
    assert verifies(listener.heard[0], fresh.secret)
    Webhook.objects.update(former_until=now() - timedelta(seconds=1))
    cancelled(ada)
    deliveries.turn(made.webhook.pk)
    assert not verifies(listener.heard[1], made.secret)
    assert verifies(listener.heard[1], fresh.secret)


def test_a_rotation_in_the_middle_of_a_turn_loses_no_notice(
    ada: Person, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, take = registered(ada, listener.url), deliveries.take
    cancelled(ada)

    def taken_as_it_is_rotated(webhook: Webhook) -> Delivery | None:
        monkeypatch.setattr(deliveries, "take", take)
        webhooks.rotate(webhook.pk, actor=ada.actor)
        return take(webhook)

    monkeypatch.setattr(deliveries, "take", taken_as_it_is_rotated)
    assert deliveries.turn(made.webhook.pk) == 1
    assert verifies(listener.heard[0], made.secret)
    assert Delivery.objects.get().status == "DELIVERED"
