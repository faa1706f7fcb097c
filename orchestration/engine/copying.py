"""A thread copied to another one: every row verified, sealed anew for its new place, and written by one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from orchestration import models
from orchestration.engine import rows
from orchestration.engine.envelope import Envelope
from orchestration.engine.pool import pool
from orchestration.engine.rows import Connected, Opened, Place
from orchestration.engine.statement import Batch, execute

SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
PARENTS = "SELECT checkpoint_id, parent_id FROM orchestration_checkpoint WHERE thread = %s AND namespace = %s"
SPACES = "SELECT DISTINCT namespace FROM orchestration_checkpoint WHERE thread = %s ORDER BY 1"


class TargetTaken(Exception):
    """The thread to copy to has checkpoints of its own."""


def spaces(connection: Connected, thread: str) -> Sequence[Place]:
    return [Place(thread, row[0]) for row in connection.execute(SPACES, [thread]).fetchall()]


def parents(connection: Connected, place: Place) -> dict[str, str | None]:
    """Return id -> parent's id of all checkpoints of a place, as their columns say."""
    return dict(connection.execute(PARENTS, [place.thread, place.namespace]).fetchall())


def elders_first(known: dict[str, str | None]) -> list[str]:
    """Return the ids, each after its parent.

    Raises:
        CycleError: columns were forged into a circle.
    """
    order = TopologicalSorter({id_: {parent} & known.keys() if parent else set() for id_, parent in known.items()})
    return list(order.static_order())


@dataclass(slots=True)
class Copy:
    """One namespace on its way from one thread to another."""

    source: Place
    target: Place
    opens: Envelope
    seals: Envelope
    made: list[Any] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    hashes: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, connection: Connected, id_: str) -> None:
        item = rows.one(self.opens, connection, self.source.at(id_))
        self.take_blobs(connection, item)
        here = self.target.at(id_)
        row = rows.sealed_row(
            self.seals,
            here,
            after=item.parent_id,
            parent=self.digests.get(item.parent_id or "", ""),
            checkpoint=item.checkpoint,
            metadata=item.metadata,
            blobs={channel: (version, self.hashes[channel, version]) for channel, (version, _) in item.blobs.items()},
            pruned=item.pruned,
        )
        self.digests[id_] = bytes(row.digest).hex()
        self.made += [row, *self.writes(connection, id_)]

    def take_blobs(self, connection: Connected, item: Opened) -> None:
        """Seal the blobs of a verified checkpoint anew, each once."""
        missing = {c: version for c, (version, _) in item.blobs.items() if (c, version) not in self.hashes}
        for channel, (version, body) in rows.bodies(connection, self.source, missing).items():
            plain = self.opens.unseal(rows.of_blob(self.source, channel, version), body)
            sealed = self.seals.close(rows.of_blob(self.target, channel, version), plain)
            self.hashes[channel, version] = rows.hash_of(sealed)
            self.made.append(
                models.CheckpointBlob(
                    thread=self.target.thread,
                    namespace=self.target.namespace,
                    channel=channel,
                    version=version,
                    body=sealed,
                )
            )

    def writes(self, connection: Connected, id_: str) -> list[models.CheckpointWrite]:
        return [
            models.CheckpointWrite(
                thread=self.target.thread,
                namespace=self.target.namespace,
                checkpoint_id=id_,
                task_id=write.task_id,
                idx=write.idx,
                task_path=write.task_path,
                channel=write.channel,
                body=self.seals.close(
                    write.binding(self.target), self.opens.unseal(write.binding(self.source), write.body)
                ),
            )
            for write in rows.writes(connection, self.source, [id_])
        ]


def copy_thread(source: str, target: str, opens: Envelope, seals: Envelope) -> None:
    """Copy a thread, all of it or nothing. It is held in memory meanwhile: no write transaction waits for it."""
    made: list[Any] = []
    with pool().connection() as connection:
        with connection.transaction():
            connection.execute(SNAPSHOT)
            taken = len(spaces(connection, target))
            if taken:
                raise TargetTaken(f"thread {target} has checkpoints in {taken} namespaces; copy to a new thread")
            for place in spaces(connection, source):
                copy = Copy(place, Place(target, place.namespace), opens, seals, made)
                for id_ in elders_first(parents(connection, place)):
                    copy.take(connection, id_)
        if made:
            execute(connection, Batch(rows=made))
