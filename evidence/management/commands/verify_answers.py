"""Verify many answers, a JSON object a line on standard input, one a line out, in order. Needs no database.

In: ``{"id", "answer" or "claims": [..], "passages": [{"source", "text", "trusted"?, "title"?}], "question"?}``.
Out: ``{"id", "claims": [{"text", "span", "verdict", "p_supported", "p_contradicted", "reason", "why", "evidence":
[{"source", "span", "text", "stance"}]}], "score"}``, or ``{"id", "error"}``, and the rest goes on.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandParser

from audit.errors import Problem
from audit.stakes import Stakes
from evidence import answers
from evidence.answers import LINE_LIMIT

EVERY = 0.2  # seconds between two looks at the progress


class Command(BaseCommand):
    help = (
        "Verify answers: JSON Lines in, JSON Lines out, in constant memory. Exit 0: every line was judged, 1: some "
        "could not be."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--stakes", default=Stakes.MEDIUM.value, choices=[stakes.value for stakes in Stakes])
        parser.add_argument("--quiet", action="store_true", help="no progress on standard error")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        progress = Progress(sys.stderr, silent=options["quiet"])
        try:
            self.answer(Stakes(options["stakes"]), progress)
        except BrokenPipeError:
            # Whoever read has gone. Python would try to write once more as it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        progress.end()
        if progress.failed:
            sys.exit(1)

    def answer(self, stakes: Stakes, progress: "Progress") -> None:
        for line in lines(sys.stdin.buffer):
            if line.strip():
                said = answered(line, stakes)
                sys.stdout.buffer.write(written(said))
                progress.tell(failed="error" in said)
        sys.stdout.buffer.flush()


def lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream; of one that is too long only its beginning, which is no JSON."""
    while line := stream.readline(LINE_LIMIT + 1):
        rest = line
        while not rest.endswith(b"\n") and len(rest) > LINE_LIMIT:
            rest = stream.readline(LINE_LIMIT + 1)
        yield line


def answered(line: bytes, stakes: Stakes) -> dict[str, Any]:
    """Return what is said of one line; a line that cannot be judged gets its error and the id it has, if any."""
    known: Any = None
    try:
        document = answers.parsed(line)
        known = document["id"]
        found = answers.asked(document)
        return answers.document_of(answers.judged(found, stakes=stakes), found, id_=known)
    except Problem as problem:
        return {"id": known, "error": str(problem)}


def written(said: dict[str, Any]) -> bytes:
    """Return a line of JSON in UTF-8; where a text holds half a pair of surrogates, all of it is escaped."""
    try:
        return json.dumps(said, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(said, allow_nan=False).encode() + b"\n"


class Progress:
    """How far it is, on one line of a terminal that is written anew; nothing where nobody looks."""

    def __init__(self, stream: IO[str], *, silent: bool) -> None:
        self.stream = stream
        self.shown = stream.isatty() and not silent
        self.silent = silent
        self.done = self.failed = 0
        self.began = self.told = time.monotonic()

    def tell(self, *, failed: bool) -> None:
        self.done += 1
        self.failed += failed
        if self.shown and time.monotonic() - self.told > EVERY:
            self.told = time.monotonic()
            self.stream.write(f"\r{self.words()}")
            self.stream.flush()

    def words(self) -> str:
        seconds = max(1e-9, time.monotonic() - self.began)
        return f"{self.done:,} answers, {self.failed:,} not judged, {self.done / seconds:,.0f} a second"

    def end(self) -> None:
        if not self.silent:
            self.stream.write(("\r" if self.shown else "") + self.words() + "\n")
