"""The reference corpus of a workspace: documents in versions, their passages, and the search over them."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import transaction

from audit import ledger
from audit.access import require, workspace_of
from audit.actors import Actor
from audit.canonical import JSON
from audit.errors import Conflict, Invalid, NotFound
from audit.events import EventType
from audit.roles import Scope
from evidence import models, passages, search
from evidence.documents.extraction import Extracted, MediaType, extract
from evidence.documents.origins import host_of


def source_named(name: str, *, actor: Actor, trusted: bool) -> models.Source:
    """Return the workspace's source of that name, made with this trust if it is new, and locked until the commit."""
    workspace = workspace_of(actor)
    source, _ = models.Source.objects.get_or_create(workspace_id=workspace, name=name, defaults={"trusted": trusted})
    # Two first versions of one document would otherwise both find none and both be version 1.
    return models.Source.objects.select_for_update().get(pk=source.pk)


def add_document(*, source: str, title: str, text: str, actor: Actor, trusted: bool = True) -> models.Document:
    """Keep a plain text or Markdown, and its passages. The same text again is a no-op, a changed one a new version.

    Raises:
        DocumentError: the text is empty, too long or holds control characters.
        NotAllowed: the actor lacks documents:write.
    """
    require(actor, Scope.DOCUMENTS_WRITE)
    read = extract(text.encode("utf-8", "surrogatepass"), MediaType.MARKDOWN)
    return keep(read, source=source, title=title, actor=actor, trusted=trusted)


@dataclass(frozen=True, slots=True)
class File:
    """A document as it is sent: its bytes, what they are said to be, and where it was published, if that is known."""

    data: bytes
    media_type: str
    charset: str = ""
    url: str = ""


def add_file(file: File, *, source: str, title: str, actor: Actor, trusted: bool = True) -> models.Document:
    """Keep a file, and the passages of its text. The same file or text again is a no-op, another one a new version.

    It is read before the transaction begins: while one writes, the ledger is not sealed.

    Raises:
        DocumentError: the file cannot be read, or holds no text.
        NotAllowed: the actor lacks documents:write.
    """
    require(actor, Scope.DOCUMENTS_WRITE)
    read = read_file(file)
    return keep(read, source=source, title=title, actor=actor, trusted=trusted)


def read_file(file: File) -> Extracted:
    """Return the text of a file; the host that is named with it goes before the one that it names itself."""
    read = extract(file.data, file.media_type, charset=file.charset)
    return replace(read, origin=host_of(file.url) or read.origin)


def current(workspace: UUID, *, source: str, title: str) -> models.Document | None:
    """Return the document of that title that is in force, without its text."""
    rows = models.Document.objects.filter(source__workspace_id=workspace, source__name=source, title=title)
    return rows.filter(current=True).defer("text").first()


def says_the_same(known: models.Document, read: Extracted) -> bool:
    """Tell whether a document is the same original, or the same text: nothing new is said then."""
    same_original = (known.original_sha256, known.media_type) == (read.sha256, read.media_type)
    return same_original or known.sha256 == text_digest(read)


def text_digest(read: Extracted) -> str:
    return hashlib.sha256(read.text.encode()).hexdigest()


@transaction.atomic
def keep(read: Extracted, *, source: str, title: str, actor: Actor, trusted: bool) -> models.Document:
    """Keep what was read as the current version, with its passages and its ledger entry, unless it is known."""
    where = source_named(source, actor=actor, trusted=trusted)
    last = models.Document.objects.select_for_update().filter(source=where, title=title, current=True).first()
    if last is not None and says_the_same(last, read):
        return last
    if last is not None:
        last.current = False
        last.save(update_fields=["current"])
        search.withdraw(last.pk)
    document = models.Document.objects.create(
        source=where,
        title=title,
        version=last.version + 1 if last else 1,
        sha256=text_digest(read),
        text=read.text,
        media_type=read.media_type.value,
        extractor=read.extractor,
        original_sha256=read.sha256,
        size=read.size,
        host=read.origin,
    )
    models.Passage.objects.bulk_create(passage_rows(document))
    search.post(document.pk)
    ledger.append(added_event(document, actor), chain=f"documents:{actor.workspace}")
    return document


def passage_rows(document: models.Document) -> Iterator[models.Passage]:
    for ordinal, cut in enumerate(passages.cut(document.text)):
        yield models.Passage(
            document=document,
            origin=document.source.name,
            trusted=document.source.trusted,
            ordinal=ordinal,
            start=cut.span.start,
            end=cut.span.end,
            sha256=cut.sha256,
            text=cut.text,
        )


def added_event(document: models.Document, actor: Actor) -> ledger.Event:
    data = {
        "document": str(document.pk),
        "version": document.version,
        "sha256": document.sha256,
        "media_type": document.media_type,
        "extractor": document.extractor,
        "original": document.original_sha256,
    }
    return ledger.Event(EventType.DOCUMENT_ADDED, actor, data)


class SourceChanged(Conflict):
    """Its rating is not what was seen."""


@dataclass(frozen=True, slots=True)
class Rating:
    """Whether a source is trusted, and how much of a voice it is: 0, 0.25, 0.5, 0.75 or 1."""

    trusted: bool
    weight: float

    def document(self) -> dict[str, JSON]:
        """Return it as the ledger keeps it."""
        return {"trusted": self.trusted, "weight": str(float(self.weight))}

    @classmethod
    def of(cls, document: Any) -> "Rating":  # noqa: ANN401 - canonical JSON
        return cls(trusted=document["trusted"], weight=float(document["weight"]))


def rating_chain(source: UUID) -> str:
    return f"source:{source}"


@transaction.atomic
def rate_source(
    source_id: UUID, *, trusted: bool, weight: float, actor: Actor, seen: Rating | None = None
) -> models.Source:
    """Say whether a source is trusted and how much of a voice it is. Runs that gather from now on are judged by it.

    Args:
        seen: the rating that whoever decided was shown, if one was shown.

    Raises:
        SourceChanged: the rating is not what was seen.
        Invalid: the weight is none of 0, 0.25, 0.5, 0.75 and 1.
        NotAllowed: the actor lacks workspace:write.
        NotFound: the source is not of the actor's workspace.
    """
    require(actor, Scope.WORKSPACE_WRITE)
    if weight not in dict(models.weights()):
        raise Invalid(f"weight is {weight}; use 0, 0.25, 0.5, 0.75 or 1")
    own = models.Source.objects.select_for_update().filter(pk=source_id, workspace_id=workspace_of(actor))
    source = own.first()
    if source is None:
        raise NotFound(f"there is no source {source_id} in your workspace")
    before, after = Rating(source.trusted, source.weight), Rating(trusted, float(weight))
    if seen is not None and seen != before:
        raise SourceChanged(f"{source.name} was rated by somebody else meanwhile; look at it again")
    if before == after:
        return source
    source.trusted, source.weight = after.trusted, after.weight
    source.save(update_fields=["trusted", "weight"])
    data: dict[str, JSON] = {"source": str(source.pk), "before": before.document(), "after": after.document()}
    ledger.append(ledger.Event(EventType.SOURCE_RATED, actor, data), chain=rating_chain(source.pk))
    return source


TEXT_LIMIT = 8_000


def candidates(workspace: UUID, texts: Sequence[str], *, limit: int = 60) -> tuple[passages.Passage, ...]:
    """Return the passages of the corpus most likely to bear on any of the texts, each once.

    Only the first TEXT_LIMIT characters of a text are looked for. Every text gets an equal share of ``limit``, and at
    least 8: the last claim of an answer is as good as the first.
    """
    share = max(8, limit // max(1, len(texts)))
    found: dict[str, passages.Passage] = {}
    for passage in search.candidates(workspace, [text[:TEXT_LIMIT] for text in texts], share=share):
        found.setdefault(passage.id, passage)
    return tuple(found.values())
