"""Workers that die or stop at statements, commits and calls: nothing is lost, doubled or forked. The short form."""

import os
import random
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils.timezone import now
from pytest_django import Settings

from audit.models import Entry
from orchestration.engine import driver, lease
from orchestration.management.chaos import lives
from orchestration.management.chaos.judgement import judge
from orchestration.management.chaos.lives import History, Nursery
from orchestration.management.chaos.points import Countdown
from orchestration.management.stage import Stage
from orchestration.models import Run
from tests.conftest import leave
from tests.pipeline.asking import CASES, fresh

HAUNTED = 10.0  # seconds that the other worker gets while the first is stopped
POINTS = 6  # of each case; `manage.py soak` takes all


def length(stage: Stage, case: str) -> int:
    lives.measure(stage, CASES[case], f"first-{case}")
    return lives.measure(stage, CASES[case], f"second-{case}")


def breaches(tickets: Path) -> list[str]:
    return [str(breach) for breach in judge(tickets)]


def stopped(child: int) -> bool:
    """Wait until a life stops at its point; return False when it ended before."""
    _, status = os.waitpid(child, os.WUNTRACED)
    return os.WIFSTOPPED(status)


def haunt(nursery: Nursery, history: History, *, at: int) -> bool:
    """Stop a worker at a point past its lease, let another one end the run, and wake the first; tell if it stopped."""
    ghost = nursery.life(history, Countdown(at, by=signal.SIGSTOP))
    if not stopped(ghost):
        return False
    other = nursery.life(history, Countdown(None))
    ends = time.monotonic() + HAUNTED
    # One that stopped in the middle of a transaction keeps its locks: the other can only wait for it.
    while os.waitid(os.P_PID, other, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None and time.monotonic() < ends:
        time.sleep(0.02)
    os.kill(ghost, signal.SIGCONT)
    os.waitpid(ghost, 0)
    lives.ended(other, history)
    lives.ended(nursery.life(history, Countdown(None)), history)
    return True


@pytest.mark.parametrize("case", ["b", "c"])
def test_a_run_survives_deaths_at_any_statement_and_call(
    quick: Stage, tickets: Path, drawn: random.Random, case: str
) -> None:
    points = drawn.sample(range(1, length(quick, case)), POINTS)
    histories = [History(f"{case}-{point}", CASES[case], (point,)) for point in points]
    tally = lives.carry(lives.open_nursery(quick), histories)
    assert tally.deaths >= POINTS - 1  # threads: the last points of a life may come in one fewer
    assert breaches(tickets) == []


def test_a_run_survives_one_death_after_another(quick: Stage, tickets: Path, drawn: random.Random) -> None:
    longest = length(quick, "c")
    histories = [History(f"c-{n}", CASES["c"], tuple(drawn.sample(range(1, longest), 3))) for n in range(2)]
    assert lives.carry(lives.open_nursery(quick), histories).deaths >= 2
    assert breaches(tickets) == []


def test_a_worker_that_stopped_past_its_lease_does_no_harm(quick: Stage, tickets: Path, drawn: random.Random) -> None:
    points = drawn.sample(range(10, length(quick, "c") - 10), 4)
    nursery = lives.open_nursery(quick)
    stopped = [haunt(nursery, History(f"ghost-{at}", CASES["c"], ()), at=at) for at in points]
    assert any(stopped)
    assert breaches(tickets) == []


def test_every_life_passes_many_points(quick: Stage) -> None:
    assert length(quick, "c") > 100


def test_two_workers_for_one_run_do_its_work_once(nursery: Nursery, quick: Stage, tickets: Path) -> None:
    history = History("pair", CASES["c"], ())
    pair = [nursery.life(history, Countdown(None)) for _ in range(2)]
    for worker in pair:
        lives.ended(worker, history)
    lives.ended(nursery.life(history, Countdown(None)), history)
    assert breaches(tickets) == []


def test_a_message_that_comes_again_changes_nothing(done: Run, tickets: Path) -> None:
    before = Entry.objects.count()
    assert [driver.advance(done.pk) for _ in range(3)] == [driver.Ended.NOT_CLAIMED] * 3
    assert Entry.objects.count() == before
    assert breaches(tickets) == []


@pytest.mark.parametrize(("case", "parts"), [("b", (0.3, 0.5, 0.7)), ("c", (0.3, 0.85))])
def test_a_dead_workers_run_is_nobody_elses_until_its_lease_has_really_run_out(
    quick: Stage, tickets: Path, settings: Settings, case: str, parts: tuple[float, ...]
) -> None:
    longest = length(quick, case)
    settings.PROMETHEUS_LEASE_SECONDS = 1
    nursery = lives.open_nursery(quick)
    for part in parts:
        history = History(f"lease-{case}-{part}", CASES[case], (), patient=True)
        assert lives.ended(nursery.life(history, Countdown(int(longest * part))), history)
        left = Run.objects.get(idempotency_key=history.name)
        assert left.lease_until is not None
        assert (lease.claim(left.pk), fresh(left).token) == (None, left.token)
        assert now() < left.lease_until  # it was asked for in time
        time.sleep((left.lease_until - now()).total_seconds())
        leave()
        assert not lives.ended(nursery.life(history, Countdown(None)), history)
        assert (fresh(left).state, fresh(left).token > left.token) == ("COMPLETED", True)
        leave()
    assert breaches(tickets) == []


def test_a_dead_workers_run_is_found_within_its_lease_and_two_seconds(quick: Stage, settings: Settings) -> None:
    settings.PROMETHEUS_LEASE_SECONDS = 2
    middle = length(quick, "b") // 2
    nursery, history = lives.open_nursery(quick), History("dead", CASES["b"], ())
    assert lives.ended(nursery.life(history, Countdown(middle)), history)
    left = Run.objects.get(idempotency_key="dead").lease_until
    assert left is not None
    assert left - now() <= timedelta(seconds=2)
    assert settings.CELERY_BEAT_SCHEDULE["wake-due-runs"]["schedule"] <= 2
