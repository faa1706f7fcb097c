"""Quantities in a sentence: a value or a range with its unit, what is counted, and the bound that is set on it."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from evidence.language import numerals
from evidence.language.bounds import DOWN, UP, Bound, bound_at
from evidence.language.lexicon import STOP, words
from evidence.language.numerals import ARITHMETIC, LETTERS, ORDINALS
from evidence.language.text import Kind, Token, key
from evidence.language.units import CURRENCIES, KNOWN, Measure, Unit, unit_at

MOST_IN_A_SENTENCE = 60
COUNT = Unit("")
ORDINAL = Unit("ordinal")
UNMEASURED = frozenset({COUNT.family, ORDINAL.family})
TIMES = {"once": Decimal(1), "twice": Decimal(2), "thrice": Decimal(3)}
RATES = {
    "hourly": "hour",
    "daily": "day",
    "nightly": "day",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
    "annually": "year",
}
LABELS = words("""
    day pack level phase grade extension stage type group form chapter version figure table number no class
    factor step season episode volume part article section room ward week book vitamin apollo flight route
    highway act rule page
""")
# A conversion rounds: 5 miles are 8 km. "About" allows more.
EXACTLY, ROUNDED, ROUGH = Decimal(0), Decimal("0.01"), Decimal("0.06")
# "More than 100" may be said of 118, and hardly of 10,000.
LOOSE = 2
LIMITS = frozenset({Bound.LEAST, Bound.MOST})


class Relation(StrEnum):
    """How a quantity of a claim stands to one of a source."""

    ENTAILED = "ENTAILED"
    DIFFERENT = "DIFFERENT"
    UNIT = "UNIT"
    OPPOSITE = "OPPOSITE"
    UNBOUNDED = "UNBOUNDED"
    INCOMPARABLE = "INCOMPARABLE"


@dataclass(frozen=True, slots=True)
class Quantity:
    """Tokens ``first`` to ``end`` with values in the unit family's base unit; ``outer`` takes in the words of a bound.

    Attributes:
        low, high: the same for a single value.
        written: the low value as it is written.
        nouns: keys of the words counted, such as of "infusions".
        label: key of the word it numbers, such as of "pack" in "pack 1"; or "".
        trend: 1 before "more", "higher"; -1 before "less", "fewer"; else 0.
    """

    first: int
    end: int
    outer: tuple[int, int]
    low: Decimal
    high: Decimal
    written: Decimal
    unit: Unit
    bound: Bound
    nouns: tuple[str, ...]
    label: str
    trend: int


@dataclass(frozen=True, slots=True)
class Amount:
    """One or two values and their unit, as read from tokens."""

    values: tuple[Decimal, ...]
    unit: Unit | None
    first: int
    end: int


def find(tokens: Sequence[Token], taken: AbstractSet[int]) -> tuple[Quantity, ...]:
    """Return the quantities among tokens that are not taken, in order and apart, at most MOST_IN_A_SENTENCE + 1."""
    found: list[Quantity] = []
    for amount in amounts(tokens, taken):
        found.append(completed(tokens, amount))
        if len(found) > MOST_IN_A_SENTENCE:
            break
    return tuple(found)


def amounts(tokens: Sequence[Token], taken: AbstractSet[int]) -> Iterator[Amount]:
    at = 0
    while at < len(tokens):
        amount = None if at in taken else amount_at(tokens, at)
        if amount is not None:
            yield amount
        at = max(at + 1, amount.end if amount else 0)


def amount_at(tokens: Sequence[Token], at: int) -> Amount | None:
    word = tokens[at].folded
    if word in TIMES:
        return frequency(tokens, at)
    if word in ORDINALS and not (at and tokens[at - 1].kind is Kind.NUMBER):
        return Amount((ORDINALS[word],), ORDINAL, at, at + 1)
    numeral = numerals.read(tokens, at)
    if numeral is None:
        return None
    first, money = opened(tokens, at)
    value, end = scaled(tokens, numeral.value, numeral.end, money=money is not None)
    if end < len(tokens) and tokens[end].folded in {"st", "nd", "rd", "th"} and tokens[end - 1].touches(tokens[end]):
        return Amount((value,), ORDINAL, first, end + 1)
    negative = first < at and tokens[first].text == "-"
    values, end = ranged(tokens, at, -value if negative else value, end)
    measure = measured(tokens, end)
    if numeral.weak and measure is None:
        return None
    unit = money if money and measure is None else measure.unit if measure else None
    return Amount(values, unit, first, measure.end if measure else end)


def frequency(tokens: Sequence[Token], at: int) -> Amount | None:
    """Read "twice", and "once" where a rate follows: alone it is seldom a number."""
    unit = over(tokens, Measure(KNOWN["times"], at + 1))
    if tokens[at].folded == "once" and unit.end == at + 1:
        return None
    return Amount((TIMES[tokens[at].folded],), unit.unit, at, unit.end)


def opened(tokens: Sequence[Token], at: int) -> tuple[int, Unit | None]:
    """Return where the amount really begins, before a sign or currency, and the currency."""
    if not at:
        return at, None
    before = tokens[at - 1]
    family = CURRENCIES.get(before.text)
    if family:
        return at - 1, Unit(family)
    signed = before.text == "-" and before.touches(tokens[at]) and (at < 2 or not tokens[at - 2].touches(before))
    return (at - 1 if signed else at), None


def scaled(tokens: Sequence[Token], value: Decimal, end: int, *, money: bool) -> tuple[Decimal, int]:
    """Read the "M" of "$4.2M" and the "k" of "5k"; "5m" without a currency is metres."""
    if end >= len(tokens) or not tokens[end - 1].touches(tokens[end]):
        return value, end
    letter = tokens[end]
    scale = LETTERS.get(letter.folded)
    if scale is None or not (money or letter.text in {"k", "K", "M", "B", "bn"}):
        return value, end
    return ARITHMETIC.multiply(value, scale), end + 1


def ranged(tokens: Sequence[Token], at: int, value: Decimal, end: int) -> tuple[tuple[Decimal, ...], int]:
    """Read the second value of "5-7", "5 to 7", "between 5 and 7"."""
    if end + 1 >= len(tokens):
        return (value,), end
    joint = tokens[end].folded
    between = joint == "and" and at > 0 and tokens[at - 1].folded == "between"
    if not (between or joint in {"-", "to"}):
        return (value,), end
    place = end + 2 if tokens[end + 1].text in CURRENCIES and end + 2 < len(tokens) else end + 1
    second = numerals.read(tokens, place)
    if second is None or second.weak or second.value <= value:
        return (value,), end
    last, end = scaled(tokens, second.value, second.end, money=False)
    return (value, last), end


def measured(tokens: Sequence[Token], end: int) -> Measure | None:
    """Return the unit behind a number, also of "5-day", with "a day", "daily" or "per hour" behind it."""
    hyphen = end + 1 < len(tokens) and tokens[end].text == "-" and tokens[end - 1].touches(tokens[end])
    measure = unit_at(tokens, end + 1 if hyphen else end)
    return over(tokens, measure) if measure else None


def over(tokens: Sequence[Token], measure: Measure) -> Measure:
    """Return the measure with the time it is spread over, as in "twice a day"."""
    at = measure.end
    if at >= len(tokens) or measure.unit.family in {"time", "calendar"}:
        return measure
    if tokens[at].folded in RATES:
        return divided(measure, KNOWN[RATES[tokens[at].folded]], at + 1)
    if tokens[at].folded in {"a", "an", "each", "every", "per"} and at + 1 < len(tokens):
        unit = KNOWN.get(tokens[at + 1].folded)
        if unit is not None and unit.family in {"time", "calendar"}:
            return divided(measure, unit, at + 2)
    return measure


def divided(measure: Measure, by: Unit, end: int) -> Measure:
    factor = ARITHMETIC.divide(measure.unit.factor, by.factor)
    return Measure(Unit(f"{measure.unit.family}/{by.family}", factor), end)


def completed(tokens: Sequence[Token], amount: Amount) -> Quantity:
    unit = amount.unit or COUNT
    bound, outer = bound_at(tokens, amount.first, amount.end, is_time=unit.family == "time")
    values = [unit.base(value) for value in amount.values]
    if amount.first and tokens[amount.first - 1].folded in {"every", "each"} and amount.unit is not None:
        unit, outer = Unit(f"every {unit.family}", unit.factor), (amount.first - 1, outer[1])
    trend = trend_of(tokens, amount.end)
    label = label_before(tokens, amount) if amount.unit is None else ""
    nouns = (label,) if label else counted(tokens, amount.end)
    return Quantity(
        amount.first,
        amount.end,
        (outer[0], max(outer[1], amount.end + abs(trend))),
        values[0],
        values[-1],
        amount.values[0],
        ORDINAL if label else unit,
        bound,
        nouns,
        label,
        trend,
    )


def trend_of(tokens: Sequence[Token], end: int) -> int:
    word = tokens[end].folded if end < len(tokens) else ""
    return (word in UP) - (word in DOWN)


def label_before(tokens: Sequence[Token], amount: Amount) -> str:
    before = tokens[amount.first - 1].folded if amount.first else ""
    return key(before) if before in LABELS else ""


def counted(tokens: Sequence[Token], end: int) -> tuple[str, ...]:
    """Return the keys of up to three words that follow a number without a break."""
    found: list[str] = []
    for token in tokens[end : end + 5]:
        if token.kind is Kind.WORD and token.folded not in STOP:
            found.append(key(token.folded))
        elif token.folded not in {"of", "-", "the", "other", "more"}:
            break
    return tuple(found[:3])


def relate(claim: Quantity, source: Quantity) -> Relation:
    """Return how a claim's quantity stands to a source's: ENTAILED when the source's makes it true."""
    if not comparable(claim, source):
        unlike = claim.written == source.written and UNMEASURED.isdisjoint((claim.unit.family, source.unit.family))
        return Relation.UNIT if unlike else Relation.INCOMPARABLE
    if claim.written == source.written and claim.low != source.low:
        return Relation.UNIT
    return within_bounds(claim, source)


def comparable(claim: Quantity, source: Quantity) -> bool:
    """Tell whether two quantities measure or count the same kind of thing."""
    if claim.unit.family != source.unit.family:
        return False
    if claim.unit.family not in UNMEASURED or not claim.nouns or not source.nouns:
        return True
    return claim.written == source.written or not set(claim.nouns).isdisjoint(source.nouns)


def within_bounds(claim: Quantity, source: Quantity) -> Relation:
    if claim.trend * source.trend < 0:
        return Relation.OPPOSITE
    same = near(claim, source, claim.low, source.low) and near(claim, source, claim.high, source.high)
    if claim.bound is source.bound or LIMITS.isdisjoint((claim.bound, source.bound)):
        inside = source.low == source.high and claim.low <= source.low <= claim.high
        return Relation.ENTAILED if same or inside else Relation.DIFFERENT
    if claim.bound in LIMITS and source.bound in LIMITS:
        return Relation.OPPOSITE if same else Relation.DIFFERENT
    if claim.bound is Bound.MOST:
        return Relation.ENTAILED if source.high <= claim.high <= source.high * LOOSE else Relation.DIFFERENT
    if claim.bound is Bound.LEAST:
        return Relation.ENTAILED if claim.low <= source.low <= claim.low * LOOSE else Relation.DIFFERENT
    return Relation.UNBOUNDED if same else Relation.DIFFERENT


def near(claim: Quantity, source: Quantity, one: Decimal, other: Decimal) -> bool:
    if one == other:
        return True
    allowed = ROUNDED if claim.unit.factor != source.unit.factor else EXACTLY
    if Bound.ABOUT in (claim.bound, source.bound):
        allowed = ROUGH
    return abs(one - other) <= allowed * max(abs(one), abs(other))
