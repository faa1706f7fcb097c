"""Dates as people write them, and when two can be the same."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.language.dates import Date, find
from evidence.language.text import tokens


def read(text: str) -> list[tuple[int, int, int, str]]:
    return [(found.year, found.month, found.day, found.weekday) for found in find(tokens(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on 7 December 2026", [(2026, 12, 7, "")]),
        ("on December 7, 2026", [(2026, 12, 7, "")]),
        ("on Dec. 7th, 2026", [(2026, 12, 7, "")]),
        ("on the 7th of December", [(0, 12, 7, "")]),
        ("on 7 December", [(0, 12, 7, "")]),
        ("2026-12-07", [(2026, 12, 7, "")]),
        ("7/12/2026", [(2026, 12, 7, "")]),
        ("12/27/2026", [(2026, 12, 27, "")]),
        ("December 2026", [(2026, 12, 0, "")]),
        ("April of 1866", [(1866, 4, 0, "")]),
        ("in May", [(0, 5, 0, "")]),
        ("December", [(0, 12, 0, "")]),
        ("on Monday", [(0, 0, 0, "monday")]),
        ("since 1998", [(1998, 0, 0, "")]),
        ("the 1990s", [(1990, 0, 0, "")]),
        ("2018-19", [(2018, 0, 0, ""), (2019, 0, 0, "")]),
        ("2018–2019", [(2018, 0, 0, ""), (2019, 0, 0, "")]),
        ("2018-17", [(2018, 0, 0, "")]),
        ("99/99/2026", [(2026, 0, 0, "")]),
    ],
)
def test_a_date_is_read(text: str, expected: list[tuple[int, int, int, str]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "you may go",
        "march on",
        "7 may be",
        "2000 mg",
        "£1800",
        "1,998",
        "1-2",
        "1/2/26",
        "1200 men",
    ],
)
def test_what_is_no_date_is_left_alone(text: str) -> None:
    assert read(text) == []


def date(text: str) -> Date:
    (found,) = find(tokens(text))
    return found


@pytest.mark.parametrize(
    ("one", "other", "differing"),
    [
        ("7 May 2026", "7 May 2026", set()),
        ("7 May 2026", "May 2026", set()),
        ("7 May 2026", "8 June 2026", {"day", "month"}),
        ("the 1990s", "1994", set()),
        ("1989", "the 1990s", {"year"}),
        ("the 1990s", "the 1980s", {"year"}),
        ("Monday", "Tuesday", {"weekday"}),
    ],
)
def test_two_dates_differ_in_what_both_say(one: str, other: str, differing: set[str]) -> None:
    assert date(one).differing(date(other)) == differing


@given(text=st.text(st.sampled_from("0123456789 -/.,MaySunthd"), max_size=30))
def test_dates_are_in_order_and_apart(text: str) -> None:
    found = find(tokens(text))
    assert all(one.end <= other.first for one, other in pairwise(found))
