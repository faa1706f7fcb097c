"""How much a claim says against how much a sentence says: all or some, must or may, always or only when."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from evidence.language.lexicon import AUXILIARIES, EXCLUSIVE, OBLIGATION, PARTIAL, POSSIBILITY, STOP, UNIVERSAL, words
from evidence.language.reading import FULL, Reading
from evidence.language.text import Kind
from evidence.typed.conflicts import Conflict
from evidence.typed.matching import Matching
from evidence.verdicts import Rule

EXCEPT = words("unless except")
SHARED = ("one", "of", "the")
GOVERNS = 4
QUANTIFIES = 3
EVERY_KIND = UNIVERSAL | words("any both")


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
    for place, pair in matching.pairs.items():
        at, there = claim.words[place].at, source.words[pair].at
        forces = force_at(claim, at), force_at(source, there)
        if forces in OPPOSED_FORCES:
            yield Conflict(Rule.MODALITY, governed(claim, at), governed(source, there), opposed=True)
        elif forces in STRONGER and (has_verb(claim, at) or forces[0] is not Force.PLAIN):
            yield Conflict(Rule.MODALITY, governed(claim, at), governed(source, there))


def bare_modalities(matching: Matching) -> Iterator[Conflict]:
    """Yield the modal verbs of the claim that govern a value, "must be 5", where the sentence has none like it."""
    claim, source = matching.claim, matching.source
    there = {FORCES[token.folded]: at for at, token in enumerate(source.tokens) if token.folded in FORCES}
    for at, token in enumerate(claim.tokens):
        force = FORCES.get(token.folded)
        if force is None or force in there or any(at < word.at <= at + GOVERNS for word in claim.words):
            continue
        other = next((there[one] for one in there if (force, one) in OPPOSED_FORCES), None)
        source_span = (other, other + 1) if other is not None else None
        if other is not None or (force, Force.PLAIN) in STRONGER:
            yield Conflict(Rule.MODALITY, (at, at + 1), source_span, opposed=other is not None)


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
    there = {token.folded for token in source.tokens}
    for at, token in enumerate(claim.tokens):
        if token.kind is not Kind.WORD or any(q.outer[0] <= at < q.outer[1] for q in claim.quantities):
            continue
        other = unlike(token.folded, there)
        if other is None:
            continue
        place = next((p for p, found in enumerate(source.tokens) if found.folded in other), None)
        span = (at, min(len(claim.tokens), at + 2))
        if place is None:
            yield Conflict(Rule.QUANTIFIER, span)
        else:
            yield Conflict(Rule.QUANTIFIER, span, (place, min(len(source.tokens), place + 2)), opposed=True)


def unlike(word: str, there: set[str]) -> frozenset[str] | None:
    """Return the words of the source that a quantifier is at odds with; None when it is at odds with nothing."""
    if word in EXCLUSIVE:
        return None if there & EXCLUSIVE else frozenset()
    if word in UNIVERSAL:
        return None if there & EVERY_KIND else PARTIAL
    if word in PARTIAL:
        return EVERY_KIND if there & EVERY_KIND and not there & PARTIAL else None
    return None


def ranks(matching: Matching) -> Iterator[Conflict]:
    """Yield a superlative that the sentence shares out or ranks lower: "one of the largest", "the second largest"."""
    claim, source = matching.claim, matching.source
    for place, pair in matching.pairs.items():
        at, there = claim.words[place].at, source.words[pair].at
        if claim.tokens[at].folded.endswith("est") and rank_before(source, there) != rank_before(claim, at):
            first = max(0, there - len(SHARED) - 1)
            yield Conflict(Rule.QUANTIFIER, (max(0, at - 1), at + 1), (first, there + 1), opposed=True)


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
    for condition in source.conditions:
        inside = [place for place, word in enumerate(source.words) if condition.first < word.at < condition.end]
        kept = sum(place in matching.back for place in inside)
        if inside and kept * 2 < len(inside):
            yield Conflict(Rule.CONDITION, (0, len(claim.tokens)), (condition.first, condition.end))
        elif kept:
            yield from turned(matching, inside, (condition.first, condition.end), excepts=condition.opener in EXCEPT)


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
    return not PRESENT.isdisjoint(token.folded for token in reading.tokens) and PAST.isdisjoint(
        token.folded for token in reading.tokens[:at]
    )


def is_kind(reading: Reading, at: int) -> bool:
    """Tell whether a noun stands for a kind and not for one thing: patients, those, every patient."""
    return reading.tokens[at].folded.endswith("s") or reading.tokens[at].folded in KINDS


PRESENT = words("is are must may shall should can do does has have")
PAST = words("was were had did")
KINDS = words("those anyone people women men children")
NARROWING = words("with among who whose")
RESTRICTS = 8


def restrictions(matching: Matching) -> Iterator[Conflict]:
    """Yield "patients with X" of the sentence where the claim says "patients" alone."""
    source = matching.source
    places = {word.at: place for place, word in enumerate(source.words)}
    for at, token in enumerate(source.tokens):
        head = places.get(at - 1)
        if token.folded not in NARROWING or head not in matching.back or not is_rule(source, at):
            continue
        if token.folded != "with" and not is_kind(source, at - 1):
            continue
        end = restriction_end(source, at)
        inside = [places[place] for place in range(at + 1, end) if place in places]
        full = [place for place in inside if source.words[place].weight == FULL]
        if full and not any(place in matching.back for place in full):
            yield Conflict(Rule.CONDITION, (0, len(matching.claim.tokens)), (at, end))


def restriction_end(source: Reading, at: int) -> int:
    """Return the token after "with X": a mark, or the verb of what it belongs to."""
    verbs = 0 if source.tokens[at].folded == "with" else 1
    for place in range(at + 1, min(len(source.tokens), at + RESTRICTS)):
        verbs -= source.tokens[place].folded in AUXILIARIES
        if source.tokens[place].kind is Kind.MARK or verbs < 0:
            return place
    return min(len(source.tokens), at + RESTRICTS)
