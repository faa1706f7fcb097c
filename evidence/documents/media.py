"""What kind of document a file is: the media type said, checked against how the file begins, and its charset."""

import re
from enum import StrEnum
from typing import assert_never

from evidence.passages import BYTES_LIMIT, DocumentError, DocumentTooLarge, decoded


class MediaType(StrEnum):
    """What is taken (RFC 6838)."""

    PLAIN = "text/plain"
    MARKDOWN = "text/markdown"
    HTML = "text/html"
    PDF = "application/pdf"
    JSON = "application/json"


class UnknownMediaType(DocumentError):
    status = 415
    title = "The document is of a type that is not taken"


SUFFIXES = {
    ".txt": MediaType.PLAIN,
    ".text": MediaType.PLAIN,
    ".md": MediaType.MARKDOWN,
    ".markdown": MediaType.MARKDOWN,
    ".html": MediaType.HTML,
    ".htm": MediaType.HTML,
    ".pdf": MediaType.PDF,
    ".json": MediaType.JSON,
}
PDF_BYTES_LIMIT = 20_000_000
PDF_MARK = b"%PDF-"
# Files that are often sent under another name. Not complete: what is no text is refused when it is decoded.
FOREIGN = {
    PDF_MARK: "a PDF",
    b"PK\x03\x04": "a ZIP archive, as Word and Excel files are",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"{\\rtf": "an RTF file",
}
TAG = re.compile(rb"<[!/?a-zA-Z]")
META_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}[\"']?\s{0,5}([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE
)
# Where the WHATWG Encoding Standard (4.2) looks for it.
META_REACH = 1024
MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# Only these: a name that a client sends could be any of Python's codecs. As in the Encoding Standard, Latin-1 and
# ASCII are read as windows-1252.
CHARSETS = {
    **dict.fromkeys(("utf-8", "utf8"), "utf-8"),
    **dict.fromkeys(("iso-8859-1", "latin1", "us-ascii", "ascii", "windows-1252", "cp1252"), "cp1252"),
    **{f"iso-8859-{part}": f"iso8859_{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"windows-{page}": f"cp{page}" for page in (1250, 1251, 1253, 1254, 1255, 1256, 1257, 1258)},
    **{name: name for name in ("koi8-r", "koi8-u", "shift_jis", "euc-jp", "euc-kr", "big5", "gbk", "gb18030")},
    "utf-16": "utf-16-le",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}


def media_type(said: str, data: bytes) -> MediaType:
    """Return the media type that was said, without its parameters, where the file begins as one of that type.

    Raises:
        UnknownMediaType: it is none that is taken.
        DocumentTooLarge: the file is over the limit of its type.
        DocumentError: the file begins as something else.
    """
    name = said.partition(";")[0].strip().lower()
    if name not in set(MediaType):
        raise UnknownMediaType(f"the media type is {name[:60]!r}; send one of {', '.join(MediaType)}")
    kind = MediaType(name)
    limit = bytes_limit(kind)
    if len(data) > limit:
        raise DocumentTooLarge(f"the document has {len(data):,} bytes; at most {limit:,} are taken: split it")
    check_beginning(kind, data)
    return kind


def bytes_limit(kind: MediaType) -> int:
    """Return how many bytes of a file of this type are taken; most of a PDF is no text."""
    return PDF_BYTES_LIMIT if kind is MediaType.PDF else BYTES_LIMIT


def check_beginning(kind: MediaType, data: bytes) -> None:
    match kind:
        case MediaType.PDF:
            if not data.startswith(PDF_MARK):
                raise DocumentError(f"the file is sent as {kind} and does not begin with %PDF-; name its own type")
        case MediaType.HTML:
            refuse_foreign(kind, data)
            if not TAG.search(data.replace(b"\0", b"")):
                raise DocumentError(f"the file is sent as {kind} and holds no tag; send it as {MediaType.PLAIN}")
        case MediaType.PLAIN | MediaType.MARKDOWN | MediaType.JSON:
            refuse_foreign(kind, data)
        case _:
            assert_never(kind)


def refuse_foreign(kind: MediaType, data: bytes) -> None:
    for mark, what in FOREIGN.items():
        if data.startswith(mark):
            raise DocumentError(f"the file is sent as {kind} and begins like {what}; name its own type, or export it")


def text_of(data: bytes, *, charset: str = "", markup: bool = False) -> str:
    """Return a file's characters: by its byte order mark, else the charset said, else its own <meta>, else UTF-8.

    Raises:
        DocumentError: the charset is none that is known, or the bytes are not of it.
    """
    for mark, codec in MARKS:
        if data.startswith(mark):
            return decoded_as(data[len(mark) :], codec)
    meta = META_CHARSET.search(data[:META_REACH]) if markup and not charset else None
    said = charset or (meta[1].decode("ascii") if meta else "utf-8")
    if said.lower() not in CHARSETS:
        raise DocumentError(f"the charset is {said[:40]!r}, which is not known here; save the document as UTF-8")
    codec = CHARSETS[said.lower()]
    # A <meta> that could be read as ASCII is not in UTF-16 (HTML, 13.2.3.3).
    return decoded_as(data, "utf-8" if meta and codec.startswith("utf-16") else codec)


def decoded_as(data: bytes, codec: str) -> str:
    if codec == "utf-8":
        return decoded(data)
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        value = f"byte {data[error.start]:#04x} at place {error.start} of the document is not {codec}"
        raise DocumentError(f"{value}; save it as UTF-8") from error
