"""The verbs of people and clients on a run. With engine/journal.py the only writers of Run.state."""

import datetime as dt
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.timezone import now

from audit import canonical, keys, ledger, vault
from audit.access import person_behind, require, workspace_of
from audit.actors import Actor
from audit.canonical import JSON
from audit.errors import Conflict, Invalid, NotAllowed, NotFound, TooLarge
from audit.events import EventType
from audit.fields import seal_text
from audit.ids import new_id
from audit.models import Workspace
from audit.roles import Scope
from audit.stakes import Stakes
from audit.vault import DataKey
from orchestration import outcomes, priority, wakeups
from orchestration.insertion import insert
from orchestration.models import Approval, ApprovalVote, Run
from orchestration.requests import Request, RequestError, clean
from orchestration.selection import one
from orchestration.states import TERMINAL, ApprovalState, RunState

# Where a run waits for people when nothing makes it due.
ASKING = frozenset({RunState.DECISION, RunState.EXECUTION})
REASON_MIN, REASON_LIMIT = 10, 2000
OVERDUE = "deadline: the run took longer than it was given"


class ApprovalChanged(Conflict):
    """What the approver saw is not what would be done."""


class ApprovalExpired(Conflict):
    """The time to decide has passed."""


class OwnRequest(NotAllowed):
    """The requester of a run may not approve it."""


def wake(run_id: UUID, *, level: int = priority.level(Stakes.MEDIUM)) -> None:
    """Tell the workers that a run is due. Losing this message costs latency only: beat finds the row."""
    wakeups.send("orchestration.advance", run_id, level=level)


def waits(run: Run) -> bool:
    """Tell whether the run waits for a person: to decide, to say what happened, or to allow that it is undone."""
    return run.state in ASKING and run.due_at is None


@dataclass(frozen=True, slots=True)
class Submitted:
    run: Run
    created: bool


@transaction.atomic
def submit(request: Request, *, actor: Actor, idempotency_key: str | None = None) -> Submitted:
    """Accept a request: the run, its key and its first entry, in one transaction; workers wake on commit.

    Raises:
        Conflict: the idempotency key was used with another request.
        NotAllowed: the actor lacks runs:write.
        RequestError: the deadline is longer than the site allows.
        TooLarge: the request does not fit into one record.
    """
    require(actor, Scope.RUNS_WRITE)
    check_deadline(request)
    document = document_of(request)
    digest = keys.reference(f"{actor.workspace}:{document.decode()}")
    if idempotency_key is not None:
        idempotency_key = clean(idempotency_key, "Idempotency-Key", limit=120)
        known = Run.objects.filter(workspace_id=workspace_of(actor), idempotency_key=idempotency_key).first()
        if known is not None:
            return Submitted(same_request(known, digest), created=False)
    try:
        with transaction.atomic():
            run = new_run(request, document.decode(), digest, actor=actor, idempotency_key=idempotency_key)
    except IntegrityError:
        known = Run.objects.get(workspace_id=workspace_of(actor), idempotency_key=idempotency_key)
        return Submitted(same_request(known, digest), created=False)
    transaction.on_commit(partial(wake, run.pk, level=priority.level(run.stakes)))
    return Submitted(run, created=True)


def check_deadline(request: Request) -> None:
    if request.deadline_seconds > settings.PROMETHEUS_DEADLINE_LIMIT_SECONDS:
        raise RequestError(
            "deadline_seconds",
            f"deadline_seconds is {request.deadline_seconds}; this site gives a run at most "
            f"{settings.PROMETHEUS_DEADLINE_LIMIT_SECONDS}: ask for less",
        )


def document_of(request: Request) -> bytes:
    try:
        return canonical.encode(request.document())
    except canonical.CanonicalError as error:
        raise TooLarge(f"the request cannot be recorded: {str(error)[:300]}; send less") from error


def same_request(run: Run, digest: str) -> Run:
    if run.request_digest != digest:
        raise Conflict(f"this Idempotency-Key belongs to run {run.pk} with another request; use a new key")
    return run


def new_run(request: Request, document: str, digest: str, *, actor: Actor, idempotency_key: str | None) -> Run:
    workspace = one(Workspace, workspace_of(actor))
    made = keys.make(workspace)
    run = unsaved_run(request, document, digest, actor=actor, workspace=workspace, key=made.key)
    run.idempotency_key = idempotency_key
    insert([made.row])
    insert([run])
    ledger.begin([submission(run, vault.commitment(made.key, document), actor=actor)])
    return run


def unsaved_run(
    request: Request, document: str, digest: str, *, actor: Actor, workspace: Workspace, key: DataKey
) -> Run:
    """Return the run of a request, its document sealed with ``key``; nothing is stored."""
    accepted = now()
    allowed = request.deadline_seconds or settings.PROMETHEUS_DEADLINE_SECONDS
    run = Run(
        id=new_id(),
        workspace=workspace,
        key_id=key.id,
        kind=request.kind.value,
        stakes=request.stakes.value,
        request_digest=digest,
        subject=keys.reference(f"subject:{workspace.pk}:{request.subject}") if request.subject else "",
        requested_by=str(actor),
        created_at=accepted,
        due_at=accepted,
        deadline_seconds=allowed,
        deadline_at=accepted + dt.timedelta(seconds=allowed),
    )
    seal_text(key, run, "request_sealed", document)
    return run


def submission(run: Run, request: str, *, actor: Actor) -> ledger.Event:
    """Return the first event of a run; ``request`` is the commitment to its document (``vault.commitment``)."""
    data: dict[str, JSON] = {
        "kind": run.kind,
        "stakes": run.stakes,
        "request": request,
        "key": str(run.key_id),
    }
    if run.batch_id is not None:
        data["batch"] = str(run.batch_id)
    return ledger.Event(EventType.RUN_SUBMITTED, actor, data, run=run.pk)


def found(run_id: UUID, *, actor: Actor, lock: bool = False) -> Run:
    """Return the run if it is in the actor's workspace.

    Raises:
        NotFound: it is not there, or in another workspace: the two are not told apart.
    """
    runs = Run.objects.select_for_update() if lock else Run.objects
    run = runs.filter(pk=run_id, workspace_id=workspace_of(actor)).first()
    if run is None:
        raise NotFound(f"no run {run_id} in this workspace")
    return run


def end(run: Run, transition: str, event: EventType, *, actor: Actor, reason: str) -> None:
    """Take a run to FAILED or CANCELLED from outside the engine; the worker's next flush will find it changed."""
    before = run.state
    getattr(run, transition)()
    run.reason = reason[:300]
    run.version += 1
    run.due_at = None
    run.finished_at = now()
    run.save(update_fields=["state", "reason", "version", "due_at", "finished_at"])
    for approval in run.approvals.select_for_update().filter(state=ApprovalState.PENDING.value):
        approval.void()
        approval.save(update_fields=["state"])
    outcomes.leave_unknown(run, actor=actor)
    data = {"before": before, "after": run.state, "reason": run.reason}
    ledger.append(ledger.Event(event, actor, data, run=run.pk), chain=f"control:{run.pk}")


@transaction.atomic
def cancel(run_id: UUID, *, actor: Actor) -> Run:
    """Stop a run that has not ended.

    Raises:
        Conflict: it has ended, or is being written down already.
    """
    require(actor, Scope.RUNS_WRITE)
    run = found(run_id, actor=actor, lock=True)
    if run.state in TERMINAL or run.state == RunState.LOGGING:
        raise Conflict(f"run {run.pk} is {run.state}; only a run that is under way can be cancelled")
    end(run, "cancel", EventType.RUN_CANCELLED, actor=actor, reason="cancelled by request")
    return run


@transaction.atomic
def fail(run_id: UUID, *, actor: Actor, reason: str) -> None:
    """Record that a run cannot go on; a run that has ended stays as it is."""
    run = Run.objects.select_for_update().get(pk=run_id)
    if run.state not in TERMINAL:
        end(run, "fail", EventType.RUN_FAILED, actor=actor, reason=reason)


def fail_overdue(*, actor: Actor, limit: int = 100) -> int:
    """Fail runs whose deadline has passed, whether somebody drives them or not. Return how many.

    While a run waits for people (due_at is null) its deadline does not count: the approval's own time bounds that. What
    is being written down completes.
    """
    rows = Run.objects.filter(due_at__isnull=False, deadline_at__lte=now()).exclude(state=RunState.LOGGING.value)
    late = list(rows.order_by("deadline_at").values_list("pk", flat=True)[:limit])
    return sum(fail_if_overdue(run_id, actor=actor) for run_id in late)


@transaction.atomic
def fail_if_overdue(run_id: UUID, *, actor: Actor) -> bool:
    run = Run.objects.select_for_update(skip_locked=True).filter(pk=run_id, due_at__isnull=False).first()
    if run is None or run.state in {*TERMINAL, RunState.LOGGING} or run.deadline_at is None or run.deadline_at > now():
        return False
    end(run, "fail", EventType.RUN_FAILED, actor=actor, reason=OVERDUE)
    return True


def found_approval(approval_id: UUID, *, actor: Actor, lock: bool = False) -> Approval:
    """Return the approval if its run is in the actor's workspace; raises NotFound as found does."""
    rows = Approval.objects.select_related("run")
    if lock:
        rows = rows.select_for_update(of=("self",))
    approval = rows.filter(pk=approval_id, run__workspace_id=workspace_of(actor)).first()
    if approval is None:
        raise NotFound(f"no approval {approval_id} in this workspace")
    return approval


def pending(approval_id: UUID, *, actor: Actor) -> Approval:
    """Return the approval to be decided, with its run and itself locked."""
    require(actor, Scope.APPROVALS_DECIDE)
    # The run first, as whoever cancels it does: in another order the two would wait for each other for ever.
    found(found_approval(approval_id, actor=actor).run_id, actor=actor, lock=True)
    approval = found_approval(approval_id, actor=actor, lock=True)
    if approval.state != ApprovalState.PENDING:
        raise Conflict(f"approval {approval.pk} is {approval.state}; it was decided before")
    return approval


def asked_by(run: Run) -> frozenset[str]:
    """Return the people who asked for a run: for a fork those who asked for the runs that it stems from, too."""
    known: Run | None = run
    found = set()
    while known is not None:
        found.add(person_behind(known.requested_by))
        known = known.parent
    return frozenset(found)


def check_approver(approval: Approval, *, actor: Actor, seen: str) -> None:
    person = person_behind(str(actor))
    if person == person_behind(approval.requested_by):
        raise OwnRequest("you requested this run; somebody else has to decide it")
    if person in asked_by(approval.run):
        raise OwnRequest("you requested a run that this one stems from; somebody else has to decide it")
    if approval.expires_at <= now():
        raise ApprovalExpired(
            f"the time to decide ended at {approval.expires_at:%Y-%m-%d %H:%M} UTC; it will be refused"
        )
    if seen != approval.binding:
        raise ApprovalChanged(f"what you saw is not what would be done now (hash {approval.binding[:12]}…); reload")
    if person in map(person_behind, approval.votes.values_list("actor", flat=True)):
        raise Conflict("you have decided this before; a second person is needed")


def worded(reason: str) -> str:
    """Return a reason that is long enough to say something.

    Raises:
        Invalid: it is not.
    """
    reason = clean(reason, "reason", limit=REASON_LIMIT)
    if len(reason) < REASON_MIN:
        raise Invalid(f"the reason has {len(reason)} characters; at least {REASON_MIN} are needed")
    return reason


def cast_word(approval: Approval, *, actor: Actor, reason: str, approve_: bool) -> None:
    reason = worded(reason)
    vote = ApprovalVote(id=new_id(), approval=approval, actor=str(actor), approve=approve_)
    key = keys.load(approval.run.key_id)
    seal_text(key, vote, "reason_sealed", reason)
    vote.save(force_insert=True)
    type_ = EventType.APPROVAL_GIVEN if approve_ else EventType.APPROVAL_REFUSED
    kept = vault.commitment(key, reason)
    data = {"approval": str(approval.pk), "binding": approval.binding, "reason": kept}
    ledger.append(ledger.Event(type_, actor, data, run=approval.run_id), chain=f"approval:{approval.pk}")


def keep_decided(approval: Approval, *, at: dt.datetime) -> None:
    """Keep a decided approval and make its run due. The time it waited is added to its deadline."""
    approval.decided_at = at
    approval.save(update_fields=["state", "decided_at"])
    Run.objects.filter(pk=approval.run_id).update(due_at=at, deadline_at=F("deadline_at") + (at - approval.created_at))
    transaction.on_commit(partial(wake, approval.run_id, level=priority.level(approval.run.stakes)))


@transaction.atomic
def approve(approval_id: UUID, *, actor: Actor, reason: str, seen: str) -> Approval:
    """Record one approval and, at quorum, let the run go on.

    Args:
        seen: the binding hash that the approver was shown.

    Raises:
        ApprovalExpired, ApprovalChanged: what the approver saw is no longer what would be done.
        OwnRequest: the requester of a run may not approve it.
        Conflict: it was decided before, or its run has ended.
    """
    approval = pending(approval_id, actor=actor)
    check_approver(approval, actor=actor, seen=seen)
    cast_word(approval, actor=actor, reason=reason, approve_=True)
    if approval.votes.filter(approve=True).count() >= approval.quorum:
        approval.grant()
        keep_decided(approval, at=now())
    return approval


@transaction.atomic
def reject(approval_id: UUID, *, actor: Actor, reason: str, seen: str) -> Approval:
    """Record a refusal; one is enough, and the run ends refused. Raises as approve does."""
    approval = pending(approval_id, actor=actor)
    check_approver(approval, actor=actor, seen=seen)
    cast_word(approval, actor=actor, reason=reason, approve_=False)
    approval.reject()
    keep_decided(approval, at=now())
    return approval


def expire_due(*, actor: Actor, limit: int = 100) -> int:
    """Expire approvals whose time has passed: their runs go on and end refused. Return how many."""
    waiting = Approval.objects.filter(state=ApprovalState.PENDING.value, expires_at__lte=now()).order_by("expires_at")
    return sum(expire(approval_id, actor=actor) for approval_id in list(waiting.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def expire(approval_id: UUID, *, actor: Actor) -> bool:
    """Expire one approval if it still waits and its time has passed; tell whether it did."""
    # The run first, as pending() does. Whoever holds it is deciding this very approval, or ending the run.
    run = Run.objects.select_for_update(of=("self",), skip_locked=True).filter(approvals=approval_id).first()
    if run is None:
        return False
    waiting = run.approvals.select_for_update().filter(state=ApprovalState.PENDING.value, expires_at__lte=now())
    approval = waiting.filter(pk=approval_id).first()
    if approval is None:
        return False
    approval.expire()
    data = {"approval": str(approval.pk), "minutes": settings.PROMETHEUS_APPROVAL_MINUTES}
    event = ledger.Event(EventType.APPROVAL_EXPIRED, actor, data, run=approval.run_id)
    ledger.append(event, chain=f"approval:{approval.pk}")
    keep_decided(approval, at=now())
    return True
