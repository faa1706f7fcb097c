"""Loads runs and what belongs to them by SQL (population.sql), builds the indexes, and seals the entries as leaves."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction

from audit import keys, merkle, seal, sealer
from audit.ids import new_id
from audit.models import ApiKey, Entry, Membership, SignedCheckpoint, Workspace
from audit.roles import Role
from evidence import search
from evidence.models import Document, Passage, Source
from orchestration.models import Tool, ToolServer, Webhook

SQL = Path(__file__).with_name("population.sql")
APPS = ("audit_%", "orchestration_%", "evidence_%", "guardians_%")
WORKSPACES = ("huge", "large", "middle", "small", "tiny")
REQUESTERS = 40
DOCUMENTS = 2_000
PASSAGES = 20
LEAVES = 100_000  # written at once
SENTENCE = "Indemnity under clause {n} is limited to {m} thousand euros unless the supplier acted with intent. "


@dataclass(frozen=True, slots=True)
class Loaded:
    """How long a stage took to load, in seconds: rows, each index by its name, the Merkle tree."""

    rows: float
    indexes: dict[str, float]
    tree: float


def found() -> None:
    """Make what is there before the first run: workspaces, people, keys, tools, receivers and a corpus."""
    workspaces = [Workspace.objects.create(slug=slug, name=slug.capitalize()) for slug in WORKSPACES]
    user(workspaces[0], "ada", superuser=True)
    for number in range(REQUESTERS):
        user(workspaces[number % 4], f"requester{number}", superuser=False)
    user(workspaces[-1], "tom", superuser=False)
    for workspace in workspaces:
        made = keys.create(workspace)
        Webhook.objects.create(
            workspace=workspace,
            url="https://receiver.example/told",
            events=["run.completed"],
            key_id=made.id,
            secret_sealed=b"",
            registered_by="user:1",
        )
        ApiKey.objects.create(
            workspace=workspace, name="client", prefix=workspace.slug, digest=b"", scopes=[], owner="user:1"
        )
    server = ToolServer.objects.create(
        workspace=workspaces[0], name="desk", transport="http", url="http://desk.example"
    )
    for name in ("search_corpus", "file_ticket"):
        Tool.objects.create(server=server, name=name, definition_hash="d" * 64, state="ACTIVE", approved_hash="d" * 64)
    corpus(workspaces[0])


def user(workspace: Workspace, name: str, *, superuser: bool) -> None:
    made = User.objects.create(username=name, is_staff=superuser, is_superuser=superuser)
    for role in Role:
        Membership.objects.create(user=made, workspace=workspace, role=role.value)


def corpus(workspace: Workspace) -> None:
    source = Source.objects.create(workspace=workspace, name="contracts")
    documents = [
        Document(id=new_id(), source=source, title=f"Contract {n}", sha256=f"{n:064d}", text=SENTENCE * PASSAGES)
        for n in range(DOCUMENTS)
    ]
    Document.objects.bulk_create(documents, batch_size=500)
    pieces = (
        Passage(document=document, ordinal=n, start=0, end=100, sha256="0" * 64, text=SENTENCE.format(n=n, m=m))
        for m, document in enumerate(documents)
        for n in range(PASSAGES)
    )
    Passage.objects.bulk_create(pieces, batch_size=2_000)
    search.catch_up()


def grow(first: int, last: int) -> Loaded:
    """Add runs ``first < n <= last``."""
    begun = time.perf_counter()
    with indexes_off(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL work_mem = '256MB'")
        switch(cursor, on=False)
        for statement in SQL.read_text(encoding="utf-8").split(";\n\n"):
            cursor.execute(statement, {"first": first, "last": last} if "%(first)s" in statement else None)
        switch(cursor, on=True)
    rows = time.perf_counter() - begun
    built = {name: build(name) for name in not_ready()}
    begun = time.perf_counter()
    seal_in_bulk()
    tree = time.perf_counter() - begun
    built |= {name: build(name) for name in not_ready()}
    settle()
    return Loaded(rows, built, tree)


TRIGGERS = """
SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = %s ORDER BY 1, 2
"""


def switch(cursor: Any, *, on: bool) -> None:  # noqa: ANN401 - Django's cursor
    """Switch the triggers off that hold whoever writes, or on again. The tables are all there is in this database."""
    word = "ENABLE ALWAYS" if on else "DISABLE"
    cursor.execute(TRIGGERS, ["D" if on else "A"])
    for table, name in cursor.fetchall():
        cursor.execute(f"ALTER TABLE {table} {word} TRIGGER {name}")


def settle() -> None:
    """Do what autovacuum does in the course of a day: visibility maps for index-only scans, statistics for plans."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


INDEXES = """
SELECT i.indexrelid FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid WHERE t.relname LIKE ANY(%s)
"""


@contextmanager
def indexes_off() -> Iterator[None]:
    """Leave indexes behind while rows are added. They stay so afterwards, until they are built."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE pg_index SET indisready = false WHERE indexrelid IN ({INDEXES})", [list(APPS)])  # noqa: S608
    yield


def not_ready() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisready ORDER BY 1")
        return [name for (name,) in cursor.fetchall()]


def build(index: str) -> float:
    """Build an index from its table's rows; return the seconds."""
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(f"REINDEX INDEX {index}")
    return round(time.perf_counter() - begun, 2)


def seal_in_bulk() -> None:
    """Make a leaf of every entry that is none yet, and sign the tree: what the sealer does, without its bookkeeping."""
    last = sealer.latest()
    size = last.size if last else 0
    tree = merkle.stored(size, sealer.stored_node)
    while leaves := due(size):
        write(tree, leaves, size=size)
        size += len(leaves)
    root = tree.root()
    note = sealer.signer().sign(seal.checkpoint(settings.PROMETHEUS_ORIGIN, size, root))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        horizon = cursor.fetchone()[0]
    SignedCheckpoint.objects.create(size=size, root=root, note=note, horizon=horizon)


def due(size: int) -> list[tuple[int, bytes]]:
    """Return the next entries that are no leaves, in the order they were written; ``size`` are leaves already."""
    rows = Entry.objects.filter(pk__gt=last_sealed() if size else 0).order_by("pk").values_list("pk", "leaf_hash")
    return [(pk, bytes(hash_)) for pk, hash_ in rows[:LEAVES]]


def last_sealed() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT entry_id FROM audit_leaf ORDER BY index DESC LIMIT 1")
        return int(cursor.fetchone()[0])


def write(tree: merkle.Accumulator, leaves: list[tuple[int, bytes]], *, size: int) -> None:
    nodes = [node for _, hash_ in leaves for node in tree.append(hash_)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        copy(cursor, "audit_leaf (index, entry_id)", (f"{size + n}\t{pk}\n" for n, (pk, _) in enumerate(leaves)))
        lines = (f"{node.level}\t{node.index}\t\\\\x{node.hash.hex()}\n" for node in nodes)
        copy(cursor, "audit_treenode (level, index, hash)", lines)


def copy(cursor: Any, target: str, lines: Iterable[str]) -> None:  # noqa: ANN401 - Django's cursor
    """Write rows in PostgreSQL's text format, all at once: a third of the time that row by row takes."""
    with cursor.copy(f"COPY {target} FROM STDIN") as into:
        into.write("".join(lines))


SIZES = """
SELECT c.relname, c.reltuples::bigint, pg_table_size(c.oid), pg_indexes_size(c.oid)
FROM pg_class c WHERE c.relkind = 'r' AND c.relname LIKE ANY(%s) AND c.reltuples > 0
ORDER BY pg_total_relation_size(c.oid) DESC
"""


def sizes() -> list[dict[str, Any]]:
    """Return rows and bytes of every table, the largest first."""
    with connection.cursor() as cursor:
        cursor.execute(SIZES, [list(APPS)])
        names = ("table", "rows", "bytes", "index_bytes")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


# Tables of a run, and how their rows are found by its id.
OF_RUN = {
    "orchestration_run": "id = %(run)s",
    "audit_datakey": "id = (SELECT key_id FROM orchestration_run WHERE id = %(run)s)",
    "orchestration_draft": "run_id = %(run)s",
    "orchestration_checkpoint": "thread = %(run)s::text",
    "orchestration_checkpointblob": "thread = %(run)s::text",
    "orchestration_checkpointwrite": "thread = %(run)s::text",
    "evidence_passage": "run = %(run)s",
    "evidence_claimbundle": "run = %(run)s",
    "evidence_claim": "bundle_id IN (SELECT id FROM evidence_claimbundle WHERE run = %(run)s)",
    "evidence_evidence": "passage_id IN (SELECT id FROM evidence_passage WHERE run = %(run)s)",
    "guardians_review": "run = %(run)s",
    "guardians_vote": "review_id IN (SELECT id FROM guardians_review WHERE run = %(run)s)",
    "audit_entry": "run = %(run)s",
}


def rows_of(run: UUID) -> dict[str, dict[str, int]]:
    """Return how many rows a run has in each table, and their bytes without indexes."""
    found = {}
    with connection.cursor() as cursor:
        for table, condition in OF_RUN.items():
            size = f"SELECT count(*), coalesce(sum(pg_column_size(t.*)), 0) FROM {table} t WHERE {condition}"  # noqa: S608
            cursor.execute(size, {"run": run})
            rows, size_in_bytes = cursor.fetchone()
            found[table] = {"rows": rows, "bytes": int(size_in_bytes)}
    return found
