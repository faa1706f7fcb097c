"""What a super-step produced, gathered in memory and written by one guarded statement.

So there is never a checkpoint without its facts nor a fact without its checkpoint. The guard is the run's fencing
token and version: a worker that lost its lease, or a run that a person changed meanwhile, writes nothing.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import models

from audit import ledger, vault
from audit.actors import Actor, ActorKind
from audit.canonical import JSON
from audit.events import EventType
from audit.flushing import FlushPolicy
from guardians.models import Policy
from orchestration.engine.pool import pool
from orchestration.engine.statement import KEEP, Batch, Guard, column_of, execute
from orchestration.models import CheckpointBlob, Run


class StaleWrite(Exception):
    """The lease was lost or the run was changed by somebody else; nothing was written."""


class Journal:
    """The writer of one driven run. ``run`` is this worker's copy; after a refused flush it is worthless."""

    def __init__(self, run: Run, *, key: vault.DataKey, chain: ledger.Chain) -> None:
        self.run = run
        self.thread = str(run.pk)
        self.key = key
        self.chain = chain
        self.actor = Actor(ActorKind.WORKER, "engine", run.workspace_id)
        self.batch = Batch(conflicts=dict.fromkeys((CheckpointBlob, Policy), KEEP))
        self.changed: dict[str, Any] = {}
        self.strict = run.workspace.flush_policy == FlushPolicy.STRICT  # as it is when the slice begins
        self.dead = False
        self.barrier = False

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    def commitment(self, text: str) -> str:
        """Return what the ledger may keep of one of the run's texts (64 hex digits)."""
        return vault.commitment(self.key, text)

    def add(self, *rows: models.Model) -> None:
        self.batch.add(*rows)

    def change(self, row: models.Model, *columns: str) -> None:
        self.batch.change(row, *columns)

    def enter(self, type_: EventType, **data: JSON) -> None:
        """Add an entry to the run's chain."""
        self.batch.add(self.chain.extend(ledger.Event(type_, self.actor, data, run=self.run.pk)))

    def set(self, **values: Any) -> None:  # noqa: ANN401 - any column of Run
        """Set columns of the run with the next flush."""
        for name, value in values.items():
            setattr(self.run, name, value)
            self.changed[str(column_of(Run, name).column)] = value

    def move(self, transition: str, *, barrier: bool = False, **values: Any) -> None:  # noqa: ANN401
        """Take one of Run's transitions in memory; the database's trigger judges it again at the flush."""
        before = self.run.state
        getattr(self.run, transition)()
        self.set(**values)
        self.changed["state"] = self.run.state
        self.changed["decision"] = self.run.decision
        self.barrier = self.barrier or barrier
        self.enter(EventType.RUN_ADVANCED, before=before, after=self.run.state)

    def flush(self, *, barrier: bool = False) -> None:
        """Write everything gathered, or nothing.

        Raises:
            StaleWrite: token or version no longer match.
        """
        if self.dead:
            raise StaleWrite(f"run {self.thread}: this worker's copy was refused before")
        guard = Guard(
            Run._meta.db_table,
            self.changed,
            {"id": self.run.pk, "token": self.run.token, "version": self.run.version},
        )
        durable = barrier or self.barrier or self.strict
        try:
            with pool().connection() as connection:
                found = execute(connection, self.batch, guard=guard, barrier=durable)
        except BaseException:
            self.dead = True
            raise
        if found != 1:
            self.dead = True
            raise StaleWrite(
                f"run {self.thread}: token {self.run.token} or version {self.run.version} is no longer its"
            )
        self.run.version += 1
        self.batch.clear()
        self.changed = {}
        self.barrier = False


def journal_for(run: Run, *, key: vault.DataKey) -> Journal:
    """Return a journal that continues the run's chain."""
    run_id: UUID = run.pk
    return Journal(run, key=key, chain=ledger.open_chain(ledger.run_chain(run_id)))
