"""How much a claim says against how much a sentence says: all or some, must or may, always or only when."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from evidence.language.conditions import Condition
from evidence.language.lexicon import AUXILIARIES, EXCLUSIVE, OBLIGATION, PARTIAL, POSSIBILITY, STOP, UNIVERSAL, words
from evidence.language.negation import ALL_BUT
from evidence.language.phrases import DETERMINERS
from evidence.language.reading import FULL, READINGS_KEPT, Reading
from evidence.language.text import Kind
from evidence.typed.conflicts import Conflict
from evidence.typed.matching import Matching
from evidence.verdicts import Rule

EXCEPT = words("unless except")
SHARED = ("one", "of", "the")
GOVERNS = 4
EVERY_KIND = UNIVERSAL | words("any both")
LITTLE = words("few little hardly scarcely barely")
MORE, FEWER = words("more"), words("fewer less")
NOT_QUITE = words("""
    former ex acting deputy vice future alleged supposed potential prospective aspiring fake counterfeit honorary
    assistant interim presumed purported
""")
SHORT_OF = words("nearly almost virtually practically not hardly")
QUANTIFIERS = EXCLUSIVE | UNIVERSAL | PARTIAL
DEGREES = {"most": "least", "least": "most", "more": "less", "less": "more"}


class Force(StrEnum):
    """What a verb is: done, to be done, or possible."""

    PLAIN = "PLAIN"
    OBLIGED = "OBLIGED"
    ADVISED = "ADVISED"
    POSSIBLE = "POSSIBLE"


FORCES = {
    **dict.fromkeys(OBLIGATION & words("must shall"), Force.OBLIGED),
    **dict.fromkeys(words("should ought"), Force.ADVISED),
    **dict.fromkeys((*POSSIBILITY, "can"), Force.POSSIBLE),
}
# What a source may say less strongly than the claim: (claim, source).
OPPOSED_FORCES = {(Force.OBLIGED, Force.POSSIBLE), (Force.POSSIBLE, Force.OBLIGED)}
STRONGER = {
    (Force.OBLIGED, Force.PLAIN),
    (Force.OBLIGED, Force.ADVISED),
    (Force.ADVISED, Force.POSSIBLE),
    (Force.PLAIN, Force.POSSIBLE),
}


def modalities(matching: Matching) -> Iterator[Conflict]:
    """Yield the verbs that the claim makes a duty, or a fact, and the sentence does not."""
    claim, source = matching.claim, matching.source
    ours, theirs = forces(claim), forces(source)
    for place, pair in matching.pairs.items():
        if ours[place] is theirs[pair]:
            continue
        at, there = claim.starts[place], source.starts[pair]
        found = ours[place], theirs[pair]
        if found in OPPOSED_FORCES:
            yield Conflict(Rule.MODALITY, governed(claim, at), governed(source, there), opposed=True)
        elif found in STRONGER and (has_verb(claim, at) or found[0] is not Force.PLAIN):
            yield Conflict(Rule.MODALITY, governed(claim, at), governed(source, there))


def bare_modalities(matching: Matching) -> Iterator[Conflict]:
    """Yield the modal verbs of the claim that govern a value, "must be 5", where the sentence has none like it."""
    there = modals(matching.source)
    for at, force in bare_modals(matching.claim):
        if force in there:
            continue
        other = next((there[one] for one in there if (force, one) in OPPOSED_FORCES), None)
        source_span = (other, other + 1) if other is not None else None
        if other is not None or (force, Force.PLAIN) in STRONGER:
            yield Conflict(Rule.MODALITY, (at, at + 1), source_span, opposed=other is not None)


@lru_cache(maxsize=READINGS_KEPT)
def modals(reading: Reading) -> dict[Force, int]:
    """Return the forces that stand in a reading, in order, each with the last token of it."""
    return {FORCES[token.folded]: at for at, token in enumerate(reading.tokens) if token.folded in FORCES}


@lru_cache(maxsize=READINGS_KEPT)
def bare_modals(reading: Reading) -> tuple[tuple[int, Force], ...]:
    """Return the modal verbs that govern no word, by token."""
    return tuple(
        (at, FORCES[token.folded])
        for at, token in enumerate(reading.tokens)
        if token.folded in FORCES and not any(at < start <= at + GOVERNS for start in reading.starts)
    )


@lru_cache(maxsize=READINGS_KEPT)
def forces(reading: Reading) -> tuple[Force, ...]:
    """Return the force of each word of a reading."""
    return tuple(force_at(reading, at) for at in reading.starts)


def modal_before(reading: Reading, at: int) -> int | None:
    """Return the modal verb that governs a token directly, over "not", "be" and adverbs."""
    for place in range(at - 1, max(-1, at - 1 - GOVERNS), -1):
        token = reading.tokens[place]
        if token.folded in FORCES:
            return place
        if token.kind is not Kind.WORD or (token.folded not in STOP and not token.folded.endswith("ly")):
            return None
    return None


def force_at(reading: Reading, at: int) -> Force:
    modal = modal_before(reading, at)
    return FORCES[reading.tokens[modal].folded] if modal is not None else Force.PLAIN


def has_verb(reading: Reading, at: int) -> bool:
    """Tell whether a token looks like a finite verb: after a form of "be", or with an ending of one."""
    before = reading.tokens[at - 1].folded if at else ""
    return before in {"is", "are", "was", "were", "been", "not"} or reading.tokens[at].folded.endswith(("s", "ed"))


def governed(reading: Reading, at: int) -> tuple[int, int]:
    modal = modal_before(reading, at)
    return (at if modal is None else modal), at + 1


def quantifiers(matching: Matching) -> Iterator[Conflict]:
    """Yield the "all", "most", "only" of the claim that the sentence does not say."""
    claim, source = matching.claim, matching.source
    for at in quantifying(claim):
        word = claim.tokens[at].folded
        if word in UNIVERSAL and (short := short_of_all(source)) and at not in short_of_all(claim):
            yield Conflict(Rule.QUANTIFIER, (at, at + 1), (short[0] - 1, short[0] + 1), opposed=True)
            continue
        other = unlike(word, source.folded)
        if other is None:
            continue
        place = next((p for p, found in enumerate(source.tokens) if found.folded in other), None)
        span = (at, min(len(claim.tokens), at + 2))
        if place is None:
            yield Conflict(Rule.QUANTIFIER, span)
        else:
            yield Conflict(Rule.QUANTIFIER, span, (place, min(len(source.tokens), place + 2)), opposed=True)


@lru_cache(maxsize=READINGS_KEPT)
def short_of_all(reading: Reading) -> tuple[int, ...]:
    """Return the "all" of "nearly all" and "not all", by tokens; empty where a sentence says "all" as well."""
    tokens = reading.tokens
    found = tuple(at for at in range(len(tokens)) if tokens[at].folded in EVERY_KIND)
    short = tuple(at for at in found if at and tokens[at - 1].folded in SHORT_OF)
    return short if len(short) == len(found) else ()


@lru_cache(maxsize=READINGS_KEPT)
def quantifying(reading: Reading) -> tuple[int, ...]:
    """Return the tokens that quantify, but for those of a quantity: "all", not "some 50"."""
    return tuple(
        at for at, token in enumerate(reading.tokens) if token.folded in QUANTIFIERS and not reading.valued(at)
    )


def unlike(word: str, there: frozenset[str]) -> frozenset[str] | None:
    """Return the words of the source that a quantifier is at odds with; None when it is at odds with nothing."""
    if word in EXCLUSIVE:
        return None if there & EXCLUSIVE else frozenset()
    if word in UNIVERSAL:
        return None if there & EVERY_KIND else PARTIAL
    if word in PARTIAL:
        return EVERY_KIND if there & EVERY_KIND and not there & PARTIAL else None
    return None


def little(matching: Matching) -> Iterator[Conflict]:
    """Yield a noun of the claim of which the sentence says "few" or "hardly any", and the claim does not."""
    claim, source = matching.claim, matching.source
    if LITTLE.isdisjoint(source.folded) or not LITTLE.isdisjoint(claim.folded):
        return
    for place, pair in matching.pairs.items():
        there = source.starts[pair]
        near = [token.folded for token in source.tokens[max(0, there - 3) : there]]
        found = next((step for step in range(1, len(near) + 1) if near[-step] in LITTLE), None)
        if found is not None and near[-found - 1 : -found] not in (["a"], ["the"]):
            at = claim.starts[place]
            yield Conflict(Rule.QUANTIFIER, (at, at + 1), (there - found, there + 1), opposed=True)
            return


def standings(matching: Matching) -> Iterator[Conflict]:
    """Yield a noun that the sentence does not mean in full: "former minister", "deputy director", "alleged thief"."""
    claim, ours = matching.claim, qualified(matching.claim)
    for pair, there in qualified(matching.source).items():
        place = matching.back.get(pair)
        if place is not None and place not in ours:
            at = claim.starts[place]
            yield Conflict(Rule.MODALITY, (at, at + 1), (there, matching.source.starts[pair] + 1))


@lru_cache(maxsize=READINGS_KEPT)
def qualified(reading: Reading) -> dict[int, int]:
    """Return the nouns that are not meant in full, by place, with the tokens that say so."""
    found = {}
    for at, token in enumerate(reading.tokens):
        if token.folded not in NOT_QUITE:
            continue
        end = at + 1
        while end + 1 in reading.word_at and reading.tokens[end + 1].text.islower():
            end += 1
        if end in reading.word_at:
            found[reading.word_at[end]] = at
    return found


def alternatives(matching: Matching) -> Iterator[Conflict]:
    """Yield "A and B" of the claim where the sentence says "A or B"."""
    claim, source = matching.claim, matching.source
    if "or" not in source.folded or "and" not in claim.folded:
        return
    for at in (at for at, token in enumerate(source.tokens) if token.folded == "or"):
        right = bisect_left(source.starts, at)
        ours = matching.back.get(right - 1), matching.back.get(right)
        if ours[0] is None or ours[1] is None or source.denials[at]:
            continue
        first, end = sorted((claim.starts[ours[0]], claim.starts[ours[1]]))
        between = [token.folded for token in claim.tokens[first + 1 : end]]
        if "and" in between and "or" not in between:
            there = source.starts[right - 1], source.starts[right] + 1
            yield Conflict(Rule.QUANTIFIER, (first, end + 1), there, opposed=True)


def ranks(matching: Matching) -> Iterator[Conflict]:
    """Yield a superlative that the sentence shares out or ranks lower: "one of the largest", "the second largest"."""
    claim, source = matching.claim, matching.source
    ranked = superlatives(claim)
    for place in [place for place in matching.pairs if place in ranked]:
        at, there = claim.starts[place], source.starts[matching.pairs[place]]
        if rank_before(source, there) != rank_before(claim, at):
            first = max(0, there - len(SHARED) - 1)
            yield Conflict(Rule.QUANTIFIER, (max(0, at - 1), at + 1), (first, there + 1), opposed=True)


def degrees(matching: Matching) -> Iterator[Conflict]:
    """Yield "least" where the sentence has "most" before the same word: "the most visited"."""
    claim, source = matching.claim, matching.source
    if DEGREES.keys().isdisjoint(claim.folded):
        return
    yield from halves(matching)
    for place, pair in matching.pairs.items():
        at, there = claim.starts[place] - 1, source.starts[pair] - 1
        if at >= 0 and there >= 0 and DEGREES.get(claim.tokens[at].folded) == source.tokens[there].folded:
            yield Conflict(Rule.QUANTIFIER, (at, at + 2), (there, there + 2), opposed=True)


def halves(matching: Matching) -> Iterator[Conflict]:
    """Yield "more than half" where the sentence says "fewer than half"."""
    ours, theirs = half(matching.claim), half(matching.source)
    if ours is None or theirs is None:
        return
    word, other = matching.claim.tokens[ours].folded, matching.source.tokens[theirs].folded
    if (word in FEWER) is not (other in FEWER):
        yield Conflict(Rule.QUANTIFIER, (ours, ours + 3), (theirs, theirs + 3), opposed=True)


def half(reading: Reading) -> int | None:
    """Return the token of "more" or "fewer" in "more than half"; None where a sentence has none."""
    if "half" not in reading.folded:
        return None
    folded = [token.folded for token in reading.tokens]
    found = (at for at in range(len(folded) - 2) if folded[at + 1 : at + 3] == ["than", "half"])
    return next((at for at in found if folded[at] in MORE | FEWER), None)


@lru_cache(maxsize=READINGS_KEPT)
def superlatives(reading: Reading) -> frozenset[int]:
    """Return the words that look like a superlative."""
    return frozenset(place for place, at in enumerate(reading.starts) if reading.tokens[at].folded.endswith("est"))


def rank_before(reading: Reading, at: int) -> str:
    """Return the rank that stands before a superlative: "2", "one of the", or "" for the first."""
    ordinal = next((q for q in reading.quantities if q.unit.family == "ordinal" and q.end in {at, at - 1}), None)
    if ordinal is not None:
        return str(ordinal.written)
    near = tuple(token.folded for token in reading.tokens[max(0, at - len(SHARED)) : at])
    return " ".join(SHARED) if near == SHARED else ""


def conditions(matching: Matching) -> Iterator[Conflict]:
    """Yield the conditions of the sentence that the claim leaves out, so that it says more than its source."""
    claim, source = matching.claim, matching.source
    yield from exceptions(matching)
    for condition in source.conditions:
        inside = words_in(source, condition)
        kept = sum(place in matching.back for place in inside)
        if (inside and kept * 2 < len(inside)) or (kept == len(matching.pairs) and not claim.conditions):
            yield Conflict(Rule.CONDITION, (0, len(claim.tokens)), (condition.first, condition.end))
        elif kept:
            yield from turned(matching, inside, (condition.first, condition.end), excepts=condition.opener in EXCEPT)


def exceptions(matching: Matching) -> Iterator[Conflict]:
    """Yield "everyone" of the claim where the sentence leaves somebody out: "everyone except Anna"."""
    claim, source = matching.claim, matching.source
    whole = next((at for at, token in enumerate(claim.tokens) if token.folded in ALL_BUT), None)
    left_out = [found for found in source.negations if found.excepts]
    if whole is None or not left_out or any(found.excepts for found in claim.negations):
        return
    for found in left_out:
        inside = range(bisect_right(source.starts, found.at), bisect_left(source.starts, found.end))
        if not any(place in matching.back for place in inside):
            yield Conflict(Rule.CONDITION, (whole, whole + 1), (found.at, found.end))


def words_in(reading: Reading, condition: Condition) -> range:
    """Return the words of a condition behind what opens it."""
    return range(bisect_right(reading.starts, condition.first), bisect_left(reading.starts, condition.end))


def turned(
    matching: Matching, words_inside: Sequence[int], source: tuple[int, int], *, excepts: bool
) -> Iterator[Conflict]:
    """Yield a conflict where "unless" has become "if", the other way round, or has gone."""
    place = next(place for place in words_inside if place in matching.back)
    at = matching.claim.words[matching.back[place]].at
    own = next((other for other in matching.claim.conditions if other.holds(at)), None)
    if own is None and excepts:
        yield Conflict(Rule.CONDITION, (0, len(matching.claim.tokens)), source)
    elif own is not None and (own.opener in EXCEPT) is not excepts:
        yield Conflict(Rule.CONDITION, (own.first, own.end), source, opposed=True)


def is_rule(reading: Reading, at: int) -> bool:
    """Tell whether a sentence states what holds in general: in the present tense, and not of "a musician who …"."""
    past = (token.folded for token in reading.tokens[:at])
    return not PRESENT.isdisjoint(reading.folded) and PAST.isdisjoint(past)


def is_kind(reading: Reading, at: int) -> bool:
    """Tell whether a noun stands for a kind and not for one thing: patients, those, every patient."""
    return reading.tokens[at].folded.endswith("s") or reading.tokens[at].folded in KINDS


PRESENT = words("is are must may shall should can do does has have")
PAST = words("was were had did")
KINDS = words("those anyone people women men children")
NARROWING = words("with among who whose")
RESTRICTS = 8


@dataclass(frozen=True, slots=True)
class Restriction:
    """Tokens ``first`` ("with") to ``end`` that narrow the noun before them: places of the noun and of what they say.

    Attributes:
        said: the words of full weight.
    """

    first: int
    end: int
    noun: int
    said: tuple[int, ...]


def restrictions(matching: Matching) -> Iterator[Conflict]:
    """Yield "patients with X" of the sentence where the claim says "patients" alone."""
    for found in restricting(matching.source):
        if found.noun in matching.back and not any(place in matching.back for place in found.said):
            yield Conflict(Rule.CONDITION, (0, len(matching.claim.tokens)), (found.first, found.end))


@lru_cache(maxsize=READINGS_KEPT)
def restricting(reading: Reading) -> tuple[Restriction, ...]:
    found = (restriction_at(reading, at) for at in range(1, len(reading.tokens)))
    return tuple(one for one in found if one is not None)


def restriction_at(reading: Reading, at: int) -> Restriction | None:
    """Return the restriction that token ``at`` opens; None where it opens none that says anything."""
    opener = reading.tokens[at].folded
    if opener not in NARROWING:
        return None
    narrowed = at - 1 if opener == "with" else head_of(reading, at - 1)
    noun = reading.word_at.get(narrowed)
    if noun is None or not is_rule(reading, at) or (opener != "with" and not is_kind(reading, narrowed)):
        return None
    end = restriction_end(reading, at)
    inside = [reading.word_at[place] for place in range(at + 1, end) if place in reading.word_at]
    said = tuple(place for place in inside if reading.weights[place] == FULL)
    return Restriction(at, end, noun, said) if said else None


def head_of(reading: Reading, at: int) -> int:
    """Return the noun of a phrase that ends at a token: "members" of "members of the club"."""
    for place in range(at - 1, max(-1, at - 1 - GOVERNS), -1):
        if reading.tokens[place].folded == "of" and not is_kind(reading, at):
            return place - 1
        if place not in reading.word_at and reading.tokens[place].folded not in DETERMINERS:
            break
    return at


def restriction_end(source: Reading, at: int) -> int:
    """Return the token after "with X": a mark, or the verb of what it belongs to."""
    verbs = 0 if source.tokens[at].folded == "with" else 1
    for place in range(at + 1, min(len(source.tokens), at + RESTRICTS)):
        verbs -= source.tokens[place].folded in AUXILIARIES
        if source.tokens[place].kind is Kind.MARK or verbs < 0:
            return place
    return min(len(source.tokens), at + RESTRICTS)
