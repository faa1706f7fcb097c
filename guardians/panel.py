"""All guardians at once, each on a thread of its own and by its deadline. Who says nothing in time has abstained.

A call under way cannot be broken off: its thread is left behind and ends when the guardian returns; what it says then
is not heard. So that a guardian that hangs fills no process with threads, it rests after a few misses (``Breaker``) and
is not asked at all while too many of its calls hang.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from enum import StrEnum

from guardians.breaker import Breaker
from guardians.guardian import Ballot, Basis, Guardian, Material, MaterialError, Vote, abstention, cast

HANGING_LIMIT = 8


class Cause(StrEnum):
    """Why a guardian abstained; the first word of its vote's reason."""

    LATE = "late"
    RESTING = "resting"
    ENDED = "ended"
    UNCALIBRATED = "uncalibrated"
    UNINFORMED = "uninformed"
    FAILED = "failed"


def cause_of(ballot: str, reason: str) -> Cause | None:
    """Return why a guardian abstained, by its vote's reason; None for a vote that is no abstention."""
    if ballot != Ballot.ABSTAIN:
        return None
    word = reason.partition(":")[0]
    return next((cause for cause in Cause if cause == word), Cause.FAILED)


class Seat:
    """One guardian's place: its deadline, and how it has been answering.

    Args:
        seconds: after so long it has abstained.
        calibrated: its scores have a record of what they are worth; without one, a vote that rests on scores or on a
            language model may only make things stricter.
    """

    def __init__(
        self, guardian: Guardian, *, seconds: float, calibrated: bool = True, clock: Callable[[], float]
    ) -> None:
        self.guardian = guardian
        self.seconds = seconds
        self.calibrated = calibrated
        self.breaker = Breaker(clock=clock)
        self.hanging: set[Call] = set()

    def taken_by(self, guardian: Guardian) -> "Seat":
        """Return the same place with another guardian of that name, as it is in a workspace with packs of its own."""
        other = copy(self)
        other.guardian = guardian
        return other

    def refusal(self) -> str:
        """Return why the guardian is not asked now, or ''."""
        if len(self.hanging) >= HANGING_LIMIT:
            return f"{Cause.RESTING}: {HANGING_LIMIT} of its calls hang"
        return "" if self.breaker.admits() else f"{Cause.RESTING}: it did not answer {self.breaker.misses} times"

    def accepted(self, vote: Vote, material: Material) -> Vote:
        """Return the vote, or an abstention where this guardian may not say that."""
        lenient = vote.ballot in {Ballot.ALLOW, Ballot.ALLOW_WITH_REDACTION}
        if self.calibrated or not lenient or vote.basis is Basis.DETERMINISTIC:
            return vote
        reason = f"{Cause.UNCALIBRATED}: {vote.ballot} on scores without a calibration"
        return abstention(self.guardian, material, reason=reason, elapsed_us=vote.elapsed_us)


class Call:
    """One guardian asked about one material, on its own thread."""

    def __init__(self, seat: Seat, material: Material) -> None:
        self.seat = seat
        self.material = material
        self.vote: Vote | None = None
        self.done = threading.Event()
        threading.Thread(target=self.work, name=f"guardian {seat.guardian.name}", daemon=True).start()

    def work(self) -> None:
        try:
            self.vote = cast(self.seat.guardian, self.material, clock=time.perf_counter_ns)
        except BaseException:  # noqa: BLE001, S110 - such as SystemExit: it ends this thread, and the vote is missing
            pass
        finally:
            self.done.set()
            self.seat.hanging.discard(self)

    def outcome(self, *, wait: float) -> Vote:
        """Return what the guardian said within so many seconds; else that it abstained."""
        seat = self.seat
        if not self.done.wait(max(0.0, wait)):
            seat.hanging.add(self)
            if self.done.is_set():  # between the wait and the line before
                seat.hanging.discard(self)
            seat.breaker.missed()
            reason = f"{Cause.LATE}: no answer within {seat.seconds:g} s"
            return abstention(seat.guardian, self.material, reason=reason, elapsed_us=int(seat.seconds * 1e6))
        if self.vote is None:
            seat.breaker.missed()
            return abstention(seat.guardian, self.material, reason=f"{Cause.ENDED}: its thread ended without a vote")
        seat.breaker.answered()
        return seat.accepted(self.vote, self.material)


class Panel:
    """The guardians of a process, and how each has been answering there. Safe to share between threads."""

    def __init__(self, seats: Sequence[Seat], *, clock: Callable[[], float] = time.monotonic) -> None:
        self.seats = tuple(seats)
        self.clock = clock

    def hear(self, material: Material, *, unasked: Mapping[str, str] | None = None) -> tuple[Vote, ...]:
        """Return one vote of each guardian, in the order of the seats. Never raises, and ends with the last deadline.

        Args:
            unasked: guardians that are not to be asked about this material, with the reason of their abstention.
        """
        began = self.clock()
        with suppress(MaterialError):  # then every vote is an abstention, and says why
            material.digest()  # once, before the threads each do it
        silent = unasked or {}
        asked = [self.ask(seat, material, silent.get(seat.guardian.name, "")) for seat in self.seats]
        return tuple(
            item if isinstance(item, Vote) else item.outcome(wait=began + item.seat.seconds - self.clock())
            for item in asked
        )

    def ask(self, seat: Seat, material: Material, silent: str) -> "Vote | Call":
        reason = silent or seat.refusal()
        if reason:
            return abstention(seat.guardian, material, reason=reason)
        try:
            return Call(seat, material)
        except RuntimeError:
            return abstention(seat.guardian, material, reason=f"{Cause.ENDED}: no thread can be started")

    def one(self, name: str, material: Material) -> Vote:
        """Return the vote of the guardian with this name.

        Raises:
            StopIteration: there is none.
        """
        (vote,) = Panel([self.seat(name)], clock=self.clock).hear(material)
        return vote

    def seat(self, name: str) -> Seat:
        return next(seat for seat in self.seats if seat.guardian.name == name)

    def among(self, guardians: Sequence[Guardian]) -> "Panel":
        """Return these guardians at the places of those with their names."""
        return Panel([self.seat(guardian.name).taken_by(guardian) for guardian in guardians], clock=self.clock)

    def resting(self) -> tuple[str, ...]:
        """Return the names of the guardians that are not asked for a while."""
        return tuple(seat.guardian.name for seat in self.seats if seat.breaker.is_open)
