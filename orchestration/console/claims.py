"""Claims beside their evidence, as a page shows them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse

from audit.spans import Span
from evidence.records import ReadClaim, ReadEvidence
from evidence.states import ClaimState
from evidence.verdicts import Rule, Stance, Verdict
from orchestration.console import badges
from orchestration.console.badges import Badge
from orchestration.console.highlight import EXCERPT, Part, clipped, excerpt, plain, visible
from orchestration.models import Appeal, Run
from orchestration.records import ReadAppeal
from orchestration.states import AppealState, RunState

PAGE = 40
EVIDENCE = 12
FIRST = 2
CLAIM_LIMIT = 1_500
CONTEXT_LIMIT = 160
SHORT = 200
WHOLE_LIMIT = 6_000

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


def rule_words(rule: str) -> str:
    return RULES[Rule(rule)] if rule in set(Rule) else rule


@dataclass(frozen=True, slots=True)
class ShownEvidence:
    """One passage beside a claim.

    Attributes:
        before, after: the words around a short passage.
        whole: the passage, where ``parts`` is only an excerpt of it.
        same: the passage still has the hash that it was judged with.
    """

    id: str
    stance: Badge
    trust: Badge
    source: str
    title: str
    before: str
    parts: tuple[Part, ...]
    after: str
    whole: tuple[Part, ...]
    sha256: str
    same: bool
    rule: str
    score: int


@dataclass(frozen=True, slots=True)
class ShownAppeal:
    """What was said of a verdict; ``who`` made the appeal, ``by`` decided it."""

    row: Appeal
    badge: Badge
    wanted: Badge
    who: str
    by: str
    reason: tuple[Part, ...]
    word: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class ShownClaim:
    """A claim; ``address`` is where its verdict can be appealed, empty where it cannot."""

    number: int
    id: str
    parts: tuple[Part, ...]
    verdict: Badge
    fate: Badge | None
    why: tuple[Part, ...]
    rule: str
    verifier: str
    kind: str
    score: int
    evidence: tuple[ShownEvidence, ...]
    more: tuple[ShownEvidence, ...]
    left_out: int
    appeals: tuple[ShownAppeal, ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many claims have one verdict, and whether the page shows only those."""

    verdict: str
    badge: Badge
    count: int
    chosen: bool


def tallies(claims: Sequence[ReadClaim], *, chosen: str) -> tuple[Tally, ...]:
    """Return the verdicts that occur, in the order of the glossary."""
    counts = Counter(claim.verdict for claim in claims)
    return tuple(Tally(v.value, badges.of_verdict(v), counts[v], v == chosen) for v in Verdict if counts[v])


def shown(claim: ReadClaim) -> ShownClaim:
    found = sorted(claim.evidence, key=lambda item: (item.stance == Stance.NEUTRAL, -item.score))
    first = claim.evidence[0] if claim.evidence else None
    ordered = [first, *(item for item in found if item is not first)] if first else []
    looked_at = [shown_evidence(item) for item in ordered[:EVIDENCE]]
    speaking = sum(item.stance != Stance.NEUTRAL for item in ordered[:FIRST]) or 1
    span = first.claim_span if first and claim.verdict != Verdict.SUPPORTED else Span(0, 0)
    return ShownClaim(
        number=claim.ordinal + 1,
        id=f"claim-{claim.ordinal + 1}",
        parts=excerpt(claim.text, span, limit=CLAIM_LIMIT),
        verdict=badges.of_verdict(claim.verdict),
        fate=fate(claim.state),
        why=plain(clipped(claim.why, CLAIM_LIMIT)),
        rule=rule_words(claim.rule) if claim.rule else "",
        verifier=claim.verifier,
        kind=claim.kind.capitalize(),
        score=percent(claim.score),
        evidence=tuple(looked_at[:speaking]),
        more=tuple(looked_at[speaking:]),
        left_out=max(0, len(ordered) - EVIDENCE),
    )


def shown_appeal(item: ReadAppeal, who: Mapping[str, str]) -> ShownAppeal:
    row = item.row
    return ShownAppeal(
        row=row,
        badge=badges.APPEALS[AppealState(row.state)],
        wanted=badges.of_verdict(row.wanted),
        who=who.get(row.requested_by, row.requested_by),
        by=who.get(row.decided_by, row.decided_by),
        reason=plain(item.reason),
        word=plain(item.word) if item.word else (),
    )


def with_appeals(
    claim: ReadClaim, appeals: Sequence[ReadAppeal], who: Mapping[str, str], *, run: Run, may_appeal: bool = False
) -> ShownClaim:
    """Return a claim with the appeals on it, and the way to one where none waits and the run is completed."""
    own = [item for item in appeals if item.row.claim_id == claim.id]
    waits = any(item.row.state == AppealState.PENDING for item in own)
    may = may_appeal and run.state == RunState.COMPLETED and not waits
    return replace(
        shown(claim),
        appeals=tuple(shown_appeal(item, who) for item in own),
        address=reverse("console:appeal-claim", args=[run.pk, claim.id]) if may else "",
    )


def fate(state: str) -> Badge | None:
    """Return whether a claim is in the answer; None while that is open."""
    match state:
        case ClaimState.PUBLISHED:
            return badges.PUBLISHED
        case ClaimState.WITHHELD:
            return badges.WITHHELD
        case _:
            return None


def percent(score: float) -> int:
    return round(max(0.0, min(1.0, score)) * 100)


def shown_evidence(item: ReadEvidence) -> ShownEvidence:
    alone = len(item.text) <= SHORT
    return ShownEvidence(
        id=str(item.passage),
        stance=badges.of_stance(item.stance),
        trust=badges.TRUSTED if item.trusted else badges.UNTRUSTED,
        source=visible(item.source),
        title=visible(item.title),
        before=visible(" ".join(item.before[-CONTEXT_LIMIT:].split())) if alone else "",
        parts=excerpt(item.text, item.passage_span),
        after=visible(" ".join(item.after[:CONTEXT_LIMIT].split())) if alone else "",
        whole=plain(clipped(item.text, WHOLE_LIMIT)) if len(item.text) > EXCERPT else (),
        sha256=item.sha256,
        same=item.intact,
        rule=rule_words(item.rule),
        score=percent(item.score),
    )
