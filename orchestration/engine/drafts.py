"""What a provider is asked for, what it gives back, and how it fails."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from evidence.passages import Passage


@dataclass(frozen=True, slots=True)
class DraftTask:
    """A question to answer from passages and from nothing else.

    ``refused`` holds the gate's reasons when a draft is revised, each "statement (REASON)". ``seconds`` is how long all
    attempts together may take; a provider that asks nobody does not need it.
    """

    question: str
    passages: tuple[Passage, ...]
    refused: tuple[str, ...] = ()
    limit_chars: int = 100_000
    seconds: float = math.inf


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to a model: its number from 1, how it ended ("OK", "TIMEOUT", "HTTP 429" …), how long it took."""

    number: int
    outcome: str
    elapsed_us: int


@dataclass(frozen=True, slots=True)
class DraftReply:
    """A draft. The answer is empty when the passages do not answer the question. Costs are millionths of a unit."""

    answer: str
    provider: str
    model: str
    tokens_in: int = 0
    tokens_out: int = 0
    cost_micros: int = 0
    attempts: tuple[Attempt, ...] = ()


class Reason(StrEnum):
    """Why there is no draft."""

    TIMEOUT = "TIMEOUT"  # the last attempt was not answered in time
    UNREACHABLE = "UNREACHABLE"  # the last attempt could not connect, or was cut off
    SCHEMA = "SCHEMA"  # the answer is not of the form that was asked for
    REFUSED = "REFUSED"  # the model or its server will not do it: asking again would not help
    EXHAUSTED = "EXHAUSTED"  # the server was still busy or broken at the last attempt


class ProviderFailure(Exception):
    """A draft that could not be had. It holds nothing of the question, the passages, the reply or the key."""

    def __init__(self, reason: Reason, attempts: Sequence[Attempt]) -> None:
        outcomes = ", ".join(attempt.outcome for attempt in attempts)
        super().__init__(f"{reason.value} after {len(attempts)} attempts ({outcomes})")
        self.reason = reason
        self.attempts = tuple(attempts)


class Provider(Protocol):
    """Writes drafts. ``id`` and ``model`` go into the ledger.

    Attributes:
        quotes: it can only quote, so a passage that it was shown and did not quote had no part in the draft.
    """

    id: str
    model: str
    quotes: bool

    def draft(self, task: DraftTask) -> DraftReply:
        """Return a draft.

        Raises:
            ProviderFailure: there is none, with the recorded attempts.
        """
        ...
