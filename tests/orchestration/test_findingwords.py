"""Findings and votes in words: none is lost, none is invented, and silence is no consent."""

import pytest

from guardians.guardian import Part
from guardians.models import Finding, Vote
from guardians.normal import Trick
from guardians.packfile import Effect
from guardians.panel import Cause
from guardians.safety import MODEL_RULE, injection_kind
from guardians.safetyrules.harm import HARM_RULES
from guardians.safetyrules.harmwords import Harm
from guardians.safetyrules.injectionrules import RULES
from orchestration.console import findingwords
from tests.guardians.test_kinds import named_in_code


def vote(guardian: str, ballot: str, reason: str = "") -> Vote:
    return Vote(guardian=guardian, ballot=ballot, reason=reason)


def found(kind: str, part: str = "DOCUMENT") -> Finding:
    return Finding(kind=kind, part=part, rule="x")


def test_no_rule_has_words_that_does_not_exist() -> None:
    known = (
        {rule.id for rule in RULES}
        | {rule.id for rule in HARM_RULES}
        | {f"hidden.{trick.name.lower()}" for trick in Trick}
    )
    assert set(findingwords.RULES) - known - {MODEL_RULE} == set()


@pytest.mark.parametrize("kind", [*Harm, *map(injection_kind, Part), *Effect, "HIDDEN_TEXT", "policy_error"])
def test_a_kind_of_the_guardians_has_words(kind: str) -> None:
    assert kind in findingwords.KINDS


def test_a_rule_without_words_is_told_by_its_kind() -> None:
    assert findingwords.of_rule("injection.of_tomorrow", "HIDDEN_TEXT") == "Characters that nobody sees"


def test_a_kind_without_words_is_shown_as_it_is() -> None:
    assert findingwords.of_rule("guest.rule", "GUEST_KIND") == "GUEST KIND"


@pytest.mark.parametrize("kind", sorted(named_in_code()))
def test_each_kind_of_personal_data_has_words(kind: str) -> None:
    assert findingwords.of_kind(kind) != kind.replace("_", " ")


def test_a_vote_says_what_was_found_where_and_how_often() -> None:
    several = [found("HIDDEN_TEXT"), found("INJECTION_INDIRECT"), found("HIDDEN_TEXT"), found("EMAIL", "ANSWER")]
    assert findingwords.of_vote(vote("safety", "ESCALATE"), several, cause=None) == (
        "In a document: characters that nobody sees (2 places), orders to a machine where only facts belong; "
        "in the draft: an e-mail address."
    )


@pytest.mark.parametrize(("guardian", "why"), [("safety", "too weak to stop for"), ("privacy", "nothing of it is in")])
def test_a_finding_that_is_no_objection_is_said_to_be_none(guardian: str, why: str) -> None:
    assert why in findingwords.of_vote(vote(guardian, "ALLOW"), [found("HIDDEN_TEXT")], cause=None)
    assert why not in findingwords.of_vote(vote(guardian, "ESCALATE"), [found("HIDDEN_TEXT")], cause=None)


@pytest.mark.parametrize("cause", Cause)
def test_silence_is_never_told_as_consent(cause: Cause) -> None:
    words = findingwords.of_vote(vote("safety", "ABSTAIN", f"{cause}: x"), [], cause=cause)
    assert words.endswith("That is no vote, and never counts as one that allows.")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("med.disclaimer: It does not say: ask a doctor.", "It does not say: ask a doctor."),
        ("policy_error: house.x: The house", "A rule could not be judged, and so forbids it: The house"),
        ("no colon at all", "No colon at all"),
    ],
)
def test_a_policy_speaks_without_the_id_of_its_rule(reason: str, words: str) -> None:
    assert findingwords.of_vote(vote("compliance", "DENY", reason), [found("deny", "ACTION")], cause=None) == words


def test_a_guardian_from_elsewhere_speaks_for_itself() -> None:
    assert findingwords.of_vote(vote("guest", "ALLOW", "all is well"), [], cause=None) == "All is well"
