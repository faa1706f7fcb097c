"""How much depends on a decision: what it takes to publish or to act grows with it."""

from enum import StrEnum


class Stakes(StrEnum):
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
