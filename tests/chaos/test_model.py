"""A model of who may drive, write and restore a run, compared with the tables after any order of events."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from django.db.models import F
from django.utils.timezone import now
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from hypothesis.stateful import run_state_machine_as_test as try_machine

from audit import keys, ledger
from audit.actors import Actor, ActorKind
from audit.errors import Conflict
from orchestration import inquiring, registry, restoring, runs
from orchestration.engine import bench, lease, restorer
from orchestration.engine.acting import EffectFailed
from orchestration.engine.checkpoints import DjangoSaver
from orchestration.engine.journal import StaleWrite
from orchestration.engine.pruning import ThreadBusy
from orchestration.management.stage import Stage
from orchestration.models import Action, Approval, Checkpoint, Restore, Run
from orchestration.runs import OwnRequest
from orchestration.snapshots import Thread
from orchestration.states import TERMINAL, ActionState, InquiryState, RestoreKind, RestoreState, RunState
from tests.chaos.crew import Worker, hired
from tests.conftest import Person
from tests.orchestration.rows import BINDING, REASON, fresh, in_line, proposed, submitted, waiting
from tests.pipeline.noting import Notary, opened

LONG = 6  # changes of a run


@dataclass(slots=True)
class Expected:
    """What must be true of the run, its effect and its checkpoints."""

    state: RunState = RunState.INITIALIZED
    token: int = 0
    version: int = 0
    leased: bool = False
    due: bool = True
    effect: ActionState = ActionState.PROPOSED
    notes: int = 0
    checkpoints: int = 0

    @property
    def live(self) -> bool:
        return self.state not in TERMINAL


class OneRun(RuleBasedStateMachine):
    """Workers, people and a pruner at one run with one effect, in any order."""

    grace: Actor
    alan: Actor
    barbara: Actor
    notary: Notary
    workers = Bundle("workers")
    run: Run
    action: Action
    expected: Expected
    approval: Approval | None
    refuses: bool

    @initialize(target=workers, steps=st.integers(min_value=0, max_value=3), refuses=st.booleans())
    def submit(self, steps: int, *, refuses: bool) -> Worker | MultipleResults[Worker]:
        self.run, self.expected = submitted(self.grace), Expected()
        self.approval, self.refuses = None, refuses
        self.notary.book.with_suffix(".died").unlink(missing_ok=True)
        note = self.notary.tool()
        text = "refuse once" if refuses else "Warfarin is stopped."
        self.action = proposed(self.run, note, tier=registry.tier_of(note).value, text=text)
        worker = self.claim()
        for _ in range(steps):
            worker = self.flush(worker)
        return worker

    # Workers

    @rule(target=workers)
    def claim(self) -> Worker | MultipleResults[Worker]:
        taken = lease.claim(self.run.pk)
        free = self.expected.live and self.expected.due and not self.expected.leased
        assert (taken is not None) == free
        if taken is None:
            return multiple()
        self.expected.token += 1
        self.expected.leased = True
        assert taken.token == self.expected.token
        return hired(taken, self.run)

    @rule(worker=workers)
    def heartbeat(self, worker: Worker) -> None:
        holds = self.expected.live and worker.lease.token == self.expected.token
        assert lease.renew(worker.lease) == holds
        self.expected.leased = self.expected.leased or holds

    def may_write(self, worker: Worker) -> bool:
        return (worker.lease.token, worker.version) == (self.expected.token, self.expected.version)

    def count(self, worker: Worker, *, flushes: int) -> None:
        self.expected.version += flushes
        worker.version += flushes

    @rule(target=workers, worker=consumes(workers))
    def flush(self, worker: Worker) -> Worker | MultipleResults[Worker]:
        if not self.may_write(worker):
            with pytest.raises(StaleWrite):
                worker.step()
            return multiple()
        worker.step()
        self.count(worker, flushes=1)
        self.expected.checkpoints += 1
        if self.expected.state is RunState.INITIALIZED:
            self.expected.state = RunState.PROCESSING
        return worker

    @rule(worker=consumes(workers))
    def release(self, worker: Worker) -> None:
        lease.release(worker.lease)
        if worker.lease.token == self.expected.token:
            self.expected.leased = False

    @rule()
    def expire(self) -> None:
        Run.objects.filter(pk=self.run.pk, lease_until__isnull=False).update(lease_until=now() - timedelta(hours=1))
        self.expected.leased = False

    # The effect

    @precondition(lambda self: self.expected.effect is ActionState.DONE)
    @rule(worker=workers)
    def act_again(self, worker: Worker) -> None:
        worker.act(self.action.pk)

    @precondition(lambda self: self.expected.effect is ActionState.PROPOSED)
    @rule(target=workers, worker=consumes(workers))
    def act(self, worker: Worker) -> Worker | MultipleResults[Worker]:
        if not self.may_write(worker):
            with pytest.raises(StaleWrite):
                worker.act(self.action.pk)
            return multiple()
        if self.refuses:
            self.refuses, self.expected.effect = False, ActionState.FAILED
            with pytest.raises(EffectFailed):
                worker.act(self.action.pk)
        else:
            self.expected.effect, self.expected.notes = ActionState.DONE, 1
            worker.act(self.action.pk)
        self.count(worker, flushes=2)
        return worker

    @precondition(lambda self: self.expected.effect is ActionState.PROPOSED)
    @rule(worker=consumes(workers), sent=st.booleans())
    def die_while_acting(self, worker: Worker, *, sent: bool) -> None:
        sent = sent and not self.refuses
        if not self.may_write(worker):
            with pytest.raises(StaleWrite):
                worker.begin_to_act(self.action.pk, sent=sent)
            return
        worker.begin_to_act(self.action.pk, sent=sent)
        self.expected.version += 1
        self.expected.effect, self.expected.notes = ActionState.INTENDED, int(sent)

    @precondition(lambda self: self.expected.effect is ActionState.UNKNOWN)
    @rule()
    def answer(self) -> None:
        if self.failed:
            with pytest.raises(Conflict, match="nobody knows"):
                self.asked(0)
        asked = self.run.inquiries.get(state=InquiryState.OPEN.value)
        word = InquiryState.HAPPENED if self.expected.notes else InquiryState.GIVEN_UP
        inquiring.answer(asked.pk, word=word, reason=REASON, seen=asked.binding, actor=self.alan)
        self.expected.effect = ActionState.DONE if self.expected.notes else ActionState.FAILED

    # People, and the end of the run

    @precondition(lambda self: self.expected.live and self.expected.state is not RunState.DECISION)
    @rule()
    def wait_for_people(self) -> None:
        self.approval = waiting(self.run)
        Run.objects.filter(pk=self.run.pk).update(version=F("version") + 1)
        self.expected.state, self.expected.due = RunState.DECISION, False
        self.expected.version += 1

    @precondition(lambda self: self.approval is not None and not self.expected.due)
    @rule()
    def approve(self) -> None:
        assert self.approval is not None
        runs.approve(self.approval.pk, actor=self.alan, reason=REASON, seen=BINDING)
        self.expected.due = True

    # Nothing leads on from here: were it possible at once, few runs would come far.
    @precondition(lambda self: self.expected.live and self.expected.version > LONG)
    @rule()
    def cancel(self) -> None:
        runs.cancel(self.run.pk, actor=self.grace)
        self.end(RunState.CANCELLED)

    @precondition(lambda self: self.expected.live and self.expected.checkpoints > 0)
    @rule()
    def fail(self) -> None:
        with pytest.raises(Conflict, match="only a run that has ended"):
            self.asked(0)
        engine = Actor(ActorKind.WORKER, "engine", self.run.workspace_id)
        runs.fail(self.run.pk, actor=engine, reason="provider:AWAY")
        self.end(RunState.FAILED)

    def end(self, state: RunState) -> None:
        self.approval = None
        self.expected.state, self.expected.due = state, False
        self.expected.version += 1
        if self.expected.effect is ActionState.INTENDED:
            self.expected.effect = ActionState.UNKNOWN

    # The way back

    @precondition(lambda self: self.expected.checkpoints > 0)
    @rule()
    def prune(self) -> None:
        if self.expected.leased:
            with pytest.raises(ThreadBusy):
                self.pruned()
            return
        self.pruned()
        self.expected.token += 1
        self.expected.checkpoints = 1

    def pruned(self) -> None:
        DjangoSaver(key=keys.load(self.run.key_id)).prune([str(self.run.pk)])

    def asked(self, which: int) -> Restore:
        chosen = self.checkpoints()[which % self.expected.checkpoints]
        return restoring.request(self.run.pk, chosen, actor=self.alan, reason=REASON)

    def approved(self, restore: Restore, *, by: Actor) -> Restore:
        return restoring.approve(restore.pk, actor=by, reason=REASON, seen=restore.binding)

    @precondition(lambda self: self.restorable)
    @rule(which=st.integers(min_value=0, max_value=5))
    def have_a_restore_rejected(self, which: int) -> None:
        restore = self.asked(which)
        restoring.reject(restore.pk, actor=self.barbara, reason=REASON, seen=restore.binding)
        restorer.carry_out(restore.pk)

    @precondition(lambda self: self.restorable and not self.expected.leased and self.expected.checkpoints > 1)
    @rule(which=st.integers(min_value=0, max_value=5))
    def have_a_changed_run_restored(self, which: int) -> None:
        restore = self.approved(self.asked(which), by=self.barbara)
        self.prune()
        before = Run.objects.filter(pk=self.run.pk).values().get()
        restorer.carry_out(restore.pk)
        assert Restore.objects.get(pk=restore.pk).state == RestoreState.REFUSED
        assert Run.objects.filter(pk=self.run.pk).values().get() == before

    @precondition(lambda self: self.restorable)
    @rule(which=st.integers(min_value=0, max_value=5))
    def restore(self, which: int) -> None:
        restore = self.asked(which)
        assert restore.kind == RestoreKind.CONTINUE
        with pytest.raises(OwnRequest):
            self.approved(restore, by=self.alan)
        with pytest.raises(Conflict, match="decide it before"):
            self.asked(which)
        self.approved(restore, by=self.barbara)
        self.expected.checkpoints += restore.checkpoint_id != self.checkpoints()[-1]
        for _ in range(2):  # the message comes twice
            restorer.carry_out(restore.pk)
        assert Restore.objects.get(pk=restore.pk).state == RestoreState.DONE
        self.expected.state, self.expected.due, self.expected.leased = RunState.PROCESSING, True, False
        self.expected.version += 1
        if self.expected.effect is ActionState.FAILED:
            self.expected.effect = ActionState.PROPOSED

    @property
    def failed(self) -> bool:
        return self.expected.state is RunState.FAILED

    @property
    def restorable(self) -> bool:
        return self.failed and self.expected.effect is not ActionState.UNKNOWN

    def checkpoints(self) -> list[str]:
        rows = Checkpoint.objects.filter(thread=str(self.run.pk)).order_by("checkpoint_id")
        return list(rows.values_list("checkpoint_id", flat=True))

    # What must hold

    @invariant()
    def the_tables_say_the_same(self) -> None:
        stored, expected = fresh(self.run), self.expected
        assert (stored.state, stored.token, stored.version) == (expected.state, expected.token, expected.version)
        assert (self.run.pk in in_line()) == (expected.live and expected.due and not expected.leased)
        assert len(self.checkpoints()) == expected.checkpoints

    @invariant()
    def the_effect_happened_as_often_as_it_is_on_record(self) -> None:
        key = self.action.idempotency_key
        assert Action.objects.get(pk=self.action.pk).state == self.expected.effect
        assert sum(note["key"] == key for note in self.notary.notes()) == self.expected.notes

    def teardown(self) -> None:
        assert list(ledger.check_chains(run=self.run.pk)) == []
        assert all(snapshot.verified for snapshot in Thread(fresh(self.run)).snapshots())
        Run.objects.filter(pk=self.run.pk).update(due_at=None, lease_until=None)


@pytest.fixture
def model(
    committed: None, ada: Person, grace: Person, alan: Person, barbara: Person, tmp_path: Path
) -> Iterator[type[OneRun]]:
    OneRun.grace, OneRun.alan, OneRun.barbara = grace.actor, alan.actor, barbara.actor
    stage = Stage(submitted(grace.actor).workspace, {"ada": ada.actor}, {})
    OneRun.notary = opened(stage, tmp_path / "book.jsonl", "forgetful")
    yield OneRun
    bench.close()


def test_in_any_order_of_events_only_the_holder_of_the_lease_writes(model: type[OneRun]) -> None:
    try_machine(
        model,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_an_effect_that_was_refused_happens_once_after_a_restore_and_workers_of_before_write_nothing(
    model: type[OneRun],
) -> None:
    run = model()
    former = cast("Worker", run.submit(2, refuses=True))
    run.act(former)
    run.fail()
    run.restore(0)
    run.flush(former)
    run.act(former)
    run.act(cast("Worker", run.claim()))
    run.the_tables_say_the_same()
    run.the_effect_happened_as_often_as_it_is_on_record()
    assert run.expected.effect is ActionState.DONE
    run.teardown()
