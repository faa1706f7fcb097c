"""What consensus was made of, as a document: written and read without a loss, and never guessed at."""

import json
from dataclasses import replace
from typing import Any

import pytest

from audit.spans import Span
from audit.stakes import Stakes
from guardians.consensus import DEFAULT_CONSENSUS, Band
from guardians.guardian import Ballot, Finding, Part
from guardians.guest import voted
from guardians.transcript import Round, Transcript, TranscriptError, document_of, redacts_again, transcript_of
from tests.guardians.test_guardian import MATERIAL, Scripted

PLACED = Finding("privacy.email", "EMAIL", Part.ANSWER, "answer", Span(0, 3), 0.1 + 0.2)
RULE = Finding("pci.pan_display", "redact", Part.ACTION, "pci", None, 0.5, "PCI DSS 3.4.1")


def vote(name: str, ballot: Ballot, *findings: Finding) -> Any:
    return voted(Scripted(None, name=name), MATERIAL, ballot, findings)


KNOWN = Transcript(
    stakes=Stakes.MEDIUM,
    policy_hash=MATERIAL.policy_hash,
    policy=replace(DEFAULT_CONSENSUS, optional=("tone",), uncertain={"tone": Band(0.1, 0.7)}),
    first=Round(
        (
            vote("safety", Ballot.ALLOW),
            vote("privacy", Ballot.ALLOW_WITH_REDACTION, PLACED),
            vote("compliance", Ballot.ALLOW_WITH_REDACTION, RULE),
        ),
        MATERIAL.digest(),
    ),
    second=Round((vote("safety", Ballot.ALLOW),), MATERIAL.digest()),
    changed=True,
)


def test_a_transcript_is_read_as_it_was_written() -> None:
    assert transcript_of(json.loads(json.dumps(document_of(KNOWN)))) == KNOWN


def test_both_rounds_decide() -> None:
    assert replace(KNOWN, second=None).outcome().ballot is Ballot.ALLOW_WITH_REDACTION
    assert KNOWN.outcome().ballot is Ballot.ESCALATE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "the format is 2; this version reads 1"),
        ({"stakes": "EXTREME"}, "misshapen: ValueError"),
        ({"first": {"votes": [{}], "material": ""}}, "misshapen: KeyError"),
        ({"consensus": None}, "misshapen: TypeError"),
    ],
)
def test_what_is_no_transcript_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TranscriptError, match=message):
        transcript_of({**document_of(KNOWN), **changes})


def test_a_rule_that_this_version_does_not_know_is_not_replaced_by_another() -> None:
    with pytest.raises(TranscriptError, match="'consensus/v9' is not known; known are consensus/v1"):
        replace(KNOWN, rule="consensus/v9").outcome()


@pytest.mark.parametrize(
    ("ballot", "findings", "again"),
    [
        (Ballot.ALLOW, (PLACED,), False),
        (Ballot.ALLOW_WITH_REDACTION, (PLACED,), True),
        (Ballot.ALLOW_WITH_REDACTION, (RULE,), False),
        (Ballot.ALLOW_WITH_REDACTION, (), True),
    ],
)
def test_a_redacted_answer_that_is_to_be_redacted_again_is_not_stable(
    ballot: Ballot, findings: tuple[Finding, ...], again: bool
) -> None:
    assert redacts_again([vote("privacy", ballot, *findings)]) is again
