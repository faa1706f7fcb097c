"""A worker killed before or after any of its writes: another one takes the run to the same end."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from audit import ledger
from audit.models import Entry
from orchestration import runs
from orchestration.engine import bench, driver
from orchestration.engine.journal import Journal
from orchestration.management.stage import Stage
from orchestration.models import Checkpoint, Run
from tests.conftest import leave
from tests.pipeline.asking import CASES, ended, submit

WRITES = 16  # more than any demonstration request has


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def drive_and_die(run: Run, *, write: int, after: bool) -> NoReturn:
    """Drive the run in this process, which dies just before or just after its ``write``-th flush."""
    flush, done = Journal.flush, 0

    def counted(journal: Journal, *, barrier: bool = False) -> None:
        nonlocal done
        done += 1
        if done == write and not after:
            die()
        flush(journal, barrier=barrier)
        if done == write:
            die()

    setattr(Journal, "flush", counted)  # noqa: B010 - a method is replaced on purpose
    driver.advance(run.pk)
    os._exit(0)


def killed(run: Run, *, write: int, after: bool) -> bool:
    """Return whether a worker of its own, forked here, got as far as that write and died of it."""
    bench.close()
    leave()
    worker = os.fork()
    if worker == 0:
        drive_and_die(run, write=write, after=after)
    _, status = os.waitpid(worker, 0)
    return os.WIFSIGNALED(status)


def take_over(run: Run) -> None:
    """Let the dead worker's lease run out, and drive on."""
    Run.objects.filter(pk=run.pk).update(lease_until=None)
    driver.advance(run.pk)


def decide(stage: Stage, run: Run) -> None:
    for approval in run.approvals.filter(state="PENDING"):
        runs.approve(approval.pk, actor=stage.actors["alan"], reason="Checked twice.", seen=approval.binding)


def crashes(stage: Stage, case: str) -> Iterator[Run]:
    """Yield a run for each write of its engine and each side of it, taken over after the crash."""
    for write in range(1, WRITES):
        for after in (False, True):
            run = submit(stage, CASES[case])
            if not killed(run, write=write, after=after):
                return
            take_over(run)
            yield run


def forked(run: Run) -> bool:
    """Tell whether a checkpoint has two children."""
    parents = list(Checkpoint.objects.filter(thread=str(run.pk)).values_list("parent_id", flat=True))
    return len(parents) != len(set(parents))


def states(run: Run) -> list[str]:
    """Return the states that a run went through, as its entries tell them."""
    entries = Entry.objects.filter(run=run.pk, type="run.advanced").order_by("id")
    return [json.loads(bytes(entry.body))["data"]["after"] for entry in entries]


@pytest.mark.parametrize("case", CASES)
def test_a_run_survives_a_kill_at_every_write_and_passes_the_same_states(quick: Stage, case: str) -> None:
    reference = submit(quick, CASES[case])
    driver.advance(reference.pk)
    survived = list(crashes(quick, case))
    assert len(survived) >= 8
    assert {ended(run) for run in survived} == {ended(reference)}
    assert {tuple(states(run)) for run in survived} == {tuple(states(reference))}
    assert [run.pk for run in survived if forked(run)] == []
    assert list(ledger.check_chains()) == []


def test_an_effect_happens_once_although_workers_die_around_it(quick: Stage, tickets: Path) -> None:
    for write in range(1, WRITES):
        run = submit(quick, CASES["c"])
        driver.advance(run.pk)
        decide(quick, run)
        tickets.unlink(missing_ok=True)
        got_there = killed(run, write=write, after=write % 2 == 0)
        take_over(run)
        assert ended(run).actions == ("DONE",)
        assert len(tickets.read_text().splitlines()) == 1
        if not got_there:
            break
    assert write >= 4
