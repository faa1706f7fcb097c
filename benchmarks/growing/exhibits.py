"""Runs that the engine really drove, in the midst of those that were loaded: their pages can be opened."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet

from audit import sealer
from audit.access import actor_of_user, workspace_of
from audit.actors import Actor
from evidence.models import Claim, Document, Source
from evidence.verdicts import Verdict
from orchestration import appealing, requests, runs
from orchestration.engine import driver
from orchestration.models import Appeal, Approval, Batch, Restore, Run, Webhook
from orchestration.states import ApprovalState, Kind, RestoreState, RunState

RUNS = 6
PASSAGE = (
    "Warfarin is stopped five days before surgery. The INR is measured on the day before. "
    "Bridging with heparin is for patients with a mechanical valve only. "
)
ASKED = {
    "question": "How long before surgery is warfarin stopped, and when is the INR measured?",
    "passages": [{"source": f"guideline {n}", "title": f"Guideline {n}", "text": PASSAGE} for n in range(6)],
}


@dataclass(frozen=True, slots=True)
class Exhibits:
    """What the pages are opened for, in one workspace."""

    user: User
    workspace: UUID
    run: UUID
    moving: UUID
    approval: UUID
    restore: UUID
    webhook: UUID
    claim: UUID
    appeal: UUID
    source: UUID
    document: UUID
    batch: UUID | None
    middle: Run


def make(name: str) -> Exhibits:
    """Have the engine drive some runs of a user's workspace."""
    user = User.objects.get(username=name)
    actor = actor_of_user(user)
    if actor is None or actor.workspace is None:
        raise ValueError(f"{name} belongs to no workspace; make a membership")
    ids = {stakes: submitted_as(user, stakes) for stakes in ["LOW"] * (RUNS - 1) + ["HIGH"]}
    sealer.seal_all()
    rows = Run.objects.filter(workspace_id=actor.workspace)
    restores = Restore.objects.filter(run__workspace_id=actor.workspace, state=RestoreState.PENDING.value)
    return Exhibits(
        user=user,
        workspace=actor.workspace,
        run=ids["LOW"],
        moving=first(rows.filter(state=RunState.PROCESSING.value), ids["LOW"]),
        approval=first(Approval.objects.filter(run=ids["HIGH"], state=ApprovalState.PENDING.value), ids["HIGH"]),
        restore=first(restores, ids["LOW"]),
        webhook=first(Webhook.objects.filter(workspace_id=actor.workspace), ids["LOW"]),
        claim=first(Claim.objects.filter(bundle__run=ids["LOW"]), ids["LOW"]),
        appeal=appealed(ids["LOW"], actor),
        source=first(Source.objects.filter(workspace_id=actor.workspace), ids["LOW"]),
        document=first(Document.objects.filter(source__workspace_id=actor.workspace), ids["LOW"]),
        batch=Batch.objects.filter(workspace_id=actor.workspace).order_by("-id").values_list("pk", flat=True).first(),
        middle=rows.order_by("-created_at", "-id")[rows.count() // 2],
    )


def appealed(run: UUID, actor: Actor) -> UUID:
    """Return an appeal that waits, on the last claim of a run; any other where the run did not end with claims."""
    claim = Claim.objects.filter(bundle__run=run).order_by("ordinal").last()
    if claim is None or Run.objects.get(pk=run).state != RunState.COMPLETED:
        return first(Appeal.objects.filter(workspace_id=workspace_of(actor)), run)
    wanted = Verdict.INSUFFICIENT if claim.verdict == Verdict.SUPPORTED else Verdict.SUPPORTED
    return appealing.appeal(run, claim.pk, wanted=wanted, reason="The leaflet says otherwise.", actor=actor).appeal.pk


def first(rows: QuerySet[Any], other: UUID) -> UUID:
    """Return the id of a row, or another id where a small workspace has none: its page then says so."""
    found: UUID | None = rows.order_by("pk").values_list("pk", flat=True).first()
    return found or other


def submitted_as(user: User, stakes: str) -> UUID:
    actor = actor_of_user(user)
    if actor is None:
        raise ValueError(f"{user.username} belongs to no workspace; make a membership")
    asked = requests.parse({**ASKED, "stakes": stakes}, kind=Kind.QUESTION)
    run = runs.submit(asked, actor=actor).run
    driver.advance(run.pk)
    return run.pk
