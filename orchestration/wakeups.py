"""Wake-ups for workers, sent by the task's name. A broker that does not answer is left alone for a moment."""

import logging
import time
from collections.abc import Callable
from uuid import UUID

from celery import Celery, current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

# Seconds without a further try after one that failed. Each may block its caller for as long as the broker's time-out,
# and a web server whose threads all wait for a broker that hangs serves nobody.
REST = 2.0


class Wakeups:
    """Sends messages that may be lost: what they are about is a row, and beat finds every row that is due."""

    def __init__(self, app: Celery, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.app = app
        self.clock = clock
        self.rests_until = 0.0

    def send(self, task: str, row: UUID, *, level: int = 0) -> bool:
        """Tell the workers of a row that is due; False where the broker is away. Never raises for that."""
        if self.clock() < self.rests_until:
            return False
        try:
            self.app.send_task(task, [str(row)], retry=False, priority=level)
        except (OperationalError, RuntimeError):  # the latter by a pool that was closed: this process is shutting down
            self.rests_until = self.clock() + REST
            logger.warning("broker away, beat will find what is due")
            return False
        return True


WAKEUPS = Wakeups(current_app)


def send(task: str, row: UUID, *, level: int = 0) -> bool:
    """Tell the workers of this process's broker of a row that is due; a lower level is taken earlier."""
    return WAKEUPS.send(task, row, level=level)
