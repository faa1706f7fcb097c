"""A workspace's own calibration of what scores: the states it can be in, and what it is to say. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from audit.errors import Invalid

DAYS_MOST = 730
# A bound above a quarter, or one that is wrong once in four times, is no reason to trust anything.
SHARE_LEAST, SHARE_MOST = 0.001, 0.25


class CalibrationState(StrEnum):
    IN_FORCE = "IN_FORCE"
    SUPERSEDED = "SUPERSEDED"
    WITHDRAWN = "WITHDRAWN"


TRANSITIONS: frozenset[tuple[CalibrationState, CalibrationState]] = frozenset(
    (CalibrationState.IN_FORCE, ended) for ended in (CalibrationState.SUPERSEDED, CalibrationState.WITHDRAWN)
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a calibration is to say.

    Attributes:
        alpha: the largest share that may pass though it should not, with confidence ``1 - delta``.
        days: how long it holds, 1 to 730.
    """

    alpha: float
    delta: float = 0.1
    days: int = 180

    def check(self) -> None:
        """Raise Invalid where something is out of its range."""
        for name, share in (("alpha", self.alpha), ("delta", self.delta)):
            if not SHARE_LEAST <= share <= SHARE_MOST:
                raise Invalid(f"{name} is {share:g}; use {SHARE_LEAST:g} to {SHARE_MOST:g}")
        if not 1 <= self.days <= DAYS_MOST:
            raise Invalid(f"a calibration would hold for {self.days} days; use 1 to {DAYS_MOST}")
