"""The folded form of a text, in which rules compare, with the way back to the original.

Each character is folded on its own: NFKC compatibility, look-alike letters, digits of any script, accents and
invisible characters removed. So a place in the folded text always has a place in the original.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from audit.spans import Span
from guardians.confusables import (
    BLACK_FLAG,
    INVISIBLE_CLASS,
    LOOKALIKES,
    OVERRIDES,
    SOFT_HYPHEN,
    TAG_END,
    TAG_FIRST,
    TAG_LAST,
)

# No character becomes more than this many: U+FDFA alone would become 18 under NFKC.
EXPANSION_LIMIT = 4
SMUGGLED_RUN = 8
FLAG_RUN = 7

FOREIGN = re.compile(r"[^\x00-\x7f]+")
INVISIBLE = re.compile(f"[{INVISIBLE_CLASS}]+")
ONE_INVISIBLE = re.compile(f"[{INVISIBLE_CLASS}]")


class Trick(StrEnum):
    """What invisible characters are used for."""

    TAGS = "tag characters"
    OVERRIDE = "bidirectional override"
    SMUGGLED = "long run of invisible characters"
    SPLIT_WORD = "invisible characters inside a word"


@dataclass(frozen=True, slots=True)
class Hidden:
    """Invisible characters that a reader is deceived by.

    Attributes:
        span: in the original text.
        message: what tag characters spell, else ''.
    """

    trick: Trick
    span: Span
    message: str = ""


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text. Its character ``i`` stems from ``starts[i] .. ends[i]`` of the original."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> Span:
        """Return the place in the original of a place in the folded text, which must not be empty."""
        return Span(self.starts[start], self.ends[end - 1])


@lru_cache(maxsize=4096)
def fold_character(character: str) -> str:
    """Return what a character is compared as: 0 to ``EXPANSION_LIMIT`` characters."""
    if ONE_INVISIBLE.match(character):
        return ""
    if character in LOOKALIKES:
        return LOOKALIKES[character]
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd":
        return "-"
    if category in {"Zl", "Zp"} or character == "\x85":
        return "\n"
    parts = unicodedata.normalize("NFKD", character)
    return "".join(LOOKALIKES.get(part, part) for part in parts if not is_mark(part))[:EXPANSION_LIMIT]


def is_mark(character: str) -> bool:
    return unicodedata.category(character) in {"Mn", "Me"}


def fold(text: str) -> Folded:
    """Return the folded form of any text, half surrogate pairs included. Linear in its length."""
    if text.isascii():
        return Folded(text, range(len(text)), range(1, len(text) + 1))
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for run in FOREIGN.finditer(text):
        keep(text, done, run.start(), pieces, starts, ends)
        for place in range(run.start(), run.end()):
            folded = fold_character(text[place])
            pieces.append(folded)
            starts.extend([place] * len(folded))
            ends.extend([place + 1] * len(folded))
            # An accent belongs to the letter before it, so that masking the letter takes the accent along.
            if not folded and ends and ends[-1] == place and is_mark(text[place]):
                ends[-1] = place + 1
        done = run.end()
    keep(text, done, len(text), pieces, starts, ends)
    return Folded("".join(pieces), starts, ends)


def keep(text: str, start: int, end: int, pieces: list[str], starts: list[int], ends: list[int]) -> None:
    pieces.append(text[start:end])
    starts.extend(range(start, end))
    ends.extend(range(start + 1, end + 1))


def edited(folded: Folded, changes: Iterable[tuple[int, int, str]]) -> Folded:
    """Return a folded text with places replaced. A replacement's characters stem from all of what they replace.

    Args:
        changes: start, end and replacement, in order and without overlaps.
    """
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for start, end, replacement in [*changes, (len(folded.text), len(folded.text), "")]:
        pieces += (folded.text[done:start], replacement)
        starts.extend(folded.starts[done:start])
        ends.extend(folded.ends[done:start])
        if replacement:
            starts.extend([folded.starts[start]] * len(replacement))
            ends.extend([folded.ends[end - 1]] * len(replacement))
        done = end
    return Folded("".join(pieces), starts, ends)


def hidden(text: str) -> tuple[Hidden, ...]:
    """Return the invisible characters that deceive. Emoji, flags, soft hyphens and joiners of other scripts do not."""
    if text.isascii():
        return ()
    found = ((run, trick_of(text, run.start(), run.end())) for run in INVISIBLE.finditer(text))
    return tuple(
        Hidden(trick, Span(run.start(), run.end()), spelled(run.group()) if trick is Trick.TAGS else "")
        for run, trick in found
        if trick is not None
    )


def spelled(run: str) -> str:
    """Return the ASCII text that tag characters spell."""
    return "".join(chr(ord(character) - 0xE0000) for character in run if TAG_FIRST <= ord(character) <= TAG_LAST)


def trick_of(text: str, start: int, end: int) -> Trick | None:
    run = text[start:end]
    if spelled(run):
        flag = text[max(0, start - 1) : start] == BLACK_FLAG and len(run) <= FLAG_RUN and run.endswith(TAG_END)
        return None if flag else Trick.TAGS
    if OVERRIDES.intersection(run):
        return Trick.OVERRIDE
    if len(run) >= SMUGGLED_RUN:
        return Trick.SMUGGLED
    inside = is_latin(text[max(0, start - 1) : start]) and is_latin(text[end : end + 1])
    return Trick.SPLIT_WORD if inside and run.strip(SOFT_HYPHEN) else None


def is_latin(character: str) -> bool:
    return character.isascii() and character.isalpha()
