"""What a guardian's threshold is worth on a workspace's own harmless documents, with a stated bound on false alarms."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from audit.bounds import most_hits, upper_bound


@dataclass(frozen=True, slots=True)
class Alarms:
    """What harmless documents come to at a threshold.

    Attributes:
        threshold: log odds; a document whose likest window reaches it is an alarm.
        n: harmless documents; ``alarms`` of them reach it.
    """

    threshold: float
    n: int
    alarms: int

    def bound(self, delta: float) -> float:
        """Return the share of such documents that alarm, at most, with confidence ``1 - delta``."""
        return upper_bound(self.alarms, self.n, delta=delta)


def alarms(odds: Sequence[float], at: float) -> Alarms:
    return Alarms(at, len(odds), sum(one >= at for one in odds))


def threshold(odds: Sequence[float], *, alpha: float, delta: float, least: float, step: float = 1e-4) -> float | None:
    """Return the lowest threshold, not under ``least``, at which the bound on alarms is alpha or less; None if none.

    The share that alarms falls as the threshold rises, so one search for the most alarms allowed decides about all
    (Bates et al. 2021, "Distribution-Free, Risk-Controlling Prediction Sets").
    """
    allowed = most_hits(len(odds), alpha=alpha, delta=delta)
    if allowed < 0:
        return None
    ordered = sorted(odds, reverse=True)
    above = ordered[allowed] + step if allowed < len(ordered) else least
    return max(least, above)


def digest_of(odds: Sequence[float]) -> str:
    """Return a hash over the odds, in an order of their own: what a record was made from."""
    return hashlib.sha256("\n".join(sorted(map(repr, odds))).encode()).hexdigest()
