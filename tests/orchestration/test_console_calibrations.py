"""The page of calibrations: what decides, what it states, and what came before."""

import datetime as dt

import pytest
from django.utils.timezone import now

from audit.models import Workspace
from audit.roles import Role
from evidence import calibrating
from evidence.calibration import Origin
from evidence.models import CalibrationRecord
from guardians import calibrating as guardian_calibrating
from guardians.models import GuardianCalibration
from tests.conftest import Person, person
from tests.evidence.labelling import labels
from tests.orchestration.looking import look, send

PAGE = "/console/evidence/calibrations"
SAFETY = "/console/guardians/calibrations"
HARMLESS = [5.0, 6.0, *([0.0] * 600)]


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


# Safety


def of_safety(ada: Person) -> GuardianCalibration:
    return guardian_calibrating.calibrate(HARMLESS, actor=ada.actor)


def test_without_a_threshold_of_its_own_the_shipped_one_is_said_to_decide(grace: Person) -> None:
    words = look(grace, SAFETY).words
    assert "The shipped threshold decides" in words
    assert "None was made." in words


def test_a_threshold_of_safety_says_who_made_it_and_what_it_rests_on(ada: Person, grace: Person) -> None:
    record = of_safety(ada)
    words = look(grace, SAFETY).words
    assert "own calibration decides" in words
    assert f"Threshold, alpha, delta {record.threshold}, 0.01, 0.1" in words
    assert "Harmless documents that alarm: 2 of 602 did" in words
    assert f"data {record.data_sha256[:12]}" in words
    assert "by ada" in words


def test_those_of_safety_that_ended_stay_listed(ada: Person, grace: Person) -> None:
    of_safety(ada)
    of_safety(ada)
    guardian_calibrating.withdraw(actor=ada.actor)
    words = look(grace, SAFETY).words
    assert (words.count("Superseded"), words.count("Withdrawn")) == (1, 1)


def test_a_viewer_does_not_see_those_of_safety_nor_does_another_workspace(
    workspace: Workspace, ada: Person, mallory: Person
) -> None:
    record = of_safety(ada)
    assert look(person("vera", workspace, Role.VIEWER), SAFETY).status == 403
    assert str(record.pk) not in look(mallory, SAFETY).text


# Withdrawal


@pytest.mark.parametrize("page", [PAGE, SAFETY])
def test_an_operator_withdraws_what_is_in_force(ada: Person, grace: Person, page: str) -> None:
    record = made(ada) if page == PAGE else of_safety(ada)
    assert "Withdraw the calibration" in look(ada, page).words
    assert send(ada, page, record=str(record.pk)).status == 302
    assert type(record)._default_manager.get().state == "WITHDRAWN"
    assert "Withdraw the calibration" not in look(ada, page).words


@pytest.mark.parametrize("page", [PAGE, SAFETY])
def test_whoever_is_no_operator_or_of_another_workspace_withdraws_nothing(
    ada: Person, grace: Person, mallory: Person, page: str
) -> None:
    record = made(ada) if page == PAGE else of_safety(ada)
    assert "Withdraw the calibration" not in look(grace, page).words
    assert send(grace, page, record=str(record.pk)).status == 403
    assert send(mallory, page, record=str(record.pk)).status == 404
    assert type(record)._default_manager.get().state == "IN_FORCE"


def test_what_was_shown_is_withdrawn_and_nothing_else(ada: Person) -> None:
    first, second = made(ada), made(ada)
    assert send(ada, PAGE, record=str(first.pk)).status == 409
    assert send(ada, PAGE, record="all").status == 400
    assert calibrating.in_force(ada.actor) == second
