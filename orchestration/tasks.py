"""Celery's side: wake-ups by name. Importing this loads the engine, so web processes never do."""

from uuid import UUID

from celery import shared_task

from audit.actors import SYSTEM
from orchestration import runs
from orchestration.engine import driver, lease


@shared_task(name="orchestration.advance")  # type: ignore[untyped-decorator]
def advance(run_id: str) -> None:
    driver.advance(UUID(run_id))


@shared_task(name="orchestration.wake_due")  # type: ignore[untyped-decorator]
def wake_due() -> None:
    """Wake runs that are due and undriven: lost messages, dead workers, a broker that was away."""
    for run_id in lease.due():
        runs.wake(run_id)


@shared_task(name="orchestration.expire_approvals")  # type: ignore[untyped-decorator]
def expire_approvals() -> None:
    runs.expire_due(actor=SYSTEM)
