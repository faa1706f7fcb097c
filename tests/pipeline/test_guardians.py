"""Guardians that hang, die or lie in whole runs: the outcome comes by the deadline, allows nothing and says why."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from guardians.guardian import Material, Vote
from guardians.models import Review
from guardians.panel import Panel
from orchestration.engine import bench
from orchestration.engine.redeciding import replay
from orchestration.management.stage import Stage
from orchestration.models import Run
from tests.guardians.plugins import installed
from tests.pipeline.asking import CASES, ask

SECONDS = 1
SLACK = 0.1
BUILT_IN = {"safety": "safety.Safety", "privacy": "privacy.Privacy", "compliance": "compliance.Compliance"}


@pytest.fixture
def invite(
    quick: Stage, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Callable[..., Run]]:
    """Let guardians of other packages have to vote from some stakes on; return what asks with them."""
    monkeypatch.syspath_prepend(str(installed(tmp_path)))
    settings.PROMETHEUS_GUARDIAN_SECONDS = SECONDS

    def use(*names: str, required: bool = True) -> Callable[..., Run]:
        settings.PROMETHEUS_GUARDIANS = list(names)
        settings.PROMETHEUS_REQUIRED = {"LOW": list(names) if required else [], "MEDIUM": [], "HIGH": []}
        bench.close()
        return lambda **changes: ask(quick, {**CASES["b"], **changes})

    return use


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long each hearing of the panel took, in seconds."""
    taken: list[float] = []
    hear = Panel.hear

    def timed(panel: Panel, material: Material, **known: Any) -> tuple[Vote, ...]:
        began = time.monotonic()
        votes = hear(panel, material, **known)
        taken.append(time.monotonic() - began)
        return votes

    monkeypatch.setattr(Panel, "hear", timed)
    return taken


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def review_of(run: Run) -> Review:
    return Review.objects.get(run=run.pk)


def nothing_was_let_through(run: Run) -> bool:
    return run.decision in {"REFUSE", "ESCALATE"} and run.answer_sealed is None


@pytest.mark.parametrize(
    ("name", "stakes"),
    [
        *(("hang", stakes) for stakes in ("LOW", "MEDIUM", "HIGH")),
        *((name, "MEDIUM") for name in ("die", "crash", "nan", "other", "posing", "mute", "moody", "gone")),
    ],
)
def test_a_broken_guardian_that_has_to_vote_lets_nothing_through(
    invite: Callable[..., Callable[..., Run]], heard: list[float], name: str, stakes: str
) -> None:
    run = invite(name)(stakes=stakes)
    review = review_of(run)
    assert nothing_was_let_through(run)
    assert max(heard) < SECONDS + SLACK
    assert f"required_guardian_abstained:{name}" in review.reasons
    assert review.votes.get(guardian=name).ballot == "ABSTAIN"
    assert [known.cannot or known.differences for known in replay([run.pk])] == [()]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_guardian_that_hangs_costs_its_deadline_and_not_the_run(
    invite: Callable[..., Callable[..., Run]],
    heard: list[float],
    release: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setattr(f"guardians.{BUILT_IN[name]}.review", lambda *_: release.wait())
    run = invite()()
    assert (run.decision, review_of(run).votes.get(guardian=name).ballot) == ("ESCALATE", "ABSTAIN")
    assert max(heard) < SECONDS + SLACK


def test_who_is_asked_in_vain_and_need_not_vote_is_on_record_and_stops_nothing(
    invite: Callable[..., Callable[..., Run]],
) -> None:
    run = invite("crash", required=False)()
    assert run.decision == "PUBLISH_PARTIAL"
    assert review_of(run).reasons[0] == "optional_guardian_abstained:crash"


def test_a_guest_that_spoils_the_facts_spoils_its_own_copy(invite: Callable[..., Callable[..., Run]]) -> None:
    assert invite("spoil")().decision == "PUBLISH_PARTIAL"


def test_a_guest_escalates_what_it_finds(invite: Callable[..., Callable[..., Run]]) -> None:
    run = invite("tone")(answer=f"Trust me. {CASES['b']['answer']}")
    assert (run.decision, review_of(run).votes.get(guardian="tone").findings.get().rule) == ("ESCALATE", "tone.word")


@pytest.mark.parametrize(
    ("name", "reason"), [("guess", "required_guardian_abstained:guess"), ("sure", "uncertain:sure")]
)
def test_guesses_allow_nothing_without_a_calibration_or_inside_its_band(
    invite: Callable[..., Callable[..., Run]], name: str, reason: str
) -> None:
    run = invite(name)(stakes="MEDIUM")
    assert (run.decision, reason in review_of(run).reasons) == ("ESCALATE", True)
