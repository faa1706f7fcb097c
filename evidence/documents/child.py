"""The process in which HTML and PDF are read. ``apart.py`` starts it, with the document on its standard input."""

import json
import resource
import sys
from typing import Any

from evidence.documents import hypertext, pdf
from evidence.passages import DocumentError, DocumentTooLarge


def confine(seconds: int, memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # macOS knows the limit and does not take it.
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def extracted(kind: str, data: bytes) -> dict[str, str]:
    if kind == "pdf":
        return {"text": pdf.text_of(data), "origin": "", "extractor": pdf.VERSION}
    page = hypertext.page_of(data.decode())
    return {"text": page.text, "origin": page.origin, "extractor": hypertext.VERSION}


def main(kind: str, seconds: str, memory: str) -> None:
    confine(int(seconds), int(memory))
    said: dict[str, Any]
    try:
        said = extracted(kind, sys.stdin.buffer.read())
    except DocumentError as error:
        said = {"error": str(error), "large": isinstance(error, DocumentTooLarge)}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:4])
