"""The pages of webhooks: what they were told in words, their secret once, the verbs, and who may."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from orchestration import webhooks
from orchestration.console.webhooks import FAULTS
from orchestration.models import Delivery, Webhook
from orchestration.notices import Fault, NoticeType
from orchestration.states import RunState
from tests.conftest import Person
from tests.orchestration.looking import browser, look, send
from tests.orchestration.rows import bring, submitted

LIST = "/console/webhooks"
URL = "https://8.8.8.8/hook"
EVENTS = [notice.value for notice in NoticeType]


def made(who: Person, url: str = URL) -> Webhook:
    return webhooks.register(url=url, events=EVENTS, actor=who.actor).webhook


def page_of(webhook: Webhook) -> str:
    return f"{LIST}/{webhook.pk}"


def told(who: Person, **columns: Any) -> Webhook:
    """Return a webhook with one delivery that stands so."""
    webhook = made(who)
    bring(submitted(who.actor), RunState.CANCELLED)
    Delivery.objects.update(**columns)
    return webhook


def test_a_receiver_is_registered_and_its_secret_shown_once(ada: Person) -> None:
    shown = send(ada, LIST, url=URL, events="run.failed")
    webhook = Webhook.objects.get()
    [secret] = webhooks.secrets_of(webhook)
    assert secret in shown.text
    assert "no-store" in shown.response["Cache-Control"]
    assert secret not in look(ada, page_of(webhook)).text + look(ada, LIST).text


@pytest.mark.parametrize("form", [{"url": "http://8.8.8.8/", "events": "run.failed"}, {"url": URL}, {}])
def test_a_receiver_that_cannot_be_is_refused_with_the_cure(ada: Person, form: dict[str, str]) -> None:
    assert send(ada, LIST, **form).status == 400
    assert not Webhook.objects.exists()


def test_what_was_typed_stands_in_the_form_again_beside_what_is_wrong(ada: Person) -> None:
    shown = send(ada, LIST, url="https://10.0.0.1/hook", events="run.failed")
    assert 'value="https://10.0.0.1/hook"' in shown.text
    assert "leads to an address inside a network" in shown.words
    assert [f'value="{event}" checked' in shown.text for event in ("run.failed", "run.completed")] == [True, False]


def test_the_list_shows_the_last_thing_each_was_told(ada: Person) -> None:
    webhook = told(ada, attempts=2, fault="STATUS", answered=503)
    shown = look(ada, LIST)
    assert page_of(webhook) in shown.text
    assert "It answered with an error (503)." in shown.words


def test_a_failure_is_told_in_words_with_attempts_and_the_next_try(ada: Person) -> None:
    webhook = told(ada, attempts=3, fault="TLS", next_at=now() + timedelta(minutes=5, seconds=30))
    words = look(ada, page_of(webhook)).words
    assert "Run cancelled" in words
    assert "Will be tried again 3 in 5 minutes" in words
    assert "Its certificate does not verify" in words


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "Waits to be told 0 now"),
        ({"status": "DELIVERED", "attempts": 1, "answered": 200}, "Delivered 1 –"),
        ({"status": "GIVEN_UP", "attempts": 10, "fault": "TIMEOUT"}, "Given up 10 – It did not answer within 10"),
    ],
)
def test_what_became_of_a_notice_is_said(ada: Person, columns: dict[str, Any], said: str) -> None:
    assert said in look(ada, page_of(told(ada, **columns))).words


def test_every_fault_has_words() -> None:
    assert set(FAULTS) == set(Fault)


def test_the_words_of_a_form_call_the_verbs(ada: Person) -> None:
    webhook = made(ada)
    states = []
    for word in ("disable", "enable", "retire"):
        send(ada, page_of(webhook), word=word)
        webhook.refresh_from_db()
        states.append((webhook.enabled, webhook.retired_at is not None))
    assert states == [(False, False), (True, False), (False, True)]
    assert page_of(webhook) not in look(ada, LIST).text
    assert page_of(webhook) in look(ada, LIST, retired="1").text


def test_rotating_shows_the_new_secret_once(ada: Person) -> None:
    webhook = made(ada)
    shown = send(ada, page_of(webhook), word="rotate")
    webhook.refresh_from_db()
    fresh, former = webhooks.secrets_of(webhook)
    assert fresh in shown.text
    assert former not in shown.text
    assert "The former secret signs too until" in look(ada, page_of(webhook)).words


@pytest.mark.parametrize("word", ["", "burn"])
def test_another_word_is_refused(ada: Person, word: str) -> None:
    assert send(ada, page_of(made(ada)), word=word).status == 400


@pytest.mark.parametrize("name", ["grace", "alan"])
def test_neither_reviewer_nor_approver_sees_or_changes_a_webhook(
    ada: Person, name: str, request: pytest.FixtureRequest
) -> None:
    who, webhook = request.getfixturevalue(name), made(ada)
    assert [look(who, LIST).status, look(who, page_of(webhook)).status] == [403, 403]
    assert [send(who, LIST, url=URL).status, send(who, page_of(webhook), word="retire").status] == [403, 403]
    assert LIST not in look(who, "/console/runs").text
    assert LIST in look(ada, "/console/runs").text


def test_another_workspaces_webhook_is_not_there(ada: Person, mallory: Person) -> None:
    webhook = made(ada)
    assert page_of(webhook) not in look(mallory, LIST).text
    assert [look(mallory, page_of(webhook)).status, send(mallory, page_of(webhook), word="retire").status] == [404, 404]
    webhook.refresh_from_db()
    assert webhook.retired_at is None


def test_the_pages_ask_for_a_log_in(db: None) -> None:
    assert browser(None).get(LIST)["Location"] == f"/login?next={LIST}"
