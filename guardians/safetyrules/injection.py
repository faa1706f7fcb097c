"""Where a text tries to give orders to a model: places at which the weights of rules add up within a short reach."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from guardians.safetyrules.injectionrules import RULES
from guardians.safetyrules.layers import Layer, View
from guardians.safetyrules.weightedrules import Head, Rule

# Two or three sentences: what is said of one thing. A window starts at a hit and not at the border of a sentence, so
# nobody can place an attack across a border.
REACH = 240
# What an order weighs beside its rules when a reader does not see the layer it stands in.
UNSEEN_WEIGHT = 1.5


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in a view where a rule fired."""

    rule: str
    weight: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Order:
    """A hit with the weight of the gravest window that holds it.

    Attributes:
        weight: the sum over the distinct rules in the window, and something more when a reader cannot see the text.
    """

    view: View
    hit: Hit
    weight: float


def orders(view: View, head: Head) -> Sequence[Order]:
    """Return all hits in a view, in order, each with what its surroundings weigh. All of the text is looked at.

    A hit belongs to every window that reaches from another hit to the start of it.
    """
    found = sorted(hits(view.text, head), key=lambda hit: hit.start)
    gravest = [0.0] * len(found)
    for first, last in reaches(found):
        weight = weigh(found[first:last], unseen=view.layer is not Layer.SHOWN)
        for place in range(first, last):
            gravest[place] = max(gravest[place], weight)
    return tuple(Order(view, hit, weight) for hit, weight in zip(found, gravest, strict=True))


def reaches(found: Sequence[Hit]) -> Iterator[tuple[int, int]]:
    """Yield the largest windows as ranges of hits: none is part of another."""
    first = 0
    for last, hit in enumerate(found):
        if hit.start - found[first].start > REACH:
            yield first, last
            while hit.start - found[first].start > REACH:
                first += 1
    if found:
        yield first, len(found)


def weigh(window: Iterable[Hit], *, unseen: bool) -> float:
    rules = {hit.rule: hit.weight for hit in window}
    return sum(rules.values()) + (UNSEEN_WEIGHT if unseen else 0.0)


def hits(text: str, head: Head, rules: Iterable[Rule] = RULES) -> Iterator[Hit]:
    for known in rules:
        weight = known.weight(head)
        if weight and known.may_fire(text):
            for found in known.pattern.finditer(text):
                yield Hit(known.id, weight, found.start(), found.end())
