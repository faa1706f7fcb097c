"""Two things of a sentence that have changed places in the claim: around "than", or each with what is said of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from evidence.language.dates import Date
from evidence.language.lexicon import CLAUSE_WORDS, SYMMETRIC, words
from evidence.language.phrases import JOINTS, PREPOSITIONS, is_passive, is_verb
from evidence.language.quantities import Quantity
from evidence.language.reading import READINGS_KEPT, Reading
from evidence.typed.conflicts import Conflict
from evidence.typed.matching import Matching
from evidence.verdicts import Rule

# What stands on the one side of these is another thing on the other: "longer than", "ill because", "built before".
JOINING = words("than because before after")
PREFERRED_TO = "to"
PREFERRING = words("prefer prefers preferred preferring preferable superior inferior")
# So many words on one side of "than" belong to what is compared, and so many are looked at for two that crossed.
COMPARED = 12
MARKS = frozenset(",;:.()")
MOVED_MOST = 24
ENDS = CLAUSE_WORDS | JOINTS | JOINING

Keys = frozenset[str]


@dataclass(frozen=True, slots=True)
class Sided:
    """What stands on the two sides of one such word, as keys, and the tokens from the first of it to the last."""

    joint: str
    left: Keys
    right: Keys
    span: tuple[int, int]


@lru_cache(maxsize=READINGS_KEPT)
def compared(reading: Reading) -> tuple[Sided, ...]:
    """Return both sides of each joining word of a sentence, without the words that they share."""
    joints = JOINING if PREFERRING.isdisjoint(reading.folded) else JOINING | {PREFERRED_TO}
    if joints.isdisjoint(reading.folded):
        return ()
    return tuple(sided(reading, at) for at, token in enumerate(reading.tokens) if token.folded in joints)


def sided(reading: Reading, at: int) -> Sided:
    first, end = clause(reading, at, step=-1), clause(reading, at, step=1)
    left, right = keys(reading, range(first + 1, at)), keys(reading, range(at + 1, end))
    return Sided(reading.tokens[at].folded, left - right, right - left, (first + 1, end))


def clause(reading: Reading, at: int, *, step: int, ends: Keys = CLAUSE_WORDS | JOINING) -> int:
    """Return the first token in one direction that does not belong to what is compared; one beyond the ends."""
    words = 0
    at += step
    while 0 <= at < len(reading.tokens) and words < COMPARED:
        token = reading.tokens[at]
        if token.folded in ends or token.text in MARKS:
            return at
        words += at in reading.word_at
        at += step
    return at


def keys(reading: Reading, tokens: range) -> Keys:
    """Return what the words and values among some tokens are compared by."""
    said = valued(reading)
    found = (reading.words[reading.word_at[at]].key if at in reading.word_at else said.get(at) for at in tokens)
    return frozenset(one for one in found if one is not None)


@lru_cache(maxsize=READINGS_KEPT)
def valued(reading: Reading) -> dict[int, str]:
    """Return the tokens of quantities and dates as they are written, by their places."""
    known: tuple[Quantity | Date, ...] = (*reading.quantities, *reading.dates)
    return {at: reading.tokens[at].folded for value in known for at in range(value.first, value.end)}


def comparisons(matching: Matching) -> Iterator[Conflict]:
    """Yield "A is longer than B" where the sentence says "B is longer than A"."""
    there = compared(matching.source)
    for ours in compared(matching.claim):
        same = (theirs for theirs in there if theirs.joint == ours.joint)
        turned = next((theirs for theirs in same if theirs.left & ours.right and theirs.right & ours.left), None)
        if turned is not None:
            yield Conflict(Rule.COMPARISON, ours.span, turned.span, opposed=True)


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands before and after a word in its own clause, as keys."""

    before: Keys
    after: Keys


@lru_cache(maxsize=READINGS_KEPT)
def beside(reading: Reading) -> tuple[Beside, ...]:
    """Return what stands beside each word of a sentence."""
    return tuple(
        Beside(
            keys(reading, range(clause(reading, at, step=-1, ends=ENDS) + 1, at)),
            keys(reading, range(at + 1, clause(reading, at, step=1, ends=ENDS))),
        )
        for at in reading.starts
    )


def exchanges(matching: Matching) -> Iterator[Conflict]:
    """Yield two words that have exchanged what stands beside them: "A rose and B fell" for "A fell and B rose"."""
    if is_one_clause(matching.claim) or is_one_clause(matching.source):
        return
    claim, source = beside(matching.claim), beside(matching.source)
    moved = [place for place, pair in matching.pairs.items() if is_moved(claim[place], source[pair])][:MOVED_MOST]
    for one, other in combinations(moved, 2):
        ours, theirs = (claim[one], claim[other]), (source[matching.pairs[one]], source[matching.pairs[other]])
        before = crossed((ours[0].before, ours[1].before), (theirs[0].before, theirs[1].before))
        after = crossed((ours[0].after, ours[1].after), (theirs[0].after, theirs[1].after))
        same = matching.claim.words[one].key == matching.claim.words[other].key
        # Of one word that is used twice, both sides have crossed where the claim only names the second case first.
        if {before, after} == {True, False} if same else before or after:
            yield exchanged(matching, one, other)
            return


def actions(matching: Matching) -> Iterator[Conflict]:
    """Yield a verb around which all has changed sides: "bark is derived from the drug"."""
    claim, source = matching.claim, matching.source
    for place, pair in matching.pairs.items():
        at, there = claim.starts[place], source.starts[pair]
        if not (is_verb(source, there) or source.predicate(pair)) or claim.tokens[at].folded in SYMMETRIC:
            continue
        if may_turn(claim, at, source, there):
            continue
        ours, theirs = beside(claim)[place], beside(source)[pair]
        own = theirs.before - theirs.after, theirs.after - theirs.before
        if ours.before & own[1] and ours.after & own[0] and not ours.before & own[0]:
            yield Conflict(Rule.ROLES, (at, at + 1), (there, there + 1), elsewhere=True)
            return


def may_turn(claim: Reading, at: int, source: Reading, there: int) -> bool:
    """Tell whether a verb may have changed its sides and say the same: in the passive, with an equal, or of a place."""
    if is_passive(claim, at) is not is_passive(source, there):
        return True
    sides = (claim, at), (source, there)
    following = [reading.tokens[place + 1].folded for reading, place in sides if place + 1 < len(reading.tokens)]
    opens = [reading.tokens[clause(reading, place, step=-1, ends=ENDS) + 1].folded for reading, place in sides]
    return "with" in following or following.count("by") == 1 or not PREPOSITIONS.isdisjoint(opens)


def is_one_clause(reading: Reading) -> bool:
    return reading.folded.isdisjoint(ENDS) and reading.folded.isdisjoint(MARKS - {"."})


def is_moved(ours: Beside, theirs: Beside) -> bool:
    """Tell whether what the claim has on one side of a word does not stand on that side in the sentence."""
    return bool(ours.before - theirs.before or ours.after - theirs.after)


def crossed(ours: tuple[Keys, Keys], theirs: tuple[Keys, Keys]) -> bool | None:
    """Tell whether two words of the claim have each what the other has in the sentence; None where nothing tells."""
    own = theirs[0] - theirs[1], theirs[1] - theirs[0]
    kept = bool(ours[0] & own[0]), bool(ours[1] & own[1])
    turned = bool(ours[0] & own[1]), bool(ours[1] & own[0])
    if all(turned) and not any(kept):
        return True
    return False if any(kept) and not any(turned) else None


def exchanged(matching: Matching, one: int, other: int) -> Conflict:
    claim, source = matching.claim.starts, matching.source.starts
    there = sorted((source[matching.pairs[one]], source[matching.pairs[other]]))
    ours = sorted((claim[one], claim[other]))
    return Conflict(Rule.ROLES, (ours[0], ours[1] + 1), (there[0], there[1] + 1), elsewhere=True)
