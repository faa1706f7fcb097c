"""The page of calibrations: what decides, what it states, and what came before."""

import datetime as dt

import pytest
from django.utils.timezone import now

from audit.models import Workspace
from audit.roles import Role
from evidence import calibrating
from evidence.calibration import Origin
from evidence.models import CalibrationRecord
from tests.conftest import Person, person
from tests.evidence.labelling import labels
from tests.orchestration.looking import look

PAGE = "/console/evidence/calibrations"


def made(ada: Person) -> CalibrationRecord:
    doubted = labels([0.9], [0.1] * 3, origin=Origin.APPEAL)
    return calibrating.calibrate([*labels([0.9, 0.4], [0.1] * 57), *doubted], actor=ada.actor)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.REVIEWER, Role.VIEWER])
def test_without_one_of_its_own_the_built_in_one_is_said_to_decide(workspace: Workspace, role: Role) -> None:
    words = look(person("somebody", workspace, role), PAGE).words
    assert "The built-in calibration decides" in words
    assert "demo-edits-3" in words
    assert "None was made." in words


def test_the_one_in_force_says_what_it_states_and_rests_on(ada: Person, grace: Person) -> None:
    record = made(ada)
    words = look(grace, PAGE).words
    assert "own calibration decides" in words
    assert "0 of 60 did" in words
    assert "2 of 3 did" in words
    assert "4 of them labelled by appeals" in words
    assert record.calibration().id in words
    assert f"{record.expires_on:%-d %b %Y}" in words
    assert "by ada" in words


def test_a_calibration_that_expired_is_said_to_decide_nothing(
    ada: Person, grace: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(ada)
    later = now() + dt.timedelta(days=400)
    monkeypatch.setattr("orchestration.console.calibrations.now", lambda: later)
    words = look(grace, PAGE).words
    assert "The built-in calibration decides" in words
    assert "Decides nothing" in words


def test_those_before_stay_listed_with_who_ended_them(ada: Person, grace: Person) -> None:
    made(ada)
    made(ada)
    calibrating.withdraw(actor=ada.actor)
    words = look(grace, PAGE).words
    assert (words.count("Superseded"), words.count("Withdrawn")) == (1, 1)
    assert "The built-in calibration decides" in words


def test_calibrations_of_another_workspace_are_not_there(ada: Person, mallory: Person) -> None:
    record = made(ada)
    shown = look(mallory, PAGE)
    assert "The built-in calibration decides" in shown.words
    assert str(record.pk) not in shown.text
