"""A sighting: where in a folded text something sensitive was seen, before it is said in a vote."""

import bisect
from collections.abc import Iterable
from dataclasses import dataclass

# A value on its own: no part of a longer word, code, decimal or amount.
LEFT = r"(?<![\w#$£€@])(?<!\w-)(?<!\d[.,/])"
RIGHT = r"(?!\w)(?![-/]\w)(?![.,]\d)"


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
