"""Documents as evidence: decoded, checked, and cut into passages whose place in the document is kept."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from audit.errors import Invalid, TooLarge
from audit.spans import Span
from evidence.language.blocks import Block, Shape, blocks, body_of, comments, trimmed
from evidence.language.sentences import within

BYTES_LIMIT = 5_000_000
# Code points of a passage: a new one begins at a heading or paragraph after LEAST, and before MOST wherever it must.
LEAST = 300
MOST = 900
# A comment is cut only when it is longer: a piece of one could not be told from what readers see.
COMMENT_LIMIT = 10_000
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


class DocumentError(Invalid):
    """A document that cannot be taken."""

    title = "The document cannot be taken"


class DocumentTooLarge(DocumentError):
    status = TooLarge.status
    title = TooLarge.title


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document, or of a tool's result, that can be evidence.

    Attributes:
        sha256: of its UTF-8 text, in hex.
        weight: 0 to 1, how much of a voice its source is.
        host: the web host that its document was published on; empty where that is not known.
        original: the hash of the bytes that its document was sent as, in hex; empty where that is not known.
    """

    id: str
    source: str
    text: str
    sha256: str
    trusted: bool = False
    title: str = ""
    weight: float = 1.0
    host: str = ""
    original: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece of a document: ``span.of(document) == text``; ``sha256`` is of its UTF-8 text, in hex."""

    text: str
    span: Span
    sha256: str


@dataclass(frozen=True, slots=True)
class Unit:
    """What a passage is made of and never breaks inside: a sentence, a list item or row, or a heading."""

    span: Span
    heading: bool = False
    # The end of the block it opens; 0 inside a block.
    block_end: int = 0


def read(data: bytes) -> str:
    """Return a document's text without byte order mark, its lines ended by "\\n".

    Raises:
        DocumentTooLarge: it has more than BYTES_LIMIT bytes.
        DocumentError: it is not UTF-8, holds control characters, or holds no word besides its front matter.
    """
    if len(data) > BYTES_LIMIT:
        raise DocumentTooLarge(f"the document has {len(data):,} bytes; at most {BYTES_LIMIT:,} are taken: split it")
    return checked(decoded(data), size=len(data))


def checked(text: str, *, size: int) -> str:
    """Return a document's text, of ``size`` bytes as it was sent, with its lines ended by "\n".

    Raises:
        DocumentTooLarge: the text has more than BYTES_LIMIT bytes.
        DocumentError: it holds control characters, or holds no word besides its front matter.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text.encode()) > BYTES_LIMIT:
        raise DocumentTooLarge(f"the document has over {BYTES_LIMIT:,} bytes of text: split it")
    found = CONTROL.search(text)
    if found:
        code, line = ord(found.group()), text.count("\n", 0, found.start()) + 1
        raise DocumentError(f"line {line} of the document holds the control character U+{code:04X}; remove it")
    if not any(map(str.isalnum, text[body_of(text) :])):
        raise DocumentError(f"the document has {size} bytes and no word of text; at least one is needed, send its text")
    return text


def decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        guess = "; it looks like UTF-16" if data.startswith(WIDE_MARKS) else ""
        value = f"byte {data[error.start]:#04x} at place {error.start} of the document is not UTF-8{guess}"
        raise DocumentError(f"{value}; save it as UTF-8") from error


def cut(text: str) -> tuple[Cut, ...]:
    """Return the passages of a document, in order: a few sentences each, at most MOST code points.

    They hold everything but front matter and white space between them, comments included: what a reader does not see
    must be seen by the guardians. The same text is always cut the same way.
    """
    found = []
    for span in packed(unbroken(text, units(text))):
        part = span.of(text)
        found.append(Cut(part, span, hashlib.sha256(part.encode("utf-8", "surrogatepass")).hexdigest()))
    return tuple(found)


def units(text: str) -> Iterator[Unit]:
    for block in blocks(text, start=body_of(text)):
        first = True
        for span in spans_of(text, block):
            yield Unit(span, block.shape is Shape.HEADING, block.span.end if first else 0)
            first = False


def unbroken(text: str, found: Iterator[Unit]) -> Iterator[Unit]:
    """Yield the units, joined where the border between two is inside a comment."""
    hidden = [comment for comment in comments(text) if comment.end - comment.start <= COMMENT_LIMIT]
    hidden.reverse()
    held: Unit | None = None
    for unit in found:
        while hidden and hidden[-1].end <= unit.span.start:
            hidden.pop()
        if held is not None and hidden and hidden[-1].start < unit.span.start:
            held = replace(
                held, span=Span(held.span.start, unit.span.end), block_end=max(held.block_end, unit.block_end)
            )
            continue
        if held is not None:
            yield held
        held = unit
    if held is not None:
        yield held


def spans_of(text: str, block: Block) -> Iterator[Span]:
    """Yield the spans that a block may be cut into; nothing but white space is between them."""
    if block.shape is not Shape.PROSE and len(block.span.of(text)) <= MOST:
        yield block.span
        return
    place = block.span.start
    for sentence in (*within(text, block.inner), block.span):
        whole = trimmed(text, Span(place, max(place, sentence.end)))
        yield from short(text, whole)
        place = max(place, sentence.end)


def short(text: str, span: Span) -> Iterator[Span]:
    """Yield a sentence whole, or in pieces of at most MOST code points, broken at white space where there is any."""
    place = span.start
    while span.end - place > MOST:
        space = text.rfind(" ", place + MOST // 2, place + MOST)
        end = space if space > 0 else place + MOST
        yield trimmed(text, Span(place, end))
        place = trimmed(text, Span(end, span.end)).start
    if place < span.end:
        yield Span(place, span.end)


def packed(found: Iterator[Unit]) -> Iterator[Span]:
    """Yield the spans of passages: as many units as fit, headings with what they head."""
    held: Span | None = None
    for unit in joined(found):
        if held is None:
            held = unit.span
        elif begins_passage(held, unit):
            yield held
            held = unit.span
        else:
            held = Span(held.start, unit.span.end)
    if held is not None:
        yield held


def begins_passage(held: Span, unit: Unit) -> bool:
    enough = held.end - held.start >= LEAST
    too_long = unit.span.end - held.start > MOST
    return too_long or (enough and (unit.heading or unit.block_end - held.start > MOST))


def joined(found: Iterator[Unit]) -> Iterator[Unit]:
    """Yield the units with each heading joined to what follows, where both fit into one passage."""
    heading: Unit | None = None
    for unit in found:
        if heading is None:
            both = unit
        elif unit.span.end - heading.span.start <= MOST:
            both = replace(heading, span=Span(heading.span.start, unit.span.end), block_end=unit.block_end)
        else:
            yield heading
            both = unit
        heading = both if unit.heading else None
        if heading is None:
            yield both
    if heading is not None:
        yield heading
