"""What is weighed of a comparison: which values of a claim are said anywhere, however they are written."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.language.numerals import Numeral, spelled
from evidence.language.numerals import read as number_at
from evidence.language.reading import keys_of, read
from evidence.language.text import tokens
from evidence.typed.features import is_said, values


def said(claim: str, source: str) -> list[bool]:
    reading = read(claim)
    return [is_said(reading, *span, keys_of(source)) for span in values(reading)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It lasts five days.", "It lasts 5 days."),
        ("Twenty-five members came.", "25 members came."),
        ("Two hundred guests came.", "200 guests came."),
        ("Two hundred and five guests came.", "There were 205 guests."),
        ("Three thousand guests came.", "There were 3,000 guests."),
        ("The jury has a dozen members.", "The jury has 12 members."),
        ("It is given twice a day.", "It is given 2 times a day."),
        ("This is the fifth season.", "This is the 5th season."),
        ("It weighs 1,500 kg.", "It weighs 1500 kg."),
        ("The fee is two million euros.", "The fee is 2 million euros."),
        ("The fee is two million euros.", "They paid two million."),
        ("The fee is 4,200,000 euros.", "The fee is 4.2 million euros."),
    ],
)
def test_a_number_is_said_in_digits_or_spelled_out(one: str, other: str) -> None:
    assert said(one, other) == said(other, one) == [True]


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("It lasts five days.", "It lasts 6 days, or 15."),
        ("It lasts 25 days.", "It lasts twenty days."),
        ("Two hundred guests came.", "There were 2 guests."),
        ("Two hundred guests came.", "There were a hundred guests."),
        ("It is given twice a day.", "It is given 3 times a day."),
        ("This is the fifth season.", "This is the fourth season."),
    ],
)
def test_another_number_is_not_said(claim: str, source: str) -> None:
    assert said(claim, source) == [False]


@given(st.integers(0, 999_999))
def test_what_is_spelled_out_is_read_as_the_same_number(number: int) -> None:
    words = tokens(" ".join(spelled(Decimal(number))))
    assert number_at(words, 0) == Numeral(Decimal(number), len(words), weak=number == 1)
