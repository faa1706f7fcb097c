"""Who drives a run: a lease with a fencing token. The token only grows; every write of the engine checks it."""

import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from uuid import UUID

from django.conf import settings
from psycopg import Error

from orchestration.engine.pool import pool
from orchestration.states import TERMINAL

ENDED = sorted(state.value for state in TERMINAL)

CLAIM = """
UPDATE orchestration_run SET token = token + 1, attempt = attempt + 1, lease_until = now() + make_interval(secs => %s)
WHERE id = (
    SELECT id FROM orchestration_run
    WHERE id = %s AND NOT state = ANY(%s) AND due_at <= now() AND (lease_until IS NULL OR lease_until < now())
    FOR UPDATE SKIP LOCKED
) RETURNING token, attempt
"""
RENEW = "UPDATE orchestration_run SET lease_until = now() + make_interval(secs => %s) WHERE id = %s AND token = %s"
# A slice that ended well starts the count of attempts anew.
RELEASE = "UPDATE orchestration_run SET lease_until = NULL, attempt = 0 WHERE id = %s AND token = %s"
DUE = """
SELECT id FROM orchestration_run
WHERE NOT state = ANY(%s) AND due_at <= now() AND (lease_until IS NULL OR lease_until < now())
ORDER BY due_at LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Lease:
    run: UUID
    token: int
    attempt: int


def claim(run: UUID) -> Lease | None:
    """Take the run if it is due and nobody drives it."""
    with pool().connection() as connection:
        row = connection.execute(CLAIM, [settings.PROMETHEUS_LEASE_SECONDS, run, ENDED]).fetchone()
    return Lease(run, row[0], row[1]) if row else None


def renew(lease: Lease) -> bool:
    """Move the end of the lease; False when somebody else has taken the run."""
    with pool().connection() as connection:
        done = connection.execute(RENEW, [settings.PROMETHEUS_LEASE_SECONDS, lease.run, lease.token])
        return done.rowcount == 1


def release(lease: Lease) -> None:
    with pool().connection() as connection:
        connection.execute(RELEASE, [lease.run, lease.token])


def due(*, limit: int = 200) -> list[UUID]:
    """Return runs that are due and that nobody drives, longest waiting first."""
    with pool().connection() as connection:
        return [row[0] for row in connection.execute(DUE, [ENDED, limit]).fetchall()]


class Heartbeat:
    """Renews a lease three times in its length from a thread of its own, for as long as the block lasts."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.lost = threading.Event()
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.beat, name=f"heartbeat-{lease.run}", daemon=True)

    def beat(self) -> None:
        while not self.stopped.wait(settings.PROMETHEUS_LEASE_SECONDS / 3):
            try:
                if not renew(self.lease):
                    self.lost.set()
                    return
            except Error:
                # The database is away: the next beat tries again, and the fence holds meanwhile.
                continue

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stopped.set()
        self.thread.join(timeout=5)
