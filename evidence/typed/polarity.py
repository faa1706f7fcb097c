"""What a sentence denies and the claim does not, and words that are opposed to each other."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from evidence.language.dates import Date
from evidence.language.lexicon import (
    ANTONYMS,
    AUXILIARIES,
    CONTRARIES,
    NEGATED_BY_IN,
    OPPOSED_BEGINNINGS,
    PLACING,
    TIMED,
    words,
)
from evidence.language.negation import Negation
from evidence.language.quantities import Quantity, comparable
from evidence.language.reading import READINGS_KEPT, Reading
from evidence.language.text import Kind, key
from evidence.typed.conflicts import Conflict
from evidence.typed.matching import Matching
from evidence.verdicts import Rule


def keyed(listed: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Return the keys that each key is opposed to, but never itself: some words meet in one key."""
    found: dict[str, frozenset[str]] = {}
    for word, others in listed.items():
        found[key(word)] = (found.get(key(word), frozenset()) | {key(other) for other in others}) - {key(word)}
    return found


# Of the first, one holds where the other is denied; of the second, perhaps neither does.
COMPLEMENTS, CONTRARY = keyed(ANTONYMS), keyed(CONTRARIES)
HEADS = 3
# The least length of a key that un-, in- or non- turns round.
NEGATED_LEAST = 4
# They deny a noun where "not" denies the verb: "no catheter is placed" is "a catheter is not placed".
NOUN_DENIERS = words("no none nobody nothing neither never")
PLACED_WITHIN = 4


def negations(matching: Matching, done: Mapping[int, int]) -> Iterator[Conflict]:
    """Yield the words that one of the two denies and the other asserts, but for those that are ``settled``."""
    claim, source = matching.claim, matching.source
    for found in source.negations:
        inside = denied_by(source, found)
        head = next((place for place in inside[:HEADS] if place in matching.back), None)
        if not set(inside).isdisjoint(done.values()):
            continue
        if head is None:
            yield from bare_denial(matching, found, source)
        elif not carried(matching, [(matching.back[at], at) for at in inside if at in matching.back], found, source):
            at = claim.words[matching.back[head]].at
            yield denial(matching, verb(claim, at), reach(source, found, source.words[head].at))
    for found in claim.negations:
        inside = denied_by(claim, found)
        head = next((place for place in inside[:HEADS] if place in matching.pairs), None)
        if not set(inside).isdisjoint(done):
            continue
        if head is None:
            yield from bare_denial(matching, found, claim)
        elif not carried(matching, [(at, matching.pairs[at]) for at in inside if at in matching.pairs], found, claim):
            at = source.words[matching.pairs[head]].at
            yield denial(matching, reach(claim, found, claim.words[head].at), verb(source, at))


def denied_by(reading: Reading, found: Negation) -> range:
    """Return the places of the words that a negation denies, in order."""
    return range(bisect_right(reading.starts, found.at), bisect_left(reading.starts, found.end))


def carried(matching: Matching, pairs: Sequence[tuple[int, int]], found: Negation, reading: Reading) -> bool:
    """Tell whether both deny the first of these pairs; where one denies a noun, any of them, for the other may deny
    the verb."""
    other = matching.source if reading is matching.claim else matching.claim
    nominal = denies_noun(reading, found) or any(denies_noun(other, one) for one in other.negations)
    claim, source = matching.claim, matching.source
    return any(
        agrees(matching, claim.words[ours].at, source.words[theirs].at)
        for ours, theirs in (pairs if nominal else pairs[:1])
    )


def denies_noun(reading: Reading, found: Negation) -> bool:
    """Tell whether a negation denies a noun: "no catheter", "theft but not vandalism"."""
    contrasts = found.at > 0 and reading.tokens[found.at - 1].folded in {"but", "and", ","}
    return contrasts or found.excepts or reading.tokens[found.at].folded in NOUN_DENIERS


def bare_denial(matching: Matching, found: Negation, reading: Reading) -> Iterator[Conflict]:
    """Yield a conflict where one denies a value, or what the other does not name, and the other denies nothing."""
    ours = reading is matching.claim
    other = matching.source if ours else matching.claim
    valued = [value for value in reading.quantities if found.denies(value.first)]
    dated = [value for value in reading.dates if found.excepts and found.denies(value.first)]
    there: list[Quantity | Date] = [
        value for value in other.quantities if any(comparable(value, one) for one in valued)
    ]
    there += [value for value in other.dates if any(is_same(value, one) for one in dated)]
    agreed = any(other.denials[value.first] % 2 for value in there) if there else bool(other.negations)
    if agreed or not (ours or there):
        return
    stretch = found.at, min(found.end, found.at + HEADS)
    whole = (there[0].first, there[0].end) if there else (0, len(other.tokens))
    claim, source = (stretch, whole) if ours else (whole, stretch)
    yield Conflict(Rule.NEGATION, claim, source, opposed=bool(there))


def is_same(one: Date, other: Date) -> bool:
    return not one.said().isdisjoint(other.said()) and not one.differing(other)


def denial(matching: Matching, claim: tuple[int, int], source: tuple[int, int]) -> Conflict:
    """Return the conflict; a denial inside a subordinate clause of one side only is said of something else."""
    apart = matching.claim.subordinate(claim[1] - 1) is not matching.source.subordinate(source[1] - 1)
    doubled = len(matching.claim.negations) > 1 or len(matching.source.negations) > 1
    return Conflict(Rule.NEGATION, claim, source, opposed=not doubled, elsewhere=apart or straddles(matching))


def straddles(matching: Matching) -> bool:
    """Tell whether a condition of one side has become a plain part of the other."""
    claim, source = matching.claim, matching.source
    return bool(claim.conditions or source.conditions) and any(
        claim.conditional(claim.words[place].at) is not source.conditional(source.words[pair].at)
        for place, pair in matching.pairs.items()
    )


def verb(reading: Reading, at: int) -> tuple[int, int]:
    """Return the tokens of a word with the auxiliaries before it."""
    first = at
    while first and at - first < HEADS and reading.tokens[first - 1].folded in AUXILIARIES:
        first -= 1
    return first, at + 1


def reach(reading: Reading, found: Negation, head: int) -> tuple[int, int]:
    """Return the tokens from a negation, with the auxiliary before it, to the word it denies."""
    return verb(reading, found.at)[0], min(head + 1, found.end)


def agrees(matching: Matching, claim: int, source: int) -> bool:
    return matching.claim.denials[claim] % 2 == matching.source.denials[source] % 2


# The words of the claims judged last: they come back for each passage.
@lru_cache(maxsize=1024)
def opposites(known: str) -> frozenset[str]:
    """Return the keys that a key is opposed to: listed, or made of it by another beginning: un-, in-, hyper-, hypo-."""
    return complements(known) | CONTRARY.get(known, frozenset()) | turned_round(known)


@lru_cache(maxsize=1024)
def complements(known: str) -> frozenset[str]:
    """Return the keys of which one holds where a key is denied: "unsafe" is what is not safe."""
    negated = {prefix + known for prefix in NEGATED_BY_IN if len(known) >= NEGATED_LEAST}
    plain = {known.removeprefix(prefix) for prefix in NEGATED_BY_IN if known.startswith(prefix)}
    return COMPLEMENTS.get(known, frozenset()) | negated | {rest for rest in plain if len(rest) >= NEGATED_LEAST}


def turned_round(known: str) -> set[str]:
    """Return a key with the opposite beginning: "hypotension" for "hypertension"."""
    pairs = [pair for one, other in OPPOSED_BEGINNINGS for pair in ((one, other), (other, one))]
    rests = [(other, known.removeprefix(one)) for one, other in pairs if known.startswith(one)]
    return {other + rest for other, rest in rests if len(rest) >= NEGATED_LEAST}


@lru_cache(maxsize=READINGS_KEPT)
def opposed_to(reading: Reading) -> frozenset[str]:
    """Return the keys that any word of a reading is opposed to."""
    return frozenset[str]().union(*(opposites(word.key) for word in reading.words))


# Claim word -> the source words that are opposed to it, in order; both by their places.
Opposites = Mapping[int, Sequence[int]]


def met_opposites(matching: Matching) -> Opposites:
    """Return the missing words of the claim that are opposed to spare words of the sentence, with those, in order."""
    there = matching.source.places
    if there.keys().isdisjoint(opposed_to(matching.claim)):
        return {}
    found = {}
    for place in matching.missing:
        keys = opposites(matching.claim.words[place].key) & there.keys()
        found[place] = sorted(at for known in keys for at in there[known] if matching.spare(at))
    return {place: places for place, places in found.items() if places}


def antonyms(matching: Matching, met: Opposites) -> Iterator[Conflict]:
    """Yield the words of the claim in whose place the sentence has the opposite, of the ``met_opposites``."""
    claim, source = matching.claim, matching.source
    for place, places in met.items():
        word = claim.words[place]
        near = next((at for at in places if beside(matching, place, at)), None)
        if near is None or claim.tokens[word.at].folded in PLACING:
            continue
        if agrees(matching, word.at, source.words[near].at):
            yield opposed(matching, word.at, source.words[near].at)


def beside(matching: Matching, place: int, at: int) -> bool:
    """Tell whether a neighbour of a claim's word is paired with a neighbour of a source's word."""
    near = [place + step for step in (-2, -1, 1, 2)]
    return any(at - 3 <= matching.pairs.get(one, -9) <= at + 3 for one in near) or len(matching.claim.words) == 1


def opposed(matching: Matching, claim: int, source: int) -> Conflict:
    """Return the conflict; before a noun the opposite only means another thing: high risk, low risk."""
    tokens = matching.claim.tokens
    attributive = (
        claim + 1 < len(tokens) and tokens[claim + 1].kind is Kind.WORD and matching.found(claim + 1) is not None
    )
    elsewhere = attributive or matching.claim.conditional(claim)
    return Conflict(Rule.ANTONYM, (claim, claim + 1), (source, source + 1), opposed=True, elsewhere=elsewhere)


def settled(matching: Matching, met: Opposites) -> dict[int, int]:
    """Return the missing words that the sentence states by denying their opposite: "unsafe" by "not safe"."""
    found = {}
    for place, places in met.items():
        ours, theirs = matching.claim.words[place].at, matching.source.starts
        keys = complements(matching.claim.words[place].key)
        exact = [at for at in places if matching.source.words[at].key in keys]
        denied = next((at for at in exact if not agrees(matching, ours, theirs[at])), None)
        if denied is not None:
            found[place] = denied
    return found


@lru_cache(maxsize=READINGS_KEPT)
def placing(reading: Reading) -> tuple[int, ...]:
    """Return the tokens that place one thing by another, but for those of a bound: "before", not "over 5"."""
    return tuple(at for at, token in enumerate(reading.tokens) if token.folded in PLACING and not reading.valued(at))


def placings(matching: Matching) -> Iterator[Conflict]:
    """Yield the "before" and "above" of the claim where the sentence has the opposite before the same word."""
    claim, source = matching.claim, matching.source
    for at in placing(claim):
        token = claim.tokens[at]
        opposite = PLACING[token.folded]
        if opposite not in source.folded:
            continue
        anchors = ((w, matching.found(w)) for w in range(at + 1, min(len(claim.tokens), at + PLACED_WITHIN)))
        anchor, there = next(((w, found) for w, found in anchors if found is not None), (at, 0))
        near = range(there - 1, max(-1, there - 1 - PLACED_WITHIN), -1)
        placed = next((place for place in near if source.tokens[place].folded in {token.folded, opposite}), None)
        if placed is not None and source.tokens[placed].folded == opposite:
            rule = Rule.DATE if token.folded in TIMED else Rule.COMPARISON
            elsewhere = claim.conditional(at)
            yield Conflict(rule, (at, anchor + 1), (placed, there + 1), opposed=True, elsewhere=elsewhere)
