"""Units of measure by family, each with its factor to the family's base unit; compounds: IU/kg, ml per minute."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from evidence.language.numerals import ARITHMETIC
from evidence.language.text import Token

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Unit:
    """``value * factor + shift`` is the value in the family's base unit. The family is also what may be compared."""

    family: str
    factor: Decimal = ONE
    shift: Decimal = Decimal(0)

    def base(self, value: Decimal) -> Decimal:
        return ARITHMETIC.add(ARITHMETIC.multiply(value, self.factor), self.shift).normalize(ARITHMETIC)


@dataclass(frozen=True, slots=True)
class Measure:
    """A unit that was read, and the token after it."""

    unit: Unit
    end: int


# family, then "factor names": the names as they are written; single letters and mixed case hold for exactly that case.
TABLE = {
    "mass": "1e3 kg kgs kilo kilos kilogram kilograms kilogramme kilogrammes; 1 g gram grams gramme grammes gm; "
    "1e-3 mg milligram milligrams milligramme milligrammes; 1e-6 μg mcg ug microgram micrograms "
    "microgramme microgrammes; 1e-9 ng nanogram nanograms; 1e-12 pg picogram picograms; 1e6 tonne tonnes; "
    "453.59237 lb lbs; 28.349523125 oz ounce ounces",
    "volume": "1 l L litre litres liter liters; 0.1 dl dL decilitre decilitres deciliter deciliters; 0.01 cl cL; "
    "1e-3 ml mL millilitre millilitres milliliter milliliters cc; 1e-6 μl μL microlitre microlitres microliter "
    "microliters; 3.785411784 gallon gallons",
    "time": "1 s sec secs second seconds; 1e-3 ms millisecond milliseconds; 60 min mins minute minutes; "
    "3600 h hr hrs hour hours; 86400 day days; 604800 week weeks wk wks",
    "calendar": "1 month months; 3 quarter quarters; 12 year years yr yrs; 120 decade decades; 1200 century centuries",
    "length": "1 m metre metres meter meters; 1e-3 mm millimetre millimetres millimeter millimeters; 1e-2 cm "
    "centimetre centimetres centimeter centimeters; 1e3 km kms kilometre kilometres kilometer kilometers; "
    "1e-6 μm um micrometre micrometres micrometer micrometers; 1e-9 nm nanometre nanometres; 0.0254 inch "
    "inches; 0.3048 ft foot feet; 0.9144 yard yards yd; 1609.344 mile miles mi",
    "area": "1 sqm; 1e4 ha hectare hectares; 4046.8564224 acre acres",
    "temperature": "1 °C celsius centigrade",
    "amount": "1 mol mole moles; 1e-3 mmol millimole millimoles; 1e-6 μmol umol micromole micromoles; 1e-9 nmol",
    "equivalent": "1e-3 mEq meq",
    "activity": "1 IU iu U",
    "unit": "1 unit units",
    "percent": "1 % percent percentage pct",
    "percentage point": "1 pp ppt; 0.01 bp bps",
    "pressure": "1 Pa; 1e3 kPa; 133.322387415 mmHg mmhg; 1e5 bar",
    "energy": "1 J joule joules; 1e3 kJ; 4184 kcal; 4.184 cal",
    "power": "1 W watt watts; 1e3 kW kilowatt kilowatts; 1e6 MW megawatt megawatts; 1e9 GW",
    "radiation": "1 Gy gray; 1e-3 mGy",
    "dose": "1 Sv; 1e-3 mSv",
    "data": "1 byte bytes; 1e3 kB KB; 1e6 MB megabyte megabytes; 1e9 GB gigabyte gigabytes; 1e12 TB",
    "speed": "1 kmh kph; 1.609344 mph; 1.852 knot knots",
    "frequency": "1 Hz hertz; 1e3 kHz; 1e6 MHz; 1e9 GHz",
    "times": "1 time times",
    "money:USD": "1 dollar dollars usd USD; 0.01 cent cents",
    "money:EUR": "1 euro euros eur EUR",
    "money:GBP": "1 pound pounds gbp GBP; 0.01 pence",
}
CURRENCIES = {"$": "money:USD", "€": "money:EUR", "£": "money:GBP", "¥": "money:JPY", "₹": "money:INR"}
FAHRENHEIT = Unit("temperature", ONE / Decimal("1.8"), Decimal(-32) / Decimal("1.8"))


def table() -> dict[str, Unit]:
    known = {"fahrenheit": FAHRENHEIT, "°F": FAHRENHEIT}
    for family, lines in TABLE.items():
        for line in lines.split("; "):
            factor, *names = line.split()
            known |= {name: Unit(family, Decimal(factor)) for name in names}
    return known


KNOWN = table()
# Single letters are case-sensitive: "5 M" is no length. Longer names are not, unless two cases mean two things.
CASELESS = {name.casefold(): unit for name, unit in KNOWN.items() if len(name) > 2}


def unit_at(tokens: Sequence[Token], at: int) -> Measure | None:
    """Return the unit that begins at token ``at``, with what it is divided by."""
    first = simple(tokens, at)
    if first is None:
        return None
    unit, end = first.unit, first.end
    for _ in range(3):
        divisor = divided(tokens, end)
        if divisor is None:
            break
        factor = ARITHMETIC.divide(unit.factor, divisor.unit.factor)
        unit, end = Unit(f"{unit.family}/{divisor.unit.family}", factor), divisor.end
    return Measure(unit, end)


def divided(tokens: Sequence[Token], at: int) -> Measure | None:
    """Return the divisor of "/kg", "per minute", "/m^2" at token ``at``."""
    if at + 1 >= len(tokens) or tokens[at].folded not in {"/", "per"}:
        return None
    return simple(tokens, at + 1)


def simple(tokens: Sequence[Token], at: int) -> Measure | None:
    if at >= len(tokens):
        return None
    text = tokens[at].text
    following = [token.folded for token in tokens[at + 1 : at + 3]]
    if text == "°" or tokens[at].folded in {"degree", "degrees"}:
        return degrees(following, at)
    if tokens[at].folded == "per" and following[:1] == ["cent"]:
        return Measure(KNOWN["percent"], at + 2)
    if tokens[at].folded == "square" and following and following[0] in KNOWN:
        return squared(KNOWN[following[0]], at + 2)
    unit = KNOWN.get(text) or CASELESS.get(tokens[at].folded)
    if unit is None:
        return None
    if following == ["^", "2"]:
        return squared(unit, at + 3)
    if unit.family == "percent" and following and following[0] in {"point", "points"}:
        return Measure(KNOWN["pp"], at + 2)
    return Measure(unit, at + 1)


def squared(unit: Unit, end: int) -> Measure | None:
    return Measure(Unit("area", unit.factor * unit.factor), end) if unit.family == "length" else None


def degrees(following: Sequence[str], at: int) -> Measure:
    """Return the temperature after a degree sign; without a letter it is Celsius for want of better knowledge."""
    scale = following[0] if following else ""
    if scale in {"f", "fahrenheit"}:
        return Measure(FAHRENHEIT, at + 2)
    return Measure(KNOWN["°C"], at + 2 if scale in {"c", "celsius"} else at + 1)
