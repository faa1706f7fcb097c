"""Who drives a run: one worker at a time, and no longer than its lease."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils.timezone import now
from pytest_django import Settings

from audit.ids import new_id
from orchestration.engine import lease
from orchestration.engine.lease import Heartbeat, Lease
from orchestration.models import Run
from orchestration.states import TERMINAL, RunState
from tests.conftest import Person
from tests.orchestration.rows import bring, fresh, in_line, submitted

pytestmark = pytest.mark.usefixtures("committed")


def claimed(run: Run) -> Lease:
    found = lease.claim(run.pk)
    assert found is not None
    return found


def run_out(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(lease_until=now() - timedelta(seconds=1))


def test_a_due_run_is_claimed_once(grace: Person) -> None:
    run = submitted(grace.actor)
    assert claimed(run) == Lease(run.pk, 1, 1)
    assert lease.claim(run.pk) is None


def test_of_many_workers_one_claims(grace: Person) -> None:
    run = submitted(grace.actor)
    with ThreadPoolExecutor(8) as workers:
        found = list(workers.map(lease.claim, [run.pk] * 16))
    assert sum(one is not None for one in found) == 1


def test_a_run_that_is_not_there_is_not_claimed() -> None:
    assert lease.claim(new_id()) is None


def test_a_run_that_waits_for_people_is_not_claimed(grace: Person) -> None:
    run = bring(submitted(grace.actor), RunState.DECISION, due_at=None)
    assert lease.claim(run.pk) is None


def test_a_run_that_is_due_later_is_not_claimed(grace: Person) -> None:
    run = submitted(grace.actor)
    Run.objects.filter(pk=run.pk).update(due_at=now() + timedelta(minutes=1))
    assert lease.claim(run.pk) is None


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_an_ended_run_is_not_claimed(grace: Person, state: RunState) -> None:
    run = bring(submitted(grace.actor), state)
    assert lease.claim(run.pk) is None


def test_a_run_that_somebody_holds_locked_is_skipped_at_once(grace: Person) -> None:
    run = submitted(grace.actor)
    with transaction.atomic():
        Run.objects.select_for_update().get(pk=run.pk)
        started = time.monotonic()
        assert lease.claim(run.pk) is None
        assert time.monotonic() - started < 2


def test_the_next_worker_takes_over_with_a_higher_token(grace: Person) -> None:
    run = submitted(grace.actor)
    first = claimed(run)
    run_out(run)
    second = claimed(run)
    assert (second.token, second.attempt) == (first.token + 1, 2)


def test_a_lease_is_renewed_by_its_holder_only(grace: Person) -> None:
    run = submitted(grace.actor)
    first = claimed(run)
    run_out(run)
    second = claimed(run)
    assert not lease.renew(first)
    assert lease.renew(second)


def test_renewing_moves_the_end_and_not_the_version(grace: Person) -> None:
    run = submitted(grace.actor)
    held = claimed(run)
    before = fresh(run)
    assert lease.renew(held)
    after = fresh(run)
    assert before.lease_until is not None
    assert after.lease_until is not None
    assert (after.lease_until > before.lease_until, after.version) == (True, before.version)


def test_a_released_run_can_be_claimed_and_counts_from_one_again(grace: Person) -> None:
    run = submitted(grace.actor)
    lease.release(claimed(run))
    assert claimed(run) == Lease(run.pk, 2, 1)


def test_a_late_release_does_not_touch_the_next_holder(grace: Person) -> None:
    run = submitted(grace.actor)
    first = claimed(run)
    run_out(run)
    claimed(run)
    lease.release(first)
    assert fresh(run).lease_until is not None


def test_the_token_only_grows(grace: Person) -> None:
    run = submitted(grace.actor)
    tokens = []
    for _ in range(4):
        held = claimed(run)
        tokens.append(held.token)
        lease.release(held)
    assert tokens == [1, 2, 3, 4]


def test_due_names_what_waits_longest_first(grace: Person) -> None:
    late, early, driven, held_up = (submitted(grace.actor) for _ in range(4))
    Run.objects.filter(pk=early.pk).update(due_at=now() - timedelta(hours=1))
    claimed(driven)
    bring(held_up, RunState.DECISION, due_at=None)
    assert in_line() == [early.pk, late.pk]
    assert in_line(limit=1) == [early.pk]


def test_due_names_a_run_whose_worker_died(grace: Person) -> None:
    run = submitted(grace.actor)
    claimed(run)
    assert in_line() == []
    run_out(run)
    assert in_line() == [run.pk]


def test_a_heartbeat_keeps_the_lease_beyond_its_length(grace: Person, settings: Settings) -> None:
    settings.PROMETHEUS_LEASE_SECONDS = 0.6
    run = submitted(grace.actor)
    with Heartbeat(claimed(run)) as heartbeat:
        time.sleep(1.2)
        assert lease.claim(run.pk) is None
    assert not heartbeat.lost.is_set()


def test_a_heartbeat_notices_that_the_lease_is_lost(grace: Person, settings: Settings) -> None:
    run = submitted(grace.actor)
    held = claimed(run)
    settings.PROMETHEUS_LEASE_SECONDS = 0.3
    with Heartbeat(held) as heartbeat:
        run_out(run)
        Run.objects.filter(pk=run.pk).update(token=held.token + 1)
        assert heartbeat.lost.wait(3)


def test_a_heartbeat_outlives_an_error_of_the_database(settings: Settings) -> None:
    settings.PROMETHEUS_LEASE_SECONDS = 0.15
    with Heartbeat(Lease("no uuid", 1, 1)) as heartbeat:  # type: ignore[arg-type]
        time.sleep(0.4)
        assert heartbeat.thread.is_alive()
    assert not heartbeat.thread.is_alive()
