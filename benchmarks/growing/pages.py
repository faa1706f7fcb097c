"""Everything that is opened: each page, list, filter, deep place and periodic query, with what it is called."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.db.models import Manager, Model
from django.test import Client, RequestFactory
from django.urls import reverse

from audit import sealer
from audit.actors import SYSTEM
from audit.admin import AnyModelAdmin
from audit.models import Entry
from benchmarks.growing.exhibits import Exhibits
from orchestration import appealing, batches, deliveries, restoring, runs
from orchestration.engine import lease
from orchestration.models import Run
from orchestration.states import AppealState, ApprovalState, Decision, RestoreState, RunState

OK = 200
OURS = {"audit", "orchestration", "evidence", "guardians"}
DEEPEST = 200  # page of a changelist: the lists of the admin end there


@dataclass(frozen=True, slots=True)
class Page:
    """Something to time: its name, where it belongs, its address if it has one, and how it is called."""

    name: str
    area: str
    address: str
    call: Callable[[], int]
    is_query: bool = False


def all_of(huge: Exhibits, tiny: Exhibits) -> list[Page]:
    """Return what is timed: in the largest workspace everything, in the smallest what could look too far."""
    client, small = logged_in(huge), logged_in(tiny)
    addresses = [
        *((name, "console", address, client) for name, address in console(huge)),
        *((f"{name}, tiny workspace", "console", address, small) for name, address in console(tiny)),
        *((name, "API", address, client) for name, address in api(huge)),
        *((f"{name}, tiny workspace", "API", address, small) for name, address in api(tiny)),
        *((name, "admin", address, client) for name, address in administration(huge)),
        ("metrics", "periodic", "/metrics", client),
        ("readiness", "periodic", "/health/ready", client),
    ]
    return [page(*known) for known in addresses] + list(following(client)) + list(periodic(huge))


def logged_in(who: Exhibits) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(who.user)
    return client


def page(name: str, area: str, address: str, client: Client) -> Page:
    return Page(name, area, address, lambda: client.get(address).status_code)


def console(x: Exhibits) -> Iterator[tuple[str, str]]:
    deep = f"{x.middle.created_at.isoformat()}~{x.middle.pk}"
    runs_at = "/console/runs"
    yield "runs", runs_at
    yield "runs, in the middle", f"{runs_at}?{urlencode({'after': deep})}"
    for state in RunState:
        yield f"runs, state {state}", f"{runs_at}?state={state}"
    for decision in Decision:
        yield f"runs, decision {decision}", f"{runs_at}?decision={decision}"
    yield "runs, stakes HIGH", f"{runs_at}?stakes=HIGH"
    yield "runs, kind VERIFY", f"{runs_at}?kind=VERIFY"
    yield "runs, requested by nobody", f"{runs_at}?actor=user%3A999"
    yield "runs, four filters", f"{runs_at}?state=COMPLETED&decision=REFUSE&stakes=HIGH&kind=VERIFY"
    yield "runs, beginning of an id", f"{runs_at}?id={x.middle.pk.hex[:8]}"
    yield "run", f"{runs_at}/{x.run}"
    yield "run, live part", f"{runs_at}/{x.moving}?part=live"
    yield "checkpoints of a run", f"{runs_at}/{x.run}/checkpoints"
    for known in ApprovalState:
        yield f"approvals, {known}", f"/console/approvals?state={known}"
    yield "decision", f"/console/approvals/{x.approval}"
    yield "restore", f"/console/restores/{x.restore}"
    yield "appeal", f"/console/appeals/{x.appeal}"
    yield "appeal of a claim", f"{runs_at}/{x.run}/claims/{x.claim}/appeal"
    yield "sources", "/console/evidence/sources"
    yield "source", f"/console/evidence/sources/{x.source}"
    yield "document", f"/console/evidence/documents/{x.document}"
    yield "calibrations", "/console/evidence/calibrations"
    yield "guardians", "/console/guardians"
    yield "guardians, one rule in a year", "/console/guardians?days=365&rule=email"
    yield "ledger", "/console/ledger"
    yield "ledger, rare type", "/console/ledger?type=key.revoked"
    yield (
        "ledger, in the middle",
        f"/console/ledger?before={Entry.objects.order_by('-id').values_list('id')[0][0] // 2}",
    )
    yield "ledger, one run", f"/console/ledger?run={x.run}"


def api(x: Exhibits) -> Iterator[tuple[str, str]]:
    v1 = "/api/v1"
    position = base64.b64encode(urlencode({"p": x.middle.created_at.isoformat()}).encode()).decode()
    yield "runs", f"{v1}/runs"
    yield "runs, 200 at once", f"{v1}/runs?limit=200"
    yield "runs, in the middle", f"{v1}/runs?{urlencode({'cursor': position})}"
    for state in RunState:
        yield f"runs, state {state}", f"{v1}/runs?state={state}"
    for decision in Decision:
        yield f"runs, decision {decision}", f"{v1}/runs?decision={decision}"
    for stakes in ("LOW", "HIGH"):
        yield f"runs, stakes {stakes}", f"{v1}/runs?stakes={stakes}"
    yield "runs, three filters", f"{v1}/runs?state=LOGGING&decision=REFUSE&stakes=HIGH"
    yield "guardians", f"{v1}/guardians"
    yield "guardians, rules", f"{v1}/guardians/rules"
    for part in ("", "/claims", "/reviews", "/lineage", "/proof", "/checkpoints"):
        yield f"run{part}", f"{v1}/runs/{x.run}{part}"
    for known in ApprovalState:
        yield f"approvals, {known}", f"{v1}/approvals?state={known}"
    yield "approval", f"{v1}/approvals/{x.approval}"
    for appeal in AppealState:
        yield f"appeals, {appeal}", f"{v1}/appeals?state={appeal}"
    yield "appeal", f"{v1}/appeals/{x.appeal}"
    yield "appeals on a claim", f"{v1}/runs/{x.run}/claims/{x.claim}/appeals"
    yield "calibrations", f"{v1}/calibrations"
    yield "restores", f"{v1}/restores"
    for restore in RestoreState:
        yield f"restores, {restore}", f"{v1}/restores?state={restore}"
    yield "webhooks", f"{v1}/webhooks"
    yield "deliveries of a webhook", f"{v1}/webhooks/{x.webhook}/deliveries"
    yield "documents", f"{v1}/documents"
    yield "latest signed checkpoint", f"{v1}/ledger/checkpoint"
    if x.batch:
        yield "batch", f"{v1}/batches/{x.batch}"
        yield "runs of a batch", f"{v1}/batches/{x.batch}/runs"


def following(client: Client) -> Iterator[Page]:
    """Yield the page after the first of each list, by the address that the first one gives."""
    for name, address in (("runs", "/api/v1/runs"), ("runs, stakes HIGH", "/api/v1/runs?stakes=HIGH")):
        after = client.get(address).json()["next"]
        if after:
            yield page(f"{name}, next cursor", "API", after.removeprefix("http://testserver"), client)


def administration(x: Exhibits) -> Iterator[tuple[str, str]]:
    """Yield every changelist with each of its filters, a search, its last page and one row."""
    yield "index", reverse("admin:index")
    for model in sorted(apps.get_models(), key=lambda model: model._meta.label):
        if model._meta.app_label not in OURS or not admin.site.is_registered(model):
            continue
        shown = admin.site.get_model_admin(model)
        name = str(model._meta.verbose_name_plural)
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        yield name, address
        yield f"{name}, last page", f"{address}?p={last_page(model)}"
        yield f"{name}, another order", f"{address}?o=2"
        yield from ((f"{name}, search", f"{address}?q={x.run}") for _ in shown.search_fields)
        yield from ((f"{name}, {query.lstrip('?')}", address + query) for query in choices(shown, x))
        row = rows_of(model).order_by("-pk").first()
        if row is not None:
            yield f"{name}, one row", f"{address}{row.pk}/change/"


def last_page(model: type[Model]) -> int:
    return min(DEEPEST, max(1, -(-rows_of(model).count() // 50)))


def rows_of(model: type[Model]) -> Manager[Any]:
    rows = model._meta.default_manager
    if rows is None:
        raise TypeError(f"{model._meta.label} is abstract")
    return rows


def choices(shown: AnyModelAdmin, x: Exhibits) -> Iterator[str]:
    """Yield the query of each choice of each filter of a changelist."""
    request = RequestFactory().get("/")
    request.user = cast("Any", x.user)
    listed = shown.get_changelist_instance(request)
    for spec in listed.filter_specs:
        yield from (str(choice["query_string"]) for choice in spec.choices(listed) if choice["query_string"] != "?")


def periodic(x: Exhibits) -> Iterator[Page]:
    """Yield what workers and the scheduler ask again and again."""
    calls: list[tuple[str, Callable[[], object]]] = [
        ("expire approvals", lambda: runs.expire_due(actor=SYSTEM)),
        ("expire appeals", lambda: appealing.expire_due(actor=SYSTEM)),
        ("expire restores", lambda: restoring.expire_due(actor=SYSTEM)),
        ("restores to carry out", restoring.due),
        ("a receiver with something due", deliveries.claim),
        ("seal what is due", sealer.seal_due),
        ("age of what is not sealed", sealer.unsealed_age),
        ("runs of a batch that wait", lambda: batches.waiting(x.batch) if x.batch else None),
        ("one run's state", lambda: Run.objects.filter(pk=x.run).values("state").first()),
    ]
    for name, call in calls:
        yield Page(name, "periodic", "", answering(call))
    yield Page("runs that are due", "periodic", "", answering(lease.in_line), is_query=True)


def answering(call: Callable[[], object]) -> Callable[[], int]:
    def answer() -> int:
        call()
        return OK

    return answer
