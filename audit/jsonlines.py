"""JSON Lines of batch work: one object a line in, one out, in order. What cannot be read gets its error and its id."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

from audit.errors import Invalid, Problem, TooLarge

LINE_LIMIT = 20_000_000  # bytes
ID_TYPES = (str, int)
EVERY = 0.2  # seconds between two looks at the progress


def lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream; of one that is too long only its beginning, which is no JSON."""
    while line := stream.readline(LINE_LIMIT + 1):
        rest = line
        while not rest.endswith(b"\n") and len(rest) > LINE_LIMIT:
            rest = stream.readline(LINE_LIMIT + 1)
        yield line


def parsed(line: bytes) -> Mapping[str, Any]:
    """Return the JSON object of a line.

    Raises:
        TooLarge: the line has more than LINE_LIMIT bytes.
        Invalid: it is no JSON object, or its id is neither text nor a whole number.
    """
    if len(line) > LINE_LIMIT:
        raise TooLarge(f"the line has over {LINE_LIMIT:,} bytes; send less in one line")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the line is no JSON ({type(error).__name__}); send one object a line") from error
    if not isinstance(found, dict):
        raise Invalid(f"the line is a {type(found).__name__}; send one object a line")
    if not isinstance(found.get("id"), ID_TYPES) or isinstance(found["id"], bool):
        raise Invalid("id is missing; send a text or a whole number")
    return found


def answered(line: bytes, answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> dict[str, Any]:
    """Return ``{"id", ..}`` with what is answered, or ``{"id", "error"}`` with the id the line has, if any.

    Args:
        answer: returns what is said of one object; raises Problem where that cannot be judged.
    """
    known: Any = None
    try:
        document = parsed(line)
        known = document["id"]
        return {"id": known, **answer(document)}
    except Problem as problem:
        return {"id": known, "error": str(problem)}


def written(said: Mapping[str, Any]) -> bytes:
    """Return a line of JSON in UTF-8; where a text holds half a pair of surrogates, all of it is escaped."""
    try:
        return json.dumps(said, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(said, allow_nan=False).encode() + b"\n"


def check_fields(document: Mapping[str, Any], known: set[str]) -> None:
    """Raise Invalid when a document has a field that is not known."""
    unknown = sorted(set(document) - known)
    if unknown:
        raise Invalid(f"{unknown[0][:60]!r} is not a field; known are {', '.join(sorted(known))}")


def text_in(document: Mapping[str, Any], name: str, *, limit: int) -> str:
    """Return a field that holds text of at most ``limit`` characters; raise Invalid or TooLarge otherwise."""
    value = document.get(name)
    if not isinstance(value, str):
        raise Invalid(f"{name} is {type(value).__name__}; send text")
    if len(value) > limit:
        raise TooLarge(f"{name} has {len(value):,} characters; at most {limit:,} are taken")
    return value


def list_in(document: Mapping[str, Any], name: str, *, limit: int) -> Sequence[Any]:
    """Return a field that holds a list of at most ``limit`` items; raise Invalid or TooLarge otherwise."""
    value = document.get(name)
    if not isinstance(value, list):
        raise Invalid(f"{name} is {type(value).__name__}; send a list")
    if len(value) > limit:
        raise TooLarge(f"{name} has {len(value):,} items; at most {limit:,} are taken")
    return value


class Progress:
    """How far it is, on one line of a terminal that is written anew; nothing where nobody looks.

    Args:
        noun: what is counted, in the plural.
    """

    def __init__(self, stream: IO[str], *, noun: str, silent: bool) -> None:
        self.stream = stream
        self.noun = noun
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
        return f"{self.done:,} {self.noun}, {self.failed:,} not judged, {self.done / seconds:,.0f} a second"

    def end(self) -> None:
        if not self.silent:
            self.stream.write(("\r" if self.shown else "") + self.words() + "\n")
