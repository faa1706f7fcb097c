"""Where the claims stand in the answer: the text in stretches, each of which leads to its claim."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evidence.records import ReadClaim
from evidence.states import ClaimState
from orchestration.console import badges
from orchestration.console.badges import Badge
from orchestration.console.highlight import Part, clipped, plain


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a text; ``number`` is its claim's, from 1, and 0 for what is between claims.

    Attributes:
        address: where the claim is shown; '' between claims.
    """

    parts: tuple[Part, ...]
    number: int = 0
    verdict: Badge | None = None
    address: str = ""


def stretches(text: str, claims: Sequence[ReadClaim], *, limit: int, shown: frozenset[int]) -> tuple[Stretch, ...]:
    """Return a text in stretches. Of claims that overlap, the first has what they share.

    Args:
        limit: code points of the text that are shown.
        shown: the places, from 0, of the claims on this page.
    """
    return tuple(cut(clipped(text, limit), min(limit, len(text)), claims, shown))


def cut(text: str, end: int, claims: Sequence[ReadClaim], shown: frozenset[int]) -> Iterator[Stretch]:
    at = 0
    for claim in sorted(claims, key=lambda one: (one.span.start, one.ordinal)):
        begin, stop = max(at, claim.span.start), min(claim.span.end, end)
        if begin >= stop:
            continue
        if at < begin:
            yield Stretch(plain(text[at:begin]))
        yield of_claim(claim, plain(text[begin:stop]), shown)
        at = stop
    if at < len(text):
        yield Stretch(plain(text[at:]))


def of_claim(claim: ReadClaim, parts: tuple[Part, ...], shown: frozenset[int]) -> Stretch:
    number = claim.ordinal + 1
    page = "" if claim.ordinal in shown else f"?from={number}"
    return Stretch(parts, number, badges.of_verdict(claim.verdict), f"{page}#claim-{number}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the published answer, with the numbers of its sources."""

    stretch: Stretch
    citations: tuple[int, ...]


def sentences(
    answer: Mapping[str, object] | None, claims: Sequence[ReadClaim], shown: frozenset[int]
) -> tuple[Sentence, ...]:
    """Return the published answer. It has one sentence for each published claim, in their order, masked."""
    known = answer.get("sentences", ()) if answer else ()
    found = known if isinstance(known, list) else []
    published = [claim for claim in claims if claim.state == ClaimState.PUBLISHED]
    if len(published) != len(found):
        return tuple(Sentence(Stretch(plain(item["text"])), tuple(item["citations"])) for item in found)
    pairs = zip(found, published, strict=True)
    return tuple(Sentence(of_claim(one, plain(item["text"]), shown), tuple(item["citations"])) for item, one in pairs)
