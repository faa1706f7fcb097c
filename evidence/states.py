"""The states of a claim, and which may follow which. The database holds the same pairs."""

from enum import StrEnum


class ClaimState(StrEnum):
    PROPOSED = "PROPOSED"
    SUPPORTED = "SUPPORTED"
    CONTRADICTED = "CONTRADICTED"
    INSUFFICIENT = "INSUFFICIENT"
    DISPUTED = "DISPUTED"
    PUBLISHED = "PUBLISHED"
    WITHHELD = "WITHHELD"


JUDGED = (ClaimState.SUPPORTED, ClaimState.CONTRADICTED, ClaimState.INSUFFICIENT, ClaimState.DISPUTED)

# Only SUPPORTED leads to PUBLISHED: guarantee 1 in one line.
LEGAL: frozenset[tuple[ClaimState, ClaimState]] = frozenset(
    {(ClaimState.PROPOSED, state) for state in JUDGED}
    | {(state, ClaimState.WITHHELD) for state in JUDGED}
    | {(ClaimState.SUPPORTED, ClaimState.PUBLISHED)}
)
ENTRY = (ClaimState.PROPOSED, *JUDGED)
