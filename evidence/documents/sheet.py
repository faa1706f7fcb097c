"""The sheet that an extractor writes on: blocks in Markdown's layout, counted, with nothing that could change it."""

import re
from dataclasses import dataclass, field

from evidence.language.blocks import body_of
from evidence.passages import BYTES_LIMIT, CONTROL, DocumentTooLarge

# One comment of the sheet: far below what passages.COMMENT_LIMIT keeps in one piece.
COMMENT = 2_000
SURROGATE = re.compile("[\ud800-\udfff]")
UNREADABLE = "\N{REPLACEMENT CHARACTER}"


def clean(text: str) -> str:
    """Return the text with U+FFFD for what no database or reader takes: control characters and half pairs."""
    return SURROGATE.sub(UNREADABLE, CONTROL.sub(UNREADABLE, text))


def one_line(text: str) -> str:
    return " ".join(text.split())


def plain(text: str) -> str:
    """Return text that neither opens nor closes a comment of the sheet."""
    return text.replace("<!--", "< !--").replace("-->", "-- >")


@dataclass(slots=True)
class Sheet:
    """Blocks of text in order. Its size is checked with every block, so no input makes it grow without end."""

    parts: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, text: str, *, tight: bool = False) -> None:
        """Write one block; a tight one stands in the line below the last, as list items and rows do.

        Raises:
            DocumentTooLarge: the sheet has more than BYTES_LIMIT characters.
        """
        if self.parts:
            self.parts.append("\n" if tight else "\n\n")
        self.parts.append(text)
        self.size += len(text) + 2
        if self.size > BYTES_LIMIT:
            raise DocumentTooLarge(f"the document has over {BYTES_LIMIT:,} characters of text; split it")

    def hide(self, text: str) -> None:
        """Write what readers do not see as comments: no evidence, but shown to the guardians."""
        hidden = plain(one_line(text)).rstrip("-")
        for start in range(0, len(hidden), COMMENT):
            self.add(f"<!-- {plain(hidden[start : start + COMMENT])} -->")

    def text(self) -> str:
        """Return what was written. What looks like front matter is none: passages.cut would leave it out."""
        written = clean("".join(self.parts))
        return f"\\{written}" if body_of(written) else written
