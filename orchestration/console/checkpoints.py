"""The checkpoints of one run: verified, compared, and restored by two people."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from audit.access import person_behind, require
from audit.actors import Actor
from audit.console import page, workspace_of
from audit.errors import Invalid
from audit.roles import Scope
from orchestration import restoring
from orchestration import runs as verbs
from orchestration.console import badges, people
from orchestration.differences import Difference
from orchestration.models import Restore, Run
from orchestration.rewinding import Plan
from orchestration.states import RestoreKind, RestoreState

VALUE_LIMIT = 600
METHODS = ["GET", "HEAD", "POST"]


@require_http_methods(METHODS)
@page
def checkpoints(request: HttpRequest, actor: Actor, run_id: UUID) -> HttpResponse:
    """List a run's checkpoints, compare two, say what a restore would do, and take the request for one."""
    run = verbs.found(run_id, actor=actor)
    if request.method == "POST":
        asked = restoring.request(
            run.pk, request.POST.get("checkpoint", ""), actor=actor, reason=request.POST.get("reason", "")
        )
        messages.success(request, "Asked for. Somebody else has to approve it.")
        return redirect("console:restore", restore_id=asked.pk)
    chosen = request.GET.get("checkpoint", "")
    before, after = request.GET.get("from", ""), request.GET.get("to", "")
    context: dict[str, Any] = {
        "run": run,
        "rows": [
            {"item": item, "badge": badges.VERIFIED if item.verified else badges.NOT_WRITTEN_SO}
            for item in restoring.checkpoints(run.pk, actor=actor)
        ],
        "from": before,
        "to": after,
        "changes": changes(run, actor, before=before, after=after) if before and after else None,
        "plan": shown(restoring.dry_run(run.pk, chosen, actor=actor)) if chosen else None,
        "restores": restores_of(run),
        "may_ask": actor.may(Scope.RUNS_WRITE),
        "reason_min": verbs.REASON_MIN,
        "reason_limit": verbs.REASON_LIMIT,
    }
    return render(request, "console/checkpoints.html", context)


def restores_of(run: Run) -> list[dict[str, Any]]:
    rows = run.restores.order_by("-created_at")[:20]
    return [{"restore": row, "badge": badges.RESTORES[RestoreState(row.state)]} for row in rows]


def changes(run: Run, actor: Actor, *, before: str, after: str) -> dict[str, Any]:
    found: Difference = restoring.compare(run.pk, before=before, after=after, actor=actor, via="console")
    rows = [
        {"path": c.path, "how": c.how.value.capitalize(), "before": text(c.before), "after": text(c.after)}
        for c in found.changes
    ]
    return {"rows": rows, "complete": found.complete}


def text(value: object) -> str:
    """Return a value as the beginning of its JSON; nothing where there is none."""
    if value is None:
        return ""
    whole = json.dumps(value, ensure_ascii=False)
    return whole if len(whole) <= VALUE_LIMIT else f"{whole[:VALUE_LIMIT]}…"


def shown(plan: Plan) -> dict[str, Any]:
    return {**plan.document(), "binding": plan.binding(), "says": says(plan.kind)}


def says(kind: RestoreKind) -> str:
    match kind:
        case RestoreKind.CONTINUE:
            return "The run itself goes on from this checkpoint."
        case RestoreKind.FORK | RestoreKind.OVERRIDE:
            return (
                "This run stays as it is. A new run that names it as its parent begins there, and decides for itself."
            )


@require_http_methods(METHODS)
@page
def restore(request: HttpRequest, actor: Actor, restore_id: UUID) -> HttpResponse:
    """Show what a restore would do, and take the second person's word on it."""
    require(actor, Scope.APPROVALS_READ)
    found = restoring.found_restore(restore_id, actor=actor)
    if found.kind == RestoreKind.OVERRIDE:
        return redirect("console:overriding", restore_id=found.pk)
    if request.method == "POST":
        return decide(request, actor, found)
    who = people.names({found.requested_by, found.decided_by} - {""}, workspace=workspace_of(actor))
    context = {
        "restore": found,
        "badge": badges.RESTORES[RestoreState(found.state)],
        "plan": {**found.plan, "binding": found.binding, "says": says(RestoreKind(found.kind))},
        "who": who[found.requested_by],
        "decided_by": who.get(found.decided_by, ""),
        "may_decide": found.state == RestoreState.PENDING
        and actor.may(Scope.APPROVALS_DECIDE)
        and person_behind(found.requested_by) != str(actor),
        "reason_min": verbs.REASON_MIN,
        "reason_limit": verbs.REASON_LIMIT,
    }
    return render(request, "console/restore.html", context)


def decide(request: HttpRequest, actor: Actor, found: Restore) -> HttpResponse:
    """Record the word of the form."""
    words = {"approve": restoring.approve, "reject": restoring.reject}
    verb = words.get(request.POST.get("word", ""))
    if verb is None:
        raise Invalid("choose Approve or Reject")
    reason, seen = request.POST.get("reason", ""), request.POST.get("seen", "")
    decided = verb(found.pk, actor=actor, reason=reason, seen=seen)
    approved = decided.state == RestoreState.APPROVED
    messages.success(request, "Approved. A worker carries it out." if approved else "Rejected. Nothing changes.")
    return redirect("console:restore", restore_id=found.pk)
