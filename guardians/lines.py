"""The numbered lines of the consensus rule, and which of them an outcome rests on. For people who read a review."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from audit.stakes import Stakes
from guardians import consensus
from guardians.guardian import Ballot

NUMBERED = re.compile(r"^(\d+)\. (.+?)(?=^\d+\. |^$)", re.MULTILINE | re.DOTALL)
# What a person reads where no numbered line speaks: the rule as a whole.
WHOLE = "The strictest demand wins; nobody is outvoted."
LINES: dict[str, int] = {
    "hard_deny": 1,
    "overridden": 1,
    "soft_deny": 2,
    "malformed_vote": 3,
    "score_invalid": 3,
    "material_differs": 3,
    "policy_differs": 3,
    "optional_guardian_abstained": 3,
    "required_guardian_abstained": 4,
    "not_independent": 4,
    "uncertain": 5,
    "people_required": 6,
    "no_votes": 7,
    "no_guardian_required": 7,
    "unknown_stakes": 7,
    "unknown_guardian": 7,
    "equivocation": 7,
}
# What never makes an outcome stricter: it is said beside the demand that does.
NOTES = frozenset(
    {"score_invalid", "material_differs", "policy_differs", "optional_guardian_abstained", "people_required"}
)


@dataclass(frozen=True, slots=True)
class Ground:
    """One reason of an outcome.

    Attributes:
        code: the reason as consensus gives it, ``code:about``.
        line: the number of the line of the rule it comes from; 0 where the rule as a whole speaks.
        says: that line.
        decides: no demand was stricter than this one, so the outcome is what it is because of it.
    """

    code: str
    line: int
    says: str
    decides: bool


@cache
def rule() -> dict[int, str]:
    """Return the lines of the rule by number, as they stand in ``guardians.consensus``."""
    found = NUMBERED.findall(consensus.__doc__ or "")
    return {int(number): " ".join(text.split()) for number, text in found}


def grounds(reasons: Iterable[str], *, ballot: str, stakes: str) -> tuple[Ground, ...]:
    """Return why an outcome is what it is, from what a review keeps of it: those that decide first.

    Args:
        reasons: as ``Consensus.reasons`` has them.
        ballot: the outcome.
    """
    found = [ground(reason, ballot=ballot, stakes=stakes) for reason in reasons]
    return tuple(sorted(found, key=lambda one: (not one.decides, one.line, one.code)))


def ground(reason: str, *, ballot: str, stakes: str) -> Ground:
    name = reason.partition(":")[0]
    line = LINES.get(name, 0)
    return Ground(reason, line, rule().get(line, WHOLE), any(ballot == one for one in demanded(name, stakes)))


def demanded(name: str, stakes: str) -> Iterator[Ballot]:
    """Yield the outcomes that a reason can call for. A review keeps no policy, so an absence at LOW has two."""
    match name:
        case "hard_deny":
            yield Ballot.DENY
        case "soft_deny":
            yield Ballot.DENY if stakes == Stakes.LOW else Ballot.ESCALATE
        case "required_guardian_abstained" if stakes == Stakes.LOW:
            yield from (Ballot.DENY, Ballot.ESCALATE)
        case "redact":
            yield Ballot.ALLOW_WITH_REDACTION
        case _ if name not in NOTES:
            yield Ballot.ESCALATE
