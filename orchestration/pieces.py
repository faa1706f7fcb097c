"""The texts of a run that findings are about, in clear: request, drafts, and passages that documents and tools gave."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from audit import vault
from audit.fields import open_text
from evidence.models import Passage
from evidence.records import passage_text
from guardians.guardian import Part
from guardians.models import Finding, Review
from orchestration.models import Run


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands among what was judged: which review's, and which text of its part."""

    revision: int
    part: str
    ref: str


@dataclass(frozen=True, slots=True)
class ReadPiece:
    """A text in clear; ``title`` is its document's, or where it came from, and '' for request and draft."""

    title: str
    text: str


Pieces = Mapping[Place, ReadPiece]


def place_of(review: Review, finding: Finding) -> Place:
    return Place(review.revision, finding.part, finding.ref)


def read_pieces(run: Run, reviews: Iterable[Review], *, question: str, key: vault.DataKey) -> Pieces:
    """Return the texts in which findings have a place, as far as they are kept.

    Args:
        reviews: with their votes and findings fetched.
        question: as it was sent, which is what the guardians are shown.
    """
    wanted = {place_of(review, finding) for review in reviews for finding in placed(review)}
    drafts = {draft.revision: draft for draft in run.drafts.all()} if wanted else {}
    passages = {str(row.pk): row for row in passages_of(run, {place.ref for place in wanted if of_passage(place)})}
    found: dict[Place, ReadPiece] = {}
    for place in wanted:
        if place.part == Part.REQUEST:
            found[place] = ReadPiece("", question)
        elif place.part == Part.ANSWER and place.revision in drafts:
            found[place] = ReadPiece("", open_text(key, drafts[place.revision], "text_sealed"))
        elif of_passage(place) and place.ref in passages:
            row = passages[place.ref]
            found[place] = ReadPiece(row.document.title if row.document else row.origin, passage_text(row, key))
    return found


def placed(review: Review) -> Iterator[Finding]:
    for vote in review.votes.all():
        yield from (finding for finding in vote.findings.all() if finding.start is not None)


def of_passage(place: Place) -> bool:
    return place.part in {Part.DOCUMENT, Part.TOOL_RESULT}


def passages_of(run: Run, refs: Iterable[str]) -> Iterator[Passage]:
    """Yield the passages that findings name, of this run or of its workspace's corpus and of no other."""
    ids = [id_ for ref in refs if (id_ := id_of(ref))]
    if ids:
        own = Q(run=run.pk) | Q(document__source__workspace_id=run.workspace_id)
        yield from Passage.objects.filter(own, pk__in=ids).select_related("document").defer("document__text")


def id_of(ref: str) -> UUID | None:
    try:
        return UUID(ref)
    except ValueError:
        return None
