"""The reference corpus as people read it: sources with their ratings, documents in versions, and their passages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from audit import ledger
from audit.access import record_read, require, workspace_of
from audit.actors import Actor
from audit.errors import NotFound
from audit.roles import Scope
from evidence.corpus import Rating, rating_chain
from evidence.models import Document, Passage, Source

# Nothing is counted further than this, so that no list costs a scan of the corpus.
COUNTED = 1_000
SOURCES = """
SELECT asked.id, documents.number, passages.number, newest.title, newest.version, newest.created_at
FROM unnest(%s::uuid[]) AS asked (id)
CROSS JOIN LATERAL (
    SELECT count(*) AS number FROM (
        SELECT 1 FROM evidence_document d WHERE d.source_id = asked.id AND d.current LIMIT %s
    ) AS counted
) AS documents
CROSS JOIN LATERAL (
    SELECT count(*) AS number FROM (
        SELECT 1 FROM evidence_document d JOIN evidence_passage p ON p.document_id = d.id
        WHERE d.source_id = asked.id AND d.current LIMIT %s
    ) AS counted
) AS passages
LEFT JOIN LATERAL (
    SELECT title, version, created_at FROM evidence_document d
    WHERE d.source_id = asked.id AND d.current ORDER BY created_at DESC, id DESC LIMIT 1
) AS newest ON true
"""
DOCUMENTS = """
SELECT asked.id, (
    SELECT count(*) FROM (SELECT 1 FROM evidence_passage p WHERE p.document_id = asked.id LIMIT %s) AS counted
)
FROM unnest(%s::uuid[]) AS asked (id)
"""


@dataclass(frozen=True, slots=True)
class Holding:
    """What a source holds, of documents in force: counts up to ``COUNTED`` + 1, and its newest document."""

    documents: int = 0
    passages: int = 0
    title: str = ""
    version: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rated:
    """One rating of a source, as the ledger has it."""

    actor: str
    at: datetime
    before: Rating
    after: Rating


def sources_in(actor: Actor) -> QuerySet[Source]:
    """Return the sources of the actor's workspace; raises NotAllowed without documents:read."""
    require(actor, Scope.DOCUMENTS_READ)
    return Source.objects.filter(workspace_id=workspace_of(actor))


def documents_in(actor: Actor) -> QuerySet[Document]:
    """Return the documents of the actor's workspace without their texts; raises NotAllowed without documents:read."""
    require(actor, Scope.DOCUMENTS_READ)
    rows = Document.objects.filter(source__workspace_id=workspace_of(actor))
    return rows.select_related("source").defer("text")


def found_source(source_id: UUID, *, actor: Actor) -> Source:
    """Return a source; raises NotFound where the actor's workspace has none of that id."""
    found = sources_in(actor).filter(pk=source_id).first()
    if found is None:
        raise NotFound(f"there is no source {source_id} in your workspace")
    return found


def found_document(document_id: UUID, *, actor: Actor) -> Document:
    """Return a document without its text; raises NotFound where the actor's workspace has none of that id."""
    found = documents_in(actor).filter(pk=document_id).first()
    if found is None:
        raise NotFound(f"there is no document {document_id} in your workspace")
    return found


def holdings(sources: Sequence[UUID]) -> dict[UUID, Holding]:
    with connection.cursor() as cursor:
        cursor.execute(SOURCES, [list(sources), COUNTED + 1, COUNTED + 1])
        rows = cursor.fetchall()
    return {
        id_: Holding(documents, passages, title or "", version or 0, at)
        for id_, documents, passages, title, version, at in rows
    }


def passages_of(documents: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many passages each document has, up to ``COUNTED`` + 1."""
    with connection.cursor() as cursor:
        cursor.execute(DOCUMENTS, [COUNTED + 1, list(documents)])
        return dict(cursor.fetchall())


def ratings(source: Source, *, limit: int) -> list[Rated]:
    """Return the last ratings of a source, newest first."""
    return [rated(entry) for entry in ledger.read_chain(rating_chain(source.pk), limit=limit)]


def rated(entry: ledger.ReadEntry) -> Rated:
    return Rated(entry.actor, entry.at, Rating.of(entry.data["before"]), Rating.of(entry.data["after"]))


def read_passages(document: Document, *, actor: Actor, first: int, limit: int, via: str) -> tuple[Passage, ...]:
    """Return passages of a document in clear, in their order, after writing the access entry.

    Args:
        first: the place of the first one, from 0.
        via: the face it is read through, such as ``console``.
    """
    require(actor, Scope.DOCUMENTS_READ)
    record_read(actor, run=None, fields=(f"document {document.pk}",), via=via)
    return tuple(document.passages.filter(ordinal__gte=first).order_by("ordinal").defer("text_sealed")[:limit])
