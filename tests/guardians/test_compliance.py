"""The Compliance guardian: the packs' word as a vote, with rule and citation; doubt is a hard denial."""

from typing import Any

import pytest

from audit.stakes import Stakes
from guardians.compliance import NOT_LEGAL_ADVICE, Compliance, facts
from guardians.guardian import Ballot, Basis, Guardian, Material, Part, Piece, Vote, cast
from guardians.packfile import pack_in
from guardians.packs import PackSet, assembled
from tests.guardians.goldens import PACKS, TODAY
from tests.guardians.packing import HOUSE

MEDICAL = {"domain": "medical", "grounded": True}


def voted(known: dict[str, object], by: PackSet = PACKS) -> Vote:
    answer = Piece(Part.ANSWER, "answer", "Warfarin is taken once a day.")
    return Compliance(by).review(Material((answer,), known, Stakes.MEDIUM, "p" * 64))


@pytest.mark.parametrize(
    ("stated", "ballot", "rule"),
    [
        ({}, Ballot.ALLOW, "no rule"),
        ({"claims": [MEDICAL]}, Ballot.ALLOW, "med.disclaimer: A medical answer does not say"),
        (
            {
                "request": {"jurisdiction": "EU", "lawful_basis": "consent"},
                "entities": ["EMAIL"],
                "tools": [{"risk": 0, "region": "EU"}],
            },
            Ballot.ALLOW_WITH_REDACTION,
            "gdpr.art5.minimisation",
        ),
        ({"claims": [{**MEDICAL, "flags": ["dosage"]}]}, Ballot.ESCALATE, "med.diagnosis"),
        ({"claims": [{"domain": "medical"}]}, Ballot.DENY, "med.ungrounded"),
    ],
)
def test_the_strictest_effect_becomes_the_ballot(stated: dict[str, Any], ballot: Ballot, rule: str) -> None:
    vote = voted(facts(on=TODAY, **stated))
    assert vote.ballot is ballot
    assert vote.hard is (ballot is Ballot.DENY)
    assert vote.reason.startswith(rule)


def test_a_denial_that_its_pack_calls_soft_is_no_veto() -> None:
    soft = HOUSE.replace("effect: deny", "effect: deny\n    hard: false")
    packs = assembled([pack_in(soft.encode(), place="house"), *PACKS.packs])
    stated: dict[str, Any] = {"request": {"lawful_basis": "consent"}}
    alone, beside = voted(facts(**stated), packs), voted(facts(**stated, claims=[{"domain": "medical"}]), packs)
    assert (alone.ballot, alone.hard) == (Ballot.DENY, False)
    assert (beside.ballot, beside.hard) == (Ballot.DENY, True)


def test_a_vote_names_every_rule_that_fired_with_its_citation() -> None:
    vote = voted(facts(on=TODAY, claims=[{**MEDICAL, "flags": ["dosage"]}]))
    assert [(finding.rule, finding.kind, finding.ref) for finding in vote.findings] == [
        ("med.diagnosis", "require_approval", "medical"),
        ("med.disclaimer", "annotate", "medical"),
    ]
    assert "Annex VIII" in vote.findings[0].citation
    assert {finding.part for finding in vote.findings} == {Part.ACTION}


def test_a_vote_names_what_it_was_made_with_and_on() -> None:
    material = Material((), facts(on=TODAY), Stakes.LOW, "p" * 64)
    vote = Compliance(PACKS).review(material)
    assert (vote.material, vote.policy_hash, vote.basis) == (material.digest(), "p" * 64, Basis.DETERMINISTIC)
    assert PACKS.hash in vote.version
    assert vote.backend.startswith("cel-expr-python ")
    assert vote == Compliance(PACKS).review(material)


@pytest.mark.parametrize("known", [{}, {"request": {}}, {**facts(), "request": {"jurisdiction": 5}}])
def test_facts_that_cannot_be_judged_are_a_hard_denial(known: dict[str, Any]) -> None:
    vote = voted(known)
    assert (vote.ballot, vote.hard, vote.score) == (Ballot.DENY, True, 1.0)
    assert vote.reason.startswith("policy_error: facts: ")
    assert [finding.kind for finding in vote.findings] == ["policy_error"]


def test_a_reason_counts_the_other_rules_that_decided() -> None:
    vote = voted(facts(on=TODAY, request={"jurisdiction": "EU"}, entities=["EMAIL", "MRN"]))
    assert vote.reason == (
        "gdpr.art6.lawful_basis: Personal data is processed without a stated lawful basis. (and 1 more)"
    )


def test_a_reason_fits_its_column() -> None:
    vote = voted({**facts(), "x" * 5_000: 1})
    assert len(vote.reason) <= 300


def test_its_votes_pass_the_border_between_guardians_and_the_rest() -> None:
    guardian: Guardian = Compliance(PACKS)
    material = Material((), facts(on=TODAY, claims=[{"domain": "medical", "support": 0.5}]), Stakes.LOW, "p" * 64)
    vote = cast(guardian, material, clock=lambda: 0)
    assert (vote.ballot, vote.material) == (Ballot.DENY, material.digest())


def test_the_packs_say_that_they_are_no_legal_advice() -> None:
    assert "not legal advice" in NOT_LEGAL_ADVICE
