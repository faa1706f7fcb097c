"""Answers by a deadline: whoever is slow is left behind on a thread of its own, and what it did not say is unknown."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

# So many may be at work or left behind in one process: what hangs for ever must not fill it with threads.
AT_ONCE = 8
_places = threading.BoundedSemaphore(AT_ONCE)


def in_time(
    ask: Callable[[Item], Answer], items: Sequence[Item], *, seconds: float, missed: type[Exception]
) -> list[Answer | None]:
    """Return what is answered to each item, in their order, one after the other and within the seconds together.

    None stands where ``ask`` raised ``missed``, or has not answered by then. A call under way cannot be broken off: its
    thread ends when it returns. While AT_ONCE others are at work or left behind, nothing is asked.
    """
    answers: list[Answer | None] = [None] * len(items)
    if not items or not _places.acquire(blocking=False):
        return answers
    over, done = threading.Event(), threading.Event()

    def work() -> None:
        try:
            for place, item in enumerate(items):
                if over.is_set():
                    return
                try:
                    answers[place] = ask(item)
                except missed:
                    continue
        finally:
            _places.release()
            done.set()

    threading.Thread(target=work, name="verifier", daemon=True).start()
    done.wait(max(0.0, seconds))
    over.set()
    return list(answers)
