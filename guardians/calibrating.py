"""The verbs on a workspace's own calibrations of Safety: make one from harmless documents, withdraw it.

A record states a bound for documents like those that were read. It is bound to the hash of the text model: with
another model the shipped threshold decides again.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from audit import calibrating, calibration
from audit.access import require
from audit.actors import Actor
from audit.bounds import least_n
from audit.errors import Invalid
from audit.roles import Scope
from guardians.calibration import Alarms, alarms, digest_of, threshold
from guardians.models import GuardianCalibration
from guardians.safety import Safety
from guardians.safetyrules.textmodel import shipped
from guardians.safetyrules.weightedrules import Head

DOCUMENTS_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Terms(calibration.Terms):
    """``alpha`` is the share of harmless documents that may alarm."""

    alpha: float = 0.01


DEFAULT_TERMS = Terms()


def measured(odds: Sequence[float], *, terms: Terms = DEFAULT_TERMS) -> Alarms:
    """Return the lowest threshold under which the bound of the terms holds. Writes nothing.

    It is never under what the model's word counts for beside a rule.

    Raises:
        Invalid: terms out of range, or too few or too many documents.
    """
    terms.check()
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


def calibrate(odds: Sequence[float], *, actor: Actor, terms: Terms = DEFAULT_TERMS) -> GuardianCalibration:
    """Make the calibration of the actor's workspace; the one in force is superseded.

    Raises:
        Invalid: as measured() does.
        NotAllowed: the actor lacks workspace:write.
    """
    require(actor, Scope.WORKSPACE_WRITE)
    return calibrating.put_in_force(
        GuardianCalibration,
        Safety.name,
        terms=terms,
        actor=actor,
        model_sha256=shipped().sha256,
        data_sha256=digest_of(odds),
        **asdict(measured(odds, terms=terms)),
    )


def withdraw(*, actor: Actor) -> GuardianCalibration:
    """End the calibration of the actor's workspace; the shipped threshold decides from then on."""
    return calibrating.withdraw(GuardianCalibration, Safety.name, actor=actor)
