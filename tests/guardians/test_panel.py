"""Guardians side by side: each has its deadline, and whoever says nothing in time has abstained."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from audit.stakes import Stakes
from guardians.breaker import MISSES, REST_SECONDS, Breaker
from guardians.consensus import DEFAULT_CONSENSUS, decide
from guardians.guardian import Ballot, Basis, Material, Part, Piece, Vote
from guardians.panel import HANGING_LIMIT, Cause, Panel, Seat, cause_of

MATERIAL = Material((Piece(Part.ANSWER, "answer", "Warfarin is stopped."),), {}, Stakes.MEDIUM, "p" * 64)
SECONDS = 0.2
SLACK = 0.1


def vote(name: str, material: Material = MATERIAL, **changes: Any) -> Vote:
    known = Vote(
        guardian=name,
        ballot=Ballot.ALLOW,
        findings=(),
        score=0.0,
        basis=Basis.DETERMINISTIC,
        hard=False,
        reason="",
        backend=name,
        version="1",
        material=material.digest(),
        policy_hash=material.policy_hash,
    )
    return replace(known, **changes)


@dataclass
class Does:
    """A guardian that does something when it is asked."""

    name: str
    do: Callable[[Material], Any]
    version: str = "1"

    def review(self, material: Material) -> Vote:
        said: Vote = self.do(material)
        return said


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Return what hanging guardians wait for; they are let go at the end."""
    event = threading.Event()
    yield event
    event.set()


def seat(name: str, do: Callable[[Material], Any], clock: Callable[[], float] = time.monotonic, **known: Any) -> Seat:
    return Seat(Does(name, do), seconds=known.pop("seconds", SECONDS), clock=clock, **known)


def allows(name: str) -> Seat:
    return seat(name, lambda material: vote(name, material))


def test_every_guardian_votes_in_the_order_of_the_seats() -> None:
    votes = Panel([allows("safety"), allows("privacy")]).hear(MATERIAL)
    assert [(v.guardian, v.ballot) for v in votes] == [("safety", Ballot.ALLOW), ("privacy", Ballot.ALLOW)]


def test_guardians_wait_side_by_side() -> None:
    def slow(material: Material) -> Vote:
        time.sleep(SECONDS / 2)
        return vote("slow", material)

    began = time.monotonic()
    votes = Panel([seat("slow", slow) for _ in range(4)]).hear(MATERIAL)
    assert {v.ballot for v in votes} == {Ballot.ALLOW}
    assert time.monotonic() - began < SECONDS / 2 + SLACK


def test_a_guardian_that_hangs_costs_its_deadline_and_no_other_vote(release: threading.Event) -> None:
    panel = Panel([seat("safety", lambda _: release.wait()), allows("privacy")])
    began = time.monotonic()
    late, other = panel.hear(MATERIAL)
    assert SECONDS <= time.monotonic() - began < SECONDS + SLACK
    assert (late.ballot, late.reason) == (Ballot.ABSTAIN, "late: no answer within 0.2 s")
    assert other.ballot is Ballot.ALLOW


def test_what_is_said_after_the_deadline_is_not_heard(release: threading.Event) -> None:
    def late(material: Material) -> Vote:
        release.wait()
        return vote("safety", material)

    (said,) = Panel([seat("safety", late)]).hear(MATERIAL)
    release.set()
    time.sleep(0.05)
    assert cause_of(said.ballot, said.reason) is Cause.LATE


@pytest.mark.parametrize(
    ("do", "cause"),
    [
        (lambda _: 1 / 0, Cause.FAILED),
        (lambda _: sys.exit(1), Cause.ENDED),
        (lambda _: (_ for _ in ()).throw(KeyboardInterrupt), Cause.ENDED),
        (lambda _: None, Cause.FAILED),
        (lambda material: vote("g", material, score=float("nan")), Cause.FAILED),
        (lambda material: vote("g", replace(material, pieces=())), Cause.FAILED),
        (lambda material: vote("g", material, policy_hash="0" * 64), Cause.FAILED),
        (lambda material: vote("other", material), Cause.FAILED),
    ],
    ids=["raises", "exits", "interrupts", "nothing", "nan", "another run", "another policy", "another guardian"],
)
@pytest.mark.parametrize("stakes", Stakes)
def test_a_guardian_that_breaks_abstains_and_nothing_is_allowed(
    do: Callable[[Material], Any], cause: Cause, stakes: Stakes
) -> None:
    shown = replace(MATERIAL, stakes=stakes)
    votes = Panel([seat("g", do), allows("privacy"), allows("compliance")]).hear(shown)
    policy = replace(DEFAULT_CONSENSUS, required=dict.fromkeys(Stakes, ("g", "privacy", "compliance")))
    joined = decide(votes, material=shown.digest(), policy_hash="p" * 64, stakes=stakes, policy=policy)
    assert cause_of(votes[0].ballot, votes[0].reason) is cause
    assert joined.ballot in {Ballot.ESCALATE, Ballot.DENY}
    assert "required_guardian_abstained:g" in joined.reasons


@pytest.mark.parametrize(
    ("basis", "ballot", "counts"),
    [
        (Basis.STATISTICAL, Ballot.ALLOW, Ballot.ABSTAIN),
        (Basis.LLM, Ballot.ALLOW_WITH_REDACTION, Ballot.ABSTAIN),
        (Basis.LLM, Ballot.ESCALATE, Ballot.ESCALATE),
        (Basis.STATISTICAL, Ballot.DENY, Ballot.DENY),
        (Basis.DETERMINISTIC, Ballot.ALLOW, Ballot.ALLOW),
    ],
)
def test_scores_without_a_calibration_only_make_things_stricter(basis: Basis, ballot: Ballot, counts: Ballot) -> None:
    asked = seat("g", lambda material: vote("g", material, basis=basis, ballot=ballot), calibrated=False)
    (said,) = Panel([asked]).hear(MATERIAL)
    assert said.ballot is counts


def test_a_guardian_that_keeps_hanging_is_not_asked_for_a_while(release: threading.Event) -> None:
    asked = []

    def hangs(material: Material) -> Vote:
        asked.append(material)
        release.wait()
        return vote("safety", material)

    panel = Panel([seat("safety", hangs, seconds=0.01)])
    for _ in range(MISSES):
        assert panel.resting() == ()
        panel.hear(MATERIAL)
    (said,) = panel.hear(MATERIAL)
    assert len(asked) == MISSES
    assert (panel.resting(), said.reason) == (("safety",), "resting: it did not answer 3 times")


def test_no_process_fills_with_threads_that_hang(release: threading.Event) -> None:
    clock = Clock()
    place = seat("safety", lambda _: release.wait(), clock, seconds=0.001)
    panel = Panel([place])
    for _ in range(HANGING_LIMIT + 5):
        clock.now += REST_SECONDS
        panel.hear(MATERIAL)
    assert len(place.hanging) == HANGING_LIMIT
    release.set()


def test_a_guardian_that_is_not_to_be_asked_abstains_with_the_reason() -> None:
    first, second = Panel([allows("privacy"), allows("safety")]).hear(MATERIAL, unasked={"privacy": "late: so"})
    assert (first.ballot, first.reason, second.ballot) == (Ballot.ABSTAIN, "late: so", Ballot.ALLOW)


def test_a_breaker_opens_after_misses_in_a_row_tries_once_and_closes_by_an_answer() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock, misses=2, rest=10.0)
    breaker.missed()
    breaker.answered()
    breaker.missed()
    assert breaker.admits()
    breaker.missed()
    assert not breaker.admits()
    clock.now = 10.0
    assert [breaker.admits(), breaker.admits()] == [True, False]
    breaker.answered()
    assert breaker.admits()
