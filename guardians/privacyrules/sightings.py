"""A sighting: where in a folded text something sensitive was seen, before it is said in a vote."""

import bisect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# A value on its own: no part of a longer word, code, decimal or amount.
LEFT = r"(?<![\w#$£€@])(?<!\w-)(?<!\d[.,/])"
RIGHT = r"(?!\w)(?![-/]\w)(?![.,]\d)"
DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Sighting:
    """Characters ``start <= i < end`` of a folded text (``guardians.normal``) that a rule recognised.

    Attributes:
        kind: entity type, such as EMAIL.
        score: 0 to 1, how sure the rule is.
        cued: the rule went by the words before it, so the same value elsewhere would not be recognised.
    """

    rule: str
    kind: str
    start: int
    end: int
    score: float
    cued: bool = False


def holds(text: str, marks: tuple[str, ...]) -> bool:
    """Tell whether a text holds one of some texts: quicker than any pattern."""
    for mark in marks:  # noqa: SIM110 - a generator takes twice as long, and this is asked of every text
        if mark in text:
            return True
    return False


def matches(pattern: re.Pattern[str], text: str, anchor: re.Pattern[str] = DIGITS) -> Iterator[re.Match[str]]:
    """Yield what a pattern matches where an anchor does, without overlaps.

    A pattern that begins with what may not stand before it is tried at every character; an anchor is found quickly.
    """
    place = 0
    while begin := anchor.search(text, place):
        found = pattern.match(text, begin.start())
        place = max(begin.end(), found.end() if found else 0)
        if found:
            yield found


def resolved(sightings: Iterable[Sighting]) -> list[Sighting]:
    """Return sightings in order and without overlaps: the surest wins, then the longest, then the first."""
    kept: list[Sighting] = []
    starts: list[int] = []
    for seen in sorted(sightings, key=lambda s: (-s.score, s.start - s.end, s.start, s.rule)):
        place = bisect.bisect_left(starts, seen.start)
        after = kept[place] if place < len(kept) else None
        before = kept[place - 1] if place else None
        if (after is None or seen.end <= after.start) and (before is None or before.end <= seen.start):
            kept.insert(place, seen)
            starts.insert(place, seen.start)
    return kept
