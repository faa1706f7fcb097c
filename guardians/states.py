"""The states of a policy pack's version, and which may follow which. The database holds the same pairs."""

from enum import StrEnum


class PackState(StrEnum):
    """Only IN_FORCE decides anything."""

    DRAFT = "DRAFT"
    PROPOSED = "PROPOSED"
    IN_FORCE = "IN_FORCE"
    SUPERSEDED = "SUPERSEDED"
    WITHDRAWN = "WITHDRAWN"


S = PackState
PACK_TRANSITIONS = frozenset(
    {
        (S.DRAFT, S.PROPOSED),
        (S.DRAFT, S.WITHDRAWN),
        (S.PROPOSED, S.IN_FORCE),
        (S.PROPOSED, S.WITHDRAWN),
        (S.IN_FORCE, S.SUPERSEDED),
    }
)
