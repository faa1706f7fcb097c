"""What a claim puts together of two clauses: "reported pain" of "denied pain but reported nausea"."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from evidence.language.dates import Date
from evidence.language.lexicon import AUXILIARIES, CLAUSE_WORDS
from evidence.language.phrases import JOINTS, is_verb
from evidence.language.quantities import Quantity, comparable
from evidence.language.reading import FULL, READINGS_KEPT, Reading
from evidence.typed.conflicts import Conflict
from evidence.typed.directions import TYING, anchor_of, opening
from evidence.typed.matching import Matching
from evidence.verdicts import Rule

CUTS = CLAUSE_WORDS | JOINTS
MARKS = frozenset(";:()")
SUBJECT, OBJECT = "subject", "object"


@dataclass(frozen=True, slots=True)
class Item:
    """A word or value of a sentence: its token, its part of the sentence, and what it is there: a place to be taken.

    Attributes:
        part: the number of the stretch between two cuts.
        role: the preposition that ties it, else SUBJECT before the part's verb and OBJECT behind it.
        head: the word that a preposition ties it to; -1 without.
        value: the quantity or date; None for a word.
    """

    at: int
    part: int
    role: str
    head: int
    value: Quantity | Date | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """A sentence in the stretches between its cuts.

    Attributes:
        verbs: of each part, the words that are verbs or what an auxiliary says, by tokens.
    """

    items: tuple[Item, ...]
    verbs: tuple[tuple[int, ...], ...]


@lru_cache(maxsize=READINGS_KEPT)
def parts(reading: Reading) -> Parts:
    number, of = 0, []
    for token in reading.tokens:
        number += token.folded in CUTS or token.text in MARKS
        of.append(number)
    verbs: list[list[int]] = [[] for _ in range(number + 1)]
    firsts = [len(reading.tokens)] * (number + 1)
    for at, token in enumerate(reading.tokens):
        if is_verb(reading, at) or (at in reading.word_at and reading.predicate(reading.word_at[at])):
            firsts[of[at]] = min(firsts[of[at]], at)
            if token.folded not in AUXILIARIES and at in reading.word_at:
                verbs[of[at]].append(at)
    for part in range(number - 1, -1, -1):
        # "Sensors A and B failed": what is listed before the verb does the same.
        listed = firsts[part] == len(reading.tokens) and joins(reading, of, part + 1)
        if listed and firsts[part + 1] < len(reading.tokens):
            verbs[part], firsts[part] = verbs[part + 1], firsts[part + 1]
    found = [item(reading, at, of, firsts) for at in reading.starts if at not in verbs[of[at]]]
    known: tuple[Quantity | Date, ...] = (*reading.quantities, *reading.dates)
    found += [item(reading, value.first, of, firsts, value) for value in known]
    return Parts(tuple(found), tuple(map(tuple, verbs)))


def joins(reading: Reading, of: list[int], part: int) -> bool:
    """Tell whether a part begins with "and" or "or"."""
    return reading.tokens[of.index(part)].folded in JOINTS if part in of else False


def item(reading: Reading, at: int, of: list[int], firsts: list[int], value: Quantity | Date | None = None) -> Item:
    opener = opening(reading, at)
    part = of[at]
    if opener is not None and of[opener] == part and reading.tokens[opener].folded in TYING:
        return Item(at, part, reading.tokens[opener].folded, anchor_of(reading, opener), value)
    return Item(at, part, SUBJECT if at < firsts[part] < len(reading.tokens) else OBJECT, -1, value)


def splices(matching: Matching) -> Iterator[Conflict]:
    """Yield what the claim takes from one part of the sentence and says of what stands in another, in its place."""
    source = parts(matching.source)
    if len(source.verbs) == 1:
        return
    taken = values_taken(matching)
    here = [one for one in source.items if is_taken(matching, one, taken)]
    spare = [one for one in source.items if not is_taken(matching, one, taken)]
    for one in here:
        for other in spare:
            apart = other.part != one.part and plays_alike(source, one, other)
            if apart and takes_place(matching, source, one, other, taken):
                found = place_of(matching, one, taken)
                if found is not None:
                    yield Conflict(Rule.ROLES, found, (other.at, other.at + 1), elsewhere=True)
                    return


def plays_alike(source: Parts, one: Item, other: Item) -> bool:
    """Tell whether two things have the same role; what a part without a verb is of, its verb would say."""
    unsaid = not source.verbs[one.part] and {one.role, other.role} == {SUBJECT, OBJECT}
    return one.role == other.role or unsaid


Taken = dict[int, tuple[int, int]]


def values_taken(matching: Matching) -> Taken:
    """Return the values of the sentence that the claim has as well, by their first tokens, with the claim's tokens."""
    claim, source = matching.claim, matching.source
    found = {
        one.first: (mine.first, mine.end)
        for one in source.quantities
        for mine in claim.quantities
        if is_quantity(one, mine)
    }
    return found | {
        one.first: (mine.first, mine.end) for one in source.dates for mine in claim.dates if is_date(one, mine)
    }


def is_quantity(one: Quantity, other: Quantity) -> bool:
    return comparable(one, other) and one.low == other.low


def is_date(one: Date, other: Date) -> bool:
    return not one.said().isdisjoint(other.said()) and not one.differing(other)


def is_taken(matching: Matching, one: Item, taken: Taken) -> bool:
    if one.value is not None:
        return one.at in taken
    return matching.source.word_at[one.at] in matching.back


def place_of(matching: Matching, one: Item, taken: Taken) -> tuple[int, int] | None:
    """Return the claim's tokens of something that it has taken."""
    if one.value is not None:
        return taken.get(one.at)
    at = matching.claim.starts[matching.back[matching.source.word_at[one.at]]]
    return at, at + 1


def takes_place(matching: Matching, source: Parts, one: Item, other: Item, taken: Taken) -> bool:
    """Tell whether the claim has put one thing into the place of another, whose verb, value or head it has kept."""
    if not is_like(matching, one, other):
        return False
    own = [at for at in source.verbs[one.part] if is_spare(matching, at)]
    kept = [at for at in source.verbs[other.part] if not is_spare(matching, at)]
    if own and kept and len(own) == len(source.verbs[one.part]):
        return True
    if one.value is None and measured(source, one.part, taken) is False and measured(source, other.part, taken):
        return True
    if not source.verbs[one.part] and is_gapped(source, matching, one.part, other.part, taken):
        return True
    heads = one.head, other.head
    return min(heads) >= 0 and is_spare(matching, heads[0]) and not is_spare(matching, heads[1])


def is_gapped(source: Parts, matching: Matching, part: int, other: int, taken: Taken) -> bool:
    """Tell whether a part without a verb says of one thing what another part says of another: "and B for that"."""
    spare = {one.role for one in source.items if one.part == part and not is_taken(matching, one, taken)}
    kept = {one.role for one in source.items if one.part == other and is_taken(matching, one, taken)}
    return bool((spare & kept) - {SUBJECT, OBJECT})


def is_like(matching: Matching, one: Item, other: Item) -> bool:
    """Tell whether two things could stand for each other: two dates, two quantities of a kind, two nouns."""
    if one.value is None or other.value is None:
        source = matching.source
        both = one.value is None and other.value is None
        return both and source.weights[source.word_at[one.at]] == FULL == source.weights[source.word_at[other.at]]
    if isinstance(one.value, Quantity) and isinstance(other.value, Quantity):
        return comparable(one.value, other.value)
    return isinstance(one.value, Date) and isinstance(other.value, Date)


def is_spare(matching: Matching, at: int) -> bool:
    place = matching.source.word_at.get(at)
    return place is not None and matching.spare(place)


def measured(source: Parts, part: int, taken: Taken) -> bool | None:
    """Tell whether the claim has the values of a part; None for one without values, or of which it has some."""
    values = [one.at in taken for one in source.items if one.part == part and one.value is not None]
    return None if not values or (any(values) and not all(values)) else all(values)
