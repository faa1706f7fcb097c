"""A model of who may drive and write a run, compared with the tables after any order of events."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.utils.timezone import now
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as try_machine

from audit import ledger
from audit.actors import Actor
from audit.events import EventType
from orchestration import runs
from orchestration.engine import lease
from orchestration.engine.journal import Journal, StaleWrite
from orchestration.engine.lease import Lease
from orchestration.models import Approval, Run
from tests.conftest import Person
from tests.orchestration.rows import BINDING, REASON, fresh, in_line, journal_of, submitted, waiting


@dataclass(slots=True)
class Expected:
    """What must be true of the run."""

    token: int = 0
    leased: bool = False
    due: bool = True
    live: bool = True
    changes: int = 0


@dataclass(slots=True)
class Worker:
    """A worker with a lease, and what of the run it has in memory."""

    lease: Lease
    journal: Journal
    changes: int
    refused: bool = field(default=False)


class OneRun(RuleBasedStateMachine):
    """Submit, claim, heartbeat, expire, flush, wait for people, approve and cancel, in any order."""

    grace: Actor
    alan: Actor
    workers = Bundle("workers")
    run: Run
    expected: Expected
    approval: Approval | None

    @initialize()
    def submit(self) -> None:
        self.run, self.expected, self.approval = submitted(self.grace), Expected(), None

    @rule(target=workers)
    def claim(self) -> Worker | None:
        taken = lease.claim(self.run.pk)
        free = self.expected.live and self.expected.due and not self.expected.leased
        assert (taken is not None) == free
        if taken is None:
            return None
        self.expected.token += 1
        self.expected.leased = True
        assert taken.token == self.expected.token
        return Worker(taken, journal_of(self.run), self.expected.changes)

    @rule(worker=workers)
    def heartbeat(self, worker: Worker | None) -> None:
        if worker is not None:
            holds = self.expected.live and worker.lease.token == self.expected.token
            assert lease.renew(worker.lease) == holds
            self.expected.leased = self.expected.leased or holds

    @rule(worker=workers)
    def flush(self, worker: Worker | None) -> None:
        if worker is not None:
            current = (worker.lease.token, worker.changes) == (self.expected.token, self.expected.changes)
            assert self.written(worker) == (current and not worker.refused)

    def written(self, worker: Worker) -> bool:
        worker.journal.enter(EventType.RUN_PUBLISHED, answer="", citations=0)
        try:
            worker.journal.flush()
        except StaleWrite:
            worker.refused = True
            return False
        self.expected.changes += 1
        worker.changes += 1
        return True

    @rule(worker=consumes(workers))
    def release(self, worker: Worker | None) -> None:
        if worker is not None:
            lease.release(worker.lease)
            if worker.lease.token == self.expected.token:
                self.expected.leased = False

    @rule()
    def expire(self) -> None:
        Run.objects.filter(pk=self.run.pk, lease_until__isnull=False).update(lease_until=now() - timedelta(hours=1))
        self.expected.leased = False

    @precondition(lambda self: self.expected.live and self.approval is None)
    @rule()
    def wait_for_people(self) -> None:
        self.approval = waiting(self.run)
        self.expected.due = False

    @precondition(lambda self: self.expected.live and self.approval is not None and not self.expected.due)
    @rule()
    def approve(self) -> None:
        assert self.approval is not None
        before = fresh(self.run).version
        runs.approve(self.approval.pk, actor=self.alan, reason=REASON, seen=BINDING)
        self.expected.due = True
        self.expected.changes += fresh(self.run).version - before

    @precondition(lambda self: self.expected.live)
    @rule()
    def cancel(self) -> None:
        runs.cancel(self.run.pk, actor=self.grace)
        self.expected.live = False
        self.expected.changes += 1

    @invariant()
    def the_tables_say_the_same(self) -> None:
        stored = fresh(self.run)
        assert stored.token == self.expected.token
        assert (stored.state != "CANCELLED") == self.expected.live
        assert (self.run.pk in in_line()) == (self.expected.live and self.expected.due and not self.expected.leased)

    def teardown(self) -> None:
        assert list(ledger.check_chains(run=self.run.pk)) == []
        Run.objects.filter(pk=self.run.pk).update(due_at=None, lease_until=None)


@pytest.mark.usefixtures("committed")
def test_in_any_order_of_events_only_the_holder_of_the_lease_writes(grace: Person, alan: Person) -> None:
    OneRun.grace, OneRun.alan = grace.actor, alan.actor
    try_machine(
        OneRun,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
