"""The verbs on a workspace's own calibrations of Safety: make one from harmless documents, withdraw it.

A record states a bound for documents like those that were read. It is bound to the hash of the text model: with
another model the shipped threshold decides again.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.timezone import now

from audit import ledger
from audit.access import require, workspace_of
from audit.actors import Actor
from audit.bounds import least_n
from audit.errors import Invalid, NotFound
from audit.events import EventType
from audit.models import Workspace
from audit.roles import Scope
from guardians.calibration import Alarms, CalibrationState, alarms, digest_of, threshold
from guardians.models import GuardianCalibration
from guardians.safety import Safety
from guardians.safetyrules.textmodel import shipped
from guardians.safetyrules.weightedrules import Head

DAYS_MOST = 730
SHARE_LEAST, SHARE_MOST = 0.001, 0.25
DOCUMENTS_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What a calibration is to say.

    Attributes:
        alpha: the largest share of harmless documents that may alarm, with confidence ``1 - delta``.
        days: how long it holds, 1 to 730.
    """

    alpha: float = 0.01
    delta: float = 0.1
    days: int = 180


DEFAULT_TERMS = Terms()


def measured(odds: Sequence[float], *, terms: Terms = DEFAULT_TERMS) -> Alarms:
    """Return the lowest threshold under which the bound of the terms holds. Writes nothing.

    It is never under what the model's word counts for beside a rule.

    Raises:
        Invalid: terms out of range, or too few or too many documents.
    """
    for name, share in (("alpha", terms.alpha), ("delta", terms.delta)):
        if not SHARE_LEAST <= share <= SHARE_MOST:
            raise Invalid(f"{name} is {share:g}; use {SHARE_LEAST:g} to {SHARE_MOST:g}")
    if not 1 <= terms.days <= DAYS_MOST:
        raise Invalid(f"a calibration would hold for {terms.days} days; use 1 to {DAYS_MOST}")
    if len(odds) > DOCUMENTS_MOST:
        raise Invalid(f"there are {len(odds):,} documents; at most {DOCUMENTS_MOST:,} are taken: use a sample of them")
    least = shipped().heads[Head.INDIRECT].support
    chosen = threshold(odds, alpha=terms.alpha, delta=terms.delta, least=least)
    if chosen is None:
        raise Invalid(
            f"{len(odds)} documents are too few: a bound of {terms.alpha:g} with confidence {1 - terms.delta:g} takes "
            f"at least {least_n(alpha=terms.alpha, delta=terms.delta)}, when none of them alarms: give more"
        )
    return alarms(odds, chosen)


def in_force(actor: Actor) -> GuardianCalibration | None:
    """Return the record of the actor's workspace that was neither superseded nor withdrawn; it may have expired."""
    rows = GuardianCalibration.objects.filter(workspace_id=workspace_of(actor), guardian=Safety.name)
    return rows.filter(state=CalibrationState.IN_FORCE.value).first()


@transaction.atomic
def calibrate(odds: Sequence[float], *, actor: Actor, terms: Terms = DEFAULT_TERMS) -> GuardianCalibration:
    """Make the calibration of the actor's workspace; the one in force is superseded.

    Runs that wait for people end refused when they go on, as after any change of what decides.

    Raises:
        Invalid: as measured() does.
        NotAllowed: the actor lacks workspace:write.
    """
    require(actor, Scope.WORKSPACE_WRITE)
    found = measured(odds, terms=terms)
    locked(actor)
    known = in_force(actor)
    if known is not None:
        known.supersede()
        end(known, actor=actor)
    at = now()
    record = GuardianCalibration(
        workspace_id=workspace_of(actor),
        guardian=Safety.name,
        model_sha256=shipped().sha256,
        threshold=found.threshold,
        n=found.n,
        alarms=found.alarms,
        alpha=terms.alpha,
        delta=terms.delta,
        data_sha256=digest_of(odds),
        made_by=str(actor),
        created_at=at,
        expires_on=at.astimezone(dt.UTC).date() + dt.timedelta(days=terms.days),
    )
    record.save(force_insert=True)
    enter(EventType.GUARDIAN_CALIBRATED, record, actor=actor, supersedes=str(known.pk) if known else "")
    return record


@transaction.atomic
def withdraw(*, actor: Actor) -> GuardianCalibration:
    """End the calibration of the actor's workspace; the shipped threshold decides from then on.

    Raises:
        NotAllowed: the actor lacks workspace:write.
        NotFound: none is in force.
    """
    require(actor, Scope.WORKSPACE_WRITE)
    locked(actor)
    record = in_force(actor)
    if record is None:
        raise NotFound("this workspace has no calibration of safety in force; there is nothing to withdraw")
    record.withdraw()
    end(record, actor=actor)
    enter(EventType.GUARDIAN_CALIBRATION_WITHDRAWN, record, actor=actor)
    return record


def locked(actor: Actor) -> None:
    """Let nobody else make or withdraw a calibration of the workspace until this transaction ends."""
    Workspace.objects.select_for_update().only("pk").get(pk=workspace_of(actor))


def end(record: GuardianCalibration, *, actor: Actor) -> None:
    record.ended_by, record.ended_at = str(actor), now()
    record.save(update_fields=["state", "ended_by", "ended_at"])


def enter(type_: EventType, record: GuardianCalibration, *, actor: Actor, **data: str) -> None:
    known = {
        "calibration": str(record.pk),
        "guardian": record.guardian,
        "model_sha256": record.model_sha256,
        "threshold": repr(record.threshold),
        "alpha": repr(record.alpha),
        "delta": repr(record.delta),
        "n": record.n,
        "alarms": record.alarms,
        "data_sha256": record.data_sha256,
        "expires": record.expires_on.isoformat(),
        **data,
    }
    ledger.append(ledger.Event(type_, actor, known), chain=f"workspace:{record.workspace_id}")
