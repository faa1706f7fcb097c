"""Runs that are driven through several lives: worker after worker dies at a point, the last one may live.

Each life is a process of its own, forked from one that has everything loaded and no connection and no thread, so that
a life costs a fork, a connection to the database and the work itself.
"""

import os
import random
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

from django.db import connection

from orchestration import requests, runs
from orchestration.engine import bench, driver, pool
from orchestration.engine.bench import Parts
from orchestration.management.chaos.points import Countdown, watched
from orchestration.management.stage import Stage
from orchestration.models import Run
from orchestration.states import ApprovalState, Kind

ROUND_TRIP = 3  # deaths of one run at most: attempts without an end are counted, and five fail it
FAR = 100_000  # a point that no life reaches


@dataclass(frozen=True, slots=True)
class History:
    """One run and where its workers die. ``name`` is its idempotency key, so that a life finds what another began."""

    name: str
    case: Mapping[str, Any]
    deaths: tuple[int, ...]


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


def part(stage: Stage) -> None:
    """Close what must not cross a fork: sessions, pools, and connections of this process."""
    bench.close()
    connection.close()
    closing: Any = connection
    closing.close_pool()
    pool.close()
    del stage


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
    Run.objects.filter(pk=run.pk).update(lease_until=None)  # the dead worker's lease has run out
    driver.advance(run.pk)
    pending = run.approvals.filter(state=ApprovalState.PENDING.value)
    for approval in pending:
        runs.approve(approval.pk, actor=stage.actors["alan"], reason="Checked twice.", seen=approval.binding)
    driver.advance(run.pk)


def warm() -> Parts:
    """Make the parts of a process once; lives take them over (a bridge made before a fork works after it)."""
    made = bench.parts()
    driver.engine()
    return made


def life(stage: Stage, history: History, dies_at: int | None, *, known: Parts, engine: Any) -> bool:  # noqa: ANN401
    """Return whether a life, in a process forked here, died at its point.

    Raises:
        Broken: it ended with an error of its own.
    """
    child = os.fork()
    if child == 0:
        begin(stage, history, dies_at, known=known, engine=engine)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise Broken(f"run {history.name}: a life with its death at {dies_at} ended with an error; see standard error")
    return os.WIFSIGNALED(status)


def begin(
    stage: Stage,
    history: History,
    dies_at: int | None,
    *,
    known: Parts,
    engine: Any,  # noqa: ANN401
) -> NoReturn:
    """Live, in the child; it never returns."""
    try:
        setattr(driver, "parts", lambda: known)  # noqa: B010 - this process is thrown away
        setattr(driver, "engine", lambda: engine)  # noqa: B010
        with watched(Countdown(dies_at)):
            live(stage, history)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def carry(stage: Stage, histories: Sequence[History]) -> Tally:
    """Take each run through its deaths and one life more."""
    known, engine = warm(), driver.engine()
    part(stage)
    tally = Tally()
    for history in histories:
        tally.runs += 1
        step = partial(life, stage, history, known=known, engine=engine)
        for point in history.deaths:
            died = step(point)
            tally.deaths += died
            tally.beyond += not died
        step(None)
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
