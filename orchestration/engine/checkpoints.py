"""A LangGraph checkpoint saver over Django's tables: incremental, sealed, and verified on every load.

While a run is driven, rows go to its journal, which writes them together with the run's facts.
"""

import builtins
import copy
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.types import INTERRUPT
from psycopg import sql

from audit import vault
from orchestration import models
from orchestration.engine import ancestry, copying, pruning, rows
from orchestration.engine.envelope import (
    CheckpointRefused,
    CheckpointTooNew,
    Envelope,
    StepTooLarge,
    Strict,
    check_size,
)
from orchestration.engine.journal import Journal
from orchestration.engine.pool import pool
from orchestration.engine.rows import Blobs, Known, Place
from orchestration.engine.statement import KEEP, Batch, execute
from orchestration.engine.twins import Twins

__all__ = ["CheckpointRefused", "CheckpointTooNew", "DjangoSaver", "StepTooLarge"]

REPLACE_WRITE = (
    "ON CONFLICT (thread, namespace, checkpoint_id, task_id, idx) DO UPDATE SET "
    "channel = EXCLUDED.channel, body = EXCLUDED.body, task_path = EXCLUDED.task_path"
)


class DjangoSaver(Twins):
    """The saver. ``key`` seals threads that no journal is attached for; a driven run brings its own."""

    def __init__(self, *, key: vault.DataKey | None = None) -> None:
        super().__init__(serde=Strict())
        self.key = key
        self.journals: dict[str, Journal] = {}
        # Of attached threads, what this process wrote or read itself: nobody else writes while it holds the lease.
        self.trails: dict[str, dict[tuple[str, str], Known]] = {}
        # Of those, the ones that were found empty and that nothing was put into since.
        self.empty: set[str] = set()

    def attach(self, journal: Journal) -> None:
        """Send this thread's rows to the journal from now on."""
        self.journals[journal.thread] = journal
        self.trails[journal.thread] = {}

    def detach(self, journal: Journal) -> None:
        self.journals.pop(journal.thread, None)
        self.trails.pop(journal.thread, None)
        self.empty.discard(journal.thread)

    def with_allowlist(self, extra_allowlist: Collection[tuple[str, ...]]) -> "DjangoSaver":
        """Return this saver, reading further types; journals attached to either are attached to both."""
        clone = copy.copy(self)
        clone.serde = cast("Strict", self.serde).widened(extra_allowlist)
        return clone

    def key_of(self, thread: str) -> vault.DataKey:
        journal = self.journals.get(thread)
        key = journal.key if journal else self.key
        if key is None:
            raise CheckpointRefused(f"thread {thread} has no data key: what it sealed was erased")
        return key

    def envelope(self, thread: str) -> Envelope:
        return Envelope(self.key_of(thread), self.serde)

    # Reading

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint, verified, or None.

        Raises:
            CheckpointRefused: one of its rows is not what was written.
        """
        place = Place.of(config)
        if place.thread in self.empty:
            return None
        with pool().connection() as connection:
            found = rows.select(connection, place, limit=1)
            asked = config if place.checkpoint_id else None
            if found:
                return self.tuple_of(connection, place, found[0], asked=asked)
        if place.thread in self.trails and place == Place(place.thread, ""):
            self.empty.add(place.thread)
        return None

    def tuple_of(
        self, connection: rows.Connected, place: Place, row: rows.Row, *, asked: RunnableConfig | None = None
    ) -> CheckpointTuple:
        envelope, here = self.envelope(place.thread), place.at(row.checkpoint_id)
        document = rows.read_body(envelope, here, row)
        bodies = rows.bodies(connection, place, document["checkpoint"]["channel_versions"])
        blobs = {channel: (version, rows.hash_of(body)) for channel, (version, body) in bodies.items()}
        found = rows.verified(envelope, here, row, document, blobs)
        if place.thread in self.trails:
            self.trails[place.thread][here.namespace, row.checkpoint_id] = Known(found.digest, blobs)
        values = {
            channel: envelope.open(rows.of_blob(place, channel, version), body)
            for channel, (version, body) in bodies.items()
        }
        held = {channel: value[0] for channel, value in values.items() if value}
        waiting = rows.writes(connection, place, [row.checkpoint_id])
        return CheckpointTuple(
            config=asked or place.config(row.checkpoint_id),
            checkpoint=cast("Checkpoint", {**found.checkpoint, "channel_values": held}),
            metadata=found.metadata,
            parent_config=place.config(found.parent_id) if found.parent_id else None,
            pending_writes=[(w.task_id, w.channel, envelope.open(w.binding(place), w.body)) for w in waiting],
        )

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the base class names it so
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Yield a thread's checkpoints, newest first. Metadata is sealed, so the filter is applied after opening."""
        earlier = get_checkpoint_id(before) if before else None
        items = (
            item for place in self.places(config) for item in self.tuples(place, earlier, None if filter else limit)
        )
        wanted = (item for item in items if all(item.metadata.get(n) == v for n, v in (filter or {}).items()))
        yield from islice(wanted, limit)

    def tuples(self, place: Place, before: str | None, limit: int | None) -> Iterator[CheckpointTuple]:
        with pool().connection() as connection:
            found = rows.select(connection, place, before=before, limit=limit)
        for row in found:
            # A connection for each, so that a reader who stops in the middle keeps none.
            with pool().connection() as connection:
                item = self.tuple_of(connection, place, row)
            yield item

    def places(self, config: RunnableConfig | None) -> Sequence[Place]:
        """Return the threads and namespaces to list: those of the config, or all that this saver's key sealed."""
        if config and "checkpoint_ns" in config["configurable"]:
            return [Place.of(config)]
        if config:
            condition, value = "thread = %s", str(config["configurable"]["thread_id"])
        else:
            condition, value = "encode(substring(body FROM 2 FOR 16), 'hex') = %s", self.key.id.hex if self.key else ""
        query = sql.SQL("SELECT DISTINCT thread, namespace FROM orchestration_checkpoint WHERE {} ORDER BY 1, 2")
        with pool().connection() as connection:
            found = connection.execute(query.format(sql.SQL(condition)), [value]).fetchall()
        asked = get_checkpoint_id(config) if config else None
        return [Place(thread, namespace, asked) for thread, namespace in found]

    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Return what each channel's ancestors wrote, oldest first, back to its last stored value, which is its seed.

        Raises:
            CheckpointRefused: an ancestor is not what was written.
        """
        place = Place.of(config)
        with pool().connection() as connection:
            return ancestry.history(self.envelope(place.thread), connection, place, channels) if channels else {}

    # Writing

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint and the channels that changed, through the run's journal where one is attached.

        Raises:
            StepTooLarge: the step produced more than STEP_LIMIT bytes; nothing is written.
        """
        place, described = Place.of(config), get_checkpoint_metadata(config, metadata)
        journal = self.journals.get(place.thread)
        with ExitStack() as open_:
            # One connection for reading and writing; a driven run needs none before its journal is flushed.
            connection = None if journal else open_.enter_context(pool().connection())
            before = self.before(connection, place, checkpoint["channel_versions"], new_versions)
            # A version that is stored already is not written again: blobs never change.
            fresh = self.new_blobs(place, checkpoint, {c: v for c, v in new_versions.items() if c not in before.blobs})
            row = self.new_checkpoint(place, checkpoint, described, fresh, before)
            size = sum(len(blob.body) for blob in fresh) + len(row.body) + len(row.metadata)
            check_size(size, str(place.at(row.checkpoint_id)))
            if connection is not None:
                execute(connection, batch_of(*fresh, row))
        if journal is not None:
            self.hand_over(journal, place, described, fresh, row)
        return place.config(checkpoint["id"])

    def hand_over(
        self,
        journal: Journal,
        place: Place,
        metadata: CheckpointMetadata,
        fresh: Sequence[models.CheckpointBlob],
        row: models.Checkpoint,
    ) -> None:
        counters = metadata.get("counters_since_delta_snapshot")
        if counters:
            raise CheckpointRefused(
                f"{place.at(row.checkpoint_id)}: delta channels {sorted(counters)} live by their writes, "
                "which a driven run does not keep; give these channels another reducer"
            )
        self.empty.discard(place.thread)
        journal.batch.conflicts |= {models.Checkpoint: pruning.REPLACE, models.CheckpointBlob: KEEP}
        journal.add(*fresh, row)
        if metadata.get("source") != "input":
            # The input's checkpoint travels with the first step's: a crash between them starts anew from the request.
            journal.flush()

    def new_blobs(
        self, place: Place, checkpoint: Checkpoint, new_versions: ChannelVersions
    ) -> Sequence[models.CheckpointBlob]:
        """Return the rows of the channels that have a value; one that was emptied is said so by having none."""
        values, envelope = checkpoint["channel_values"], self.envelope(place.thread)
        return [
            models.CheckpointBlob(
                thread=place.thread,
                namespace=place.namespace,
                channel=channel,
                version=str(version),
                body=envelope.seal(rows.of_blob(place, channel, str(version)), [values[channel]]),
            )
            for channel, version in new_versions.items()
            if channel in values
        ]

    def before(
        self, connection: rows.Connected | None, place: Place, versions: ChannelVersions, new: ChannelVersions
    ) -> Known:
        """Return the digest of the checkpoint before this one, and those of the blobs that are stored already."""
        if connection is not None:
            return rows.known(connection, place, {**versions, **new})
        shared = {channel: str(version) for channel, version in versions.items() if channel not in new}
        held = self.trails[place.thread].get((place.namespace, place.checkpoint_id or ""))
        if held is not None:
            return Known(held.digest, {c: held.blobs[c] for c, v in shared.items() if held.blobs.get(c, ("",))[0] == v})
        if place.checkpoint_id is None and not shared:
            return Known("", {})
        with pool().connection() as own:
            return rows.known(own, place, shared)

    def new_checkpoint(
        self,
        place: Place,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        fresh: Sequence[models.CheckpointBlob],
        before: Known,
    ) -> models.Checkpoint:
        versions = checkpoint["channel_versions"]
        blobs: Blobs = {
            **{channel: known for channel, known in before.blobs.items() if channel in versions},
            **{row.channel: (row.version, rows.hash_of(bytes(row.body))) for row in fresh if row.channel in versions},
        }
        row = rows.sealed_row(
            self.envelope(place.thread),
            place.at(checkpoint["id"]),
            after=place.checkpoint_id,
            parent=before.digest,
            checkpoint=checkpoint,
            metadata=metadata,
            blobs=blobs,
        )
        if place.thread in self.trails:
            self.trails[place.thread][place.namespace, row.checkpoint_id] = Known(bytes(row.digest).hex(), blobs)
        return row

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store a task's writes. A driven run keeps only interrupts: any other step is done again after a crash.

        Raises:
            StepTooLarge: together they have more than STEP_LIMIT bytes; nothing is written.
        """
        place = Place.of(config)
        journal = self.journals.get(place.thread)
        if not writes or (journal is not None and all(channel != INTERRUPT for channel, _ in writes)):
            return
        special = all(channel in WRITES_IDX_MAP for channel, _ in writes)
        fresh = self.new_writes(place, writes, task_id, task_path)
        check_size(sum(len(row.body) for row in fresh), f"the writes of task {task_id} at {place}")
        conflict = REPLACE_WRITE if special else KEEP
        if journal is None:
            with pool().connection() as connection:
                execute(connection, batch_of(*fresh, conflict=conflict))
            return
        journal.batch.conflicts[models.CheckpointWrite] = conflict
        journal.add(*fresh)
        journal.flush(barrier=True)

    def new_writes(
        self, place: Place, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> builtins.list[models.CheckpointWrite]:
        envelope, fresh = self.envelope(place.thread), []
        for position, (channel, value) in enumerate(writes):
            idx = WRITES_IDX_MAP.get(channel, position)
            where = rows.Write(str(place.checkpoint_id), task_id, idx, channel, task_path, b"").binding(place)
            fresh.append(
                models.CheckpointWrite(
                    thread=place.thread,
                    namespace=place.namespace,
                    checkpoint_id=str(place.checkpoint_id),
                    task_id=task_id,
                    idx=idx,
                    task_path=task_path,
                    channel=channel,
                    body=envelope.seal(where, value),
                )
            )
        return fresh

    def get_next_version(self, current: str | None, channel: None) -> str:  # noqa: ARG002 - the base class has it
        """Return the version after ``current``. The random tail keeps forks of one checkpoint apart."""
        number = int(str(current).split(".")[0]) if current else 0
        return f"{number + 1:032}.{secrets.randbelow(10**16):016}"

    # Whole threads

    def delete_thread(self, thread_id: str) -> None:
        """Remove every row of a thread.

        Raises:
            ThreadBusy: a worker drives it.
        """
        pruning.delete(str(thread_id))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Remove the checkpoints that these LangGraph runs wrote, of all threads that this saver's key sealed.

        Raises:
            ThreadBusy, DeltaBroken: a thread is being driven, or what stays would lose a delta channel's value.
            CheckpointRefused: this saver has no key, or a checkpoint that stays is not what was written.
        """
        if run_ids:
            pruning.delete_runs(self.envelope("of these runs"), [str(run_id) for run_id in run_ids])

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all checkpoints and pending writes, verified, and sealed anew for the other thread.

        Raises:
            TargetTaken: the other thread has checkpoints already.
            CheckpointRefused: a row of the source is not what was written; nothing is copied.
        """
        source, target = str(source_thread_id), str(target_thread_id)
        copying.copy_thread(source, target, self.envelope(source), self.envelope(target))

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Keep of each thread the newest checkpoint of a namespace, and what its delta channels need; or nothing.

        Raises:
            ValueError: the strategy is neither "keep_latest" nor "delete".
            ThreadBusy: a worker drives one of them; those before it are pruned.
            CheckpointRefused: a checkpoint that would stay is not what was written; its thread is left as it is.
        """
        match strategy:
            case "keep_latest":
                for thread in map(str, thread_ids):
                    pruning.keep_latest(thread, self.envelope)
            case "delete":
                for thread in map(str, thread_ids):
                    pruning.delete(thread)
            case _:
                raise ValueError(f"there is no strategy {strategy!r}; take keep_latest or delete")


def batch_of(*fresh: Any, conflict: str = KEEP) -> Batch:  # noqa: ANN401 - rows of three models
    conflicts: dict[type[Any], str] = {
        models.Checkpoint: pruning.REPLACE,
        models.CheckpointBlob: KEEP,
        models.CheckpointWrite: conflict,
    }
    return Batch(rows=[*fresh], conflicts=conflicts)
