"""The reference corpus of a workspace: documents in versions, their passages, and the search over them."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction

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
# All texts in one statement, each with its own best passages: those that share a word with it. Materialized, because
# PostgreSQL would otherwise make the query of a text anew for every passage that it looks at, and twice.
CANDIDATES = """
WITH asked AS MATERIALIZED (
    SELECT place, replace(plainto_tsquery('english', text)::text, '&', '|')::tsquery AS words
    FROM unnest(%s::text[]) WITH ORDINALITY AS given (text, place)
)
SELECT found.id, found.origin, found.text, found.sha256, found.trusted, found.title
FROM asked
CROSS JOIN LATERAL (
    SELECT p.id, p.origin, p.text, p.sha256, p.trusted, d.title, ts_rank_cd(p.search, asked.words) AS rank
    FROM evidence_passage p
    JOIN evidence_document d ON d.id = p.document_id
    JOIN evidence_source s ON s.id = d.source_id
    WHERE s.workspace_id = %s AND d.current AND p.search @@ asked.words
    ORDER BY rank DESC, p.id LIMIT %s
) AS found
ORDER BY asked.place, found.rank DESC, found.id
"""


def candidates(workspace: UUID, texts: Sequence[str], *, limit: int = 60) -> tuple[passages.Passage, ...]:
    """Return the passages of the corpus most likely to bear on any of the texts, each once.

    Only the first TEXT_LIMIT characters of a text are looked for. Every text gets an equal share of ``limit``, and at
    least 8: the last claim of an answer is as good as the first.
    """
    share = max(8, limit // max(1, len(texts)))
    asked = [text[:TEXT_LIMIT] for text in texts]
    found: dict[UUID, passages.Passage] = {}
    with connection.cursor() as cursor:
        cursor.execute(CANDIDATES, [asked, workspace, share])
        for id_, origin, text, sha256, trusted, title in cursor:
            passage = passages.Passage(str(id_), origin, text, sha256, trusted=trusted, title=title)
            found.setdefault(id_, passage)
    return tuple(found.values())
