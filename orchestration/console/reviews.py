"""A review as people read it: votes with their findings in the text, what consensus made of them, by which line."""

from dataclasses import dataclass

from guardians.guardian import Ballot
from guardians.lines import WHOLE, Ground, grounds
from guardians.models import Review, Vote
from orchestration.console import badges, wording
from orchestration.console.badges import Badge
from orchestration.console.findings import FINDINGS, ShownPiece, shown_pieces
from orchestration.console.grounds import percent
from orchestration.pieces import Pieces


@dataclass(frozen=True, slots=True)
class ShownVote:
    """A vote; ``total`` counts its findings, ``left_out`` those that are not in ``pieces``; what objects is open."""

    vote: Vote
    ballot: Badge
    dissents: bool
    score: int
    took: str
    pieces: tuple[ShownPiece, ...]
    total: int
    left_out: int
    opened: bool


@dataclass(frozen=True, slots=True)
class ShownGround:
    """Why the outcome is what it is: the reason in words, and the line of the rule that it comes from."""

    words: str
    ground: Ground


@dataclass(frozen=True, slots=True)
class ShownReview:
    """What consensus made of the votes.

    Attributes:
        decided: the grounds without which the outcome would be milder; of ALLOW there are none.
        beside: what else was said.
        law: a rule of a policy pack is among the findings.
    """

    review: Review
    ballot: Badge
    decided: tuple[ShownGround, ...]
    beside: tuple[ShownGround, ...]
    whole: str
    dissent: tuple[str, ...]
    votes: tuple[ShownVote, ...]
    law: bool


def shown_review(review: Review, pieces: Pieces) -> ShownReview:
    dissenters = {str(item).partition(":")[0] for item in review.dissent}
    votes = sorted(review.votes.all(), key=gravity)
    found = [shown_ground(one) for one in grounds(map(str, review.reasons), ballot=review.ballot, stakes=review.stakes)]
    return ShownReview(
        review=review,
        ballot=badges.of_ballot(review.ballot),
        decided=tuple(one for one in found if one.ground.decides),
        beside=tuple(one for one in found if not one.ground.decides),
        whole=WHOLE,
        dissent=tuple(wording.dissent(str(item)) for item in review.dissent),
        votes=tuple(shown_vote(review, vote, pieces, dissents=vote.guardian in dissenters) for vote in votes),
        law=any(vote.guardian == "compliance" and vote.findings.all() for vote in votes),
    )


def gravity(vote: Vote) -> tuple[bool, str]:
    """Return the place of a vote on the page: those that object first, then by name."""
    return not objects(vote), vote.guardian


def objects(vote: Vote) -> bool:
    return vote.ballot not in {Ballot.ALLOW, Ballot.ABSTAIN}


def shown_ground(ground: Ground) -> ShownGround:
    return ShownGround(wording.sentence(wording.of_consensus(ground.code)), ground)


def shown_vote(review: Review, vote: Vote, pieces: Pieces, *, dissents: bool) -> ShownVote:
    total = len(vote.findings.all())
    return ShownVote(
        vote=vote,
        ballot=badges.of_ballot(vote.ballot),
        dissents=dissents,
        score=percent(vote.score),
        took=wording.milliseconds(vote.elapsed_us),
        pieces=shown_pieces(review, vote, pieces),
        total=total,
        left_out=max(0, total - FINDINGS),
        opened=objects(vote) and total > 0,
    )
