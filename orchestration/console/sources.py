"""The reference corpus: its sources with what they weigh, rated by operators, and documents added as files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from audit.access import require
from audit.actors import Actor
from audit.console import page, workspace_of
from audit.errors import Invalid, TooLarge
from audit.roles import Scope
from evidence import corpus, library
from evidence.api import TRUST, file_of, short
from evidence.corpus import Rating
from evidence.library import Holding
from evidence.models import Document, Source, weights
from orchestration.console import badges, paging, people, wording
from orchestration.console.badges import Badge
from orchestration.console.grounds import weight_words
from orchestration.console.highlight import visible

METHODS = ["GET", "HEAD", "POST"]
RATINGS = 20


@dataclass(frozen=True, slots=True)
class SourceRow:
    source: Source
    name: str
    trust: Badge
    weight: str
    documents: str
    passages: str
    newest: str
    version: int
    at: Any


def source_row(source: Source, holding: Holding) -> SourceRow:
    return SourceRow(
        source=source,
        name=visible(source.name),
        trust=trust_badge(trusted=source.trusted),
        weight=weight_words(source.weight),
        documents=number(holding.documents),
        passages=number(holding.passages),
        newest=visible(holding.title),
        version=holding.version,
        at=holding.at,
    )


def trust_badge(*, trusted: bool) -> Badge:
    return badges.TRUSTED if trusted else badges.UNTRUSTED


def number(counted: int) -> str:
    return f"{library.COUNTED:,}+" if counted > library.COUNTED else f"{counted:,}"


@require_http_methods(METHODS)
@page
def sources(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the workspace's sources; a POST adds a document as a file."""
    if request.method != "POST":
        return listed(request, actor)
    require(actor, Scope.DOCUMENTS_WRITE)
    sent = {name: request.POST.get(name, "") for name in ("source", "title", "trusted", "url")}
    try:
        document = added(request, sent, actor)
    except (Invalid, TooLarge) as refused:
        return listed(request, actor, sent=sent, error=str(refused))
    messages.success(request, f"Version {document.version} of {visible(document.title)} is in force.")
    return redirect("console:document", document_id=document.pk)


def added(request: HttpRequest, sent: dict[str, str], actor: Actor) -> Document:
    if sent["trusted"] not in TRUST:
        raise Invalid("say whether the source is trusted")
    return corpus.add_file(
        file_of({"file": request.FILES.get("file"), "url": sent["url"]}),
        source=short(sent, "source", limit=120),
        title=short(sent, "title", limit=200),
        trusted=TRUST[sent["trusted"]],
        actor=actor,
    )


def listed(request: HttpRequest, actor: Actor, *, sent: dict[str, str] | None = None, error: str = "") -> HttpResponse:
    """Show the list; what was typed stands in the form again when it cannot be taken."""
    after = "" if error else request.GET.get("after", "")
    rows = library.sources_in(actor)
    found = paging.page(rows, after=paging.place_in(after), column="created_at", filters={})
    holds = library.holdings([source.pk for source in found.rows])
    context = {
        "rows": [source_row(source, holds.get(source.pk, Holding())) for source in found.rows],
        "older": urlencode({"after": found.next}) if found.next else "",
        "first": not after,
        "may_add": actor.may(Scope.DOCUMENTS_WRITE),
        "sent": sent or {},
        "error": error,
    }
    return render(request, "console/sources.html", context, status=400 if error else 200)


# One source


@dataclass(frozen=True, slots=True)
class RatedRow:
    """One rating in the ledger's words; ``undo`` is what it was before, where nothing was said since."""

    who: str
    at: Any
    before: str
    after: str
    undo: Rating | None


def rating_words(rating: Rating) -> str:
    return f"{'trusted' if rating.trusted else 'untrusted'}, weight {weight_words(rating.weight)}"


@dataclass(frozen=True, slots=True)
class DocumentRow:
    document: Document
    title: str
    passages: str


@require_http_methods(METHODS)
@page
def source(request: HttpRequest, actor: Actor, source_id: UUID) -> HttpResponse:
    """Show one source; a POST asks whether a rating is meant, and a second one gives it."""
    found = library.found_source(source_id, actor=actor)
    if request.method != "POST":
        return shown(request, actor, found)
    require(actor, Scope.WORKSPACE_WRITE)
    try:
        wanted, seen = rating_in(request, ""), rating_in(request, "seen_")
    except Invalid as refused:
        return shown(request, actor, found, error=str(refused))
    if request.POST.get("word") == "confirm":
        corpus.rate_source(source_id, trusted=wanted.trusted, weight=wanted.weight, actor=actor, seen=seen)
        messages.success(request, f"Rated: {rating_words(wanted)}. Before: {rating_words(seen)}.")
        return redirect("console:source", source_id=source_id)
    if wanted == seen:
        return shown(request, actor, found, error=f"It is {rating_words(wanted)} already; choose another rating.")
    context = {"source": found, "name": visible(found.name), "before": seen, "after": wanted}
    words = {"before_words": rating_words(seen), "after_words": rating_words(wanted)}
    return render(request, "console/rating.html", context | words)


def rating_in(request: HttpRequest, prefix: str) -> Rating:
    """Return the rating of a form.

    Raises:
        Invalid: it holds none.
    """
    trusted, weight = request.POST.get(f"{prefix}trusted", ""), request.POST.get(f"{prefix}weight", "")
    known = {str(value): value for value, _ in weights()}
    if trusted not in TRUST:
        raise Invalid(f"trusted is {trusted[:20]!r}; use true or false")
    if weight not in known:
        raise Invalid(f"weight is {weight[:20]!r}; use one of {', '.join(known)}")
    return Rating(TRUST[trusted], known[weight])


def shown(request: HttpRequest, actor: Actor, found: Source, *, error: str = "") -> HttpResponse:
    after = "" if error else request.GET.get("after", "")
    rows = library.documents_in(actor).filter(source=found, current=True)
    documents = paging.page(rows, after=paging.place_in(after), column="created_at", filters={})
    context: dict[str, Any] = {
        "source": found,
        "name": visible(found.name),
        "trust": trust_badge(trusted=found.trusted),
        "weight": weight_words(found.weight),
        "weights": [(str(value), word, value == found.weight) for value, word in weights()],
        "rows": document_rows(documents.rows),
        "older": urlencode({"after": documents.next}) if documents.next else "",
        "first": not after,
        "may_rate": actor.may(Scope.WORKSPACE_WRITE),
        "may_see_ledger": actor.may(Scope.LEDGER_READ),
        "ratings": rated_rows(found, actor) if actor.may(Scope.LEDGER_READ) else [],
        "error": error,
    }
    return render(request, "console/source.html", context, status=400 if error else 200)


def document_rows(documents: Sequence[Document]) -> list[DocumentRow]:
    counted = library.passages_of([document.pk for document in documents])
    return [DocumentRow(one, visible(one.title), number(counted.get(one.pk, 0))) for one in documents]


def rated_rows(found: Source, actor: Actor) -> list[RatedRow]:
    """Return the last ratings. Whoever may rate can take the last one back."""
    known = library.ratings(found, limit=RATINGS)
    who = people.names({one.actor for one in known}, workspace=workspace_of(actor))
    standing = Rating(found.trusted, found.weight)
    return [
        RatedRow(
            who=who[one.actor],
            at=one.at,
            before=wording.sentence(rating_words(one.before)),
            after=wording.sentence(rating_words(one.after)),
            undo=one.before if place == 0 and one.after == standing else None,
        )
        for place, one in enumerate(known)
    ]
