"""The gate: every claim of an answer against the passages, and what may be said of the answer.

A stronger verifier may decide what the first one leaves INSUFFICIENT, and nothing else.

Pure. Whatever is missing, late, broken or unknown leads to INSUFFICIENT with its reason, never to SUPPORTED.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from audit.stakes import Stakes
from evidence.calibration import Calibration
from evidence.claims import Statement
from evidence.passages import Passage
from evidence.ranking import Index, index
from evidence.recall import NOTHING, Asked, Consultation, Memory, consult
from evidence.sources import Need, Weighed, grouped, voices, weigh
from evidence.typed import scoring, wording
from evidence.vectors import Vectors
from evidence.verdicts import Alignment, GateReport, JudgedClaim, Outcome, Reason, Rule, Stance, Verdict
from evidence.verifying import Context, Verifier, VerifierFault, named

__all__ = [
    "DEFAULT_POLICY",
    "Alignment",
    "Calibration",
    "GatePolicy",
    "GateReport",
    "JudgedClaim",
    "Outcome",
    "Reason",
    "Rule",
    "Stance",
    "Stronger",
    "Verdict",
    "Verifier",
    "judge",
]

LOOKED_AT = 12
RECORDED = 6
SILENT = "A stronger verifier was asked and gave no answer that can be used."


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """What support takes. Its ``repr`` is part of the policy hash, so it holds plain values only.

    Attributes:
        needs: what each of the stakes asks for; stakes that are not listed ask for two trusted sources.
    """

    calibration: Calibration | None
    needs: tuple[tuple[Stakes, Need], ...] = (
        (Stakes.LOW, Need(supporters=1, trusted_only=False)),
        (Stakes.MEDIUM, Need(supporters=1, trusted_only=False)),
        (Stakes.HIGH, Need(supporters=1, trusted_only=True)),
    )

    def need(self, stakes: Stakes) -> Need:
        return dict(self.needs).get(stakes, Need(supporters=2, trusted_only=True))


DEFAULT_POLICY = GatePolicy(scoring.CALIBRATION)


@dataclass(frozen=True, slots=True)
class Stronger:
    """A verifier that is asked about what the first one leaves open, and the record that lets it decide.

    Attributes:
        seconds: how long all claims of one answer may take together.
    """

    verifier: Verifier
    calibration: Calibration
    seconds: float


@dataclass(frozen=True, slots=True)
class Terms:
    """What the claims of one answer are judged with.

    Attributes:
        seconds: how long the verifier may take for all claims together; without a number, as long as it takes.
    """

    passages: tuple[Passage, ...]
    index: Index
    verifier: Verifier
    calibration: Calibration
    need: Need
    context: Context
    memory: Memory = NOTHING
    seconds: float | None = None


def judge(
    statements: Sequence[Statement],
    passages: Sequence[Passage],
    *,
    stakes: Stakes,
    policy: GatePolicy,
    context: str = "",
    verifier: Verifier = scoring.TYPED,
    stronger: Stronger | None = None,
    on: date | None = None,
    memory: Memory = NOTHING,
    vectors: Vectors | None = None,
) -> GateReport:
    """Return the verdict on each statement, in their order, and the outcome of them all.

    Args:
        context: the question; its words need no evidence.
        stronger: what decides the claims that the verifier leaves INSUFFICIENT, while its calibration holds.
        on: the day for which calibrations are looked at; without one, today (UTC).
        memory: of what verifiers said before; it saves time, and the report is the same with any.
        vectors: help to choose what a claim is compared with where there are many passages.

    The verdicts do not depend on the order of the passages. Nothing is raised for any text.
    """
    calibration, day = policy.calibration, on or datetime.now(UTC).date()
    if calibration is None or not calibration.holds(named(verifier), on=day):
        return report([unjudged(statement, Reason.NO_CALIBRATION) for statement in statements])
    need = policy.need(stakes)
    terms = terms_of(passages, calibration, verifier=verifier, need=need, context=context, vectors=vectors)
    terms = replace(terms, memory=memory)
    said = heard(statements, terms)
    found = [judge_one(*one, terms) for one in zip(statements, said, strict=True)]
    if stronger is not None and stronger.calibration.holds(named(stronger.verifier), on=day):
        found = cascaded(found, said, terms, stronger)
    return report(found)


def terms_of(
    passages: Sequence[Passage],
    calibration: Calibration,
    *,
    verifier: Verifier,
    need: Need,
    context: str,
    vectors: Vectors | None = None,
) -> Terms:
    unique = {(p.id, p.source, p.text, p.trusted, p.weight, p.host, p.original): p for p in passages if p.text.strip()}
    ordered = tuple(unique[name] for name in sorted(unique))
    found = index(ordered, vectors=vectors if len(ordered) > LOOKED_AT else None)
    return Terms(ordered, found, verifier, calibration, need, Context(context, ordered))


def score(statement: Statement, passages: Sequence[Passage], *, context: str, verifier: Verifier) -> float | None:
    """Return the highest score among what supports a claim, 0.0 where nothing does, as calibrations are made from.

    None where ``verifier`` is not the typed one and would not be asked, since that one decides the claim.

    Raises:
        VerifierFault: it failed.
    """
    need = DEFAULT_POLICY.need(Stakes.MEDIUM)
    terms = terms_of(passages, scoring.CALIBRATION, verifier=scoring.TYPED, need=need, context=context)
    (found,) = heard([statement], terms)
    if named(verifier) != scoring.TYPED.id:
        if not is_open(judge_one(statement, found, terms), terms):
            return None
        (found,) = heard([statement], replace(terms, verifier=verifier))
    if found is None:
        raise VerifierFault(f"{named(verifier)} said nothing of a claim")
    return max((item.p_supported for item in found if item.stance is Stance.SUPPORTS), default=0.0)


def report(claims: Sequence[JudgedClaim]) -> GateReport:
    supported = sum(claim.verdict is Verdict.SUPPORTED for claim in claims)
    if not claims:
        outcome = Outcome.NO_CLAIMS
    elif supported == len(claims):
        outcome = Outcome.ALL_SUPPORTED
    else:
        outcome = Outcome.SOME_WITHHELD if supported else Outcome.NONE_SUPPORTED
    return GateReport(tuple(claims), outcome, min((claim.p_supported for claim in claims), default=0.0))


def unjudged(statement: Statement, reason: Reason) -> JudgedClaim:
    return JudgedClaim(statement, Verdict.INSUFFICIENT, 0.0, 0.0, reason, wording.of_reason(reason), ())


def unspoken(statement: Statement, found: Sequence[Alignment]) -> JudgedClaim:
    """Return the verdict on a statement that no passage is about, as likely as the words that they do hold make it."""
    silent = unjudged(statement, Reason.NO_EVIDENCE)
    if not found:
        return silent
    supported, contradicted = shares(found, ())
    return replace(silent, p_supported=supported, p_contradicted=contradicted)


def heard(statements: Sequence[Statement], terms: Terms) -> list[Sequence[Alignment] | None]:
    """Return what the verifier says of each statement: None where it failed, nothing where there is nothing to ask."""
    asked = {
        place: Asked(statement, tuple(candidates(statement, terms)))
        for place, statement in enumerate(statements)
        if statement.text.strip() and terms.passages
    }
    consultation = Consultation(named(terms.verifier), terms.calibration, terms.context, tuple(asked.values()))
    answers = consult(terms.verifier, consultation, terms.memory, seconds=terms.seconds)
    said = dict(zip(asked, answers, strict=True))
    return [said.get(place, ()) for place in range(len(statements))]


def judge_one(statement: Statement, said: Sequence[Alignment] | None, terms: Terms) -> JudgedClaim:
    if said is None:
        return unjudged(statement, Reason.VERIFIER_UNAVAILABLE)
    return concluded(statement, said, terms)


def cascaded(
    claims: Sequence[JudgedClaim], said: Sequence[Sequence[Alignment] | None], terms: Terms, stronger: Stronger
) -> list[JudgedClaim]:
    """Return the claims with the stronger verifier's verdict where the first one abstained and it did not.

    Args:
        said: what the first one says of each, whose contradictions count beside what the stronger one says.
    """
    places = [place for place, claim in enumerate(claims) if is_open(claim, terms)]
    second = replace(
        terms, verifier=stronger.verifier, calibration=stronger.calibration, seconds=max(0.0, stronger.seconds)
    )
    answers = dict(zip(places, heard([claims[place].statement for place in places], second), strict=True))
    return [
        judged_again(claim, said[place] or (), answers[place], second) if place in answers else claim
        for place, claim in enumerate(claims)
    ]


def is_open(claim: JudgedClaim, terms: Terms) -> bool:
    """Tell whether the first verifier looked at a claim and abstained. Where it failed, its objections are unknown."""
    abstained = claim.verdict is Verdict.INSUFFICIENT and claim.reason is not Reason.VERIFIER_UNAVAILABLE
    return abstained and bool(terms.passages) and bool(claim.statement.text.strip())


def judged_again(
    claim: JudgedClaim, first: Sequence[Alignment], again: Sequence[Alignment] | None, second: Terms
) -> JudgedClaim:
    """Return the stronger verifier's verdict on a claim, in which each contradiction of the first one counts too."""
    if again is None:
        return replace(claim, reason=Reason.VERIFIER_UNAVAILABLE, why=f"{claim.why} {SILENT}")
    found = [replace(item, verifier=second.calibration.verifier) for item in again]
    against = [item for item in first if item.stance is Stance.CONTRADICTS]
    decided = concluded(claim.statement, [*found, *against], second)
    return claim if decided.verdict is Verdict.INSUFFICIENT else decided


def candidates(statement: Statement, terms: Terms) -> list[Passage]:
    """Return the passages that bear most on a statement, and every other that might conflict with it."""
    if len(terms.passages) <= LOOKED_AT:
        return list(terms.passages)
    ranked = terms.index.rank(statement.text, limit=len(terms.passages))
    best = sorted(ranked, key=lambda item: (-item.score, item.passage.sha256, item.passage.id))
    return [
        item.passage
        for place, item in enumerate(best)
        if place < LOOKED_AT or scoring.may_conflict(statement.text, item)
    ]


def concluded(statement: Statement, aligned_: Sequence[Alignment], terms: Terms) -> JudgedClaim:
    """Return the verdict that the alignments of one statement come to."""
    found = [item for item in aligned_ if item.rule is not Rule.TOPIC]
    if not found:
        return unspoken(statement, aligned_)
    supporting = [a for a in found if a.stance is Stance.SUPPORTS and a.p_supported >= terms.calibration.threshold]
    contradicting = [a for a in found if a.stance is Stance.CONTRADICTS]
    for_, against = (grouped([a.passage for a in side]) for side in (supporting, contradicting))
    weighed = weigh(voices(for_), voices(against), terms.need)
    evidence = sorted(found, key=lambda item: importance(item, weighed.verdict))[:RECORDED]
    if weighed.verdict is Verdict.DISPUTED:
        evidence = both_sides(evidence, found)
    reason = reason_of(weighed, evidence[0])
    why = wording.why(weighed.verdict, reason, tuple(evidence))
    by = terms.calibration.verifier, terms.calibration.id
    shown = numbered(evidence, [*for_, *against])
    return JudgedClaim(statement, weighed.verdict, *shares(found, supporting), reason, why, shown, *by)


def numbered(evidence: Sequence[Alignment], groups: Sequence[Sequence[Passage]]) -> tuple[Alignment, ...]:
    """Return the evidence with the number of the voice that each counted as, in the order in which they are first."""
    group_of = {passage: place for place, group in enumerate(groups) for passage in group}
    order = dict.fromkeys(group_of[item.passage] for item in evidence if item.passage in group_of)
    numbers = {place: number for number, place in enumerate(order, start=1)}
    return tuple(replace(item, voice=numbers.get(group_of.get(item.passage, -1), 0)) for item in evidence)


STANCES = {
    Verdict.SUPPORTED: (Stance.SUPPORTS, Stance.CONTRADICTS, Stance.NEUTRAL),
    Verdict.DISPUTED: (Stance.SUPPORTS, Stance.CONTRADICTS, Stance.NEUTRAL),
    Verdict.CONTRADICTED: (Stance.CONTRADICTS, Stance.SUPPORTS, Stance.NEUTRAL),
    Verdict.INSUFFICIENT: (),
}


def importance(alignment: Alignment, verdict: Verdict) -> tuple[int, bool, float, str, str]:
    """Return a key that sorts the alignment that decided first."""
    order = STANCES[verdict]
    place = order.index(alignment.stance) if order else 0
    return place, not alignment.passage.trusted, -alignment.p_supported, alignment.passage.sha256, alignment.passage.id


def both_sides(evidence: Sequence[Alignment], found: Sequence[Alignment]) -> list[Alignment]:
    """Return the evidence with the strongest contradiction second, so that a dispute shows both sides."""
    against = min(
        (item for item in found if item.stance is Stance.CONTRADICTS),
        key=lambda item: importance(item, Verdict.CONTRADICTED),
    )
    rest = [item for item in evidence[1:] if item is not against]
    return [evidence[0], against, *rest][:RECORDED]


def reason_of(weighed: Weighed, deciding: Alignment) -> Reason:
    """Return the reason; where a typed comparison decided, it is that comparison's name."""
    compared = weighed.reason is Reason.LOW_SCORE and deciding.rule is not Rule.SCORE
    if not (weighed.verdict is Verdict.CONTRADICTED or compared) or deciding.rule in {Rule.MATCH, Rule.TOPIC}:
        return weighed.reason
    return Reason(deciding.rule.value)


def shares(found: Sequence[Alignment], supporting: Sequence[Alignment]) -> tuple[float, float]:
    """Return P(supported) and P(contradicted): by what supports it most, and by what contradicts it if anything does.

    A trusted source goes before one that is not. Two sources may be sure of opposite things: together it is at most 1.
    """
    most = strongest(supporting or found, "p_supported")
    against = [item for item in found if item.stance is Stance.CONTRADICTS]
    contradicted = strongest(against, "p_contradicted").p_contradicted if against else most.p_contradicted
    total = max(1.0, most.p_supported + contradicted)
    return most.p_supported / total, contradicted / total


def strongest(found: Sequence[Alignment], share: str) -> Alignment:
    return max(found, key=lambda item: (item.passage.trusted, getattr(item, share)))
