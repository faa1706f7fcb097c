"""Rows of what the guardians said and of what they were shown, built for the journal, and the way back from them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit import vault
from audit.fields import open_text, seal_text
from audit.ids import new_id
from audit.stakes import Stakes
from guardians import models
from guardians.consensus import Consensus, ConsensusPolicy
from guardians.guardian import Material, Part, Vote
from guardians.transcript import Transcript, TranscriptError, document_of, policy_document, policy_of, transcript_of


@dataclass(frozen=True, slots=True)
class Shown:
    """What the guardians were shown, but for the texts: those are kept where they belong.

    Attributes:
        pieces: part and reference of each text, in order.
        facts: as ``guardians.facts`` builds them.
    """

    pieces: tuple[tuple[Part, str], ...]
    facts: Mapping[str, object]


def seal_shown(review: models.Review, material: Material, *, key: vault.DataKey) -> None:
    """Put what was shown into the review (the row is not saved)."""
    document = {"pieces": [[piece.part.value, piece.ref] for piece in material.pieces], "facts": material.facts}
    seal_text(key, review, "shown_sealed", json.dumps(document, separators=(",", ":")))


def open_shown(review: models.Review, *, key: vault.DataKey) -> Shown | None:
    """Return what the guardians were shown; None for a review that is older than the record of it.

    Raises:
        SealError: the column was changed, or belongs to another review.
    """
    if review.shown_sealed is None:
        return None
    document: dict[str, Any] = json.loads(open_text(key, review, "shown_sealed"))
    return Shown(tuple((Part(part), ref) for part, ref in document["pieces"]), document["facts"])


def seal_heard(review: models.Review, known: Transcript, *, key: vault.DataKey) -> str:
    """Put all that consensus was made of into the review (the row is not saved); return the commitment to it."""
    text = json.dumps(document_of(known), separators=(",", ":"))
    seal_text(key, review, "heard_sealed", text)
    return vault.commitment(key, text)


def open_heard(review: models.Review, *, key: vault.DataKey) -> tuple[Transcript, str] | None:
    """Return all that consensus was made of, with the commitment to it; None for a review older than the record.

    Raises:
        SealError: the column was changed, or belongs to another review.
        TranscriptError: it was written in a format that this version does not read.
    """
    if review.heard_sealed is None:
        return None
    text = open_text(key, review, "heard_sealed")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise TranscriptError("the record is no JSON") from error
    return transcript_of(document), vault.commitment(key, text)


def policy_row(policy_hash: str, policy: ConsensusPolicy, *, packs: str, versions: Mapping[str, str]) -> models.Policy:
    """Return what has to be known of a policy to decide by it again, unsaved.

    Args:
        packs: hash of the set of packs; what they say is kept by ``guardians.activating``.
        versions: of the guardians, by name.
    """
    content = {"consensus": policy_document(policy), "packs": packs, "guardians": dict(versions)}
    return models.Policy(hash=policy_hash, content=content)


def policy_in(row: models.Policy) -> tuple[ConsensusPolicy, str]:
    """Return the consensus policy of a stored policy, and the hash of its set of packs."""
    content: Mapping[str, Any] = row.content
    return policy_of(content["consensus"]), content["packs"]


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
