"""The ledger: one canonical entry an event, chained per run. Only this module and sealer.py touch Entry."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from audit import canonical, merkle
from audit.actors import Actor
from audit.canonical import JSON
from audit.events import EventType
from audit.models import Entry


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: who did it, in which workspace and run, with which particulars."""

    type: EventType
    actor: Actor
    data: Mapping[str, JSON] = field(default_factory=dict)
    run: UUID | None = None

    @property
    def workspace(self) -> UUID | None:
        return self.actor.workspace


def genesis(chain: str) -> bytes:
    """Return what the first entry of a chain points back to: the hash of the chain's name."""
    return hashlib.sha256(chain.encode()).digest()


def run_chain(run: UUID) -> str:
    return f"run:{run}"


@dataclass(slots=True)
class Chain:
    """The end of one chain in memory. Whoever holds the run's lease extends it; UNIQUE(chain, seq) catches a second."""

    name: str
    size: int
    head: bytes

    def extend(self, event: Event) -> Entry:
        """Return the next entry as an unsaved row and move the end forward."""
        at = datetime.now(UTC)
        body = canonical.encode(
            {
                "v": 1,
                "chain": self.name,
                "seq": self.size,
                "prev": self.head.hex(),
                "type": event.type.value,
                "actor": str(event.actor),
                "workspace": str(event.workspace) if event.workspace else None,
                "run": str(event.run) if event.run else None,
                "at": at.isoformat(timespec="microseconds"),
                "data": dict(event.data),
            }
        )
        leaf_hash = merkle.leaf_hash(body)
        entry = Entry(
            chain=self.name,
            seq=self.size,
            prev=self.head,
            leaf_hash=leaf_hash,
            body=body,
            type=event.type.value,
            actor=str(event.actor),
            workspace=event.workspace,
            run=event.run,
            at=at,
        )
        self.size += 1
        self.head = leaf_hash
        return entry


END = "SELECT seq, leaf_hash FROM audit_entry WHERE chain = %s ORDER BY seq DESC LIMIT 1"


def open_chain(name: str) -> Chain:
    """Return the end of a chain as it is now."""
    with connection.cursor() as cursor:
        cursor.execute(END, [name])
        last = cursor.fetchone()
    return Chain(name, 0, genesis(name)) if last is None else Chain(name, last[0] + 1, bytes(last[1]))


INSERT = """
INSERT INTO audit_entry (chain, seq, prev, leaf_hash, body, type, actor, workspace, run, at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@transaction.atomic
def append(event: Event, *, chain: str) -> None:
    """Write one entry to the end of a chain, in the caller's transaction. Writers of one chain wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [chain])
        e = open_chain(chain).extend(event)
        row: list[Any] = [e.chain, e.seq, e.prev, e.leaf_hash, e.body, e.type, e.actor, e.workspace, e.run, e.at]
        cursor.execute(INSERT, row)


BEGIN = """
INSERT INTO audit_entry (chain, seq, prev, leaf_hash, body, type, actor, workspace, run, at)
SELECT * FROM unnest(%s::text[], %s::int[], %s::bytea[], %s::bytea[], %s::bytea[], %s::text[], %s::text[],
                     %s::uuid[], %s::uuid[], %s::timestamptz[])
"""


def begin(events: Sequence[Event]) -> None:
    """Write the first entry of each event's run, all in one statement, in the caller's transaction.

    The runs are new in this transaction, so nobody else can write to their chains yet and nothing is locked.

    Raises:
        ValueError: an event is about no run.
    """
    entries = []
    for event in events:
        if event.run is None:
            raise ValueError(f"{event.type} is about no run; its chain cannot be begun")
        name = run_chain(event.run)
        entries.append(Chain(name, 0, genesis(name)).extend(event))
    columns = ("chain", "seq", "prev", "leaf_hash", "body", "type", "actor", "workspace", "run", "at")
    with connection.cursor() as cursor:
        cursor.execute(BEGIN, [[getattr(entry, column) for entry in entries] for column in columns])


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that does not agree with the rest: which one, and in what."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


COLUMNS = ("chain", "seq", "prev", "type", "actor", "workspace", "run", "at")


def check_entry(entry: Entry, chain: Chain) -> Iterator[Fault]:
    """Compare an entry with its own bytes and with the chain before it; ``chain`` is moved forward."""
    where = f"entry {entry.pk} ({entry.chain}#{entry.seq})"
    body = bytes(entry.body)
    if bytes(entry.leaf_hash) != merkle.leaf_hash(body):
        yield Fault(where, "its bytes do not have the hash it was recorded with")
    if entry.seq != chain.size:
        yield Fault(where, f"place {chain.size} of the chain is missing")
    if bytes(entry.prev) != chain.head:
        yield Fault(where, "it does not follow the entry before it")
    try:
        document = canonical.parse(body)
    except canonical.CanonicalError as error:
        yield Fault(where, f"its bytes are not canonical: {error}")
    else:
        shown = {
            "chain": entry.chain,
            "seq": entry.seq,
            "prev": bytes(entry.prev).hex(),
            "type": entry.type,
            "actor": entry.actor,
            "workspace": str(entry.workspace) if entry.workspace else None,
            "run": str(entry.run) if entry.run else None,
            "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        }
        for name in COLUMNS:
            if document.get(name) != shown[name]:
                yield Fault(where, f"column {name} says {shown[name]!r}, the entry says {document.get(name)!r}")
    chain.size, chain.head = entry.seq + 1, bytes(entry.leaf_hash)


def check_chains(*, run: UUID | None = None) -> Iterator[Fault]:
    """Check every chain, or only the entries' chains of one run, in constant memory."""
    entries = Entry.objects.order_by("chain", "seq")
    if run is not None:
        entries = entries.filter(chain=run_chain(run))
    chain = Chain("", 0, b"")
    for entry in entries.iterator(chunk_size=2000):
        if entry.chain != chain.name:
            chain = Chain(entry.chain, 0, genesis(entry.chain))
        yield from check_entry(entry, chain)


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """An entry to be shown: its place, who did it, its particulars, and its leaf in the tree once it is sealed."""

    id: int
    chain: str
    seq: int
    type: str
    actor: str
    run: UUID | None
    at: datetime
    data: Mapping[str, JSON]
    leaf: int | None


def read_entry(entry: Entry, leaf: int | None) -> ReadEntry:
    """Return what an entry says. One whose bytes are not canonical has no particulars: check_chains names it."""
    try:
        document = canonical.parse(bytes(entry.body))
    except canonical.CanonicalError:
        document = {}
    data = document.get("data")
    shown = data if isinstance(data, dict) else {}
    return ReadEntry(entry.pk, entry.chain, entry.seq, entry.type, entry.actor, entry.run, entry.at, shown, leaf)


def read_page(
    *, workspace: UUID, run: UUID | None = None, type_: str = "", before: int | None = None, limit: int, window: int
) -> tuple[list[ReadEntry], int | None]:
    """Return a workspace's entries, newest first, and where the page before these begins (None: there is none).

    Args:
        before: only entries with a smaller id.
        window: how many entries are looked at, at most, so that a rare type costs no scan of the whole ledger.
    """
    rows = Entry.objects.filter(workspace=workspace).order_by("-id")
    if run is not None:
        rows = rows.filter(run=run)
    if before is not None:
        rows = rows.filter(id__lt=before)
    seen = list(rows.values_list("id", "type")[: window + 1])
    looked_at = seen[:window]
    wanted = [pk for pk, name in looked_at if not type_ or name == type_]
    more = len(wanted) > limit or len(seen) > window
    shown = wanted[:limit]
    end = shown[-1] if len(wanted) > limit else (looked_at[-1][0] if looked_at else None)
    found = Entry.objects.filter(pk__in=shown).order_by("-id").select_related("leaf")
    return [read_entry(entry, leaf_of(entry)) for entry in found], end if more else None


def read_chain(chain: str, *, limit: int) -> list[ReadEntry]:
    """Return the last ``limit`` entries of a chain, newest first."""
    found = Entry.objects.filter(chain=chain).order_by("-seq").select_related("leaf")[:limit]
    return [read_entry(entry, leaf_of(entry)) for entry in found]


def read_run(run: UUID, *, limit: int) -> list[ReadEntry]:
    """Return the first ``limit`` entries that are about a run, oldest first, from whatever chain."""
    found = Entry.objects.filter(run=run).order_by("id").select_related("leaf")[:limit]
    return [read_entry(entry, leaf_of(entry)) for entry in found]


def about_runs(runs: Collection[UUID], *, types: Collection[str]) -> Iterator[ReadEntry]:
    """Yield the entries of these types that are about these runs, run by run, in the order they were written."""
    found = Entry.objects.filter(run__in=runs, type__in=types).order_by("run", "id")
    return (read_entry(entry, None) for entry in found.iterator(chunk_size=2000))


def runs_told(*, types: Collection[str]) -> Iterator[UUID]:
    """Yield the runs that entries of these types are about, in constant memory."""
    found = Entry.objects.filter(run__isnull=False, type__in=types).order_by("id").values_list("run", flat=True)
    return (run for run in found.iterator(chunk_size=2000) if run is not None)


def leaf_of(entry: Entry) -> int | None:
    leaf = getattr(entry, "leaf", None)
    return leaf.index if leaf is not None else None
