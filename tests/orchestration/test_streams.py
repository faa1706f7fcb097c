"""Event streams: what they send, when they end, and that no more are open than may be."""

import gc
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.signals import request_finished
from django.db import OperationalError, close_old_connections
from django.http import StreamingHttpResponse
from django.test import RequestFactory
from django.utils.timezone import now
from rest_framework.request import Request as RestRequest
from rest_framework_simplejwt.tokens import AccessToken

from audit import apikeys
from audit.access import actor_of_key
from audit.ids import new_id
from audit.models import ApiKey, Membership
from orchestration import batches, streams
from orchestration.models import Restore, Run
from orchestration.states import RunState
from orchestration.streams import Seen, Slots, Stream, encoded, events
from tests.conftest import Person
from tests.orchestration.calling import V1, caller, is_problem
from tests.orchestration.rows import QUESTION, bring, submitted


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def seen(mark: str, *, ended: bool = False) -> Seen:
    return Seen(mark, {"state": mark}, ended)


def told(looks: list[Seen | None], *, last: str = "", clock: Clock | None = None) -> list[bytes]:
    """Return what is sent when one look after the other sees this, the last one for ever."""
    clock = clock or Clock()
    left = list(looks)
    return list(events(lambda: left.pop(0) if len(left) > 1 else left[0], last=last, clock=clock, sleep=clock.sleep))


@pytest.fixture(autouse=True)
def no_connection_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test is one transaction, which ends with its connection."""
    monkeypatch.setattr(streams, "close_old_connections", lambda: None)


@pytest.fixture
def slots(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slots]:
    made = Slots()
    monkeypatch.setattr(streams, "SLOTS", made)
    yield made
    gc.collect()
    assert made.held == 0


def test_an_event_at_once_and_at_each_change() -> None:
    sent = told([seen("1"), seen("1"), seen("2"), seen("3", ended=True)])
    assert sent == [b"retry: 2000\n\n", *(encoded(seen(mark)) for mark in ("1", "2", "3"))]


def test_an_event_is_lines_that_a_browser_can_read() -> None:
    assert encoded(Seen("7", {"state": "GATING"}, ended=False)) == (
        b'id: 7\nevent: state\ndata: {"state": "GATING"}\n\n'
    )


def test_who_comes_back_is_not_told_what_it_saw() -> None:
    assert told([seen("1"), seen("2", ended=True)], last="1")[1:] == [encoded(seen("2"))]


def test_comments_keep_a_quiet_line_open_until_its_life_is_over() -> None:
    clock = Clock()
    sent = told([seen("1")], clock=clock)
    assert sent[2:] == [b": still here\n\n"] * len(sent[2:])
    assert 50 <= len(sent[2:]) <= 60
    assert streams.LIFETIME <= clock.now < streams.LIFETIME + 2


def test_the_database_is_asked_less_often_while_nothing_happens() -> None:
    clock = Clock()
    told([seen("1")] * 20 + [None], clock=clock)
    assert clock.pauses == sorted(clock.pauses)
    assert (clock.pauses[0], clock.pauses[-1]) == (streams.QUICKEST, streams.SLOWEST)


def test_it_ends_when_what_it_follows_is_gone() -> None:
    assert told([seen("1"), None])[1:] == [encoded(seen("1"))]


def test_it_ends_when_the_database_is_away() -> None:
    def away() -> Seen:
        raise OperationalError("gone")

    assert list(events(away, last="")) == [b"retry: 2000\n\n"]


def test_it_ends_when_its_viewer_may_look_no_more() -> None:
    clock, allowed = Clock(), [True, False]
    look = streams.guarded(lambda: seen("1"), lambda: allowed.pop(0), clock=clock)
    assert list(events(look, last="", clock=clock, sleep=clock.sleep))[1:2] == [encoded(seen("1"))]
    assert 2 * streams.AUTHORITY <= clock.now < 2 * streams.AUTHORITY + 3


def asked_by(who: Person, key: ApiKey | None = None) -> Any:
    """Return a request as it stands in a view."""
    asked = RestRequest(RequestFactory().get("/"))
    asked.user, asked.auth = (AnonymousUser() if key else who.user), key
    return asked


def test_a_stream_may_go_on_until_its_key_is_revoked(ada: Person) -> None:
    key = apikeys.create_key(name="Ward app", scopes=["runs:read"], actor=ada.actor).key
    actor, asked = actor_of_key(key), asked_by(ada, key)
    assert streams.may_still(asked, actor)
    apikeys.revoke_key(ApiKey.objects.get(pk=key.pk), actor=ada.actor)
    assert not streams.may_still(asked, actor)


def test_a_stream_may_go_on_until_its_token_expires(grace: Person) -> None:
    asked, token = asked_by(grace), AccessToken.for_user(grace.user)
    asked.auth = token
    assert streams.may_still(asked, grace.actor)
    token.set_exp(lifetime=timedelta(seconds=-1))
    assert not streams.may_still(asked, grace.actor)


@pytest.mark.parametrize("loss", ["membership", "account"])
def test_a_stream_may_go_on_until_its_viewer_loses_access(grace: Person, loss: str) -> None:
    asked = asked_by(grace)
    assert streams.may_still(asked, grace.actor)
    if loss == "membership":
        Membership.objects.filter(user=grace.user).delete()
    else:
        type(grace.user).objects.filter(pk=grace.user.pk).update(is_active=False)
    assert not streams.may_still(asked, grace.actor)


def test_without_a_database_a_stream_is_asked_to_come_later(grace: Person, slots: Slots) -> None:
    def away() -> Seen:
        raise OperationalError("gone")

    asked = asked_by(grace)
    asked.actor = grace.actor
    answer = streams.stream(asked, away)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_a_failed_run_is_followed_on_while_a_restore_of_it_is_open(grace: Person) -> None:
    run = bring(submitted(grace.actor), RunState.FAILED, reason="x", due_at=None)
    assert streams.look_at_run(run.pk) == Seen(str(run.version), facts_of(run), ended=True)
    asked = Restore.objects.create(
        workspace_id=run.workspace_id,
        id=new_id(),
        run=run,
        run_version=run.version,
        checkpoint_id="c",
        kind="CONTINUE",
        binding="b" * 64,
        requested_by=str(grace.actor),
        reason_sealed=b"x",
        expires_at=now() + timedelta(minutes=5),
    )
    assert streams.look_at_run(run.pk) == Seen(str(run.version), facts_of(run), ended=False)
    asked.expire()
    asked.save()
    assert streams.look_at_run(run.pk) == Seen(str(run.version), facts_of(run), ended=True)


def facts_of(run: Run) -> dict[str, Any]:
    return {"run": str(run.pk), "state": "FAILED", "decision": "", "supported": 0, "withheld": 0}


def followed(who: Person, path: str, **headers: Any) -> StreamingHttpResponse:
    answer: object = caller(who).client.get(V1 + path, HTTP_ACCEPT="text/event-stream", **headers)
    assert isinstance(answer, StreamingHttpResponse)
    return answer


def shut(answer: StreamingHttpResponse) -> None:
    """Close an answer as the web server does, but keep the connection in which the test is."""
    request_finished.disconnect(close_old_connections)
    answer.close()
    request_finished.connect(close_old_connections)


def facts(chunk: bytes) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(chunk.split(b"data: ")[1])
    return data


def test_a_run_is_followed_by_its_state_and_never_a_text(grace: Person, slots: Slots) -> None:
    run = submitted(grace.actor)
    bring(run, RunState.COMPLETED, decision="REFUSE", due_at=None)
    answer = followed(grace, f"/runs/{run.pk}/events")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/event-stream")
    assert (answer["Cache-Control"], answer["X-Accel-Buffering"]) == ("no-store", "no")
    sent = list(answer)
    assert facts(sent[-1])["run"] == str(run.pk)
    assert (facts(sent[-1])["state"], facts(sent[-1])["decision"]) == ("COMPLETED", "REFUSE")
    assert QUESTION.encode() not in b"".join(sent)
    shut(answer)


def test_a_batch_is_followed_by_its_counts(ada: Person, slots: Slots) -> None:
    batch = batches.submit([{"kind": "QUESTION", "question": QUESTION}] * 2, actor=ada.actor).batch
    answer = followed(ada, f"/batches/{batch.pk}/events")
    chunks = iter(answer)
    next(chunks)
    first = facts(next(chunks))
    assert (first["states"], first["done"]) == ({"INITIALIZED": 2}, 0.0)
    batches.cancel(batch.pk, actor=ada.actor)
    rest = [facts(chunk) for chunk in chunks]
    assert (rest[-1]["states"], rest[-1]["done"], rest[-1]["cancelled"]) == ({"CANCELLED": 2}, 1.0, True)
    shut(answer)


def test_who_saw_the_end_need_not_come_again(grace: Person, slots: Slots) -> None:
    run = bring(submitted(grace.actor), RunState.COMPLETED, decision="PUBLISH", due_at=None)
    answer = caller(grace).client.get(
        f"{V1}/runs/{run.pk}/events", headers={"Accept": "text/event-stream", "Last-Event-ID": str(run.version)}
    )
    assert (answer.status_code, answer.content) == (204, b"")


def test_one_too_many_is_told_to_come_later(grace: Person, slots: Slots) -> None:
    path = f"/runs/{submitted(grace.actor).pk}/events"
    held = [followed(grace, path) for _ in range(settings.PROMETHEUS_STREAMS)]
    busy = caller(grace).get(path)
    assert is_problem(busy, 503)
    assert busy.headers["Retry-After"] == "5"
    shut(held.pop())
    held.append(followed(grace, path))
    assert slots.held == settings.PROMETHEUS_STREAMS
    for answer in held:
        shut(answer)


def test_a_stream_that_is_forgotten_gives_its_slot_back(slots: Slots) -> None:
    slots.take()
    stream = Stream(iter([b"x"]), slots=slots)
    assert next(iter(stream)) == b"x"
    del stream
    gc.collect()
    assert slots.held == 0


def test_a_slot_is_given_back_once(slots: Slots) -> None:
    slots.take()
    stream = Stream(iter([]), slots=slots)
    stream.close()
    stream.close()
    assert slots.held == 0


def test_a_run_of_another_workspace_is_not_there(grace: Person, mallory: Person, slots: Slots) -> None:
    run = submitted(grace.actor)
    assert is_problem(caller(mallory).get(f"/runs/{run.pk}/events"), 404)
    assert Run.objects.filter(pk=run.pk).exists()
