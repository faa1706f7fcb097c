"""Clocks that jump, and messages that are lost: a run is driven later, never twice and never not at all."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from django.db.models import F

from orchestration.engine import driver, lease
from orchestration.engine.driver import Ended
from orchestration.management.chaos.judgement import judge
from orchestration.management.stage import Stage
from orchestration.models import Run
from tests.orchestration.rows import in_line
from tests.pipeline.asking import CASES, fresh, submit

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("tickets")


def jump(by: timedelta) -> None:
    """Let the database's clock jump: every time that is compared with now() lies elsewhere."""
    Run.objects.update(lease_until=F("lease_until") - by, due_at=F("due_at") - by)


def leaping() -> Callable[[], float]:
    """Return a worker's clock that is a day further each time it is looked at."""
    ticks = count()
    return lambda: 86_400.0 * next(ticks)


def test_a_message_that_was_lost_is_made_up_for(quick: Stage) -> None:
    run = submit(quick, CASES["b"])
    assert in_line() == [run.pk]


def test_a_database_clock_that_jumps_ahead_ends_a_lease_and_fences_its_holder(quick: Stage, tickets: Path) -> None:
    run = submit(quick, CASES["b"])
    late = lease.claim(run.pk)
    assert late is not None
    jump(HOUR)
    assert driver.advance(run.pk) == Ended.DONE
    assert not lease.renew(late)
    assert list(judge(tickets)) == []


def test_a_database_clock_that_jumps_back_delays_a_run_and_loses_none(quick: Stage, tickets: Path) -> None:
    run = submit(quick, CASES["b"])
    jump(-HOUR)
    assert driver.advance(run.pk) == Ended.NOT_CLAIMED
    jump(HOUR)
    assert driver.advance(run.pk) == Ended.DONE
    assert list(judge(tickets)) == []


def test_a_worker_whose_clock_leaps_ends_its_slices_early_and_the_run_all_the_same(quick: Stage, tickets: Path) -> None:
    run = submit(quick, CASES["b"])
    slices = [driver.advance(run.pk, clock=leaping()) for _ in range(12)]
    assert slices[0] == Ended.SLICED
    assert fresh(run).state == "COMPLETED"
    assert list(judge(tickets)) == []
