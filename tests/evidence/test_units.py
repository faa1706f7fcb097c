"""Units of measure and what they convert to."""

from decimal import Decimal

import pytest

from evidence.language.text import tokens
from evidence.language.units import CASELESS, KNOWN, unit_at


def measure(text: str) -> tuple[str, Decimal] | None:
    found = unit_at(tokens(text), 0)
    return (found.unit.family, found.unit.factor) if found else None


@pytest.mark.parametrize(
    ("text", "family", "factor"),
    [
        ("mg", "mass", "0.001"),
        ("Milligrams", "mass", "0.001"),
        ("µg", "mass", "0.000001"),
        ("hours", "time", "3600"),
        ("%", "percent", "1"),
        ("per cent", "percent", "1"),
        ("percentage points", "percentage point", "1"),
        ("percent points", "percentage point", "1"),
        ("°C", "temperature", "1"),
        ("° C", "temperature", "1"),
        ("degrees", "temperature", "1"),
        ("degrees Celsius", "temperature", "1"),
        ("m²", "area", "1"),
        ("km^2", "area", "1000000"),
        ("square metres", "area", "1"),
        ("IU/kg", "activity/mass", "0.001"),
        ("ml/min", "volume/time", "0.00001666666666666666666666666666666666666666666666666667"),
        ("units/kg per hour", "unit/mass/time", "2.777777777777777777777777777777777777777777777777778E-7"),
        ("dollars", "money:USD", "1"),
        ("cents", "money:USD", "0.01"),
    ],
)
def test_a_unit_has_a_family_and_a_factor(text: str, family: str, factor: str) -> None:
    found = measure(text)
    assert found is not None
    assert found[0] == family
    assert found[1] == pytest.approx(Decimal(factor), rel=Decimal("1e-9"))


@pytest.mark.parametrize("text", ["", "M", "tablets", "square dance", "kg^2"])
def test_what_is_no_unit_is_none(text: str) -> None:
    assert measure(text) is None


@pytest.mark.parametrize("text", ["mg per word", "mg / 5", "mg /"])
def test_a_divisor_must_be_a_unit(text: str) -> None:
    assert measure(text) == ("mass", Decimal("0.001"))


def test_fahrenheit_becomes_celsius() -> None:
    found = unit_at(tokens("°F"), 0)
    assert found is not None
    assert found.unit.base(Decimal(212)) == pytest.approx(Decimal(100))
    assert measure("degrees Fahrenheit") == measure("°F")


def test_single_letters_mean_what_their_case_says() -> None:
    assert KNOWN["m"].family == "length"
    assert "M" not in KNOWN
    assert "m" not in CASELESS
