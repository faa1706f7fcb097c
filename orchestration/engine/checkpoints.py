"""A LangGraph checkpoint saver over Django's tables: incremental, sealed, and verified on every load.

Each checkpoint's digest covers its parent's digest, its body, its metadata and the ciphertexts of its channels'
blobs; the columns in clear are compared with what is sealed. While a run is driven, rows go to its journal, which
writes them together with the run's facts.
"""

import asyncio
import builtins
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any, cast

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
    "parent_id = EXCLUDED.parent_id, step = EXCLUDED.step, source = EXCLUDED.source, body = EXCLUDED.body, "
    "metadata = EXCLUDED.metadata, digest = EXCLUDED.digest, created_at = EXCLUDED.created_at"
)


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


@dataclass(frozen=True, slots=True)
class Shown:
    """The columns of a checkpoint that are in clear, for lists; what is sealed has to say the same."""

    parent_id: str | None
    step: int
    source: str
    created_at: datetime

    @classmethod
    def of(cls, place: Place, checkpoint: Checkpoint, metadata: CheckpointMetadata) -> "Shown":
        source = str(metadata.get("source", ""))[:10]
        return cls(place.checkpoint_id, metadata.get("step", -1), source, datetime.fromisoformat(checkpoint["ts"]))


@dataclass(frozen=True, slots=True)
class Row:
    """A checkpoint as it is stored, and its parent's digest."""

    checkpoint_id: str
    shown: Shown
    body: bytes
    metadata: bytes
    digest: bytes
    parent_digest: bytes


SELECT = """
SELECT c.checkpoint_id, c.parent_id, c.step, c.source, c.created_at, c.body, c.metadata, c.digest, p.digest
FROM orchestration_checkpoint c LEFT JOIN orchestration_checkpoint p
ON (p.thread, p.namespace, p.checkpoint_id) = (c.thread, c.namespace, c.parent_id)
WHERE {} ORDER BY c.checkpoint_id DESC LIMIT %s
"""


def binding(table: str, column: str, *row: str) -> vault.Binding:
    return vault.Binding(table=table, column=column, row=json.dumps(row))


def digest_of(here: Place, *, parent: str, body: bytes, metadata: bytes, blobs: Mapping[str, Sequence[str]]) -> bytes:
    """Return the digest of a checkpoint: 32 bytes over its place, parent's digest, ciphertexts and blobs."""
    covered = canonical.encode(
        {
            "thread": here.thread,
            "namespace": here.namespace,
            "id": here.checkpoint_id,
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

    def select(self, place: Place, *, limit: int | None = None, before: str | None = None) -> Sequence[Row]:
        conditions = [sql.SQL("c.thread = %s AND c.namespace = %s")]
        params: list[Any] = [place.thread, place.namespace]
        if place.checkpoint_id:
            conditions.append(sql.SQL("c.checkpoint_id = %s"))
            params.append(place.checkpoint_id)
        if before:
            conditions.append(sql.SQL("c.checkpoint_id < %s"))
            params.append(before)
        query = sql.SQL(SELECT).format(sql.SQL(" AND ").join(conditions))
        with pool().connection() as connection:
            found = connection.execute(query, [*params, limit]).fetchall()
        return [Row(row[0], Shown(*row[1:5]), *(bytes(item or b"") for item in row[5:])) for row in found]

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

    def tuple_of(self, place: Place, row: Row, *, asked: RunnableConfig | None = None) -> CheckpointTuple:
        here = Place(place.thread, place.namespace, row.checkpoint_id)
        stored = self.open(place.thread, self.row_binding(here, "body"), row.body)
        metadata = self.open(place.thread, self.row_binding(here, "metadata"), row.metadata)
        blobs = self.blobs_of(place, stored["checkpoint"]["channel_versions"])
        self.verify(here, row, stored, metadata, blobs)
        values = {
            channel: self.open(place.thread, self.blob_binding(place, channel, version), blob)
            for channel, (version, blob) in blobs.items()
        }
        held = {channel: value[0] for channel, value in values.items() if value}
        return CheckpointTuple(
            config=asked or place.config(row.checkpoint_id),
            checkpoint=cast("Checkpoint", stored["checkpoint"] | {"channel_values": held}),
            metadata=metadata,
            parent_config=place.config(row.shown.parent_id) if row.shown.parent_id else None,
            pending_writes=self.pending(place, row.checkpoint_id),
        )

    def verify(
        self,
        here: Place,
        row: Row,
        stored: Mapping[str, Any],
        metadata: CheckpointMetadata,
        blobs: Mapping[str, tuple[str, bytes]],
    ) -> None:
        """Compare a stored checkpoint with its digest, its parent's, its blobs and its own columns in clear."""
        where = f"checkpoint {here.thread}/{here.namespace}/{here.checkpoint_id}"
        if set(stored["blobs"]) != set(blobs):
            raise CheckpointRefused(
                f"{where}: blobs of {sorted(set(stored['blobs']) ^ set(blobs))} are missing or extra"
            )
        known = {channel: (version, hashlib.sha256(blob).hexdigest()) for channel, (version, blob) in blobs.items()}
        parent = Place(here.thread, here.namespace, stored["parent_id"])
        computed = digest_of(here, parent=stored["parent"], body=row.body, metadata=row.metadata, blobs=known)
        if computed != row.digest:
            raise CheckpointRefused(f"{where}: its digest does not cover what is stored")
        if row.shown != Shown.of(parent, stored["checkpoint"], metadata):
            raise CheckpointRefused(f"{where}: its columns do not say what was sealed")
        if row.parent_digest.hex() != stored["parent"]:
            raise CheckpointRefused(f"{where}: its parent {row.shown.parent_id} is not the one it was written after")

    def row_binding(self, here: Place, column: str) -> vault.Binding:
        return binding("orchestration_checkpoint", column, here.thread, here.namespace, str(here.checkpoint_id))

    def blob_binding(self, place: Place, channel: str, version: str) -> vault.Binding:
        return binding("orchestration_checkpointblob", "body", place.thread, place.namespace, channel, version)

    def pending(self, place: Place, checkpoint_id: str) -> builtins.list[tuple[str, str, Any]]:
        query = (
            "SELECT task_id, idx, channel, task_path, body FROM orchestration_checkpointwrite "
            "WHERE thread = %s AND namespace = %s AND checkpoint_id = %s ORDER BY task_path, task_id, idx"
        )
        with pool().connection() as connection:
            rows = connection.execute(query, [place.thread, place.namespace, checkpoint_id]).fetchall()
        here = Place(place.thread, place.namespace, checkpoint_id)
        return [
            (task, channel, self.open(place.thread, self.write_binding(here, task, idx, channel, path), bytes(body)))
            for task, idx, channel, path, body in rows
        ]

    def write_binding(self, here: Place, task: str, idx: int, channel: str, path: str) -> vault.Binding:
        row = (here.thread, here.namespace, str(here.checkpoint_id), task, str(idx), channel, path)
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
        earlier = get_checkpoint_id(before) if before else None
        items = (
            self.tuple_of(place, row)
            for place in self.places(config)
            for row in self.select(place, before=earlier, limit=None if filter else limit)
        )
        wanted = (item for item in items if all(item.metadata.get(n) == v for n, v in (filter or {}).items()))
        yield from islice(wanted, limit)

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
            rows = connection.execute(query.format(sql.SQL(condition)), [value]).fetchall()
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
    ) -> Sequence[models.CheckpointBlob]:
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
        here = Place(place.thread, place.namespace, checkpoint["id"])
        parent = self.parent_digest(place)
        slim = {name: value for name, value in checkpoint.items() if name != "channel_values"}
        body = {"checkpoint": slim, "parent": parent, "parent_id": place.checkpoint_id, "blobs": sorted(blobs)}
        sealed = self.seal(place.thread, self.row_binding(here, "body"), body)
        sealed_metadata = self.seal(place.thread, self.row_binding(here, "metadata"), metadata)
        return models.Checkpoint(
            thread=here.thread,
            namespace=here.namespace,
            checkpoint_id=checkpoint["id"],
            body=sealed,
            metadata=sealed_metadata,
            digest=digest_of(here, parent=parent, body=sealed, metadata=sealed_metadata, blobs=blobs),
            **asdict(Shown.of(place, checkpoint, metadata)),
        )

    def waiting(self, place: Place, model: type[Any]) -> Sequence[Any]:
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
        return rows[0].digest.hex() if rows else ""

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store a task's writes. A driven run keeps only interrupts: any other step is done again after a crash."""
        place = Place.of(config)
        journal = self.journals.get(place.thread)
        special = all(channel in WRITES_IDX_MAP for channel, _ in writes)
        if not writes or (journal is not None and all(channel != INTERRUPT for channel, _ in writes)):
            return
        batch = journal.batch if journal else Batch()
        batch.conflicts[models.CheckpointWrite] = REPLACE_WRITE if special else KEEP
        for position, (channel, value) in enumerate(writes):
            idx = WRITES_IDX_MAP.get(channel, position)
            where = self.write_binding(place, task_id, idx, channel, task_path)
            batch.add(
                models.CheckpointWrite(
                    thread=place.thread,
                    namespace=place.namespace,
                    checkpoint_id=str(place.checkpoint_id),
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

    def get_next_version(self, current: str | None, channel: None) -> str:  # noqa: ARG002 - the base class has it
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
