"""The list of runs, and one run with everything that led to its answer."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from audit.access import require
from audit.actors import Actor
from audit.console import page, workspace_of
from audit.errors import Invalid
from audit.keys import KeyUnavailable
from audit.roles import Scope
from audit.stakes import Stakes
from audit.vault import SealError
from orchestration import records
from orchestration import runs as verbs
from orchestration.console import badges, overrides, paging, people, wording
from orchestration.console.badges import Badge
from orchestration.console.detail import KINDS, detail, live
from orchestration.models import Run
from orchestration.states import TERMINAL, Decision, Kind, RunState

VALUES: Mapping[str, tuple[str, ...]] = {
    "state": tuple(RunState),
    "decision": tuple(Decision),
    "stakes": tuple(Stakes),
    "kind": tuple(Kind),
}
SEARCH_DIGITS = 8
HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter as a link."""

    word: str
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Filter:
    name: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in the list. Texts are not shown here: reading one leaves an access entry, a list would leave fifty."""

    run: Run
    short: str
    state: Badge
    decision: Badge
    stakes: Badge
    kind: str
    who: str
    age: str
    took: str
    good: int
    why: str
    links: Mapping[str, str]


def chosen_in(request: HttpRequest) -> dict[str, str]:
    """Return the filters in the address.

    Raises:
        Invalid: a filter has a value that does not exist.
    """
    chosen = {name: request.GET.get(name, "") for name in (*VALUES, "actor")}
    for name, known in VALUES.items():
        if chosen[name] and chosen[name] not in known:
            raise Invalid(f"{name} is {chosen[name][:40]!r}; use one of {', '.join(known)}")
    if len(chosen["actor"]) > 80:
        raise Invalid(f"actor has {len(chosen['actor'])} characters; at most 80 are taken")
    return {name: value for name, value in chosen.items() if value}


def query_with(chosen: Mapping[str, str], **changes: str) -> str:
    """Return the query of an address with some filters changed; an empty value takes a filter off."""
    return "?" + urlencode({name: value for name, value in {**chosen, **changes}.items() if value})


def filters_of(chosen: Mapping[str, str]) -> tuple[Filter, ...]:
    return tuple(
        Filter(
            name.capitalize(),
            (
                Choice("Any", query_with(chosen, **{name: ""}), name not in chosen),
                *(Choice(word(name, v), query_with(chosen, **{name: v}), chosen.get(name) == v) for v in values),
            ),
        )
        for name, values in VALUES.items()
    )


def word(name: str, value: str) -> str:
    match name:
        case "state":
            return badges.of_state(value).word
        case "decision":
            return badges.of_decision(value).word
        case "stakes":
            return value.capitalize()
        case _:
            return KINDS[Kind(value)]


def with_id(rows: QuerySet[Run], text: str) -> QuerySet[Run]:
    """Return the runs whose id begins with the text.

    Raises:
        Invalid: it is no beginning of an id, or one that too many runs share.
    """
    digits = text.lower().replace("-", "")
    if not set(digits) <= HEX or len(digits) > 32:
        raise Invalid(f"{text[:60]!r} is no id of a run; ids are 32 hexadecimal digits, hyphens may be left out")
    if len(digits) < SEARCH_DIGITS:
        raise Invalid(f"{text[:60]!r} has {len(digits)} digits; give the first {SEARCH_DIGITS} of an id or more")
    return rows.filter(pk__gte=UUID(digits.ljust(32, "0")), pk__lte=UUID(digits.ljust(32, "f")))


@require_safe
@page
def runs(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the workspace's runs, newest first, with the filters that the address names."""
    require(actor, Scope.RUNS_READ)
    chosen, text = chosen_in(request), request.GET.get("id", "").strip()
    rows = Run.objects.filter(workspace_id=workspace_of(actor)).defer("request_sealed", "answer_sealed")
    if text:
        rows = with_id(rows, text)
    if "state" in chosen:
        rows = rows.filter(state=chosen["state"])
    columns = {("requested_by" if name == "actor" else name): v for name, v in chosen.items() if name != "state"}
    found = paging.page(rows, after=paging.place_in(request.GET.get("after", "")), column="created_at", filters=columns)
    if text and len(found.rows) == 1:
        return redirect("console:run", run_id=found.rows[0].pk)
    context = {
        "rows": rows_of(found.rows, chosen, workspace=workspace_of(actor)),
        "filters": filters_of(chosen),
        "chosen": chosen,
        "chosen_actor": people.names([chosen["actor"]], workspace=workspace_of(actor))[chosen["actor"]]
        if "actor" in chosen
        else "",
        "without_actor": query_with(chosen, actor=""),
        "search": text,
        "older": query_with(chosen, after=found.next, id=text) if found.next else "",
        "looked_back_to": found.looked_back_to,
        "window": paging.WINDOW,
        "newest": query_with(chosen, id=text) if request.GET.get("after") else "",
        "may_submit": actor.may(Scope.RUNS_WRITE),
    }
    return render(request, "console/runs.html", context)


def rows_of(found: Sequence[Run], chosen: Mapping[str, str], *, workspace: UUID) -> list[RunRow]:
    moment = now()
    who = people.names({run.requested_by for run in found}, workspace=workspace)
    return [row_of(run, chosen, who=who[run.requested_by], moment=moment) for run in found]


def row_of(run: Run, chosen: Mapping[str, str], *, who: str, moment: dt.datetime) -> RunRow:
    judged = run.supported + run.withheld
    return RunRow(
        run=run,
        short=wording.short(run.pk),
        state=badges.of_state(run.state),
        decision=badges.of_decision(run.decision),
        stakes=badges.of_stakes(run.stakes),
        kind=KINDS[Kind(run.kind)],
        who=who,
        age=wording.ago(run.created_at, moment),
        took=wording.length((run.finished_at - run.created_at).total_seconds()) if run.finished_at else "",
        good=round(60 * run.supported / judged) if judged else 0,
        why=why(run),
        links={
            "state": query_with(chosen, state=run.state),
            "decision": query_with(chosen, decision=run.decision),
            "stakes": query_with(chosen, stakes=run.stakes),
            "kind": query_with(chosen, kind=run.kind),
            "actor": query_with(chosen, actor=run.requested_by),
        },
    )


def why(run: Run) -> str:
    """Return the first reason of what did not simply go well: the names of its guardians and rules, never a text."""
    first = run.reason.partition("; ")[0]
    told = run.state == RunState.FAILED or run.decision in {Decision.ESCALATE, Decision.REFUSE}
    return wording.sentence(wording.of_run(first, run.state)) if told and not first.startswith("call:") else ""


@require_safe
@page
def run(request: HttpRequest, actor: Actor, run_id: UUID) -> HttpResponse:
    """Show one run; while it moves, the page asks for its live part until it has ended."""
    require(actor, Scope.RUNS_READ)
    found = verbs.found(run_id, actor=actor)
    if request.GET.get("part") == "live":
        return live_part(request, found, actor)
    read, trouble = read_or_trouble(found, actor)
    context: dict[str, Any] = {
        **live(found, actor),
        **detail(found, read, actor, verdict=request.GET.get("verdict", ""), first=request.GET.get("from", "")),
        "may_override": overrides.may_ask(found, actor),
        **trouble,
    }
    return render(request, "console/run.html", context)


def live_part(request: HttpRequest, found: Run, actor: Actor) -> HttpResponse:
    """Answer a poll: nothing while the run has not moved, its head when it has, the whole page when it has ended."""
    if request.GET.get("version") == str(found.version):
        return HttpResponse(status=204)
    if found.state in TERMINAL or verbs.waits(found):
        response = HttpResponse(status=200)
        response["HX-Redirect"] = reverse("console:run", args=[found.pk])
        return response
    return render(request, "console/run_live.html", live(found, actor))


def read_or_trouble(found: Run, actor: Actor) -> tuple[records.ReadRun | None, dict[str, Any]]:
    """Return the run's texts, or why they cannot be shown."""
    try:
        return records.read_run(found.pk, actor=actor, via="console"), {}
    except KeyUnavailable as gone:
        return None, {"erased": str(gone)}
    except SealError as error:
        return None, {"refused": str(error)}
