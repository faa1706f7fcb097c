"""Texts in forms in which the same value compares equal, with the way back to its place in the original.

Not the folding of ``normal.py``, on purpose: there a letter equals all that look like it, so that no rule is deceived.
Here an address with a Cyrillic letter must not equal the one that the user gave.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from html import unescape
from urllib.parse import unquote

from audit.spans import Span

# Runs that may be text in another alphabet: base64 in both its alphabets, and hexadecimal digits.
ENCODED = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
HEXADECIMAL = re.compile(r"(?:[0-9a-fA-F]{2}){4,}")
ESCAPED = re.compile(r"%[0-9a-fA-F]{2}|&#?\w+;")
DEPTH = 2
ENCODED_LIMIT = 500  # runs of a text that are decoded
TRIES_LIMIT = 1_000  # places at which a value is looked at; one that stands whole nowhere among them is not found
SCHEME = re.compile(r"^[a-z][a-z0-9+.-]{1,15}://", re.IGNORECASE)
SCHEME_BEFORE = re.compile(r"(?<![\w/])[a-z][a-z0-9+.-]{1,15}://$", re.IGNORECASE)
# What goes on with an address on its left and on its right, so that a find there is part of a longer one.
LEFT = re.compile(r"[\w@.+%/\\~-]")
RIGHT = re.compile(r"[\w@+%\\~]|[-./:](?=\w)")


class Form(StrEnum):
    """What of a text is compared: all of it, its words, or its letters and digits without any gap."""

    EXACT = "exact"
    WORDS = "words"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text; its character ``i`` stems from ``places[i]`` of the original."""

    text: str
    places: list[int]


@dataclass(frozen=True)
class Haystack:
    """A text to look values up in; each form of it is made when it is first needed."""

    text: str

    @classmethod
    def of(cls, text: str) -> "Haystack":
        return cls(text)

    @cached_property
    def exact(self) -> Folded:
        return folded(self.text, Form.EXACT)

    @cached_property
    def words(self) -> Folded:
        return folded(self.text, Form.WORDS)

    @cached_property
    def compact(self) -> Folded:
        return folded(self.text, Form.COMPACT)

    def runs(self, length: int) -> frozenset[int]:
        """Return a hash of each run of so many words."""
        words = self.words.text.split()
        return frozenset(hash(tuple(words[start : start + length])) for start in range(len(words) - length + 1))

    def find(self, wanted: str, form: Form) -> Span | None:
        """Return the first place at which a folded value stands whole, in code points of the original."""
        known: Folded = getattr(self, form.value)
        start, tries = known.text.find(wanted) if wanted else -1, 0
        while start >= 0 and tries < TRIES_LIMIT:
            tries += 1
            end = start + len(wanted)
            span = Span(known.places[start], known.places[end - 1] + 1)
            if self.is_whole(span):
                return span
            start = known.text.find(wanted, start + 1)
        return None

    def is_whole(self, span: Span) -> bool:
        before, after = self.text[max(0, span.start - 20) : span.start], self.text[span.end : span.end + 2]
        goes_on = LEFT.match(before[-1:]) and not SCHEME_BEFORE.search(before)
        return not goes_on and not RIGHT.match(after)


def folded(text: str, form: Form) -> Folded:
    characters: list[str] = []
    places: list[int] = []
    for place, original in enumerate(text):
        for character in unicodedata.normalize("NFKC", original).casefold():
            kept = folded_character(character, form, last=characters[-1] if characters else " ")
            if kept:
                characters.append(kept)
                places.append(place)
    return Folded("".join(characters), places)


def folded_character(character: str, form: Form, *, last: str) -> str:
    """Return what a character is compared as, or nothing. What is not seen is not compared."""
    if unicodedata.category(character) in {"Cf", "Cc", "Cs"} and character not in "\t\n\r":
        return ""
    if character.isalnum() or (form is Form.WORDS and character == "@"):
        return character
    if form is Form.COMPACT:
        return ""
    kept = character if form is Form.EXACT and not character.isspace() else " "
    return "" if kept == last == " " else kept


def needle(value: str, form: Form) -> str:
    """Return a value as it is looked for; an address is the same with and without its scheme and last slash."""
    plain = SCHEME.sub("", value.strip()).rstrip("/") if form is Form.EXACT else value
    return folded(plain, form).text.strip()


def unescaped(value: str) -> str:
    """Return a text without percent signs and character references that stand for other characters."""
    return unescape(unquote(value))


def decoded(text: str, depth: int = DEPTH) -> tuple[str, ...]:
    """Return the texts that are encoded in a text: base64, hexadecimal, percent signs, character references."""
    found = dict.fromkeys(layer for layer in layers(text) if layer != text)
    if depth > 1:
        found |= dict.fromkeys(inner for layer in tuple(found) for inner in decoded(layer, depth - 1))
    return tuple(found)


def layers(text: str) -> Iterator[str]:
    if ESCAPED.search(text):
        yield unescaped(text)
    for number, run in enumerate(ENCODED.finditer(text)):
        if number >= ENCODED_LIMIT:
            return
        yield from read_run(run.group())
    for run in HEXADECIMAL.finditer(text):
        yield from as_text(bytes.fromhex(run.group()))


def read_run(run: str) -> Iterator[str]:
    standard = run.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        yield from as_text(base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True))
    except (binascii.Error, ValueError):
        return


def as_text(found: bytes) -> Iterator[str]:
    """Yield bytes as a text, if they are one that can be read."""
    try:
        text = found.decode()
    except UnicodeDecodeError:
        return
    if len(text) > 3 and all(character.isprintable() or character.isspace() for character in text):
        yield text
