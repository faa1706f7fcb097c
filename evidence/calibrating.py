"""The verbs on a workspace's own calibrations: make one from labels, withdraw it.

A record states a bound for claims like those that were labelled. Labels from appeals are of verdicts that somebody
doubted, which is no sample of what the gate sees: each record says how many of its labels they are.
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
from evidence.calibration import (
    Calibration,
    Figures,
    Labelled,
    Origin,
    digest_of,
    figures,
    threshold,
)
from evidence.models import CalibrationRecord
from evidence.states import CalibrationState
from evidence.typed.scoring import EVEN, TYPED

DAYS_MOST = 730
# A bound above a quarter, or one that is wrong once in four times, is no reason to trust anything.
SHARE_LEAST, SHARE_MOST = 0.001, 0.25
LABELS_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What a calibration is to say.

    Attributes:
        alpha: the largest share of unsupported claims that may pass, with confidence ``1 - delta``.
        least: the lowest threshold that may be chosen; never under the gate's own.
        days: how long it holds, 1 to 730.
    """

    alpha: float = 0.05
    delta: float = 0.1
    least: float = EVEN
    days: int = 180


DEFAULT_TERMS = Terms()


def measured(labels: Sequence[Labelled], *, terms: Terms = DEFAULT_TERMS, verifier: str = TYPED.id) -> Figures:
    """Return the lowest threshold under which the bound of the terms holds, and what passes it. Writes nothing.

    Raises:
        Invalid: terms out of range, labels of another verifier, too few of them, or no threshold holds.
    """
    check_terms(terms)
    check_labels(labels, verifier=verifier)
    pairs = [label.pair() for label in labels]
    n = sum(not pair.supported for pair in pairs)
    needed = least_n(alpha=terms.alpha, delta=terms.delta)
    if n < needed:
        raise Invalid(
            f"{n} labels say that a claim is unsupported; a bound of {terms.alpha:g} with confidence "
            f"{1 - terms.delta:g} takes at least {needed}, when none of them leaks: label more claims"
        )
    chosen = threshold(pairs, alpha=terms.alpha, delta=terms.delta, least=terms.least)
    if chosen is None:
        raise Invalid(refusal(figures(pairs, max(pair.score for pair in pairs)), terms))
    return figures(pairs, chosen)


def refusal(strictest: Figures, terms: Terms) -> str:
    return (
        f"no threshold holds: even at the highest score, {strictest.threshold:.4f}, {strictest.leaks} of {strictest.n} "
        f"unsupported claims pass, a share of up to {strictest.bound(terms.delta):.3f}, and at most {terms.alpha:g} "
        "may: label more claims, or look at those that pass"
    )


def check_terms(terms: Terms) -> None:
    for name, share in (("alpha", terms.alpha), ("delta", terms.delta)):
        if not SHARE_LEAST <= share <= SHARE_MOST:
            raise Invalid(f"{name} is {share:g}; use {SHARE_LEAST:g} to {SHARE_MOST:g}")
    if not EVEN <= terms.least <= 1:
        raise Invalid(f"least is {terms.least:g}; use {EVEN:g}, the gate's own least, to 1")
    if not 1 <= terms.days <= DAYS_MOST:
        raise Invalid(f"a calibration would hold for {terms.days} days; use 1 to {DAYS_MOST}")


def check_labels(labels: Sequence[Labelled], *, verifier: str) -> None:
    if len(labels) > LABELS_MOST:
        raise Invalid(f"there are {len(labels):,} labels; at most {LABELS_MOST:,} are taken: use a sample of them")
    others = sorted({label.verifier for label in labels} - {verifier})
    if others:
        raise Invalid(f"labels are of {', '.join(others)[:120]}; this calibrates {verifier}: leave them out")
    if not all(0 <= label.score <= 1 for label in labels):
        raise Invalid("a label's score is outside 0 to 1; use the score that the verifier gave the claim")


def in_force(actor: Actor, *, verifier: str = TYPED.id) -> CalibrationRecord | None:
    """Return the record of the actor's workspace that was neither superseded nor withdrawn; it may have expired."""
    rows = CalibrationRecord.objects.filter(workspace_id=workspace_of(actor), verifier=verifier)
    return rows.filter(state=CalibrationState.IN_FORCE.value).first()


def decides(calibration: Calibration, *, on: dt.date, verifier: str = TYPED.id) -> bool:
    """Tell whether a workspace's own calibration decides on a day (UTC), whoever wrote it.

    It does not once it has expired, when its bound cannot be stated or its threshold is below the gate's own least.
    """
    return calibration.threshold >= EVEN and calibration.holds(verifier, on=on)


@transaction.atomic
def calibrate(
    labels: Sequence[Labelled], *, actor: Actor, terms: Terms = DEFAULT_TERMS, verifier: str = TYPED.id
) -> CalibrationRecord:
    """Make the calibration of the actor's workspace; the one in force is superseded.

    Runs that wait for people end refused when they go on, as after any change of what decides.

    Raises:
        Invalid: as measured() does.
        NotAllowed: the actor lacks workspace:write.
    """
    require(actor, Scope.WORKSPACE_WRITE)
    found = measured(labels, terms=terms, verifier=verifier)
    locked(actor)
    known = in_force(actor, verifier=verifier)
    if known is not None:
        known.supersede()
        end(known, actor=actor)
    record = unsaved(found, labels, terms=terms, verifier=verifier, actor=actor)
    record.save(force_insert=True)
    enter(EventType.CALIBRATION_MADE, record, actor=actor, supersedes=str(known.pk) if known else "")
    return record


@transaction.atomic
def withdraw(*, actor: Actor, verifier: str = TYPED.id) -> CalibrationRecord:
    """End the calibration of the actor's workspace; its runs are judged with the built-in one from then on.

    Raises:
        NotAllowed: the actor lacks workspace:write.
        NotFound: none is in force.
    """
    require(actor, Scope.WORKSPACE_WRITE)
    locked(actor)
    record = in_force(actor, verifier=verifier)
    if record is None:
        raise NotFound(f"this workspace has no calibration of {verifier} in force; there is nothing to withdraw")
    record.withdraw()
    end(record, actor=actor)
    enter(EventType.CALIBRATION_WITHDRAWN, record, actor=actor)
    return record


def locked(actor: Actor) -> None:
    """Let nobody else make or withdraw a calibration of the workspace until this transaction ends."""
    Workspace.objects.select_for_update().only("pk").get(pk=workspace_of(actor))


def end(record: CalibrationRecord, *, actor: Actor) -> None:
    record.ended_by, record.ended_at = str(actor), now()
    record.save(update_fields=["state", "ended_by", "ended_at"])


def unsaved(
    found: Figures, labels: Sequence[Labelled], *, terms: Terms, verifier: str, actor: Actor
) -> CalibrationRecord:
    at = now()
    return CalibrationRecord(
        workspace_id=workspace_of(actor),
        verifier=verifier,
        threshold=found.threshold,
        n=found.n,
        leaks=found.leaks,
        supported=found.supported,
        kept=found.kept,
        appeals=sum(label.origin is Origin.APPEAL for label in labels),
        alpha=terms.alpha,
        delta=terms.delta,
        data_sha256=digest_of(labels),
        made_by=str(actor),
        created_at=at,
        expires_on=at.astimezone(dt.UTC).date() + dt.timedelta(days=terms.days),
    )


def enter(type_: EventType, record: CalibrationRecord, *, actor: Actor, **data: str) -> None:
    known = {
        "calibration": record.calibration().id,
        "verifier": record.verifier,
        "threshold": repr(record.threshold),
        "alpha": repr(record.alpha),
        "delta": repr(record.delta),
        "n": record.n,
        "leaks": record.leaks,
        "supported": record.supported,
        "kept": record.kept,
        "appeals": record.appeals,
        "data_sha256": record.data_sha256,
        "expires": record.expires_on.isoformat(),
        **data,
    }
    ledger.append(ledger.Event(type_, actor, known), chain=f"workspace:{record.workspace_id}")
