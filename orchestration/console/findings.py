"""The findings of a vote, numbered, and marked in the texts that they are about."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from audit.spans import Span
from guardians import packs
from guardians.compliance import Compliance
from guardians.models import Finding, Review, Vote
from guardians.packfile import Rule
from orchestration.console import findingwords
from orchestration.console.grounds import percent
from orchestration.console.highlight import Part, clipped, plain
from orchestration.pieces import Pieces, Place, ReadPiece, place_of

FINDINGS = 40
LEAD = 100  # code points shown on either side of a finding
WORDS = 600  # of one stretch at most


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a text. ``numbers`` are the findings it belongs to, ``ends`` those of them that end with it."""

    parts: tuple[Part, ...]
    numbers: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """One finding.

    Attributes:
        words: what was found; of a policy pack what the rule says, where the packs are still those that it fired in.
        when: the rule's condition, where they are.
        sure: in percent; None of what has no place in a text, where the effect of its rule counts.
    """

    number: int
    finding: Finding
    words: str
    sure: int | None
    when: str


@dataclass(frozen=True, slots=True)
class ShownPiece:
    """The findings in one text, and the text around them; without segments it cannot be shown."""

    where: str
    title: tuple[Part, ...]
    segments: tuple[Segment, ...]
    findings: tuple[ShownFinding, ...]


def shown_pieces(review: Review, vote: Vote, pieces: Pieces) -> tuple[ShownPiece, ...]:
    """Return the first ``FINDINGS`` findings of a vote by the text they are in, in the order of the text."""
    kept = list(vote.findings.all())[:FINDINGS]
    groups: dict[Place, list[Finding]] = {}
    for finding in kept:
        groups.setdefault(place_of(review, finding), []).append(finding)
    said = rules_of(vote)
    number = 0
    shown: list[ShownPiece] = []
    for place, found in groups.items():
        ordered = sorted(found, key=lambda one: (one.start or 0, one.end or 0))
        numbered = {number + n: finding for n, finding in enumerate(ordered, start=1)}
        shown.append(shown_piece(place, numbered, pieces.get(place), said))
        number += len(found)
    return tuple(shown)


def shown_piece(
    place: Place, numbered: Mapping[int, Finding], piece: ReadPiece | None, said: Mapping[str, Rule]
) -> ShownPiece:
    title = piece.title if piece else ""
    return ShownPiece(
        where=findingwords.of_part(place.part),
        title=plain(clipped(title, 120)) if title else (),
        segments=tuple(segments(piece.text, numbered)) if piece else (),
        findings=tuple(shown_finding(number, finding, said) for number, finding in numbered.items()),
    )


def shown_finding(number: int, finding: Finding, said: Mapping[str, Rule]) -> ShownFinding:
    rule = said.get(finding.rule)
    words, when = (rule.says, rule.when) if rule else (findingwords.of_rule(finding.rule, finding.kind), "")
    sure = None if finding.start is None else percent(finding.score)
    return ShownFinding(number, finding, words, sure, when)


@cache
def shipped() -> tuple[str, Mapping[str, Rule]]:
    """Return the version of a vote by the packs of this installation, and their rules by id."""
    known = packs.load(Path(packs.__file__).parent / "packs")
    return Compliance(known).version, {item.rule.id: item.rule for item in known.rules}


def rules_of(vote: Vote) -> Mapping[str, Rule]:
    """Return the rules that a vote of Compliance was made by, where they are known: others may say something else."""
    if vote.guardian != Compliance.name:
        return {}
    version, rules = shipped()
    return rules if vote.version == version else {}


def segments(text: str, numbered: Mapping[int, Finding]) -> Iterator[Segment]:
    """Yield the text around the findings, cut where one begins or ends, with '…' where something is left out.

    A finding that ends outside the text marks nothing: it is about another one.
    """
    spans = {number: span for number, one in numbered.items() if (span := span_of(one, len(text)))}
    done = 0
    for window in windows(spans.values(), len(text)):
        if window.start > done or (window.start and not done):
            yield Segment((Part(" … "),))
        yield from cuts(text, window, spans)
        done = window.end
    if spans and done < len(text):
        yield Segment((Part(" …"),))


def span_of(finding: Finding, length: int) -> Span | None:
    if finding.start is None or finding.end is None or not finding.start < finding.end <= length:
        return None
    return Span(finding.start, finding.end)


def windows(spans: Iterable[Span], length: int) -> Sequence[Span]:
    """Return what is shown of a text: each span with ``LEAD`` on either side; those that touch are one."""
    made: list[Span] = []
    for span in sorted(spans):
        begin, end = max(0, span.start - LEAD), min(length, span.end + LEAD)
        if made and begin <= made[-1].end:
            last = made.pop()
            begin, end = last.start, max(last.end, end)
        made.append(Span(begin, end))
    return made


def cuts(text: str, window: Span, spans: Mapping[int, Span]) -> Iterator[Segment]:
    inside = {number: span for number, span in spans.items() if window.start <= span.start < window.end}
    places = {window.start, window.end, *(place for span in inside.values() for place in (span.start, span.end))}
    for begin, end in pairwise(sorted(places)):
        numbers = tuple(sorted(n for n, span in inside.items() if span.start <= begin and end <= span.end))
        ends = tuple(n for n in numbers if inside[n].end == end)
        marked = tuple(Part(part.text, bool(numbers), part.hidden) for part in plain(clipped(text[begin:end], WORDS)))
        yield Segment(marked, numbers, ends)
