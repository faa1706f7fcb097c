"""Dates as they are written: 7 December 2026, December 7, 2026-12-07, Monday, 2018-19, the 1990s."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

from evidence.language.lexicon import MONTHS, WEEKDAYS, words
from evidence.language.text import Kind, Token
from evidence.language.units import unit_at

FIRST_YEAR, LAST_YEAR = 1500, 2100
ORDINAL_ENDINGS = words("st nd rd th")
# These months are also words; alone they are months only where one of these stands before them.
AMBIGUOUS = words("may march mar sep dec jan jun sun")
BEFORE_MONTHS = words("in by since until from to of during before after early late mid last next and between through")


@dataclass(frozen=True, slots=True)
class Date:
    """What is said of a day: 0 or "" where it is not said. ``decade`` means any year of ``year`` to ``year + 9``."""

    first: int
    end: int
    year: int = 0
    month: int = 0
    day: int = 0
    weekday: str = ""
    decade: bool = False

    def differing(self, other: "Date") -> frozenset[str]:
        """Return the names of what both say and say differently."""
        both = self.said() & other.said()
        return frozenset(
            name for name in both if getattr(self, name) != getattr(other, name) and not self.spans(other, name)
        )

    def spans(self, other: "Date", name: str) -> bool:
        if name != "year" or self.decade == other.decade:
            return False
        decade, year = (self.year, other.year) if self.decade else (other.year, self.year)
        return decade <= year < decade + 10

    def said(self) -> frozenset[str]:
        return frozenset(name for name in PARTS if getattr(self, name))


PARTS = tuple(field.name for field in fields(Date) if field.name in {"year", "month", "day", "weekday"})


def find(tokens: Sequence[Token]) -> tuple[Date, ...]:
    """Return the dates among tokens, in order and apart."""
    return tuple(scan(tokens))


def scan(tokens: Sequence[Token]) -> Iterator[Date]:
    at = 0
    while at < len(tokens):
        dates = at_token(tokens, at)
        yield from dates
        at = max(at + 1, dates[-1].end if dates else 0)


def at_token(tokens: Sequence[Token], at: int) -> tuple[Date, ...]:
    token = tokens[at]
    if token.kind is Kind.WORD:
        if token.folded in WEEKDAYS:
            return (Date(at, at + 1, weekday=token.folded),)
        return month_first(tokens, at) if token.folded in MONTHS else ()
    if token.kind is Kind.NUMBER:
        return numeric(tokens, at) or day_first(tokens, at) or years(tokens, at)
    return ()


def month_first(tokens: Sequence[Token], at: int) -> tuple[Date, ...]:
    """Read "December 7, 2026", "December 2026" and "December"."""
    token = tokens[at]
    end = at + 1
    if end < len(tokens) and tokens[end].text == ".":
        end += 1
    day = small(tokens, end, 31)
    if day:
        end = after_ordinal(tokens, end + 1)
    comma = end + 1 if end < len(tokens) and tokens[end].folded in {",", "of"} else end
    year = year_of(tokens, comma)
    end = comma + 1 if year else end
    if not (day or year):
        end = at + 1
        before = tokens[at - 1].folded if at else ""
        if not token.text[0].isupper() or (token.folded in AMBIGUOUS and before not in BEFORE_MONTHS):
            return ()
    return (Date(at, end, year, MONTHS[token.folded], day),)


def day_first(tokens: Sequence[Token], at: int) -> tuple[Date, ...]:
    """Read "7 December 2026", "7th of December"."""
    day = small(tokens, at, 31)
    end = after_ordinal(tokens, at + 1)
    if end < len(tokens) and tokens[end].folded == "of":
        end += 1
    if not day or end >= len(tokens) or tokens[end].folded not in MONTHS or not tokens[end].text[0].isupper():
        return ()
    month = MONTHS[tokens[end].folded]
    end += 1
    comma = end + 1 if end < len(tokens) and tokens[end].text == "," else end
    year = year_of(tokens, comma)
    return (Date(at, comma + 1 if year else end, year, month, day),)


def numeric(tokens: Sequence[Token], at: int) -> tuple[Date, ...]:
    """Read 2026-12-07, and 7/12/2026 as the day before the month unless that is impossible."""
    shape = tokens[at : at + 5]
    if len(shape) < 5 or shape[1].text not in {"-", "/"} or shape[3].text != shape[1].text:
        return ()
    if not all(one.touches(following) for one, following in pairwise(shape)):
        return ()
    first, second, third = (small(shape, place, 9999) for place in (0, 2, 4))
    if len(shape[0].text) == 4 and 1 <= second <= 12 and 1 <= third <= 31:
        return (Date(at, at + 5, first, second, third),)
    day, month = (first, second) if second <= 12 else (second, first)
    if len(shape[4].text) == 4 and 1 <= month <= 12 and 1 <= day <= 31:
        return (Date(at, at + 5, third, month, day),)
    return ()


def years(tokens: Sequence[Token], at: int) -> tuple[Date, ...]:
    """Read "2026", "2018-19", "2018-2019" and "1990s"."""
    year = year_of(tokens, at)
    if not year or (at and tokens[at - 1].text in "$€£¥₹"):
        return ()
    following = tokens[at + 1 : at + 3]
    if following and following[0].folded == "s" and tokens[at].touches(following[0]):
        return (Date(at, at + 2, year, decade=year % 10 == 0),)
    if unit_at(tokens, at + 1) is not None:
        return ()
    if len(following) == 2 and following[0].text == "-" and tokens[at].touches(following[0]):
        last = small(tokens, at + 2, LAST_YEAR)
        last += year // 100 * 100 if len(following[1].text) == 2 else 0
        if year < last <= LAST_YEAR:
            return Date(at, at + 1, year), Date(at + 2, at + 3, last)
    return (Date(at, at + 1, year),)


def year_of(tokens: Sequence[Token], at: int) -> int:
    """Return the year that token ``at`` is, or 0."""
    if at >= len(tokens) or tokens[at].kind is not Kind.NUMBER or len(tokens[at].text) != 4:
        return 0
    year = small(tokens, at, LAST_YEAR)
    return year if year >= FIRST_YEAR else 0


def small(tokens: Sequence[Token], at: int, most: int) -> int:
    """Return the whole number that token ``at`` is, or 0 when it is none up to ``most``."""
    if at >= len(tokens) or tokens[at].kind is not Kind.NUMBER:
        return 0
    text = tokens[at].text
    if not text.isdigit() or not text.isascii() or len(text) > 4 or int(text) > most:
        return 0
    return int(text)


def after_ordinal(tokens: Sequence[Token], at: int) -> int:
    """Return the token after "th" where it stands directly behind a number."""
    if at < len(tokens) and tokens[at].folded in ORDINAL_ENDINGS and tokens[at - 1].touches(tokens[at]):
        return at + 1
    return at
