"""Quantities: what is read as one, and when one bears another out."""

import time
from decimal import Decimal

import pytest

from evidence.language import dates
from evidence.language.bounds import Bound
from evidence.language.quantities import MOST_IN_A_SENTENCE, Quantity, Relation, find, relate
from evidence.language.text import tokens


def quantities(text: str) -> tuple[Quantity, ...]:
    found = tokens(text)
    return find(found, {at for date in dates.find(found) for at in range(date.first, date.end)})


def quantity(text: str) -> Quantity:
    (found,) = quantities(text)
    return found


@pytest.mark.parametrize(
    ("text", "low", "high", "family"),
    [
        ("5 mg", "0.005", "0.005", "mass"),
        ("5-day course", "432000", "432000", "time"),
        ("5-7 km", "5000", "7000", "length"),
        ("2 to 8 °C", "2", "8", "temperature"),
        ("between 2.0 and 3.9", "2", "3.9", ""),
        ("£7,850", "7850", "7850", "money:GBP"),
        ("$4.2M", "4200000", "4200000", "money:USD"),
        ("$5 to $7", "5", "7", "money:USD"),
        ("5k runners", "5000", "5000", ""),
        ("at -3 percent", "-3", "-3", "percent"),
        ("25°C", "25", "25", "temperature"),
        ("one day", "86400", "86400", "time"),
        ("the third dose", "3", "3", "ordinal"),
        ("the 3rd dose", "3", "3", "ordinal"),
        ("pack 2", "2", "2", "ordinal"),
        ("every 4 hours", "14400", "14400", "every time"),
        ("once daily", "0.0000115741", "0.0000115741", "times/time"),
        ("twice a week", "0.0000033069", "0.0000033069", "times/time"),
        ("thrice", "3", "3", "times"),
        ("1 mg/kg per hour", "2.7778E-10", "2.7778E-10", "mass/mass/time"),
    ],
)
def test_a_quantity_has_its_value_in_the_base_unit(text: str, low: str, high: str, family: str) -> None:
    found = quantity(text)
    assert found.unit.family == family
    assert (float(found.low), float(found.high)) == pytest.approx((float(low), float(high)), rel=1e-4)


@pytest.mark.parametrize(
    "text", ["one of them", "once upon a time", "half of them", "word", "on 7 May 2026", "in 2026"]
)
def test_words_and_dates_are_no_quantities(text: str) -> None:
    assert quantities(text) == ()


@pytest.mark.parametrize("text", ["from 9 minutes to 4 minutes", "5 to 3", "5 - word", "7 to one", "4 times a night"])
def test_what_rises_nowhere_is_no_range(text: str) -> None:
    assert all(found.low == found.high for found in quantities(text))


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("at least 5 mg", Bound.LEAST),
        ("at most 5 mg", Bound.MOST),
        ("no more than 5 mg", Bound.MOST),
        ("not less than 5 mg", Bound.LEAST),
        ("more than 5 mg", Bound.LEAST),
        ("younger than 5 years", Bound.MOST),
        ("must not be older than 5 years", Bound.MOST),
        ("up to 5 mg", Bound.MOST),
        ("a maximum of 5 mg", Bound.MOST),
        ("in excess of 5 mg", Bound.LEAST),
        ("never exceeds 5 mg", Bound.MOST),
        ("exceeding 5 mg", Bound.LEAST),
        ("below 5 mg", Bound.MOST),
        ("over 5 kg", Bound.LEAST),
        ("over 5 minutes", Bound.EXACT),
        ("about 5 mg", Bound.ABOUT),
        ("not about 5 mg", Bound.ABOUT),
        ("close to 5 mg", Bound.ABOUT),
        ("5 mg or more", Bound.LEAST),
        ("5 mg and above", Bound.LEAST),
        ("5 mg or less", Bound.MOST),
        ("5 mg at most", Bound.MOST),
        ("5 mg at least", Bound.LEAST),
        ("< 5 mg", Bound.MOST),
        ("> = 5 mg", Bound.LEAST),
        ("≥ 5 mg", Bound.LEAST),
        ("5+ people", Bound.LEAST),
        ("than 5 mg", Bound.EXACT),
        ("the 5 mg", Bound.EXACT),
    ],
)
def test_the_words_around_a_number_set_its_bound(text: str, bound: Bound) -> None:
    assert quantity(text).bound is bound


@pytest.mark.parametrize(
    ("claim", "source", "relation"),
    [
        ("5 mg", "5 mg", Relation.ENTAILED),
        ("5 mg", "0.005 g", Relation.ENTAILED),
        ("5 miles", "8 km", Relation.ENTAILED),
        ("5 mg", "6 mg", Relation.DIFFERENT),
        ("5 mg", "5 g", Relation.UNIT),
        ("5 mg", "5 ml", Relation.UNIT),
        ("5 mg", "6 ml", Relation.INCOMPARABLE),
        ("5 mg", "5", Relation.INCOMPARABLE),
        ("the second time", "2 days", Relation.INCOMPARABLE),
        ("at most 5 mg", "at least 5 mg", Relation.OPPOSITE),
        ("at most 5 mg", "at least 9 mg", Relation.DIFFERENT),
        ("at most 5 mg", "at most 5 mg", Relation.ENTAILED),
        ("at most 5 mg", "at most 9 mg", Relation.DIFFERENT),
        ("at most 5 mg", "4 mg", Relation.ENTAILED),
        ("at most 5 mg", "1 mg", Relation.DIFFERENT),
        ("more than 100 people", "118 people", Relation.ENTAILED),
        ("more than 100 people", "10,000 people", Relation.DIFFERENT),
        ("100 people", "more than 100 people", Relation.UNBOUNDED),
        ("100 people", "more than 200 people", Relation.DIFFERENT),
        ("about 100 people", "103 people", Relation.ENTAILED),
        ("about 100 people", "120 people", Relation.DIFFERENT),
        ("5 to 7 km", "6 km", Relation.ENTAILED),
        ("6 km", "5 to 7 km", Relation.DIFFERENT),
        ("5 to 9 km", "5 to 7 km", Relation.DIFFERENT),
        ("6% more", "6% fewer", Relation.OPPOSITE),
        ("4 cats", "5 dogs", Relation.INCOMPARABLE),
        ("4 red cats", "5 cats", Relation.DIFFERENT),
        ("pack 2", "pack 3", Relation.DIFFERENT),
        ("pack 2", "the second pack", Relation.ENTAILED),
        ("every 4 hours", "4 hours", Relation.UNIT),
    ],
)
def test_a_quantity_of_a_claim_stands_to_one_of_a_source(claim: str, source: str, relation: Relation) -> None:
    assert relate(quantity(claim), quantity(source)) is relation


def test_a_number_in_a_list_counts_what_follows_it() -> None:
    found = quantities("two small infusions of 2.5 g, 9 of 97 patients and 3, then")
    assert [item.nouns for item in found] == [("smal", "infus"), (), (), ("patient",), ()]


def test_no_more_are_read_than_are_compared() -> None:
    began = time.process_time()
    assert len(quantities("5 mg, " * 20_000)) == MOST_IN_A_SENTENCE + 1
    assert time.process_time() - began < 5


def test_a_value_that_overflows_is_no_number() -> None:
    assert quantities("9" * 39 + " million" * 1_700)[0].first > 0
    assert quantity("1e300 kg").low == Decimal("1e303")
