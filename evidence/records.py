"""Rows of what the gate found, built for the journal, and the way back to readable claims."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from django.db.models import F, Prefetch, QuerySet
from django.db.models.functions import Greatest, Least, Substr

from audit import vault
from audit.fields import open_text, seal_text
from audit.ids import new_id
from audit.spans import Span
from evidence import models
from evidence.gate import GatePolicy
from evidence.passages import Passage
from evidence.sources import Tie, tie
from evidence.verdicts import Alignment, GateReport, JudgedClaim, Verdict

CONTEXT = 240


def run_passage(run: UUID, passage: Passage, *, key: vault.DataKey) -> models.Passage:
    """Return the row of a passage that belongs to one run: its text is sealed with the run's key."""
    row = models.Passage(
        id=UUID(passage.id),
        run=run,
        origin=passage.source[:200],
        trusted=passage.trusted,
        end=len(passage.text),
        sha256=passage.sha256,
    )
    seal_text(key, row, "text_sealed", passage.text)
    return row


def judge_state(claim: models.Claim, verdict: Verdict) -> None:
    match verdict:
        case Verdict.SUPPORTED:
            claim.support()
        case Verdict.CONTRADICTED:
            claim.contradict()
        case Verdict.INSUFFICIENT:
            claim.find_insufficient()
        case Verdict.DISPUTED:
            claim.dispute()
        case _:
            assert_never(verdict)


def claim_row(bundle: models.ClaimBundle, judged: JudgedClaim, *, ordinal: int, key: vault.DataKey) -> models.Claim:
    row = models.Claim(
        bundle_id=bundle.pk,
        key_id=key.id,
        ordinal=ordinal,
        kind=judged.statement.kind.value,
        start=judged.statement.span.start,
        end=judged.statement.span.end,
        score=judged.p_supported,
        p_contradicted=judged.p_contradicted,
        reason=judged.reason.value,
        rule=judged.evidence[0].rule.value if judged.evidence else "",
    )
    seal_text(key, row, "text_sealed", judged.statement.text)
    seal_text(key, row, "why_sealed", judged.why)
    judge_state(row, judged.verdict)
    return row


def decided_by(alignment: Alignment, judged: JudgedClaim, *, policy: GatePolicy) -> tuple[str, str]:
    """Return the ids of the verifier that found an alignment, and of its calibration."""
    if alignment.verifier and alignment.verifier == judged.verifier:
        return judged.verifier, judged.calibration
    calibration = policy.calibration
    return (calibration.verifier, calibration.id) if calibration else ("", "")


def evidence_rows(claim: models.Claim, judged: JudgedClaim, *, policy: GatePolicy) -> Iterator[models.Evidence]:
    for alignment in judged.evidence:
        verifier, calibration = decided_by(alignment, judged, policy=policy)
        yield models.Evidence(
            claim_id=claim.pk,
            passage_id=UUID(alignment.passage.id),
            passage_sha256=alignment.passage.sha256,
            stance=alignment.stance.value,
            trusted=alignment.passage.trusted,
            weight=alignment.passage.weight,
            score=alignment.p_supported,
            p_contradicted=alignment.p_contradicted,
            voice=alignment.voice,
            rule=alignment.rule.value,
            claim_start=alignment.claim_span.start,
            claim_end=alignment.claim_span.end,
            passage_start=alignment.passage_span.start,
            passage_end=alignment.passage_span.end,
            verifier=verifier,
            calibration=calibration,
        )


@dataclass(frozen=True, slots=True)
class BundleRows:
    bundle: models.ClaimBundle
    claims: tuple[models.Claim, ...]
    evidence: tuple[models.Evidence, ...]


def bundle_rows(run: UUID, report: GateReport, *, revision: int, policy: GatePolicy, key: vault.DataKey) -> BundleRows:
    """Return the rows of one gate report, unsaved."""
    calibration = policy.calibration
    bundle = models.ClaimBundle(
        id=new_id(),
        run=run,
        revision=revision,
        outcome=report.outcome.value,
        score=report.score,
        verifier=calibration.verifier if calibration else "",
        calibration=calibration.id if calibration else "",
        threshold=calibration.threshold if calibration else None,
    )
    claims = tuple(claim_row(bundle, judged, ordinal=n, key=key) for n, judged in enumerate(report.claims))
    pairs = zip(claims, report.claims, strict=True)
    rows = tuple(row for claim, judged in pairs for row in evidence_rows(claim, judged, policy=policy))
    return BundleRows(bundle, claims, rows)


@dataclass(frozen=True, slots=True)
class Twin:
    """Another passage of the same voice, and why it is the same."""

    passage: UUID
    tie: Tie


@dataclass(frozen=True, slots=True)
class ReadEvidence:
    """One passage beside a claim, with the spans to highlight in both.

    Attributes:
        trusted, weight: the source's, when the claim was judged.
        host: the web host that its document was published on; '' where that is not known.
        original: the hash of its document's bytes, in hex; '' where that is not known.
        document: the document that it is of; None for a run's own passage.
        score, p_contradicted: how likely it supports and contradicts the claim, 0 to 1; None in older rows.
        voice: the independent voice it counted as, from 1; 0 where it did not count.
        twins: the passages beside the claim that counted as the same voice and are directly tied to it.
        before, after: the document's words around a reference passage, at most ``CONTEXT`` characters each.
        sha256: of the text the claim was judged by; for a run's own passage under the run's key (``vault.commitment``).
        intact: the text still is that one.
    """

    passage: UUID
    source: str
    title: str
    trusted: bool
    weight: float
    host: str
    original: str
    document: UUID | None
    before: str
    text: str
    after: str
    sha256: str
    intact: bool
    stance: str
    score: float
    p_contradicted: float | None
    voice: int
    rule: str
    claim_span: Span
    passage_span: Span
    verifier: str
    twins: tuple[Twin, ...] = ()

    def witness(self) -> Passage:
        """Return it as voices are counted."""
        return Passage(str(self.passage), self.source, self.text, self.sha256, host=self.host, original=self.original)


@dataclass(frozen=True, slots=True)
class ReadClaim:
    """A claim in clear, with the evidence it was judged by.

    Attributes:
        score, p_contradicted: how likely it is supported and contradicted, 0 to 1; the latter None in older rows.
        threshold: the least score of the first verifier that supported then; None where another one decided, or where
            that is not known.
        span: where it stands in the draft.
        verifier: the id of the one whose verdict it is.
    """

    id: UUID
    ordinal: int
    text: str
    why: str
    kind: str
    state: str
    verdict: str
    score: float
    p_contradicted: float | None
    threshold: float | None
    reason: str
    rule: str
    span: Span
    verifier: str
    evidence: tuple[ReadEvidence, ...]


def passage_text(row: models.Passage, key: vault.DataKey) -> str:
    return row.text if row.text_sealed is None else open_text(key, row, "text_sealed")


def hash_of(row: models.Passage, text: str, key: vault.DataKey) -> str:
    """Return the hash a passage's text must have: in clear for a document's, under the run's key for a run's own."""
    if row.text_sealed is not None:
        return vault.commitment(key, text)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_evidence(row: models.Evidence, key: vault.DataKey) -> ReadEvidence:
    passage = row.passage
    text = passage_text(passage, key)
    return ReadEvidence(
        passage=passage.pk,
        source=passage.origin,
        title=passage.document.title if passage.document else passage.origin,
        trusted=passage.trusted if row.trusted is None else row.trusted,
        weight=row.weight,
        host=passage.document.host if passage.document else "",
        original=passage.document.original_sha256 if passage.document else "",
        document=passage.document_id,
        before=getattr(row, "before", None) or "",
        text=text,
        after=getattr(row, "after", None) or "",
        sha256=row.passage_sha256,
        intact=hash_of(passage, text, key) == row.passage_sha256,
        stance=row.stance,
        score=row.score,
        p_contradicted=row.p_contradicted,
        voice=row.voice,
        rule=row.rule,
        claim_span=Span(row.claim_start, row.claim_end),
        passage_span=Span(row.passage_start, row.passage_end),
        verifier=row.verifier,
    )


def with_twins(found: Sequence[ReadEvidence]) -> tuple[ReadEvidence, ...]:
    """Return the evidence of a claim, each with those that counted as the same voice, and why."""
    return tuple(replace(item, twins=tuple(twins_of(item, found))) if item.voice else item for item in found)


def twins_of(one: ReadEvidence, found: Sequence[ReadEvidence]) -> Iterator[Twin]:
    for other in found:
        if other is not one and other.voice == one.voice and (why := tie(one.witness(), other.witness())):
            yield Twin(other.passage, why)


def evidence_in_context() -> QuerySet[models.Evidence]:
    """Return evidence, the deciding one first, with the words around its passage; documents stay in the database."""
    text, start, end = (F(f"passage__{name}") for name in ("document__text", "start", "end"))
    before = Substr(text, Greatest(start - (CONTEXT - 1), 1), Least(start, CONTEXT))
    rows = models.Evidence.objects.select_related("passage__document").defer("passage__document__text").order_by("id")
    return rows.annotate(before=before, after=Substr(text, end + 1, CONTEXT))


def read_claims(run: UUID, *, key: vault.DataKey) -> tuple[ReadClaim, ...]:
    """Return the claims of a run's last bundle in clear. The caller has written the access entry before."""
    bundle = models.ClaimBundle.objects.filter(run=run).order_by("-revision").first()
    if bundle is None:
        return ()
    rows = bundle.claims.order_by("ordinal").prefetch_related(Prefetch("evidence", queryset=evidence_in_context()))
    return tuple(read_claim(row, bundle, key) for row in rows)


def read_claim(row: models.Claim, bundle: models.ClaimBundle, key: vault.DataKey) -> ReadClaim:
    evidence = [read_evidence(item, key) for item in row.evidence.all()]
    verifier = evidence[0].verifier if evidence else bundle.verifier
    return ReadClaim(
        id=row.pk,
        ordinal=row.ordinal,
        text=open_text(key, row, "text_sealed"),
        why=open_text(key, row, "why_sealed"),
        kind=row.kind,
        state=row.state,
        verdict=row.verdict,
        score=row.score,
        p_contradicted=row.p_contradicted,
        threshold=bundle.threshold if verifier == bundle.verifier else None,
        reason=row.reason,
        rule=row.rule,
        span=Span(row.start, row.end),
        verifier=verifier,
        evidence=with_twins(evidence),
    )
