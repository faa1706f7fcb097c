"""What is masked in an answer stays masked in its claims, wherever their words come from."""

import pytest

from audit.spans import Span
from evidence.claims import split
from guardians.guardian import Finding, Part
from guardians.redaction import restore
from orchestration.material import masked_claim

KEY = b"k" * 32
NAME = "Rosalind Achterberg"


def finding(answer: str, words: str) -> Finding:
    start = answer.index(words)
    span = Span(start, start + len(words))
    return Finding(rule="name", kind="PERSON", part=Part.ANSWER, ref="answer", span=span, score=1.0)


def masked(answer: str, *words: str) -> list[str]:
    findings = [finding(answer, word) for word in words]
    return [masked_claim(s.text, s.span, answer=answer, findings=findings, key=KEY) for s in split(answer)]


def test_a_name_is_masked_where_it_stands() -> None:
    first, second = masked(f"{NAME} is well. The ward is closed.", NAME)
    assert first.startswith("<PERSON_")
    assert second == "The ward is closed."


def test_a_name_that_a_clause_takes_over_as_its_subject_is_masked_in_both() -> None:
    first, second = masked(f"{NAME} is on warfarin, but must not take aspirin.", NAME)
    assert "Rosalind" not in first + second
    assert restore(second, key=KEY) == f"{NAME} must not take aspirin."


@pytest.mark.parametrize("heading", [f"# {NAME}", f"**{NAME}**", f"Drugs of {NAME}:"])
def test_a_name_that_a_fragment_takes_over_from_what_introduces_it_is_masked(heading: str) -> None:
    (claim,) = masked(f"{heading}\n\n- 5 mg of warfarin", NAME)
    assert "Rosalind" not in claim
    assert "5 mg of warfarin" in claim


@pytest.mark.parametrize("written", ["Rosalind\nAchterberg", "Rosalind  Achterberg", "**Rosalind** Achterberg"])
def test_a_name_is_masked_however_it_is_laid_out(written: str) -> None:
    assert not any("Rosalind" in claim for claim in masked(f"The patient, {written}, is well.", written))


def test_an_address_is_masked_though_the_clause_begins_with_it() -> None:
    address = "rosalind@example.org"
    assert not any(
        "osalind" in claim for claim in masked(f"The line is open, and {address} is an address of the ward.", address)
    )


def test_what_reaches_over_the_end_of_a_claim_is_masked_in_both() -> None:
    claims = masked("The code is 12 34. 56 78 is the rest.", "34. 56")
    assert not any("34" in claim or "56" in claim for claim in claims)


def test_a_claim_without_findings_is_left_as_it_is() -> None:
    assert masked("The ward is closed, and the lift is open.") == ["The ward is closed.", "The lift is open."]
