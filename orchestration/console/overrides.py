"""Hard denials that people override: the page that shows what was denied, and the words of the two on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from audit import keys
from audit.access import person_behind, require
from audit.actors import Actor
from audit.console import page, problem_page, workspace_of
from audit.errors import Conflict, Invalid
from audit.fields import open_text
from audit.keys import KeyUnavailable
from audit.roles import Scope
from audit.vault import SealError
from evidence.verdicts import Verdict
from orchestration import overriding, records, restoring
from orchestration import runs as verbs
from orchestration.console import badges, people, wording
from orchestration.console.detail import detail, in_draft, live
from orchestration.console.highlight import plain
from orchestration.models import Restore, Run
from orchestration.records import ReadRun
from orchestration.states import Decision, RestoreKind, RestoreState, RunState

METHODS = ["GET", "HEAD", "POST"]
WAITING = 100
SAYS = (
    "This run stays as it is. A new run that names it as its parent takes over its evidence and its draft, and is "
    "judged anew. What denied this one is no veto there. A person still has to approve what would be published or done."
)


def may_ask(run: Run, actor: Actor) -> bool:
    """Tell whether a run looks as if its denial could be overridden; the verb checks it."""
    refused = run.state == RunState.COMPLETED and run.decision == Decision.REFUSE
    return refused and "consensus:hard_deny:" in run.reason and actor.may(Scope.DENIALS_OVERRIDE)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One override in the queue. No text of the run."""

    override: Restore
    short: str
    rules: tuple[str, ...]
    who: str
    left: str
    own: bool


def waiting(actor: Actor) -> list[Waiting]:
    """Return the overrides that wait for a second person, soonest to expire first."""
    rows = Restore.objects.filter(
        workspace_id=workspace_of(actor), kind=RestoreKind.OVERRIDE.value, state=RestoreState.PENDING.value
    )
    found = list(rows.defer("reason_sealed", "word_sealed").order_by("expires_at", "id")[:WAITING])
    who = people.names({row.requested_by for row in found}, workspace=workspace_of(actor))
    return [
        Waiting(
            override=row,
            short=wording.short(row.run_id),
            rules=denied_by(row.plan),
            who=who[row.requested_by],
            left=wording.left(row.expires_at, now()),
            own=person_behind(row.requested_by) == str(actor),
        )
        for row in found
    ]


def denied_by(plan: Mapping[str, Any]) -> tuple[str, ...]:
    rules = overriding.denial_in(plan["denial"]).rules
    return tuple(f"{wording.sentence(wording.guardian(name))}: {', '.join(known)}" for name, known in rules.items())


@require_http_methods(METHODS)
@page
def override(request: HttpRequest, actor: Actor, run_id: UUID) -> HttpResponse:
    """Show what denied a run, and take the request to override it."""
    require(actor, Scope.DENIALS_OVERRIDE)
    run = verbs.found(run_id, actor=actor)
    if request.method == "POST":
        reason, seen = request.POST.get("reason", ""), request.POST.get("seen", "")
        try:
            asked = restoring.request_override(run.pk, actor=actor, reason=reason, seen=seen)
        except Invalid as invalid:
            return asking(request, run, actor, typed=reason, error=str(invalid))
        messages.success(request, "Asked for. A second person who may override has to agree.")
        return redirect("console:overriding", restore_id=asked.pk)
    return asking(request, run, actor)


def asking(request: HttpRequest, run: Run, actor: Actor, **known: str) -> HttpResponse:
    try:
        plan = restoring.dry_override(run.pk, actor=actor)
        read = records.read_run(run.pk, actor=actor, via="console")
    except (KeyUnavailable, SealError) as trouble:
        return problem_page(request, Conflict(f"what was denied cannot be read: {trouble}"))
    own = str(actor) in verbs.asked_by(run)
    context = {
        "plan": {**plan.document(), "binding": plan.binding(), "says": SAYS},
        "obstacle": "You requested this run, so two other people have to override its denial." if own else "",
        **known,
    }
    return shown(request, run, read, actor, context)


@require_http_methods(METHODS)
@page
def confirm(request: HttpRequest, actor: Actor, restore_id: UUID) -> HttpResponse:
    """Show an override that was asked for beside what it is about, and take the second person's word on it."""
    require(actor, Scope.APPROVALS_READ)
    found = restoring.found_restore(restore_id, actor=actor)
    if found.kind != RestoreKind.OVERRIDE:
        return redirect("console:restore", restore_id=found.pk)
    if request.method == "POST":
        return decide(request, actor, found)
    return confirming(request, found, actor)


def decide(request: HttpRequest, actor: Actor, found: Restore) -> HttpResponse:
    reason, seen = request.POST.get("reason", ""), request.POST.get("seen", "")
    words = {"approve": restoring.approve, "reject": restoring.reject}
    verb = words.get(request.POST.get("word", ""))
    if verb is None:
        return confirming(request, found, actor, typed=reason, error="Choose Override or Reject.")
    try:
        decided = verb(found.pk, actor=actor, reason=reason, seen=seen)
    except Invalid as invalid:
        return confirming(request, found, actor, typed=reason, error=str(invalid))
    agreed = decided.state == RestoreState.APPROVED
    said = "Overridden. A worker begins the new run." if agreed else "Rejected. The denial stands."
    messages.success(request, said)
    return redirect("console:overriding", restore_id=found.pk)


def confirming(request: HttpRequest, found: Restore, actor: Actor, **known: str) -> HttpResponse:
    try:
        read = records.read_run(found.run_id, actor=actor, via="console")
        reason = open_text(keys.load(found.run.key_id), found, "reason_sealed")
    except (KeyUnavailable, SealError) as trouble:
        return problem_page(request, Conflict(f"what was denied cannot be read: {trouble}"))
    who = people.names({found.requested_by, found.decided_by} - {""}, workspace=workspace_of(actor))
    context = {
        "override": found,
        "badge": badges.RESTORES[RestoreState(found.state)],
        "plan": {**found.plan, "binding": found.binding, "says": SAYS},
        "asked_by": who[found.requested_by],
        "because": plain(reason),
        "decided_by": who.get(found.decided_by, ""),
        "left": wording.left(found.expires_at, now()),
        "obstacle": obstacle(found, actor),
        **known,
    }
    return shown(request, found.run, read, actor, context)


def obstacle(found: Restore, actor: Actor) -> str:
    """Return why this actor cannot decide, or ''. The verbs check all of it again."""
    if found.state != RestoreState.PENDING:
        return f"{badges.RESTORES[RestoreState(found.state)].word}."
    if found.expires_at <= now():
        return "The time to decide has ended. The denial stands; it can be asked for again."
    if not actor.may(Scope.DENIALS_OVERRIDE):
        return "You may read this. Deciding needs the role of an overrider in this workspace."
    if person_behind(found.requested_by) == str(actor):
        return "You asked for this, so a second person has to agree."
    if str(actor) in verbs.asked_by(found.run):
        return "You requested this run, so two other people have to override its denial."
    return ""


def shown(request: HttpRequest, run: Run, read: ReadRun, actor: Actor, known: Mapping[str, Any]) -> HttpResponse:
    about = detail(run, read, actor, verdict=request.GET.get("verdict", ""), first=request.GET.get("from", ""))
    context: dict[str, Any] = {
        **live(run, actor),
        **about,
        **in_draft(about["claims"], about["draft"]),
        "denied_by": denied_by(known["plan"]),
        "published": tuple(plain(claim.text) for claim in read.claims if claim.verdict == Verdict.SUPPORTED),
        "reason_min": verbs.REASON_MIN,
        "reason_limit": verbs.REASON_LIMIT,
        **known,
    }
    return render(request, "console/override.html", context, status=400 if known.get("error") else 200)
