"""A review as people read it: votes with their findings in the text, what consensus made of them, by which line."""

from dataclasses import dataclass

from guardians.guardian import Ballot
from guardians.lines import WHOLE, Ground, grounds
from guardians.models import Review, Vote
from guardians.panel import cause_of
from orchestration.console import badges, findingwords, wording
from orchestration.console.badges import Badge
from orchestration.console.findings import FINDINGS, ShownPiece, shown_pieces
from orchestration.console.grounds import percent
from orchestration.pieces import Pieces

COMES_TO: dict[str, str] = {
    Ballot.ALLOW: "The guardians have nothing against it.",
    Ballot.ALLOW_WITH_REDACTION: "It may go out once what they named is masked.",
    Ballot.ESCALATE: "A person has to decide before anything is published or done.",
    Ballot.DENY: "Nothing may be published or done.",
}


@dataclass(frozen=True, slots=True)
class ShownVote:
    """A vote.

    Attributes:
        words: what it says, in a sentence for people; its own reason stands beside it.
        gravest: how grave its gravest sign is, in percent; None where there is no sign at all.
        total: how many findings it has; ``left_out`` of them are not in ``pieces``.
        opened: its findings are shown at once, because it objects.
    """

    vote: Vote
    ballot: Badge
    words: str
    dissents: bool
    gravest: int | None
    took: str
    pieces: tuple[ShownPiece, ...]
    total: int
    left_out: int
    opened: bool


@dataclass(frozen=True, slots=True)
class ShownGround:
    """Why the outcome is what it is: the reason in words, what follows from it, and the line of the rule for that."""

    words: str
    meaning: str
    ground: Ground


@dataclass(frozen=True, slots=True)
class ShownReview:
    """What consensus made of the votes.

    Attributes:
        comes_to: what follows from the ballot, in a sentence.
        decided: the grounds without which the outcome would be milder; of ALLOW there are none.
        beside: what else was said.
        law: a rule of a policy pack is among the findings.
    """

    review: Review
    ballot: Badge
    comes_to: str
    decided: tuple[ShownGround, ...]
    beside: tuple[ShownGround, ...]
    whole: str
    dissent: tuple[str, ...]
    votes: tuple[ShownVote, ...]
    law: bool


def shown_review(review: Review, pieces: Pieces) -> ShownReview:
    dissenters = {str(item).partition(":")[0] for item in review.dissent}
    votes = sorted(review.votes.all(), key=gravity)
    found = [
        shown_ground(one, review.stakes)
        for one in grounds(map(str, review.reasons), ballot=review.ballot, stakes=review.stakes)
    ]
    return ShownReview(
        review=review,
        ballot=badges.of_ballot(review.ballot),
        comes_to=COMES_TO.get(review.ballot, ""),
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


def shown_ground(ground: Ground, stakes: str) -> ShownGround:
    words = wording.sentence(wording.of_consensus(ground.code))
    return ShownGround(words, wording.meaning(ground.code, stakes=stakes), ground)


def shown_vote(review: Review, vote: Vote, pieces: Pieces, *, dissents: bool) -> ShownVote:
    found = list(vote.findings.all())
    total = len(found)
    return ShownVote(
        vote=vote,
        ballot=badges.of_ballot(vote.ballot),
        words=findingwords.of_vote(vote, found, cause=cause_of(vote.ballot, vote.reason)),
        dissents=dissents,
        gravest=percent(vote.score) if vote.score else None,
        took=wording.milliseconds(vote.elapsed_us),
        pieces=shown_pieces(review, vote, pieces),
        total=total,
        left_out=max(0, total - FINDINGS),
        opened=objects(vote) and total > 0,
    )
