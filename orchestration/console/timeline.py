"""The way of one run through the seven states, laid out as a drawing and as a list."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from audit.ledger import ReadEntry
from orchestration.console.wording import length
from orchestration.states import TERMINAL, RunState

WAY = (
    RunState.INITIALIZED,
    RunState.PROCESSING,
    RunState.GATING,
    RunState.DECISION,
    RunState.EXECUTION,
    RunState.LOGGING,
    RunState.COMPLETED,
)
WHAT = {
    RunState.INITIALIZED: "accepted",
    RunState.PROCESSING: "evidence, draft",
    RunState.GATING: "claims, votes",
    RunState.DECISION: "what becomes of it",
    RunState.EXECUTION: "act, compose",
    RunState.LOGGING: "seal the record",
    RunState.COMPLETED: "answered",
}
MOVES = {"run.advanced", "run.failed", "run.cancelled"}
LEFT, STEP, LINE = 70, 150, 44


class Mark(StrEnum):
    """How the drawing shows a state."""

    PASSED = "passed"
    HERE = "here"
    DONE = "done"
    SKIPPED = "skipped"
    AHEAD = "ahead"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Stop:
    """One state on the way. Lengths are in the drawing's own units."""

    state: str
    what: str
    mark: Mark
    x: int
    at: dt.datetime | None
    stayed: str
    times: int


@dataclass(frozen=True, slots=True)
class Leg:
    """The line from one stop to the next."""

    x1: int
    x2: int
    passed: bool


@dataclass(frozen=True, slots=True)
class Arc:
    """A way that is not the next state: back to PROCESSING, or past EXECUTION."""

    path: str
    label: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Timeline:
    stops: tuple[Stop, ...]
    legs: tuple[Leg, ...]
    arcs: tuple[Arc, ...]
    ended: str
    total: str
    width: int = LEFT * 2 + STEP * (len(WAY) - 1)
    line: int = LINE

    @property
    def top(self) -> int:
        """Return where the drawing begins: higher up where an arc needs room."""
        return 0 if self.arcs else LINE - 18

    @property
    def height(self) -> int:
        return LINE + 74 - self.top


@dataclass(frozen=True, slots=True)
class Move:
    before: str
    after: str
    at: dt.datetime


def moves_of(entries: Sequence[ReadEntry]) -> tuple[Move, ...]:
    """Return the changes of state that the ledger holds, in the order of time."""
    found = [
        Move(str(entry.data.get("before", "")), str(entry.data.get("after", "")), entry.at)
        for entry in entries
        if entry.type in MOVES
    ]
    return tuple(sorted(found, key=lambda move: move.at))


def draw(entries: Sequence[ReadEntry], *, state: str, created: dt.datetime, now: dt.datetime) -> Timeline:
    """Return the timeline of a run from its ledger entries.

    Args:
        state: where the run is now: the row is the truth, the entries say when it came there.
    """
    moves = moves_of(entries)
    entered = {RunState.INITIALIZED.value: [created]}
    left: dict[str, list[dt.datetime]] = {}
    for move in moves:
        entered.setdefault(move.after, []).append(move.at)
        left.setdefault(move.before, []).append(move.at)
    last = moves[-1] if moves else None
    stopped = last.before if last and state in {RunState.FAILED, RunState.CANCELLED} else ""
    stops = tuple(
        stop(name, n, state=state, stopped=stopped, entered=entered, left=left, now=now) for n, name in enumerate(WAY)
    )
    total = (last.at if last and state in TERMINAL else now) - created
    ended = state if state in {RunState.FAILED, RunState.CANCELLED} else ""
    return Timeline(stops, legs(stops, moves), arcs(moves), ended, length(total.total_seconds()))


def stop(
    name: RunState,
    n: int,
    *,
    state: str,
    stopped: str,
    entered: dict[str, list[dt.datetime]],
    left: dict[str, list[dt.datetime]],
    now: dt.datetime,
) -> Stop:
    came, went = entered.get(name, []), left.get(name, [])
    still = name == state and name not in TERMINAL
    ends = [*went, now] if still else went
    stayed = sum((end - begin).total_seconds() for begin, end in zip(came, ends, strict=False))
    return Stop(
        state=name.value,
        what=WHAT[name],
        mark=mark_of(name, state=state, stopped=stopped, came=bool(came), went=bool(went)),
        x=LEFT + STEP * n,
        at=came[-1] if came else None,
        stayed=length(stayed) if came and ends else "",
        times=len(came),
    )


def mark_of(name: RunState, *, state: str, stopped: str, came: bool, went: bool) -> Mark:
    if name == stopped:
        return Mark.BROKEN
    if name == state:
        return Mark.DONE if name in TERMINAL else Mark.HERE
    if came or went:
        return Mark.PASSED
    return Mark.SKIPPED if state in TERMINAL else Mark.AHEAD


def legs(stops: Sequence[Stop], moves: Sequence[Move]) -> tuple[Leg, ...]:
    taken = {(move.before, move.after) for move in moves}
    return tuple(Leg(a.x + 11, b.x - 11, (a.state, b.state) in taken) for a, b in pairwise(stops))


def arcs(moves: Sequence[Move]) -> tuple[Arc, ...]:
    """Return the ways off the line that were taken."""
    back = sum((m.before, m.after) == (RunState.GATING, RunState.PROCESSING) for m in moves)
    past = any((m.before, m.after) == (RunState.DECISION, RunState.LOGGING) for m in moves)
    found = []
    if back:
        found.append(arc(RunState.GATING, RunState.PROCESSING, f"revised {back}×"))
    if past:
        found.append(arc(RunState.DECISION, RunState.LOGGING, "refused"))
    return tuple(found)


def arc(begin: RunState, end: RunState, label: str) -> Arc:
    x1, x2 = (LEFT + STEP * WAY.index(name) for name in (begin, end))
    path = f"M{x1} {LINE - 12} C{x1} {LINE - 34} {x2} {LINE - 34} {x2} {LINE - 12}"
    return Arc(path, label, (x1 + x2) // 2, LINE - 33)
