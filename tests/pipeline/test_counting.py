"""How often rules fire and how often people overrule them: each row once, each workspace for itself."""

import datetime as dt

import pytest
from django.utils.timezone import now

from orchestration import counting, runs
from orchestration.engine import driver
from orchestration.management.stage import Stage
from orchestration.models import Run
from tests.pipeline.asking import CASES, ask, fresh
from tests.pipeline.returning import approved

LATER = dt.timedelta(minutes=1)


def counted(stage: Stage) -> dict[str, tuple[int, int, int]]:
    while counting.count(until=now() + LATER):
        pass
    found = counting.counted(stage.actors["ada"])
    return {known.rule: (known.fired, known.overruled, known.upheld) for known in found}


def doubted(stage: Stage) -> Run:
    """Return a run whose answer a rule sends to people."""
    return ask(stage, {**CASES["b"], "facts": {"use_case": "education_admission"}})


def rejected(stage: Stage, run: Run) -> Run:
    approval = run.approvals.get(state="PENDING")
    runs.reject(approval.pk, actor=stage.actors["alan"], reason="It is not proven.", seen=approval.binding)
    driver.advance(run.pk)
    return fresh(run)


def test_a_rule_that_fired_is_counted_once_however_often_one_counts(quick: Stage) -> None:
    ask(quick, CASES["d"])
    first = counted(quick)
    assert first["privacy.email"] == (1, 0, 0)
    assert counted(quick) == first
    ask(quick, CASES["d"])
    assert counted(quick)["privacy.email"] == (2, 0, 0)


def test_what_people_made_of_a_rule_is_counted(quick: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "STEP", 1)
    rejected(quick, doubted(quick))
    rules = {rule: known for rule, known in counted(quick).items() if known[2]}
    assert rules
    assert {known[:2] for known in rules.values()} == {(1, 0)}


def test_what_is_young_is_left_for_later(quick: Stage) -> None:
    ask(quick, CASES["d"])
    assert counting.count() == 0
    counted(quick)
    last = counting.counted(quick.actors["ada"], rule="privacy.email").get()
    assert last.last_fired_at is not None
    assert not counting.counted(quick.actors["ada"], guardian="nobody").exists()


def test_an_approval_overrules_every_rule_behind_the_doubt(quick: Stage) -> None:
    approved(quick, doubted(quick))
    assert {known[1:] for known in counted(quick).values() if known[1]} == {(1, 0)}
