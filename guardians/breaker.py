"""Whether it is worth asking somebody who kept failing to answer: after some misses, not for a while; then once."""

import threading
from collections.abc import Callable

MISSES = 3
REST_SECONDS = 30.0


class Breaker:
    """Closed while answers come, open for ``rest`` seconds after ``misses`` in a row, then closed again by an answer.

    Whoever was admitted says ``answered`` or ``missed`` afterwards. While it is open, one caller in ``rest`` seconds is
    admitted to try. Safe to share between threads.

    Args:
        clock: seconds of a clock that never goes back.
    """

    def __init__(self, *, clock: Callable[[], float], misses: int = MISSES, rest: float = REST_SECONDS) -> None:
        self.clock = clock
        self.misses = misses
        self.rest = rest
        self.in_a_row = 0
        self.tries_at = 0.0
        self.lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        return self.in_a_row >= self.misses

    def admits(self) -> bool:
        """Tell whether to ask now."""
        with self.lock:
            if not self.is_open:
                return True
            if self.clock() < self.tries_at:
                return False
            self.tries_at = self.clock() + self.rest
            return True

    def answered(self) -> None:
        with self.lock:
            self.in_a_row = 0

    def missed(self) -> None:
        with self.lock:
            self.in_a_row += 1
            self.tries_at = self.clock() + self.rest
