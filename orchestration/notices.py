"""What a receiver is told about a run, how it is signed, and when it is told again. Never a text of a client."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from audit import canonical

SIGNATURE = "X-Prometheus-Signature"
FIRST_DELAY, FACTOR, LONGEST_DELAY = 10.0, 3.0, 6 * 3600.0


class NoticeType(StrEnum):
    """What a receiver can be told. The trigger in the database writes the same words."""

    COMPLETED = "run.completed"
    FAILED = "run.failed"
    CANCELLED = "run.cancelled"
    ESCALATED = "run.escalated"


class DeliveryState(StrEnum):
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    GIVEN_UP = "GIVEN_UP"


class Fault(StrEnum):
    """Why an attempt to deliver failed."""

    UNRESOLVED = "UNRESOLVED"
    REFUSED = "REFUSED"
    UNREACHABLE = "UNREACHABLE"
    TLS = "TLS"
    TIMEOUT = "TIMEOUT"
    BROKEN = "BROKEN"
    REDIRECT = "REDIRECT"
    STATUS = "STATUS"
    SECRET = "SECRET"  # noqa: S105 - the fault of a secret that does not open
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True)
class Notice:
    """One change of one run. ``id`` is the delivery's: a receiver that sees it twice was told twice."""

    id: str
    type: str
    run: str
    state: str
    decision: str
    at: datetime

    def body(self) -> bytes:
        """Return the canonical JSON that is sent and signed; the same notice always gives the same bytes."""
        return canonical.encode(
            {
                "id": self.id,
                "type": self.type,
                "run": self.run,
                "state": self.state,
                "decision": self.decision,
                "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            }
        )


def sign(secrets: Sequence[str], body: bytes, *, at: int) -> str:
    """Return the value of the signature's header: ``t=SECONDS,v1=HEX``, HMAC-SHA-256 over ``t.body``.

    The time is signed too, so that a receiver can refuse what was recorded and sent again later. Each secret gives a
    ``v1`` of its own: while one follows the other, a receiver that knows either finds its signature.
    """
    signed = f"{at}.".encode() + body
    macs = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={mac}" for mac in macs)])


def delay(attempt: int, *, chance: float) -> float:
    """Return the seconds between one attempt and the next.

    Args:
        attempt: how many there were, from 1.
        chance: 0 to 1. Half of the delay is left to it, so that notices that failed together do not return together.
    """
    longest = min(FIRST_DELAY * FACTOR ** min(attempt - 1, 20), LONGEST_DELAY)
    return longest * (0.5 + chance / 2)
