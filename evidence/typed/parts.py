"""Who did what to whom, and what the claim names that the sentence does not."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from evidence.language.lexicon import AUXILIARIES, CLAUSE_WORDS, STOP, words
from evidence.language.reading import FULL, Reading, Word
from evidence.language.text import Kind, key
from evidence.typed.conflicts import Conflict
from evidence.typed.matching import Matching, replaced, slot
from evidence.verdicts import Rule

IN_SENTENCE, IN_PASSAGE, IN_QUESTION, SUBSTITUTED = 1.0, 0.8, 0.6, 0.5
TIMES = frozenset(map(key, words("second minute hour day week month year decade century")))
PHRASE = 4
BREAKS = AUXILIARIES | CLAUSE_WORDS | words("by to in on at from with for of as and or before after during into than")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a sentence: the keys of its passage and title, and those of the question."""

    passage: AbstractSet[str]
    question: AbstractSet[str]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where each word of a claim was found: its credit, and the conflicts about those that were not."""

    credit: tuple[float, ...]
    conflicts: tuple[Conflict, ...]


def placed(matching: Matching, around: Surroundings, settled: AbstractSet[int]) -> Placed:
    """Return the credit of every word of the claim, and a conflict for each that its source does not name."""
    missing = frozenset(matching.missing)
    found, conflicts = [], []
    for place in range(len(matching.claim.words)):
        if place not in missing or place in settled:
            found.append(IN_SENTENCE)
            continue
        credit, conflict = sought(matching, place, around)
        found.append(credit)
        if conflict is not None:
            conflicts.append(conflict)
    return Placed(tuple(found), tuple(conflicts))


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
    low, high = slot(matching, place)
    beside = {place - 1, place + 1} & set(range(len(matching.claim.words)))
    alone = high - low == 1 and beside <= matching.pairs.keys()
    return replaced(matching, place) if alone or matching.claim.predicate(place) else None


def roles(matching: Matching) -> Iterator[Conflict]:
    """Yield a verb whose two sides have changed places: "A reverses B" against "B reverses A"."""
    for place, pair in matching.pairs.items():
        before, after = sides(matching.claim, place)
        there_before, there_after = sides(matching.source, pair)
        moved = crosses(matching, before, there_after) and crosses(matching, after, there_before)
        stayed = crosses(matching, before, there_before) and crosses(matching, after, there_after)
        voices = is_passive(matching.claim, place), is_passive(matching.source, pair)
        if (moved and voices[0] is voices[1]) or (stayed and voices[0] is not voices[1]):
            first, last = min(before), max(after)
            source = min(there_before), max(there_after)
            yield Conflict(
                Rule.ROLES, tokens_of(matching.claim, first, last), tokens_of(matching.source, *source), opposed=True
            )
            return


def agents(matching: Matching) -> Iterator[Conflict]:
    """Yield a doer that is not the one the sentence names: "B directed it" against "directed by A, written by B"."""
    for place, pair in matching.pairs.items():
        theirs = phrase(matching.source, pair, step=1) if is_passive(matching.source, pair) else []
        if not theirs or not all(matching.spare(at) for at in theirs):
            continue
        before = matching.claim.tokens[matching.claim.words[place].at - 1].folded
        passive = is_passive(matching.claim, place)
        ours = phrase(matching.claim, place, step=1 if passive else -1) if passive or before not in AUXILIARIES else []
        if ours and any(at in matching.pairs for at in ours):
            claim = tokens_of(matching.claim, min(ours), max(ours))
            yield Conflict(Rule.ROLES, claim, tokens_of(matching.source, min(theirs), max(theirs)), elsewhere=True)


def tokens_of(reading: Reading, first: int, last: int) -> tuple[int, int]:
    return reading.words[first].at, reading.words[last].at + 1


def crosses(matching: Matching, claim: list[int], source: list[int]) -> bool:
    """Tell whether the heads of two phrases, their words next to the verb, are the same words."""
    return bool(claim) and bool(source) and {matching.pairs.get(place) for place in claim} >= set(source)


def sides(reading: Reading, place: int) -> tuple[list[int], list[int]]:
    """Return the words of the phrase directly before a word and of the one directly after it."""
    return phrase(reading, place, step=-1), phrase(reading, place, step=1)


def phrase(reading: Reading, place: int, *, step: int) -> list[int]:
    """Return the words next to a verb, over auxiliaries, "by" and articles, up to the next break."""
    at = reading.words[place].at + step
    while 0 <= at < len(reading.tokens) and reading.tokens[at].folded in AUXILIARIES | {"by", "the", "a", "an", "not"}:
        at += step
    places = {word.at: number for number, word in enumerate(reading.words)}
    found: list[int] = []
    while 0 <= at < len(reading.tokens) and len(found) < PHRASE:
        token = reading.tokens[at]
        if token.kind is not Kind.WORD or token.folded in BREAKS:
            break
        if at in places:
            found.append(places[at])
        elif token.folded not in STOP:
            break
        at += step
    return found


def is_passive(reading: Reading, place: int) -> bool:
    at = reading.words[place].at
    following = reading.tokens[at + 1].folded if at + 1 < len(reading.tokens) else ""
    return following == "by"
