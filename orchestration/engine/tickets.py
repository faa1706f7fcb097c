"""A ticket book: a file of JSON lines to which each ticket is appended exactly once."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

KEY_LIMIT = 200


class TicketError(ValueError):
    """A ticket that was not filed."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What somebody is asked to do."""

    queue: str
    title: str
    body: str

    def digest(self) -> str:
        return hashlib.sha256(json.dumps([self.queue, self.title, self.body]).encode()).hexdigest()


class TicketBook:
    """Several processes may write to one book: a lock on the file puts them in a row."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def file(self, ticket: Ticket, *, key: str | None) -> str:
        """Append a ticket unless its key has been seen, and return its number ("T-00042").

        Args:
            key: who asks twice with the same key means the same ticket. Without one, the ticket's content is its key.

        Raises:
            TicketError: the key stands for another ticket, is over KEY_LIMIT characters, or the book is damaged.
            OSError: the book cannot be written; then the ticket is not in it.
        """
        if key is not None and not 0 < len(key) <= KEY_LIMIT:
            raise TicketError(f"the idempotency key has {len(key)} characters; it takes 1 to {KEY_LIMIT}")
        digest = ticket.digest()
        key = f"content:{digest}" if key is None else f"key:{key}"
        with self._locked() as book:
            entries = self._entries(book)
            known = next((entry for entry in entries if entry["key"] == key), None)
            if known is None:
                return self._append(book, ticket, key=key, number=f"T-{len(entries) + 1:05d}", digest=digest)
        if known["digest"] != digest:
            raise TicketError(f"the idempotency key was used for {known['number']}, another ticket; use a new one")
        return known["number"]

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as book:
            fcntl.flock(book, fcntl.LOCK_EX)
            yield book

    def _entries(self, book: IO[bytes]) -> list[dict[str, str]]:
        """Return all tickets; a torn last line, from a crash before anybody was told its number, is cut off."""
        content = book.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            book.truncate(whole)
        try:
            return [json.loads(line) for line in content[:whole].splitlines()]
        except ValueError as error:
            raise TicketError(f"{self._path.name} holds a line that is no JSON; repair it") from error

    def _append(self, book: IO[bytes], ticket: Ticket, *, key: str, number: str, digest: str) -> str:
        entry = {
            "number": number,
            "key": key,
            "digest": digest,
            "filed_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "queue": ticket.queue,
            "title": ticket.title,
            "body": ticket.body,
        }
        size = book.seek(0, os.SEEK_END)
        try:
            book.write(json.dumps(entry).encode() + b"\n")
            os.fsync(book.fileno())
        except OSError:
            book.truncate(size)
            raise
        return number
