"""Claims beside their evidence, as a page shows them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse

from audit.spans import Span
from evidence.records import ReadClaim, ReadEvidence
from evidence.states import ClaimState
from evidence.verdicts import Stance, Verdict
from orchestration.console import badges, grounds
from orchestration.console.badges import Badge
from orchestration.console.grounds import Chances, Portion, Side, laid_out, percent, rule_words
from orchestration.console.highlight import EXCERPT, Part, clipped, excerpt, plain, unheaded, unheaded_around, visible
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
PAIR_LIMIT = 90


@dataclass(frozen=True, slots=True)
class ShownEvidence:
    """One passage beside a claim.

    Attributes:
        number: its place beside the claim, from 1.
        document: the id of the document it is of; '' for a run's own passage.
        weight: what its source weighed, in words.
        before, after: the words around a short passage.
        whole: the passage, where ``parts`` is only an excerpt of it.
        same: the passage still has the hash that it was judged with.
        claimed, found: the words of the claim and of the passage that were compared; '' where all of the claim was.
    """

    number: int
    document: str
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
    weight: str
    claimed: tuple[Part, ...]
    found: tuple[Part, ...]


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
    """A claim beside its evidence.

    Attributes:
        reason: the code, which ``meaning`` says in a sentence; ``why`` says it of this claim.
        place: the anchor of where it stands in the answer; '' where the page does not show that.
        address: where its verdict can be appealed; '' where it cannot.
    """

    number: int
    id: str
    parts: tuple[Part, ...]
    verdict: Badge
    fate: Badge | None
    why: tuple[Part, ...]
    reason: str
    meaning: str
    rule: str
    verifier: str
    kind: str
    chances: Chances
    sides: tuple[Side, ...]
    evidence: tuple[ShownEvidence, ...]
    more: tuple[ShownEvidence, ...]
    left_out: int
    place: str = ""
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


def spread(tallies: Sequence[Tally]) -> tuple[Portion, ...]:
    """Return the verdicts as the parts of one bar."""
    total = sum(tally.count for tally in tallies)
    shares = [(tally.badge.tone, tally.badge.word, tally.count / total) for tally in tallies]
    return tuple(laid_out(shares, digits=0))


def shown(claim: ReadClaim) -> ShownClaim:
    found = sorted(claim.evidence, key=lambda item: (item.stance == Stance.NEUTRAL, -item.score))
    first = claim.evidence[0] if claim.evidence else None
    ordered = [first, *(item for item in found if item is not first)] if first else []
    looked_at = [shown_evidence(item, claim, number=n) for n, item in enumerate(ordered[:EVIDENCE], start=1)]
    speaking = sum(item.stance != Stance.NEUTRAL for item in ordered[:FIRST]) or 1
    return ShownClaim(
        number=claim.ordinal + 1,
        id=f"claim-{claim.ordinal + 1}",
        parts=excerpt(claim.text, decisive(ordered, claim), limit=CLAIM_LIMIT),
        verdict=badges.of_verdict(claim.verdict),
        fate=fate(claim.state),
        why=plain(clipped(claim.why, CLAIM_LIMIT)),
        reason=claim.reason,
        meaning=grounds.reason_words(claim.reason),
        rule=rule_words(claim.rule) if claim.rule else "",
        verifier=claim.verifier,
        kind=claim.kind.capitalize(),
        chances=grounds.chances(claim),
        sides=grounds.sides(claim, {item.passage: n for n, item in enumerate(ordered[:EVIDENCE], start=1)}),
        evidence=tuple(looked_at[:speaking]),
        more=tuple(looked_at[speaking:]),
        left_out=max(0, len(ordered) - EVIDENCE),
    )


def decisive(evidence: Sequence[ReadEvidence], claim: ReadClaim) -> Span:
    """Return the words of a claim that decided: those a conflict was found in, if there was one."""
    against = (item for item in evidence if item.stance == Stance.CONTRADICTS)
    deciding = next(against, None) if claim.verdict == Verdict.DISPUTED else None
    deciding = deciding or next(iter(evidence), None)
    return deciding.claim_span if deciding else Span(0, 0)


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


def shown_evidence(item: ReadEvidence, claim: ReadClaim, *, number: int) -> ShownEvidence:
    alone = len(item.text) <= SHORT
    narrow = 0 < item.claim_span.end - item.claim_span.start < len(claim.text)
    return ShownEvidence(
        number=number,
        document=str(item.document or ""),
        stance=badges.of_stance(item.stance),
        trust=badges.TRUSTED if item.trusted else badges.UNTRUSTED,
        source=visible(item.source),
        title=visible(item.title),
        before=visible(" ".join(unheaded(item.before[-CONTEXT_LIMIT:]).split())) if alone else "",
        parts=unheaded_around(excerpt(item.text, item.passage_span)),
        after=visible(" ".join(unheaded(item.after[:CONTEXT_LIMIT]).split())) if alone else "",
        whole=plain(clipped(item.text, WHOLE_LIMIT)) if len(item.text) > EXCERPT else (),
        sha256=item.sha256,
        same=item.intact,
        rule=rule_words(item.rule),
        score=percent(item.score),
        weight=grounds.weight_words(item.weight),
        claimed=plain(clipped(item.claim_span.of(claim.text), PAIR_LIMIT)) if narrow else (),
        found=plain(clipped(item.passage_span.of(item.text), PAIR_LIMIT)),
    )
