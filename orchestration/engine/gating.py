"""GATING: claims against evidence and guardians' votes, on exactly the same texts."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.timezone import now

from audit.events import EventType
from audit.stakes import Stakes
from evidence import claims, gate
from evidence import records as evidence_records
from evidence.gate import Stronger
from evidence.passages import Passage
from evidence.verdicts import GateReport, Outcome, Stance, Verdict
from guardians import consensus
from guardians import records as guardian_records
from guardians.consensus import Consensus
from guardians.guardian import Ballot, Finding, Material, Part, Vote
from guardians.models import Policy
from guardians.panel import Cause
from guardians.redaction import mask
from guardians.transcript import Round, Transcript, redacts_again
from orchestration import material as materials
from orchestration import metrics, overriding, registry, verifications
from orchestration.engine.bench import Bench, Parts, State
from orchestration.engine.gathering import context_of, from_json
from orchestration.states import Kind

REVISIONS = 2


@dataclass(frozen=True, slots=True)
class Reviewed:
    """All votes on one material, and what consensus made of them."""

    votes: tuple[Vote, ...]
    consensus: Consensus
    material: str
    shown: Material
    second: Round | None = None
    changed: bool = False
    overridden: tuple[str, ...] = ()

    @property
    def redactions(self) -> tuple[Finding, ...]:
        """Return what is to be masked in the answer: the findings there of every vote that calls for it, united."""
        calling = (vote for vote in self.votes if vote.ballot is Ballot.ALLOW_WITH_REDACTION)
        findings = (finding for vote in calling for finding in vote.findings)
        return tuple(finding for finding in findings if finding.part is Part.ANSWER and finding.span is not None)


def review(bench: Bench, shown: Material, *, unasked: Mapping[str, str] | None = None) -> Reviewed:
    """Let every guardian vote, and join the votes. Of the material's digest, what only the run's key makes is kept."""
    votes = bench.parts.panel.hear(shown, unasked=unasked)
    metrics.observe_votes(votes, resting=bench.parts.panel.resting())
    digest = shown.digest()
    overridden = overriding.lifted(
        bench.journal.run, votes, answer=answer_in(shown), policy_hash=bench.parts.policy_hash
    )
    joined = consensus.decide(
        votes,
        material=digest,
        policy_hash=bench.parts.policy_hash,
        stakes=shown.stakes,
        policy=bench.parts.consensus,
        overridden=overridden,
    )
    kept = bench.journal.commitment(digest)
    known = tuple(replace(vote, material=kept) if vote.material == digest else vote for vote in votes)
    return Reviewed(known, joined, kept, shown, overridden=overridden)


def answer_in(shown: Material) -> str:
    return next(piece.text for piece in shown.pieces if piece.part is Part.ANSWER)


def judge(bench: Bench, state: State) -> State:
    """Return verdicts and consensus; the run goes on to DECISION, or back to PROCESSING with the gate's reasons."""
    report, reviewed, rechecked = look(bench, state)
    revision = state["revision"]
    record_claims(bench, report, revision=revision)
    record_review(bench, rechecked, revision=revision)
    if worth_revising(bench, report, revision=revision):
        bench.journal.move("process", revision=revision + 1)
        return {"revision": revision + 1, "refused": refused(report)}
    supported = sum(claim.verdict is Verdict.SUPPORTED for claim in report.claims)
    bench.journal.move(
        "consider",
        supported=supported,
        withheld=len(report.claims) - supported,
        revision=revision,
        policy_hash=bench.parts.policy_hash,
    )
    return {"grounds": grounds_of(report, rechecked), "claims": claims_json(report), "masks": masks_of(reviewed)}


def look(bench: Bench, state: State) -> tuple[GateReport, Reviewed, Reviewed]:
    """Judge the claims and collect the votes; where an answer is redacted, the votes on the redacted one too."""
    run = bench.journal.run
    answer = state["draft"]["text"]
    passages = tuple(from_json(document) for document in state["passages"])
    stakes = Stakes(run.stakes)
    report = gate.judge(
        claims.split(answer),
        passages,
        stakes=stakes,
        policy=bench.parts.gate,
        context=bench.request.question,
        stronger=within_the_step(bench),
        memory=verifications.memory(workspace=run.workspace_id, run_key=bench.journal.key.id),
        vectors=bench.parts.vectors,
    )
    shown = Material(
        pieces=materials.pieces_of(
            question=bench.request.question, answer=answer, passages=bearing(bench, report, state["passages"])
        ),
        facts={},
        stakes=stakes,
        policy_hash=bench.parts.policy_hash,
    )
    privacy = bench.parts.panel.one("privacy", shown)
    shown = replace(shown, facts=facts_of(bench, state, report, shown, privacy=privacy))
    reviewed = review(bench, shown, unasked=unasked_without(privacy))
    return report, reviewed, recheck(bench, shown, reviewed)


def within_the_step(bench: Bench) -> Stronger | None:
    """Return the stronger verifier, if one may decide here, with no more time than is left of the step and the run."""
    known = bench.parts.stronger
    return replace(known, seconds=bench.watch.seconds(known.seconds)) if known else None


def bearing(bench: Bench, report: GateReport, documents: Sequence[Mapping[str, Any]]) -> list[tuple[Part, Passage]]:
    """Return the passages that had a part in the run: those its claims rest on, and all that a model was shown."""
    shown_to_model = bench.request.kind is Kind.QUESTION and not bench.parts.provider.quotes
    used = {item.passage.id for c in report.claims for item in c.evidence if item.stance is not Stance.NEUTRAL}
    return [(Part(d["part"]), from_json(d)) for d in documents if shown_to_model or d["id"] in used]


def facts_of(bench: Bench, state: State, report: GateReport, shown: Material, *, privacy: Vote) -> Mapping[str, object]:
    return materials.facts_for(
        bench.request.facts,
        report=report,
        findings=privacy.findings,
        tools=facts_of_calls(bench, state),
        stakes=shown.stakes,
        on=now().astimezone(dt.UTC).date(),
    )


def facts_of_calls(bench: Bench, state: State) -> list[dict[str, object]]:
    """Return what the packs are told of each call that is asked for; where none is, nothing is looked up."""
    if not bench.request.actions:
        return []
    offered = registry.tools_of(bench.journal.run.workspace_id)
    context = context_of(bench, state)
    return [registry.policy_facts(offered.get(a.tool), context, a.arguments) for a in bench.request.actions]


def unasked_without(privacy: Vote) -> Mapping[str, str]:
    """Return who is not asked where Privacy could not say what it found: nobody can judge by facts that are unknown."""
    if privacy.ballot is not Ballot.ABSTAIN:
        return {}
    return {"privacy": privacy.reason, "compliance": f"{Cause.UNINFORMED}: nobody knows which personal data there are"}


def recheck(bench: Bench, shown: Material, reviewed: Reviewed) -> Reviewed:
    """Vote once more on a redacted answer. If that calls for another change, a person decides."""
    if reviewed.consensus.ballot is not Ballot.ALLOW_WITH_REDACTION:
        return reviewed
    redacted = mask(answer_in(shown), reviewed.redactions, key=bench.journal.key.key, policy=bench.parts.masking)
    second = review(bench, materials.with_answer(shown, redacted.text))
    changed = redacts_again(second.votes)
    joined = consensus.recheck(reviewed.consensus, second.consensus, changed=changed)
    return replace(reviewed, consensus=joined, second=Round(second.votes, second.material), changed=changed)


def grounds_of(report: GateReport, reviewed: Reviewed) -> dict[str, Any]:
    return {
        "outcome": report.outcome.value,
        "score": report.score,
        "disputed": any(claim.verdict is Verdict.DISPUTED for claim in report.claims),
        "ballot": reviewed.consensus.ballot.value,
        "reasons": list(reviewed.consensus.reasons),
        "people": reviewed.consensus.needs_people,
        "material": reviewed.material,
        "read_only": reviewed.consensus.read_only,
    }


def claims_json(report: GateReport) -> list[dict[str, Any]]:
    return [
        {
            "text": claim.statement.text,
            "start": claim.statement.span.start,
            "end": claim.statement.span.end,
            "verdict": claim.verdict.value,
            "passages": [item.passage.id for item in claim.evidence if item.stance.value == "SUPPORTS"],
            "evidence": [item.passage.sha256 for item in claim.evidence],
        }
        for claim in report.claims
    ]


def masks_of(reviewed: Reviewed) -> list[dict[str, Any]]:
    """Return where the answer has to be masked, as plain values."""
    return [
        {"start": f.span.start, "end": f.span.end, "kind": f.kind, "rule": f.rule, "score": f.score}
        for f in reviewed.redactions
        if f.span is not None
    ]


def record_claims(bench: Bench, report: GateReport, *, revision: int) -> None:
    run = bench.journal.run
    rows = evidence_records.bundle_rows(
        run.pk, report, revision=revision, policy=bench.parts.gate, key=bench.journal.key
    )
    bench.journal.add(rows.bundle, *rows.claims, *rows.evidence)
    bench.journal.enter(
        EventType.RUN_GATED,
        bundle=str(rows.bundle.pk),
        revision=revision,
        outcome=report.outcome.value,
        verifier=rows.bundle.verifier,
        calibration=rows.bundle.calibration,
        claims=[
            {"id": str(row.pk), "verdict": row.verdict, "reason": row.reason, "score": f"{row.score:.4f}", **by}
            for row, by in zip(rows.claims, deciders(report, rows.bundle.verifier), strict=True)
        ],
        evidence=[[str(row.claim_id), str(row.passage_id), row.passage_sha256, row.stance] for row in rows.evidence],
    )


def deciders(report: GateReport, usual: str) -> Iterator[dict[str, str]]:
    """Yield for each claim who decided it and by which calibration, where that is not the usual verifier."""
    for claim in report.claims:
        other = claim.verifier not in {"", usual}
        yield {"verifier": claim.verifier, "calibration": claim.calibration} if other else {}


def record_review(bench: Bench, reviewed: Reviewed, *, revision: int) -> None:
    run = bench.journal.run
    rows = guardian_records.review_rows(
        run.pk,
        reviewed.votes,
        reviewed.consensus,
        revision=revision,
        stakes=Stakes(run.stakes),
        material=reviewed.material,
        policy=bench.parts.policy_hash,
    )
    guardian_records.seal_shown(rows.review, reviewed.shown, key=bench.journal.key)
    heard = guardian_records.seal_heard(rows.review, transcript(bench, reviewed), key=bench.journal.key)
    bench.journal.add(*unknown_policy(bench.parts), rows.review, *rows.votes, *rows.findings)
    bench.journal.enter(
        EventType.RUN_REVIEWED,
        review=str(rows.review.pk),
        revision=revision,
        material=reviewed.material,
        policy=bench.parts.policy_hash,
        rule=reviewed.consensus.rule,
        outcome=reviewed.consensus.ballot.value,
        reasons=list(reviewed.consensus.reasons),
        dissent=list(reviewed.consensus.dissent),
        heard=heard,
        votes=[
            {"guardian": v.guardian, "vote": v.ballot.value, "version": v.version, "findings": len(v.findings)}
            for v in reviewed.votes
        ],
    )


def unknown_policy(parts: Parts) -> Sequence[Policy]:
    """Return the row of the policy in force where it is not on record yet. Only what is stored is believed."""
    if parts.policy_hash in parts.on_record:
        return ()
    if Policy.objects.filter(pk=parts.policy_hash).exists():
        parts.on_record.add(parts.policy_hash)
        return ()
    versions = {guardian.name: guardian.version for guardian in parts.guardians}
    return [guardian_records.policy_row(parts.policy_hash, parts.consensus, packs=parts.packs.hash, versions=versions)]


def transcript(bench: Bench, reviewed: Reviewed) -> Transcript:
    return Transcript(
        stakes=Stakes(bench.journal.run.stakes),
        policy_hash=bench.parts.policy_hash,
        policy=bench.parts.consensus,
        first=Round(reviewed.votes, reviewed.material),
        second=reviewed.second,
        changed=reviewed.changed,
        overridden=reviewed.overridden,
    )


def worth_revising(bench: Bench, report: GateReport, *, revision: int) -> bool:
    """Tell whether another draft could do better: our own draft, something refused, and tries left."""
    return (
        bench.request.kind is Kind.QUESTION
        and revision < REVISIONS
        and report.outcome in {Outcome.SOME_WITHHELD, Outcome.NONE_SUPPORTED}
        and not bench.parts.provider.quotes
    )


def refused(report: GateReport) -> list[str]:
    """Return the gate's reasons, each with the statement it is about."""
    return [f"{c.statement.text} ({c.reason.value})" for c in report.claims if c.verdict is not Verdict.SUPPORTED]
