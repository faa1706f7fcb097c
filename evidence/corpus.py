"""The reference corpus of a workspace: documents in versions, their passages, and the search over them."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from audit import ledger
from audit.access import require
from audit.actors import Actor
from audit.events import EventType
from audit.roles import Scope
from evidence import models, passages


def source_named(name: str, *, actor: Actor, trusted: bool) -> models.Source:
    """Return the workspace's source of that name, made with this trust if it is new."""
    source, _ = models.Source.objects.get_or_create(
        workspace_id=actor.workspace, name=name, defaults={"trusted": trusted}
    )
    return source


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


ANY_WORD = """
evidence_passage.search @@ replace(plainto_tsquery('english', %s)::text, '&', '|')::tsquery
"""
RANK = "ts_rank_cd(evidence_passage.search, replace(plainto_tsquery('english', %s)::text, '&', '|')::tsquery)"


def matching(workspace: UUID, text: str) -> QuerySet[models.Passage]:
    """Return the current passages that share a word with the text, best first."""
    return (
        models.Passage.objects.filter(document__source__workspace_id=workspace, document__current=True)
        .extra(where=[ANY_WORD], params=[text], select={"rank": RANK}, select_params=[text])  # noqa: S610
        .annotate(title=F("document__title"))
        .order_by("-rank", "id")
    )


def candidates(workspace: UUID, texts: Sequence[str], *, limit: int = 60) -> tuple[passages.Passage, ...]:
    """Return the passages of the corpus most likely to bear on any of the texts, each once."""
    found: dict[UUID, passages.Passage] = {}
    share = max(8, limit // max(1, len(texts)))
    for text in texts:
        for row in matching(workspace, text)[:share]:
            found.setdefault(row.pk, as_passage(row, title=row.title))
    return tuple(found.values())[:limit]


def as_passage(row: models.Passage, *, title: str) -> passages.Passage:
    return passages.Passage(
        id=str(row.pk), source=row.origin, text=row.text, sha256=row.sha256, trusted=row.trusted, title=title
    )
