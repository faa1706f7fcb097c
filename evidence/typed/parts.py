"""Who did what to whom, and what the claim names that the sentence does not."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from evidence.language.lexicon import AUXILIARIES, CLAUSE_WORDS, STOP, words
from evidence.language.phrases import PREPOSITIONS, is_verb
from evidence.language.reading import FULL, READINGS_KEPT, Reading, Word
from evidence.language.text import Kind, key
from evidence.typed.conflicts import Conflict
from evidence.typed.matching import Matching, replaced
from evidence.verdicts import Rule

IN_SENTENCE, IN_PASSAGE, IN_QUESTION, SUBSTITUTED = 1.0, 0.8, 0.6, 0.5
TIMES = frozenset(map(key, words("second minute hour day week month year decade century")))
PHRASE = 4
SKIPPED = AUXILIARIES | words("by the a an not")
BREAKS = AUXILIARIES | CLAUSE_WORDS | words("by to in on at from with for of as and or before after during into than")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a sentence: the keys of its passage and title, and those of the question."""

    passage: frozenset[str]
    question: frozenset[str]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where each word of a claim was found: its credit, and the conflicts about those that were not."""

    credit: tuple[float, ...]
    conflicts: tuple[Conflict, ...]


def placed(matching: Matching, around: Surroundings, settled: AbstractSet[int]) -> Placed:
    """Return the credit of every word of the claim, and a conflict for each that its source does not name."""
    credit, conflicts = [IN_SENTENCE] * len(matching.claim.words), []
    for place in matching.missing:
        if place in settled:
            continue
        credit[place], conflict = sought(matching, place, around)
        if conflict is not None:
            conflicts.append(conflict)
    return Placed(tuple(credit), tuple(conflicts))


def sought(matching: Matching, place: int, around: Surroundings) -> tuple[float, Conflict | None]:
    """Look for a missing word around the sentence, unless another stands in its place there."""
    word = matching.claim.words[place]
    other = substitute(matching, place)
    if other is not None:
        at = matching.source.words[other].at
        rule = Rule.UNIT if word.key in TIMES else rule_for(word)
        credit = SUBSTITUTED if word.key in around.passage else 0.0
        return credit, Conflict(rule, (word.at, word.at + 1), (at, at + 1), elsewhere=True)
    if word.key in around.passage:
        return IN_PASSAGE, None
    if word.key in around.question:
        return IN_QUESTION, None
    if word.weight < FULL:
        return 0.0, None
    return 0.0, Conflict(rule_for(word), (word.at, word.at + 1))


def rule_for(word: Word) -> Rule:
    return Rule.ENTITY if word.name else Rule.DETAIL


def substitute(matching: Matching, place: int) -> int | None:
    """Return the source word that the claim has put another for; light words count as such where they say it all."""
    word = matching.claim.words[place]
    if word.weight == FULL:
        return replaced(matching, place)
    if word.key in TIMES:
        other = replaced(matching, place, light=True)
        return other if other is not None and matching.source.words[other].key in TIMES else None
    low, high = matching.slots[place]
    beside = {place - 1, place + 1} & set(range(len(matching.claim.words)))
    alone = high - low == 1 and beside <= matching.pairs.keys()
    return replaced(matching, place) if alone or matching.claim.predicate(place) else None


@dataclass(frozen=True, slots=True)
class Sides:
    """The words of the phrases directly before and after a word, nearest first, and whether "by" follows it."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    passive: bool


@lru_cache(maxsize=READINGS_KEPT)
def sides(reading: Reading) -> tuple[Sides, ...]:
    """Return the two sides of each word of a claim."""
    return tuple(sides_of(reading, at) for at in reading.starts)


def sides_of(reading: Reading, at: int) -> Sides:
    return Sides(phrase(reading, at, step=-1), phrase(reading, at, step=1), is_passive(reading, at))


Two = tuple[tuple[int, ...], tuple[int, ...]]


def roles(matching: Matching) -> Iterator[Conflict]:
    """Yield a verb whose two sides have changed places: "A reverses B" against "B reverses A"."""
    claimed, source = sides(matching.claim), matching.source
    for place, pair in matching.pairs.items():
        ours = claimed[place]
        if not (ours.before and ours.after):
            continue
        theirs = sides_of(source, source.starts[pair])
        if not (theirs.before and theirs.after):
            continue
        turned = (theirs.after, theirs.before) if ours.passive is theirs.passive else (theirs.before, theirs.after)
        if crosses(matching, (ours.before, ours.after), turned):
            claim = tokens_of(matching.claim, min(ours.before), max(ours.after))
            there = tokens_of(source, min(theirs.before), max(theirs.after))
            yield Conflict(Rule.ROLES, claim, there, opposed=True)
            return


def agents(matching: Matching) -> Iterator[Conflict]:
    """Yield a doer that is not the one the sentence names: "B directed it" against "directed by A, written by B"."""
    claimed, source = sides(matching.claim), matching.source
    for place, pair in matching.pairs.items():
        at = source.starts[pair]
        theirs = phrase(source, at, step=1) if is_passive(source, at) and is_verb(source, at) else ()
        if not theirs or not all(matching.spare(one) for one in theirs):
            continue
        passive = claimed[place].passive
        if not passive and matching.claim.tokens[matching.claim.starts[place] - 1].folded in AUXILIARIES:
            continue
        ours = claimed[place].after if passive else claimed[place].before
        if any(one in matching.pairs for one in ours) and not listed(matching, ours, after=pair):
            claim = tokens_of(matching.claim, min(ours), max(ours))
            yield Conflict(Rule.ROLES, claim, tokens_of(source, min(theirs), max(theirs)), elsewhere=True)


def listed(matching: Matching, ours: tuple[int, ...], *, after: int) -> bool:
    """Tell whether words of the claim stand in the list of doers that begins with "by" after a source word."""
    source = matching.source
    found = [source.starts[matching.pairs[place]] for place in ours if place in matching.pairs]
    first = source.starts[after] + 2
    between = range(first, min(found))
    return min(found) >= first and not any(
        source.tokens[at].folded in PREPOSITIONS or is_verb(source, at) for at in between
    )


def tokens_of(reading: Reading, first: int, last: int) -> tuple[int, int]:
    return reading.starts[first], reading.starts[last] + 1


def crosses(matching: Matching, claim: Two, source: Two) -> bool:
    """Tell whether each of two phrases of the claim has what tells one phrase of the source from the other."""
    ours = [{matching.claim.words[place].key for place in side} for side in claim]
    theirs = [{matching.source.words[place].key for place in side} for side in source]
    first, second = theirs[0] - theirs[1], theirs[1] - theirs[0]
    turned = first <= ours[0] and second <= ours[1]
    return bool(first and second) and turned and ours[0].isdisjoint(second) and ours[1].isdisjoint(first)


def phrase(reading: Reading, at: int, *, step: int) -> tuple[int, ...]:
    """Return the words next to a verb, over auxiliaries, "by" and articles, up to the next break."""
    tokens = reading.tokens
    at += step
    while 0 <= at < len(tokens) and tokens[at].folded in SKIPPED and at not in reading.word_at:
        at += step
    found: list[int] = []
    while 0 <= at < len(tokens) and len(found) < PHRASE:
        token = tokens[at]
        if token.kind is not Kind.WORD or (token.folded in BREAKS and at not in reading.word_at):
            break
        if at in reading.word_at:
            found.append(reading.word_at[at])
        elif token.folded not in STOP:
            break
        at += step
    return tuple(found)


def is_passive(reading: Reading, at: int) -> bool:
    return at + 1 < len(reading.tokens) and reading.tokens[at + 1].folded == "by"
