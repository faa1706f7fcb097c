"""The queue of decisions that wait for people, and the page on which one is decided."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_safe

from audit.access import person_behind, require
from audit.actors import Actor
from audit.console import page, problem_page, workspace_of
from audit.errors import Conflict, Invalid
from audit.keys import KeyUnavailable
from audit.roles import Scope
from audit.vault import SealError
from evidence.verdicts import Verdict
from orchestration import appealing, inquiring, records
from orchestration import runs as verbs
from orchestration.console import badges, overrides, paging, people, wording
from orchestration.console.badges import Badge
from orchestration.console.bound import binding_of, undoing_of
from orchestration.console.detail import detail, in_draft, live
from orchestration.console.highlight import plain
from orchestration.models import Appeal, Approval, Inquiry
from orchestration.records import ReadRun
from orchestration.states import AppealState, ApprovalKind, ApprovalState, InquiryState

URGENT = 300
INQUIRIES = 100
APPEALS = 100
DECIDED = {
    ApprovalState.PENDING: "",
    ApprovalState.APPROVED: "This was approved.",
    ApprovalState.REJECTED: "This was rejected: nothing was published and nothing was done.",
    ApprovalState.EXPIRED: "Nobody decided in time: nothing was published and nothing was done.",
    ApprovalState.VOID: "This no longer stands: the run ended, or what would be done had changed. Nothing was done.",
}


@dataclass(frozen=True, slots=True)
class Tab:
    word: str
    state: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """One approval in the queue. Reasons are codes in words, no text of the run."""

    approval: Approval
    short: str
    badge: Badge
    stakes: Badge
    reasons: tuple[str, ...]
    who: str
    left: str
    urgent: bool
    own: bool
    agreed: int


@require_safe
@page
def approvals(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List approvals: by default those that wait, soonest to expire first; decided ones latest first."""
    require(actor, Scope.APPROVALS_READ)
    state = request.GET.get("state", ApprovalState.PENDING.value)
    if state not in set(ApprovalState):
        raise Invalid(f"state is {state[:40]!r}; use one of {', '.join(ApprovalState)}")
    waits = state == ApprovalState.PENDING
    rows = Approval.objects.filter(workspace_id=workspace_of(actor), state=state)
    found = paging.page(
        rows.select_related("run").defer("run__request_sealed", "run__answer_sealed").prefetch_related("votes"),
        after=paging.place_in(request.GET.get("after", "")),
        column="expires_at",
        filters={},
        descending=not waits,
    )
    context = {
        "rows": queue(found.rows, actor),
        "tabs": [Tab(badges.of_approval(s).word, s.value, s == state) for s in ApprovalState],
        "inquiries": asked(actor) if waits else (),
        "appeals": doubted(actor) if waits and not request.GET.get("after") else (),
        "overrides": overrides.waiting(actor) if waits and not request.GET.get("after") else (),
        "waits": waits,
        "state": state,
        "next": found.next,
        "first": not request.GET.get("after"),
        "may_decide": actor.may(Scope.APPROVALS_DECIDE),
    }
    return render(request, "console/approvals.html", context)


def queue(found: Sequence[Approval], actor: Actor) -> list[Waiting]:
    moment = now()
    who = people.names({approval.requested_by for approval in found}, workspace=workspace_of(actor))
    return [waiting(approval, who=who[approval.requested_by], actor=actor, moment=moment) for approval in found]


def waiting(approval: Approval, *, who: str, actor: Actor, moment: dt.datetime) -> Waiting:
    return Waiting(
        approval=approval,
        short=wording.short(approval.run_id),
        badge=badges.of_approval(approval.state),
        stakes=badges.of_stakes(approval.run.stakes),
        reasons=wording.reasons(map(str, approval.reasons)),
        who=who,
        left=wording.left(approval.expires_at, moment),
        urgent=(approval.expires_at - moment).total_seconds() < URGENT,
        own=person_behind(approval.requested_by) == str(actor),
        agreed=sum(vote.approve for vote in approval.votes.all()),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """One inquiry in the queue."""

    inquiry: Inquiry
    short: str
    tool: str
    fault: str
    who: str
    age: str
    own: bool


def asked(actor: Actor) -> list[Asked]:
    """Return the inquiries that wait for an answer, longest waiting first. They show their age, as none expires."""
    rows = inquiring.inquiries_in(workspace_of(actor)).filter(state=InquiryState.OPEN.value)
    found = list(rows.select_related("action__tool__server").order_by("created_at", "id")[:INQUIRIES])
    who = people.names({inquiry.requested_by for inquiry in found}, workspace=workspace_of(actor))
    return [
        Asked(
            inquiry=inquiry,
            short=wording.short(inquiry.run_id),
            tool=str(inquiry.action.tool),
            fault=wording.sentence(wording.of_fault(inquiry.fault)),
            who=who[inquiry.requested_by],
            age=wording.ago(inquiry.created_at, now()),
            own=person_behind(inquiry.requested_by) == str(actor),
        )
        for inquiry in found
    ]


@dataclass(frozen=True, slots=True)
class Doubted:
    """One appeal in the queue. No text of the claim or of whoever appealed."""

    appeal: Appeal
    number: int
    short: str
    verdict: Badge
    wanted: Badge
    who: str
    left: str
    own: bool


def doubted(actor: Actor) -> list[Doubted]:
    """Return the appeals that wait for a decision, longest waiting first."""
    rows = appealing.appeals_in(workspace_of(actor)).filter(state=AppealState.PENDING.value)
    found = list(rows.select_related("claim").defer("reason_sealed", "word_sealed").order_by("created_at")[:APPEALS])
    who = people.names({appeal.requested_by for appeal in found}, workspace=workspace_of(actor))
    return [
        Doubted(
            appeal=appeal,
            number=appeal.claim.ordinal + 1,
            short=wording.short(appeal.run_id),
            verdict=badges.of_verdict(appeal.claim.verdict),
            wanted=badges.of_verdict(appeal.wanted),
            who=who[appeal.requested_by],
            left=wording.left(appeal.expires_at, now()),
            own=person_behind(appeal.requested_by) == str(actor),
        )
        for appeal in found
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@page
def decision(request: HttpRequest, actor: Actor, approval_id: UUID) -> HttpResponse:
    """Show exactly what would be done, and take one person's word on it."""
    require(actor, Scope.APPROVALS_READ)
    if request.method == "POST":
        return decide(request, actor, approval_id)
    return show(request, actor, approval_id)


def decide(request: HttpRequest, actor: Actor, approval_id: UUID) -> HttpResponse:
    """Record the word of the form. What was typed is shown again when it cannot be taken."""
    reason, seen = request.POST.get("reason", ""), request.POST.get("seen", "")
    word = request.POST.get("word", "")
    if word not in {"approve", "reject"}:
        return show(request, actor, approval_id, reason=reason, error="Choose Approve or Reject.")
    verb = verbs.approve if word == "approve" else verbs.reject
    try:
        approval = verb(approval_id, actor=actor, reason=reason, seen=seen)
    except Conflict as conflict:
        known = {"typed": reason, "approval_id": approval_id, "title": "This decision has changed"}
        return problem_page(request, conflict, **known)
    except Invalid as invalid:
        return show(request, actor, approval_id, reason=reason, error=str(invalid))
    messages.success(request, said(approval))
    return redirect("console:run", run_id=approval.run_id)


def said(approval: Approval) -> str:
    match approval.state:
        case ApprovalState.APPROVED:
            return "Approved. The run goes on with exactly what you saw."
        case ApprovalState.REJECTED:
            return "Rejected. The run ends refused: nothing is published and nothing is done."
        case _:
            agreed = approval.votes.filter(approve=True).count()
            return f"Your approval is recorded: {agreed} of {approval.quorum}. Another person has to agree."


def show(request: HttpRequest, actor: Actor, approval_id: UUID, *, reason: str = "", error: str = "") -> HttpResponse:
    """Show the decision: what would be done, why a person is asked, and the form for whoever may decide."""
    approval = verbs.found_approval(approval_id, actor=actor)
    try:
        read = records.read_run(approval.run_id, actor=actor, via="console")
    except (KeyUnavailable, SealError) as trouble:
        return problem_page(request, Conflict(f"what this decision is about cannot be read: {trouble}"))
    moment = now()
    shown = detail(approval.run, read, actor, verdict=request.GET.get("verdict", ""), first=request.GET.get("from", ""))
    context: dict[str, Any] = {
        **live(approval.run, actor),
        **shown,
        # This page has no published answer that a claim could lead to.
        **in_draft(shown["claims"], shown["draft"]),
        "this": next(item for item in shown["approvals"] if item.approval.pk == approval.pk),
        "obstacle": obstacle(approval, read, actor, moment=moment),
        "left": wording.left(approval.expires_at, moment),
        "needed": wording.people(approval.quorum),
        "undoes": approval.kind == ApprovalKind.COMPENSATION,
        "changed": tuple(wording.sentence(wording.of_change(str(code))) for code in approval.changed),
        "published": tuple(plain(claim.text) for claim in read.claims if claim.verdict == Verdict.SUPPORTED),
        "typed": reason,
        "error": error,
        "reason_min": verbs.REASON_MIN,
        "reason_limit": verbs.REASON_LIMIT,
    }
    return render(request, "console/decision.html", context, status=400 if error else 200)


def obstacle(approval: Approval, read: ReadRun, actor: Actor, *, moment: dt.datetime) -> str:
    """Return why this actor cannot decide, or ''. The verbs check all of it again."""
    if approval.state != ApprovalState.PENDING:
        return DECIDED[ApprovalState(approval.state)]
    if approval.expires_at <= moment:
        return "The time to decide has ended. The run will end refused; nothing is published and nothing is done."
    if not actor.may(Scope.APPROVALS_DECIDE):
        return "You may read this. Deciding needs the role of an approver in this workspace."
    if person_behind(approval.requested_by) == str(actor):
        return "You requested this run, so somebody else has to decide it."
    if str(actor) in verbs.asked_by(approval.run):
        return "You requested a run that this one stems from, so somebody else has to decide it."
    if any(word.approval == approval.pk and person_behind(word.actor) == str(actor) for word in read.words):
        return "You have approved this. Another person has to agree before anything happens."
    undoes = approval.kind == ApprovalKind.COMPENSATION
    if (undoing_of(read) if undoes else binding_of(read)) != approval.binding:
        return (
            "What is stored is not what this decision is bound to, so nobody can decide it from this page. "
            "Ask an operator to run manage.py verify_ledger, and cancel the run."
        )
    return ""
