"""What people are told."""

import pytest

from audit.spans import Span
from evidence.typed import wording
from evidence.verdicts import Alignment, Reason, Rule, Stance, Verdict
from tests.evidence.material import passage, verdict

NO_DETAIL = Alignment(passage("A text.", source=""), Stance.NEUTRAL, 0.5, 0.0, Rule.MATCH, Span(0, 1), Span(0, 1))


@pytest.mark.parametrize(
    ("claim", "source", "why"),
    [
        ("The tank holds 5 litres.", "The tank holds 5 litres.", "Committee says so."),
        ("The tank holds 5 litres.", "The tank holds 9 litres.", "The source says 9 litres, the answer says 5 litres."),
        ("The tank holds 5 litres.", "The tank holds oil.", "The source does not say 5 litres."),
        ("The tank holds oil in Bergen.", "The tank holds oil.", "The source says nothing of Bergen."),
        (
            "The tank holds oil.",
            "The tank holds oil if it is shut.",
            "The source says it only if it is shut; the answer leaves that out.",
        ),
        ("Whales sing.", "The tank holds oil.", "No passage says anything about this."),
    ],
)
def test_the_reason_is_a_sentence_anybody_understands(claim: str, source: str, why: str) -> None:
    assert verdict(claim, passage(source)).why == why


def test_long_quotations_are_cut_and_stand_on_one_line() -> None:
    assert wording.short("a\n b") == "a b"
    assert wording.short("word " * 30) == ("word " * 12).strip()[:59].rstrip() + "…"


def test_a_source_without_a_name_is_called_a_source() -> None:
    assert wording.name(NO_DETAIL) == "A source"


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("judged", [Verdict.SUPPORTED, Verdict.CONTRADICTED, Verdict.INSUFFICIENT])
def test_there_is_a_sentence_for_every_reason(judged: Verdict, reason: Reason) -> None:
    assert wording.why(judged, reason, [NO_DETAIL]).endswith(".")
