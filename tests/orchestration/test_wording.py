"""Codes and times become words; what is not known stays as it is and never looks good."""

import datetime as dt
from collections.abc import Callable
from uuid import UUID

import pytest

from orchestration.console import badges, wording
from orchestration.console.badges import Badge, Tone
from orchestration.states import RunState

NOW = dt.datetime(2026, 11, 24, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("gate:SOME_WITHHELD", "some claims are supported; the others are withheld"),
        ("claims:disputed", "sources disagree about a claim"),
        ("tool:desk/file_ticket:MODIFY", "it calls desk/file_ticket, which changes what is there"),
        ("tool:desk/x:unknown_tool", "desk/x is not a tool of this workspace"),
        ("tool:desk/x:some_new_code", "desk/x some new code"),
        ("consensus:escalated:safety", "the Safety guardian wants a person to decide"),
        ("consensus:people_required:2", "2 people must agree"),
        ("consensus:redaction_not_stable", "masking the answer once is not enough"),
        ("consensus:new_code:x", "new code:x"),
        ("stakes:1_to_agree", "1 person must agree at these stakes"),
        ("approval:expired", "nobody decided in time"),
        ("something else", "something else"),
    ],
)
def test_a_reason_is_a_sentence(code: str, words: str) -> None:
    assert wording.reason(code) == words


def test_reasons_begin_like_sentences() -> None:
    assert wording.reasons(["claims:disputed"]) == ("Sources disagree about a claim",)


def test_a_run_has_all_its_reasons() -> None:
    words = wording.of_run("claims:disputed; gate:NO_CLAIMS", RunState.COMPLETED)
    assert words == "sources disagree about a claim; there is nothing in the answer that could be checked"


def test_a_failure_says_what_the_engine_wrote_too() -> None:
    words = wording.of_run("provider:TIMEOUT: 3 attempts", RunState.FAILED)
    assert words == "the model gave no draft that can be used (provider:TIMEOUT: 3 attempts)"
    assert wording.of_run("out of paper", RunState.FAILED) == "out of paper"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0042, "4 ms"), (3.14, "3.1 s"), (59, "59 seconds"), (60, "1 minute"), (7_300, "2 hours"), (172_800, "2 days")],
)
def test_a_length_of_time_has_its_largest_unit(seconds: float, words: str) -> None:
    assert wording.length(seconds) == words


def test_the_time_left_turns_into_how_long_ago_it_ended() -> None:
    assert wording.left(NOW + dt.timedelta(minutes=3), NOW) == "3 minutes left"
    assert wording.left(NOW - dt.timedelta(minutes=3), NOW) == "ended 3 minutes ago"
    assert wording.ago(NOW, NOW) == "just now"


def test_a_short_id_keeps_time_and_chance() -> None:
    assert wording.short(UUID("0192f3a4-0000-7000-8000-0000009c1b2d")) == "0192f3a4…9c1b2d"


def test_dissent_names_the_guardian() -> None:
    assert wording.dissent("privacy:ALLOW_WITH_REDACTION") == "The Privacy guardian voted to allow with redaction"
    assert wording.dissent(":SHRUG") == "A guardian voted to SHRUG"


def test_a_tier_that_is_not_known_is_a_number() -> None:
    assert wording.tier(9) == "tier 9"


@pytest.mark.parametrize(
    "badge_of",
    [
        badges.of_state,
        badges.of_stakes,
        badges.of_verdict,
        badges.of_stance,
        badges.of_ballot,
        badges.of_approval,
        badges.of_action,
        badges.of_decision,
    ],
)
def test_a_status_that_is_not_known_never_looks_good(badge_of: Callable[[str], Badge]) -> None:
    badge = badge_of("SOMETHING_NEW")
    assert badge.tone is Tone.QUIET
    assert badge.word


def test_every_badge_has_an_icon_and_a_word() -> None:
    known = [*badges.STATES.values(), *badges.VERDICTS.values(), *badges.BALLOTS.values(), *badges.APPROVALS.values()]
    assert all(badge.word and badge.icon for badge in known)
    assert badges.of_state("GATING").word == "Gating"


def test_what_silence_comes_to_depends_on_the_stakes() -> None:
    code = "required_guardian_abstained:safety"
    assert wording.meaning(code, stakes="LOW") != wording.meaning(code, stakes="HIGH")
    assert wording.meaning(code, stakes="HIGH").endswith("it is denied until a person decides.")


def test_a_reason_nobody_knows_has_no_meaning() -> None:
    assert wording.meaning("of_tomorrow:safety", stakes="HIGH") == ""
