"""The rows of checkpoints: read, and compared with what their digests cover. Nothing unverified leaves this module.

Each checkpoint's digest covers its parent's digest, its body, its metadata and the ciphertexts of its channels'
blobs; the columns in clear are compared with what is sealed.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, CheckpointMetadata, get_checkpoint_id, writes_sort_key
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from audit import canonical, vault
from orchestration import models
from orchestration.engine.envelope import CheckpointRefused, CheckpointTooNew, Envelope

# The forms of a checkpoint that this version reads: ours, and LangGraph's own ``v``.
FORMAT, LANGGRAPH_V = 1, 4

Connected = Connection[TupleRow]
Blobs = Mapping[str, tuple[str, str]]  # channel -> (version, SHA-256 of the sealed body in hex)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a checkpoint lies: thread, namespace, id."""

    thread: str
    namespace: str
    checkpoint_id: str | None = None

    @classmethod
    def of(cls, config: RunnableConfig) -> "Place":
        known = config["configurable"]
        return cls(str(known["thread_id"]), str(known.get("checkpoint_ns", "")), get_checkpoint_id(config))

    def at(self, checkpoint_id: str | None) -> "Place":
        return Place(self.thread, self.namespace, checkpoint_id)

    def config(self, checkpoint_id: str) -> RunnableConfig:
        known = {"thread_id": self.thread, "checkpoint_ns": self.namespace, "checkpoint_id": checkpoint_id}
        return {"configurable": known}

    def __str__(self) -> str:
        return f"checkpoint {self.thread}/{self.namespace}/{self.checkpoint_id}"


@dataclass(frozen=True, slots=True)
class Shown:
    """The columns of a checkpoint that are in clear, for lists; what is sealed has to say the same."""

    parent_id: str | None
    step: int
    source: str
    created_at: datetime
    run: str

    @classmethod
    def of(cls, parent: str | None, checkpoint: Checkpoint, metadata: CheckpointMetadata, *, run: str) -> "Shown":
        source = str(metadata.get("source", ""))[:10]
        return cls(parent, metadata.get("step", -1), source, datetime.fromisoformat(checkpoint["ts"]), run)


@dataclass(frozen=True, slots=True)
class Row:
    """A checkpoint as it is stored, and its parent's digest."""

    checkpoint_id: str
    shown: Shown
    body: bytes
    metadata: bytes
    digest: bytes
    parent_digest: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A checkpoint that was verified. Its values are not opened: ``blobs`` says which they are."""

    here: Place
    row: Row
    checkpoint: Checkpoint
    metadata: CheckpointMetadata
    blobs: Blobs
    # Delta channels that cannot be read from here, because what they start from was pruned.
    pruned: tuple[str, ...]

    @property
    def digest(self) -> str:
        return self.row.digest.hex()

    @property
    def parent_id(self) -> str | None:
        return self.row.shown.parent_id


@dataclass(frozen=True, slots=True)
class Known:
    """What the next checkpoint has to know of the one before it: its digest in hex, and its blobs."""

    digest: str
    blobs: Blobs


COLUMNS = "c.checkpoint_id, c.parent_id, c.step, c.source, c.created_at, c.run, c.body, c.metadata, c.digest, p.digest"
SELECT = f"""
SELECT {COLUMNS} FROM orchestration_checkpoint c LEFT JOIN orchestration_checkpoint p
ON (p.thread, p.namespace, p.checkpoint_id) = (c.thread, c.namespace, c.parent_id)
WHERE {{}} ORDER BY c.checkpoint_id DESC LIMIT %s
"""  # noqa: S608 - our own column names
BLOBS = (
    "FROM orchestration_checkpointblob b JOIN unnest(%s::text[], %s::text[]) AS v(channel, version) "
    "USING (channel, version) WHERE b.thread = %s AND b.namespace = %s"
)
PARENT = f"""
SELECT p.digest, b.* FROM (SELECT 1) AS one
LEFT JOIN orchestration_checkpoint p ON p.thread = %s AND p.namespace = %s AND p.checkpoint_id = %s
LEFT JOIN (SELECT b.channel, b.version, encode(sha256(b.body), 'hex') {BLOBS}) AS b ON true
"""  # noqa: S608
WRITES = """
SELECT checkpoint_id, task_id, idx, channel, task_path, body FROM orchestration_checkpointwrite
WHERE thread = %s AND namespace = %s AND checkpoint_id = ANY(%s) AND (%s::text[] IS NULL OR channel = ANY(%s))
"""


def hash_of(sealed: bytes) -> str:
    return hashlib.sha256(sealed).hexdigest()


def binding(table: str, column: str, *row: str) -> vault.Binding:
    return vault.Binding(table=f"orchestration_{table}", column=column, row=json.dumps(row))


def of_checkpoint(here: Place, column: str) -> vault.Binding:
    return binding("checkpoint", column, here.thread, here.namespace, str(here.checkpoint_id))


def of_blob(place: Place, channel: str, version: str) -> vault.Binding:
    return binding("checkpointblob", "body", place.thread, place.namespace, channel, version)


@dataclass(frozen=True, slots=True)
class Write:
    """A pending write as it is stored."""

    checkpoint_id: str
    task_id: str
    idx: int
    channel: str
    task_path: str
    body: bytes

    def order(self) -> tuple[str, tuple[str, str, int]]:
        return self.checkpoint_id, writes_sort_key(self.task_path, self.task_id, self.idx)

    def binding(self, place: Place) -> vault.Binding:
        row = (self.checkpoint_id, self.task_id, str(self.idx), self.channel, self.task_path)
        return binding("checkpointwrite", "body", place.thread, place.namespace, *row)


def digest_of(here: Place, *, parent: str, body: bytes, metadata: bytes, blobs: Blobs) -> bytes:
    """Return the digest of a checkpoint: 32 bytes over its place, parent's digest, ciphertexts and blobs."""
    covered = canonical.encode(
        {
            "thread": here.thread,
            "namespace": here.namespace,
            "id": here.checkpoint_id,
            "parent": parent,
            "body": hash_of(body),
            "metadata": hash_of(metadata),
            "blobs": {channel: list(known) for channel, known in blobs.items()},
        }
    )
    return canonical.digest(covered)


def sealed_row(
    envelope: Envelope,
    here: Place,
    *,
    after: str | None,
    parent: str,
    checkpoint: Any,  # noqa: ANN401 - as LangGraph gives it
    metadata: Any,  # noqa: ANN401
    blobs: Blobs,
    pruned: Sequence[str] = (),
) -> models.Checkpoint:
    """Return the row of a checkpoint.

    Args:
        after: the id of the checkpoint it follows, or None for the first one.
        parent: that one's digest in hex, or nothing.
        blobs: the blobs of its channels.
        pruned: its delta channels that can no longer be read.
    """
    slim = {name: value for name, value in checkpoint.items() if name != "channel_values"}
    document = {"format": FORMAT, "checkpoint": slim, "parent": parent, "parent_id": after, "blobs": sorted(blobs)}
    if pruned:
        document["pruned"] = list(pruned)
    body = envelope.seal(of_checkpoint(here, "body"), document)
    sealed = envelope.seal(of_checkpoint(here, "metadata"), metadata)
    shown = Shown.of(after, checkpoint, metadata, run=envelope.run_mark(metadata))
    return models.Checkpoint(
        thread=here.thread,
        namespace=here.namespace,
        checkpoint_id=str(here.checkpoint_id),
        body=body,
        metadata=sealed,
        digest=digest_of(here, parent=parent, body=body, metadata=sealed, blobs=blobs),
        parent_id=shown.parent_id,
        step=shown.step,
        source=shown.source,
        created_at=shown.created_at,
        run=shown.run,
    )


# Reading


def row_of(found: Sequence[Any]) -> Row:
    return Row(found[0], Shown(*found[1:6]), *(bytes(item or b"") for item in found[6:10]))


def select(connection: Connected, place: Place, *, limit: int | None = None, before: str | None = None) -> list[Row]:
    """Return the rows of a place, newest first, unverified."""
    conditions = [sql.SQL("c.thread = %s AND c.namespace = %s")]
    params: list[Any] = [place.thread, place.namespace]
    if place.checkpoint_id:
        conditions.append(sql.SQL("c.checkpoint_id = %s"))
        params.append(place.checkpoint_id)
    if before:
        conditions.append(sql.SQL("c.checkpoint_id < %s"))
        params.append(before)
    query = sql.SQL(SELECT).format(sql.SQL(" AND ").join(conditions))
    return [row_of(found) for found in connection.execute(query, [*params, limit]).fetchall()]


def pairs(place: Place, versions: Mapping[str, Any]) -> list[Any]:
    return [list(versions), [str(version) for version in versions.values()], place.thread, place.namespace]


def bodies(connection: Connected, place: Place, versions: Mapping[str, Any]) -> dict[str, tuple[str, bytes]]:
    """Return channel -> (version, sealed body) of the blobs that are stored."""
    query = sql.SQL("SELECT b.channel, b.version, b.body " + BLOBS)
    found = connection.execute(query, pairs(place, versions)).fetchall()
    return {channel: (version, bytes(body)) for channel, version, body in found}


def hashes(connection: Connected, place: Place, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return (channel, version) -> hash of the blobs that are stored; the bodies stay in the database."""
    query = sql.SQL("SELECT b.channel, b.version, encode(sha256(b.body), 'hex') " + BLOBS)
    params = [[channel for channel, _ in wanted], [version for _, version in wanted], place.thread, place.namespace]
    return {(channel, version): hashed for channel, version, hashed in connection.execute(query, params).fetchall()}


def known(connection: Connected, place: Place, versions: Mapping[str, Any]) -> Known:
    """Return what a checkpoint after ``place`` has to know, with those blobs of ``versions`` that are stored."""
    params = [place.thread, place.namespace, place.checkpoint_id, *pairs(place, versions)]
    found = connection.execute(sql.SQL(PARENT), params).fetchall()
    digest = bytes(found[0][0]).hex() if found[0][0] is not None else ""
    return Known(digest, {channel: (version, hashed) for _, channel, version, hashed in found if channel is not None})


def writes(
    connection: Connected, place: Place, ids: Sequence[str], channels: Sequence[str] | None = None
) -> list[Write]:
    """Return the pending writes of checkpoints, in the order in which a super-step applies them."""
    wanted = None if channels is None else list(channels)
    found = connection.execute(WRITES, [place.thread, place.namespace, list(ids), wanted, wanted]).fetchall()
    # Sorted here and not by the database, whose collation is not the order in which LangGraph compares texts.
    return sorted((Write(row[0], row[1], row[2], row[3], row[4], bytes(row[5])) for row in found), key=Write.order)


# Verifying


def opened_all(envelope: Envelope, connection: Connected, place: Place, found: Sequence[Row]) -> list[Opened]:
    """Return checkpoints, verified against the hashes of their blobs; the blobs' bodies are not read.

    Raises:
        CheckpointRefused: one is not what was written.
    """
    documents = [read_body(envelope, place.at(row.checkpoint_id), row) for row in found]
    versions = [versions_of(document) for document in documents]
    stored = hashes(connection, place, {pair for known in versions for pair in known.items()})
    return [
        verified(
            envelope,
            place.at(row.checkpoint_id),
            row,
            document,
            {
                channel: (version, stored[channel, version])
                for channel, version in known.items()
                if (channel, version) in stored
            },
        )
        for row, document, known in zip(found, documents, versions, strict=True)
    ]


def versions_of(document: Mapping[str, Any]) -> dict[str, str]:
    return {channel: str(version) for channel, version in document["checkpoint"]["channel_versions"].items()}


def one(envelope: Envelope, connection: Connected, here: Place) -> Opened:
    """Return one checkpoint, verified. Raises as opened_all does."""
    found = opened_all(envelope, connection, here, select(connection, here, limit=1))
    if not found:
        raise CheckpointRefused(f"{here} is not there")
    return found[0]


def read_body(envelope: Envelope, here: Place, row: Row) -> dict[str, Any]:
    """Return the sealed document of a checkpoint.

    Raises:
        CheckpointTooNew: a newer version wrote it.
        CheckpointRefused: it is not what was written.
    """
    document: dict[str, Any] = envelope.open(of_checkpoint(here, "body"), row.body)
    for what, version, limit in (
        ("format", document.get("format", FORMAT), FORMAT),
        ("LangGraph's format", document["checkpoint"]["v"], LANGGRAPH_V),
    ):
        if version > limit:
            raise CheckpointTooNew(
                f"{here} was written by a newer version, in {what} {version}; "
                f"this one reads up to {limit}: continue it with the version that wrote it"
            )
    return document


def verified(envelope: Envelope, here: Place, row: Row, document: Mapping[str, Any], blobs: Blobs) -> Opened:
    """Compare a checkpoint with its digest, its parent's, its blobs and its own columns in clear.

    Raises:
        CheckpointRefused: they do not agree.
    """
    metadata: CheckpointMetadata = envelope.open(of_checkpoint(here, "metadata"), row.metadata)
    if set(document["blobs"]) != set(blobs):
        raise CheckpointRefused(f"{here}: blobs of {sorted(set(document['blobs']) ^ set(blobs))} are missing or extra")
    computed = digest_of(here, parent=document["parent"], body=row.body, metadata=row.metadata, blobs=blobs)
    if computed != row.digest:
        raise CheckpointRefused(f"{here}: its digest does not cover what is stored")
    said = Shown.of(document["parent_id"], document["checkpoint"], metadata, run=envelope.run_mark(metadata))
    if row.shown != said:
        raise CheckpointRefused(f"{here}: its columns do not say what was sealed")
    if row.parent_digest.hex() != document["parent"]:
        raise CheckpointRefused(f"{here}: its parent {row.shown.parent_id} is not the one it was written after")
    return Opened(here, row, document["checkpoint"], metadata, blobs, tuple(document.get("pruned", ())))
