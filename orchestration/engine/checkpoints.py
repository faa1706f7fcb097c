"""A LangGraph checkpoint saver over Django's tables: incremental, sealed, and verified on every load.

Each checkpoint's digest covers its parent's digest, its body, its metadata and the ciphertexts of its channels'
blobs. While a run is driven, rows go to its journal, which writes them together with the run's facts.
"""

import asyncio
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import INTERRUPT
from psycopg import sql

from audit import canonical, vault
from orchestration import models
from orchestration.engine.journal import Journal
from orchestration.engine.pool import pool
from orchestration.engine.statement import KEEP, Batch, compose

REPLACE_WRITE = (
    "ON CONFLICT (thread, namespace, checkpoint_id, task_id, idx) DO UPDATE SET "
    "channel = EXCLUDED.channel, body = EXCLUDED.body, task_path = EXCLUDED.task_path"
)
REPLACE_CHECKPOINT = (
    "ON CONFLICT (thread, namespace, checkpoint_id) DO UPDATE SET "
    "body = EXCLUDED.body, metadata = EXCLUDED.metadata, digest = EXCLUDED.digest"
)
EMPTY = "empty"


class CheckpointRefused(Exception):
    """A stored row is not what was written: forged, edited, swapped or missing. It names the row."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a checkpoint lies: thread, namespace, id."""

    thread: str
    namespace: str
    checkpoint_id: str | None

    @classmethod
    def of(cls, config: RunnableConfig) -> "Place":
        known = config["configurable"]
        return cls(str(known["thread_id"]), str(known.get("checkpoint_ns", "")), get_checkpoint_id(config))

    def config(self, checkpoint_id: str) -> RunnableConfig:
        known = {"thread_id": self.thread, "checkpoint_ns": self.namespace, "checkpoint_id": checkpoint_id}
        return {"configurable": known}


def binding(table: str, column: str, *row: str) -> vault.Binding:
    return vault.Binding(table=table, column=column, row=json.dumps(row))


def digest_of(
    place: Place, checkpoint_id: str, *, parent: str, body: bytes, metadata: bytes, blobs: Mapping[str, Sequence[str]]
) -> bytes:
    """Return the digest of a checkpoint: 32 bytes over its place, parent's digest, ciphertexts and blobs."""
    covered = canonical.encode(
        {
            "thread": place.thread,
            "namespace": place.namespace,
            "id": checkpoint_id,
            "parent": parent,
            "body": hashlib.sha256(body).hexdigest(),
            "metadata": hashlib.sha256(metadata).hexdigest(),
            "blobs": {channel: list(known) for channel, known in blobs.items()},
        }
    )
    return canonical.digest(covered)


class DjangoSaver(BaseCheckpointSaver[str]):
    """The saver. ``key`` seals threads that no journal is attached for; a driven run brings its own."""

    def __init__(self, *, key: vault.DataKey | None = None) -> None:
        super().__init__(serde=JsonPlusSerializer())
        self.key = key
        self.journals: dict[str, Journal] = {}

    def attach(self, journal: Journal) -> None:
        """Send this thread's rows to the journal from now on."""
        self.journals[journal.thread] = journal

    def detach(self, journal: Journal) -> None:
        self.journals.pop(journal.thread, None)

    def key_of(self, thread: str) -> vault.DataKey:
        journal = self.journals.get(thread)
        key = journal.key if journal else self.key
        if key is None:
            raise CheckpointRefused(f"thread {thread} has no data key: what it sealed was erased")
        return key

    def seal(self, thread: str, where: vault.Binding, value: Any) -> bytes:  # noqa: ANN401 - any channel value
        type_, data = self.serde.dumps_typed(value)
        return vault.seal(self.key_of(thread), type_.encode() + b"\0" + data, binding=where)

    def open(self, thread: str, where: vault.Binding, sealed: bytes) -> Any:  # noqa: ANN401
        try:
            type_, _, data = vault.open_sealed(self.key_of(thread), sealed, binding=where).partition(b"\0")
        except vault.SealError as error:
            raise CheckpointRefused(str(error)) from error
        return self.serde.loads_typed((type_.decode(), data))

    # Reading

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint, verified, or None.

        Raises:
            CheckpointRefused: one of its rows is not what was written.
        """
        place = Place.of(config)
        rows = self.select(place, limit=1)
        return self.tuple_of(place, rows[0], asked=config if place.checkpoint_id else None) if rows else None

    def select(self, place: Place, *, limit: int | None = None, before: str | None = None) -> list[tuple[Any, ...]]:
        conditions = [sql.SQL("c.thread = %s AND c.namespace = %s")]
        params: list[Any] = [place.thread, place.namespace]
        if place.checkpoint_id:
            conditions.append(sql.SQL("c.checkpoint_id = %s"))
            params.append(place.checkpoint_id)
        if before:
            conditions.append(sql.SQL("c.checkpoint_id < %s"))
            params.append(before)
        query = sql.SQL(
            "SELECT c.checkpoint_id, c.parent_id, c.body, c.metadata, c.digest, p.digest FROM orchestration_checkpoint c "
            "LEFT JOIN orchestration_checkpoint p ON (p.thread, p.namespace, p.checkpoint_id) "
            "= (c.thread, c.namespace, c.parent_id) WHERE {} ORDER BY c.checkpoint_id DESC LIMIT %s"
        ).format(sql.SQL(" AND ").join(conditions))
        with pool().connection() as connection:
            return connection.execute(query, [*params, limit]).fetchall()

    def blobs_of(self, place: Place, versions: Mapping[str, str]) -> dict[str, tuple[str, bytes]]:
        """Return channel -> (version, sealed body) of the blobs that are stored."""
        query = (
            "SELECT b.channel, b.version, b.body FROM orchestration_checkpointblob b "
            "JOIN unnest(%s::text[], %s::text[]) AS v(channel, version) USING (channel, version) "
            "WHERE b.thread = %s AND b.namespace = %s"
        )
        wanted = [str(version) for version in versions.values()]
        with pool().connection() as connection:
            rows = connection.execute(query, [list(versions), wanted, place.thread, place.namespace]).fetchall()
        return {channel: (version, bytes(body)) for channel, version, body in rows}

    def tuple_of(self, place: Place, row: tuple[Any, ...], *, asked: RunnableConfig | None = None) -> CheckpointTuple:
        checkpoint_id, parent_id, body, metadata, digest, parent_digest = row
        where = f"checkpoint {place.thread}/{place.namespace}/{checkpoint_id}"
        table = "orchestration_checkpoint"
        row_names = (place.thread, place.namespace, checkpoint_id)
        stored = self.open(place.thread, binding(table, "body", *row_names), bytes(body))
        checkpoint: Checkpoint = stored["checkpoint"]
        blobs = self.blobs_of(place, checkpoint["channel_versions"])
        if set(stored["blobs"]) != set(blobs):
            raise CheckpointRefused(f"{where}: blobs of {sorted(set(stored['blobs']) ^ set(blobs))} are missing or extra")
        known = {channel: (version, hashlib.sha256(blob).hexdigest()) for channel, (version, blob) in blobs.items()}
        computed = digest_of(
            place, checkpoint_id, parent=stored["parent"], body=bytes(body), metadata=bytes(metadata), blobs=known
        )
        if computed != bytes(digest):
            raise CheckpointRefused(f"{where}: its digest does not cover what is stored")
        if parent_digest is not None and bytes(parent_digest).hex() != stored["parent"]:
            raise CheckpointRefused(f"{where}: its parent {parent_id} is not the one it was written after")
        values = {
            channel: self.open(place.thread, self.blob_binding(place, channel, version), blob)
            for channel, (version, blob) in blobs.items()
        }
        return CheckpointTuple(
            config=asked or place.config(checkpoint_id),
            checkpoint={**checkpoint, "channel_values": {c: v[0] for c, v in values.items() if v}},
            metadata=self.open(place.thread, binding(table, "metadata", *row_names), bytes(metadata)),
            parent_config=place.config(parent_id) if parent_id else None,
            pending_writes=self.pending(place, checkpoint_id),
        )

    def blob_binding(self, place: Place, channel: str, version: str) -> vault.Binding:
        return binding("orchestration_checkpointblob", "body", place.thread, place.namespace, channel, version)

    def pending(self, place: Place, checkpoint_id: str) -> list[tuple[str, str, Any]]:
        query = (
            "SELECT task_id, idx, channel, body FROM orchestration_checkpointwrite "
            "WHERE thread = %s AND namespace = %s AND checkpoint_id = %s ORDER BY task_path, task_id, idx"
        )
        with pool().connection() as connection:
            rows = connection.execute(query, [place.thread, place.namespace, checkpoint_id]).fetchall()
        return [
            (task, channel, self.open(place.thread, self.write_binding(place, checkpoint_id, task, idx, channel), body))
            for task, idx, channel, body in rows
        ]

    def write_binding(self, place: Place, checkpoint_id: str, task: str, idx: int, channel: str) -> vault.Binding:
        row = (place.thread, place.namespace, checkpoint_id, task, str(idx), channel)
        return binding("orchestration_checkpointwrite", "body", *row)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the base class names it so
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Yield a thread's checkpoints, newest first. Metadata is sealed, so the filter is applied after opening."""
        found = 0
        for place in self.places(config):
            for row in self.select(place, before=get_checkpoint_id(before) if before else None):
                item = self.tuple_of(place, row)
                if any(item.metadata.get(name) != value for name, value in (filter or {}).items()):
                    continue
                if limit is not None and found >= limit:
                    return
                found += 1
                yield item

    def places(self, config: RunnableConfig | None) -> Sequence[Place]:
        """Return the threads and namespaces to list: those of the config, or all that this saver's key opens."""
        if config and "checkpoint_ns" in config["configurable"]:
            return [Place.of(config)]
        thread = str(config["configurable"]["thread_id"]) if config else None
        query = (
            "SELECT DISTINCT thread, namespace FROM orchestration_checkpoint "
            "WHERE %s::text IS NULL OR thread = %s ORDER BY 1, 2"
        )
        with pool().connection() as connection:
            rows = connection.execute(query, [thread, thread]).fetchall()
        asked = get_checkpoint_id(config) if config else None
        return [Place(thread, namespace, asked) for thread, namespace in rows]

    # Writing

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint and the channels that changed, through the run's journal where one is attached."""
        place = Place.of(config)
        journal = self.journals.get(place.thread)
        batch = journal.batch if journal else Batch()
        batch.conflicts |= {models.Checkpoint: REPLACE_CHECKPOINT, models.CheckpointBlob: KEEP}
        fresh = self.new_blobs(place, checkpoint, new_versions)
        batch.add(*fresh)
        batch.add(self.new_checkpoint(place, checkpoint, get_checkpoint_metadata(config, metadata), fresh))
        if journal is None:
            write(batch)
        elif metadata.get("source") != "input":
            # The input's checkpoint travels with the first step's: a crash between them starts anew from the request.
            journal.flush()
        return place.config(checkpoint["id"])

    def new_blobs(
        self, place: Place, checkpoint: Checkpoint, new_versions: ChannelVersions
    ) -> list[models.CheckpointBlob]:
        values = checkpoint["channel_values"]
        rows = []
        for channel, version in new_versions.items():
            held = (values[channel],) if channel in values else ()
            where = self.blob_binding(place, channel, str(version))
            rows.append(
                models.CheckpointBlob(
                    thread=place.thread,
                    namespace=place.namespace,
                    channel=channel,
                    version=str(version),
                    body=self.seal(place.thread, where, list(held)),
                )
            )
        return rows

    def new_checkpoint(
        self,
        place: Place,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        fresh: Sequence[models.CheckpointBlob],
    ) -> models.Checkpoint:
        versions = checkpoint["channel_versions"]
        new = {row.channel for row in fresh}
        blobs = self.inherited(place, {c: str(v) for c, v in versions.items() if c not in new})
        blobs |= {r.channel: (r.version, hashlib.sha256(r.body).hexdigest()) for r in fresh if r.channel in versions}
        parent = self.parent_digest(place)
        slim = {name: value for name, value in checkpoint.items() if name != "channel_values"}
        row_names = (place.thread, place.namespace, checkpoint["id"])
        table = "orchestration_checkpoint"
        body = {"checkpoint": slim, "parent": parent, "blobs": sorted(blobs)}
        sealed = self.seal(place.thread, binding(table, "body", *row_names), body)
        sealed_metadata = self.seal(place.thread, binding(table, "metadata", *row_names), metadata)
        return models.Checkpoint(
            thread=place.thread,
            namespace=place.namespace,
            checkpoint_id=checkpoint["id"],
            parent_id=place.checkpoint_id,
            step=metadata.get("step", -1),
            source=str(metadata.get("source", ""))[:10],
            body=sealed,
            metadata=sealed_metadata,
            digest=digest_of(
                place, checkpoint["id"], parent=parent, body=sealed, metadata=sealed_metadata, blobs=blobs
            ),
        )

    def waiting(self, place: Place, model: type[Any]) -> list[Any]:
        """Return rows of this place that the journal has not written yet."""
        journal = self.journals.get(place.thread)
        rows = journal.batch.rows if journal else []
        return [row for row in rows if isinstance(row, model) and row.namespace == place.namespace]

    def inherited(self, place: Place, versions: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """Return channel -> (version, hash) of blobs that earlier checkpoints wrote."""
        if not versions:
            return {}
        found = {c: (v, hashlib.sha256(body).hexdigest()) for c, (v, body) in self.blobs_of(place, versions).items()}
        for row in self.waiting(place, models.CheckpointBlob):
            if versions.get(row.channel) == row.version:
                found[row.channel] = (row.version, hashlib.sha256(row.body).hexdigest())
        return found

    def parent_digest(self, place: Place) -> str:
        if place.checkpoint_id is None:
            return ""
        for row in self.waiting(place, models.Checkpoint):
            if row.checkpoint_id == place.checkpoint_id:
                return bytes(row.digest).hex()
        rows = self.select(place, limit=1)
        return bytes(rows[0][4]).hex() if rows else ""

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store a task's writes. A driven run keeps only interrupts: any other step is done again after a crash."""
        place = Place.of(config)
        journal = self.journals.get(place.thread)
        special = all(channel in WRITES_IDX_MAP for channel, _ in writes)
        if journal is not None and all(channel != INTERRUPT for channel, _ in writes):
            return
        batch = journal.batch if journal else Batch()
        batch.conflicts[models.CheckpointWrite] = REPLACE_WRITE if special else KEEP
        checkpoint_id = place.checkpoint_id or ""
        for position, (channel, value) in enumerate(writes):
            idx = WRITES_IDX_MAP.get(channel, position)
            where = self.write_binding(place, checkpoint_id, task_id, idx, channel)
            batch.add(
                models.CheckpointWrite(
                    thread=place.thread,
                    namespace=place.namespace,
                    checkpoint_id=checkpoint_id,
                    task_id=task_id,
                    idx=idx,
                    task_path=task_path,
                    channel=channel,
                    body=self.seal(place.thread, where, value),
                )
            )
        if journal is None:
            write(batch)
        else:
            journal.flush(barrier=True)

    def delete_thread(self, thread_id: str) -> None:
        """Remove every row of a thread."""
        with pool().connection() as connection, connection.transaction():
            for table in ("checkpointwrite", "checkpointblob", "checkpoint"):
                name = sql.Identifier(f"orchestration_{table}")
                connection.execute(sql.SQL("DELETE FROM {} WHERE thread = %s").format(name), [str(thread_id)])

    def get_next_version(self, current: str | None, channel: None) -> str:
        """Return the version after ``current``. The random tail keeps forks of one checkpoint apart."""
        number = int(str(current).split(".")[0]) if current else 0
        return f"{number + 1:032}.{secrets.randbelow(10**16):016}"

    # The same for asynchronous callers: on threads, since the work is waiting for the database.

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return await asyncio.to_thread(self.get_tuple, config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the base class names it so
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        items = await asyncio.to_thread(lambda: [*self.list(config, filter=filter, before=before, limit=limit)])
        for item in items:
            yield item

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        return await asyncio.to_thread(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        await asyncio.to_thread(self.delete_thread, thread_id)


def write(batch: Batch) -> None:
    statement, params = compose(batch, guard=None, barrier=True)
    with pool().connection() as connection:
        connection.execute(statement, params)
