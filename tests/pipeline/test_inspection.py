"""check_runs names every place where runs, checkpoints and ledger disagree, and is silent where they agree."""

from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit import ledger
from audit.actors import Actor, ActorKind
from audit.events import EventType
from audit.models import DataKey, Entry
from orchestration import runs
from orchestration.engine import driver, inspection
from orchestration.engine.inspection import Inspection
from orchestration.management.stage import Stage
from orchestration.models import Checkpoint, Run
from tests.audit.tampering import remove, unguard
from tests.pipeline.asking import CASES, ask, fresh, submit


@pytest.fixture
def done(quick: Stage) -> Run:
    """Return a completed run with an action that was approved and done."""
    run = ask(quick, CASES["c"])
    approval = run.approvals.get()
    runs.approve(approval.pk, actor=quick.actors["alan"], reason="Both texts compared.", seen=approval.binding)
    driver.advance(run.pk)
    return fresh(run)


@pytest.fixture
def waiting(quick: Stage) -> Run:
    """Return a run that waits for people."""
    return ask(quick, CASES["c"])


def faults(run: Run | None = None) -> list[str]:
    return [str(fault) for fault in Inspection(run=run.pk if run else None).faults()]


def sql(statement: str, *params: Any) -> None:
    """Change rows as only the owner of the database can: no trigger looks."""
    unguard("orchestration_run", "orchestration_action", "evidence_claim", "audit_entry")
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        assert cursor.rowcount >= 1


def enter(run: Run, type_: EventType, **data: Any) -> None:
    actor = Actor(ActorKind.WORKER, "engine", run.workspace_id)
    ledger.append(ledger.Event(type_, actor, data, run=run.pk), chain=ledger.run_chain(run.pk))


def forget(run: Run, type_: str, *, nth: int = 0) -> None:
    entry = Entry.objects.filter(run=run.pk, type=type_).order_by("id")[nth]
    unguard("audit_entry", "audit_leaf")
    remove("audit_entry", f"id = {entry.pk}")


def step(run: Run, nth: int) -> Checkpoint:
    return Checkpoint.objects.filter(thread=str(run.pk)).order_by("checkpoint_id")[nth]


# What agrees


def test_runs_in_every_kind_of_end_agree(quick: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    for case in CASES.values():
        ask(quick, case)
    waits = ask(quick, CASES["c"])
    runs.cancel(waits.pk, actor=quick.actors["grace"])
    failed = submit(quick, CASES["b"])
    runs.fail(failed.pk, actor=quick.actors["ada"], reason="attempts: 5 without an end")
    submit(quick, CASES["b"])
    call_command("check_runs")
    assert capsys.readouterr().out == f"{len(CASES) + 3} runs agree with their checkpoints and the ledger.\n"


def test_a_completed_action_agrees(done: Run) -> None:
    assert (done.state, faults(done)) == ("COMPLETED", [])


def test_no_runs_agree(quick: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_runs")
    assert capsys.readouterr().out.startswith("0 runs agree")


def test_a_run_whose_key_was_destroyed_has_no_digests_to_compare(done: Run) -> None:
    sql("UPDATE orchestration_checkpoint SET body = sha256(body) WHERE thread = %s", str(done.pk))
    DataKey.objects.filter(run=done).delete()
    assert faults(done) == []


def test_a_failed_run_that_was_restored_agrees(waiting: Run, quick: Stage) -> None:
    runs.fail(waiting.pk, actor=quick.actors["ada"], reason="a try")
    sql("UPDATE orchestration_run SET state = 'DECISION' WHERE id = %s", waiting.pk)
    restored(waiting)
    enter(waiting, EventType.RUN_ADVANCED, before="FAILED", after="DECISION")
    assert faults(waiting) == []


def restored(run: Run) -> None:
    """Enter that a restore was carried out, under the type's name alone."""
    enter(run, EventType.RUN_RESUMED)
    sql("UPDATE audit_entry SET type = 'run.restored' WHERE run = %s AND type = 'run.resumed'", run.pk)


# What does not


def test_another_state_than_the_ledgers_is_named(done: Run) -> None:
    sql("UPDATE orchestration_run SET state = 'EXECUTION' WHERE id = %s", done.pk)
    assert faults() == [
        f"run {done.pk}: its state is EXECUTION, and the ledger left it in COMPLETED",
        f"run {done.pk}: its state is EXECUTION, and the ledger has 1 entries that it completed",
    ]


def test_a_missing_move_is_named(done: Run) -> None:
    forget(done, "run.advanced", nth=2)
    (fault,) = faults(done)
    assert "leaves DECISION, but the run was in GATING" in fault


def test_a_move_that_no_run_may_make_is_named(waiting: Run) -> None:
    enter(waiting, EventType.RUN_ADVANCED, before="DECISION", after="COMPLETED")
    assert "goes from DECISION to COMPLETED, which no run may" in faults(waiting)[0]


def test_going_on_from_a_failure_without_a_restore_is_named(waiting: Run, quick: Stage) -> None:
    runs.fail(waiting.pk, actor=quick.actors["ada"], reason="a try")
    sql("UPDATE orchestration_run SET state = 'DECISION' WHERE id = %s", waiting.pk)
    enter(waiting, EventType.RUN_ADVANCED, before="FAILED", after="DECISION")
    (fault,) = faults(waiting)
    assert "goes on from FAILED to DECISION without a restore" in fault


def test_a_missing_end_is_named(done: Run) -> None:
    forget(done, "run.completed")
    assert faults(done) == [f"run {done.pk}: its state is COMPLETED, and the ledger has 0 entries that it completed"]


def test_a_missing_beginning_is_named(done: Run) -> None:
    forget(done, "run.submitted")
    assert "leaves INITIALIZED, but the run was in no state yet" in faults(done)[0]


def test_a_run_that_the_ledger_does_not_know_is_named(quick: Stage) -> None:
    run = submit(quick, CASES["b"])
    forget(run, "run.submitted")
    assert faults(run) == [f"run {run.pk}: no entry says that it began"]


def test_a_second_beginning_is_named(waiting: Run) -> None:
    enter(waiting, EventType.RUN_SUBMITTED)
    assert "says that it began, after it had begun" in faults(waiting)[0]


def test_a_run_that_is_gone_is_named(quick: Stage) -> None:
    run = submit(quick, CASES["b"])
    sql("DELETE FROM orchestration_run WHERE id = %s", run.pk)
    assert faults() == [f"run {run.pk}: the ledger says that it began, but its row is gone"]


def test_a_live_run_without_a_checkpoint_is_named(waiting: Run) -> None:
    sql("DELETE FROM orchestration_checkpoint WHERE thread = %s", str(waiting.pk))
    assert faults(waiting) == [f"run {waiting.pk}: its state is DECISION, and it has no checkpoint to go on from"]


def test_two_children_of_one_checkpoint_are_named(done: Run) -> None:
    first, last = step(done, 1), step(done, 4)
    parent = step(done, 0).checkpoint_id
    sql("UPDATE orchestration_checkpoint SET parent_id = %s WHERE id = %s", parent, last.pk)
    assert f"run {done.pk}: checkpoints {first.checkpoint_id}, {last.checkpoint_id} all follow {parent}" in faults()[0]


def test_two_beginnings_of_one_thread_are_named(done: Run) -> None:
    sql("UPDATE orchestration_checkpoint SET parent_id = NULL WHERE id = %s", step(done, 3).pk)
    assert "all follow nothing, and none of them is a fork" in faults(done)[0]


def test_a_fork_on_purpose_is_none_of_two_workers(done: Run) -> None:
    last = step(done, 4)
    sql(
        "UPDATE orchestration_checkpoint SET parent_id = %s, source = 'fork' WHERE id = %s",
        step(done, 0).checkpoint_id,
        last.pk,
    )
    assert not [fault for fault in faults(done) if "all follow" in fault]


def test_a_missing_checkpoint_in_the_middle_is_named(done: Run) -> None:
    gone, child = step(done, 2).checkpoint_id, step(done, 3).checkpoint_id
    sql("DELETE FROM orchestration_checkpoint WHERE thread = %s AND checkpoint_id = %s", str(done.pk), gone)
    assert faults(done) == [
        f"run {done.pk}: checkpoint {child} follows {gone}, which is not there",
        f"run {done.pk}: checkpoint {done.pk}//{child}: its parent {gone} is not the one it was written after",
    ]


@pytest.mark.parametrize(
    ("table", "column"), [("checkpoint", "body"), ("checkpoint", "digest"), ("checkpointblob", "body")]
)
def test_a_changed_byte_is_named(done: Run, table: str, column: str) -> None:
    sql(f"UPDATE orchestration_{table} SET {column} = set_byte({column}, 40 %% length({column}), 7)")  # noqa: S608
    assert any("digest does not cover" in fault or "was changed" in fault for fault in faults(done))


def test_a_changed_write_is_named(done: Run) -> None:
    sql("UPDATE orchestration_checkpointwrite SET idx = idx - 10 WHERE thread = %s", str(done.pk))
    assert ["orchestration_checkpointwrite" in fault for fault in faults(done)] == [True]


def test_digests_are_left_out_when_they_are_not_asked_for(done: Run) -> None:
    sql("UPDATE orchestration_checkpoint SET digest = sha256(digest) WHERE thread = %s", str(done.pk))
    assert list(Inspection(digests=False).faults()) == []


@pytest.mark.parametrize("kind", ["intended", "done"])
def test_an_effect_without_its_intent_or_its_outcome_is_named(done: Run, kind: str) -> None:
    forget(done, f"effect.{kind}")
    (fault,) = faults(done)
    assert f"action {done.actions.get().pk} is DONE, and the ledger has" in fault


def test_an_effect_that_was_done_twice_is_named(done: Run) -> None:
    enter(done, EventType.EFFECT_DONE, action=str(done.actions.get().pk))
    assert "1 open intents, 2 outcomes" in faults(done)[0]


def test_an_effect_that_failed_and_was_tried_again_is_none(done: Run) -> None:
    action = str(done.actions.get().pk)
    enter(done, EventType.EFFECT_INTENDED, action=action)
    enter(done, EventType.EFFECT_FAILED, action=action)
    assert faults(done) == []


def test_an_action_that_forgot_that_it_was_done_is_named(done: Run) -> None:
    sql("UPDATE orchestration_action SET state = 'PROPOSED' WHERE run_id = %s", done.pk)
    assert "is PROPOSED, and the ledger says that it was done" in faults(done)[0]


def test_an_action_that_the_ledger_never_heard_of_is_named(waiting: Run) -> None:
    sql("UPDATE orchestration_action SET state = 'INTENDED' WHERE run_id = %s", waiting.pk)
    assert "is INTENDED, and the ledger has 0 open intents" in faults(waiting)[0]


def test_an_effect_without_its_action_is_named(done: Run) -> None:
    action = done.actions.get()
    sql("DELETE FROM orchestration_action WHERE id = %s", action.pk)
    assert faults(done) == [f"run {done.pk}: the ledger tells of action {action.pk}, which is not there"]


def test_a_published_claim_with_another_verdict_is_named(done: Run) -> None:
    sql("UPDATE evidence_claim SET verdict = 'DISPUTED' WHERE state = 'PUBLISHED'")
    assert "is published with the verdict DISPUTED" in faults(done)[0]


def test_a_published_claim_without_evidence_is_named(done: Run) -> None:
    sql("UPDATE evidence_evidence SET stance = 'NEUTRAL'")
    assert "is published, and no evidence supports it" in faults(done)[0]


# The command


def test_every_fault_has_a_line_up_to_the_limit(done: Run, capsys: pytest.CaptureFixture[str]) -> None:
    sql("UPDATE orchestration_checkpoint SET digest = sha256(digest) WHERE thread = %s", str(done.pk))
    with pytest.raises(CommandError, match="do not agree: 3 faults shown"):
        call_command("check_runs", limit=3)
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith(f"run {done.pk}: checkpoint {done.pk}//") for line in lines] == [True] * 3


def test_one_run_is_checked_alone(done: Run, quick: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    other = submit(quick, CASES["b"])
    sql("UPDATE orchestration_run SET state = 'GATING' WHERE id = %s", other.pk)
    call_command("check_runs", run=done.pk)
    assert capsys.readouterr().out.startswith("1 runs agree")


def test_a_run_that_is_not_there_cannot_be_checked(quick: Stage) -> None:
    with pytest.raises(CommandError, match="there is no run 00000000"):
        call_command("check_runs", run=UUID(int=0))


def test_more_runs_than_a_group_are_all_looked_at(quick: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "GROUP", 2)
    last = [submit(quick, CASES["b"]) for _ in range(4)][-1]
    sql("UPDATE orchestration_run SET state = 'GATING' WHERE id = %s", last.pk)
    pass_ = Inspection()
    assert {fault.where for fault in pass_.faults()} == {f"run {last.pk}"}
    assert pass_.runs == 4


def drive_elsewhere(run: Run) -> None:
    """Drive a run on connections of a thread of its own."""

    def drive() -> None:
        driver.advance(run.pk)
        connection.close()

    worker = Thread(target=drive)
    worker.start()
    worker.join()


def test_what_workers_do_meanwhile_is_no_fault(quick: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    run = submit(quick, CASES["b"])
    told = ledger.about_runs

    def late(*given: Any, **options: Any) -> Any:
        drive_elsewhere(run)
        return told(*given, **options)

    monkeypatch.setattr(ledger, "about_runs", late)
    assert faults() == []
    assert fresh(run).state != "INITIALIZED"
