"""Where a value comes from: who wrote it, as labels that stay with it, and the text in which it is found again.

What a request, an operator or a tool said is a source with a label. A value that a program took over from a source
carries that label with it; one whose way nobody noted is looked for in the sources, as it stands or encoded. For the
user's word the match is strict, since it takes a value out of doubt; for what a tool said it is loose, since it puts
one there.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from audit.spans import Span
from guardians.foldedtext import Form, Haystack, decoded, needle, unescaped

LEAST_COMPACT, LEAST_DIGITS = 10, 4
NUMBER = re.compile(r"(?<![\w.,])[-+]?(?:\d{1,3}(?:[ '’]\d{3})+|\d+)(?:[.,]\d+)*")


class Origin(StrEnum):
    """Who wrote a value."""

    OPERATOR = "OPERATOR"
    USER = "USER"
    TOOL = "TOOL"
    MODEL = "MODEL"


@dataclass(frozen=True, slots=True, order=True)
class Label:
    """One origin; ``ref`` says which tool result, and is empty for the others."""

    origin: Origin
    ref: str = ""

    def __str__(self) -> str:
        return f"{self.origin}:{self.ref}" if self.ref else str(self.origin)


OPERATOR, USER, MODEL = Label(Origin.OPERATOR), Label(Origin.USER), Label(Origin.MODEL)
Labels = frozenset[Label]


def tool(ref: str) -> Label:
    return Label(Origin.TOOL, ref)


def join(labels: Iterable[Labels]) -> Labels:
    """Return the label of a value that was made of others: whoever had a part in one of them had a part in it."""
    return frozenset(label for known in labels for label in known)


def trusted(labels: Labels) -> bool:
    """Tell whether nobody but the user and the operator had a part in a value. A value of nobody is not trusted."""
    return bool(labels) and all(label.origin in {Origin.USER, Origin.OPERATOR} for label in labels)


@dataclass(frozen=True, slots=True)
class Source:
    """A text that values may stem from, with who said it. Made by ``source``."""

    label: Label
    text: str
    haystack: Haystack
    inside: tuple[Haystack, ...]
    numbers: frozenset[Decimal]

    @property
    def strict(self) -> bool:
        """Tell whether a find takes a value out of doubt."""
        return self.label.origin in {Origin.USER, Origin.OPERATOR}


def source(label: Label, text: str) -> Source:
    """Return a text ready to look values up in; what is encoded in it counts for what tools said only."""
    inside = () if label.origin in {Origin.USER, Origin.OPERATOR} else tuple(map(Haystack.of, decoded(text)))
    return Source(label, text, Haystack.of(text), inside, frozenset(numbers_in(text)))


@dataclass(frozen=True, slots=True)
class Sighting:
    """A value found in a source. ``span`` is its place there, None where it stands encoded or as another number."""

    label: Label
    span: Span | None
    encoded: bool = False


def trace(value: str | float, sources: Sequence[Source]) -> tuple[Sighting, ...]:
    """Return where a value is found: in what is trusted, or else in everything that was read; nothing if nowhere."""
    seen = [found for known in sources if (found := sighting(value, known)) is not None]
    told = tuple(found for found in seen if found.label.origin in {Origin.USER, Origin.OPERATOR})
    return told or tuple(seen)


def labels_of(sightings: Iterable[Sighting]) -> Labels:
    """Return who a traced value stems from; nobody wrote it but the model where it was not found."""
    return frozenset(found.label for found in sightings) or frozenset((MODEL,))


def sighting(value: str | float, known: Source) -> Sighting | None:
    if not isinstance(value, str):
        return Sighting(known.label, None) if decimal_of(str(value)) in known.numbers else None
    span = place_of(value, known)
    if span is not None:
        return Sighting(known.label, span)
    if known.strict:
        return None
    encoded = any(find(value, text, strict=False) for text in known.inside)
    unpacked = any(find(other, known.haystack, strict=False) for other in decoded(value))
    return Sighting(known.label, None, encoded=True) if encoded or unpacked else None


def place_of(value: str, known: Source) -> Span | None:
    return find(value, known.haystack, strict=known.strict)


def find(value: str, text: Haystack, *, strict: bool) -> Span | None:
    """Return where a value stands in a text as a whole: no part of a longer address, number or word."""
    for form in forms(value, strict=strict):
        for plain in dict.fromkeys((value, unescaped(value))):
            span = text.find(needle(plain, form), form)
            if span is not None:
                return span
    return None


def forms(value: str, *, strict: bool) -> Iterator[Form]:
    """Yield how a value may be written and still be the same.

    In an address each separator counts: my-bank.example and my.bank.example are two owners' names. A long number is
    the same with and without its gaps.
    """
    yield Form.EXACT
    alphanumeric = [character for character in value if character.isalnum()]
    if len(alphanumeric) >= LEAST_COMPACT and sum(map(str.isdigit, alphanumeric)) >= LEAST_DIGITS:
        yield Form.COMPACT
    if not strict or not is_address(value):
        yield Form.WORDS


def is_address(value: str) -> bool:
    """Tell whether a value names a place on the net or in a folder, where separators tell names apart."""
    return bool(re.search(r"[@/\\]|\w\.\w", value))


def numbers_in(text: str) -> Iterator[Decimal]:
    """Yield the numbers in a text, as people write them: 1,234.50 and 1.234,50 are both 1234.5."""
    for found in NUMBER.finditer(text):
        for written in readings(found.group()):
            number = decimal_of(written)
            if number is not None:
                yield number


def readings(written: str) -> Iterator[str]:
    """Yield what a number may mean: its last separator is a decimal one, or none is."""
    plain = re.sub(r"[ '’]", "", written)
    whole, _, rest = plain.rpartition("." if plain.rfind(".") > plain.rfind(",") else ",")
    yield re.sub(r"[.,]", "", whole) + "." + rest if whole else plain
    if re.fullmatch(r"[-+]?\d{1,3}([.,]\d{3})+", plain):
        yield re.sub(r"[.,]", "", plain)


def decimal_of(written: str) -> Decimal | None:
    try:
        number = Decimal(written)
    except InvalidOperation:
        return None
    return number.normalize() if number.is_finite() else None
