"""One version of a reference document: how it was read, its other versions, and its passages with their offsets."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.actors import Actor
from audit.console import number_in, page
from evidence import library
from evidence.models import Passage
from orchestration.console import badges
from orchestration.console.highlight import Part, plain, visible
from orchestration.console.sources import number, trust_badge

PASSAGES = 25
VERSIONS = 50


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage; ``number`` counts from 1."""

    passage: Passage
    number: int
    parts: tuple[Part, ...]


@require_safe
@page
def document(request: HttpRequest, actor: Actor, document_id: UUID) -> HttpResponse:
    """Show one version of a document with some of its passages."""
    found = library.found_document(document_id, actor=actor)
    first = max(1, number_in(request, "from") or 1)
    rows = library.read_passages(found, actor=actor, first=first - 1, limit=PASSAGES + 1, via="console")
    same = library.documents_in(actor).filter(source=found.source, title=found.title)
    context = {
        "document": found,
        "title": visible(found.title),
        "name": visible(found.source.name),
        "standing": badges.IN_FORCE if found.current else badges.SUPERSEDED,
        "trust": trust_badge(trusted=found.source.trusted),
        "count": number(library.passages_of([found.pk]).get(found.pk, 0)),
        "versions": same.order_by("-version")[:VERSIONS],
        "rows": [PassageRow(row, row.ordinal + 1, plain(row.text)) for row in rows[:PASSAGES]],
        "earlier": max(1, first - PASSAGES) if first > 1 else None,
        "later": first + PASSAGES if len(rows) > PASSAGES else None,
    }
    return render(request, "console/document.html", context)
