"""Which numbered line of the consensus rule an outcome rests on."""

from itertools import product

import pytest

from audit.stakes import Stakes
from guardians import consensus, lines
from guardians.consensus import DEFAULT_CONSENSUS, Band, ConsensusPolicy
from guardians.guardian import Ballot, Basis, Vote

NAMES = ("safety", "privacy", "compliance")
POLICIES = (
    DEFAULT_CONSENSUS,
    ConsensusPolicy(required={}, second_safety="second", uncertain={"safety": Band(0.4, 0.6)}, optional=NAMES),
)


def vote(name: str, ballot: Ballot, *, hard: bool = False, score: float = 0.0, material: str = "m") -> Vote:
    return Vote(name, ballot, (), score, Basis.DETERMINISTIC, hard, "", "rules", "1", material, "p")


def deciding(*votes: Vote, stakes: Stakes = Stakes.MEDIUM) -> list[tuple[str, int]]:
    joined = consensus.decide(votes, material="m", policy_hash="p", stakes=stakes, policy=DEFAULT_CONSENSUS)
    found = lines.grounds(joined.reasons, ballot=joined.ballot, stakes=stakes)
    return [(one.code, one.line) for one in found if one.decides]


def all_of(ballot: Ballot) -> list[Vote]:
    return [vote(name, ballot) for name in NAMES]


def test_a_veto_is_line_one_and_other_demands_do_not_decide_beside_it() -> None:
    votes = (vote("safety", Ballot.ESCALATE), vote("privacy", Ballot.DENY, hard=True), vote("compliance", Ballot.ALLOW))
    assert deciding(*votes) == [("hard_deny:privacy", 1)]


@pytest.mark.parametrize("stakes", Stakes)
def test_a_soft_denial_is_line_two_at_any_stakes(stakes: Stakes) -> None:
    votes = (vote("safety", Ballot.DENY), vote("privacy", Ballot.ALLOW), vote("compliance", Ballot.ALLOW))
    assert deciding(*votes, stakes=stakes) == [("soft_deny:safety", 2)]


@pytest.mark.parametrize("stakes", Stakes)
def test_who_had_to_vote_and_did_not_is_line_four(stakes: Stakes) -> None:
    votes = (vote("safety", Ballot.ABSTAIN), vote("privacy", Ballot.ALLOW), vote("compliance", Ballot.ALLOW))
    assert deciding(*votes, stakes=stakes) == [("required_guardian_abstained:safety", 4)]


def test_a_vote_on_something_else_says_why_and_the_absence_decides() -> None:
    votes = (vote("safety", Ballot.ALLOW, material="other"), *all_of(Ballot.ALLOW)[1:])
    joined = consensus.decide(votes, material="m", policy_hash="p", stakes=Stakes.MEDIUM, policy=DEFAULT_CONSENSUS)
    found = lines.grounds(joined.reasons, ballot=joined.ballot, stakes=Stakes.MEDIUM)
    told = [(one.code, one.line, one.decides) for one in found]
    assert told[0] == ("required_guardian_abstained:safety", 4, True)
    assert ("material_differs:safety", 3, False) in told


def test_the_lines_are_those_of_the_rule_as_it_is_written() -> None:
    assert lines.rule()[1].startswith(
        "A DENY from a deterministic rule marked hard is a veto: DENY, or ESCALATE where two"
    )
    assert set(lines.LINES.values()) == set(lines.rule()) == set(range(1, 8))


@pytest.mark.parametrize("stakes", [*Stakes, "?"])
def test_whatever_the_votes_an_outcome_above_allow_has_a_deciding_ground_and_every_reason_is_known(stakes: str) -> None:
    ballots = tuple(product(Ballot, repeat=3))
    cases = [
        ([vote(n, b, score=s, hard=h) for n, b in zip(NAMES, case, strict=True)], policy)
        for case, s, h, policy in product(ballots, (0.0, 0.5), (False, True), POLICIES)
    ]
    for votes, policy in [*cases, ([], DEFAULT_CONSENSUS), ([vote("stranger", Ballot.ALLOW)] * 2, DEFAULT_CONSENSUS)]:
        joined = consensus.decide(votes, material="m", policy_hash="p", stakes=stakes, policy=policy)  # type: ignore[arg-type]
        found = lines.grounds(joined.reasons, ballot=joined.ballot, stakes=stakes)
        assert any(one.decides for one in found) or joined.ballot is Ballot.ALLOW
        assert {one.code.partition(":")[0] for one in found} <= {*lines.LINES, "escalated", "redact"}
