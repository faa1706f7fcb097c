"""The sentences in which the gate tells people why."""

from collections.abc import Sequence
from typing import assert_never

from evidence.typed.conflicts import Conflict
from evidence.typed.matching import Matching
from evidence.verdicts import Alignment, Reason, Rule, Stance, Verdict

QUOTED = 60
TOO_LONG = "This is too long to be compared as one sentence; say it in several."
GENERAL = {
    Reason.NO_EVIDENCE: "No passage says anything about this.",
    Reason.NO_CALIBRATION: "No calibration in force says what this verifier's scores are worth, so nothing is judged.",
    Reason.VERIFIER_UNAVAILABLE: "The verifier failed on this claim, so it is not judged.",
    Reason.LOW_SCORE: "No passage says all of it.",
    Reason.TOO_FEW_SOURCES: "Too few sources that count at these stakes say so.",
}


def of_reason(reason: Reason) -> str:
    return GENERAL.get(reason, "The evidence does not carry this claim.")


def why(verdict: Verdict, reason: Reason, evidence: Sequence[Alignment]) -> str:
    """Return one sentence, or two, that say why a claim has its verdict. The evidence has the deciding one first."""
    first = evidence[0]
    match verdict:
        case Verdict.SUPPORTED:
            return f"{name(first)} says so."
        case Verdict.DISPUTED:
            against = next(item for item in evidence if item.stance is Stance.CONTRADICTS)
            return f"{name(first)} says so, {name(against)} does not: {lowered(against.detail)}"
        case Verdict.CONTRADICTED:
            return first.detail or of_reason(reason)
        case Verdict.INSUFFICIENT:
            return of_reason(reason) if reason is Reason.TOO_FEW_SOURCES else first.detail or of_reason(reason)
        case _:
            assert_never(verdict)


def name(alignment: Alignment) -> str:
    return alignment.passage.source.strip()[:QUOTED] or "A source"


def lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def short(text: str) -> str:
    """Return words of a text as they are quoted: on one line, cut where they are long."""
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else line[: QUOTED - 1].rstrip() + "…"


def differ(source: str, answer: str) -> str:
    return f"The source says {short(source)}, the answer says {short(answer)}."


def missing(answer: str) -> str:
    return f"The source does not say {short(answer)}."


def of_conflict(matching: Matching, conflict: Conflict) -> str:
    """Return what a conflict is, in words of both texts."""
    claim = matching.claim.quoted(*conflict.claim)
    source = matching.source.quoted(*conflict.source) if conflict.source else ""
    match conflict.rule:
        case Rule.CONDITION if not conflict.opposed:
            return f"The source says it only {short(source)}; the answer leaves that out."
        case Rule.DETAIL | Rule.ENTITY if not source:
            return f"The source says nothing of {short(claim)}."
        case _:
            return differ(source, claim) if source else missing(claim)
