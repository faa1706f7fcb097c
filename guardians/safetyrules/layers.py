"""The layers of a text: what is shown, and what is hidden in comments, tag characters and encodings inside it.

Every layer is folded, in lower case and with split words rejoined, and keeps the way back to the original text. A text
found by decoding may hide another one; that goes ``DEPTH`` deep.
"""

import base64
import codecs
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from audit.spans import Span
from guardians.normal import Folded, Trick, edited, fold, hidden
from guardians.safetyrules.splitwords import lexicon, rejoined
from guardians.safetyrules.windows import windows

DEPTH = 2
# A decoded text shorter than this says nothing; the shortest attack known to the rules is longer.
DECODED_LEAST = 8
PERCENTS = 3

OPEN, CLOSE = "<!--", "-->"
ENTITY_BODY = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});"
FORMATTING = r"</?(?:b|i|u|s|em|strong|span|wbr|font|small|mark)(?:\s[^<>]{0,200})?/?>"
MARKUP = re.compile(f"{ENTITY_BODY}|{FORMATTING}")
BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]{16,})*(?:\r?\n[A-Za-z0-9+/_-]+)?={0,2}")
# The bytes of ASCII begin with 0 to 7, so a run that says something begins there.
HEX_RUN = re.compile(r"(?:0x|\\x|%u00)?[0-7][0-9a-fA-F][ :,]{0,2}(?:(?:0x|\\x|%u00)?[0-9a-fA-F]{2}[ :,]{0,2}){11,}")
HEX_NOISE = re.compile(r"0x|\\x|%u00|[ :,]")
PERCENT_RUN = re.compile(r"(?:[A-Za-z0-9_.~+-]|%[0-9a-fA-F]{2}){8,}")

# So many words of a sentence have to be known once they are turned by rot13, and more of them than before.
TURNED_LEAST = 2
LONG_WORD = re.compile(r"[a-z]{3,}")


class Layer(StrEnum):
    """Where a text was found."""

    SHOWN = "shown"
    COMMENT = "comment"
    TAGS = "tag characters"
    BASE64 = "base64"
    HEX = "hex"
    PERCENT = "percent"
    ROT13 = "rot13"


@dataclass(frozen=True, slots=True)
class View:
    """One layer as rules read it: folded, in lower case, split words rejoined."""

    layer: Layer
    folded: Folded

    @property
    def text(self) -> str:
        return self.folded.text

    def span(self, start: int, end: int) -> Span:
        """Return where in the original text a place of this layer stems from."""
        return self.folded.span(start, end)


def views(text: str) -> Iterator[View]:
    """Yield the layers of a text, the shown one first. All of it is read; the work is linear in its length."""
    for layer, folded in layers(text, depth=0):
        yield View(layer, rejoined(Folded(folded.text.lower(), folded.starts, folded.ends)))


def layers(text: str, *, depth: int) -> Iterator[tuple[Layer, Folded]]:
    folded = fold(text)
    comments = list(comments_of(folded.text))
    shown = edited(folded, ((start, end, "") for start, end in comments)) if comments else folded
    yield Layer.SHOWN, unmarked(shown)
    for start, end in comments:
        yield Layer.COMMENT, unmarked(part(folded, start + len(OPEN), end - len(CLOSE)))
    if is_turned(folded.text.lower()):
        yield Layer.ROT13, Folded(codecs.encode(folded.text, "rot13"), folded.starts, folded.ends)
    for trick in hidden(text):
        if trick.trick is Trick.TAGS:
            yield Layer.TAGS, pinned(fold(trick.message), trick.span)
    if depth < DEPTH:
        for layer, decoded, place in decodings(folded):
            for _, inner in layers(decoded, depth=depth + 1):
                yield layer, pinned(inner, place)


def is_turned(text: str) -> bool:
    """Tell whether a sentence of a folded, lower-case text says more when it is turned by rot13."""
    return any(reads_better(LONG_WORD.findall(text, start, end)) for start, end in windows(text))


def reads_better(words: Sequence[str]) -> bool:
    known = sum(word in lexicon() for word in words)
    if 2 * known >= len(words):
        return False
    turned = {word for word in words if codecs.encode(word, "rot13") in lexicon()}
    return len(turned) >= TURNED_LEAST and len(turned) > known


def comments_of(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each HTML comment. A comment without an end is shown by a reader, so it is none here."""
    start = text.find(OPEN)
    while start >= 0:
        end = text.find(CLOSE, start + len(OPEN))
        if end < 0:
            return
        yield start, end + len(CLOSE)
        start = text.find(OPEN, end)


def part(folded: Folded, start: int, end: int) -> Folded:
    return Folded(folded.text[start:end], folded.starts[start:end], folded.ends[start:end])


def pinned(folded: Folded, place: Span) -> Folded:
    """Return a decoded text, every character of which stems from one place."""
    return Folded(folded.text, [place.start] * len(folded.text), [place.end] * len(folded.text))


def unmarked(folded: Folded) -> Folded:
    """Return a text without character references and formatting tags, which can split a word without being seen."""
    if "<" not in folded.text and "&" not in folded.text:
        return folded
    return edited(folded, ((found.start(), found.end(), read(found.group())) for found in MARKUP.finditer(folded.text)))


def read(markup: str) -> str:
    """Return what a character reference stands for, folded; '' for a formatting tag."""
    return "" if markup.startswith("<") else fold(html.unescape(markup)).text


def decodings(folded: Folded) -> Iterator[tuple[Layer, str, Span]]:
    """Yield what the encoded runs of a text say, and where they stand in the original."""
    runs = [(Layer.BASE64, BASE64_RUN), (Layer.HEX, HEX_RUN)]
    if folded.text.count("%") >= PERCENTS:
        runs.append((Layer.PERCENT, PERCENT_RUN))
    for layer, pattern in runs:
        for found in pattern.finditer(folded.text):
            decoded = decode(layer, found.group())
            if decoded:
                yield layer, decoded, folded.span(found.start(), found.end())


def decode(layer: Layer, run: str) -> str:
    """Return the text an encoded run stands for, or '' when it stands for none."""
    match layer:
        case Layer.BASE64:
            return from_base64(run)
        case Layer.HEX:
            digits = HEX_NOISE.sub("", run)
            return as_text(bytes.fromhex(digits[: len(digits) // 2 * 2]))
        case Layer.PERCENT:
            return unquote(run.replace("+", " "), errors="replace") if run.count("%") >= PERCENTS else ""
        case _:
            return ""


def from_base64(run: str) -> str:
    """Return the text of a base64 run, in either alphabet: of all its lines together, or else of the lines that are."""
    lines = run.split()
    whole = line_from_base64("".join(lines))
    return whole or "\n".join(filter(None, map(line_from_base64, lines if len(lines) > 1 else ())))


def line_from_base64(run: str) -> str:
    """Return the text of one base64 line. Up to three characters before it may belong to something else."""
    packed = run.rstrip("=").replace("-", "+").replace("_", "/")
    for skipped in range(4):
        body = packed[skipped:]
        whole = body[: len(body) - 1] if len(body) % 4 == 1 else body
        text = as_text(base64.b64decode(whole + "=" * (-len(whole) % 4)))
        if text:
            return text
    return ""


def as_text(data: bytes) -> str:
    """Return bytes as the text they are in UTF-8 or UTF-16, or '' when most of it could not be read by anybody."""
    for encoding in ("utf-8", "utf-16-le"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        readable = sum(character.isprintable() or character.isspace() for character in text)
        plain = sum(character.isascii() for character in text)
        if len(text) >= DECODED_LEAST and readable >= 0.95 * len(text) and plain >= 0.5 * len(text):
            return text
    return ""
