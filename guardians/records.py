"""Rows of what the guardians said, built for the journal, and the packs that were in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from audit.ids import new_id
from audit.stakes import Stakes
from guardians import models
from guardians.consensus import Consensus
from guardians.guardian import Vote


@dataclass(frozen=True, slots=True)
class ReviewRows:
    review: models.Review
    votes: tuple[models.Vote, ...]
    findings: tuple[models.Finding, ...]


def vote_row(review: models.Review, vote: Vote) -> models.Vote:
    return models.Vote(
        review_id=review.pk,
        guardian=vote.guardian,
        ballot=vote.ballot.value,
        basis=vote.basis.value,
        hard=vote.hard,
        score=vote.score,
        reason=vote.reason[:300],
        backend=vote.backend,
        version=vote.version,
        material=vote.material,
        policy_hash=vote.policy_hash,
        elapsed_us=vote.elapsed_us,
    )


def finding_rows(row: models.Vote, vote: Vote) -> list[models.Finding]:
    return [
        models.Finding(
            vote_id=row.pk,
            rule=finding.rule,
            kind=finding.kind,
            part=finding.part.value,
            ref=finding.ref[:200],
            start=finding.span.start if finding.span else None,
            end=finding.span.end if finding.span else None,
            score=finding.score,
            citation=finding.citation[:300],
        )
        for finding in vote.findings
    ]


def review_rows(
    run: UUID, votes: Sequence[Vote], consensus: Consensus, *, revision: int, stakes: Stakes, material: str, policy: str
) -> ReviewRows:
    """Return the rows of one review, unsaved."""
    review = models.Review(
        id=new_id(),
        run=run,
        revision=revision,
        stakes=stakes.value,
        ballot=consensus.ballot.value,
        rule=consensus.rule,
        reasons=list(consensus.reasons),
        dissent=list(consensus.dissent),
        needs_people=consensus.needs_people,
        material=material,
        policy_hash=policy,
    )
    rows = tuple(vote_row(review, vote) for vote in votes)
    pairs = zip(rows, votes, strict=True)
    return ReviewRows(review, rows, tuple(finding for row, vote in pairs for finding in finding_rows(row, vote)))
