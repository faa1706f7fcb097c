"""The steps of a restore, as two people and a worker take them."""

from audit.models import Entry
from orchestration import restoring, runs
from orchestration.engine import driver, restorer
from orchestration.management.stage import Stage
from orchestration.models import Restore, Run
from orchestration.rewinding import Plan
from orchestration.snapshots import Thread
from tests.pipeline.asking import fresh

REASON = "The desk was down; it is back."


def at(run: Run, node: str) -> str:
    """Return the newest checkpoint after which this node comes ('' is the end)."""
    points = [snapshot.point for snapshot in Thread(run).snapshots()]
    return next(point.id for point in points if point is not None and point.next == node)


def plan(stage: Stage, run: Run, node: str) -> Plan:
    return restoring.dry_run(run.pk, at(run, node), actor=stage.actors["grace"])


def requested(stage: Stage, run: Run, checkpoint: str) -> Restore:
    return restoring.request(run.pk, checkpoint, actor=stage.actors["grace"], reason=REASON)


def restored(stage: Stage, run: Run, node: str) -> Restore:
    """Return a restore that was asked for, approved and carried out."""
    restore = requested(stage, run, at(run, node))
    restoring.approve(restore.pk, actor=stage.actors["alan"], reason=REASON, seen=restore.binding)
    restorer.carry_out(restore.pk)
    return Restore.objects.get(pk=restore.pk)


def fork_of(stage: Stage, run: Run, node: str) -> Run:
    """Return the driven fork of a run."""
    fork = restored(stage, run, node).fork
    assert fork is not None
    driver.advance(fork.pk)
    return fresh(fork)


def approved(stage: Stage, run: Run) -> Run:
    """Return the run after its approval was given and it was driven on."""
    approval = run.approvals.get(state="PENDING")
    runs.approve(approval.pk, actor=stage.actors["alan"], reason="Both texts compared.", seen=approval.binding)
    driver.advance(run.pk)
    return fresh(run)


def types(run: Run) -> list[str]:
    return list(Entry.objects.filter(run=run.pk).order_by("id").values_list("type", flat=True))
