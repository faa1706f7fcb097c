"""Which calibration of a verifier or of Safety decides in a workspace, what it states, and which came before it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from audit import calibrating
from audit.access import require
from audit.actors import Actor
from audit.bounds import upper_bound
from audit.calibration import CalibrationState
from audit.console import page, workspace_of
from audit.errors import Invalid, NotFound
from audit.models import OwnCalibration
from audit.roles import Scope
from evidence.calibration import Calibration
from evidence.models import CalibrationRecord
from evidence.typed.scoring import CALIBRATION, TYPED
from guardians.models import GuardianCalibration
from guardians.safety import Safety
from guardians.safetyrules.textmodel import shipped
from guardians.safetyrules.weightedrules import Head
from orchestration.console import badges, paging, people
from orchestration.console.badges import Badge

MARGIN = 1.25


@dataclass(frozen=True, slots=True)
class Kind:
    """What a page is about.

    Attributes:
        scorer: whose calibration is shown to decide.
        scope: what it takes to read the page.
        address: its name among the addresses.
        passing, passed: what is counted against a calibration, in words.
    """

    model: type[OwnCalibration]
    scorer: str
    scope: Scope
    address: str
    passing: str
    passed: str


KINDS = {
    "verifier": Kind(
        model=CalibrationRecord,
        scorer=TYPED.id,
        scope=Scope.DOCUMENTS_READ,
        address="console:calibrations",
        passing="Unsupported claims that pass",
        passed="passed",
    ),
    "guardian": Kind(
        model=GuardianCalibration,
        scorer=Safety.name,
        scope=Scope.LEDGER_READ,
        address="console:guardian-calibrations",
        passing="Harmless documents that alarm",
        passed="alarmed",
    ),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """On a scale of 100: the share that was seen, the bound above it, and the most that may be."""

    seen: float
    bound: float
    most: float


@dataclass(frozen=True, slots=True)
class Stated:
    """What a calibration states, in percent.

    Attributes:
        hits: how many of ``n`` passed though they should not; ``seen`` is their share, ``bound`` the most it may be.
    """

    threshold: str
    hits: int
    n: int
    confidence: str
    most: str
    seen: str
    bound: str
    scale: Scale


def stated(known: Calibration | OwnCalibration) -> Stated:
    hits = known.leaks if isinstance(known, Calibration) else known.hits
    seen = hits / known.n if known.n else 1.0
    bound = upper_bound(hits, known.n, delta=known.delta)
    whole = MARGIN * max(bound, known.alpha)
    return Stated(
        threshold=f"{known.threshold:.4g}",
        hits=hits,
        n=known.n,
        confidence=percent(1 - known.delta),
        most=percent(known.alpha),
        seen=percent(seen),
        bound=percent(bound),
        scale=Scale(*(round(100 * share / whole, 2) for share in (seen, bound, known.alpha))),
    )


def percent(share: float) -> str:
    return f"{100 * share:.3g} %"


@dataclass(frozen=True, slots=True)
class RecordRow:
    record: OwnCalibration
    badge: Badge
    stated: Stated
    who: str
    ended: str


def badge_of(record: OwnCalibration, *, on: dt.date) -> Badge:
    match CalibrationState(record.state):
        case CalibrationState.IN_FORCE:
            return badges.IN_FORCE if record.decides(on=on) else badges.LAPSED
        case CalibrationState.SUPERSEDED:
            return badges.SUPERSEDED
        case CalibrationState.WITHDRAWN:
            return badges.TAKEN_BACK


@require_http_methods(["GET", "HEAD", "POST"])
@page
def calibrations(request: HttpRequest, actor: Actor, of: str) -> HttpResponse:
    """Show what decides now, and the workspace's own calibrations, newest first; withdraw one that is in force."""
    kind = KINDS[of]
    require(actor, kind.scope)
    if request.method == "POST":
        record = withdrawn(request.POST.get("record", ""), kind, actor=actor)
        messages.success(request, f"Withdrawn: the calibration of {record.scorer}")
        return redirect(kind.address)
    today = now().astimezone(dt.UTC).date()
    rows = kind.model._default_manager.filter(workspace_id=workspace_of(actor))  # noqa: SLF001 - as Django documents
    in_force = list(rows.filter(state=CalibrationState.IN_FORCE.value).order_by("created_at"))
    own = next((known for known in in_force if known.scorer == kind.scorer and known.decides(on=today)), None)
    after = request.GET.get("after", "")
    found = paging.page(rows, after=paging.place_in(after), column="created_at", filters={})
    actors = {name for known in (*found.rows, *in_force) for name in (known.made_by, known.ended_by)} - {""}
    who = people.names(actors, workspace=workspace_of(actor))
    context: dict[str, Any] = {
        **deciding(of, own),
        "of": of,
        "kind": kind,
        "own": own,
        "who": who[own.made_by] if own else "",
        "in_force": in_force if actor.may(Scope.WORKSPACE_WRITE) else (),
        "rows": [
            RecordRow(known, badge_of(known, on=today), stated(known), who[known.made_by], who.get(known.ended_by, ""))
            for known in found.rows
        ],
        "older": urlencode({"after": found.next}) if found.next else "",
        "first": not after,
    }
    return render(request, "console/calibrations.html", context)


def deciding(of: str, own: OwnCalibration | None) -> dict[str, Any]:
    """Return what a page says of what decides: a record, else what comes with this version."""
    if of == "guardian":
        threshold = f"{shipped().heads[Head.INDIRECT].threshold:.4g}"
        return {"decides": own, "stated": stated(own) if own else None, "shipped": threshold}
    known = own.calibration() if isinstance(own, CalibrationRecord) else CALIBRATION
    share = known.kept / known.supported if known.supported else None
    kept = {"kept": percent(share), "width": round(100 * share, 2)} if share is not None else {}
    return {"decides": known, "stated": stated(known), **kept}


def withdrawn(asked: str, kind: Kind, *, actor: Actor) -> OwnCalibration:
    """Withdraw the record that a form names, if it is still the one in force.

    Raises:
        Invalid, NotFound: it names none of the workspace.
        Problem: as ``calibrating.withdraw`` does.
    """
    try:
        record_id = UUID(asked)
    except ValueError as error:
        raise Invalid(f"record is {asked[:40]!r}; use the id of a calibration") from error
    rows = kind.model._default_manager.filter(workspace_id=workspace_of(actor))  # noqa: SLF001 - as Django documents
    known = rows.filter(pk=record_id).first()
    if known is None:
        raise NotFound(f"no calibration {record_id} in this workspace")
    return calibrating.withdraw(kind.model, known.scorer, actor=actor, seen=known.pk)
