"""Crash points: just before and just after each SQL statement, each commit and each call to a tool or a model."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any

import psycopg

from orchestration.engine.bench import parts
from orchestration.engine.tools import ToolBridge

SQL = ((psycopg.Cursor, "execute"), (psycopg.Cursor, "executemany"), (psycopg.Connection, "commit"))
OUTSIDE = ((ToolBridge, "call"), (ToolBridge, "discover"))


class Countdown:
    """Counts the points that this process passes, on whichever thread, and kills or stops it at a given one."""

    def __init__(self, dies_at: int | None, *, by: signal.Signals = signal.SIGKILL) -> None:
        self.dies_at = dies_at
        self.by = by
        self.passed = 0
        self.lock = threading.Lock()

    def __call__(self) -> None:
        with self.lock:
            self.passed += 1
            if self.passed == self.dies_at:
                os.kill(os.getpid(), self.by)


@contextmanager
def watched(point: Callable[[], None]) -> Iterator[None]:
    """Call ``point`` just before and just after everything that another process or a disk may notice."""
    with ExitStack() as stack:
        for owner, name in (*SQL, *OUTSIDE, (type(parts().provider), "draft")):
            stack.enter_context(wrapped(owner, name, point))
        yield


@contextmanager
def wrapped(owner: type, name: str, point: Callable[[], None]) -> Iterator[None]:
    plain = getattr(owner, name)

    @wraps(plain)
    def both_sides(*given: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the method takes and gives
        point()
        result = plain(*given, **options)
        point()
        return result

    setattr(owner, name, both_sides)
    try:
        yield
    finally:
        setattr(owner, name, plain)
