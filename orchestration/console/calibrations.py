"""Which calibration decides in a workspace, what it states, and which ones came before it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from audit.access import require
from audit.actors import Actor
from audit.bounds import upper_bound
from audit.calibration import CalibrationState
from audit.console import page, workspace_of
from audit.roles import Scope
from evidence import calibrating
from evidence.calibration import Calibration
from evidence.models import CalibrationRecord
from evidence.typed.scoring import CALIBRATION
from orchestration.console import badges, paging, people
from orchestration.console.badges import Badge

MARGIN = 1.25


@dataclass(frozen=True, slots=True)
class Scale:
    """Leaks on a scale of 100: the share that was seen, the bound above it, and the most that may be."""

    seen: float
    bound: float
    most: float


@dataclass(frozen=True, slots=True)
class Stated:
    """What a calibration states, in percent.

    Attributes:
        leaked, bound: the share of unsupported claims that passed when it was measured, and the most it may be.
        kept: the share of supported claims that passed; None where none was measured.
    """

    calibration: Calibration
    threshold: str
    confidence: str
    most: str
    leaked: str
    bound: str
    kept: str
    width: float
    scale: Scale


def stated(known: Calibration) -> Stated:
    leaked = known.leaks / known.n if known.n else 1.0
    bound = upper_bound(known.leaks, known.n, delta=known.delta)
    whole = MARGIN * max(bound, known.alpha)
    kept = known.kept / known.supported if known.supported else None
    return Stated(
        calibration=known,
        threshold=f"{known.threshold:.4g}",
        confidence=percent(1 - known.delta),
        most=percent(known.alpha),
        leaked=percent(leaked),
        bound=percent(bound),
        kept="" if kept is None else percent(kept),
        width=round(100 * (kept or 0.0), 2),
        scale=Scale(*(round(100 * share / whole, 2) for share in (leaked, bound, known.alpha))),
    )


def percent(share: float) -> str:
    return f"{100 * share:.3g} %"


@dataclass(frozen=True, slots=True)
class RecordRow:
    record: CalibrationRecord
    badge: Badge
    stated: Stated
    who: str
    ended: str


def badge_of(record: CalibrationRecord, *, on: dt.date) -> Badge:
    match CalibrationState(record.state):
        case CalibrationState.IN_FORCE:
            return badges.IN_FORCE if record.decides(on=on) else badges.LAPSED
        case CalibrationState.SUPERSEDED:
            return badges.SUPERSEDED
        case CalibrationState.WITHDRAWN:
            return badges.TAKEN_BACK


@require_safe
@page
def calibrations(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show what decides now, and the workspace's own calibrations, newest first."""
    require(actor, Scope.DOCUMENTS_READ)
    today = now().astimezone(dt.UTC).date()
    own = calibrating.in_force(actor)
    deciding = own if own is not None and own.decides(on=today) else None
    after = request.GET.get("after", "")
    rows = CalibrationRecord.objects.filter(workspace_id=workspace_of(actor))
    found = paging.page(rows, after=paging.place_in(after), column="created_at", filters={})
    known = (*found.rows, *([deciding] if deciding else []))
    actors = {name for record in known for name in (record.made_by, record.ended_by)} - {""}
    who = people.names(actors, workspace=workspace_of(actor))
    context: dict[str, Any] = {
        "stated": stated(deciding.calibration() if deciding else CALIBRATION),
        "own": deciding,
        "who": who[deciding.made_by] if deciding else "",
        "rows": [
            RecordRow(
                record,
                badge_of(record, on=today),
                stated(record.calibration()),
                who[record.made_by],
                who.get(record.ended_by, ""),
            )
            for record in found.rows
        ],
        "older": urlencode({"after": found.next}) if found.next else "",
        "first": not after,
    }
    return render(request, "console/calibrations.html", context)
