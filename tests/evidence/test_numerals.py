"""Numbers as people write them."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.language.numerals import decimal_of, read
from evidence.language.text import tokens


def value(text: str) -> Decimal | None:
    found = read(tokens(text), 0)
    return found.value if found else None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", "7"),
        ("1,118", "1118"),
        ("10 000", "10000"),
        ("3.5", "3.5"),
        (".5", "0.5"),
        ("2,5", "2.5"),
        ("1/2", "0.5"),
        ("½", "0.5"),
        ("4.2 million", "4200000"),
        ("3 bn", "3000000000"),
        ("75 × 10⁹", "75000000000"),
        ("75 x 10^9", "75000000000"),
        ("zero", "0"),
        ("twelve", "12"),
        ("twenty", "20"),
        ("twenty-five", "25"),
        ("two hundred", "200"),
        ("two hundred and five", "205"),
        ("two hundred and fifty", "250"),
        ("three thousand four hundred", "3400"),
        ("two million", "2000000"),
        ("a hundred", "100"),
        ("a dozen", "12"),
        ("half a million", "500000"),
        ("hundred", "100"),
        ("٣", "3"),
    ],
)
def test_a_number_is_read_whole(text: str, number: str) -> None:
    assert value(text) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "number", "end"),
    [
        ("7/12/2026", "7", 1),
        ("3/4/5", "3", 1),
        ("5/3,5", "5", 1),
        ("5/2", "5", 1),
        ("1 , 2", "1", 1),
        ("1.5,2", "1.5", 1),
        ("two and a", "2", 1),
        ("five two", "5", 1),
        ("twenty twenty", "20", 1),
        ("ten five", "10", 1),
        ("zero zero", "0", 1),
        ("two - three", "2", 1),
        ("75 x 10", "75", 1),
        ("75 x 10^999", "75", 1),
    ],
)
def test_a_number_ends_where_another_begins(text: str, number: str, end: int) -> None:
    found = read(tokens(text), 0)
    assert found is not None
    assert (found.value, found.end) == (Decimal(number), end)


@pytest.mark.parametrize("text", ["word", "-", "a", "a day", "1" * 41, "1e999999"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert value(text) is None


@pytest.mark.parametrize(("text", "weak"), [("one", True), ("half", True), ("one hundred", False), ("two", False)])
def test_a_word_that_is_often_no_number_says_so(text: str, weak: bool) -> None:
    found = read(tokens(text), 0)
    assert found is not None
    assert found.weak is weak


def test_a_number_too_large_to_be_one_is_none() -> None:
    assert decimal_of("9e99999") is None
    assert value("9" * 40 + " million" * 2_000) is None


@given(number=st.integers(0, 10**12))
def test_separators_change_nothing(number: int) -> None:
    assert value(f"{number:,}") == value(str(number)) == number


@given(text=st.text(st.characters(), min_size=1, max_size=40))
def test_whatever_is_read_is_finite_and_takes_at_least_a_token(text: str) -> None:
    found = tokens(text)
    numerals = [read(found, at) for at in range(len(found))]
    assert all(numeral.value.is_finite() and numeral.end > at for at, numeral in enumerate(numerals) if numeral)


@pytest.mark.parametrize("text", ["hundred " * 20_000, "two " * 20_000, "1/2" * 20_000, "x 10 ^ " * 15_000])
def test_long_runs_of_number_words_take_no_time(text: str) -> None:
    found, began = tokens(text), time.process_time()
    for at in range(0, len(found), 50):
        read(found, at)
    assert time.process_time() - began < 2
