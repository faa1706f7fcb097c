"""Who drives a run: a lease with a fencing token. The token only grows; every write of the engine checks it.

And who is next: a workspace drives so many runs at once and no more, workspaces take turns, and within one the line
goes by stakes and by waiting time (docs/decisions/0011-workspaces-take-turns.md).
"""

import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from uuid import UUID

from django.conf import settings
from psycopg import Error

from orchestration import priority
from orchestration.engine import draining, queueing
from orchestration.engine.pool import pool
from orchestration.engine.queueing import Next

TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class Lease:
    run: UUID
    token: int
    attempt: int


def claim(run: UUID) -> Lease | None:
    """Take the run if it is due, nobody drives it, and its workspace drives fewer runs than it may."""
    known = {"run": run, "seconds": settings.PROMETHEUS_LEASE_SECONDS, "site": settings.PROMETHEUS_WORKSPACE_RUNS}
    with pool().connection() as connection:
        row = connection.execute(queueing.CLAIM, known).fetchone()
    return Lease(run, row[0], row[1]) if row else None


def renew(lease: Lease) -> bool:
    """Move the end of the lease; False when the run has ended or somebody else has taken it."""
    with pool().connection() as connection:
        done = connection.execute(queueing.RENEW, [settings.PROMETHEUS_LEASE_SECONDS, lease.run, lease.token])
        return done.rowcount == 1


def holds(lease: Lease) -> bool:
    """Tell whether the run is still under way and still this worker's."""
    with pool().connection() as connection:
        return connection.execute(queueing.HOLDS, [lease.run, lease.token]).fetchone() is not None


def release(lease: Lease) -> Next | None:
    """Let go of a run. Where that frees a place in a full workspace, return the run that is next there."""
    known = {"run": lease.run, "token": lease.token, "site": settings.PROMETHEUS_WORKSPACE_RUNS} | ageing()
    with pool().connection() as connection:
        row = connection.execute(queueing.RELEASE, known).fetchone()
    return Next(row[0], level_of(row[1], waited=row[2])) if row else None


def hand_over(lease: Lease) -> bool:
    """Give a run back although this worker still hangs in it: a higher token shuts the worker out at once."""
    with pool().connection() as connection:
        return connection.execute(queueing.HAND_OVER, [lease.run, lease.token]).rowcount == 1


def ageing() -> dict[str, float]:
    return {"ageing": settings.PROMETHEUS_AGEING_SECONDS}


def level_of(stakes: str, *, waited: float) -> int:
    return priority.level(stakes, waited=waited, ageing=settings.PROMETHEUS_AGEING_SECONDS)


def in_line(*, limit: int = 200) -> list[Next]:
    """Return runs that are due, that nobody drives, and for which their workspaces have room: the next one first."""
    known = {"limit": limit, "site": settings.PROMETHEUS_WORKSPACE_RUNS} | ageing()
    with pool().connection() as connection:
        rows = connection.execute(queueing.IN_LINE, known).fetchall()
    return [
        Next(run, priority.FIRST if turn == 1 else level_of(stakes, waited=waited))
        for run, stakes, waited, turn in rows
    ]


class Heartbeat:
    """Renews a lease three times in its length from a thread of its own, for as long as the block lasts.

    It does not renew for ever: when a step takes longer than it may, or the worker is being shut down and the step does
    not come to its end, the run is handed over and ``lost`` is set. The thread that hangs in the step cannot be ended,
    but it can write nothing any more.
    """

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.lost = threading.Event()
        self.handed_over = threading.Event()
        self.stopped = threading.Event()
        self.step_ends = 0.0
        self.begin_step()
        self.thread = threading.Thread(target=self.beat, name=f"heartbeat-{lease.run}", daemon=True)

    def begin_step(self) -> None:
        self.step_ends = time.monotonic() + settings.PROMETHEUS_STEP_SECONDS

    @property
    def hangs(self) -> bool:
        shutting_down = draining.seconds()
        late = shutting_down is not None and shutting_down > settings.PROMETHEUS_DRAIN_SECONDS
        return late or time.monotonic() > self.step_ends

    def beat(self) -> None:
        third = settings.PROMETHEUS_LEASE_SECONDS / 3
        renewed = time.monotonic()
        while not self.stopped.wait(min(TICK_S, third)):
            try:
                if self.hangs:
                    self.give_up()
                    return
                if time.monotonic() - renewed >= third:
                    renewed = time.monotonic()
                    if not renew(self.lease):
                        self.lost.set()
                        return
            except Error:
                # The database is away: the next beat tries again, and the fence holds meanwhile.
                continue

    def give_up(self) -> None:
        self.lost.set()
        if hand_over(self.lease):
            self.handed_over.set()

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stopped.set()
        self.thread.join(timeout=5)
