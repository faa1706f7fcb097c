"""Why a claim has its verdict: the reason in words, the probabilities as a bar, and who spoke for and against it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from evidence.models import weights
from evidence.records import ReadClaim, ReadEvidence
from evidence.sources import Tie
from evidence.verdicts import Reason, Rule, Stance
from orchestration.console import badges, wording
from orchestration.console.badges import Badge, Tone
from orchestration.console.highlight import visible

RULES = {
    Rule.MATCH: "The words agree",
    Rule.NUMBER: "Numbers compared",
    Rule.UNIT: "Units compared",
    Rule.DATE: "Dates compared",
    Rule.NEGATION: "Negation compared",
    Rule.ANTONYM: "Opposites compared",
    Rule.ENTITY: "Names compared",
    Rule.QUANTIFIER: "How many: compared",
    Rule.MODALITY: "Must, may, should: compared",
    Rule.COMPARISON: "More or less: compared",
    Rule.ROLES: "Who does what: compared",
    Rule.CONDITION: "Conditions compared",
    Rule.DETAIL: "Details compared",
    Rule.SCORE: "Compared as a whole",
    Rule.TOPIC: "Another topic",
}
REASONS = {
    Reason.SUPPORTED: "Enough sources that count say so, and none that counts says otherwise.",
    Reason.NUMBER: "A number differs.",
    Reason.UNIT: "A unit of measure differs.",
    Reason.DATE: "A date or time differs.",
    Reason.NEGATION: "One says that it is so, the other that it is not.",
    Reason.ANTONYM: "One says the opposite of the other.",
    Reason.ENTITY: "It is about somebody or something else.",
    Reason.QUANTIFIER: "How many it holds for differs, such as all or some.",
    Reason.MODALITY: "How binding it is differs, such as must or may.",
    Reason.COMPARISON: "Which one is more or less differs.",
    Reason.ROLES: "Who does it to whom differs.",
    Reason.CONDITION: "When or for whom it holds differs.",
    Reason.DETAIL: "A detail is not in the source.",
    Reason.SCORE: "Read as a whole, it says otherwise.",
    Reason.NO_EVIDENCE: "No passage is about this.",
    Reason.LOW_SCORE: "Nothing that was found says all of it clearly enough.",
    Reason.TOO_FEW_SOURCES: "The sources that say so do not weigh enough at these stakes.",
    Reason.SOURCES_DISAGREE: "Sources that count the same say opposite things.",
    Reason.NO_CALIBRATION: "No calibration in force says what a score is worth, so nothing was judged.",
    Reason.VERIFIER_UNAVAILABLE: "The comparison failed, so this was not judged.",
}
TIES = {
    Tie.SOURCE: "the same source",
    Tie.ORIGINAL: "the same original file",
    Tie.HOST: "the same web host",
    Tie.TEXT: "nearly the same text",
}


def rule_words(rule: str) -> str:
    return RULES[Rule(rule)] if rule in set(Rule) else rule


def reason_words(reason: str) -> str:
    """Return a reason in a sentence for a layperson; '' for one that is not known."""
    return REASONS[Reason(reason)] if reason in set(Reason) else ""


def weight_words(weight: float) -> str:
    """Return what a weight means, such as '0.5: two count as one'."""
    return dict(weights()).get(weight, f"{weight:g}")


def percent(score: float) -> int:
    return round(max(0.0, min(1.0, score)) * 100)


@dataclass(frozen=True, slots=True)
class Portion:
    """A part of a bar that is 100 wide, and what it stands for."""

    tone: Tone
    x: float
    width: float
    word: str
    figure: str


@dataclass(frozen=True, slots=True)
class Chances:
    """The probabilities of a claim as a bar, which supported begins.

    Attributes:
        mark: where the threshold stands, 0 to 100; None where it is not known.
        words: all of it in one sentence.
    """

    portions: tuple[Portion, ...]
    mark: float | None
    threshold: str
    words: str


def chances(claim: ReadClaim) -> Chances:
    known = claim.threshold
    digits = 0 if known is None or float(known * 100).is_integer() else 2
    # Older claims do not say how the rest was divided.
    contradicted = claim.p_contradicted
    divided = [(Tone.GOOD, "supported", claim.score)]
    if contradicted is None:
        divided.append((Tone.QUIET, "not supported", 1 - claim.score))
    else:
        divided.append((Tone.QUIET, "says too little", max(0.0, 1 - claim.score - contradicted)))
        divided.append((Tone.BAD, "contradicted", contradicted))
    portions = tuple(laid_out(divided, digits=digits))
    threshold = "" if known is None else f"{100 * known:.{digits}f} %"
    said = ", ".join(f"{portion.word} {portion.figure}" for portion in portions)
    words = f"Probabilities: {said}" + (f"; {threshold} supported is needed" if threshold else "")
    return Chances(portions, None if known is None else 100 * known, threshold, words)


def laid_out(divided: Sequence[tuple[Tone, str, float]], *, digits: int) -> Iterator[Portion]:
    at = 0.0
    for tone, word, share in divided:
        width = round(100 * max(0.0, min(1.0, share)), 3)
        yield Portion(tone, round(at, 3), width, word, f"{width:.{digits}f} %")
        at += width


@dataclass(frozen=True, slots=True)
class Speaker:
    """One voice: the sources that speak as one, what they weigh, and the numbers of their passages beside the claim."""

    sources: tuple[str, ...]
    trust: Badge
    weight: str
    numbers: tuple[int, ...]
    joined: str


@dataclass(frozen=True, slots=True)
class Side:
    """Who spoke for a claim, or against it."""

    stance: Badge
    words: str
    speakers: tuple[Speaker, ...]


def sides(claim: ReadClaim, numbers: Mapping[UUID, int]) -> tuple[Side, ...]:
    """Return who spoke for and against a claim; nothing for one that is older than the record of it.

    Args:
        numbers: the number of each passage on the page.
    """
    if claim.threshold is None:
        return ()
    return tuple(side(claim, stance, numbers) for stance in (Stance.SUPPORTS, Stance.CONTRADICTS))


def side(claim: ReadClaim, stance: Stance, numbers: Mapping[UUID, int]) -> Side:
    own = [item for item in claim.evidence if item.stance == stance]
    speaking = [[item for item in own if item.voice == voice] for voice in sorted({item.voice for item in own} - {0})]
    silent = sum(item.voice == 0 for item in own)
    weight = sum(heaviest(group) for group in speaking)
    counted = wording.counted(len(speaking), "voice")
    words = [f"{counted}, weight {weight:g}"] if speaking else []
    below = [f"{wording.counted(silent, 'passage')} below the threshold"] if silent else []
    badge = badges.of_stance(stance) if speaking else badges.NOBODY[stance]
    return Side(badge, "; ".join(words + below), tuple(speaker(group, numbers) for group in speaking))


def heaviest(group: Sequence[ReadEvidence]) -> float:
    """Return what a voice weighs: its best source counts, and an untrusted copy lends a trusted one nothing."""
    return max(item.weight for item in [item for item in group if item.trusted] or group)


def speaker(group: Sequence[ReadEvidence], numbers: Mapping[UUID, int]) -> Speaker:
    ties = dict.fromkeys(TIES[twin.tie] for item in group for twin in item.twins)
    return Speaker(
        sources=tuple(dict.fromkeys(visible(item.source) for item in group)),
        trust=badges.TRUSTED if any(item.trusted for item in group) else badges.UNTRUSTED,
        weight=weight_words(heaviest(group)),
        numbers=tuple(sorted(numbers[item.passage] for item in group if item.passage in numbers)),
        joined=" and ".join(ties),
    )
