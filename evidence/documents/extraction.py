"""Documents read: bytes and their media type in, readable text with all that says where it is from out."""

import hashlib
from dataclasses import dataclass
from typing import assert_never

from evidence import passages
from evidence.documents import apart, jsonleaves, media
from evidence.documents.media import MediaType
from evidence.passages import DocumentError

TEXT_VERSION = "text/1"


@dataclass(frozen=True, slots=True)
class Extracted:
    """A document's text and how it came about.

    Attributes:
        text: what passages are cut from; every offset points into it.
        extractor: what read it, with versions, such as "pdf/1 pypdf 7.1.1".
        sha256: of the original bytes, in hex.
        size: of the original, in bytes.
        origin: the web host that the document names as its own; empty where it names none.
    """

    text: str
    media_type: MediaType
    extractor: str
    sha256: str
    size: int
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    text: str
    extractor: str
    origin: str = ""


def extract(data: bytes, media_type: str, *, charset: str = "") -> Extracted:
    """Return the text of a document, always the same for the same bytes, type, charset and extractor.

    Args:
        charset: as the media type's parameter says; looked at for text types only.

    Raises:
        UnknownMediaType: the type is none that is taken.
        DocumentTooLarge: the file, its pages or its text are over a limit.
        DocumentError: it is not of that type, broken, encrypted, nested too deeply, or without a word of text.
    """
    kind = media.media_type(media_type, data)
    found = read(kind, data, charset)
    size = len(data)
    text = passages.checked(found.text, size=size)
    return Extracted(text, kind, found.extractor, hashlib.sha256(data).hexdigest(), size, found.origin)


def read(kind: MediaType, data: bytes, charset: str) -> Found:
    match kind:
        case MediaType.PLAIN | MediaType.MARKDOWN:
            return Found(media.text_of(data, charset=charset), TEXT_VERSION)
        case MediaType.HTML:
            text = media.text_of(data, charset=charset, markup=True)
            return Found(**apart.read_apart("html", text.encode("utf-8", "replace")))
        case MediaType.PDF:
            return Found(**apart.read_apart("pdf", data))
        case MediaType.JSON:
            return Found(jsonleaves.text_of(media.text_of(data)), jsonleaves.VERSION)
        case _:
            assert_never(kind)


__all__ = ["DocumentError", "Extracted", "MediaType", "extract"]
