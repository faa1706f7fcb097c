"""What people decide about when a verdict is appealed, and what their word is bound to."""

from audit import canonical, vault
from audit.fields import open_text
from audit.vault import DataKey
from evidence.models import Claim, Evidence
from evidence.models import Passage as PassageRow
from evidence.records import hash_of, passage_text
from orchestration.models import Appeal


def binding(appeal: Appeal, *, key: DataKey) -> str:
    """Return the hash of exactly what is shown, made from the rows and texts as they are now (64 hex digits).

    Raises:
        SealError: one of the texts is not what was written.
    """
    shown: dict[str, canonical.JSON] = {
        "run": str(appeal.run_id),
        "claim": judgement(appeal.claim, key),
        "evidence": [compared(row, key) for row in evidence_of(appeal.claim)],
        "wanted": appeal.wanted,
        "reason": vault.commitment(key, open_text(key, appeal, "reason_sealed")),
        "passage": named(appeal.passage, key) if appeal.passage is not None else [],
    }
    return canonical.digest(canonical.encode(shown)).hex()


def evidence_of(claim: Claim) -> list[Evidence]:
    return list(claim.evidence.select_related("passage").order_by("id"))


def judgement(claim: Claim, key: DataKey) -> dict[str, canonical.JSON]:
    return {
        "id": str(claim.pk),
        "text": vault.commitment(key, open_text(key, claim, "text_sealed")),
        "why": vault.commitment(key, open_text(key, claim, "why_sealed")),
        "verdict": claim.verdict,
        "fate": claim.state,
        "reason": claim.reason,
        "rule": claim.rule,
        "score": f"{claim.score:.6f}",
        "verifier": claim.bundle.verifier,
        "calibration": claim.bundle.calibration,
    }


def compared(row: Evidence, key: DataKey) -> list[canonical.JSON]:
    """Return what a claim was compared with: the passage as it was judged and as it is, and what came of it."""
    spans = [row.claim_start, row.claim_end, row.passage_start, row.passage_end]
    came = [row.stance, row.rule, f"{row.score:.6f}", row.verifier, row.calibration]
    return [*named(row.passage, key), row.passage_sha256, *spans, *came]


def named(passage: PassageRow, key: DataKey) -> list[canonical.JSON]:
    return [str(passage.pk), hash_of(passage, passage_text(passage, key), key)]
