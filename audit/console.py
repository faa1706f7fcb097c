"""The frame of every console page: who looks, and what a refusal looks like. And the page of the ledger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit import ledger, merkle, seal, sealer
from audit.access import actor_of_user, require
from audit.actors import Actor
from audit.errors import Invalid, NotAllowed, NotFound, Problem, Unavailable
from audit.events import EventType
from audit.ledger import ReadEntry
from audit.models import Entry, SignedCheckpoint
from audit.roles import Scope

P = ParamSpec("P")

ENTRIES = 50
WINDOW = 2_000
CHECK_LIMIT = 500
FAULTS_SHOWN = 20
VALUE_LIMIT = 300
BRIEF = 90


def actor_in_console(request: HttpRequest) -> Actor | None:
    """Return who looks, in the workspace that they chose last; a link with ``?workspace=`` chooses."""
    wanted = request.GET.get("workspace", "")
    chosen = actor_of_user(request.user, workspace=wanted) if wanted else None
    if chosen is not None:
        request.session["workspace"] = wanted
        return chosen
    known = request.session.get("workspace", "")
    return (actor_of_user(request.user, workspace=known) if known else None) or actor_of_user(request.user)


def workspace_of(actor: Actor) -> UUID:
    """Return the actor's workspace; whoever looks at a page has one."""
    if actor.workspace is None:
        raise NotAllowed(f"{actor} belongs to no workspace; ask an operator for a membership")
    return actor.workspace


def page(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Wrap a view: log-in first, then the actor; what it refuses becomes a page with the status of the refusal."""

    @never_cache
    @login_required
    @wraps(view)
    def framed(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            actor = actor_in_console(request)
            if actor is None:
                return render(request, "console/no_workspace.html", status=403)
            return view(request, actor, *args, **kwargs)
        except Problem as problem:
            return problem_page(request, problem)
        except (OperationalError, InterfaceError):
            return away_page(request)

    return framed


def problem_page(request: HttpRequest, problem: Problem, **context: Any) -> HttpResponse:  # noqa: ANN401
    """Show what was refused and why, with its status."""
    known = {"title": problem.title, "detail": str(problem), "status": problem.status, **context}
    return render(request, "console/problem.html", known, status=problem.status)


def away_page(request: HttpRequest) -> HttpResponse:
    """Answer without the database, which navigation would need."""
    away = Unavailable("the database is away; nothing was done, try again in a few seconds")
    known = {"title": away.title, "detail": str(away), "status": away.status}
    return render(request, "plain_problem.html", known, status=HTTPStatus.SERVICE_UNAVAILABLE)


def number_in(request: HttpRequest, name: str) -> int | None:
    value = request.GET.get(name, "")
    if not value:
        return None
    if not value.isdecimal() or len(value) > 18:
        raise Invalid(f"{name} is {value[:40]!r}; use a whole number")
    return int(value)


def run_in(text: str) -> UUID | None:
    """Return the run that a text names; an empty text names none.

    Raises:
        Invalid: it is no id of a run.
    """
    if not text.strip():
        return None
    try:
        return UUID(text.strip())
    except ValueError as error:
        raise Invalid(f"run is {text[:60]!r}; use the whole id of a run, such as 0192f3a4-…") from error


def type_in(text: str) -> str:
    if text and text not in set(EventType):
        raise Invalid(f"type is {text[:40]!r}; use one of {', '.join(EventType)}")
    return text


@dataclass(frozen=True, slots=True)
class Row:
    """An entry with its particulars as short texts. ``brief`` tells whether they fit into a line."""

    entry: ReadEntry
    place: str
    data: tuple[tuple[str, str], ...]
    brief: bool


def row_of(entry: ReadEntry) -> Row:
    names = sorted(entry.data, key=lambda name: (name != "before", name))
    data = tuple((name, short(entry.data[name])) for name in names)
    own = entry.run is not None and entry.chain == ledger.run_chain(entry.run)
    place = f"place {entry.seq} of {'its chain' if own else entry.chain}"
    return Row(entry, place, data, brief=sum(len(name) + len(value) for name, value in data) <= BRIEF)


def short(value: object) -> str:
    """Return a particular in one line."""
    match value:
        case None | "":
            return "none"
        case list() if not value:
            return "none"
        case list():
            text = ", ".join(str(item) for item in value[:4]) + (
                f" and {len(value) - 4} more" if len(value) > 4 else ""
            )
        case _:
            text = str(value)
    return text if len(text) <= VALUE_LIMIT else f"{text[:VALUE_LIMIT]}…"


@dataclass(frozen=True, slots=True)
class Check:
    """What checking the chain of one run found: how many entries, how many of them under the signed tree head."""

    run: UUID
    entries: int
    sealed: int
    size: int
    faults: tuple[str, ...]


def check_run(run: UUID, *, workspace: UUID) -> Check:
    """Check the run's chain, and that its sealed entries are under the latest signed checkpoint.

    Raises:
        NotFound: the workspace has no entry in it.
        Invalid: there are more entries than are checked in one request.
    """
    chain = Entry.objects.filter(chain=ledger.run_chain(run), workspace=workspace).order_by("seq")
    rows = list(chain.select_related("leaf")[: CHECK_LIMIT + 1])
    if not rows:
        raise NotFound(f"no entry of run {run} in this workspace")
    if len(rows) > CHECK_LIMIT:
        raise Invalid(f"run {run} has over {CHECK_LIMIT} entries; check it with manage.py verify_ledger")
    faults = [str(fault) for fault in ledger.check_chains(run=run)]
    places = [(bytes(row.body), ledger.leaf_of(row)) for row in rows]
    sealed = [(body, index) for body, index in places if index is not None]
    last = sealer.latest()
    if last is not None:
        faults += seal_faults(last, sealed)
    return Check(run, len(rows), len(sealed), last.size if last else 0, tuple(faults[:FAULTS_SHOWN]))


def seal_faults(last: SignedCheckpoint, sealed: Sequence[tuple[bytes, int]]) -> list[str]:
    """Return what is wrong between sealed entries and the signed tree head."""
    try:
        head = seal.parse_note(last.note, origin=settings.PROMETHEUS_ORIGIN, verifiers=[sealer.signer().verifier])
    except (seal.NoteError, ImproperlyConfigured) as error:
        return [f"the checkpoint of {last.size} entries is refused: {error}"]
    fetch = cache(sealer.stored_node)
    return list(filter(None, (proof_fault(body, index, head=head, fetch=fetch) for body, index in sealed)))


def proof_fault(body: bytes, index: int, *, head: seal.TreeHead, fetch: merkle.Fetch) -> str:
    if index >= head.size:
        return ""  # sealed after this head was read
    proof = merkle.inclusion_proof(index, head.size, fetch)
    try:
        leaf = merkle.leaf_hash(body)
        merkle.verify_inclusion(index=index, size=head.size, leaf=leaf, root=head.root, proof=proof)
    except merkle.ProofError as error:
        return f"leaf {index} is not under the signed root: {error}"
    return ""


def download(last: SignedCheckpoint | None) -> HttpResponse:
    if last is None:
        raise NotFound("nothing is sealed yet; the first checkpoint comes about a second after the first entry")
    response = HttpResponse(last.note, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="checkpoint-{last.size}.txt"'
    return response


@page
def ledger_page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the workspace's newest entries; a POST checks the entries of one run."""
    require(actor, Scope.LEDGER_READ)
    last = sealer.latest()
    if request.method == "GET" and request.GET.get("download") == "checkpoint":
        return download(last)
    asked = request.POST if request.method == "POST" else request.GET
    run, type_ = run_in(asked.get("run", "")), type_in(request.GET.get("type", ""))
    workspace = workspace_of(actor)
    check = None
    if request.method == "POST":
        if run is None:
            raise Invalid("run is empty; name the run whose entries are to be verified")
        check = check_run(run, workspace=workspace)
    rows, end = ledger.read_page(
        workspace=workspace,
        run=run,
        type_=type_,
        before=number_in(request, "before"),
        limit=ENTRIES,
        window=WINDOW,
    )
    kept = {"run": str(run) if run else "", "type": type_}
    context = {
        "rows": [row_of(entry) for entry in rows],
        "older": urlencode({**kept, "before": end}) if end else "",
        "first": request.GET.get("before", "") == "",
        "run": run,
        "type": type_,
        "types": list(EventType),
        "last": last,
        "check": check,
    }
    return render(request, "console/ledger.html", context)


ledger_page = require_http_methods(["GET", "HEAD", "POST"])(ledger_page)
