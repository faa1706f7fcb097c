"""Whoever ends a run ends the call it is in, and no effect is lost from the record."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from audit import ledger
from audit.actors import SYSTEM
from audit.models import Entry
from guardians.toolrisk import Tier
from orchestration import outcomes, runs
from orchestration.engine import draining, driver, lease
from orchestration.engine.driver import Ended
from orchestration.engine.toolcalls import Fault, ServerAddress, ToolFailure, Transport
from orchestration.engine.tools import ToolBridge
from orchestration.management.stage import Stage
from orchestration.models import Action, Run, Tool, ToolServer
from orchestration.outcomes import Learned
from orchestration.states import ActionState
from tests.orchestration.rows import in_line
from tests.pipeline.asking import fresh, submit
from tests.pipeline.test_faults import FAULTY, QUESTION, register

SECOND = 1.5  # what "about a second" means here


@pytest.fixture
def driving() -> Iterator[Callable[[Run], Future[Ended]]]:
    """Drive a run on a thread of its own, as a worker would."""
    with ThreadPoolExecutor(1) as worker:
        yield lambda run: worker.submit(drive, run)


def drive(run: Run) -> Ended:
    try:
        return driver.advance(run.pk)
    finally:
        connection.close()


@pytest.fixture
def shutdown() -> Iterator[Callable[[], None]]:
    yield draining.begin
    draining.reset()


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


def noting(stage: Stage, notes: Path, *, mode: str = "") -> ToolServer:
    """Register a server that notes its calls, and what it is told about them, in a file."""
    return register(stage, f"noting:{notes}{mode}", tier=Tier.WRITE_LIMITED, seconds=30)


def said(notes: Path) -> list[str]:
    return notes.read_text().split() if notes.exists() else []


def acting(stage: Stage) -> Run:
    return submit(stage, {**QUESTION, "actions": [{"tool": "poor/wait", "arguments": {"text": "Look."}}]})


def control(run: Run) -> list[str]:
    return list(Entry.objects.filter(chain=f"control:{run.pk}").order_by("seq").values_list("type", flat=True))


def test_the_server_is_told_that_a_call_was_broken_off(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    address = ServerAddress("poor", Transport.STDIO, (sys.executable, "-S", str(FAULTY), f"noting:{notes}"))
    stop = threading.Event()
    with ToolBridge() as bridge, ThreadPoolExecutor(1) as caller:
        call = caller.submit(bridge.call, address, "wait", {}, timeout_s=30, stopped=stop.is_set)
        until(lambda: said(notes) == ["wait"])
        stop.set()
        failure = call.exception(timeout=5)
        until(lambda: said(notes) == ["wait", "cancelled"])
    assert isinstance(failure, ToolFailure)
    assert (failure.fault, failure.sent) == (Fault.STOPPED, True)


def test_a_call_that_was_not_sent_says_so(tmp_path: Path) -> None:
    address = ServerAddress("poor", Transport.STDIO, (sys.executable, "-S", str(FAULTY), "deaf"))
    with ToolBridge() as bridge, pytest.raises(ToolFailure) as caught:
        bridge.call(address, "wait", {}, timeout_s=30, stopped=lambda: True)
    assert (caught.value.fault, caught.value.sent) == (Fault.STOPPED, False)


def test_cancelling_a_run_ends_its_search_within_about_a_second(
    quick: Stage, driving: Callable[[Run], Future[Ended]]
) -> None:
    register(quick, "search:hang", tier=Tier.READ_ONLY, seconds=30)
    run = submit(quick, QUESTION)
    slice_ = driving(run)
    until(lambda: fresh(run).attempt == 1)
    time.sleep(1)
    started = time.monotonic()
    runs.cancel(run.pk, actor=quick.actors["grace"])
    assert slice_.result(timeout=20) is Ended.STALE
    assert time.monotonic() - started < SECOND
    assert (fresh(run).state, fresh(run).lease_until, run.tool_calls.count()) == ("CANCELLED", None, 0)


def test_an_effect_whose_run_is_cancelled_is_unknown_and_its_server_is_told(
    quick: Stage, driving: Callable[[Run], Future[Ended]], tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    noting(quick, notes)
    run = acting(quick)
    slice_ = driving(run)
    until(lambda: said(notes) == ["wait"])
    started = time.monotonic()
    runs.cancel(run.pk, actor=quick.actors["grace"])
    assert run.actions.get().state == "UNKNOWN"  # at once: should the worker die now, it stays on record
    assert slice_.result(timeout=20) is Ended.STALE
    assert time.monotonic() - started < SECOND
    assert (run.actions.get().state, run.actions.get().fault) == ("UNKNOWN", "CUT_OFF")
    assert control(run) == ["effect.unknown", "run.cancelled", "effect.learned"]
    assert run.inquiries.get().state == "OPEN"
    assert list(ledger.check_chains()) == []


def test_a_result_that_comes_after_the_run_was_cancelled_is_on_record(quick: Stage, tmp_path: Path) -> None:
    noting(quick, tmp_path / "notes")
    action = intended(quick)
    runs.cancel(action.run_id, actor=quick.actors["grace"])
    outcomes.record_late(action.pk, Learned(ActionState.DONE, result="c" * 64), actor=SYSTEM)
    assert Action.objects.get(pk=action.pk).state == "DONE"
    assert action.inquiries.get().state == "HAPPENED"
    assert control(action.run) == ["effect.unknown", "run.cancelled", "effect.answered"]


def test_where_another_worker_drives_the_run_a_late_outcome_is_an_entry_only(quick: Stage, tmp_path: Path) -> None:
    noting(quick, tmp_path / "notes")
    action = intended(quick)
    outcomes.record_late(action.pk, Learned(ActionState.FAILED, "NOT_SENT"), actor=SYSTEM)
    assert Action.objects.get(pk=action.pk).state == "INTENDED"
    assert control(action.run) == ["effect.learned"]


def intended(stage: Stage) -> Action:
    """Return an action whose worker is in the middle of its call."""
    tool = Tool.objects.get(server__name="poor", name="wait")
    run = submit(stage, QUESTION)
    action = Action.objects.create(
        run=run, tool=tool, ordinal=0, tier=1, arguments_sealed=b"", idempotency_key=str(run.pk)
    )
    Action.objects.filter(pk=action.pk).update(state="INTENDED")
    return Action.objects.get(pk=action.pk)


def test_a_shutdown_lets_a_search_be_done_again_by_the_next_worker(
    quick: Stage, driving: Callable[[Run], Future[Ended]], shutdown: Callable[[], None]
) -> None:
    register(quick, "search:hang", tier=Tier.READ_ONLY, seconds=30)
    run = submit(quick, QUESTION)
    slice_ = driving(run)
    until(lambda: fresh(run).attempt == 1)
    time.sleep(1)
    shutdown()
    assert slice_.result(timeout=6) is Ended.SLICED
    assert (fresh(run).state, fresh(run).lease_until, fresh(run).attempt) == ("PROCESSING", None, 0)
    assert run.tool_calls.count() == 0


@pytest.mark.parametrize(
    ("idempotent", "state", "end"), [(True, "INTENDED", Ended.SLICED), (False, "UNKNOWN", Ended.WAITING)]
)
def test_a_shutdown_leaves_an_effect_that_was_sent_to_be_repeated_only_where_that_is_harmless(
    quick: Stage,
    driving: Callable[[Run], Future[Ended]],
    shutdown: Callable[[], None],
    tmp_path: Path,
    *,
    idempotent: bool,
    state: str,
    end: Ended,
) -> None:
    notes = tmp_path / "notes"
    noting(quick, notes, mode=":idempotent" if idempotent else "")
    run = acting(quick)
    slice_ = driving(run)
    until(lambda: said(notes) == ["wait"])
    shutdown()
    assert slice_.result(timeout=8) is end
    assert run.actions.get().state == state


def test_a_worker_that_is_shut_down_begins_nothing(quick: Stage, shutdown: Callable[[], None]) -> None:
    run = submit(quick, QUESTION)
    shutdown()
    assert driver.advance(run.pk) is Ended.NOT_CLAIMED
    assert in_line() == [run.pk]


def test_a_shutdown_hands_over_a_run_whose_step_does_not_end(
    quick: Stage, shutdown: Callable[[], None], settings: Settings
) -> None:
    settings.PROMETHEUS_DRAIN_SECONDS = 0
    run = submit(quick, QUESTION)
    held = lease.claim(run.pk)
    assert held is not None
    with lease.Heartbeat(held) as heartbeat:
        shutdown()
        assert heartbeat.handed_over.wait(3)
    assert fresh(run).token == held.token + 1
    assert not lease.holds(held)
