"""What a verifier's scores are worth: thresholds with a stated risk bound, and the record of what they rest on."""

import hashlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from audit import canonical
from audit.bounds import most_hits, upper_bound


class Origin(StrEnum):
    """Who said what is really so: two people in an appeal, or whoever labels for the operator."""

    APPEAL = "appeal"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim with the score a verifier gave it; ``supported`` is what is really so."""

    score: float
    supported: bool


@dataclass(frozen=True, slots=True)
class Labelled:
    """What people say of one claim beside the score that a verifier gave it. No text.

    Attributes:
        claim: the id of the claim, '' for one that was judged outside a run.
    """

    verifier: str
    score: float
    supported: bool
    origin: Origin
    claim: str = ""

    def pair(self) -> Pair:
        return Pair(self.score, self.supported)


def digest_of(labels: Sequence[Labelled]) -> str:
    """Return a hash over claim id, score and label of each, in an order of their own: what a record was made from."""
    lines = sorted(map(line_of, labels))
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def line_of(label: Labelled) -> bytes:
    return canonical.encode({"claim": label.claim, "score": repr(label.score), "supported": label.supported})


@dataclass(frozen=True, slots=True)
class Figures:
    """What passes at one threshold; the attributes are those of Calibration."""

    threshold: float
    n: int
    leaks: int
    supported: int
    kept: int

    def bound(self, delta: float) -> float:
        """Return the share of unsupported claims that pass, at most, with confidence ``1 - delta``."""
        return upper_bound(self.leaks, self.n, delta=delta)


def figures(pairs: Sequence[Pair], at: float) -> Figures:
    """Return what of the pairs passes at a threshold."""
    supported = [pair.score >= at for pair in pairs if pair.supported]
    unsupported = [pair.score >= at for pair in pairs if not pair.supported]
    return Figures(at, len(unsupported), sum(unsupported), len(supported), sum(supported))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The record that lets a verifier's SUPPORTS count.

    Attributes:
        threshold: the least score that supports, 0 to 1.
        n: unsupported claims it was measured on; ``leaks`` of them reached the threshold.
        supported: supported claims it was measured on; ``kept`` of them reached the threshold.
        alpha: the largest share of unsupported claims that may pass, with confidence ``1 - delta``.
        expires: the first day on which it no longer holds; None for one that every build measures again.
    """

    id: str
    verifier: str
    created: date
    threshold: float
    n: int
    leaks: int
    supported: int
    kept: int
    alpha: float
    delta: float
    data_sha256: str
    expires: date | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"the threshold is {self.threshold}; scores go from 0 to 1: choose one with threshold()")

    def holds(self, verifier: str, *, on: date) -> bool:
        """Tell whether it was made for this verifier, is in force on that day, and its bound can be stated."""
        in_force = self.expires is None or on < self.expires
        return (
            self.verifier == verifier and in_force and upper_bound(self.leaks, self.n, delta=self.delta) <= self.alpha
        )


def threshold(pairs: Sequence[Pair], *, alpha: float, delta: float, least: float = 0.0) -> float | None:
    """Return the lowest score, not under ``least``, whose leak is bounded by ``alpha`` with confidence ``1 - delta``.

    None when no score is. The share of unsupported claims that pass falls as the threshold rises, so one search for the
    most leaks that the bound allows decides about all thresholds (Bates et al. 2021, "Distribution-Free,
    Risk-Controlling Prediction Sets").
    """
    unsupported = sorted(pair.score for pair in pairs if not pair.supported)
    allowed = most_hits(len(unsupported), alpha=alpha, delta=delta)
    candidates = {least, *(pair.score for pair in pairs if pair.score >= least)}
    return min((c for c in candidates if len(unsupported) - bisect_left(unsupported, c) <= allowed), default=None)
