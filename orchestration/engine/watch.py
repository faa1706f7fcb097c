"""What bounds the work of a slice: deadlines of the run, the step and each call, and whoever asks to stop."""

import math
import time
from dataclasses import dataclass, field

from django.utils.timezone import now
from psycopg import Error

from orchestration.engine import draining
from orchestration.engine.lease import Heartbeat, holds
from orchestration.models import Run

CALL_GRACE_S = 3.0  # how long a call may go on once the worker is being shut down
LOOK_S = 0.5


class Overdue(Exception):
    """The run's deadline has passed."""


class BrokenOff(Exception):
    """The slice ends here without a result; what it began is done again by whoever takes up the run."""


@dataclass(slots=True)
class Watch:
    """The watch over one slice. Without a heartbeat nothing is watched: nobody drives a run there."""

    heartbeat: Heartbeat | None = None
    run_ends: float = math.inf
    looked: float = field(default_factory=time.monotonic)

    @property
    def lost(self) -> bool:
        """Whether the run has ended or is somebody else's: the journal would refuse to write."""
        return self.heartbeat is not None and self.heartbeat.lost.is_set()

    def check(self) -> None:
        """Raise Overdue when the run's deadline has passed."""
        if time.monotonic() > self.run_ends:
            raise Overdue

    def seconds(self, most: float) -> float:
        """Return how long a call may take: what is asked for, and no more than what is left of step and run.

        Raises:
            Overdue: nothing is left of the run.
            BrokenOff: nothing is left of the step.
        """
        self.check()
        step_ends = self.heartbeat.step_ends if self.heartbeat else math.inf
        left = min(most, step_ends - time.monotonic(), self.run_ends - time.monotonic())
        if left <= 0:
            raise BrokenOff("the step has taken longer than PROMETHEUS_STEP_SECONDS")
        return left

    def stopped(self) -> bool:
        """Tell whether a call under way is to be broken off. Asked a few times a second, while one is."""
        shutting_down = draining.seconds()
        if self.lost or (shutting_down is not None and shutting_down > CALL_GRACE_S):
            return True
        if self.heartbeat is not None and time.monotonic() - self.looked > LOOK_S:
            self.looked = time.monotonic()
            self.look(self.heartbeat)
        return self.lost

    @staticmethod
    def look(heartbeat: Heartbeat) -> None:
        try:
            if not holds(heartbeat.lease):
                heartbeat.lost.set()
        except Error:
            return  # the database is away: the next look tells


def watch_over(run: Run, heartbeat: Heartbeat) -> Watch:
    if run.deadline_at is None:
        return Watch(heartbeat)
    return Watch(heartbeat, time.monotonic() + (run.deadline_at - now()).total_seconds())
