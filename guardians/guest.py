"""A guardian of another package at our table: what it says of itself is read once, and it gets facts of its own.

A guest is any ``Guardian``. It may also have ``seconds``, its deadline where that is shorter than the site's, and
``calibration``: without one, what it allows on scores or by a language model is not taken for an ALLOW.
"""

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from guardians.consensus import NAME_LIMIT, Band
from guardians.guardian import NAME_LIMITS, Ballot, Basis, Finding, Guardian, Material, Vote, is_score

NAME = re.compile(rf"[a-z][a-z0-9_-]{{0,{NAME_LIMIT - 1}}}")
ID_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a guardian's scores are worth: with ``low <= score < high`` nobody can tell, and a person decides.

    Attributes:
        id: of the record behind it, 1 to ``ID_LIMIT`` characters; another record, another id.
    """

    id: str
    low: float
    high: float

    @property
    def band(self) -> Band:
        return Band(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Guest:
    """The guardian as it was when it was loaded."""

    guardian: Guardian
    name: str
    own_version: str
    seconds: float
    calibration: Calibration | None = None

    @property
    def version(self) -> str:
        return f"{self.own_version}/{self.calibration.id}" if self.calibration else self.own_version

    def review(self, material: Material) -> Vote:
        """Return what the guardian says of a copy of the facts: it cannot change what others are shown."""
        vote = self.guardian.review(replace(material, facts=copy.deepcopy(dict(material.facts))))
        said = getattr(vote, "version", None)  # cast finds out whether this is a vote at all
        return replace(vote, version=self.version) if said == self.own_version else vote


@dataclass(frozen=True, slots=True)
class Absent:
    """Stands in for a guardian that is named and cannot be had: it abstains whatever it is asked."""

    name: str
    version: str = "absent"

    def review(self, material: Material) -> Vote:  # noqa: ARG002 - the shape of a guardian
        raise LookupError("this guardian could not be loaded; manage.py check --deploy says why")


def guest(found: object, *, name: str, seconds: float) -> Guest:
    """Return what a package brought as a guest.

    Args:
        name: what it is registered as, and has to call itself.
        seconds: the site's deadline, which its own may only shorten.

    Raises:
        ValueError: it is no guardian; the message says what is missing.
    """
    version, own = getattr(found, "version", None), getattr(found, "seconds", seconds)
    calibration = getattr(found, "calibration", None)
    if getattr(found, "name", None) != name or not callable(getattr(found, "review", None)):
        raise ValueError(f"it needs review() and the name {name!r}, as it is registered")
    if not isinstance(own, int | float) or not own > 0:
        raise ValueError("its seconds are no number above 0")
    if calibration is not None and not is_calibration(calibration):
        raise ValueError(f"its calibration needs an id of 1 to {ID_LIMIT} characters and 0 <= low <= high <= 1")
    limit = NAME_LIMITS["version"] - ID_LIMIT - 1
    if not isinstance(version, str) or not 0 < len(version) <= limit:
        raise ValueError(f"it needs a version of 1 to {limit} characters that changes with whatever decides its votes")
    return Guest(found, name, version, min(float(own), seconds), calibration)  # type: ignore[arg-type]


def voted(
    guardian: Guardian,
    material: Material,
    ballot: Ballot,
    findings: Sequence[Finding] = (),
    *,
    basis: Basis = Basis.DETERMINISTIC,
    hard: bool = False,
    reason: str = "",
) -> Vote:
    """Return a guardian's vote on exactly this material; its score is that of the gravest finding."""
    return Vote(
        guardian=guardian.name,
        ballot=ballot,
        findings=tuple(findings),
        score=max((finding.score for finding in findings), default=0.0),
        basis=basis,
        hard=hard,
        reason=reason or f"{len(findings)} findings",
        backend=guardian.name,
        version=guardian.version,
        material=material.digest(),
        policy_hash=material.policy_hash,
    )


def is_calibration(value: object) -> bool:
    if not isinstance(value, Calibration) or not 0 < len(str(value.id)) <= ID_LIMIT:
        return False
    return is_score(value.low) and is_score(value.high) and value.low <= value.high
