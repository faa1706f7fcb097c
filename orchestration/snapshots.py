"""Checkpoints read by processes that do not load LangGraph: listed, verified, opened.

The same checks as engine/checkpoints.py makes on every load; a test holds the two together. What a restore rests on
is verified once more by the engine itself.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import ormsgpack

from audit import canonical, keys, vault
from audit.errors import Conflict, NotFound
from orchestration.models import Checkpoint, CheckpointBlob, Run
from orchestration.rewinding import Point

BRANCH = "branch:to:"
LIMIT = 200
# The forms of a checkpoint that this version reads: ours, and LangGraph's own ``v``.
FORMAT, LANGGRAPH_V = 1, 4


class SnapshotRefused(Conflict):
    """A stored checkpoint is not what was written."""


def opaque(code: int, data: bytes) -> dict[str, str]:
    """Stand for a value that only the engine can make: its kind and its hash."""
    return {"type": f"ext:{code}", "sha256": hashlib.sha256(data).hexdigest()}


def unpack(opened: bytes) -> Any:  # noqa: ANN401 - any channel value
    """Return a value as the saver packed it, the type's name and a NUL before it."""
    type_, _, data = opened.partition(b"\0")
    match type_:
        case b"msgpack":
            return ormsgpack.unpackb(data, ext_hook=opaque, option=ormsgpack.OPT_NON_STR_KEYS)
        case b"null":
            return None
        case _:
            return {"type": type_.decode("ascii", "replace")[:40], "sha256": hashlib.sha256(data).hexdigest()}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One checkpoint in a list. Without a ``fault`` it is verified, and ``point`` says where it leads."""

    id: str
    parent: str | None
    step: int
    source: str
    created_at: datetime
    digest: str
    fault: str
    point: Point | None

    @property
    def verified(self) -> bool:
        return not self.fault


class Thread:
    """The checkpoints of one run, as they are stored now."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.name = str(run.pk)
        self.rows = {row.checkpoint_id: row for row in Checkpoint.objects.filter(thread=self.name, namespace="")}

    @cached_property
    def key(self) -> vault.DataKey:
        """Return the run's key.

        Raises:
            SnapshotRefused: it was destroyed.
        """
        try:
            return keys.load(self.run.key_id)
        except keys.KeyUnavailable as gone:
            raise SnapshotRefused(f"the checkpoints of run {self.name} cannot be read any more: {gone}") from gone

    @cached_property
    def blobs(self) -> dict[tuple[str, str], bytes]:
        rows = CheckpointBlob.objects.filter(thread=self.name, namespace="")
        return {(row.channel, row.version): bytes(row.body) for row in rows}

    def row(self, checkpoint_id: str) -> Checkpoint:
        """Return a row; raises NotFound for one that was pruned or never was."""
        row = self.rows.get(checkpoint_id)
        if row is None:
            raise NotFound(f"run {self.name} has no checkpoint {checkpoint_id[:60]!r}: it was pruned, or never was")
        return row

    def open(self, sealed: bytes, *, table: str, column: str, row: Sequence[str]) -> Any:  # noqa: ANN401
        where = vault.Binding(table=table, column=column, row=json.dumps([self.name, "", *row]))
        try:
            return unpack(vault.open_sealed(self.key, sealed, binding=where))
        except (vault.SealError, ormsgpack.MsgpackDecodeError) as error:
            raise SnapshotRefused(str(error)) from error

    def verified(self, row: Checkpoint) -> Mapping[str, Any]:
        """Return a checkpoint's body after comparing it with its digest, its parent, its blobs and its columns.

        Raises:
            SnapshotRefused: something is not what was written; the message names the row.
        """
        table = Checkpoint._meta.db_table
        stored = self.open(bytes(row.body), table=table, column="body", row=[row.checkpoint_id])
        metadata = self.open(bytes(row.metadata), table=table, column="metadata", row=[row.checkpoint_id])
        where = f"checkpoint {self.name}//{row.checkpoint_id}"
        if stored.get("format", FORMAT) > FORMAT or stored["checkpoint"]["v"] > LANGGRAPH_V:
            raise SnapshotRefused(f"{where} was written by a newer version: read it with the version that wrote it")
        versions = stored["checkpoint"]["channel_versions"]
        held = {c: (v, self.blobs[c, v]) for c, v in versions.items() if (c, v) in self.blobs}
        if set(stored["blobs"]) != set(held):
            raise SnapshotRefused(f"{where}: blobs of {sorted(set(stored['blobs']) ^ set(held))} are missing or extra")
        if self.digest(row, stored, held) != bytes(row.digest):
            raise SnapshotRefused(f"{where}: its digest does not cover what is stored")
        self.check_columns(row, stored, metadata, where=where)
        return stored["checkpoint"]  # type: ignore[no-any-return]

    def digest(self, row: Checkpoint, stored: Mapping[str, Any], held: Mapping[str, tuple[str, bytes]]) -> bytes:
        covered: dict[str, Any] = {
            "thread": self.name,
            "namespace": "",
            "id": row.checkpoint_id,
            "parent": stored["parent"],
            "body": hashlib.sha256(bytes(row.body)).hexdigest(),
            "metadata": hashlib.sha256(bytes(row.metadata)).hexdigest(),
            "blobs": {c: [version, hashlib.sha256(blob).hexdigest()] for c, (version, blob) in held.items()},
        }
        return canonical.digest(canonical.encode(covered))

    def check_columns(
        self, row: Checkpoint, stored: Mapping[str, Any], metadata: Mapping[str, Any], *, where: str
    ) -> None:
        sealed = (
            stored["parent_id"],
            metadata.get("step", -1),
            str(metadata.get("source", ""))[:10],
            datetime.fromisoformat(stored["checkpoint"]["ts"]),
            self.mark(metadata),
        )
        if sealed != (row.parent_id, row.step, row.source, row.created_at, getattr(row, "run", "")):
            raise SnapshotRefused(f"{where}: its columns do not say what was sealed")
        parent = self.rows.get(row.parent_id or "")
        if (bytes(parent.digest).hex() if parent else "") != stored["parent"]:
            raise SnapshotRefused(f"{where}: its parent {row.parent_id} is not the one it was written after")

    def mark(self, metadata: Mapping[str, Any]) -> str:
        """Return by what the rows of LangGraph's ``run_id`` are found: a keyed hash, or nothing."""
        known = metadata.get("run_id")
        return vault.keyed_hash(self.key.key, f"checkpoint run:{known}") if known else ""

    def value(self, checkpoint: Mapping[str, Any], channel: str) -> tuple[Any, ...]:
        """Return a channel's value as a tuple of one, or an empty one where the channel holds none."""
        version = checkpoint["channel_versions"].get(channel, "")
        if (channel, version) not in self.blobs:
            return ()
        table = CheckpointBlob._meta.db_table
        return tuple(self.open(self.blobs[channel, version], table=table, column="body", row=[channel, version]))

    def point(self, row: Checkpoint) -> Point:
        """Return a verified checkpoint as a place to go back to. Raises SnapshotRefused."""
        checkpoint = self.verified(row)
        revision = self.value(checkpoint, "revision")
        return Point(
            id=row.checkpoint_id,
            parent=row.parent_id,
            digest=bytes(row.digest).hex(),
            next=self.next(checkpoint),
            revision=int(revision[0]) if revision else 0,
        )

    def next(self, checkpoint: Mapping[str, Any]) -> str:
        """Return the node that comes next: the one whose trigger holds a value that it has not seen."""
        for channel, version in checkpoint["channel_versions"].items():
            node = "__start__" if channel == "__start__" else channel.removeprefix(BRANCH)
            if node == channel != "__start__":
                continue
            seen = checkpoint["versions_seen"].get(node, {}).get(channel, "")
            if version > seen and self.value(checkpoint, channel):
                return node
        return ""

    def snapshot(self, row: Checkpoint) -> Snapshot:
        point, fault = None, ""
        try:
            point = self.point(row)
        except SnapshotRefused as refused:
            fault = str(refused)
        return Snapshot(
            id=row.checkpoint_id,
            parent=row.parent_id,
            step=row.step,
            source=row.source,
            created_at=row.created_at,
            digest=bytes(row.digest).hex(),
            fault=fault,
            point=point,
        )

    def snapshots(self) -> tuple[Snapshot, ...]:
        """Return every checkpoint, newest first, at most ``LIMIT``."""
        newest = sorted(self.rows.values(), key=lambda row: row.checkpoint_id, reverse=True)
        return tuple(self.snapshot(row) for row in newest[:LIMIT])

    def channels(self, checkpoint_id: str) -> dict[str, Any]:
        """Return the values of a verified checkpoint's channels in clear, without those that only steer the graph.

        Raises:
            NotFound, SnapshotRefused.
        """
        checkpoint = self.verified(self.row(checkpoint_id))
        names = [c for c in checkpoint["channel_versions"] if not c.startswith((BRANCH, "__"))]
        return {name: value[0] for name in names if (value := self.value(checkpoint, name))}
