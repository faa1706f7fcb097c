"""Restores through the whole pipeline: a failed run goes on, any other way back is a fork, no effect happens twice."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from audit import keys, ledger
from audit.actors import SYSTEM
from audit.errors import Conflict, Invalid, NotAllowed, NotFound
from audit.events import EventType
from audit.models import DataKey
from evidence import calibrating
from evidence.models import ClaimBundle
from orchestration import records, restoring, runs, tasks
from orchestration.engine import bench, driver, policies, restorer
from orchestration.engine.checkpoints import CheckpointRefused, DjangoSaver
from orchestration.engine.drafting import StepFailed
from orchestration.engine.graph import build
from orchestration.management.stage import Stage
from orchestration.models import Checkpoint, CheckpointBlob, Draft, Restore, Run
from orchestration.runs import OwnRequest
from orchestration.snapshots import Thread
from orchestration.states import ActionState, RestoreKind, RunState
from tests.audit.tampering import unguard
from tests.evidence.labelling import labels
from tests.pipeline.asking import CASES, ask, fresh
from tests.pipeline.noting import noted, opened
from tests.pipeline.returning import REASON, approved, at, fork_of, plan, requested, restored, types
from tests.pipeline.test_tampering import flip


@pytest.fixture
def failed_before(quick: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Run]:
    """Let a run fail in a step, as if what the step needs were away, and bring it back."""

    def fail(place: str, case: str) -> Run:
        def away(*_: object, **__: object) -> None:
            raise StepFailed("provider:AWAY")

        with monkeypatch.context() as patched:
            patched.setattr(place, away)
            run = ask(quick, CASES[case])
        assert run.state == "FAILED"
        return run

    return fail


# Listing and comparing


@pytest.mark.parametrize("case", ["a", "b", "c"])
def test_every_checkpoint_is_verified_and_leads_where_the_graph_says(quick: Stage, case: str) -> None:
    run = ask(quick, CASES[case])
    graph = build(DjangoSaver(key=keys.load(run.key_id)))
    listed = restoring.checkpoints(run.pk, actor=quick.actors["grace"])
    assert len(listed) >= 5
    for snapshot in listed:
        known = graph.get_state({"configurable": {"thread_id": str(run.pk), "checkpoint_id": snapshot.id}})
        assert snapshot.point is not None
        assert (snapshot.verified, (snapshot.point.next,)) == (True, known.next or ("",))


def test_channels_are_those_the_engine_loads(done: Run) -> None:
    saver = DjangoSaver(key=keys.load(done.key_id))
    for found in saver.list({"configurable": {"thread_id": str(done.pk), "checkpoint_ns": ""}}):
        values = {n: v for n, v in found.checkpoint["channel_values"].items() if not n.startswith(("branch:", "__"))}
        assert Thread(done).channels(found.config["configurable"]["checkpoint_id"]) == values


@pytest.mark.parametrize(
    ("model", "column"),
    [(Checkpoint, "body"), (Checkpoint, "metadata"), (Checkpoint, "digest"), (CheckpointBlob, "body")],
)
def test_list_and_engine_refuse_the_same_tampered_checkpoints(done: Run, model: Any, column: str) -> None:
    flip(model, column, model.objects.filter(thread=str(done.pk)).order_by("id")[2].pk)
    saver = DjangoSaver(key=keys.load(done.key_id))
    refused = {snapshot.id for snapshot in Thread(done).snapshots() if not snapshot.verified}
    assert refused == {row.checkpoint_id for row in Checkpoint.objects.all() if not loads(saver, row)}
    assert refused


def loads(saver: DjangoSaver, row: Checkpoint) -> bool:
    try:
        known = {"thread_id": row.thread, "checkpoint_ns": "", "checkpoint_id": row.checkpoint_id}
        return saver.get_tuple({"configurable": known}) is not None
    except CheckpointRefused:
        return False


def test_a_difference_names_each_place_and_leaves_an_access_entry(quick: Stage, done: Run) -> None:
    grace = quick.actors["grace"]
    found = restoring.compare(done.pk, before=at(done, "gate"), after=at(done, "decide"), actor=grace, via="api")
    assert {change.path for change in found.changes} == {"$.claims", "$.grounds", "$.masks"}
    assert types(done)[-1] == EventType.TEXT_READ


# A failed run goes on


@pytest.mark.parametrize(
    ("place", "case", "node", "state"),
    [
        ("orchestration.engine.drafting.draft", "a", "draft", RunState.PROCESSING),
        ("orchestration.engine.drafting.draft", "a", "gather", RunState.PROCESSING),
        ("orchestration.engine.gating.judge", "a", "gate", RunState.GATING),
        ("orchestration.engine.deciding.decide", "a", "decide", RunState.DECISION),
        ("orchestration.engine.effects.execute", "a", "execute", RunState.EXECUTION),
    ],
)
def test_a_failed_run_goes_on_to_the_same_end(
    quick: Stage, failed_before: Callable[[str, str], Run], place: str, case: str, node: str, state: RunState
) -> None:
    run = failed_before(place, case)
    assert (plan(quick, run, node).kind, plan(quick, run, node).state) == (RestoreKind.CONTINUE, state)
    assert restored(quick, run, node).state == "DONE"
    assert (fresh(run).state, fresh(run).finished_at) == (state, None)
    driver.advance(run.pk)
    assert (fresh(run).state, fresh(run).decision) == ("COMPLETED", ask(quick, CASES[case]).decision)
    assert EventType.RUN_RESTORED in types(run)
    assert list(ledger.check_chains()) == []


def test_where_something_comes_after_a_checkpoint_the_failed_run_is_forked(
    quick: Stage, failed_before: Callable[[str, str], Run]
) -> None:
    run = failed_before("orchestration.engine.deciding.decide", "a")
    assert plan(quick, run, "draft").kind == RestoreKind.FORK
    fork = fork_of(quick, run, "draft")
    assert (fork.state, fresh(run).state) == ("COMPLETED", "FAILED")


def test_a_fork_is_judged_with_the_calibration_that_is_in_force_when_it_begins(
    quick: Stage, failed_before: Callable[[str, str], Run]
) -> None:
    run = failed_before("orchestration.engine.deciding.decide", "a")
    record = calibrating.calibrate(labels([0.6], [0.1] * 60), actor=quick.actors["ada"])
    fork = restored(quick, run, "draft").fork
    assert fork is not None
    assert fresh(fork).policy_hash == policies.of_workspace(bench.parts(), run.workspace_id).policy_hash
    assert fresh(fork).policy_hash != fresh(run).policy_hash
    driver.advance(fork.pk)
    assert ClaimBundle.objects.get(run=fork.pk).calibration == f"record-{record.pk}"


def test_an_effect_that_failed_is_tried_again_after_a_restore(quick: Stage, tmp_path: Path) -> None:
    notary = opened(quick, tmp_path / "book.jsonl")
    run = noted(quick, "refuse once")
    assert (run.state, run.actions.get().state) == ("FAILED", "FAILED")
    assert [effect.state for effect in plan(quick, run, "execute").open] == [ActionState.FAILED]
    restored(quick, run, "execute")
    driver.advance(run.pk)
    assert (fresh(run).state, run.actions.get().state, len(notary.notes())) == ("COMPLETED", "DONE", 1)


def test_without_an_approved_restore_a_failed_run_stays_failed(
    quick: Stage, failed_before: Callable[[str, str], Run]
) -> None:
    run = failed_before("orchestration.engine.gating.judge", "a")
    requested(quick, run, at(run, "gate"))
    with pytest.raises(IntegrityError, match="no approved restore"), connection.cursor() as cursor:
        cursor.execute("UPDATE orchestration_run SET state = 'GATING' WHERE id = %s", [run.pk])


def test_one_restore_is_good_for_one_return(quick: Stage, failed_before: Callable[[str, str], Run]) -> None:
    run = failed_before("orchestration.engine.gating.judge", "a")
    restore = restored(quick, run, "gate")
    runs.fail(run.pk, actor=quick.actors["ada"], reason="again")
    restorer.carry_out(restore.pk)
    assert fresh(run).state == "FAILED"
    with pytest.raises(IntegrityError, match="no approved restore"), connection.cursor() as cursor:
        cursor.execute("UPDATE orchestration_run SET state = 'GATING' WHERE id = %s", [run.pk])


# Forks


def test_a_completed_run_is_not_touched_and_its_fork_names_it(quick: Stage, done: Run) -> None:
    before = Run.objects.filter(pk=done.pk).values().get()
    fork = fork_of(quick, done, "execute")
    assert Run.objects.filter(pk=done.pk).values().get() == before
    first = ledger.read_run(fork.pk, limit=5)[0]
    assert (first.type, first.data["parent"], first.data["checkpoint"]) == (
        EventType.RUN_FORKED,
        str(done.pk),
        at(done, "execute"),
    )
    assert (fork.parent_id, fork.family, fork.requested_by) == (done.pk, done.pk, str(quick.actors["grace"]))


def test_a_fork_decides_for_itself_and_never_fires_the_effect_again(quick: Stage, done: Run, tickets: Path) -> None:
    filed = tickets.read_text()
    fork = fork_of(quick, done, "execute")
    assert (fork.state, fork.decision) == ("DECISION", "ESCALATE")
    fork = approved(quick, fork)
    action = fork.actions.get()
    assert (fork.state, action.state, action.original_id) == ("COMPLETED", "DONE", done.actions.get().pk)
    assert tickets.read_text() == filed
    read = records.read_run(fork.pk, actor=quick.actors["grace"], via="api")
    assert read.actions[0].result == records.read_run(done.pk, actor=quick.actors["grace"], via="api").actions[0].result


def test_of_two_forks_that_were_both_approved_one_files_the_ticket(quick: Stage, tickets: Path) -> None:
    parent = ask(quick, CASES["c"])
    runs.cancel(parent.pk, actor=quick.actors["grace"])
    first, second = fork_of(quick, fresh(parent), "gate"), fork_of(quick, fresh(parent), "gate")
    first, second = approved(quick, first), approved(quick, second)
    assert (first.state, second.state, len(tickets.read_text().splitlines())) == ("COMPLETED", "COMPLETED", 1)
    assert second.actions.get().original_id == first.actions.get().pk


def test_a_fork_takes_over_passages_and_draft_under_its_own_key(quick: Stage) -> None:
    parent = ask(quick, CASES["b"])
    fork = fork_of(quick, parent, "gate")
    assert fork.key_id != parent.key_id
    DataKey.objects.filter(run=parent).delete()
    read = records.read_run(fork.pk, actor=quick.actors["grace"], via="api")
    assert read.answer is not None
    assert [claim.evidence[0].text for claim in read.claims if claim.evidence]
    assert Draft.objects.filter(run=fork).count() == 1


def test_a_fork_from_the_beginning_does_everything_again(quick: Stage) -> None:
    parent = ask(quick, CASES["a"])
    fork = fork_of(quick, parent, "gather")
    assert (fork.state, fork.decision, fork.supported) == ("COMPLETED", parent.decision, parent.supported)
    assert list(ledger.check_chains()) == []


def test_a_fork_of_a_fork_belongs_to_the_same_family(quick: Stage) -> None:
    parent = ask(quick, CASES["a"])
    second = fork_of(quick, fork_of(quick, parent, "gate"), "gate")
    assert (second.family, second.state) == (parent.pk, "COMPLETED")


# Who, and what not


def test_nobody_approves_their_own_restore(quick: Stage, done: Run) -> None:
    restore = restoring.request(done.pk, at(done, "gate"), actor=quick.actors["alan"], reason=REASON)
    with pytest.raises(OwnRequest, match="somebody else"):
        restoring.approve(restore.pk, actor=quick.actors["alan"], reason=REASON, seen=restore.binding)


def test_a_dry_run_changes_nothing_and_names_the_effects_that_are_done(quick: Stage, done: Run) -> None:
    before = types(done)
    planned = plan(quick, done, "execute")
    assert (planned.kind, planned.state, planned.steps[0]) == (RestoreKind.FORK, RunState.GATING, "gate")
    assert ([effect.tool for effect in planned.done], planned.open) == (["desk/file_ticket"], ())
    assert (types(done), Restore.objects.count()) == (before, 0)


def test_a_run_under_way_is_not_restored(quick: Stage) -> None:
    run = ask(quick, CASES["c"])
    with pytest.raises(Conflict, match="the run is DECISION"):
        plan(quick, run, "gate")


def test_while_an_effect_is_unknown_there_is_no_way_back(quick: Stage, done: Run) -> None:
    action = done.actions.get()
    unguard("orchestration_action")
    action.state = ActionState.UNKNOWN
    action.save()
    with pytest.raises(Conflict, match="nobody knows whether desk/file_ticket"):
        plan(quick, done, "gate")


def test_a_pruned_checkpoint_is_a_clear_error(quick: Stage, done: Run) -> None:
    checkpoint = at(done, "gate")
    Checkpoint.objects.filter(checkpoint_id=checkpoint).delete()
    with pytest.raises(NotFound, match="it was pruned"):
        requested(quick, done, checkpoint)


def test_a_tampered_checkpoint_is_a_clear_error(quick: Stage, done: Run) -> None:
    checkpoint = at(done, "gate")
    flip(Checkpoint, "body", Checkpoint.objects.get(checkpoint_id=checkpoint).pk)
    with pytest.raises(Conflict, match=checkpoint):
        requested(quick, done, checkpoint)


def test_an_erased_run_is_a_clear_error(quick: Stage, done: Run) -> None:
    checkpoint = at(done, "gate")
    DataKey.objects.filter(run=done).delete()
    with pytest.raises(Conflict, match="cannot be read any more"):
        requested(quick, done, checkpoint)


def test_a_checkpoint_tampered_with_after_the_approval_refuses_the_restore(quick: Stage, done: Run) -> None:
    restore = requested(quick, done, at(done, "gate"))
    restoring.approve(restore.pk, actor=quick.actors["alan"], reason=REASON, seen=restore.binding)
    flip(Checkpoint, "body", Checkpoint.objects.get(checkpoint_id=restore.checkpoint_id).pk)
    restorer.carry_out(restore.pk)
    restore.refresh_from_db(fields=["refusal"])
    assert restore.checkpoint_id in restore.refusal
    assert types(done)[-1] == EventType.RESTORE_REFUSED


def test_what_was_not_seen_is_not_decided(quick: Stage, done: Run) -> None:
    restore = requested(quick, done, at(done, "gate"))
    with pytest.raises(restoring.RestoreChanged, match="reload"):
        restoring.approve(restore.pk, actor=quick.actors["alan"], reason=REASON, seen="0" * 64)


def test_a_run_that_changed_after_the_request_is_not_restored(
    quick: Stage, failed_before: Callable[[str, str], Run]
) -> None:
    run = failed_before("orchestration.engine.gating.judge", "a")
    restore = requested(quick, run, at(run, "gate"))
    Run.objects.filter(pk=run.pk).update(version=run.version + 1)
    with pytest.raises(restoring.RestoreChanged, match="reject it, and ask again"):
        restoring.approve(restore.pk, actor=quick.actors["alan"], reason=REASON, seen=restore.binding)


@pytest.mark.parametrize(("case", "node"), [("a", "gate"), ("failed", "gate")])
def test_a_run_that_changed_after_the_approval_is_not_restored(
    quick: Stage, failed_before: Callable[[str, str], Run], case: str, node: str
) -> None:
    run = failed_before("orchestration.engine.gating.judge", "a") if case == "failed" else ask(quick, CASES[case])
    restore = requested(quick, run, at(run, node))
    restoring.approve(restore.pk, actor=quick.actors["alan"], reason=REASON, seen=restore.binding)
    Run.objects.filter(pk=run.pk).update(version=run.version + 1)
    restorer.carry_out(restore.pk)
    assert Restore.objects.get(pk=restore.pk).state == "REFUSED"
    assert (fresh(run).state, Run.objects.filter(parent=run).count()) == (run.state, 0)


def test_a_checkpoint_of_another_graph_is_refused(quick: Stage, failed_before: Callable[[str, str], Run]) -> None:
    run = failed_before("orchestration.engine.gating.judge", "a")
    Run.objects.filter(pk=run.pk).update(graph_version="99")
    assert "graph 99" in restored(quick, run, "gate").refusal


def test_a_rejected_restore_changes_nothing_and_the_next_may_be_asked_for(quick: Stage, done: Run) -> None:
    first = requested(quick, done, at(done, "gate"))
    with pytest.raises(Conflict, match="decide it before asking"):
        requested(quick, done, at(done, "gate"))
    restoring.reject(first.pk, actor=quick.actors["alan"], reason="Not needed any more.", seen=first.binding)
    with pytest.raises(Conflict, match="it was decided before"):
        restoring.approve(first.pk, actor=quick.actors["alan"], reason=REASON, seen=first.binding)
    restorer.carry_out(first.pk)
    assert requested(quick, done, at(done, "gate")).state == "PENDING"


def test_a_restore_that_nobody_decides_expires(quick: Stage, done: Run) -> None:
    restore = requested(quick, done, at(done, "gate"))
    Restore.objects.filter(pk=restore.pk).update(expires_at=now() - dt.timedelta(seconds=1))
    with pytest.raises(Conflict, match="ask for it again"):
        restoring.approve(restore.pk, actor=quick.actors["alan"], reason=REASON, seen=restore.binding)
    assert restoring.expire_due(actor=SYSTEM) == 1
    assert restoring.expire(restore.pk, actor=SYSTEM) is False
    assert types(done)[-1] == EventType.RESTORE_EXPIRED


def test_a_lost_message_is_made_good_by_beat(quick: Stage, done: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("broker away")

    restore = requested(quick, done, at(done, "gate"))
    with monkeypatch.context() as patched:
        patched.setattr("celery.app.base.Celery.send_task", away)
        restoring.approve(restore.pk, actor=quick.actors["alan"], reason=REASON, seen=restore.binding)
    assert restoring.due() == [restore.pk]
    tasks.restore(str(restore.pk))
    assert restoring.due() == []


def test_a_fork_that_was_broken_off_is_finished_by_the_next_message(
    quick: Stage, done: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise OSError("killed")

    restore = requested(quick, done, at(done, "gate"))
    restoring.approve(restore.pk, actor=quick.actors["alan"], reason=REASON, seen=restore.binding)
    with monkeypatch.context() as patched:
        patched.setattr(restorer, "take_over", dies)
        with pytest.raises(OSError, match="killed"):
            restorer.carry_out(restore.pk)
    restorer.carry_out(restore.pk)
    fork = Run.objects.get(parent=done)
    driver.advance(fork.pk)
    assert (fresh(fork).state, list(ledger.check_chains())) == ("DECISION", [])


def test_a_relatives_unknown_effect_stops_the_run(quick: Stage, tickets: Path) -> None:
    parent = ask(quick, CASES["c"])
    runs.cancel(parent.pk, actor=quick.actors["grace"])
    fork = fork_of(quick, fresh(parent), "gate")
    theirs = parent.actions.get()
    theirs.state = ActionState.INTENDED
    theirs.save()
    assert "intended in run" in approved(quick, fork).reason
    assert not tickets.exists()


@pytest.mark.parametrize("reason", ["too short", ""])
def test_a_restore_needs_a_reason(quick: Stage, done: Run, reason: str) -> None:
    with pytest.raises(Invalid, match="reason"):
        restoring.request(done.pk, at(done, "gate"), actor=quick.actors["grace"], reason=reason)


def test_another_workspace_finds_no_run_and_no_restore(quick: Stage, done: Run, mallory: Any) -> None:
    restore = requested(quick, done, at(done, "gate"))
    checkpoint = restore.checkpoint_id
    for attempt in (
        lambda: restoring.checkpoints(done.pk, actor=mallory.actor),
        lambda: restoring.compare(done.pk, before=checkpoint, after=checkpoint, actor=mallory.actor, via="api"),
        lambda: restoring.dry_run(done.pk, checkpoint, actor=mallory.actor),
        lambda: restoring.approve(restore.pk, actor=mallory.actor, reason=REASON, seen=restore.binding),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_whoever_may_only_read_does_not_ask(quick: Stage, done: Run) -> None:
    reader = quick.actors["grace"].__class__(
        quick.actors["grace"].kind, "9", quick.actors["grace"].workspace, frozenset({"runs:read"})
    )
    with pytest.raises(NotAllowed, match="runs:write"):
        restoring.request(done.pk, at(done, "gate"), actor=reader, reason=REASON)
