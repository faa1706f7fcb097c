"""How a text is laid out: headings, paragraphs, list items and table rows of Markdown or plain text, as spans of it.

Lenient where CommonMark is strict: what people and models write is read as they mean it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from audit.spans import Span

# Only what reads like YAML: a document may also begin with a ruler.
FRONT_MATTER = re.compile(
    r"\A\s{0,20}---[ \t]*\n(?:(?:[A-Za-z_][^:\n]{0,80}:[^\n]*|[ \t#-][^\n]*|)\n)*?---[ \t]*(?:\n|\Z)"
)
FENCE = re.compile(r"\s{0,12}(?:```|~~~)")
HEADING = re.compile(r"\s{0,3}#{1,6}(?:\s+|$)")
UNDERLINE = re.compile(r"\s{0,3}(?:={2,}|-{2,})\s*$")
ROW = re.compile(r"\s{0,3}\|")
QUOTE = re.compile(r"\s{0,3}(?:>[ \t]?){1,9}")
ITEM = re.compile(
    r"\s{0,40}(?:(?P<bullet>[-*+•‣◦·])|(?P<number>\d{1,3})[.)]|\((?:\d{1,3}|[a-z])\)|[a-z]\)|[ivx]{1,5}\))[ \t]+(?=\S)"
)
WORD = re.compile(r"[^\W_]")
# A line that may be followed by a list whose first number is not 1.
INTRODUCES = (":", ".", ";", "!", "?")


class Shape(StrEnum):
    HEADING = "HEADING"
    PROSE = "PROSE"
    ITEM = "ITEM"
    ROW = "ROW"
    MARKS = "MARKS"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of layout. ``span`` holds its mark ("## ", "- ", "3. "), ``inner`` does not."""

    shape: Shape
    span: Span
    inner: Span


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its shape, where it and its words begin, whether it goes on with what came before."""

    shape: Shape
    start: int
    inner: int
    end: int
    quoted: bool = False
    fenced: bool = False
    number: int | None = None


def body_of(text: str) -> int:
    """Return where a document begins behind its YAML front matter; 0 when it has none."""
    found = FRONT_MATTER.match(text)
    return found.end() if found else 0


def comments(text: str) -> Iterator[Span]:
    """Yield the spans of HTML comments: what a reader of the rendered text does not see."""
    start = text.find("<!--")
    while start >= 0 and (end := text.find("-->", start + 4)) >= 0:
        yield Span(start, end + 3)
        start = text.find("<!--", end + 3)


def shown(text: str) -> str:
    """Return a text of the same length with blank lines for comments, so that no sentence runs through one."""
    parts, place = [], 0
    for comment in comments(text):
        parts += [text[place : comment.start], "\n\n", " " * (comment.end - comment.start - 2)]
        place = comment.end
    return "".join(parts) + text[place:]


def blocks(text: str, *, start: int = 0) -> Iterator[Block]:
    """Yield the blocks of a text from ``start``, in order; together they hold everything but white space."""
    held: list[Line] = []
    for line in lines(text, start):
        if line is None:
            yield from closed(text, held)
            held = []
        elif line.shape is Shape.MARKS and is_underline(text, line, held):
            yield Block(Shape.HEADING, Span(held[0].start, line.end), Span(held[0].inner, held[0].end))
            held = []
        elif held and goes_on(text, held[0], held[-1], line):
            held.append(line)
        else:
            yield from closed(text, held)
            held = [line]
    yield from closed(text, held)


def lines(text: str, start: int) -> Iterator[Line | None]:
    """Yield the lines of a text; None for a blank one."""
    fenced = False
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end]
        fence = FENCE.match(line) is not None
        fenced ^= fence
        if fence:
            yield Line(Shape.MARKS, start, start, end)
        elif line.strip():
            yield Line(Shape.PROSE, start, start, end, fenced=True) if fenced else read_line(line, start)
        else:
            yield None
        start = end + 1


def read_line(line: str, start: int) -> Line:
    end = start + len(line)
    quote = QUOTE.match(line)
    skipped = quote.end() if quote else 0
    rest = line[skipped:]
    if not WORD.search(rest):
        return Line(Shape.MARKS, start, start, end, quoted=quote is not None)
    for shape, pattern in ((Shape.HEADING, HEADING), (Shape.ROW, ROW), (Shape.ITEM, ITEM)):
        found = pattern.match(rest)
        if found:
            digits = found["number"] if shape is Shape.ITEM else None
            inner = start + skipped + found.end()
            return Line(shape, start, inner, end, quote is not None, number=int(digits) if digits else None)
    return Line(Shape.PROSE, start, start + skipped, end, quoted=quote is not None)


def goes_on(text: str, first: Line, last: Line, line: Line) -> bool:
    """Tell whether a line is part of the block before it: a wrapped paragraph or list item."""
    if first.shape not in {Shape.PROSE, Shape.ITEM} or first.fenced or line.fenced or first.quoted != line.quoted:
        return False
    if line.shape is Shape.ITEM and first.shape is Shape.PROSE and line.number is not None:
        # "measured on day / 5. It was" is a wrapped sentence, as in CommonMark, unless the line before it is complete.
        return line.number != 1 and not text[last.start : last.end].rstrip().endswith(INTRODUCES)
    return line.shape is Shape.PROSE


def is_underline(text: str, line: Line, held: list[Line]) -> bool:
    """Tell whether a line of = or - makes the one line before it a heading; below a sentence it is a ruler."""
    return (
        len(held) == 1
        and held[0].shape is Shape.PROSE
        and UNDERLINE.match(text[line.start : line.end]) is not None
        and not text[held[0].start : held[0].end].rstrip().endswith(INTRODUCES)
    )


def closed(text: str, held: list[Line]) -> Iterator[Block]:
    if held:
        shape, inner = held[0].shape, Span(held[0].inner, held[-1].end)
        ends = {Shape.HEADING: "# \t", Shape.ROW: "| \t"}.get(shape, "")
        part = inner.of(text).rstrip().rstrip(ends)
        start = inner.start + len(part) - len(part.lstrip())
        yield Block(shape, trimmed(text, Span(held[0].start, held[-1].end)), Span(start, inner.start + len(part)))


def trimmed(text: str, span: Span) -> Span:
    """Return the span without white space at its ends."""
    part = span.of(text)
    start = span.start + len(part) - len(part.lstrip())
    return Span(start, max(start, span.start + len(part.rstrip())))
