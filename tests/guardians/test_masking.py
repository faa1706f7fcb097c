"""Each kind is masked as the policy says: a card shows its ends, a date its year; a token alone can be taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.spans import Span
from guardians.guardian import Finding, Part, Piece
from guardians.masking import MaskingError, MaskingPolicy, Way, parse
from guardians.privacy import found_in
from guardians.redaction import mask, restore

KEY = b"k" * 32
SHORT = parse("CREDIT_CARD=partly, IBAN=partly, EMAIL=partly, DATE_OF_BIRTH=generalise, AGE=generalise, *=redact")


def whole(text: str, kind: str) -> Finding:
    return Finding("privacy.test", kind, Part.ANSWER, "answer", Span(0, len(text)), 0.9)


def masked(text: str, kind: str, policy: MaskingPolicy = SHORT) -> str:
    return mask(text, [whole(text, kind)], key=KEY, policy=policy).text


@pytest.mark.parametrize(
    ("value", "kind", "left"),
    [
        ("4929 5785 6933 9117", "CREDIT_CARD", "4929 57** **** 9117"),
        ("378282246310005", "CREDIT_CARD", "378282*****0005"),
        ("4929", "CREDIT_CARD", "[CREDIT_CARD]"),
        ("GB82 WEST 1234 5698 7654 32", "IBAN", "GB** **** **** **** **54 32"),
        ("ada@example.org", "EMAIL", "***@example.org"),
        ("4 May 1961", "DATE_OF_BIRTH", "1961"),
        ("4/5/61", "DATE_OF_BIRTH", "[DATE_OF_BIRTH]"),
        ("43 years old", "AGE", "40s"),
        ("93-year-old", "AGE", "over 89"),
        ("6 months old", "AGE", "[AGE]"),
        ("Rosalind Achterberg", "PERSON", "[PERSON]"),
        ("Rosalind Achterberg", "A kind that nobody thought of", "[A kind that nobody thought of]"),
    ],
)
def test_a_value_leaves_what_its_policy_lets_stand(value: str, kind: str, left: str) -> None:
    assert masked(value, kind) == left


@given(st.text(st.characters(categories=["Nd", "Zs", "Pd"]), max_size=40))
def test_a_card_never_shows_more_than_its_first_six_and_last_four_digits(value: str) -> None:
    left = [sign for sign in masked(f"4{value}", "CREDIT_CARD") if sign.isalnum() and sign.isdecimal()]
    assert len(left) <= 10


@pytest.mark.parametrize(
    "text", ["Card 4929 5785 6933 9117.", "Write to ada@example.org.", "She was born on 4 May 1961."]
)
def test_what_is_shown_in_part_is_not_found_again(text: str) -> None:
    found = list(found_in([Piece(Part.ANSWER, "answer", text)]))
    again = mask(text, found, key=KEY, policy=SHORT).text
    assert found
    assert again != text
    assert list(found_in([Piece(Part.ANSWER, "answer", again)])) == []


def test_without_a_setting_everything_becomes_a_token() -> None:
    text = masked("ada@example.org", "EMAIL", parse(""))
    assert text.startswith("<EMAIL_")
    assert restore(text, key=KEY) == "ada@example.org"


def test_a_token_in_a_text_is_sealed_whatever_the_policy() -> None:
    token = masked("Ada", "PERSON", parse(""))
    again = mask(token, [], key=KEY, policy=SHORT).text
    assert restore(again, key=KEY) == token


@given(st.text(max_size=30), st.text(max_size=10), st.text(max_size=10))
def test_workspaces_that_share_a_key_cannot_be_linked(value: str, here: str, there: str) -> None:
    value, there = value or "Ada", f"{there}2"
    here = f"{here}1"
    ours = mask(value, [whole(value, "PERSON")], key=KEY, realm=here)
    theirs = mask(value, [whole(value, "PERSON")], key=KEY, realm=there)
    assert ours.tokens != theirs.tokens
    assert restore(ours.text, key=KEY, realm=here) == value
    assert restore(ours.text, key=KEY, realm=there) == ours.text


@pytest.mark.parametrize("setting", ["EMAIL", "EMAIL=hide", "=redact", "EMAIL=redact PHONE=redact"])
def test_a_policy_that_cannot_be_read_says_what_to_write(setting: str) -> None:
    with pytest.raises(MaskingError, match="write KIND=way"):
        parse(setting)


def test_a_policy_is_known_by_what_it_says() -> None:
    assert parse("EMAIL=redact,*=partly").digest() == parse("*=partly , EMAIL=redact").digest()
    assert parse("EMAIL=redact").digest() != parse("").digest()
    assert parse("*=redact").way("EMAIL") is Way.REDACT
