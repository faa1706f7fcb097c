"""Celery's side: wake-ups by name. Importing this loads the engine, so web processes never do."""

import logging
import os
import signal
import threading
from typing import Any
from uuid import UUID

from billiard.process import active_children
from celery import shared_task
from celery.signals import worker_shutting_down
from django.conf import settings

from audit import keys
from audit.actors import SYSTEM
from orchestration import appealing, batches, counting, deliveries, priority, restoring, runs, trials, verifications
from orchestration.engine import draining, driver, lease, restorer

logger = logging.getLogger(__name__)

LAST_SECONDS = 4
COUNTS = 20


@shared_task(name="orchestration.advance")  # type: ignore[untyped-decorator]
def advance(run_id: str) -> None:
    driver.work(UUID(run_id))


@shared_task(name="orchestration.wake_due")  # type: ignore[untyped-decorator]
def wake_due() -> None:
    """Wake runs that are due and undriven: lost messages, dead workers, a broker that was away.

    A few each second set every worker to work, and each goes on with who is next; more would only be looked at in vain.
    """
    for following in lease.in_line(limit=priority.WOKEN):
        runs.wake(following.run, level=following.level)
    for restore_id in restoring.due():
        restoring.wake(restore_id)
    for trial_id in trials.due():
        trials.wake(trial_id)


@shared_task(name="orchestration.wake_batch")  # type: ignore[untyped-decorator]
def wake_batch(batch_id: str) -> None:
    batches.wake_runs(UUID(batch_id))


@shared_task(name="orchestration.deliver_due")  # type: ignore[untyped-decorator]
def deliver_due() -> None:
    """Set senders to work, on threads of their own: a slow receiver keeps no run waiting."""
    deliveries.sweep()


@shared_task(name="orchestration.fail_overdue")  # type: ignore[untyped-decorator]
def fail_overdue() -> None:
    runs.fail_overdue(actor=SYSTEM)


@shared_task(name="orchestration.expire_approvals")  # type: ignore[untyped-decorator]
def expire_approvals() -> None:
    runs.expire_due(actor=SYSTEM)
    restoring.expire_due(actor=SYSTEM)
    appealing.expire_due(actor=SYSTEM)


@shared_task(name="orchestration.forget_erased")  # type: ignore[untyped-decorator]
def forget_erased() -> None:
    """Erase what the cache of verifications holds of erased runs: Redis was away, or a worker wrote meanwhile."""
    verifications.sweep(keys.existing)


@shared_task(name="orchestration.count_rules")  # type: ignore[untyped-decorator]
def count_rules() -> None:
    """Count what guardians' rules did since; a long backlog is counted in several turns."""
    for _ in range(COUNTS):
        if not counting.count():
            return


@shared_task(name="orchestration.restore")  # type: ignore[untyped-decorator]
def restore(restore_id: str) -> None:
    restorer.carry_out(UUID(restore_id))


@shared_task(name="orchestration.try_pack")  # type: ignore[untyped-decorator]
def try_pack(trial_id: str) -> None:
    """Look at some decisions once more, and let others come in between before the next."""
    if trials.step(UUID(trial_id)):
        trials.wake(UUID(trial_id))


def drain(**_: Any) -> None:  # noqa: ANN401 - a signal's particulars
    """Have the runs of this worker end at their next super-step. Called in its main process, on SIGTERM."""
    draining.begin()
    last = threading.Timer(settings.PROMETHEUS_DRAIN_SECONDS + LAST_SECONDS, end_hard)
    last.daemon = True
    last.start()


def end_hard() -> None:
    """End a worker that waits for a step without an end: Celery's warm shutdown would wait for ever.

    Every run has been handed over by then, and messages that nobody has acknowledged only are wake-ups.
    """
    logger.error("worker ends although a step hangs")
    for child in active_children():
        if child.pid is not None:
            os.kill(child.pid, signal.SIGKILL)
    os._exit(1)


worker_shutting_down.connect(drain)
