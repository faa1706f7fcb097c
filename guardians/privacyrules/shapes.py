"""The shape of an identifier: a pattern, what its value has to fulfil, and the words it stands after.

Every repetition in a pattern is bounded, so the work is linear in the length of the text.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from guardians.privacyrules.sightings import LEFT, RIGHT, Sighting

# How far before a value its cue may end, and what ends the reach of a cue: the end of a sentence ("No. 5" is none).
NEAR = 32
FAR = NEAR + 1
# No cue is longer.
CUE_LIMIT = 32
# Two digits are of one region when no more than twice the margin lies between them, so that regions do not overlap.
MARGIN = 20
DIGITS = re.compile(r"\d(?:[^\d]{0,40}\d)*")
REACH_END = re.compile(r"(?<!\bno)(?<!\bnr)(?<!\bnum)[.!?;]\s|\n\s*\n")


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of identifier looks.

    Attributes:
        score: of a value without a cue before it; 0 when the shape alone says nothing.
        cue: lower-case words of which one may stand before the value.
        cued: score of a value after its cue.
        check: what the value has to fulfil besides.
        unchecked: score of a value after its cue that fails the check; mistyped numbers are personal data too.
        digits: the least that it holds; without a cue it is looked for only where so many are (``regions``), or with 0
            everywhere.
        marks: lower-case texts with bars between, of which every cue holds one, where the shape needs a cue: most texts
            hold none of them.
        reach: how far before the value its cue may end, in characters; less where the value is short.
    """

    rule: str
    kind: str
    pattern: re.Pattern[str]
    score: float
    cue: re.Pattern[str] | None = None
    cued: float = 0.0
    check: Callable[[str], bool] | None = None
    unchecked: float = 0.0
    digits: int = 6
    marks: str = ""
    reach: int = NEAR

    def __str__(self) -> str:
        cue = self.cue.pattern if self.cue else ""
        check = f"{self.check.__module__}.{self.check.__name__}" if self.check else ""
        scores = f"{self.score} {self.cued} {self.unchecked}"
        return f"{self.rule} {self.kind} {self.pattern.pattern} {cue} {check} {scores} {self.reach}"


def whole(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    return re.compile(f"{LEFT}(?:{pattern}){RIGHT}", re.IGNORECASE if ignore_case else 0)


def words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{pattern})(?![a-z])")


def digits_of(value: str) -> str:
    return "".join(filter(str.isdigit, value))


def holds_digits(value: str) -> bool:
    return sum(map(str.isdigit, value)) >= 4


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a text in which so many digits stand, with ``MARGIN`` characters around them."""

    start: int
    end: int
    digits: int


def regions(text: str) -> Iterator[Region]:
    """Yield where digits stand: most of most texts holds no identifier."""
    for found in DIGITS.finditer(text):
        digits = sum(map(str.isdigit, found.group()))
        yield Region(max(0, found.start() - MARGIN), min(len(text), found.end() + MARGIN), digits)


def seen_in(shape: Shape, text: str, lowered: str, *, start: int, end: int) -> Iterator[Sighting]:
    """Yield what has the shape within a part of a text."""
    for found in shape.pattern.finditer(text, start, end):
        after_cue = shape.cue is not None and distance(shape.cue, lowered, found.start()) <= shape.reach
        score = shape.cued if after_cue else shape.score
        if score and shape.check and not shape.check(found.group()):
            score = shape.unchecked if after_cue else 0
        if score:
            yield Sighting(f"privacy.{shape.rule}", shape.kind, found.start(), found.end(), score, cued=not shape.score)


def is_cued(cue: re.Pattern[str], lowered: str, start: int) -> bool:
    """Tell whether a cue stands before a place, not further than ``NEAR`` and in the same sentence."""
    return distance(cue, lowered, start) < FAR


def distance(cue: re.Pattern[str], lowered: str, start: int) -> int:
    """Return how many characters before a place the last cue ends, or ``FAR`` when it does not reach so far."""
    before = lowered[max(0, start - NEAR - CUE_LIMIT) : start]
    end = max((found.end() for found in cue.finditer(before)), default=-FAR)
    within = len(before) - end <= NEAR and not REACH_END.search(before, end)
    return len(before) - end if within else FAR
