"""Who is next: stakes before waiting time, workspaces in turn, and no more runs of one workspace than it may have."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils.timezone import now
from pytest_django import Settings

from audit.models import Workspace
from audit.roles import Role
from orchestration import priority, runs
from orchestration.engine import driver, lease
from orchestration.engine.driver import Ended
from orchestration.engine.lease import Lease
from orchestration.models import Run
from tests.conftest import Person, person
from tests.orchestration.rows import fresh, in_line, submitted

pytestmark = pytest.mark.usefixtures("committed")

AGEING = 30


@pytest.fixture(autouse=True)
def _ageing(settings: Settings) -> None:
    settings.PROMETHEUS_AGEING_SECONDS = AGEING
    settings.PROMETHEUS_WORKSPACE_RUNS = 0


def waiting(who: Person, stakes: str, *, seconds: float = 0) -> Run:
    run = submitted(who.actor, stakes=stakes)
    Run.objects.filter(pk=run.pk).update(due_at=now() - timedelta(seconds=seconds))
    return run


def allow(workspace: Workspace, count: int) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(max_active_runs=count)


def claimed(run: Run) -> Lease:
    found = lease.claim(run.pk)
    assert found is not None
    return found


def ids(*chosen: Run) -> list[object]:
    return [run.pk for run in chosen]


def test_high_stakes_go_before_medium_and_those_before_low(grace: Person) -> None:
    low, medium, high = (waiting(grace, stakes) for stakes in ("LOW", "MEDIUM", "HIGH"))
    assert in_line() == ids(high, medium, low)


def test_of_equal_stakes_the_one_that_waits_longest_goes_first(grace: Person) -> None:
    late, early = waiting(grace, "LOW"), waiting(grace, "LOW", seconds=5)
    assert in_line() == ids(early, late)


def test_a_run_of_low_stakes_that_has_waited_long_goes_before_new_ones_of_high_stakes(grace: Person) -> None:
    aged = waiting(grace, "LOW", seconds=2 * AGEING + 5)
    high = waiting(grace, "HIGH")
    assert in_line() == ids(aged, high)


@pytest.mark.parametrize(("waited", "level"), [(0, 6), (AGEING, 4), (2 * AGEING, 2), (100 * AGEING, 2)])
def test_a_wake_up_rises_with_the_time_its_run_has_waited(waited: float, level: int) -> None:
    assert priority.level("LOW", waited=waited, ageing=AGEING) == level


def test_a_single_run_overtakes_those_of_a_batch_with_the_same_stakes_only() -> None:
    alone, together = priority.level("MEDIUM"), priority.level("MEDIUM", together=True)
    assert priority.level("HIGH", together=True) < alone < together < priority.level("LOW")


def test_every_level_has_a_line_of_its_own_behind_the_sites_own_work() -> None:
    levels = {priority.level(stakes, together=batch) for stakes in priority.RANKS for batch in (True, False)}
    assert sorted({priority.HOUSEKEEPING, priority.FIRST, *levels}) == list(range(priority.LEVELS))


def test_workspaces_take_turns(grace: Person, mallory: Person) -> None:
    many = [waiting(grace, "HIGH", seconds=60 - n) for n in range(4)]
    few = [waiting(mallory, "LOW"), waiting(mallory, "LOW")]
    assert in_line() == ids(many[0], few[0], many[1], few[1], many[2], many[3])


def test_runs_under_way_count_as_turns(grace: Person, mallory: Person) -> None:
    claimed(waiting(grace, "HIGH"))
    second = waiting(grace, "HIGH", seconds=10)
    first_of_another = waiting(mallory, "LOW")
    found = lease.in_line()
    assert [one.run for one in found] == ids(first_of_another, second)
    assert found[0].level == priority.FIRST < found[1].level


def test_no_workspace_is_left_out_for_ever_where_there_are_more_than_one_look_takes(grace: Person) -> None:
    people = [grace, *(person(f"p{n}", Workspace.objects.create(slug=f"w{n}"), Role.REVIEWER) for n in range(4))]
    everyone = {waiting(who, "LOW").pk for who in people}
    assert all(len(in_line(limit=2)) == 2 for _ in range(3))
    seen = {run for _ in range(60) for run in in_line(limit=2)}
    assert seen == everyone


def test_a_workspace_has_no_more_runs_under_way_than_it_may(grace: Person, workspace: Workspace) -> None:
    allow(workspace, 2)
    first, second, third = (waiting(grace, "LOW") for _ in range(3))
    claimed(first)
    held = claimed(second)
    assert lease.claim(third.pk) is None
    lease.release(held)
    assert lease.claim(third.pk) is not None


def test_without_a_number_of_its_own_a_workspace_has_the_sites(grace: Person, settings: Settings) -> None:
    settings.PROMETHEUS_WORKSPACE_RUNS = 1
    first, second = waiting(grace, "LOW"), waiting(grace, "LOW")
    claimed(first)
    assert lease.claim(second.pk) is None


def test_a_full_workspace_keeps_no_other_waiting(grace: Person, mallory: Person, workspace: Workspace) -> None:
    allow(workspace, 1)
    claimed(waiting(grace, "HIGH"))
    held_up, elsewhere = waiting(grace, "HIGH"), waiting(mallory, "LOW")
    assert in_line() == ids(elsewhere)
    assert (lease.claim(held_up.pk), lease.claim(elsewhere.pk) is None) == (None, False)


def test_a_lease_that_ran_out_holds_no_place(grace: Person, workspace: Workspace) -> None:
    allow(workspace, 1)
    dead, waits = waiting(grace, "LOW"), waiting(grace, "LOW")
    claimed(dead)
    Run.objects.filter(pk=dead.pk).update(lease_until=now() - timedelta(seconds=1))
    assert lease.claim(waits.pk) is not None


def test_the_limit_holds_however_many_workers_claim_at_once(grace: Person, workspace: Workspace) -> None:
    allow(workspace, 3)
    due = [waiting(grace, "LOW").pk for _ in range(24)]
    with ThreadPoolExecutor(8) as workers:
        found = list(workers.map(lease.claim, due))
    assert sum(one is not None for one in found) == 3


def test_who_leaves_a_full_workspace_names_the_next_in_its_line(grace: Person, workspace: Workspace) -> None:
    allow(workspace, 1)
    held = claimed(waiting(grace, "LOW"))
    waiting(grace, "LOW", seconds=5)
    high = waiting(grace, "HIGH")
    following = lease.release(held)
    assert following is not None
    assert (following.run, following.level) == (high.pk, priority.level("HIGH"))


def test_who_leaves_a_workspace_with_room_names_nobody(grace: Person, workspace: Workspace) -> None:
    allow(workspace, 2)
    held = claimed(waiting(grace, "LOW"))
    waiting(grace, "LOW")
    assert lease.release(held) is None


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return the runs that are woken, in their order; no message is sent."""
    found: list[object] = []
    monkeypatch.setattr(runs, "wake", lambda run_id, **_: found.append(run_id))
    return found


def test_the_end_of_a_slice_wakes_who_waited_for_the_place(
    grace: Person, workspace: Workspace, woken: list[object]
) -> None:
    allow(workspace, 1)
    first, second = waiting(grace, "HIGH"), waiting(grace, "LOW")
    woken.clear()
    driver.advance(first.pk)
    assert woken == ids(second)


def test_a_backlog_is_worked_off_by_stakes_and_nobody_starves(grace: Person, workspace: Workspace) -> None:
    allow(workspace, 1)
    aged = waiting(grace, "LOW", seconds=3 * AGEING)
    backlog = [waiting(grace, stakes) for stakes in ("LOW", "MEDIUM", "HIGH", "LOW", "HIGH", "MEDIUM")]
    started: list[UUID] = []
    while due := in_line(limit=1):
        started.append(due[0])
        driver.advance(due[0])
    order = {"HIGH": 0, "MEDIUM": 1, "LOW": 2}
    assert started == ids(aged, *sorted(backlog, key=lambda run: order[run.stakes]))


@pytest.mark.parametrize("end", [runs.cancel, lambda run_id, *, actor: runs.fail(run_id, actor=actor, reason="no")])
def test_a_run_that_was_ended_meanwhile_frees_its_place(
    grace: Person, workspace: Workspace, end: Callable[..., object]
) -> None:
    allow(workspace, 1)
    run, waits = waiting(grace, "LOW"), waiting(grace, "LOW")
    held = claimed(run)
    end(run.pk, actor=grace.actor)
    assert driver.let_go(held, Ended.STALE) is Ended.STALE
    assert fresh(run).lease_until is None
    assert lease.claim(waits.pk) is not None
