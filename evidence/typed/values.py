"""Numbers and dates of a claim against those in the same place of a sentence."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from evidence.language.dates import Date
from evidence.language.lexicon import EXCLUSIVE, PLACING
from evidence.language.numerals import ORDINALS
from evidence.language.quantities import Quantity, Relation, relate
from evidence.language.reading import READINGS_KEPT, Reading
from evidence.language.text import key
from evidence.typed.conflicts import Conflict
from evidence.typed.directions import measured_otherwise
from evidence.typed.matching import Matching
from evidence.verdicts import Rule

# What the first words beside a value count; ANCHORS of them may tell its place.
NEAR = (1.0, 0.7, 0.4, 0.0)
OTHER_SIDE = 0.6
AGREEMENT = 0.45
# What an ordinal may also be written as: "the first dose" beside "this is the first".
ORDINAL_WORDS = {number: frozenset([word, key(word)]) for word, number in ORDINALS.items()}
EXCHANGE = 0.3
ANCHORS, NEXT = len(NEAR), 2
# What begins at a value and what ends there: "from 1999 until 2003".
STARTING, ENDING = frozenset({"from", "since"}), frozenset({"until", "till", "to"})


Value = TypeVar("Value", Quantity, Date)


@dataclass(frozen=True, slots=True)
class Pairing:
    """Claim value -> source value, by their places; and the values that stand alone."""

    pairs: dict[int, int]
    alone: tuple[int, ...]


@lru_cache(maxsize=READINGS_KEPT)
def neighbours(reading: Reading) -> dict[int, tuple[range, range]]:
    """Return the places of the words before and after each quantity and date, nearest first, by its first token."""
    known: tuple[Quantity | Date, ...] = (*reading.quantities, *reading.dates)
    return {value.first: beside(reading, value.first, value.end) for value in known}


def beside(reading: Reading, first: int, end: int) -> tuple[range, range]:
    left, right = bisect_left(reading.starts, first), bisect_left(reading.starts, end)
    return range(left - 1, max(-1, left - 1 - ANCHORS), -1), range(right, min(len(reading.starts), right + ANCHORS))


def likeness(matching: Matching, value: Quantity | Date, other: Quantity | Date) -> float:
    """Return how much the words around a claim's value are the words around a source's (0 to about 4)."""
    sides, others = neighbours(matching.claim)[value.first], neighbours(matching.source)[other.first]
    total = 0.0
    for words, same, opposite in ((sides[0], *others), (sides[1], *reversed(others))):
        for near, place in zip(NEAR, words, strict=False):
            pair = matching.pairs.get(place)
            if pair is None:
                continue
            if pair in same:
                total += near * NEAR[same.index(pair)]
            elif pair in opposite:
                total += OTHER_SIDE * near * NEAR[opposite.index(pair)]
    return total


def pair(
    matching: Matching, claimed: Sequence[Value], there: Sequence[Value], fit: Callable[[Value, Value], float | None]
) -> Pairing:
    """Pair each value of a claim with the one in its place in the sentence, each used once.

    Place weighs more than agreement: "480 mg, then 400 mg" must not be found in "400 mg, then 480 mg".

    Args:
        fit: how much two values agree; None for two that cannot be compared.
    """
    ranked = []
    for at, value in enumerate(claimed):
        for place, other in enumerate(there):
            agreed = fit(value, other)
            if agreed is not None:
                order = 0.02 * abs(at - place)
                ranked.append((-(likeness(matching, value, other) + agreed - order), at, place))
    ranked.sort()
    pairs: dict[int, int] = {}
    used: set[int] = set()
    for _, at, place in ranked:
        if at not in pairs and place not in used:
            pairs[at] = place
            used.add(place)
    return Pairing(pairs, tuple([at for at in range(len(claimed)) if at not in pairs]))


def same_place(matching: Matching, value: Quantity | Date, other: Quantity | Date) -> bool:
    """Tell whether the words next to a claim's value, on each side that has any, stand near the source's value."""
    before, after = neighbours(matching.source)[other.first]
    near = {*before, *after}
    sides = [side[:NEXT] for side in neighbours(matching.claim)[value.first] if side]
    return bool(sides) and not any(near.isdisjoint(map(matching.pairs.get, side)) for side in sides)


def quantity_fit(claim: Quantity, source: Quantity) -> float | None:
    relation = relate(claim, source)
    if relation is Relation.INCOMPARABLE:
        return None
    return AGREEMENT if relation is Relation.ENTAILED else 0.0


RULES = {
    Relation.DIFFERENT: Rule.NUMBER,
    Relation.UNIT: Rule.UNIT,
    Relation.OPPOSITE: Rule.COMPARISON,
    Relation.UNBOUNDED: Rule.COMPARISON,
}


def numbers(matching: Matching, around: AbstractSet[str]) -> Iterator[Conflict]:
    """Yield the quantities of the claim that the sentence does not bear out."""
    claimed, there = matching.claim.quantities, matching.source.quantities
    pairing = pair(matching, claimed, there, quantity_fit)
    for at, place in pairing.pairs.items():
        yield from number_conflict(matching, claimed[at], there[place])
    yield from exchanged(matching, pairing)
    for at in pairing.alone:
        value = claimed[at]
        if not excused(matching, value, around):
            yield Conflict(Rule.NUMBER, (value.first, value.end))
    yield from limits(matching, set(pairing.pairs.values()))


def limits(matching: Matching, paired: AbstractSet[int]) -> Iterator[Conflict]:
    """Yield the "only 60%" of the sentence that the claim leaves out."""
    for place in limited(matching.source):
        if place not in paired:
            other = matching.source.quantities[place]
            yield Conflict(Rule.QUANTIFIER, (0, len(matching.claim.tokens)), (other.outer[0] - 1, other.end))


@lru_cache(maxsize=READINGS_KEPT)
def limited(reading: Reading) -> tuple[int, ...]:
    """Return the quantities that "only" or the like stands before, by their places."""
    return tuple(
        place for place, value in enumerate(reading.quantities) if before(reading, value.outer[0]) in EXCLUSIVE
    )


def exchanged(matching: Matching, pairing: Pairing) -> Iterator[Conflict]:
    """Yield two values of the claim that have changed places: "97 of 9" against "9 of 97"."""
    claimed, there = matching.claim.quantities, matching.source.quantities
    for at, place in pairing.pairs.items():
        later, other = at + 1, pairing.pairs.get(at + 1, place)
        if other >= place or quantity_fit(claimed[at], there[other]) != 0.0:
            continue
        wholes = [is_whole(matching.claim, claimed[one]) for one in (at, later)]
        if any(wholes) and wholes == [is_whole(matching.source, there[one]) for one in (place, other)]:
            continue
        straight = likeness(matching, claimed[at], there[place]) + likeness(matching, claimed[later], there[other])
        across = likeness(matching, claimed[at], there[other]) + likeness(matching, claimed[later], there[place])
        if straight <= across + EXCHANGE:
            span = claimed[at].first, claimed[later].end
            yield Conflict(Rule.NUMBER, span, (there[other].first, there[place].end), opposed=True)


def excused(matching: Matching, value: Quantity, around: AbstractSet[str]) -> bool:
    """Tell whether a quantity needs no counterpart: "first" is said nearby, a year is written as a number."""
    if value.unit.family == "ordinal" and not value.label:
        return str(value.written) in around or not ORDINAL_WORDS.get(value.written, frozenset()).isdisjoint(around)
    years = {date.year for date in matching.source.dates}
    return not value.unit.family and value.written in years


def turned(matching: Matching, ours: int, theirs: int) -> bool:
    """Tell whether "before" stands directly before one value and "after" before the other."""
    word, other = before(matching.claim, ours), before(matching.source, theirs)
    ends = {word in ENDING, other in ENDING} if {word, other} <= STARTING | ENDING else {True}
    return (bool(other) and PLACING.get(word) == other) or len(ends) > 1


def before(reading: Reading, at: int) -> str:
    """Return the word before a value, over "every" and articles; "" at the start."""
    while at and reading.tokens[at - 1].folded in {"every", "each", "the", "a"}:
        at -= 1
    return reading.tokens[at - 1].folded if at else ""


def number_conflict(matching: Matching, value: Quantity, other: Quantity) -> Iterator[Conflict]:
    relation = relate(value, other)
    if relation is Relation.ENTAILED:
        if turned(matching, value.outer[0], other.outer[0]):
            yield turned_conflict(matching, value, other)
        elif is_whole(matching.source, other) and not any(
            is_whole(matching.claim, one) for one in matching.claim.quantities
        ):
            yield Conflict(Rule.QUANTIFIER, value.outer, (max(0, other.outer[0] - 2), other.end))
        elif measured_otherwise(matching.claim, value.outer[0], matching.source, other.outer[0]):
            spans = (value.outer[0] - 1, value.end), (other.outer[0] - 1, other.end)
            yield Conflict(Rule.COMPARISON, *spans, opposed=same_place(matching, value, other))
        return
    rule = RULES[relation]
    elsewhere = value.unit.family == "ordinal" or conditional(matching, value, other)
    opposed = relation is not Relation.UNBOUNDED and same_place(matching, value, other)
    yield Conflict(rule, value.outer, other.outer, opposed=opposed, elsewhere=elsewhere)


def is_whole(reading: Reading, value: Quantity) -> bool:
    """Tell whether a quantity is only what another is a part of: 40 in "3 of 40 patients", "of 40 patients, 3"."""
    first = value.outer[0] - 1
    while first > 0 and reading.tokens[first].folded in {"the", "all", "these"}:
        first -= 1
    part = first == 0 or any(one.end == first for one in reading.quantities)
    return first >= 0 and reading.tokens[first].folded == "of" and part


def conditional(matching: Matching, value: Quantity | Date, other: Quantity | Date) -> bool:
    """Tell whether a value belongs to a condition: a difference there is a difference of cases."""
    return matching.claim.conditional(value.first) or matching.source.conditional(other.first)


def turned_conflict(matching: Matching, value: Quantity | Date, other: Quantity | Date) -> Conflict:
    spans = (value.first - 1, value.end), (other.first - 1, other.end)
    return Conflict(Rule.DATE, *spans, opposed=same_place(matching, value, other))


def date_fit(claim: Date, source: Date) -> float | None:
    if claim.said().isdisjoint(source.said()):
        return None
    return 0.0 if claim.differing(source) else AGREEMENT


def dates(matching: Matching, around: AbstractSet[str]) -> Iterator[Conflict]:
    """Yield the dates of the claim that the sentence does not bear out."""
    claimed, there = matching.claim.dates, matching.source.dates
    if not claimed:
        return
    pairing = pair(matching, claimed, there, date_fit)
    for at, place in pairing.pairs.items():
        value, other = claimed[at], there[place]
        if value.differing(other):
            elsewhere = conditional(matching, value, other)
            opposed = same_place(matching, value, other)
            yield Conflict(
                Rule.DATE, (value.first, value.end), (other.first, other.end), opposed=opposed, elsewhere=elsewhere
            )
        elif turned(matching, value.first, other.first):
            yield turned_conflict(matching, value, other)
        elif value.said() - other.said() and not implied(value, other, around):
            yield Conflict(Rule.DATE, (value.first, value.end), (other.first, other.end))
    for at in pairing.alone:
        value = claimed[at]
        free = len(matching.source.quantities) > len(matching.claim.quantities)
        if (free or not implied(value, None, around)) and not written(matching, value):
            yield Conflict(Rule.DATE, (value.first, value.end))


def implied(value: Date, other: Date | None, around: AbstractSet[str]) -> bool:
    """Tell whether all that the sentence leaves out is the year, and the passage names it."""
    unsaid = value.said() - (other.said() if other else frozenset())
    return unsaid == {"year"} and str(value.year) in around


def written(matching: Matching, value: Date) -> bool:
    """Tell whether a year alone stands in the sentence as a plain number."""
    return value.said() == {"year"} and any(value.year == other.written for other in matching.source.quantities)
