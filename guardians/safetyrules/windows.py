"""A text cut into windows, about a sentence each, and what stands in a window: the features of the text model."""

import re
from collections.abc import Iterator

# A sentence ends here. Lines of a paragraph that was wrapped go on in the next one: neither short nor long ones are.
END = re.compile(
    r"[.!?;:]{1,8}[\"')\]]{0,4}\s{1,20}|\n\s{0,20}\n|\n[ \t]{0,20}[-*+#>|]{1,8}[ \t]{0,20}|\s{0,20}[|\t\n]\s{0,20}"
)
WRAPPED = range(50, 111)
LEAST, MOST = 12, 320

TOKEN = re.compile(
    r"https?://\S{1,200}|www\.\S{1,200}|[^\s@]{1,64}@[^\s@]{1,100}|[a-z]+(?:'[a-z]+)?|\d[\d.,:]*|[^\w\s]"
)


def windows(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each window of a folded text: a sentence or line, joined to what follows when it is short.

    No window is longer than ``MOST``; together they hold all of the text but the blanks between them. Linear.
    """
    start = line = 0
    for found in END.finditer(text):
        broken = "\n" in found.group()
        wrapped = broken and found.group().strip(" \t") == "\n" and found.start() - line in WRAPPED
        if broken:
            line = found.end()
        if wrapped or found.start() - start < LEAST:
            continue
        yield from cut(start, found.end())
        start = found.end()
    if start < len(text):
        yield from cut(start, len(text))


def cut(start: int, end: int) -> Iterator[tuple[int, int]]:
    for at in range(start, end, MOST):
        yield at, min(at + MOST, end)


def tokens(text: str) -> list[str]:
    """Return words, signs, ``<url>``, ``<mail>`` and ``<0>`` for numbers, in their order."""
    return [token_of(found) for found in TOKEN.findall(text)]


def token_of(found: str) -> str:
    first = found[0]
    if first.isdigit() and "@" not in found:
        return "<0>"
    if "@" in found and len(found) > 1:
        return "<mail>"
    if found.startswith(("http://", "https://", "www.")):
        return "<url>"
    return found
