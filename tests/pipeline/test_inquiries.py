"""Nobody knows whether an effect happened: the run waits for a person, and goes on with what the person found."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit import ledger
from audit.errors import Conflict, Invalid, NotAllowed
from orchestration import inquiring, runs, webhooks
from orchestration.engine import bench, driver
from orchestration.engine.inspection import Inspection
from orchestration.engine.toolcalls import Fault, Result, ToolFailure
from orchestration.engine.tools import ToolBridge
from orchestration.management.stage import Stage
from orchestration.models import Run
from orchestration.runs import ApprovalChanged, OwnRequest
from orchestration.states import InquiryState
from tests.pipeline.asking import fresh, submit
from tests.pipeline.noting import REASON, Notary, answered, asking, inquiry_of, noted, opened
from tests.pipeline.returning import plan, restored, types
from tests.pipeline.test_crash import killed, take_over

HAPPENED, TRY_AGAIN, GIVEN_UP = InquiryState.HAPPENED, InquiryState.TRY_AGAIN, InquiryState.GIVEN_UP


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "book.jsonl"


@pytest.fixture
def notary(quick: Stage, book: Path) -> Iterator[Notary]:
    yield opened(quick, book)
    bench.close()


def faults(run: Run) -> list[str]:
    return [str(fault) for fault in Inspection(run=run.pk).faults()] + [str(f) for f in ledger.check_chains()]


def test_a_server_that_dies_after_its_effect_leaves_a_question_and_a_run_that_waits(
    quick: Stage, notary: Notary
) -> None:
    run = noted(quick, "die after")
    asked = inquiry_of(run)
    assert (run.state, run.due_at, run.answer_sealed) == ("EXECUTION", None, None)
    assert (asked.action.state, asked.fault, asked.attempt) == ("UNKNOWN", "DIED", 1)
    assert asked.intended_at is not None
    assert asked.elapsed_us
    assert len(notary.notes()) == 1
    assert faults(run) == []


def test_a_run_that_waits_for_an_answer_is_driven_by_nobody(quick: Stage, notary: Notary) -> None:
    run = noted(quick, "die after")
    assert driver.advance(run.pk) is driver.Ended.NOT_CLAIMED
    assert (len(notary.notes()), run.inquiries.count()) == (1, 1)


def test_receivers_are_told_of_each_question(quick: Stage, notary: Notary) -> None:
    webhooks.keep("https://hooks.example.org/", ["run.escalated"], actor=quick.actors["ada"])
    run = noted(quick, "die always")
    assert [(told.event, told.state) for told in run.deliveries.all()] == [("run.escalated", "EXECUTION")]
    answered(quick, run, TRY_AGAIN)
    assert run.deliveries.count() == 2


def test_a_run_that_is_woken_without_an_answer_goes_on_waiting(quick: Stage, notary: Notary) -> None:
    run = noted(quick, "die after")
    Run.objects.filter(pk=run.pk).update(due_at=run.created_at)
    assert driver.advance(run.pk) is driver.Ended.WAITING
    assert (len(notary.notes()), run.inquiries.count(), faults(run)) == (1, 1, [])


def test_what_happened_is_done_and_the_run_goes_on(quick: Stage, notary: Notary) -> None:
    run = answered(quick, noted(quick, "die after"), HAPPENED, result='{"number": 1}')
    assert (run.state, run.decision, run.actions.get().state) == ("COMPLETED", "PUBLISH", "DONE")
    assert (len(notary.notes()), faults(run)) == (1, [])
    assert types(run).count("effect.answered") == 1


def test_what_did_not_happen_is_tried_again_with_a_new_intent_under_the_same_key(quick: Stage, notary: Notary) -> None:
    run = noted(quick, "die before")
    key = run.actions.get().idempotency_key
    assert notary.notes() == []
    run = answered(quick, run, TRY_AGAIN)
    action = run.actions.get()
    assert (run.state, action.state, action.attempt, action.idempotency_key) == ("COMPLETED", "DONE", 2, key)
    assert [note["key"] for note in notary.notes()] == [key]
    assert (types(run).count("effect.intended"), faults(run)) == (2, [])


def test_a_second_attempt_that_nobody_knows_of_is_a_second_question(quick: Stage, notary: Notary) -> None:
    run = answered(quick, noted(quick, "die always"), TRY_AGAIN)
    assert (run.state, run.due_at, inquiry_of(run).attempt) == ("EXECUTION", None, 2)
    run = answered(quick, run, GIVEN_UP)
    assert (run.state, faults(run)) == ("FAILED", [])


def test_what_is_given_up_fails_the_run_and_says_so(quick: Stage, notary: Notary) -> None:
    run = answered(quick, noted(quick, "die before"), GIVEN_UP)
    assert (run.state, run.reason, run.actions.get().state) == ("FAILED", "effect:notary/note:failed:DIED", "FAILED")
    assert (run.answer_sealed, faults(run)) == (None, [])


def test_what_was_given_up_may_be_tried_again_by_a_restore(quick: Stage, notary: Notary) -> None:
    run = answered(quick, noted(quick, "die before"), GIVEN_UP)
    restored(quick, run, "execute")
    driver.advance(run.pk)
    assert (fresh(run).state, len(notary.notes()), faults(run)) == ("COMPLETED", 1, [])


def test_a_worker_killed_between_intent_and_outcome_leaves_a_question(quick: Stage, notary: Notary) -> None:
    run = killed_after_intent(quick)
    take_over(run)
    assert (fresh(run).state, fresh(run).due_at, inquiry_of(run).fault) == ("EXECUTION", None, "CRASHED")
    run = answered(quick, run, TRY_AGAIN)
    assert (run.state, len(notary.notes()), faults(run)) == ("COMPLETED", 1, [])


def killed_after_intent(stage: Stage) -> Run:
    """Return a run whose worker died when the intent was durable, before the call."""
    for write in range(1, 16):
        run = submit(stage, asking("Kept."))
        assert killed(run, write=write, after=True)
        if run.actions.filter(state="INTENDED").exists():
            return run
    raise AssertionError("no worker came to an intent")


def cancelling(stage: Stage, monkeypatch: pytest.MonkeyPatch, *, lost: bool) -> None:
    """Let runs be cancelled while their call is under way; ``lost``: its answer does not come through either."""
    called = ToolBridge.call

    def cancelled_meanwhile(bridge: ToolBridge, *given: Any, **options: Any) -> Result:
        result = called(bridge, *given, **options)
        if options.get("idempotency_key"):  # which only effects have
            runs.cancel(Run.objects.get().pk, actor=stage.actors["grace"])
            if lost:
                raise ToolFailure(Fault.TIMEOUT, server="notary", sent=True)
        return result

    monkeypatch.setattr(ToolBridge, "call", cancelled_meanwhile)


def test_a_run_cancelled_while_its_call_is_under_way_leaves_a_question(
    quick: Stage, notary: Notary, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelling(quick, monkeypatch, lost=True)
    run = noted(quick, "Kept.")
    assert (run.state, inquiry_of(run).fault, len(notary.notes())) == ("CANCELLED", "CUT_OFF", 1)
    assert (answered(quick, run, HAPPENED).actions.get().state, faults(run)) == ("DONE", [])


def test_the_question_of_a_cancelled_run_is_answered_by_the_worker_that_still_learned_the_outcome(
    quick: Stage, notary: Notary, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelling(quick, monkeypatch, lost=False)
    run = noted(quick, "Kept.")
    asked = run.inquiries.get()
    assert (run.state, asked.fault, asked.state, asked.decided_by) == (
        "CANCELLED", "CUT_OFF", "HAPPENED", "worker:engine",
    )  # fmt: skip
    assert (run.actions.get().state, len(notary.notes()), faults(run)) == ("DONE", 1, [])


def test_an_idempotent_call_is_repeated_under_its_key_and_nobody_is_asked(quick: Stage, book: Path) -> None:
    notary = opened(quick, book, "idempotent")
    run = noted(quick, "die after")
    assert (run.state, run.actions.get().attempt, run.inquiries.count()) == ("COMPLETED", 2, 0)
    assert (len(notary.notes()), types(run).count("effect.repeated"), faults(run)) == (1, 1, [])


def test_a_repeat_that_cannot_be_sent_does_not_say_that_the_first_call_failed(
    quick: Stage, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notary, called, faults_to_come = opened(quick, book, "idempotent"), ToolBridge.call, [Fault.TIMEOUT]

    def answer_lost_then_away(bridge: ToolBridge, *given: Any, **options: Any) -> Result:
        if not options.get("idempotency_key"):
            return called(bridge, *given, **options)
        if faults_to_come:
            called(bridge, *given, **options)
            raise ToolFailure(faults_to_come.pop(), server="notary", sent=True)
        raise ToolFailure(Fault.UNREACHABLE, server="notary", sent=False)

    monkeypatch.setattr(ToolBridge, "call", answer_lost_then_away)
    run = noted(quick, "Kept.")
    assert (run.state, inquiry_of(run).fault, len(notary.notes())) == ("EXECUTION", "UNREACHABLE", 1)
    assert (run.actions.get().state, faults(run)) == ("UNKNOWN", [])


def test_an_idempotent_call_that_never_answers_is_put_to_a_person_after_three_attempts(
    quick: Stage, book: Path
) -> None:
    opened(quick, book, "idempotent")
    run = noted(quick, "die always")
    assert (run.state, inquiry_of(run).attempt, types(run).count("effect.repeated")) == ("EXECUTION", 3, 2)
    assert answered(quick, run, HAPPENED).state == "COMPLETED"
    assert faults(run) == []


def test_whoever_requested_the_run_does_not_answer(quick: Stage, notary: Notary) -> None:
    asked = inquiry_of(noted(quick, "die after"))
    requester = replace(quick.actors["grace"], scopes=quick.actors["alan"].scopes)
    with pytest.raises(OwnRequest):
        inquiring.answer(asked.pk, word=HAPPENED, reason=REASON, seen=asked.binding, actor=requester)


def test_whoever_may_not_decide_does_not_answer(quick: Stage, notary: Notary) -> None:
    asked = inquiry_of(noted(quick, "die after"))
    with pytest.raises(NotAllowed):
        inquiring.answer(asked.pk, word=HAPPENED, reason=REASON, seen=asked.binding, actor=quick.actors["grace"])


def test_what_was_not_seen_is_not_answered(quick: Stage, notary: Notary) -> None:
    asked = inquiry_of(noted(quick, "die after"))
    with pytest.raises(ApprovalChanged):
        inquiring.answer(asked.pk, word=HAPPENED, reason=REASON, seen="0" * 64, actor=quick.actors["alan"])


def test_an_answer_needs_its_reason(quick: Stage, notary: Notary) -> None:
    asked = inquiry_of(noted(quick, "die after"))
    with pytest.raises(Invalid, match="at least 10"):
        inquiring.answer(asked.pk, word=HAPPENED, reason="yes", seen=asked.binding, actor=quick.actors["alan"])


def test_only_what_happened_has_a_result(quick: Stage, notary: Notary) -> None:
    run = noted(quick, "die after")
    with pytest.raises(Invalid, match="only what happened has one"):
        answered(quick, run, GIVEN_UP, result="none")


def test_a_question_is_answered_once(quick: Stage, notary: Notary) -> None:
    asked = inquiry_of(run := noted(quick, "die after"))
    answered(quick, run, HAPPENED)
    with pytest.raises(Conflict, match="it was answered before"):
        inquiring.answer(asked.pk, word=GIVEN_UP, reason=REASON, seen=asked.binding, actor=quick.actors["alan"])


def test_a_question_outlives_its_cancelled_run_and_settles_the_effect_for_its_family(
    quick: Stage, notary: Notary
) -> None:
    run = noted(quick, "die after")
    runs.cancel(run.pk, actor=quick.actors["grace"])
    with pytest.raises(Conflict, match="nobody knows"):
        plan(quick, run, "execute")
    with pytest.raises(Conflict, match="nothing is tried again"):
        answered(quick, run, TRY_AGAIN)
    run = answered(quick, run, HAPPENED)
    assert (run.state, run.due_at, run.actions.get().state) == ("CANCELLED", None, "DONE")
    assert [effect.state for effect in plan(quick, run, "execute").done] == ["DONE"]
    assert faults(run) == []
