"""The list of batches, and one batch: how far it is, what was not taken and why, and its runs in their order."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_safe

from audit.access import require
from audit.actors import Actor
from audit.console import number_in, page, workspace_of
from audit.errors import Invalid
from audit.roles import Scope
from orchestration import batches as verbs
from orchestration.console import badges, paging, people, wording
from orchestration.console.badges import Badge, Tone
from orchestration.models import Batch, Run
from orchestration.states import TERMINAL, RunState

BAR = 600
RUNS_SHOWN = 50
# What was sent is not kept with a refusal, since it may be a text: the field tells what to look at.
REFUSALS = {
    "body": "It was no request: its form or one of its fields is unknown.",
    "kind": "Its kind is neither QUESTION nor VERIFY.",
    "idempotency_key": "Its key belongs to another run already, or is no key.",
    "question": "Its question is missing, too long, or holds characters that are not taken.",
    "answer": "Its answer is missing, too long, or holds characters that are not taken.",
    "passages": "One of its passages is incomplete or too long, or there are too many.",
    "actions": "One of its actions is incomplete or too large, or there are too many.",
    "stakes": "Its stakes are none of LOW, MEDIUM and HIGH.",
    "facts": "Its facts are no JSON object, or too large.",
    "subject": "Its subject is no text, or too long.",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the bar: how many runs are so far, and where it is drawn (of BAR)."""

    badge: Badge
    count: int
    x: int
    width: int
    state: str = ""


@dataclass(frozen=True, slots=True)
class BatchRow:
    batch: Batch
    short: str
    parts: tuple[Part, ...]
    done: int
    badge: Badge
    who: str
    age: str


def parts_of(states: Mapping[str, int], batch: Batch) -> tuple[Part, ...]:
    """Return the stretches of the bar, ended ones first; what was not taken is one of them."""
    counts = [(state.value, states.get(state.value, 0)) for state in ORDER]
    told = [(badges.of_state(state), count, state) for state, count in counts if count]
    if batch.rejected:
        told.append((badges.NOT_TAKEN, len(batch.rejected), ""))
    ends = [round(BAR * end / max(batch.size, 1)) for end in accumulate((count for _, count, _ in told), initial=0)]
    return tuple(
        Part(badge, count, begins, ends[n + 1] - begins, state)
        for n, ((badge, count, state), begins) in enumerate(zip(told, ends, strict=False))
    )


ORDER = (
    *(RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED),
    *(RunState.LOGGING, RunState.EXECUTION, RunState.DECISION, RunState.GATING, RunState.PROCESSING),
    RunState.INITIALIZED,
)


def badge_of(states: Mapping[str, int], batch: Batch) -> Badge:
    """Return how the batch stands as a whole; what went wrong is said before what went well."""
    if batch.cancelled_at is not None:
        return badges.of_state(RunState.CANCELLED)
    if any(states.get(state.value) for state in RunState if state not in TERMINAL):
        return badges.UNDER_WAY
    if states.get(RunState.FAILED) or batch.rejected:
        return badges.WITH_FAILURES
    return badges.of_state(RunState.COMPLETED)


def done_of(states: Mapping[str, int], batch: Batch) -> int:
    """Return how many hundredths of the batch's requests need nothing more; 100 only when all do not."""
    ended = sum(states.get(state.value, 0) for state in TERMINAL) + len(batch.rejected)
    return 100 * ended // max(batch.size, 1)


def states_of(found: Sequence[Batch]) -> dict[UUID, dict[str, int]]:
    """Return each batch's runs by state, for all of them in one query."""
    states: dict[UUID, dict[str, int]] = {batch.pk: {} for batch in found}
    rows = Run.objects.filter(batch__in=[batch.pk for batch in found]).order_by()
    for pk, state, count in rows.values_list("batch_id", "state").annotate(n=Count("pk")):
        states[pk][state] = count
    return states


def row_of(batch: Batch, states: Mapping[str, int], *, who: str, moment: dt.datetime) -> BatchRow:
    return BatchRow(
        batch=batch,
        short=wording.short(batch.pk),
        parts=parts_of(states, batch),
        done=done_of(states, batch),
        badge=badge_of(states, batch),
        who=who,
        age=wording.ago(batch.created_at, moment),
    )


@require_safe
@page
def batches(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the workspace's batches, newest first."""
    require(actor, Scope.RUNS_READ)
    rows = Batch.objects.filter(workspace_id=workspace_of(actor))
    found = paging.page(rows, after=paging.place_in(request.GET.get("after", "")), column="created_at", filters={})
    who = people.names({batch.requested_by for batch in found.rows}, workspace=workspace_of(actor))
    states, moment = states_of(found.rows), now()
    context = {
        "rows": [row_of(b, states[b.pk], who=who[b.requested_by], moment=moment) for b in found.rows],
        "older": urlencode({"after": found.next}) if found.next else "",
        "first": not request.GET.get("after"),
        "may_submit": actor.may(Scope.RUNS_WRITE),
        "size_limit": verbs.SIZE_LIMIT,
    }
    return render(request, "console/batches.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def batch(request: HttpRequest, actor: Actor, batch_id: UUID) -> HttpResponse:
    """Show one batch; while it moves, the page asks for its head until it has ended. A POST cancels it."""
    require(actor, Scope.RUNS_READ)
    if request.method == "POST":
        stopped = verbs.cancel(batch_id, actor=actor)
        messages.success(request, f"Cancelled: {wording.counted(stopped, 'run')} stopped.")
        return redirect("console:batch", batch_id=batch_id)
    found = verbs.found(batch_id, actor=actor)
    head = head_of(found, actor)
    if request.GET.get("part") == "live":
        return live_part(request, found, head)
    return render(request, "console/batch.html", {**head, **runs_of(request, found)})


def head_of(found: Batch, actor: Actor) -> dict[str, Any]:
    standing = verbs.progress(found)
    who = people.names({found.requested_by}, workspace=workspace_of(actor))
    under_way = sum(count for state, count in standing.states.items() if state not in TERMINAL)
    return {
        "row": row_of(found, standing.states, who=who[found.requested_by], moment=now()),
        "batch": found,
        "mark": f"{standing.version}{'c' if found.cancelled_at else ''}",
        "moving": not standing.ended,
        "accepted": standing.accepted,
        "decisions": [(badges.of_decision(name), count) for name, count in sorted(standing.decisions.items())],
        "under_way": under_way,
        "may_cancel": bool(under_way) and actor.may(Scope.RUNS_WRITE),
        "bar": BAR,
    }


def live_part(request: HttpRequest, found: Batch, head: Mapping[str, Any]) -> HttpResponse:
    """Answer a poll: nothing while no run has moved, the head when one has, the whole page when all have ended."""
    if not head["moving"]:
        response = HttpResponse(status=200)
        response["HX-Redirect"] = reverse("console:batch", args=[found.pk])
        return response
    if request.GET.get("mark") == head["mark"]:
        return HttpResponse(status=204)
    return render(request, "console/batch_live.html", head)


def runs_of(request: HttpRequest, found: Batch) -> dict[str, Any]:
    """Return the page's runs, from the place and with the state that the address names, and what was not taken."""
    state, begins = request.GET.get("state", ""), number_in(request, "from") or 0
    if state and state not in set(RunState):
        raise Invalid(f"state is {state[:40]!r}; use one of {', '.join(RunState)}")
    if begins > verbs.SIZE_LIMIT:
        raise Invalid(f"from is {begins}; a batch has places 0 to {verbs.SIZE_LIMIT - 1}")
    rows = found.runs.filter(place__gte=begins).order_by("place").defer("request_sealed", "answer_sealed")
    shown = list((rows.filter(state=state) if state else rows)[: RUNS_SHOWN + 1])
    more = shown[RUNS_SHOWN].place if len(shown) > RUNS_SHOWN else None
    return {
        "runs": [run_row(run) for run in shown[:RUNS_SHOWN]],
        "state": state,
        "state_badge": badges.of_state(state) if state else None,
        "begins": begins,
        "more": urlencode({"state": state, "from": more}) if more is not None else "",
        "rejected": [{"index": item["index"], "field": item["field"], "why": why(item)} for item in found.rejected],
    }


def why(item: Mapping[str, Any]) -> str:
    return REFUSALS.get(str(item["field"]), "It could not be taken.")


def run_row(run: Run) -> dict[str, Any]:
    failed = badges.of_state(run.state).tone is Tone.BAD
    return {
        "run": run,
        "short": wording.short(run.pk),
        "state": badges.of_state(run.state),
        "decision": badges.of_decision(run.decision),
        "reason": wording.of_run(run.reason, run.state) if failed and run.reason else "",
    }
