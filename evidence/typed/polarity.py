"""What a sentence denies and the claim does not, and words that are opposed to each other."""

from collections.abc import Iterator, Sequence

from evidence.language.lexicon import ANTONYMS, AUXILIARIES, NEGATED_BY_IN, PLACING, TIMED, words
from evidence.language.negation import Negation
from evidence.language.quantities import comparable
from evidence.language.reading import Reading
from evidence.language.text import Kind, key
from evidence.typed.conflicts import Conflict
from evidence.typed.matching import Matching
from evidence.verdicts import Rule

OPPOSED: dict[str, frozenset[str]] = {}
for _word, _others in ANTONYMS.items():
    OPPOSED[key(_word)] = OPPOSED.get(key(_word), frozenset()) | {key(other) for other in _others}
HEADS = 3
# They deny a noun where "not" denies the verb: "no catheter is placed" is "a catheter is not placed".
NOUN_DENIERS = words("no none nobody nothing neither never")
PLACED_WITHIN = 4


def negations(matching: Matching) -> Iterator[Conflict]:
    """Yield the words that one of the two denies and the other asserts."""
    claim, source = matching.claim, matching.source
    done = settled(matching)
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


def denied_by(reading: Reading, found: Negation) -> list[int]:
    """Return the places of the words that a negation denies, in order."""
    return [place for place, word in enumerate(reading.words) if found.denies(word.at)]


def carried(matching: Matching, pairs: Sequence[tuple[int, int]], found: Negation, reading: Reading) -> bool:
    """Tell whether both deny the first of these pairs; where one denies a noun, any of them, for the other may deny
    the verb."""
    other = matching.source if reading is matching.claim else matching.claim
    nominal = reading.tokens[found.at].folded in NOUN_DENIERS or any(
        other.tokens[one.at].folded in NOUN_DENIERS for one in other.negations
    )
    claim, source = matching.claim, matching.source
    return any(
        agrees(matching, claim.words[ours].at, source.words[theirs].at)
        for ours, theirs in (pairs if nominal else pairs[:1])
    )


def bare_denial(matching: Matching, found: Negation, reading: Reading) -> Iterator[Conflict]:
    """Yield a conflict where one denies a value, or what the other does not name, and the other denies nothing."""
    ours = reading is matching.claim
    other = matching.source if ours else matching.claim
    valued = [value for value in reading.quantities if found.denies(value.first)]
    there = [value for value in other.quantities if any(comparable(value, one) for one in valued)]
    agreed = any(other.denied(value.first) % 2 for value in there) if there else bool(other.negations)
    if agreed or not (ours or there):
        return
    stretch = found.at, min(found.end, found.at + HEADS)
    whole = (there[0].first, there[0].end) if there else (0, len(other.tokens))
    claim, source = (stretch, whole) if ours else (whole, stretch)
    yield Conflict(Rule.NEGATION, claim, source, opposed=bool(there))


def denial(matching: Matching, claim: tuple[int, int], source: tuple[int, int]) -> Conflict:
    """Return the conflict; a denial inside a subordinate clause of one side only is said of something else."""
    apart = matching.claim.subordinate(claim[1] - 1) is not matching.source.subordinate(source[1] - 1)
    doubled = len(matching.claim.negations) > 1 or len(matching.source.negations) > 1
    return Conflict(Rule.NEGATION, claim, source, opposed=not doubled, elsewhere=apart or straddles(matching))


def straddles(matching: Matching) -> bool:
    """Tell whether a condition of one side has become a plain part of the other."""
    claim, source = matching.claim, matching.source
    return any(
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
    return matching.claim.denied(claim) % 2 == matching.source.denied(source) % 2


def opposites(one: str, other: str) -> bool:
    """Tell whether two keys are opposed: listed, or one is the other with un-, in-, non- before it."""
    if other in OPPOSED.get(one, frozenset()):
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= 4 and long.endswith(short) and long[: -len(short)] in NEGATED_BY_IN


def antonyms(matching: Matching) -> Iterator[Conflict]:
    """Yield the words of the claim in whose place the sentence has the opposite."""
    claim, source = matching.claim, matching.source
    spare = [place for place in range(len(source.words)) if matching.spare(place)]
    for place in matching.missing:
        word = claim.words[place]
        if claim.tokens[word.at].folded in PLACING:
            continue
        for at in spare:
            other = source.words[at]
            if opposites(word.key, other.key) and beside(matching, place, at):
                if agrees(matching, word.at, other.at):
                    yield opposed(matching, word.at, other.at)
                break


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


def settled(matching: Matching) -> dict[int, int]:
    """Return the missing words that the sentence states by denying their opposite: "unsafe" by "not safe"."""
    found = {}
    for place in matching.missing:
        word = matching.claim.words[place]
        for at, other in enumerate(matching.source.words):
            if matching.spare(at) and opposites(word.key, other.key) and not agrees(matching, word.at, other.at):
                found[place] = at
                break
    return found


def placings(matching: Matching) -> Iterator[Conflict]:
    """Yield the "before" and "above" of the claim where the sentence has the opposite before the same word."""
    claim, source = matching.claim, matching.source
    for at, token in enumerate(claim.tokens):
        opposite = PLACING.get(token.folded, "")
        if not opposite or any(q.outer[0] <= at < q.outer[1] for q in claim.quantities):
            continue
        anchors = ((w, matching.found(w)) for w in range(at + 1, min(len(claim.tokens), at + PLACED_WITHIN)))
        anchor, there = next(((w, found) for w, found in anchors if found is not None), (at, 0))
        near = range(there - 1, max(-1, there - 1 - PLACED_WITHIN), -1)
        placed = next((place for place in near if source.tokens[place].folded in {token.folded, opposite}), None)
        if placed is not None and source.tokens[placed].folded == opposite:
            rule = Rule.DATE if token.folded in TIMED else Rule.COMPARISON
            elsewhere = claim.conditional(at)
            yield Conflict(rule, (at, anchor + 1), (placed, there + 1), opposed=True, elsewhere=elsewhere)
