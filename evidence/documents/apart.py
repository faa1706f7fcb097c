"""Hostile formats are read in a process of its own: little memory, little time, no secrets, and its end harms nobody.

Parsers of HTML and PDF take much longer than their input is long for some inputs, and no thread can be stopped. Neither
is imported here, so that a web process does not hold them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from evidence.passages import DocumentError, DocumentTooLarge

ROOT = Path(__file__).resolve().parents[2]
SECONDS_LIMIT = 20
MEMORY_LIMIT = 1024**3
# Where an interpreter finds its own parts. Keys and passwords of the site stay out of reach.
NEEDED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")


def read_apart(kind: str, data: bytes, *, seconds: int = SECONDS_LIMIT) -> dict[str, str]:
    """Return the text of a PDF, or of UTF-8 HTML, with its origin and its extractor, as another process found it.

    Raises:
        DocumentError: what the extractor says, or it took too much time or memory.
    """
    spent = DocumentError(
        f"the document takes over {seconds} s or {MEMORY_LIMIT >> 20} MiB to be read; split it or save it as text"
    )
    command = [sys.executable, "-m", "evidence.documents.child", kind, str(seconds), str(MEMORY_LIMIT)]
    try:
        ran = subprocess.run(  # noqa: S603 - our own program, and no word of a client in it
            command, input=data, capture_output=True, timeout=seconds * 2, cwd=ROOT, env=environment(), check=False
        )
        said: dict[str, str] = json.loads(ran.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise spent from error
    if "error" in said:
        raise (DocumentTooLarge if said["large"] else DocumentError)(said["error"])
    return said


def environment() -> dict[str, str]:
    return {name: os.environ[name] for name in NEEDED if name in os.environ}
