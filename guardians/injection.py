"""Where a text tries to give orders to a model: windows of a few sentences in which the weights of rules add up."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from guardians.injectionrules import RULES, Head, Rule
from guardians.layers import Layer, View

WINDOW = 160
WINDOW_LIMIT = 320
# What an order weighs beside its rules when a reader does not see the layer it stands in.
UNSEEN_WEIGHT = 1.5

SENTENCE_END = re.compile(r"[.!?]+[\"')\]*]{0,3}\s+|\n\s*")


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in a view where a rule fired."""

    rule: str
    weight: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Window:
    """A few sentences of one view, with the rules that fired in them."""

    view: View
    start: int
    end: int
    hits: tuple[Hit, ...]

    @property
    def weight(self) -> float:
        """The sum over distinct rules, and something more when a reader cannot see the text."""
        rules = {hit.rule: hit.weight for hit in self.hits}
        unseen = UNSEEN_WEIGHT if rules and self.view.layer is not Layer.SHOWN else 0.0
        return sum(rules.values()) + unseen


def windows(view: View, head: Head) -> Iterator[Window]:
    """Yield the windows of a view in which a rule fired. Every window of the text is looked at.

    A rule that starts in one window may end in the next; it counts where it starts.
    """
    found = sorted(hits(view.text, head), key=lambda hit: hit.start)
    place = 0
    for start, end in bounds(view.text) if found else ():
        first = place
        while place < len(found) and found[place].start < end:
            place += 1
        if place > first:
            yield Window(view, start, end, tuple(found[first:place]))


def hits(text: str, head: Head, rules: Iterable[Rule] = RULES) -> Iterator[Hit]:
    for known in rules:
        weight = known.weight(head)
        if weight:
            for found in known.pattern.finditer(text):
                yield Hit(known.id, weight, found.start(), found.end())


def bounds(text: str) -> Sequence[tuple[int, int]]:
    """Return start and end of the windows: sentences, merged up to WINDOW characters and cut at WINDOW_LIMIT."""
    ends = [*(found.end() for found in SENTENCE_END.finditer(text)), len(text)]
    made: list[tuple[int, int]] = []
    start = last = 0
    for end in ends:
        if end - start > WINDOW and last > start:
            made.append((start, last))
            start = last
        while end - start > WINDOW_LIMIT:
            made.append((start, start + WINDOW_LIMIT))
            start += WINDOW_LIMIT
        last = end
    if last > start:
        made.append((start, last))
    return made
