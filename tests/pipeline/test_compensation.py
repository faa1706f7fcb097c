"""A later call failed for good: what was done before is undone, last first, where people registered and allow it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from audit import ledger
from guardians.toolrisk import Tier
from orchestration import runs
from orchestration.engine import bench, driver
from orchestration.engine.inspection import Inspection
from orchestration.management.stage import Stage
from orchestration.models import Action, Run
from orchestration.states import InquiryState, RestoreKind
from tests.pipeline.asking import fresh
from tests.pipeline.noting import REASON, Notary, allowed, answered, noted, opened
from tests.pipeline.returning import fork_of, plan, types
from tests.pipeline.test_crash import killed, take_over


@pytest.fixture
def notary(quick: Stage, tmp_path: Path) -> Iterator[Notary]:
    found = opened(quick, tmp_path / "book.jsonl")
    found.compensate()
    yield found
    bench.close()


def faults(run: Run) -> list[str]:
    return [str(fault) for fault in Inspection(run=run.pk).faults()] + [str(f) for f in ledger.check_chains()]


def states(run: Run) -> list[str]:
    return [f"{action.kind}:{action.state}" for action in run.actions.order_by("ordinal")]


def struck(notary: Notary) -> list[int]:
    return [note["number"] for note in notary.notes() if note["tool"] == "strike"]


def test_people_are_asked_before_anything_is_undone(quick: Stage, notary: Notary) -> None:
    run = noted(quick, "one", "two", "refuse")
    asked = run.approvals.get()
    assert (run.state, run.due_at, asked.kind, asked.state) == ("EXECUTION", None, "COMPENSATION", "PENDING")
    assert asked.reasons == ["undo:notary/note", "undo:notary/note"]
    assert (struck(notary), faults(run)) == ([], [])


def test_what_was_done_is_undone_in_reverse_and_the_run_fails_and_says_so(quick: Stage, notary: Notary) -> None:
    run = allowed(quick, noted(quick, "one", "two", "refuse"))
    assert struck(notary) == [2, 1]
    assert run.state == "FAILED"
    assert run.reason == "effect:notary/note:failed:TOOL_ERROR; compensated: notary/note, notary/note"
    assert states(run) == ["EFFECT:UNDONE", "EFFECT:UNDONE", "EFFECT:FAILED"] + ["COMPENSATION:DONE"] * 2
    assert (types(run).count("effect.undone"), faults(run)) == (2, [])


def test_what_people_reject_is_not_undone(quick: Stage, notary: Notary) -> None:
    run = noted(quick, "one", "refuse")
    asked = run.approvals.get()
    runs.reject(asked.pk, actor=quick.actors["alan"], reason=REASON, seen=asked.binding)
    driver.advance(run.pk)
    assert fresh(run).reason.endswith("; not undone: notary/note (approval rejected)")
    assert (struck(notary), states(run)[0], faults(run)) == ([], "EFFECT:DONE", [])


def test_without_a_registration_the_failure_says_what_stays(quick: Stage, tmp_path: Path) -> None:
    opened(quick, tmp_path / "book.jsonl")
    run = noted(quick, "one", "refuse")
    assert (run.state, run.approvals.count()) == ("FAILED", 0)
    assert run.reason.endswith("; not undone: notary/note (no compensation is registered)")


def test_where_nothing_was_done_there_is_nothing_to_undo(quick: Stage, notary: Notary) -> None:
    run = noted(quick, "refuse", "never")
    assert (run.state, run.reason) == ("FAILED", "effect:notary/note:failed:TOOL_ERROR")


def test_what_a_person_gives_up_undoes_what_was_done_before(quick: Stage, notary: Notary) -> None:
    run = answered(quick, noted(quick, "one", "die before"), InquiryState.GIVEN_UP)
    run = allowed(quick, run)
    assert (run.state, struck(notary), faults(run)) == ("FAILED", [1], [])


def test_a_compensating_tool_that_changed_since_it_was_allowed_is_not_called(quick: Stage, notary: Notary) -> None:
    run = noted(quick, "one", "refuse")
    notary.approve(Tier.DELETE)
    run = allowed(quick, run)
    assert run.reason.endswith("(approval void: tool:notary/strike:tier)")
    assert (run.approvals.get().state, struck(notary), faults(run)) == ("VOID", [], [])


def test_other_arguments_than_were_allowed_are_not_sent(quick: Stage, notary: Notary) -> None:
    run = noted(quick, "one", "refuse")
    Action.objects.filter(run=run, kind="COMPENSATION").update(definition_hash="0" * 64)
    run = allowed(quick, run)
    assert (run.approvals.get().state, run.approvals.get().changed[0]) == ("VOID", "arguments")
    assert struck(notary) == []


def test_a_worker_killed_while_it_undoes_leaves_a_question_and_undoes_nothing_twice(
    quick: Stage, notary: Notary
) -> None:
    run = noted(quick, "one", "refuse")
    asked = run.approvals.get()
    runs.approve(asked.pk, actor=quick.actors["alan"], reason=REASON, seen=asked.binding)
    assert killed(run, write=2, after=True)
    take_over(run)
    assert (states(run)[-1], struck(notary)) == ("COMPENSATION:UNKNOWN", [])
    run = answered(quick, run, InquiryState.HAPPENED)
    assert states(run) == ["EFFECT:UNDONE", "EFFECT:FAILED", "COMPENSATION:DONE"]
    assert run.reason == "effect:notary/note:failed:TOOL_ERROR; compensated: notary/note"
    assert (struck(notary), faults(run)) == ([], [])


def test_a_run_whose_effects_were_undone_does_not_go_on_but_a_fork_may_do_them_again(
    quick: Stage, notary: Notary
) -> None:
    run = allowed(quick, noted(quick, "one", "refuse once"))
    assert plan(quick, run, "execute").kind == RestoreKind.FORK
    fork = fork_of(quick, run, "gate")
    assert (fork.state, [a.state for a in fork.actions.order_by("ordinal")]) == ("COMPLETED", ["DONE", "DONE"])
    assert [note["text"] for note in notary.notes() if note["tool"] == "note"] == ["one", "one", "refuse once"]
    assert faults(fork) == []


def test_the_page_shows_what_would_be_undone_and_takes_a_word_on_exactly_that(quick: Stage, notary: Notary) -> None:
    run = noted(quick, "one", "refuse")
    client = Client()
    client.force_login(quick.users["alan"])
    shown = client.get(f"/console/approvals/{run.approvals.get().pk}").content.decode()
    assert all(words in shown for words in ("What would be undone", "Your decision", "undoes action 1"))
