"""The form that appeals a verdict, and the page on which somebody else decides about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from audit import keys
from audit.access import person_behind, require
from audit.actors import Actor
from audit.console import page, problem_page, workspace_of
from audit.errors import Conflict, Invalid
from audit.keys import KeyUnavailable
from audit.roles import Scope
from audit.vault import SealError
from evidence.records import ReadClaim
from orchestration import appealing, records, runs
from orchestration.appeal_models import WANTED
from orchestration.console import badges, claims, people, wording
from orchestration.console.highlight import clipped, plain, visible
from orchestration.models import Appeal, Run
from orchestration.records import ReadRun
from orchestration.states import AppealState, RunState

PASSAGES = 100
BEGINNING = 70
CLOSED = {
    AppealState.PENDING: "",
    AppealState.GRANTED: "This was granted: the verdict was wrong. The published answer stays as it is.",
    AppealState.REJECTED: "This was rejected: the verdict of the gate is right.",
    AppealState.EXPIRED: "Nobody decided in time. The verdict of the gate stands.",
    AppealState.WITHDRAWN: "This was withdrawn. The verdict of the gate stands.",
}


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    word: str


# Making one


@require_http_methods(["GET", "HEAD", "POST"])
@page
def appeal_claim(request: HttpRequest, actor: Actor, run_id: UUID, claim_id: UUID) -> HttpResponse:
    """Show a claim beside its evidence, and take an appeal on its verdict."""
    require(actor, Scope.RUNS_WRITE)
    run = runs.found(run_id, actor=actor)
    appealing.found_claim(claim_id, run=run)
    if request.method == "POST":
        return make(request, actor, run, claim_id)
    return show_form(request, actor, run, claim_id)


def make(request: HttpRequest, actor: Actor, run: Run, claim_id: UUID) -> HttpResponse:
    """Make the appeal of the form. What was typed is shown again when it cannot be taken."""
    sent = {name: request.POST.get(name, "") for name in ("wanted", "reason", "passage")}
    try:
        wanted, passage = appealing.wanted_verdict(sent["wanted"]), passage_in(sent["passage"])
        made = appealing.appeal(
            run.pk, claim_id, wanted=wanted, reason=sent["reason"], passage=passage, actor=actor
        ).appeal
    except Conflict as conflict:
        return problem_page(request, conflict, typed=sent["reason"], title="This verdict cannot be appealed now")
    except Invalid as invalid:
        return show_form(request, actor, run, claim_id, sent=sent, error=str(invalid))
    except (KeyUnavailable, SealError) as trouble:
        return unreadable(request, trouble)
    messages.success(request, "Your appeal is recorded. Somebody else decides about it.")
    return redirect("console:appeal", appeal_id=made.pk)


def passage_in(text: str) -> UUID | None:
    """Return the passage that the form names; an empty text names none.

    Raises:
        Invalid: it is no id.
    """
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Invalid(f"passage is {text[:40]!r}; choose one of the list") from error


def unreadable(request: HttpRequest, trouble: Exception) -> HttpResponse:
    return problem_page(request, Conflict(f"what this appeal is about cannot be read: {trouble}"))


def show_form(
    request: HttpRequest, actor: Actor, run: Run, claim_id: UUID, *, sent: dict[str, str] | None = None, error: str = ""
) -> HttpResponse:
    try:
        read = records.read_run(run.pk, actor=actor, via="console")
    except (KeyUnavailable, SealError) as trouble:
        return unreadable(request, trouble)
    claim = claim_in(read, claim_id)
    context: dict[str, Any] = {
        "run": run,
        "claim": beside(claim, read, actor),
        "choices": tuple(Choice(v.value, badges.of_verdict(v).word) for v in WANTED if v != claim.verdict),
        "passages": passages_of(claim, read.claims),
        "obstacle": hindrance(claim, read),
        "days": settings.PROMETHEUS_APPEAL_DAYS,
        "sent": sent or {},
        "error": error,
        "reason_min": runs.REASON_MIN,
        "reason_limit": runs.REASON_LIMIT,
    }
    return render(request, "console/appeal_claim.html", context, status=400 if error else 200)


def claim_in(read: ReadRun, claim_id: UUID) -> ReadClaim:
    """Return a claim of what was read; its run is looked at last, so a claim that is gone was judged anew.

    Raises:
        Conflict: it is not there.
    """
    for claim in read.claims:
        if claim.id == claim_id:
            return claim
    raise Conflict(f"claim {claim_id} is not in the last draft of its run any more; look at the run")


def beside(claim: ReadClaim, read: ReadRun, actor: Actor, *, but: UUID | None = None) -> claims.ShownClaim:
    """Return a claim as a page of its own shows it, with every appeal on it but one."""
    known = [item for item in read.appeals if item.row.pk != but]
    who = people.names(
        {name for item in known for name in (item.row.requested_by, item.row.decided_by)} - {""},
        workspace=workspace_of(actor),
    )
    return claims.with_appeals(claim, known, who, run=read.run)


def passages_of(claim: ReadClaim, others: Sequence[ReadClaim]) -> tuple[Choice, ...]:
    """Return the passages that the run's claims were compared with, those of this claim first."""
    found: dict[UUID, Choice] = {}
    for item in (evidence for known in (claim, *others) for evidence in known.evidence):
        words = f"{clipped(item.title, BEGINNING)}: {clipped(' '.join(item.text.split()), BEGINNING)}"
        found.setdefault(item.passage, Choice(str(item.passage), visible(words)))
    return tuple(found.values())[:PASSAGES]


def hindrance(claim: ReadClaim, read: ReadRun) -> str:
    """Return why nobody can appeal now, or ''. The verb checks all of it again."""
    if read.run.state != RunState.COMPLETED:
        return "A verdict can be appealed once its run is completed."
    if any(item.row.claim_id == claim.id and item.row.state == AppealState.PENDING for item in read.appeals):
        return "An appeal on this verdict waits for a decision; one is enough."
    return ""


# Deciding about one


@require_http_methods(["GET", "HEAD", "POST"])
@page
def appeal(request: HttpRequest, actor: Actor, appeal_id: UUID) -> HttpResponse:
    """Show a claim beside its evidence and what an appeal says of it, and take one person's decision."""
    require(actor, Scope.RUNS_READ)
    if request.method == "POST":
        return decide(request, actor, appeal_id)
    return show(request, actor, appeal_id)


def decide(request: HttpRequest, actor: Actor, appeal_id: UUID) -> HttpResponse:
    """Record the word of the form. What was typed is shown again when it cannot be taken."""
    reason, seen = request.POST.get("reason", ""), request.POST.get("seen", "")
    word = request.POST.get("word", "")
    try:
        if word == AppealState.WITHDRAWN:
            closed = appealing.withdraw(appeal_id, actor=actor)
        else:
            closed = appealing.decide(appeal_id, word=appealing.said(word), reason=reason, seen=seen, actor=actor)
    except Conflict as conflict:
        return problem_page(request, conflict, typed=reason, title="This appeal has changed")
    except Invalid as invalid:
        return show(request, actor, appeal_id, typed=reason, error=str(invalid))
    except (KeyUnavailable, SealError) as trouble:
        return unreadable(request, trouble)
    messages.success(request, f"Recorded. {CLOSED[AppealState(closed.state)]}")
    return redirect(reverse("console:run", args=[closed.run_id]) + f"#claim-{closed.claim.ordinal + 1}")


def show(request: HttpRequest, actor: Actor, appeal_id: UUID, *, typed: str = "", error: str = "") -> HttpResponse:
    found = appealing.found_appeal(appeal_id, actor=actor)
    try:
        read = records.read_run(found.run_id, actor=actor, via="console")
        whole = appealing.as_shown(found, key=keys.load(found.run.key_id))
    except (KeyUnavailable, SealError) as trouble:
        return unreadable(request, trouble)
    own = next(item for item in read.appeals if item.row.pk == found.pk)
    who = people.names({found.requested_by, found.decided_by} - {""}, workspace=workspace_of(actor))
    hinders = obstacle(found, actor, whole=whole)
    context: dict[str, Any] = {
        "run": found.run,
        "claim": beside(claim_in(read, found.claim_id), read, actor, but=found.pk),
        "appeal": claims.shown_appeal(own, who),
        "passage": plain(clipped(own.passage, claims.WHOLE_LIMIT)) if own.passage else (),
        "passage_title": visible(own.title),
        "left": wording.left(found.expires_at, now()),
        "obstacle": hinders,
        "may_withdraw": found.state == AppealState.PENDING and is_own(found, actor) and actor.may(Scope.RUNS_WRITE),
        "may_see_approvals": actor.may(Scope.APPROVALS_READ),
        "typed": typed,
        "error": error,
        "reason_min": runs.REASON_MIN,
        "reason_limit": runs.REASON_LIMIT,
    }
    return render(request, "console/appeal.html", context, status=400 if error else 200)


def is_own(found: Appeal, actor: Actor) -> bool:
    return person_behind(found.requested_by) == str(actor)


def obstacle(found: Appeal, actor: Actor, *, whole: bool) -> str:
    """Return why this actor cannot decide, or ''. The verb checks all of it again."""
    if found.state != AppealState.PENDING:
        return CLOSED[AppealState(found.state)]
    if is_own(found, actor):
        return "You made this appeal, so somebody else has to decide it."
    if not actor.may(Scope.APPEALS_DECIDE):
        return "You may read this. Deciding needs the role of a reviewer or an approver in this workspace."
    if found.expires_at <= now():
        return "The time to decide has ended. The verdict of the gate stands."
    if not whole:
        return (
            "What is stored is not what this appeal is bound to, so nobody can decide it. "
            "Ask an operator to run manage.py verify_ledger."
        )
    return ""
