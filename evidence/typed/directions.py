"""Where to, where from, by whom, for whom: the words that tie the same thing to a claim and to its sentence."""

from bisect import bisect_left
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache

from evidence.language.lexicon import words
from evidence.language.phrases import JOINTS, PREPOSITIONS, is_verb
from evidence.language.reading import FULL, READINGS_KEPT, Reading
from evidence.language.text import Kind
from evidence.typed.conflicts import Conflict
from evidence.typed.matching import Matching
from evidence.verdicts import Rule


class Direction(StrEnum):
    """How a preposition ties what follows it to what is said."""

    GOAL = "GOAL"
    ORIGIN = "ORIGIN"
    AGENT = "AGENT"
    BENEFIT = "BENEFIT"
    AGAINST = "AGAINST"
    PLACE = "PLACE"
    TOPIC = "TOPIC"
    INTO = "INTO"
    NONE = "NONE"
    OTHER = "OTHER"


AGAINST = "against"
DIRECTIONS = {
    **dict.fromkeys(words("to toward towards"), Direction.GOAL),
    **dict.fromkeys(words("into onto"), Direction.INTO),
    **dict.fromkeys(words("in at within inside"), Direction.PLACE),
    "about": Direction.TOPIC,
    **dict.fromkeys(words("from off"), Direction.ORIGIN),
    "by": Direction.AGENT,
    "for": Direction.BENEFIT,
    AGAINST: Direction.AGAINST,
}
# What one of the two says, the other does not, whatever stands around.
OPPOSED = frozenset(
    frozenset(pair)
    for pair in (
        (Direction.GOAL, Direction.ORIGIN),
        (Direction.INTO, Direction.ORIGIN),
        (Direction.GOAL, Direction.PLACE),
        (Direction.AGENT, Direction.TOPIC),
        (Direction.GOAL, Direction.AGENT),
        (Direction.AGENT, Direction.ORIGIN),
        (Direction.AGENT, Direction.BENEFIT),
        (Direction.BENEFIT, Direction.ORIGIN),
        (Direction.BENEFIT, Direction.AGAINST),
        (Direction.AGENT, Direction.AGAINST),
        (Direction.AGAINST, Direction.NONE),
    )
)
# Of a change of so much, these say how far it went and how much it was.
MEASURED = frozenset({Direction.GOAL, Direction.ORIGIN, Direction.AGENT})
TYING = PREPOSITIONS | DIRECTIONS.keys()
PHRASE = 4
# What is said of the same thing stands so close behind it.
NEAR = 10


def turned(matching: Matching) -> Iterator[Conflict]:
    """Yield what the claim has going where the sentence has it come from: "to China" for "from China"."""
    claim, source = matching.claim, matching.source
    theirs = directed(source)
    for place, (ours, first) in directed(claim).items():
        if place not in matching.pairs:
            continue
        there = source.places.get(claim.words[place].key) or (matching.pairs[place],)
        found = [theirs.get(at, (Direction.OTHER, source.starts[at])) for at in there]
        anchor = matching.found(first if ours is Direction.NONE else anchor_of(claim, first))
        if anchor is None or not any(0 < source.starts[at] - anchor <= NEAR for at in there):
            continue
        if all(
            frozenset({ours, direction}) in OPPOSED or (ours is direction and is_of_another(matching, anchor, opener))
            for direction, opener in found
        ):
            span = found[0][1], source.starts[there[0]] + 1
            yield Conflict(Rule.ROLES, (first, claim.starts[place] + 1), span, elsewhere=True)
            return
    yield from opponents(matching)


def opponents(matching: Matching) -> Iterator[Conflict]:
    """Yield what the sentence says is against something, and the claim not: "advises against aspirin"."""
    claim, source = matching.claim, matching.source
    if AGAINST not in source.folded or AGAINST in claim.folded or claim.negations:
        return
    for pair, (direction, first) in directed(source).items():
        place = matching.back.get(pair)
        if direction is Direction.AGAINST and place is not None and anchor_of(source, first) in source.word_at:
            at = claim.starts[place]
            if matching.spare(source.word_at[anchor_of(source, first)]):
                continue
            yield Conflict(Rule.ROLES, (at, at + 1), (first, source.starts[pair] + 1), elsewhere=True)
            return


@lru_cache(maxsize=READINGS_KEPT)
def directed(reading: Reading) -> dict[int, tuple[Direction, int]]:
    """Return how each word that ends a phrase is tied to what stands before it, and the token that says so."""
    found = {}
    for place, at in enumerate(reading.starts):
        if place + 1 < len(reading.starts) and reading.starts[place + 1] == at + 1 and not is_verb(reading, at + 1):
            continue
        opener = opening(reading, at)
        if opener is not None:
            found[place] = direction(reading, opener), opener
    return found


def opening(reading: Reading, at: int) -> int | None:
    """Return the preposition or verb directly before the phrase that a word ends; None where there is none."""
    for place in range(at - 1, max(-1, at - 1 - PHRASE), -1):
        token = reading.tokens[place]
        if token.folded in TYING or is_verb(reading, place) or is_doing(reading, place):
            return place
        if token.kind is not Kind.WORD:
            return None
    return None


def displaced(matching: Matching) -> Iterator[Conflict]:
    """Yield a word that stands elsewhere in the sentence, where another has its place between the same two words."""
    claim, source = matching.claim, matching.source
    for place in range(1, len(claim.words) - 1):
        left, pair, right = (matching.pairs.get(at) for at in (place - 1, place, place + 1))
        if left is None or pair is None or right is None or right - left != 2 or left <= pair <= right:
            continue
        at, there = claim.starts[place], source.starts[left + 1]
        nouns = (
            claim.weights[place] == FULL == source.weights[left + 1] and is_noun(claim, at) and is_noun(source, there)
        )
        if nouns and tie(claim, at) == tie(source, there):
            yield Conflict(Rule.ROLES, (at, at + 1), (there, there + 1), elsewhere=True)


def tie(reading: Reading, at: int) -> str:
    """Return the preposition that a phrase is tied by; "" where it is none."""
    opener = opening(reading, at)
    return reading.tokens[opener].folded if opener is not None and reading.tokens[opener].folded in TYING else ""


def is_noun(reading: Reading, at: int) -> bool:
    return not is_verb(reading, at) and not reading.tokens[at].folded.endswith("ly")


def is_of_another(matching: Matching, anchor: int, opener: int) -> bool:
    """Tell whether "by" belongs to another verb of the sentence: "isolated by a team led by a chemist"."""
    source = matching.source
    at = anchor_of(source, opener)
    if source.tokens[opener].folded != "by" or at <= anchor or not is_verb(source, at):
        return False
    listed = any(token.folded in JOINTS for token in source.tokens[anchor:at])
    return not listed and matching.spare(source.word_at[at])


def is_doing(reading: Reading, at: int) -> bool:
    return at in reading.word_at and reading.tokens[at].folded.endswith("ing")


def anchor_of(reading: Reading, opener: int) -> int:
    """Return the last word before a preposition; -1 where there is none."""
    place = bisect_left(reading.starts, opener) - 1
    return reading.starts[place] if place >= 0 else -1


def direction(reading: Reading, at: int) -> Direction:
    folded = reading.tokens[at].folded
    if folded not in TYING:
        return Direction.NONE if at in reading.word_at else Direction.OTHER
    if folded == "of":
        return Direction.ORIGIN if at and reading.tokens[at - 1].folded == "out" else Direction.OTHER
    return DIRECTIONS.get(folded, Direction.OTHER)


def measured_otherwise(claim: Reading, ours: int, source: Reading, theirs: int) -> bool:
    """Tell whether one value is how far something went and the other by how much: "to 3%", "by 3%"."""
    if not ours or not theirs:
        return False
    pair = {DIRECTIONS.get(claim.tokens[ours - 1].folded), DIRECTIONS.get(source.tokens[theirs - 1].folded)}
    return len(pair) > 1 and pair <= MEASURED
