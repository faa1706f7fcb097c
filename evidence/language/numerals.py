"""Numbers as they are written: digits with separators, scale words, "twenty-five", "two hundred and five"."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from evidence.language.text import Kind, Token

DIGITS_LIMIT = 40
SPELLED_BELOW = 10**12
SEPARATORS = str.maketrans("", "", ",\u00a0 ")
# Traps off: what overflows becomes infinite, and what is not finite is not a number here.
ARITHMETIC = Context(prec=50, Emax=9999, Emin=-9999, traps=[])

FROM_ZERO = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
FROM_TWENTY = "twenty thirty forty fifty sixty seventy eighty ninety"
FROM_FIRST = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
ONES = {word: Decimal(number) for number, word in enumerate(FROM_ZERO.split())}
TENS = {word: Decimal(number * 10) for number, word in enumerate(FROM_TWENTY.split(), start=2)}
ORDINALS = {"last": Decimal(-1)} | {word: Decimal(number) for number, word in enumerate(FROM_FIRST.split(), start=1)}
SCALES = {
    "hundred": Decimal(100),
    "dozen": Decimal(12),
    "thousand": Decimal(10) ** 3,
    "million": Decimal(10) ** 6,
    "millions": Decimal(10) ** 6,
    "billion": Decimal(10) ** 9,
    "billions": Decimal(10) ** 9,
    "trillion": Decimal(10) ** 12,
    "mn": Decimal(10) ** 6,
    "bn": Decimal(10) ** 9,
}
LETTERS = {"k": Decimal(10) ** 3, "m": Decimal(10) ** 6, "b": Decimal(10) ** 9, "bn": Decimal(10) ** 9}
# "three fourths" is left alone; these are the slashes that mean a share and not "or".
DENOMINATORS = frozenset(map(Decimal, (2, 3, 4, 5, 8, 10)))


WORD_OF = {int(value): word for word, value in (ONES | TENS).items()}
ORDINAL_OF = {int(value): word for word, value in ORDINALS.items()}


@dataclass(frozen=True, slots=True)
class Numeral:
    """A value that ends before token ``end``. A ``weak`` one is the word "one", which is often no number."""

    value: Decimal
    end: int
    weak: bool = False


def decimal_of(text: str) -> Decimal | None:
    """Return the value of a number token, or None when it is too long or too large to be one.

    A comma groups thousands when three digits follow, else it is the decimal sign.
    """
    if len(text) > DIGITS_LIMIT:
        return None
    value = ARITHMETIC.create_decimal(text.translate(SEPARATORS))
    return value if value.is_finite() else None


def read(tokens: Sequence[Token], at: int) -> Numeral | None:
    """Return the number that begins at token ``at``, or None."""
    token = tokens[at]
    if token.kind is Kind.NUMBER:
        return digits(tokens, at)
    if token.kind is Kind.WORD:
        return words(tokens, at)
    return None


def digits(tokens: Sequence[Token], at: int) -> Numeral | None:
    value = decimal_of(tokens[at].text)
    if value is None:
        return None
    end = at + 1
    value, end = with_fraction(tokens, value, end)
    value, end = with_power(tokens, value, end)
    while end < len(tokens) and (scale := SCALES.get(tokens[end].folded)) is not None:
        value, end = ARITHMETIC.multiply(value, scale), end + 1
    return Numeral(value, end) if value.is_finite() else None


def with_fraction(tokens: Sequence[Token], value: Decimal, end: int) -> tuple[Decimal, int]:
    """Read "1/2" as a half and "2,5" as two and a half, where nothing follows that would make it a date or list."""
    if end + 1 >= len(tokens) or tokens[end + 1].kind is not Kind.NUMBER:
        return value, end
    mark, following = tokens[end], tokens[end + 1]
    joined = tokens[end - 1].touches(mark) and mark.touches(following)
    again = end + 2 < len(tokens) and tokens[end + 2].text == mark.text
    if not joined or again or len(following.text) > 2:
        return value, end
    number = decimal_of(following.text) or Decimal(0)
    if mark.text == "/" and number in DENOMINATORS and value < number:
        return ARITHMETIC.divide(value, number), end + 2
    if mark.text == "," and following.text.isdigit() and "." not in tokens[end - 1].text:
        return value + number.scaleb(-len(following.text)), end + 2
    return value, end


def with_power(tokens: Sequence[Token], value: Decimal, end: int) -> tuple[Decimal, int]:
    """Read "75 x 10^9" as one number."""
    shape = [token.text for token in tokens[end : end + 4]]
    if len(shape) == 4 and shape[0] in {"×", "x"} and shape[1:3] == ["10", "^"] and len(shape[3]) <= 2:
        exponent = decimal_of(shape[3])
        if exponent is not None and shape[3].isdigit():
            return value.scaleb(int(exponent), ARITHMETIC), end + 4
    return value, end


def words(tokens: Sequence[Token], at: int) -> Numeral | None:
    """Read number words, at most a dozen of them."""
    first = tokens[at].folded
    if first not in ONES and first not in TENS and first not in SCALES and first not in {"half", "a"}:
        return None
    if first in {"a", "half"}:
        return started(tokens, at, first)
    total, current, end = Decimal(0), Decimal(0), at
    while end < min(len(tokens), at + 12):
        step = word_step(tokens, end, begun=end > at, current=current)
        if step is None:
            break
        word, end = step
        if word in SCALES:
            current = (current or Decimal(1)) * SCALES[word]
            if SCALES[word] >= 1000:
                total, current = total + current, Decimal(0)
        else:
            current += ONES.get(word) or TENS.get(word) or Decimal(0)
    return Numeral(total + current, end, weak=end == at + 1 and first == "one")


def started(tokens: Sequence[Token], at: int, first: str) -> Numeral | None:
    """Read "half a million", "half", "a hundred", "a dozen"."""
    following = [token.folded for token in tokens[at + 1 : at + 3]]
    if first == "half" and following[:1] == ["a"] and following[1:] and following[1] in SCALES:
        return Numeral(SCALES[following[1]] / 2, at + 3)
    if first == "half":
        return Numeral(Decimal("0.5"), at + 1, weak=True)
    if following and following[0] in SCALES:
        return words(tokens, at + 1)
    return None


def word_step(tokens: Sequence[Token], at: int, *, begun: bool, current: Decimal) -> tuple[str, int] | None:
    """Return the next word of a number and the token after it, or None where the number ends."""
    word = tokens[at].folded
    if begun and word in {"-", "and"} and at + 1 < len(tokens):
        following = tokens[at + 1].folded
        glued = word == "-" and following in ONES and current % 100 >= 20
        added = word == "and" and (following in ONES or following in TENS) and current % 100 == 0 and current > 0
        return (following, at + 2) if glued or added else None
    if word in SCALES:
        return word, at + 1
    if word in TENS:
        return (word, at + 1) if current % 100 == 0 else None
    if word in ONES:
        free = current % 100 == 0 if ONES[word] >= 10 else current % 10 == 0 and current % 100 != 10
        return (word, at + 1) if free and not (begun and current == 0 and ONES[word] == 0) else None
    return None


def spelled(value: Decimal) -> tuple[str, ...]:
    """Return the words of a number without "and": two, hundred, five. None for fractions, negative and large ones."""
    if value != value.to_integral_value() or not 0 <= value < SPELLED_BELOW:
        return ()
    found: tuple[str, ...] = ()
    rest = int(value)
    for scale in ("billion", "million", "thousand"):
        count, rest = divmod(rest, int(SCALES[scale]))
        found += (*below_thousand(count), scale) if count else ()
    return (*found, *below_thousand(rest)) or (WORD_OF[0],)


def below_thousand(number: int) -> tuple[str, ...]:
    hundreds, rest = divmod(number, 100)
    found = (WORD_OF[hundreds], "hundred") if hundreds else ()
    if rest in WORD_OF and rest:
        return (*found, WORD_OF[rest])
    return (*found, WORD_OF[rest - rest % 10], WORD_OF[rest % 10]) if rest else found
