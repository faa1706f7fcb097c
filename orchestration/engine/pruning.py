"""Which checkpoints stay when some go. What stays is verified first, tied together again, and verifies afterwards."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import UUID

from psycopg import sql

from orchestration import models
from orchestration.engine import ancestry, rows
from orchestration.engine.copying import elders_first, parents, spaces
from orchestration.engine.envelope import Envelope
from orchestration.engine.pool import pool
from orchestration.engine.rows import Connected, Opened, Place
from orchestration.engine.statement import Batch, execute

REPLACE = (
    "ON CONFLICT (thread, namespace, checkpoint_id) DO UPDATE SET "
    "parent_id = EXCLUDED.parent_id, step = EXCLUDED.step, source = EXCLUDED.source, run = EXCLUDED.run, "
    "body = EXCLUDED.body, metadata = EXCLUDED.metadata, digest = EXCLUDED.digest, created_at = EXCLUDED.created_at"
)
TABLES = ("checkpointwrite", "checkpointblob", "checkpoint")
# A raised token shuts out a worker that was paused past its lease: its next write is refused. The lock on the row,
# which this update holds to the end of the transaction, keeps anybody from claiming the run meanwhile.
REST = """
WITH rested AS (
    UPDATE orchestration_run SET token = token + 1
    WHERE id = %s AND (lease_until IS NULL OR lease_until < now()) RETURNING id
) SELECT count(*) - (SELECT count(*) FROM rested) FROM orchestration_run WHERE id = %s
"""
DROP_OTHERS = "DELETE FROM {} WHERE thread = %s AND namespace = %s AND NOT checkpoint_id = ANY(%s)"
DROP_BLOBS = """
DELETE FROM orchestration_checkpointblob b WHERE b.thread = %s AND b.namespace = %s AND NOT EXISTS (
    SELECT FROM unnest(%s::text[], %s::text[]) AS v(channel, version)
    WHERE (v.channel, v.version) = (b.channel, b.version)
)
"""
OF_RUNS = "SELECT DISTINCT thread FROM orchestration_checkpoint WHERE run = ANY(%s) ORDER BY 1"
IDS_OF_RUNS = (
    "SELECT checkpoint_id FROM orchestration_checkpoint WHERE thread = %s AND namespace = %s AND run = ANY(%s)"
)


class ThreadBusy(Exception):
    """A worker drives the thread's run."""


class DeltaBroken(Exception):
    """What would stay needs the writes of what would go."""


@contextmanager
def at_rest(thread: str) -> Iterator[Connected]:
    """Give a transaction in which nobody drives the thread.

    Raises:
        ThreadBusy: a worker holds the lease of its run.
    """
    with pool().connection() as connection, connection.transaction():
        run = run_of(thread)
        driven = connection.execute(REST, [run, run]).fetchone() if run else None
        if driven and driven[0]:
            raise ThreadBusy(f"run {thread} is being driven; cancel it, or try again when it waits or has ended")
        yield connection


def run_of(thread: str) -> UUID | None:
    try:
        return UUID(thread)
    except ValueError:
        return None


def delete(thread: str) -> None:
    """Remove every row of a thread."""
    with at_rest(thread) as connection:
        for table in TABLES:
            name = sql.Identifier(f"orchestration_{table}")
            connection.execute(sql.SQL("DELETE FROM {} WHERE thread = %s").format(name), [thread])


def keep_latest(thread: str, envelope_of: Callable[[str], Envelope]) -> None:
    """Keep the newest checkpoint of each namespace, and its ancestors back to what its delta channels start from."""
    with at_rest(thread) as connection:
        for place in spaces(connection, thread):
            envelope = envelope_of(thread)
            compact(envelope, connection, place, needed(envelope, connection, place), may_cut=True)


def needed(envelope: Envelope, connection: Connected, place: Place) -> list[str]:
    """Return the newest checkpoint and those of its ancestors without which a delta channel would be empty."""
    newest = rows.select(connection, place, limit=1)[0]
    kept: list[str] = []
    missing: list[str] = []
    for item in ancestry.line(envelope, connection, place.at(newest.checkpoint_id)):
        missing = missing if kept else delta_channels(item)
        kept.append(str(item.here.checkpoint_id))
        held = ancestry.holds(envelope, connection, item, missing)
        missing = [channel for channel in missing if channel not in held]
        if not missing:
            break
    return kept


def delta_channels(item: Opened) -> list[str]:
    """Return the delta channels that a checkpoint may hold no value of: LangGraph counts their steps in metadata."""
    return list(item.metadata.get("counters_since_delta_snapshot") or {})


def delete_runs(envelope: Envelope, run_ids: Sequence[str]) -> None:
    """Remove what these LangGraph runs wrote, thread by thread."""
    marks = [envelope.mark(run_id) for run_id in run_ids]
    with pool().connection() as connection:
        threads = [row[0] for row in connection.execute(OF_RUNS, [marks]).fetchall()]
    for thread in threads:
        with at_rest(thread) as connection:
            for place in spaces(connection, thread):
                going = connection.execute(IDS_OF_RUNS, [thread, place.namespace, marks]).fetchall()
                gone = {row[0] for row in going}
                kept = [id_ for id_ in parents(connection, place) if id_ not in gone]
                compact(envelope, connection, place, kept)


def compact(
    envelope: Envelope, connection: Connected, place: Place, kept: Collection[str], *, may_cut: bool = False
) -> None:
    """Remove all but these checkpoints. One whose parent goes follows its nearest ancestor that stays.

    Args:
        may_cut: a checkpoint may lose what a delta channel starts from. That is noted in it, and reading it refused.

    Raises:
        DeltaBroken: it would, and may not.
        CheckpointRefused: one that would stay is not what was written.
    """
    known = parents(connection, place)
    tying = Tying(envelope, connection, known, frozenset(kept), may_cut=may_cut)
    for id_ in elders_first(known):
        if id_ in tying.kept:
            tying.tie(rows.one(envelope, connection, place.at(id_)))
    for table in ("checkpointwrite", "checkpoint"):
        name = sql.Identifier(f"orchestration_{table}")
        connection.execute(sql.SQL(DROP_OTHERS).format(name), [place.thread, place.namespace, list(kept)])
    channels, versions = [c for c, _ in tying.used], [v for _, v in tying.used]
    connection.execute(DROP_BLOBS, [place.thread, place.namespace, channels, versions])
    if tying.made:
        batch = Batch(rows=[*tying.made], conflicts={models.Checkpoint: REPLACE})
        execute(connection, batch)


class Tying:
    """The checkpoints that stay, elders first, tied to each other where one between them goes."""

    def __init__(
        self,
        envelope: Envelope,
        connection: Connected,
        known: Mapping[str, str | None],
        kept: frozenset[str],
        *,
        may_cut: bool,
    ) -> None:
        self.envelope = envelope
        self.connection = connection
        self.known = known
        self.kept = kept
        self.may_cut = may_cut
        self.used: set[tuple[str, str]] = set()
        self.made: list[models.Checkpoint] = []
        self.digests: dict[str, str] = {}

    def tie(self, item: Opened) -> None:
        id_ = str(item.here.checkpoint_id)
        self.used |= {(channel, version) for channel, (version, _) in item.blobs.items()}
        lost = self.lost(item)
        after = self.follows(id_)
        parent = self.digests[after] if after else ""
        self.digests[id_] = item.digest
        if (after, parent) == (item.parent_id, item.row.parent_digest.hex()):
            return
        row = rows.sealed_row(
            self.envelope,
            item.here,
            after=after,
            parent=parent,
            checkpoint=item.checkpoint,
            metadata=item.metadata,
            blobs=item.blobs,
            pruned=sorted({*item.pruned, *lost}),
        )
        self.digests[id_] = bytes(row.digest).hex()
        self.made.append(row)

    def lost(self, item: Opened) -> list[str]:
        """Return the delta channels whose beginning goes with the checkpoint's parent."""
        if item.parent_id is None or item.parent_id in self.kept:
            return []
        channels = delta_channels(item)
        held = ancestry.holds(self.envelope, self.connection, item, channels)
        lost = [channel for channel in channels if channel not in held]
        if lost and not self.may_cut:
            raise DeltaBroken(
                f"{item.here} stays, and its delta channels {lost} begin before what would go; "
                "delete the runs after it too, or the whole thread"
            )
        return lost

    def follows(self, id_: str) -> str | None:
        """Return the nearest ancestor that stays."""
        parent = self.known[id_]
        while parent is not None and parent not in self.kept:
            parent = self.known[parent]
        return parent
