"""Celery's side: wake-ups by name. Importing this loads the engine, so web processes never do."""

from uuid import UUID

from celery import shared_task

from audit.actors import SYSTEM
from orchestration import batches, deliveries, restoring, runs
from orchestration.engine import driver, lease, restorer


@shared_task(name="orchestration.advance")  # type: ignore[untyped-decorator]
def advance(run_id: str) -> None:
    driver.advance(UUID(run_id))


@shared_task(name="orchestration.wake_due")  # type: ignore[untyped-decorator]
def wake_due() -> None:
    """Wake runs that are due and undriven: lost messages, dead workers, a broker that was away."""
    for run_id in lease.due():
        runs.wake(run_id)
    for restore_id in restoring.due():
        restoring.wake(restore_id)


@shared_task(name="orchestration.wake_batch")  # type: ignore[untyped-decorator]
def wake_batch(batch_id: str) -> None:
    batches.wake_runs(UUID(batch_id))


@shared_task(name="orchestration.deliver_due")  # type: ignore[untyped-decorator]
def deliver_due() -> None:
    """Set senders to work, on threads of their own: a slow receiver keeps no run waiting."""
    deliveries.sweep()


@shared_task(name="orchestration.expire_approvals")  # type: ignore[untyped-decorator]
def expire_approvals() -> None:
    runs.expire_due(actor=SYSTEM)
    restoring.expire_due(actor=SYSTEM)


@shared_task(name="orchestration.restore")  # type: ignore[untyped-decorator]
def restore(restore_id: str) -> None:
    restorer.carry_out(UUID(restore_id))
