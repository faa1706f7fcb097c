"""The drawing of a run says where it was, where it is, and where it never came."""

import datetime as dt
from itertools import pairwise
from uuid import UUID

from audit.ledger import ReadEntry
from orchestration.console import timeline
from orchestration.console.timeline import Mark, Timeline

BEGAN = dt.datetime(2026, 11, 24, 12, 0, tzinfo=dt.UTC)
RUN = UUID(int=1)
HAPPY = ["INITIALIZED", "PROCESSING", "GATING", "DECISION", "EXECUTION", "LOGGING", "COMPLETED"]


def entry(before: str, after: str, second: int, type_: str = "run.advanced") -> ReadEntry:
    at = BEGAN + dt.timedelta(seconds=second)
    return ReadEntry(
        second, f"run:{RUN}", second, type_, "worker:engine", RUN, at, {"before": before, "after": after}, None
    )


def drawn(way: list[str], *, now: int = 60, last: str = "run.advanced") -> Timeline:
    """Return the drawing of a run that changed its state every ten seconds."""
    steps = list(pairwise(way))
    entries = [entry(a, b, 10 * n, last if n == len(steps) else "run.advanced") for n, (a, b) in enumerate(steps, 1)]
    moment = BEGAN + dt.timedelta(seconds=now)
    return timeline.draw(entries, state=way[-1], created=BEGAN, now=moment)


def marks(drawing: Timeline) -> dict[str, Mark]:
    return {stop.state: stop.mark for stop in drawing.stops}


def stayed(drawing: Timeline) -> dict[str, str]:
    return {stop.state: stop.stayed for stop in drawing.stops}


def test_a_completed_run_passed_every_state() -> None:
    drawing = drawn(HAPPY)
    assert set(marks(drawing).values()) == {Mark.PASSED, Mark.DONE}
    assert all(leg.passed for leg in drawing.legs)
    assert not drawing.arcs
    assert drawing.total == "1 minute"


def test_each_state_says_how_long_the_run_stayed() -> None:
    assert stayed(drawn(HAPPY))["GATING"] == "10 seconds"
    assert stayed(drawn(HAPPY))["COMPLETED"] == ""


def test_a_run_under_way_is_here_and_the_rest_is_ahead() -> None:
    drawing = drawn(HAPPY[:3], now=25)
    assert marks(drawing)["GATING"] is Mark.HERE
    assert marks(drawing)["DECISION"] is Mark.AHEAD
    assert stayed(drawing)["GATING"] == "5.0 s"


def test_a_new_run_is_at_its_beginning() -> None:
    drawing = timeline.draw([], state="INITIALIZED", created=BEGAN, now=BEGAN)
    assert marks(drawing)["INITIALIZED"] is Mark.HERE
    assert not any(leg.passed for leg in drawing.legs)


def test_a_refused_run_never_came_to_execution() -> None:
    drawing = drawn(["INITIALIZED", "PROCESSING", "GATING", "DECISION", "LOGGING", "COMPLETED"])
    assert marks(drawing)["EXECUTION"] is Mark.SKIPPED
    assert [arc.label for arc in drawing.arcs] == ["refused"]
    assert drawing.top == 0


def test_a_revised_run_went_back_and_its_times_add_up() -> None:
    drawing = drawn(["INITIALIZED", "PROCESSING", "GATING", "PROCESSING", "GATING", "DECISION"])
    assert [arc.label for arc in drawing.arcs] == ["revised 1×"]
    assert stayed(drawing)["PROCESSING"] == "20 seconds"
    assert {stop.state: stop.times for stop in drawing.stops}["GATING"] == 2


def test_a_failed_run_is_broken_where_it_failed() -> None:
    drawing = drawn(["INITIALIZED", "PROCESSING", "FAILED"], last="run.failed")
    assert marks(drawing)["PROCESSING"] is Mark.BROKEN
    assert marks(drawing)["COMPLETED"] is Mark.SKIPPED
    assert drawing.ended == "FAILED"


def test_other_entries_are_no_moves() -> None:
    assert timeline.moves_of([entry("", "", 1, "run.gated")]) == ()
