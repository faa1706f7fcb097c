"""Runs that are driven through several lives: worker after worker dies at a point, the last one may live.

Each life is a process of its own, forked from one that has everything loaded and no connection and no thread, so that
a life costs a fork, a connection to the database and the work itself.
"""

import os
import random
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from django.db import connection

from audit.errors import Conflict
from orchestration import requests, runs
from orchestration.engine import bench, driver, pool
from orchestration.engine.bench import Parts
from orchestration.management.chaos.points import Countdown, watched
from orchestration.management.stage import Stage
from orchestration.models import Run
from orchestration.states import ApprovalState, Kind

ROUND_TRIP = 3  # deaths of one run at most: attempts without an end are counted, and five fail it


@dataclass(frozen=True, slots=True)
class History:
    """One run and where its workers die. ``name`` is its idempotency key, so that a life finds what another began.

    ``patient`` is a history whose lives find the dead worker's lease as it is; in others it has run out by then.
    """

    name: str
    case: Mapping[str, Any]
    deaths: tuple[int, ...]
    patient: bool = False


@dataclass(slots=True)
class Tally:
    """What was done: runs, deaths at a point, and points that lay behind the end of a life."""

    runs: int = 0
    deaths: int = 0
    beyond: int = 0

    def add(self, other: "Tally") -> None:
        self.runs += other.runs
        self.deaths += other.deaths
        self.beyond += other.beyond


class Broken(Exception):
    """A life ended by itself and not well: the drill is wrong, or the engine let something out."""


def part() -> None:
    """Close what must not cross a fork: sessions, pools, and connections of this process."""
    bench.close()
    connection.close()
    closing: Any = connection
    closing.close_pool()
    pool.close()


def submit(stage: Stage, history: History) -> Run:
    """Submit the run, or find it: what a client does that got no answer."""
    case = history.case
    body = {name: case[name] for name in ("question", "answer", "stakes") if name in case}
    body["actions"] = [told(action, history.name) for action in case.get("actions", [])]
    request = requests.parse(body, kind=Kind(case["kind"].upper()))
    return runs.submit(request, actor=stage.actors["grace"], idempotency_key=history.name).run


def told(action: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return an action with the run's name in its text, so that each run has a ticket of its own."""
    arguments = {**action["arguments"], "title": f"{action['arguments']['title']} ({name})"}
    return {"tool": f"desk/{action['tool']}", "arguments": arguments}


def live(stage: Stage, history: History) -> None:
    """Do everything that is left of a run: submit, drive, approve what waits, drive on."""
    run = submit(stage, history)
    if not history.patient:
        Run.objects.filter(pk=run.pk).update(lease_until=None)  # the dead worker's lease has run out
    driver.advance(run.pk)
    pending = run.approvals.filter(state=ApprovalState.PENDING.value)
    for approval in pending:
        with suppress(Conflict):  # a worker that lives beside this one was first
            runs.approve(approval.pk, actor=stage.actors["alan"], reason="Checked twice.", seen=approval.binding)
    driver.advance(run.pk)


@dataclass(frozen=True, slots=True)
class Nursery:
    """What every life takes over from the process that it is forked from."""

    stage: Stage
    parts: Parts
    engine: Any

    def life(self, history: History, countdown: Countdown) -> int:
        """Begin a life in a process forked here; return the process."""
        child = os.fork()
        if child == 0:
            self.begin(history, countdown)
        return child

    def begin(self, history: History, countdown: Countdown) -> NoReturn:
        """Live, in the child; it never returns."""
        try:
            setattr(driver, "parts", lambda: self.parts)  # noqa: B010 - this process is thrown away
            setattr(driver, "engine", lambda: self.engine)  # noqa: B010
            with watched(countdown):
                live(self.stage, history)
        except BaseException:  # noqa: BLE001 - the border of a process: nothing may return into the parent
            traceback.print_exc()
            os._exit(1)
        os._exit(0)


def open_nursery(stage: Stage) -> Nursery:
    """Make the parts of a process once (a bridge made before a fork works after it), then close what must not cross."""
    made = Nursery(stage, bench.parts(), driver.engine())
    part()
    return made


def ended(child: int, history: History) -> bool:
    """Wait for a life; return whether it was killed.

    Raises:
        Broken: it ended with an error of its own.
    """
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise Broken(f"run {history.name}: a life ended with an error; it stands on standard error")
    return os.WIFSIGNALED(status)


def carry(nursery: Nursery, histories: Iterable[History]) -> Tally:
    """Take each run through its deaths and one life more."""
    tally = Tally()
    for history in histories:
        tally.runs += 1
        for point in history.deaths:
            died = ended(nursery.life(history, Countdown(point)), history)
            tally.deaths += died
            tally.beyond += not died
        ended(nursery.life(history, Countdown(None)), history)
    return tally


def measure(stage: Stage, case: Mapping[str, Any], name: str) -> int:
    """Return how many points an undisturbed life of this case has."""
    seen = Countdown(None)
    with watched(seen):
        live(stage, History(name, case, ()))
    return seen.passed


def enumerate_all(cases: Mapping[str, Mapping[str, Any]], lengths: Mapping[str, int]) -> Iterator[History]:
    """Yield a run for every point of every case: each dies there once."""
    for name, case in cases.items():
        for point in range(1, lengths[name] + 1):
            yield History(f"{name}-{point}", case, (point,))


def drawn(
    cases: Mapping[str, Mapping[str, Any]], lengths: Mapping[str, int], *, seed: int, label: str
) -> Iterator[History]:
    """Yield runs without end that die several times, at points drawn by the seed."""
    source = random.Random(seed)  # noqa: S311 - a seed must give the same points
    number = 0
    while True:
        number += 1
        name = source.choice(sorted(cases))
        deaths = tuple(source.randint(1, lengths[name]) for _ in range(source.randint(1, ROUND_TRIP)))
        yield History(f"{label}-{number}-{name}", cases[name], deaths)
