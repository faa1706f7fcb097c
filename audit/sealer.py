"""Sealing: entries become leaves of a Merkle tree (RFC 9162), whose head is signed as a C2SP checkpoint."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.db.models import Q

from audit import merkle, seal
from audit.ledger import Fault
from audit.models import Entry, Leaf, SignedCheckpoint, TreeNode

LOCK = 7_302_115_101_108
BATCH = 5000
READ = 2000  # leaves that a check holds in memory

# Below its horizon (a transaction id) everything was sealed when a checkpoint was signed. One that lies ahead of this
# server's transactions was written on another server, before a restore: then nothing is taken for granted.
HORIZON = """
CASE WHEN %s::text::xid8 <= pg_snapshot_xmin(pg_current_snapshot()) THEN %s::text::xid8 ELSE '0'::xid8 END
"""
# Only entries older than every open transaction: nothing can later appear behind them (commit order is not id order).
# An entry that seems to come from the future is one of another server, and no transaction here is still writing it.
DUE = f"""
SELECT e.id, e.leaf_hash, pg_snapshot_xmin(pg_current_snapshot())::text::bigint
FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id
WHERE l.index IS NULL AND (
    (e.xid >= {HORIZON} AND e.xid < pg_snapshot_xmin(pg_current_snapshot()))
    OR e.xid >= pg_snapshot_xmax(pg_current_snapshot())
) ORDER BY e.id LIMIT %s
"""  # noqa: S608 - our own text


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
        last = latest()
        known = last.horizon if last else 0
        cursor.execute(DUE, [known, known, limit])
        rows = cursor.fetchall()
        if rows:
            reached = known if len(rows) == limit else rows[0][2]
            extend_tree([(row[0], bytes(row[1])) for row in rows], last, horizon=reached)
        return len(rows)


def extend_tree(due: Sequence[tuple[int, bytes]], last: SignedCheckpoint | None, *, horizon: int) -> None:
    """Append leaves, the subtrees they complete, and a signed checkpoint over all of it."""
    size = last.size if last else 0
    if last and merkle.subtree_root(size, stored_node) != bytes(last.root):
        raise Diverged(
            f"the tree of {size} entries no longer has the root that was signed; run manage.py verify_ledger"
        )
    nodes = merkle.new_nodes(size, [leaf_hash for _, leaf_hash in due], stored_node)
    Leaf.objects.bulk_create([Leaf(index=size + n, entry_id=entry_id) for n, (entry_id, _) in enumerate(due)])
    TreeNode.objects.bulk_create([TreeNode(level=n.level, index=n.index, hash=n.hash) for n in nodes])
    total = size + len(due)
    root = merkle.subtree_root(total, stored_node)
    note = signer().sign(seal.checkpoint(settings.PROMETHEUS_ORIGIN, total, root))
    SignedCheckpoint.objects.create(size=total, root=root, note=note, horizon=horizon)


def seal_all() -> int:
    """Seal until nothing is due; return how many entries were sealed."""
    total = 0
    while count := seal_due():
        total += count
    return total


UNSEALED_AGE = f"""
SELECT coalesce(extract(epoch FROM greatest(now() - min(e.at), interval '0')), 0)
FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id WHERE l.index IS NULL AND e.xid >= {HORIZON}
"""  # noqa: S608 - our own text


def unsealed_age() -> float:
    """Return the age of the oldest entry that is not sealed yet, in seconds."""
    with connection.cursor() as cursor:
        last = latest()
        known = last.horizon if last else 0
        cursor.execute(UNSEALED_AGE, [known, known])
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
    """Return every entry of a run, with an inclusion proof where it is sealed.

    Raises:
        Diverged: a node of the tree is missing.
    """
    last = latest()
    size = last.size if last else 0
    rows: Iterable[tuple[Any, Any]] = Entry.objects.filter(run=run).order_by("id").values_list("body", "leaf__index")
    found = [(bytes(body), index if index is not None and index < size else None) for body, index in rows]
    nodes = nodes_for([index for _, index in found if index is not None], size)
    entries = (
        EntryProof(body, index, () if index is None else merkle.inclusion_proof(index, size, nodes))
        for body, index in found
    )
    return RunProof(note=last.note if last else "", size=size, entries=tuple(entries))


NODES = """
SELECT n.level, n.index, n.hash FROM audit_treenode n
JOIN unnest(%s::smallint[], %s::bigint[]) AS w (level, index) ON n.level = w.level AND n.index = w.index
"""


def nodes_for(leaves: Sequence[int], size: int) -> merkle.Fetch:
    """Return every node that the inclusion proofs of these leaves need, read at once."""
    places: set[tuple[int, int]] = set()

    def ask(level: int, index: int) -> bytes:
        places.add((level, index))
        return bytes(merkle.HASH_SIZE)

    for leaf in leaves:
        merkle.inclusion_proof(leaf, size, ask)
    with connection.cursor() as cursor:
        cursor.execute(NODES, [[level for level, _ in places], [index for _, index in places]])
        found = {(level, index): bytes(hash_) for level, index, hash_ in cursor.fetchall()}

    def fetch(level: int, index: int) -> bytes:
        if (level, index) not in found:
            raise Diverged(f"tree node {level}/{index} is missing; run manage.py verify_ledger")
        return found[level, index]

    return fetch


@dataclass(frozen=True, slots=True)
class Head:
    """A signed tree head to compare with the entries: where it is kept, what it says, and what is wrong with it."""

    where: str
    size: int
    root: bytes
    flaw: str = ""

    def compare(self, root: bytes) -> Iterator[Fault]:
        if self.flaw:
            yield Fault(self.where, self.flaw)
        if self.root and self.root != root:
            yield Fault(self.where, "the entries it covers no longer have the root that was signed")


def kept_head(note: str) -> seal.TreeHead:
    """Read a signed checkpoint that was kept outside of this database.

    Raises:
        NoteError: it is not one of ours, was changed, or covers nothing.
    """
    head = seal.parse_note(note, origin=settings.PROMETHEUS_ORIGIN, verifiers=[signer().verifier])
    if head.size == 0:
        raise seal.NoteError("the checkpoint covers no entry, so it proves nothing")
    return head


def stored_head(row: SignedCheckpoint) -> Head:
    where = f"checkpoint {row.size}"
    try:
        signed = seal.parse_note(row.note, origin=settings.PROMETHEUS_ORIGIN, verifiers=[signer().verifier])
    except seal.NoteError as error:
        return Head(where, row.size, b"", f"its note is refused: {error}")
    agree = signed.size == row.size and signed.root == bytes(row.root)
    return Head(where, row.size, signed.root, "" if agree else "its columns differ from the signed note")


def check_tree(*, kept: Iterable[seal.TreeHead] = ()) -> Iterator[Fault]:
    """Rebuild the tree from the entries and compare every leaf, node and signed checkpoint with it.

    Args:
        kept: heads that somebody kept outside of this database. Only they find that the end of everything was cut
            off, or that the holder of the signing key wrote another history.
    """
    # What is under the latest checkpoint never changes, so a ledger that is written to meanwhile can be checked.
    last = latest()
    size = last.size if last else 0
    stored = (stored_head(row) for row in SignedCheckpoint.objects.filter(size__lte=size).order_by("size").iterator())
    foreign = sorted((Head(f"kept checkpoint {h.size}", h.size, h.root) for h in kept), key=lambda head: head.size)
    yield from (Fault(h.where, f"it covers more than the {size} entries under seal") for h in foreign if h.size > size)
    heads = heapq.merge(stored, (head for head in foreign if head.size <= size), key=lambda head: head.size)
    yield from rebuild(size, heads)
    yield from beyond()


def rebuild(size: int, heads: Iterator[Head]) -> Iterator[Fault]:
    """Compare everything below ``size`` with what the entries' bytes give. ``heads`` come in order of size."""
    tree, head = merkle.Accumulator(), next(heads, None)
    leaves = Leaf.objects.filter(index__gte=0, index__lt=size).order_by("index").values_list("index", "entry_id")
    rows = leaves.iterator(chunk_size=READ)
    while tree.size < size:
        begin, batch, nodes = tree.size, dict(islice(rows, READ)), dict[tuple[int, int], bytes]()
        bodies = dict(Entry.objects.filter(pk__in=batch.values()).values_list("pk", "body"))
        for index in range(begin, min(begin + READ, size)):
            if batch.get(index) not in bodies:
                yield Fault(
                    f"leaf {index}", f"its entry {batch[index]} is missing" if index in batch else "it is missing"
                )
                return  # from here on nothing can be rebuilt
            done = tree.append(merkle.leaf_hash(bytes(bodies[batch[index]])))
            nodes.update(((node.level, node.index), node.hash) for node in done)
            while head is not None and head.size <= tree.size:
                yield from head.compare(tree.root())
                head = next(heads, None)
        yield from check_nodes(nodes, begin=begin, end=tree.size)


def check_nodes(nodes: Mapping[tuple[int, int], bytes], *, begin: int, end: int) -> Iterator[Fault]:
    """Compare the stored nodes that leaves ``begin <= i < end`` complete with what they must be."""
    levels = range(end.bit_length())
    places = (Q(level=level, index__gte=begin >> level, index__lt=end >> level) for level in levels)
    rows = TreeNode.objects.filter(reduce(or_, places)).values_list("level", "index", "hash")
    stored = {(level, index): bytes(hash_) for level, index, hash_ in rows}
    for (level, index), hash_ in nodes.items():
        if (level, index) not in stored:
            yield Fault(f"tree node {level}/{index}", "it is missing")
        elif stored[level, index] != hash_:
            yield Fault(f"tree node {level}/{index}", "it is not the hash of the entries below it")


# One statement, so that a sealer at work is seen before or after its commit, never half.
BEYOND = """
WITH sealed AS (SELECT coalesce(max(size), 0) AS size FROM audit_signedcheckpoint)
SELECT 'leaf ' || index FROM audit_leaf, sealed WHERE index < 0 OR index >= size
UNION ALL
SELECT 'tree node ' || level || '/' || index FROM audit_treenode, sealed
WHERE level < 0 OR index < 0 OR (index::numeric + 1) * power(2::numeric, level) > size
UNION ALL
SELECT 'checkpoint ' || size FROM audit_signedcheckpoint WHERE size <= 0
"""


def beyond() -> Iterator[Fault]:
    """Name the rows of the tree that no signed checkpoint covers."""
    with connection.cursor() as cursor:
        cursor.execute(BEYOND)
        rows = cursor.fetchall()
    yield from (Fault(where, "no signed checkpoint covers it") for (where,) in rows)
