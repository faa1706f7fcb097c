"""Texts cut into marked and unmarked parts. Every part is escaped by the template; nothing here makes HTML."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from audit.spans import Span

EXCERPT = 360
LEAD = 120
WORD = 30
HEADING = re.compile(r"^ {0,3}#{1,6} +([^\n]+)\n+", re.MULTILINE)
# Controls that reorder what is read (UAX #9), and characters that are not seen at all: shown, never obeyed.
TAGS = range(0xE0000, 0xE0080)
HIDDEN = frozenset(
    "\u061c\u200b\u200c\u200e\u200f\u2060\ufeff\u00ad\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
) | frozenset(map(chr, TAGS))


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of text; ``mark`` is True for what decided, ``hidden`` for a character that would not be seen."""

    text: str
    mark: bool = False
    hidden: bool = False


def marked(text: str, span: Span) -> tuple[Part, ...]:
    """Return the text in up to three parts, the one in the span marked. A span outside the text marks nothing."""
    if span.start >= span.end or span.end > len(text):
        return shown((Part(text),))
    parts = (Part(text[: span.start]), Part(span.of(text), mark=True), Part(text[span.end :]))
    return shown(part for part in parts if part.text)


def excerpt(text: str, span: Span, *, limit: int = EXCERPT) -> tuple[Part, ...]:
    """Return at most ``limit`` characters around the span, with '…' where something was left out."""
    if len(text) <= limit:
        return marked(text, span)
    inside = span.end <= len(text)
    begin = after_space(text, max(0, min(span.start - LEAD, len(text) - limit)), span.start) if inside else 0
    end = before_space(text, min(len(text), begin + limit), span.end if inside else 0)
    where = Span(max(span.start, begin) - begin, max(begin, min(span.end, end)) - begin) if inside else Span(0, 0)
    before, after = Part("… " if begin else ""), Part(" …" if end < len(text) else "")
    return tuple(part for part in (before, *marked(text[begin:end], where), after) if part.text)


def unheaded(text: str) -> str:
    """Return a text on one line as it reads: a heading of Markdown stands before what follows it, with '›' between."""
    return HEADING.sub(r"\1 › ", text)


def unheaded_around(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return the parts with headings as they read, but for what is marked: that is quoted to the letter."""
    return tuple(part if part.mark or part.hidden else replace(part, text=unheaded(part.text)) for part in parts)


def after_space(text: str, begin: int, stop: int) -> int:
    """Return the beginning of the next word, if there is one before ``stop`` and near."""
    found = text.find(" ", begin, min(stop, begin + WORD)) if begin else -1
    return found + 1 if found >= 0 else begin


def before_space(text: str, end: int, stop: int) -> int:
    """Return the end of the last whole word, if there is one after ``stop`` and near."""
    found = text.rfind(" ", max(stop, end - WORD), end) if end < len(text) else -1
    return found if found >= 0 else end


def clipped(text: str, limit: int) -> str:
    """Return the text, or its beginning with '…' when it is longer than ``limit``."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def visible(text: str) -> str:
    """Return the text with every hidden character named, for places that hold no parts."""
    return "".join(part.text for part in plain(text))


def plain(text: str) -> tuple[Part, ...]:
    return shown((Part(text),))


def shown(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return the parts with every hidden character as a part of its own that names its code point."""
    return tuple(piece for part in parts for piece in (revealed(part) if HIDDEN & set(part.text) else (part,)))


def revealed(part: Part) -> Iterable[Part]:
    begin = 0
    for position, character in enumerate(part.text):
        if character in HIDDEN:
            if begin < position:
                yield Part(part.text[begin:position], part.mark)
            yield Part(f"U+{ord(character):04X}", part.mark, hidden=True)
            begin = position + 1
    if begin < len(part.text):
        yield Part(part.text[begin:], part.mark)
