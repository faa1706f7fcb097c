"""Calibrations over HTTP: what a client reads of them, and only of its own workspace's."""

import base64

import pytest

from audit.roles import Scope
from evidence import calibrating
from evidence.models import CalibrationRecord
from tests.conftest import Person
from tests.evidence.labelling import strict
from tests.evidence.test_documents_api import client_of

pytestmark = pytest.mark.django_db

URL = "/api/v1/calibrations"


def test_a_client_reads_what_each_record_rests_on(ada: Person) -> None:
    old = calibrating.calibrate(strict(), actor=ada.actor)
    new = calibrating.calibrate(strict(), actor=ada.actor)
    first, second = client_of(ada, Scope.DOCUMENTS_READ).get(URL).json()["results"]
    assert (first["id"], first["calibration"], first["decides"]) == (str(new.pk), f"record-{new.pk}", True)
    assert (first["threshold"], first["n"], first["leaks"], round(first["bound"], 4)) == (0.9999, 60, 0, 0.0376)
    assert (second["id"], second["state"], second["decides"]) == (str(old.pk), "SUPERSEDED", False)


def test_a_record_whose_bound_is_broken_is_not_said_to_decide(ada: Person) -> None:
    record = calibrating.calibrate(strict(), actor=ada.actor)
    calibrating.withdraw(actor=ada.actor)
    fields = {field.name: getattr(record, field.name) for field in record._meta.fields if field.name != "id"}
    CalibrationRecord.objects.create(**{**fields, "state": "IN_FORCE", "ended_by": "", "ended_at": None, "leaks": 30})
    first, _ = client_of(ada, Scope.DOCUMENTS_READ).get(URL).json()["results"]
    assert (first["state"], first["decides"]) == ("IN_FORCE", False)


def test_records_of_another_workspace_are_not_there(ada: Person, mallory: Person) -> None:
    calibrating.calibrate(strict(), actor=ada.actor)
    assert client_of(mallory, Scope.DOCUMENTS_READ).get(URL).json()["results"] == []


def test_a_key_without_the_scope_reads_none(ada: Person) -> None:
    assert client_of(ada, Scope.LEDGER_READ).get(URL).status_code == 403


def test_nobody_makes_one_over_the_api(ada: Person) -> None:
    assert client_of(ada, Scope.DOCUMENTS_READ).post(URL, {}).status_code in {403, 405}


def test_a_cursor_that_no_page_named_is_refused(ada: Person) -> None:
    cursor = base64.b64encode(b"p=yesterday").decode()
    assert client_of(ada, Scope.DOCUMENTS_READ).get(URL, {"cursor": cursor}).status_code == 400
