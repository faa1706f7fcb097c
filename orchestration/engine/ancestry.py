"""The ancestors of a checkpoint: read in pages along the parents, each verified, and what they say of delta channels.

A delta channel is stored as its writes and, now and then, as a whole value. Its value at a checkpoint is that of the
nearest ancestor that holds one, with the writes after it. So checkpoints have to be kept back to there.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from langgraph.checkpoint.base import DeltaChannelHistory, PendingWrite
from psycopg import sql

from orchestration.engine import rows
from orchestration.engine.envelope import CheckpointRefused, Envelope
from orchestration.engine.rows import COLUMNS, Connected, Opened, Place

PAGE = 20
# A cycle of forged parents ends with the page: a checkpoint whose parent does not fit its digest is refused.
CHAIN = f"""
WITH RECURSIVE walk AS (
    SELECT c.*, 1 AS depth FROM orchestration_checkpoint c
    WHERE c.thread = %s AND c.namespace = %s AND c.checkpoint_id = %s
    UNION ALL
    SELECT n.*, walk.depth + 1 FROM walk JOIN orchestration_checkpoint n
    ON (n.thread, n.namespace, n.checkpoint_id) = (walk.thread, walk.namespace, walk.parent_id)
    WHERE walk.depth < %s
)
SELECT {COLUMNS} FROM walk c LEFT JOIN orchestration_checkpoint p
ON (p.thread, p.namespace, p.checkpoint_id) = (c.thread, c.namespace, c.parent_id) ORDER BY c.depth
"""  # noqa: S608 - our own column names


def pages(envelope: Envelope, connection: Connected, start: Place) -> Iterator[list[Opened]]:
    """Yield a checkpoint and its ancestors, verified, nearest first, a page at a time."""
    at = start.checkpoint_id
    while at is not None:
        found = connection.execute(sql.SQL(CHAIN), [start.thread, start.namespace, at, PAGE]).fetchall()
        page = rows.opened_all(envelope, connection, start, [rows.row_of(row) for row in found])
        if not page:
            return
        yield page
        at = page[-1].parent_id


def line(envelope: Envelope, connection: Connected, start: Place) -> Iterator[Opened]:
    """Yield a checkpoint and its ancestors, verified, nearest first."""
    return chain.from_iterable(pages(envelope, connection, start))


def holds(envelope: Envelope, connection: Connected, item: Opened, channels: Sequence[str]) -> Mapping[str, object]:
    """Return channel -> value of those channels that a checkpoint holds as a whole value."""
    versions = {channel: item.blobs[channel][0] for channel in channels if channel in item.blobs}
    stored = rows.bodies(connection, item.here, versions) if versions else {}
    opened = {
        channel: envelope.open(rows.of_blob(item.here, channel, version), body)
        for channel, (version, body) in stored.items()
    }
    return {channel: value[0] for channel, value in opened.items() if value}


class Told:
    """What the ancestors of a checkpoint say of its delta channels, gathered from the nearest one on."""

    def __init__(self, envelope: Envelope, connection: Connected, channels: Sequence[str]) -> None:
        self.envelope = envelope
        self.connection = connection
        self.open = list(dict.fromkeys(channels))
        self.written: dict[str, list[PendingWrite]] = {channel: [] for channel in self.open}
        self.seeds: dict[str, object] = {}

    def check(self, item: Opened) -> None:
        lost = sorted({*self.open} & {*item.pruned})
        if lost:
            raise CheckpointRefused(
                f"{item.here}: what its delta channels {lost} start from was pruned; take a later one"
            )

    def hear(self, item: Opened, writes: Sequence[rows.Write]) -> None:
        """Take an ancestor's writes and, where it has them, whole values."""
        for write in reversed(writes):
            if write.channel in self.open:
                value = self.envelope.open(write.binding(item.here), write.body)
                self.written[write.channel].append((write.task_id, write.channel, value))
        held = holds(self.envelope, self.connection, item, self.open)
        self.seeds |= held
        self.open = [channel for channel in self.open if channel not in held]

    def told(self, channel: str) -> DeltaChannelHistory:
        writes = self.written[channel][::-1]
        return {"writes": writes, "seed": self.seeds[channel]} if channel in self.seeds else {"writes": writes}


def history(
    envelope: Envelope, connection: Connected, place: Place, channels: Sequence[str]
) -> dict[str, DeltaChannelHistory]:
    """Return for each channel the writes of the ancestors, oldest first, and the value before them if there is one.

    Raises:
        CheckpointRefused: an ancestor is not what was written, or what a channel starts from was pruned.
    """
    told = Told(envelope, connection, channels)
    newest = rows.select(connection, place, limit=1)
    start = place.at(newest[0].checkpoint_id if newest else None)
    for page in pages(envelope, connection, start):
        ids = [str(item.here.checkpoint_id) for item in page]
        written = rows.writes(connection, place, ids, channels)
        for item in page:
            if item.here != start:  # its own writes wait for the next step
                told.hear(item, [write for write in written if write.checkpoint_id == item.here.checkpoint_id])
            told.check(item)
        if not told.open:
            break
    return {channel: told.told(channel) for channel in channels}
