"""The verbs that take a run back to a checkpoint: plan, ask, approve, reject; and the fork's row.

A worker carries out what was approved (engine/restorer.py), because only the engine loads checkpoints.
docs/decisions/0009 says why a failed run goes on itself from where its record ends, and is forked from anywhere else;
0025 why overriding a hard denial is such a fork.
"""

import datetime as dt
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils.timezone import now

from audit import keys, ledger, vault
from audit.access import person_behind, record_read, require, workspace_of
from audit.actors import Actor
from audit.errors import Conflict, NotFound
from audit.events import EventType
from audit.fields import open_text, seal_text
from audit.ids import new_id
from audit.roles import Scope
from evidence.models import ClaimBundle
from orchestration import differences, overriding, rewinding, wakeups
from orchestration.differences import Difference
from orchestration.models import Action, Restore, Run
from orchestration.rewinding import Effect, NoWayBack, OnRecord, Plan
from orchestration.runs import OwnRequest, asked_by, found, worded
from orchestration.snapshots import Snapshot, Thread
from orchestration.states import ActionState, ApprovalKind, ApprovalState, RestoreKind, RestoreState, RunState

OPEN = (RestoreState.PENDING.value, RestoreState.APPROVED.value)


class RestoreChanged(Conflict):
    """What the approver saw is not what would be done."""


def wake(restore_id: UUID) -> None:
    """Tell the workers that a restore was approved. Losing this message costs latency only: beat finds the row."""
    wakeups.send("orchestration.restore", restore_id)


# Looking


def checkpoints(run_id: UUID, *, actor: Actor) -> tuple[Snapshot, ...]:
    """Return a run's checkpoints, newest first, each verified or with its fault. No text of the run is in them.

    Raises:
        NotFound: the run is not in the actor's workspace.
    """
    require(actor, Scope.RUNS_READ)
    return Thread(found(run_id, actor=actor)).snapshots()


def compare(run_id: UUID, *, before: str, after: str, actor: Actor, via: str) -> Difference:
    """Return what differs between two checkpoints of a run, values in clear, after writing the access entry.

    Raises:
        NotFound: the run is not in the actor's workspace, or a checkpoint was pruned.
        SnapshotRefused: a checkpoint is not what was written, or the run's key was destroyed.
    """
    require(actor, Scope.RUNS_READ)
    run = found(run_id, actor=actor)
    record_read(actor, run=run.pk, fields=("checkpoint channels",), via=via)
    thread = Thread(run)
    return differences.difference(thread.channels(before), thread.channels(after))


def family_of(run: Run) -> QuerySet[Run]:
    """Return all runs that share this run's origin: the root and every fork of a fork."""
    root = run.family or run.pk
    return Run.objects.filter(Q(pk=root) | Q(family=root))


def effects_of(actions: QuerySet[Action]) -> tuple[Effect, ...]:
    return tuple(
        Effect(
            run=str(action.run_id),
            tool=str(action.tool),
            state=ActionState(action.state),
            arguments=action.arguments_digest,
            effect=action.effect or action.idempotency_key,
        )
        for action in actions.select_related("tool__server").order_by("run_id", "ordinal")
    )


def on_record(run: Run) -> OnRecord:
    """Return what a run's rows and those of its family say."""
    family = family_of(run).exclude(pk=run.pk)
    drafted = run.drafts.aggregate(last=Max("revision"))["last"]
    judged = ClaimBundle.objects.filter(run=run.pk).aggregate(last=Max("revision"))["last"]
    last = run.approvals.filter(kind=ApprovalKind.DECISION.value).order_by("-created_at").first()
    return OnRecord(
        state=RunState(run.state),
        version=run.version,
        drafted=-1 if drafted is None else drafted,
        judged=-1 if judged is None else judged,
        decided=last is not None or run.actions.exists(),
        approved=last is not None and last.state == ApprovalState.APPROVED and last.used_at is None,
        answered=run.answer_sealed is not None,
        own=effects_of(run.actions.all()),
        relatives=effects_of(Action.objects.filter(run__in=family, original__isnull=True)),
    )


def plan_of(run: Run, checkpoint_id: str) -> Plan:
    """Return what restoring a run to a checkpoint would do.

    Raises:
        NotFound: the checkpoint was pruned, or never was.
        SnapshotRefused: it, or one that it rests on, is not what was written; or the run's key was destroyed.
        Conflict: the run is under way, or an effect's outcome is unknown.
    """
    thread = Thread(run)
    thread.point(thread.row(checkpoint_id))
    points = [snapshot.point for snapshot in thread.snapshots() if snapshot.point is not None]
    try:
        return rewinding.plan(str(run.pk), points, chosen=checkpoint_id, on_record=on_record(run))
    except NoWayBack as no:
        raise Conflict(f"run {run.pk} cannot be restored: {no}") from no


def override_of(run: Run) -> Plan:
    """Return what overriding the hard denial of a run would do: a fork from before its last judgement.

    Raises:
        Conflict: there is nothing to override (``overriding.denial_of``), or the checkpoint for it was pruned.
        KeyUnavailable, SealError: as ``overriding.denial_of`` does.
    """
    denial = overriding.denial_of(run)
    last = next((snapshot.id for snapshot in Thread(run).snapshots()), "")
    plan = plan_of(run, last)
    if plan.state != RunState.GATING:
        raise Conflict(f"the checkpoint before the judgement of run {run.pk} was pruned; send its request again")
    return replace(plan, kind=RestoreKind.OVERRIDE, denial=denial.document())


def plan_now(restore: Restore) -> Plan:
    """Return what a restore would do as things are now; raises as ``plan_of`` or ``override_of`` does."""
    if restore.kind == RestoreKind.OVERRIDE:
        return override_of(restore.run)
    return plan_of(restore.run, restore.checkpoint_id)


def dry_override(run_id: UUID, *, actor: Actor) -> Plan:
    """Return what an override would do, and change nothing. Raises as ``override_of`` does."""
    require(actor, Scope.DENIALS_OVERRIDE)
    return override_of(found(run_id, actor=actor))


def dry_run(run_id: UUID, checkpoint_id: str, *, actor: Actor) -> Plan:
    """Return what a restore would do, and change nothing. Raises as plan_of does."""
    require(actor, Scope.RUNS_WRITE)
    return plan_of(found(run_id, actor=actor), checkpoint_id)


# Asking and deciding


def enter(what: str, restore: Restore, *, actor: Actor, **data: Any) -> None:  # noqa: ANN401 - canonical JSON
    kind = "override" if restore.kind == RestoreKind.OVERRIDE else "restore"
    known = {"restore": str(restore.pk), "checkpoint": restore.checkpoint_id, "binding": restore.binding, **data}
    event = ledger.Event(EventType(f"{kind}.{what}"), actor, known, run=restore.run_id)
    ledger.append(event, chain=f"restore:{restore.pk}")


@transaction.atomic
def request(run_id: UUID, checkpoint_id: str, *, actor: Actor, reason: str) -> Restore:
    """Ask for a restore; it waits for a second person.

    Raises:
        Conflict: a restore of this run waits already. Else as plan_of does.
    """
    require(actor, Scope.RUNS_WRITE)
    reason = worded(reason)
    run = unasked(run_id, actor=actor)
    return ask(run, plan_of(run, checkpoint_id), actor=actor, reason=reason)


@transaction.atomic
def request_override(run_id: UUID, *, actor: Actor, reason: str, seen: str) -> Restore:
    """Ask for a hard denial to be overridden; it waits for a second person who may.

    Args:
        seen: the binding hash of what the person was shown.

    Raises:
        OwnRequest: whoever requested the run may not ask for it.
        RestoreChanged: what was seen is not what would be overridden now.
        Conflict: a restore of this run waits already. Else as ``override_of`` does.
    """
    require(actor, Scope.DENIALS_OVERRIDE)
    reason = worded(reason)
    run = unasked(run_id, actor=actor)
    refuse_own(run, actor=actor)
    plan = override_of(run)
    if seen != plan.binding():
        raise RestoreChanged(f"what you saw is not what would be overridden (hash {plan.binding()[:12]}…); reload")
    return ask(run, plan, actor=actor, reason=reason)


def refuse_own(run: Run, *, actor: Actor) -> None:
    if person_behind(str(actor)) in asked_by(run):
        raise OwnRequest("you requested this run; two other people have to override its denial")


def unasked(run_id: UUID, *, actor: Actor) -> Run:
    """Return the run, locked; raises Conflict while a restore of it waits."""
    run = found(run_id, actor=actor, lock=True)
    waiting = run.restores.filter(state__in=OPEN).first()
    if waiting is not None:
        raise Conflict(f"restore {waiting.pk} of run {run.pk} is {waiting.state}; decide it before asking for another")
    return run


def ask(run: Run, plan: Plan, *, actor: Actor, reason: str) -> Restore:
    restore = Restore(
        id=new_id(),
        run=run,
        workspace_id=run.workspace_id,
        run_version=run.version,
        checkpoint_id=plan.checkpoint,
        kind=plan.kind.value,
        plan=plan.document(),
        binding=plan.binding(),
        requested_by=str(actor),
        expires_at=now() + dt.timedelta(minutes=settings.PROMETHEUS_APPROVAL_MINUTES),
    )
    seal_text(keys.load(run.key_id), restore, "reason_sealed", reason)
    restore.save(force_insert=True)
    denied = {"denial": restore.plan["denial"]} if plan.denial else {}
    data = {"kind": restore.kind, "state": plan.state.value, "reason": kept(restore, reason), **denied}
    enter("requested", restore, actor=actor, **data)
    return restore


def found_restore(restore_id: UUID, *, actor: Actor, lock: bool = False) -> Restore:
    """Return the restore if its run is in the actor's workspace; raises NotFound as runs.found does."""
    rows = Restore.objects.select_related("run")
    if lock:
        rows = rows.select_for_update(of=("self",))
    restore = rows.filter(pk=restore_id, run__workspace_id=workspace_of(actor)).first()
    if restore is None:
        raise NotFound(f"no restore {restore_id} in this workspace")
    return restore


def to_decide(restore_id: UUID, *, actor: Actor, seen: str) -> Restore:
    """Return the restore to be decided, with its run and itself locked."""
    known = found_restore(restore_id, actor=actor)
    require(actor, decided_with(known))
    # The run first, as whoever cancels or fails it does.
    found(known.run_id, actor=actor, lock=True)
    restore = found_restore(restore_id, actor=actor, lock=True)
    if restore.state != RestoreState.PENDING:
        raise Conflict(f"restore {restore.pk} is {restore.state}; it was decided before")
    if person_behind(str(actor)) == person_behind(restore.requested_by):
        raise OwnRequest("you asked for this restore; somebody else has to decide it")
    if restore.kind == RestoreKind.OVERRIDE:
        refuse_own(restore.run, actor=actor)
    if restore.expires_at <= now():
        raise Conflict(f"the time to decide ended at {restore.expires_at:%Y-%m-%d %H:%M} UTC; ask for it again")
    if seen != restore.binding:
        raise RestoreChanged(f"what you saw is not what would be done (hash {restore.binding[:12]}…); reload")
    return restore


def decided_with(restore: Restore) -> Scope:
    """Return what whoever decides a restore has to be allowed."""
    return Scope.DENIALS_OVERRIDE if restore.kind == RestoreKind.OVERRIDE else Scope.APPROVALS_DECIDE


def keep_decided(restore: Restore, *, actor: Actor, reason: str) -> None:
    restore.decided_by, restore.decided_at = str(actor), now()
    seal_text(keys.load(restore.run.key_id), restore, "word_sealed", reason)
    restore.save(update_fields=["state", "decided_by", "decided_at", "word_sealed"])


def kept(restore: Restore, reason: str) -> str:
    """Return what the ledger keeps of a reason."""
    return vault.commitment(keys.load(restore.run.key_id), reason)


@transaction.atomic
def approve(restore_id: UUID, *, actor: Actor, reason: str, seen: str) -> Restore:
    """Approve a restore; a worker carries it out.

    Args:
        seen: the binding hash that the approver was shown.

    Raises:
        OwnRequest: whoever asked for it may not approve it.
        RestoreChanged: the run, its effects or the checkpoint are no longer as they were shown.
        Conflict: it was decided before, or its time has passed.
    """
    restore = to_decide(restore_id, actor=actor, seen=seen)
    reason = worded(reason)
    if plan_now(restore).binding() != restore.binding:
        raise RestoreChanged(f"run {restore.run_id} is not as it was when this was asked for; reject it, and ask again")
    restore.grant()
    keep_decided(restore, actor=actor, reason=reason)
    enter("approved", restore, actor=actor, reason=kept(restore, reason))
    transaction.on_commit(partial(wake, restore.pk))
    return restore


@transaction.atomic
def reject(restore_id: UUID, *, actor: Actor, reason: str, seen: str) -> Restore:
    """Refuse a restore; the run stays as it is. Raises as approve does."""
    restore = to_decide(restore_id, actor=actor, seen=seen)
    reason = worded(reason)
    restore.reject()
    keep_decided(restore, actor=actor, reason=reason)
    enter("rejected", restore, actor=actor, reason=kept(restore, reason))
    return restore


def expire_due(*, actor: Actor, limit: int = 100) -> int:
    """Expire restores that nobody decided in time. Return how many."""
    waiting = Restore.objects.filter(state=RestoreState.PENDING.value, expires_at__lte=now()).order_by("expires_at")
    return sum(expire(restore_id, actor=actor) for restore_id in list(waiting.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def expire(restore_id: UUID, *, actor: Actor) -> bool:
    """Expire one restore if it still waits and its time has passed; tell whether it did."""
    waiting = Restore.objects.select_for_update(skip_locked=True).filter(
        pk=restore_id, state=RestoreState.PENDING.value, expires_at__lte=now()
    )
    restore = waiting.first()
    if restore is None:
        return False
    restore.expire()
    restore.decided_at = now()
    restore.save(update_fields=["state", "decided_at"])
    enter("expired", restore, actor=actor, minutes=settings.PROMETHEUS_APPROVAL_MINUTES)
    return True


# What the worker needs


def due() -> list[UUID]:
    """Return restores that were approved and not carried out."""
    rows = Restore.objects.filter(state=RestoreState.APPROVED.value).order_by("decided_at")
    return list(rows.values_list("pk", flat=True)[:100])


@transaction.atomic
def refuse(restore_id: UUID, *, actor: Actor, why: str) -> None:
    """Record that an approved restore cannot be carried out."""
    restore = Restore.objects.select_for_update().get(pk=restore_id)
    if restore.state != RestoreState.APPROVED:
        return
    restore.refuse()
    restore.refusal, restore.finished_at = why[:300], now()
    restore.save(update_fields=["state", "refusal", "finished_at"])
    enter("refused", restore, actor=actor, why=restore.refusal)


@transaction.atomic
def fork(restore_id: UUID, *, actor: Actor) -> Run:
    """Return the run that an approved restore forks: made at the first call, INITIALIZED and due to nobody yet.

    Raises:
        RestoreChanged: the parent is not as it was when the fork was approved.
    """
    restore = Restore.objects.select_for_update().get(pk=restore_id)
    if restore.fork_id is not None:
        return Run.objects.get(pk=restore.fork_id)
    parent = Run.objects.select_for_update().get(pk=restore.run_id)
    if plan_now(restore).binding() != restore.binding:
        raise RestoreChanged(f"run {parent.pk} is not as it was when its fork was approved; ask again")
    key = keys.create(parent.workspace)
    run = Run(
        id=new_id(),
        workspace=parent.workspace,
        key_id=key.id,
        kind=parent.kind,
        stakes=parent.stakes,
        request_digest=parent.request_digest,
        subject=parent.subject,
        requested_by=restore.requested_by,
        retention_class=parent.retention_class,
        deadline_seconds=parent.deadline_seconds,
        parent=parent,
        family=parent.family or parent.pk,
    )
    document = open_text(keys.load(parent.key_id), parent, "request_sealed")
    seal_text(key, run, "request_sealed", document)
    run.save(force_insert=True)
    data = {
        "parent": str(parent.pk),
        "checkpoint": restore.checkpoint_id,
        "digest": restore.plan["digest"],
        "restore": str(restore.pk),
        "request": vault.commitment(key, document),
        "key": str(key.id),
        "requested_by": restore.requested_by,
        "approved_by": restore.decided_by,
        **({"denial": restore.plan["denial"]} if restore.kind == RestoreKind.OVERRIDE else {}),
    }
    ledger.append(ledger.Event(EventType.RUN_FORKED, actor, data, run=run.pk), chain=ledger.run_chain(run.pk))
    restore.fork = run
    restore.save(update_fields=["fork"])
    return run
