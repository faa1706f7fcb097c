"""The page on which a person says whether an effect happened, with all that is known of the call."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from audit.access import person_behind, require
from audit.actors import Actor
from audit.console import page, problem_page, workspace_of
from audit.errors import Conflict, Invalid
from audit.keys import KeyUnavailable
from audit.roles import Scope
from audit.vault import SealError
from orchestration import inquiring, records, runs
from orchestration.console import badges, people, wording
from orchestration.console.bound import shown_actions
from orchestration.console.highlight import plain
from orchestration.models import Inquiry
from orchestration.states import TERMINAL, InquiryState


@require_http_methods(["GET", "HEAD", "POST"])
@page
def inquiry(request: HttpRequest, actor: Actor, inquiry_id: UUID) -> HttpResponse:
    """Show what is known of a call whose outcome is not, and take one person's answer."""
    require(actor, Scope.APPROVALS_READ)
    if request.method == "POST":
        return answer(request, actor, inquiry_id)
    return show(request, actor, inquiry_id)


def answer(request: HttpRequest, actor: Actor, inquiry_id: UUID) -> HttpResponse:
    """Record the answer of the form. What was typed is shown again when it cannot be taken."""
    sent = {name: request.POST.get(name, "") for name in ("reason", "seen", "result", "word")}
    try:
        word = inquiring.said(sent["word"])
        result = sent["result"] if word is InquiryState.HAPPENED else ""
        answered = inquiring.answer(
            inquiry_id, word=word, reason=sent["reason"], seen=sent["seen"], result=result, actor=actor
        )
    except Conflict as conflict:
        return problem_page(request, conflict, typed=sent["reason"], title="This question has changed")
    except Invalid as invalid:
        return show(request, actor, inquiry_id, sent=sent, error=str(invalid))
    messages.success(request, said(answered))
    return redirect("console:run", run_id=answered.run_id)


def said(answered: Inquiry) -> str:
    match InquiryState(answered.state):
        case InquiryState.HAPPENED:
            return "Recorded: it happened. It is not called again."
        case InquiryState.TRY_AGAIN:
            return "Recorded: it did not happen. It is called once more, under the same key."
        case InquiryState.GIVEN_UP | InquiryState.OPEN:
            return "Recorded: it did not happen, and it is given up. The run fails and publishes nothing."


def show(
    request: HttpRequest, actor: Actor, inquiry_id: UUID, *, sent: dict[str, str] | None = None, error: str = ""
) -> HttpResponse:
    found = inquiring.found_inquiry(inquiry_id, actor=actor)
    try:
        read = records.read_run(found.run_id, actor=actor, via="console")
    except (KeyUnavailable, SealError) as trouble:
        return problem_page(request, Conflict(f"what this question is about cannot be read: {trouble}"))
    own = next(item for item in read.inquiries if item.row.pk == found.pk)
    place = next(n for n, action in enumerate(read.actions) if action.id == found.action_id)
    who = people.names({found.requested_by, found.decided_by} - {""}, workspace=workspace_of(actor))
    context: dict[str, Any] = {
        "inquiry": found,
        "run": found.run,
        "badge": badges.INQUIRIES[InquiryState(found.state)],
        "actions": (shown_actions(read)[place],),
        "tool": str(found.action.tool),
        "fault": wording.sentence(wording.of_fault(found.fault)),
        "took": wording.length(found.elapsed_us / 1e6) if found.elapsed_us is not None else "",
        "age": wording.ago(found.created_at, now()),
        "said": plain(own.said) if own.said else (),
        "reason": plain(own.reason) if own.reason else (),
        "idempotent": found.action.tool.annotations.get("idempotentHint") is True,
        "who": who[found.requested_by],
        "decided_by": who.get(found.decided_by, ""),
        "obstacle": obstacle(found, actor),
        "may_try_again": found.run.state not in TERMINAL,
        "sent": sent or {},
        "error": error,
        "reason_min": runs.REASON_MIN,
        "reason_limit": runs.REASON_LIMIT,
        "result_limit": inquiring.RESULT_LIMIT,
    }
    return render(request, "console/inquiry.html", context, status=400 if error else 200)


def obstacle(found: Inquiry, actor: Actor) -> str:
    """Return why this actor cannot answer, or ''. The verb checks all of it again."""
    if found.state != InquiryState.OPEN:
        return "This was answered."
    if not actor.may(Scope.APPROVALS_DECIDE):
        return "You may read this. Answering needs the role of an approver in this workspace."
    if person_behind(found.requested_by) == str(actor):
        return "You requested this run, so somebody else has to answer."
    return ""
