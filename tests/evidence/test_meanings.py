"""The words of a source put together anew: what they do not say is not supported, however alike the words are."""

from pathlib import Path

import pytest
import yaml

from evidence.verdicts import Reason, Verdict
from tests.evidence.material import passage, verdict

PAIRS = yaml.safe_load(Path(__file__).with_name("meanings.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("source", "claim"), PAIRS["otherwise"])
def test_another_meaning_in_the_same_words_is_not_supported(source: str, claim: str) -> None:
    assert verdict(claim, passage(source)).verdict is not Verdict.SUPPORTED


@pytest.mark.parametrize(("source", "claim"), PAIRS["the_same"])
def test_the_same_meaning_in_another_order_is_supported(source: str, claim: str) -> None:
    assert verdict(claim, passage(source)).verdict is Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("source", "claim", "reason"),
    [
        ("Gold is heavier than silver.", "Silver is heavier than gold.", Reason.COMPARISON),
        ("The tax was lowered to 12%.", "The tax was lowered by 12%.", Reason.COMPARISON),
        ("Refugees fled to Kenya in May.", "Refugees fled from Kenya in May.", Reason.ROLES),
        ("Anna paints and Tom writes.", "Tom paints and Anna writes.", Reason.ROLES),
        ("The tenant's lawyer signed the lease.", "The tenant signed the lease.", Reason.ROLES),
        ("His father died in 1990.", "He died in 1990.", Reason.ROLES),
        ("The firm plans to close the plant.", "The firm closed the plant.", Reason.MODALITY),
        ("It is unclear whether the drug works.", "The drug works.", Reason.MODALITY),
        ("Everyone except Anna signed the letter.", "Anna signed the letter.", Reason.NEGATION),
        ("Nearly all members voted for the plan.", "All members voted for the plan.", Reason.QUANTIFIER),
        ("Hepatitis B is spread by blood.", "Hepatitis A is spread by blood.", Reason.ENTITY),
    ],
)
def test_the_reason_names_what_differs(source: str, claim: str, reason: Reason) -> None:
    assert verdict(claim, passage(source)).reason is reason
