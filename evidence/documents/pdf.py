"""PDF as text: its pages in order, words that were divided at line ends joined, a heading where a page begins.

What is drawn so that nobody sees it, white on white or behind an image, cannot be told from what is seen: it is text,
and is shown to the guardians as such. Notes, forms, file attachments and metadata are left out.
"""

import io
import re
from collections.abc import Iterator
from importlib.metadata import version

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from evidence.documents.sheet import Sheet, clean, plain
from evidence.language.blocks import INTRODUCES
from evidence.passages import BYTES_LIMIT, DocumentError, DocumentTooLarge

VERSION = f"pdf/1 pypdf {version('pypdf')}"
PAGES_LIMIT = 2_000
# Begin where words do: a pattern that may begin anywhere in one takes the square of its length.
DIVIDED = re.compile(r"(?<![^\W\d_])([^\W\d_]+)(-|\u00ad|\u2010)[ \t]*\n[ \t]*([^\W\d_]+)")
COMPOUND = re.compile(r"(?<![^\W\d_])[^\W\d_]+[-\u2010][^\W\d_]+")
NUMBER = re.compile(r"(?:page )?\W{0,3}(\d{1,5})\W{0,3}(?:(?:of |/ ?)?\d{1,5})?", re.IGNORECASE)


def text_of(data: bytes) -> str:
    """Return the text of a PDF.

    Raises:
        DocumentError: it is encrypted, broken, or holds no text.
        DocumentTooLarge: it has more than PAGES_LIMIT pages, or too much text.
    """
    pages = list(read_pages(opened(data)))
    if not any(char.isalnum() for page in pages for char in page):
        raise DocumentError(f"the PDF has {len(pages)} pages and no text, only images; run text recognition first")
    sheet = Sheet()
    for text in joined(pages):
        sheet.add(text)
    return sheet.text()


def opened(data: bytes) -> PdfReader:
    try:
        reader = PdfReader(io.BytesIO(data))
        encrypted, count = reader.is_encrypted, 0 if reader.is_encrypted else len(reader.pages)
    except Exception as error:  # The parser of a hostile format is a border: it raises anything
        raise broken(error) from error
    if encrypted:
        raise DocumentError("the PDF is encrypted; save it without a password")
    if count > PAGES_LIMIT:
        raise DocumentTooLarge(f"the PDF has {count:,} pages; at most {PAGES_LIMIT:,} are taken: split it")
    return reader


def broken(error: Exception) -> DocumentError:
    kind = type(error).__name__ if isinstance(error, PyPdfError) else "unforeseen"
    return DocumentError(f"the PDF is broken and cannot be read ({kind}); open it and save it anew")


def read_pages(reader: PdfReader) -> Iterator[str]:
    """Yield the text of each page, its own number taken away where it stands alone at the top or the bottom."""
    size = 0
    for place in range(len(reader.pages)):
        text = text_at(reader, place)
        size += len(text)
        if size > BYTES_LIMIT:
            raise DocumentTooLarge(f"the PDF has over {BYTES_LIMIT:,} characters of text; split it")
        yield unnumbered(text, place + 1)


def text_at(reader: PdfReader, place: int) -> str:
    try:
        return clean(reader.pages[place].extract_text().replace("\r", "\n").replace("\f", "\n"))
    except Exception as error:  # as in opened
        raise broken(error) from error


def unnumbered(text: str, number: int) -> str:
    lines = [line.strip() for line in text.strip().split("\n")]
    for place in (-1, 0):
        found = NUMBER.fullmatch(lines[place]) if lines else None
        if found and int(found[1]) == number:
            del lines[place]
    return plain("\n".join(lines).strip())


def joined(pages: list[str]) -> Iterator[str]:
    """Yield the blocks of the text. A page begins with its number as a heading, unless a sentence runs into it."""
    if len(pages) == 1:
        yield undivided(pages[0])
        return
    written: list[str] = []
    for number, page in enumerate(pages, start=1):
        if not page:
            continue
        runs_on = written and not written[-1].rstrip("\"')]\u201d\u2019 ").endswith(INTRODUCES)
        written += ["\n" if runs_on else f"\n\n## Page {number}\n\n", page]
    yield undivided("".join(written).strip())


def undivided(text: str) -> str:
    """Return the text with divided words joined. A hyphen stays where the text writes the word so within a line."""
    compounds = {found.lower() for found in COMPOUND.findall(text)}

    def whole(found: re.Match[str]) -> str:
        first, hyphen, second = found.groups()
        compound = f"{first}-{second}"
        if hyphen != "\u00ad" and (not second[0].islower() or compound.lower() in compounds):
            return compound
        return first + second

    return DIVIDED.sub(whole, text)
