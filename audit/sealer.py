"""Sealing: entries become leaves of a Merkle tree (RFC 9162), whose head is signed as a C2SP checkpoint."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from audit import merkle, seal
from audit.ledger import Fault
from audit.models import Entry, Leaf, SignedCheckpoint, TreeNode

LOCK = 7_302_115_101_108
BATCH = 5000

# Only entries older than every open transaction: nothing can later appear behind them (commit order is not id order).
DUE = """
SELECT e.id, e.leaf_hash FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id
WHERE l.index IS NULL AND e.xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY e.id LIMIT %s
"""


def signer() -> seal.Signer:
    """Return the ledger's signing key.

    Raises:
        ImproperlyConfigured: none is set.
    """
    if not settings.PROMETHEUS_SIGNING_KEY:
        raise ImproperlyConfigured("PROMETHEUS_SIGNING_KEY is not set; make one: openssl rand -base64 32")
    return seal.Signer(settings.PROMETHEUS_ORIGIN, settings.PROMETHEUS_SIGNING_KEY)


def stored_node(level: int, index: int) -> bytes:
    return bytes(TreeNode.objects.values_list("hash", flat=True).get(level=level, index=index))


def latest() -> SignedCheckpoint | None:
    return SignedCheckpoint.objects.order_by("-size").first()


class Diverged(Exception):
    """The stored tree does not agree with the last signed checkpoint; nothing more is signed."""


def seal_due(*, limit: int = BATCH) -> int:
    """Seal up to ``limit`` entries that are due; return how many. One sealer at a time, others return 0."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(DUE, [limit])
        due = [(row[0], bytes(row[1])) for row in cursor.fetchall()]
        if due:
            extend_tree(due)
        return len(due)


def extend_tree(due: Sequence[tuple[int, bytes]]) -> None:
    """Append leaves, the subtrees they complete, and a signed checkpoint over all of it."""
    last = latest()
    size = last.size if last else 0
    if last and merkle.subtree_root(size, stored_node) != bytes(last.root):
        raise Diverged(f"the tree of {size} entries no longer has the root that was signed; run manage.py verify_ledger")
    nodes = merkle.new_nodes(size, [leaf_hash for _, leaf_hash in due], stored_node)
    Leaf.objects.bulk_create([Leaf(index=size + n, entry_id=entry_id) for n, (entry_id, _) in enumerate(due)])
    TreeNode.objects.bulk_create([TreeNode(level=n.level, index=n.index, hash=n.hash) for n in nodes])
    total = size + len(due)
    root = merkle.subtree_root(total, stored_node)
    note = signer().sign(seal.checkpoint(settings.PROMETHEUS_ORIGIN, total, root))
    SignedCheckpoint.objects.create(size=total, root=root, note=note)


def seal_all() -> int:
    """Seal until nothing is due; return how many entries were sealed."""
    total = 0
    while count := seal_due():
        total += count
    return total


UNSEALED_AGE = """
SELECT coalesce(extract(epoch FROM now() - min(e.at)), 0)
FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id WHERE l.index IS NULL
"""


def unsealed_age() -> float:
    """Return the age of the oldest entry that is not sealed yet, in seconds."""
    with connection.cursor() as cursor:
        cursor.execute(UNSEALED_AGE)
        return float(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class EntryProof:
    """An entry's bytes and its way up to the root of a signed checkpoint."""

    body: bytes
    index: int | None
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class RunProof:
    """All entries of a run with their inclusion proofs under one checkpoint."""

    note: str
    size: int
    entries: tuple[EntryProof, ...]


def prove(run: UUID) -> RunProof:
    """Return every entry of a run, with an inclusion proof where it is sealed."""
    last = latest()
    size = last.size if last else 0
    entries = Entry.objects.filter(run=run).order_by("id").values_list("body", "leaf__index")
    return RunProof(
        note=last.note if last else "",
        size=size,
        entries=tuple(
            EntryProof(
                bytes(body),
                index if index is not None and index < size else None,
                merkle.inclusion_proof(index, size, stored_node) if index is not None and index < size else (),
            )
            for body, index in entries
        ),
    )


def check_tree() -> Iterator[Fault]:
    """Compare every leaf with its entry, rebuild the tree, and check every signed checkpoint against it."""
    places = merkle.Accumulator()
    notes = {row.size: row for row in SignedCheckpoint.objects.all()}
    leaves = Leaf.objects.select_related("entry").order_by("index")
    for expected, leaf in enumerate(leaves.iterator(chunk_size=2000)):
        if leaf.index != expected:
            yield Fault(f"leaf {expected}", "it is missing")
            return
        places.append(merkle.leaf_hash(bytes(leaf.entry.body)))
        row = notes.pop(expected + 1, None)
        if row is not None:
            yield from check_note(row, places.root())
    yield from (Fault(f"checkpoint {size}", "it covers more entries than there are") for size in notes)
    for node in TreeNode.objects.filter(level=0).select_related(None).order_by("index").iterator(chunk_size=2000):
        stored = Leaf.objects.filter(index=node.index).values_list("entry__leaf_hash", flat=True).first()
        if stored is None or bytes(stored) != bytes(node.hash):
            yield Fault(f"tree node 0/{node.index}", "it differs from its entry's hash")


def check_note(row: SignedCheckpoint, root: bytes) -> Iterator[Fault]:
    """Check one signed checkpoint: its signature, its size and its root."""
    where = f"checkpoint {row.size}"
    try:
        signed = seal.parse_note(row.note, origin=settings.PROMETHEUS_ORIGIN, verifiers=[signer().verifier])
    except seal.NoteError as error:
        yield Fault(where, f"its note is refused: {error}")
        return
    if signed.size != row.size or signed.root != bytes(row.root):
        yield Fault(where, "its columns differ from the signed note")
    if signed.root != root:
        yield Fault(where, "the entries it covers no longer have the root that was signed")
