"""The verbs on a workspace's own calibrations: make one from labels, withdraw it.

A record states a bound for claims like those that were labelled. Labels from appeals are of verdicts that somebody
doubted, which is no sample of what the gate sees: each record says how many of its labels they are.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from audit import calibrating, calibration
from audit.access import require
from audit.actors import Actor
from audit.bounds import least_n
from audit.errors import Invalid
from audit.roles import Scope
from evidence.calibration import Figures, Labelled, Origin, digest_of, figures, threshold
from evidence.models import CalibrationRecord
from evidence.typed.scoring import EVEN, TYPED

LABELS_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Terms(calibration.Terms):
    """``alpha`` is the share of unsupported claims; ``least`` the lowest threshold, never under the gate's own."""

    alpha: float = 0.05
    least: float = EVEN


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
    terms.check()
    if not EVEN <= terms.least <= 1:
        raise Invalid(f"least is {terms.least:g}; use {EVEN:g}, the gate's own least, to 1")


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
    return calibrating.in_force(CalibrationRecord, verifier, actor=actor)


def calibrate(
    labels: Sequence[Labelled], *, actor: Actor, terms: Terms = DEFAULT_TERMS, verifier: str = TYPED.id
) -> CalibrationRecord:
    """Make the calibration of the actor's workspace; the one in force is superseded.

    Raises:
        Invalid: as measured() does.
        NotAllowed: the actor lacks workspace:write.
    """
    require(actor, Scope.WORKSPACE_WRITE)
    return calibrating.put_in_force(
        CalibrationRecord,
        verifier,
        terms=terms,
        actor=actor,
        appeals=sum(label.origin is Origin.APPEAL for label in labels),
        data_sha256=digest_of(labels),
        **asdict(measured(labels, terms=terms, verifier=verifier)),
    )


def withdraw(*, actor: Actor, verifier: str = TYPED.id) -> CalibrationRecord:
    """End the calibration of the actor's workspace; its runs are judged with the built-in one from then on."""
    return calibrating.withdraw(CalibrationRecord, verifier, actor=actor)
