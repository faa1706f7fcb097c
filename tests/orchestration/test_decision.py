"""The decision over gate, guardians and tool risk: the complete table, and that it only ever gets stricter."""

import json
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.verdicts import Outcome
from guardians.guardian import Ballot
from guardians.toolrisk import Tier
from orchestration.decision import (
    ActionRisk,
    Decided,
    Grounds,
    action_document,
    action_of,
    binding,
    decide,
    published,
)
from orchestration.states import Decision

STRICTNESS = [Decision.PUBLISH, Decision.PUBLISH_PARTIAL, Decision.ESCALATE, Decision.REFUSE]
BALLOTS = [Ballot.ALLOW, Ballot.ALLOW_WITH_REDACTION, Ballot.ESCALATE, Ballot.DENY]
OUTCOMES = [Outcome.ALL_SUPPORTED, Outcome.SOME_WITHHELD, Outcome.NONE_SUPPORTED]
SHOWN = {"run": "r", "answer": "a", "claims": ["c"], "actions": ["x"], "policy_hash": "p", "material": "m"}


def grounds(
    outcome: Outcome = Outcome.ALL_SUPPORTED,
    *,
    ballot: Ballot = Ballot.ALLOW,
    disputed: bool = False,
    people: int = 0,
    reasons: tuple[str, ...] = (),
) -> Grounds:
    return Grounds(outcome=outcome, disputed=disputed, ballot=ballot, reasons=reasons, people=people)


def risk(tier: Tier, refused: str = "") -> ActionRisk:
    return ActionRisk(tool="desk/file_ticket", tier=tier, refused=refused)


def expected(found: Grounds, tiers: tuple[Tier, ...]) -> Decision:
    """Return what the rule in words says: refuse, else ask people, else publish what is supported."""
    if found.ballot is Ballot.DENY or found.outcome in {Outcome.NONE_SUPPORTED, Outcome.NO_CLAIMS}:
        return Decision.REFUSE
    asks = found.ballot in {Ballot.ESCALATE, Ballot.ABSTAIN} or found.disputed or found.people > 0
    if asks or any(tier >= Tier.MODIFY for tier in tiers):
        return Decision.ESCALATE
    return Decision.PUBLISH if found.outcome is Outcome.ALL_SUPPORTED else Decision.PUBLISH_PARTIAL


TABLE = list(product(Outcome, Ballot, [False, True], [0, 1, 2], [(), *((tier,) for tier in Tier)]))


def test_the_complete_table() -> None:
    for outcome, ballot, disputed, people, tiers in TABLE:
        found = grounds(outcome, ballot=ballot, disputed=disputed, people=people)
        assert decide(found, [risk(tier) for tier in tiers]).decision is expected(found, tiers)
    assert len(TABLE) == 4 * 5 * 2 * 3 * 6


def test_every_decision_gives_a_reason() -> None:
    for outcome, ballot, disputed, people, tiers in TABLE:
        decided = decide(grounds(outcome, ballot=ballot, disputed=disputed, people=people), [risk(t) for t in tiers])
        assert decided.reasons


def test_people_are_asked_for_exactly_when_it_is_escalated() -> None:
    for outcome, ballot, disputed, people, tiers in TABLE:
        decided = decide(grounds(outcome, ballot=ballot, disputed=disputed, people=people), [risk(t) for t in tiers])
        assert (decided.people >= 1) == (decided.decision is Decision.ESCALATE)


GROUNDS = st.builds(
    grounds,
    st.sampled_from(OUTCOMES),
    ballot=st.sampled_from(BALLOTS),
    disputed=st.booleans(),
    people=st.integers(0, 3),
    reasons=st.just(("r",)),
)
TIERS = st.lists(st.sampled_from(Tier), max_size=4)


def at_least_as_strict(one: Grounds, other: Grounds) -> bool:
    return (
        OUTCOMES.index(one.outcome) >= OUTCOMES.index(other.outcome)
        and BALLOTS.index(one.ballot) >= BALLOTS.index(other.ballot)
        and one.disputed >= other.disputed
        and one.people >= other.people
    )


@given(GROUNDS, GROUNDS, TIERS, TIERS)
def test_stricter_grounds_and_more_actions_never_permit_more(
    one: Grounds, other: Grounds, tiers: list[Tier], more: list[Tier]
) -> None:
    strict, mild = (one, other) if at_least_as_strict(one, other) else (other, one)
    if at_least_as_strict(strict, mild):
        lenient = decide(mild, [risk(tier) for tier in tiers]).decision
        stern = decide(strict, [risk(tier) for tier in tiers + more]).decision
        assert STRICTNESS.index(stern) >= STRICTNESS.index(lenient)


@given(GROUNDS, TIERS)
def test_a_tool_that_may_not_be_used_refuses_whatever_else_holds(found: Grounds, tiers: list[Tier]) -> None:
    decided = decide(found, [*(risk(tier) for tier in tiers), risk(Tier.READ_ONLY, "unknown_tool")])
    assert decided.decision is Decision.REFUSE
    assert "tool:desk/file_ticket:unknown_tool" in decided.reasons


def test_a_denial_names_the_rules_that_denied() -> None:
    decided = decide(grounds(ballot=Ballot.DENY, reasons=("hard", "gdpr.art9")), [])
    assert decided == Decided(Decision.REFUSE, ("consensus:hard", "consensus:gdpr.art9"))


def test_an_escalation_names_every_doubt() -> None:
    found = grounds(ballot=Ballot.ESCALATE, disputed=True, people=2, reasons=("split",))
    decided = decide(found, [risk(Tier.MODIFY), risk(Tier.READ_ONLY)])
    assert decided.reasons == ("tool:desk/file_ticket:MODIFY", "consensus:split", "claims:disputed")
    assert decided.people == 2


def test_stakes_alone_can_ask_for_people() -> None:
    assert decide(grounds(people=2), []) == Decided(Decision.ESCALATE, ("stakes:2_to_agree",), 2)


def test_an_abstention_of_everybody_is_no_permission() -> None:
    assert decide(grounds(ballot=Ballot.ABSTAIN), []).decision is Decision.ESCALATE


def test_what_was_approved_is_published_as_far_as_it_is_supported() -> None:
    assert published(Outcome.ALL_SUPPORTED) is Decision.PUBLISH
    assert published(Outcome.SOME_WITHHELD) is Decision.PUBLISH_PARTIAL


@pytest.mark.parametrize("name", SHOWN)
def test_the_binding_covers_everything_that_is_shown(name: str) -> None:
    value = SHOWN[name]
    other = [*value, "y"] if isinstance(value, list) else f"{value}y"
    assert binding(**SHOWN) != binding(**SHOWN | {name: other})  # type: ignore[arg-type]


def test_the_binding_is_the_same_for_the_same() -> None:
    assert binding(**SHOWN) == binding(**SHOWN)  # type: ignore[arg-type]


def test_where_only_reading_is_permitted_no_stronger_tool_is_put_to_people() -> None:
    degraded = replace(grounds(ballot=Ballot.ESCALATE, people=1), read_only=True)
    assert decide(degraded, [risk(Tier.READ_ONLY)]).decision is Decision.ESCALATE
    refused = decide(degraded, [risk(Tier.WRITE_LIMITED)])
    assert refused == Decided(Decision.REFUSE, ("tool:desk/file_ticket:read_only",))


@pytest.mark.parametrize("tier", Tier)
def test_an_action_is_read_from_the_record_as_it_was_decided_on(tier: Tier) -> None:
    known = risk(tier, "tool_quarantined")
    assert action_of(json.loads(json.dumps(action_document(known)))) == known
