"""What a verifier is asked about one answer, all claims at once, and a memory of what it said before.

Pure. A memory saves time and decides nothing: what it gives is checked as a verifier's word is, and what it lacks is
computed.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from evidence.calibration import Calibration
from evidence.claims import Statement
from evidence.deadline import in_time
from evidence.passages import Passage
from evidence.verdicts import Alignment
from evidence.verifying import Context, Verifier, VerifierFault, aligned, are_sound


@dataclass(frozen=True, slots=True)
class Asked:
    """A claim, and the passages that it is to be aligned with."""

    claim: Statement
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Consultation:
    """All that a verifier is asked about one answer, and the calibration by which its word will count."""

    verifier: str
    calibration: Calibration
    context: Context
    asked: tuple[Asked, ...]


class Recalled(Protocol):
    """What a memory has of one consultation."""

    @property
    def found(self) -> Sequence[Sequence[Alignment] | None]:
        """Return for each claim that was asked about its alignments, or None."""
        ...

    def keep(self, fresh: Mapping[int, Sequence[Alignment]]) -> None:
        """Keep what was computed, by the place of its claim. Raises nothing."""
        ...


class Memory(Protocol):
    """What verifiers said, kept outside of this process."""

    def recall(self, consultation: Consultation) -> Recalled:
        """Return what is remembered. Raises nothing: what cannot be read is not remembered."""
        ...


@dataclass(frozen=True, slots=True)
class Nothing:
    """The memory of who has none."""

    found: tuple[None, ...] = ()

    def recall(self, consultation: Consultation) -> "Nothing":
        return Nothing((None,) * len(consultation.asked))

    def keep(self, fresh: Mapping[int, Sequence[Alignment]]) -> None:
        pass


NOTHING = Nothing()


def consult(
    verifier: Verifier, consultation: Consultation, memory: Memory = NOTHING, *, seconds: float | None = None
) -> tuple[Sequence[Alignment] | None, ...]:
    """Return the alignments of each claim, in their order; None where the verifier failed, which is not kept.

    Args:
        seconds: how long it may take for all claims together; without a number, as long as it takes.
    """
    if not consultation.asked:
        return ()
    recalled = memory.recall(consultation)
    found = [
        known if known is not None and are_sound(known, asked.claim, asked.passages) else None
        for known, asked in zip(recalled.found, consultation.asked, strict=True)
    ]

    def ask(place: int) -> Sequence[Alignment]:
        asked = consultation.asked[place]
        return aligned(verifier, asked.claim, asked.passages, context=consultation.context)

    missing = [place for place, known in enumerate(found) if known is None]
    if seconds is None:
        answers = at_leisure(ask, missing)
    else:
        answers = in_time(ask, missing, seconds=seconds, missed=VerifierFault)
    fresh = {place: one for place, one in zip(missing, answers, strict=True) if one is not None}
    recalled.keep(fresh)
    return tuple(fresh.get(place, known) for place, known in enumerate(found))


def at_leisure(ask: Callable[[int], Sequence[Alignment]], places: Sequence[int]) -> list[Sequence[Alignment] | None]:
    """Return what is answered to each, None where it failed."""
    answers: list[Sequence[Alignment] | None] = [None] * len(places)
    for at, place in enumerate(places):
        with suppress(VerifierFault):
            answers[at] = ask(place)
    return answers
