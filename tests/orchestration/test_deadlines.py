"""A run, a step and a call end in time, whoever drives them, and what takes too long is on record."""

import math
import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now
from pytest_django import Settings

from audit.actors import SYSTEM
from orchestration import batches, requests, runs, tasks
from orchestration.engine import driver, lease
from orchestration.engine.chatmodel import OpenAICompatible
from orchestration.engine.drafts import DraftTask, ProviderFailure, Reason
from orchestration.engine.driver import Ended
from orchestration.engine.lease import Heartbeat, Lease
from orchestration.engine.watch import BrokenOff, Overdue, Watch, watch_over
from orchestration.models import Run
from orchestration.requests import RequestError
from orchestration.states import Kind, RunState
from tests.conftest import Person
from tests.orchestration.model_server import Say, model_server
from tests.orchestration.rows import QUESTION, REASON, bring, entries, fresh, submitted, waiting
from tests.orchestration.test_driver import Acting, Use, asked, ended_sessions, use

__all__ = ["ended_sessions", "use"]

pytestmark = pytest.mark.usefixtures("committed")


def claimed(run: Run) -> Lease:
    found = lease.claim(run.pk)
    assert found is not None
    return found


def overdue(run: Run) -> Run:
    Run.objects.filter(pk=run.pk).update(deadline_at=now() - timedelta(seconds=1))
    return fresh(run)


# Of a run


def test_a_run_has_the_deadline_that_was_asked_for(grace: Person) -> None:
    run = fresh(submitted(grace.actor, deadline_seconds=90))
    assert (run.deadline_seconds, run.deadline_at) == (90, run.due_at + timedelta(seconds=90))  # type: ignore[operator]


def test_a_run_that_asks_for_none_has_the_sites(grace: Person, settings: Settings) -> None:
    settings.PROMETHEUS_DEADLINE_SECONDS = 77
    assert fresh(submitted(grace.actor)).deadline_seconds == 77


@pytest.mark.parametrize("value", [-1, 1.5, "60", True, None, requests.DEADLINE_LIMIT + 1])
def test_what_is_no_number_of_seconds_is_refused(value: Any) -> None:
    with pytest.raises(RequestError, match="deadline_seconds"):
        requests.parse({"question": QUESTION, "deadline_seconds": value}, kind=Kind.QUESTION)


def test_more_than_the_site_allows_is_refused_with_the_limit(grace: Person, settings: Settings) -> None:
    settings.PROMETHEUS_DEADLINE_LIMIT_SECONDS = 600
    with pytest.raises(RequestError, match="at most 600"):
        submitted(grace.actor, deadline_seconds=601)


def test_in_a_batch_such_a_request_is_named_and_spoils_no_other(grace: Person, settings: Settings) -> None:
    settings.PROMETHEUS_DEADLINE_LIMIT_SECONDS = 600
    asked = [{"kind": "QUESTION", "question": QUESTION, "deadline_seconds": seconds} for seconds in (601, 600)]
    accepted = batches.submit(asked, actor=grace.actor)
    assert [(one.index, one.field) for one in accepted.rejected] == [(0, "deadline_seconds")]
    assert len(accepted.runs) == 1


def test_a_request_without_a_deadline_keeps_the_hash_it_always_had() -> None:
    assert "deadline_seconds" not in requests.parse({"question": QUESTION}, kind=Kind.QUESTION).document()


def test_an_overdue_run_fails_although_nobody_drives_it(grace: Person) -> None:
    run = overdue(submitted(grace.actor))
    tasks.fail_overdue()
    assert (fresh(run).state, fresh(run).reason) == ("FAILED", runs.OVERDUE)
    assert entries(run)[-1] == "run.failed"


def test_a_run_in_time_goes_on(grace: Person) -> None:
    run = submitted(grace.actor)
    assert runs.fail_overdue(actor=SYSTEM) == 0
    assert fresh(run).state == "INITIALIZED"


def test_while_people_are_awaited_no_deadline_passes(grace: Person) -> None:
    run = submitted(grace.actor)
    waiting(run)
    overdue(run)
    assert runs.fail_overdue(actor=SYSTEM) == 0


def test_the_time_that_people_took_is_added_to_the_deadline(grace: Person, alan: Person) -> None:
    run = submitted(grace.actor)
    approval = waiting(run)
    before = fresh(run).deadline_at
    type(approval).objects.filter(pk=approval.pk).update(created_at=now() - timedelta(minutes=5))
    runs.approve(approval.pk, actor=alan.actor, reason=REASON, seen=approval.binding)
    after = fresh(run).deadline_at
    assert before is not None
    assert after is not None
    assert timedelta(minutes=5) <= after - before < timedelta(minutes=6)


def test_what_is_being_written_down_completes(grace: Person) -> None:
    run = bring(submitted(grace.actor), RunState.LOGGING)
    overdue(run)
    assert runs.fail_overdue(actor=SYSTEM) == 0


def test_a_driven_run_ends_at_the_super_step_after_its_deadline(grace: Person, use: Use) -> None:
    run = asked(grace)
    use(Acting(lambda: time.sleep(0.6)))
    Run.objects.filter(pk=run.pk).update(deadline_at=now() + timedelta(seconds=0.5))
    assert driver.advance(run.pk) is Ended.FAILED
    assert (fresh(run).state, fresh(run).reason) == ("FAILED", runs.OVERDUE)


# Of a step


@pytest.fixture
def short_steps(settings: Settings) -> None:
    settings.PROMETHEUS_STEP_SECONDS = 1.0  # the steps before the one that hangs need a part of that on a busy machine
    settings.PROMETHEUS_LEASE_SECONDS = 2.0


@pytest.mark.usefixtures("short_steps")
def test_a_step_that_takes_too_long_loses_its_run_and_writes_nothing(grace: Person, use: Use) -> None:
    run = asked(grace)
    use(Acting(lambda: time.sleep(2.5)))
    assert driver.advance(run.pk) is Ended.STALE
    stored = fresh(run)
    assert (stored.state, stored.token, stored.attempt, stored.lease_until) == ("PROCESSING", 2, 1, None)


@pytest.mark.usefixtures("short_steps")
def test_a_run_whose_step_always_hangs_fails_after_its_attempts(grace: Person, use: Use, settings: Settings) -> None:
    settings.PROMETHEUS_MAX_ATTEMPTS = 2
    run = asked(grace)
    use(Acting(lambda: time.sleep(2.5)))
    ends = [driver.advance(run.pk) for _ in range(3)]
    assert ends == [Ended.STALE, Ended.STALE, Ended.FAILED]
    assert fresh(run).reason == "attempts: 2 without an end"


def test_a_new_step_has_the_whole_time_again(grace: Person, settings: Settings) -> None:
    settings.PROMETHEUS_STEP_SECONDS = 1.5
    settings.PROMETHEUS_LEASE_SECONDS = 0.3
    with Heartbeat(claimed(submitted(grace.actor))) as heartbeat:
        for _ in range(4):
            time.sleep(0.6)
            heartbeat.begin_step()
    assert not heartbeat.lost.is_set()


# Of a call


def test_a_call_has_what_its_server_gives_it_and_no_more_than_is_left_of_the_step(settings: Settings) -> None:
    settings.PROMETHEUS_STEP_SECONDS = 5
    heartbeat = Heartbeat(Lease(None, 1, 1))  # type: ignore[arg-type]
    assert Watch(heartbeat).seconds(2) == 2
    assert 4 < Watch(heartbeat).seconds(60) <= 5


def test_a_call_has_no_more_than_is_left_of_the_run(grace: Person) -> None:
    run = fresh(submitted(grace.actor, deadline_seconds=3))
    assert 2 < watch_over(run, Heartbeat(claimed(run))).seconds(math.inf) <= 3


def test_no_call_begins_after_the_runs_deadline(grace: Person) -> None:
    run = overdue(submitted(grace.actor))
    with pytest.raises(Overdue):
        watch_over(run, Heartbeat(claimed(run))).seconds(10)


def test_no_call_begins_after_the_steps_time(settings: Settings) -> None:
    settings.PROMETHEUS_STEP_SECONDS = -1
    with pytest.raises(BrokenOff, match="PROMETHEUS_STEP_SECONDS"):
        Watch(Heartbeat(Lease(None, 1, 1))).seconds(10)  # type: ignore[arg-type]


@pytest.mark.parametrize("say", [Say(late_s=3), Say(drip_s=0.1)])
def test_a_model_is_waited_for_no_longer_than_the_run_has(say: Say) -> None:
    started = time.monotonic()
    with model_server(say) as server:
        model = OpenAICompatible(base_url=f"{server.url}/v1", api_key="sk-test", model="m", timeout_s=30)
        with pytest.raises(ProviderFailure) as caught:
            model.draft(DraftTask(QUESTION, (), seconds=0.6))
        took = time.monotonic() - started
        model.close()
    assert (caught.value.reason, took < 2) == (Reason.TIMEOUT, True)
