"""The verbs on a workspace's own calibrations, whatever they are of: put one in force, withdraw it."""

import datetime as dt
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from audit import ledger
from audit.access import require, workspace_of
from audit.actors import Actor
from audit.calibration import CalibrationState, Terms
from audit.errors import Conflict, NotFound
from audit.events import EventType
from audit.models import OwnCalibration, Workspace
from audit.roles import Scope

R = TypeVar("R", bound=OwnCalibration)


def in_force(model: type[R], scorer: str, *, actor: Actor) -> R | None:
    """Return the record of the actor's workspace that was neither superseded nor withdrawn; it may have expired."""
    rows = model._default_manager.filter(**{model.SCORER: scorer})  # noqa: SLF001 - Django documents it
    return rows.filter(workspace_id=workspace_of(actor), state=CalibrationState.IN_FORCE.value).first()


@transaction.atomic
def put_in_force(model: type[R], scorer: str, *, terms: Terms, actor: Actor, **columns: Any) -> R:  # noqa: ANN401
    """Make the calibration of the actor's workspace; the one in force is superseded.

    Runs that wait for people end refused when they go on, as after any change of what decides.

    Args:
        columns: what was measured.

    Raises:
        NotAllowed: the actor lacks workspace:write.
    """
    require(actor, Scope.WORKSPACE_WRITE)
    lock(actor)
    known = in_force(model, scorer, actor=actor)
    if known is not None:
        known.supersede()
        end(known, actor=actor)
    at = now()
    record = model(
        workspace_id=workspace_of(actor),
        alpha=terms.alpha,
        delta=terms.delta,
        made_by=str(actor),
        created_at=at,
        expires_on=at.astimezone(dt.UTC).date() + dt.timedelta(days=terms.days),
        **{model.SCORER: scorer},
        **columns,
    )
    record.save(force_insert=True)
    enter(model.MADE, record, actor=actor, supersedes=str(known.pk) if known else "")
    return record


@transaction.atomic
def withdraw(model: type[R], scorer: str, *, actor: Actor, seen: UUID | None = None) -> R:
    """End the calibration of the actor's workspace; what comes with this version decides from then on.

    Args:
        seen: the record that the actor was shown.

    Raises:
        Conflict: another one is in force than was shown.
        NotAllowed: the actor lacks workspace:write.
        NotFound: none is in force.
    """
    require(actor, Scope.WORKSPACE_WRITE)
    lock(actor)
    record = in_force(model, scorer, actor=actor)
    if record is None:
        raise NotFound(f"this workspace has no calibration of {scorer} in force; there is nothing to withdraw")
    if seen not in {None, record.pk}:
        raise Conflict(f"the calibration of {scorer} that you were shown is not the one in force; look at it again")
    record.withdraw()
    end(record, actor=actor)
    enter(model.WITHDRAWN, record, actor=actor)
    return record


def lock(actor: Actor) -> None:
    """Let nobody else make or withdraw a calibration of the workspace until this transaction ends."""
    Workspace.objects.select_for_update().only("pk").get(pk=workspace_of(actor))


def end(record: OwnCalibration, *, actor: Actor) -> None:
    record.ended_by, record.ended_at = str(actor), now()
    record.save(update_fields=["state", "ended_by", "ended_at"])


def enter(type_: EventType, record: OwnCalibration, *, actor: Actor, **data: str) -> None:
    known = {
        "calibration": record.name,
        record.SCORER: record.scorer,
        "threshold": repr(record.threshold),
        "alpha": repr(record.alpha),
        "delta": repr(record.delta),
        "n": record.n,
        "data_sha256": record.data_sha256,
        "expires": record.expires_on.isoformat(),
        **record.measured(),
        **data,
    }
    ledger.append(ledger.Event(type_, actor, known), chain=f"workspace:{record.workspace_id}")
