"""The reference corpus of a workspace: documents in versions, their passages, and the search over them."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from audit import ledger
from audit.access import require, workspace_of
from audit.actors import Actor
from audit.events import EventType
from audit.roles import Scope
from evidence import models, passages


def source_named(name: str, *, actor: Actor, trusted: bool) -> models.Source:
    """Return the workspace's source of that name, made with this trust if it is new, and locked until the commit."""
    workspace = workspace_of(actor)
    source, _ = models.Source.objects.get_or_create(workspace_id=workspace, name=name, defaults={"trusted": trusted})
    # Two first versions of one document would otherwise both find none and both be version 1.
    return models.Source.objects.select_for_update().get(pk=source.pk)


@transaction.atomic
def add_document(*, source: str, title: str, text: str, actor: Actor, trusted: bool = True) -> models.Document:
    """Keep a document and its passages. The same text again is a no-op, a changed one is a new version.

    Raises:
        DocumentError: the text is empty, too long or holds control characters.
        NotAllowed: the actor lacks documents:write.
    """
    require(actor, Scope.DOCUMENTS_WRITE)
    text = passages.read(text.encode("utf-8", "surrogatepass"))
    where = source_named(source, actor=actor, trusted=trusted)
    digest = hashlib.sha256(text.encode()).hexdigest()
    last = models.Document.objects.select_for_update().filter(source=where, title=title, current=True).first()
    if last is not None and last.sha256 == digest:
        return last
    if last is not None:
        last.current = False
        last.save(update_fields=["current"])
    version = last.version + 1 if last else 1
    document = models.Document.objects.create(source=where, title=title, version=version, sha256=digest, text=text)
    models.Passage.objects.bulk_create(
        models.Passage(
            document=document,
            origin=where.name,
            trusted=where.trusted,
            ordinal=ordinal,
            start=cut.span.start,
            end=cut.span.end,
            sha256=cut.sha256,
            text=cut.text,
        )
        for ordinal, cut in enumerate(passages.cut(text))
    )
    event = ledger.Event(
        EventType.DOCUMENT_ADDED, actor, {"document": str(document.pk), "version": version, "sha256": digest}
    )
    ledger.append(event, chain=f"documents:{actor.workspace}")
    return document


# PostgreSQL reads a query of tens of thousands of words recursively, and gives up ("stack depth limit exceeded").
TEXT_LIMIT = 8_000
ANY_WORD = """
evidence_passage.search @@ replace(plainto_tsquery('english', %s)::text, '&', '|')::tsquery
"""
RANK = "ts_rank_cd(evidence_passage.search, replace(plainto_tsquery('english', %s)::text, '&', '|')::tsquery)"


def matching(workspace: UUID, text: str) -> QuerySet[models.Passage]:
    """Return the current passages that share a word with the text's first TEXT_LIMIT characters, best first."""
    asked = text[:TEXT_LIMIT]
    rows: QuerySet[models.Passage] = (
        models.Passage.objects.filter(document__source__workspace_id=workspace, document__current=True)
        .extra(where=[ANY_WORD], params=[asked], select={"rank": RANK}, select_params=[asked])  # noqa: S610
        .select_related("document")
        .defer("document__text")
        .order_by("-rank", "id")
    )
    return rows


def candidates(workspace: UUID, texts: Sequence[str], *, limit: int = 60) -> tuple[passages.Passage, ...]:
    """Return the passages of the corpus most likely to bear on any of the texts, each once.

    Every text gets an equal share of ``limit``, and at least 8: the last claim of an answer is as good as the first.
    """
    found: dict[UUID, passages.Passage] = {}
    share = max(8, limit // max(1, len(texts)))
    for text in texts:
        for row in matching(workspace, text)[:share]:
            found.setdefault(row.pk, as_passage(row))
    return tuple(found.values())


def as_passage(row: models.Passage) -> passages.Passage:
    title = row.document.title if row.document else ""
    return passages.Passage(
        id=str(row.pk), source=row.origin, text=row.text, sha256=row.sha256, trusted=row.trusted, title=title
    )
