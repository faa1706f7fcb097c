"""Runs are judged with their workspace's own calibration while it is in force, and with the built-in one otherwise."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from audit.access import workspace_of
from audit.canonical import parse
from audit.models import Entry
from evidence import calibrating
from evidence.calibrating import Terms
from evidence.models import CalibrationRecord, Claim, ClaimBundle, Evidence
from evidence.typed.scoring import CALIBRATION, EVEN, TYPED
from orchestration.engine import bench, driver, policies
from orchestration.models import Run
from tests.conftest import Person
from tests.evidence.labelling import labels, strict
from tests.orchestration.rows import fresh, submitted

pytestmark = pytest.mark.usefixtures("committed")

LEAFLET = "Warfarin is stopped 5 days before surgery."


def judged(who: Person) -> Run:
    run = submitted(who.actor, passages=[{"source": "leaflet", "text": LEAFLET}])
    driver.advance(run.pk)
    return fresh(run)


def calibration_ids(run: Run) -> set[str]:
    """Return the calibration that is named by bundle, evidence and ledger."""
    entry: Any = parse(bytes(Entry.objects.get(run=run.pk, type="run.gated").body))
    return {
        ClaimBundle.objects.get(run=run.pk).calibration,
        *Evidence.objects.filter(claim__bundle__run=run.pk).values_list("calibration", flat=True),
        entry["data"]["calibration"],
    }


def policy_of(who: Person) -> str:
    return policies.of_workspace(bench.parts(), workspace_of(who.actor)).policy_hash


def test_without_a_record_the_built_in_calibration_decides(grace: Person) -> None:
    run = judged(grace)
    assert (run.decision, calibration_ids(run)) == ("PUBLISH", {CALIBRATION.id})
    assert run.policy_hash == bench.parts().policy_hash


def test_a_stricter_record_withholds_what_the_built_in_one_publishes(ada: Person, grace: Person) -> None:
    record = calibrating.calibrate(strict(), actor=ada.actor)
    run = judged(grace)
    assert (run.decision, Claim.objects.get(bundle__run=run.pk).reason) == ("REFUSE", "LOW_SCORE")
    assert calibration_ids(run) == {f"record-{record.pk}"}
    assert run.policy_hash == policy_of(grace) != bench.parts().policy_hash


def test_another_workspace_is_untouched(ada: Person, mallory: Person) -> None:
    calibrating.calibrate(strict(), actor=ada.actor)
    run = judged(mallory)
    assert (run.decision, calibration_ids(run)) == ("PUBLISH", {CALIBRATION.id})


def test_a_withdrawn_record_gives_way_to_the_built_in_one(ada: Person, grace: Person) -> None:
    calibrating.calibrate(strict(), actor=ada.actor)
    calibrating.withdraw(actor=ada.actor)
    run = judged(grace)
    assert (run.decision, calibration_ids(run)) == ("PUBLISH", {CALIBRATION.id})


def test_an_expired_record_gives_way_to_the_built_in_one(
    ada: Person, grace: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("audit.calibrating.now", lambda: now() - dt.timedelta(days=10))
        calibrating.calibrate(strict(), actor=ada.actor, terms=Terms(days=10))
    run = judged(grace)
    assert (run.decision, calibration_ids(run)) == ("PUBLISH", {CALIBRATION.id})


@pytest.mark.parametrize(("time", "decides"), [("22:59", True), ("23:30", False)])
def test_a_record_begins_no_slice_in_the_hour_before_it_expires(
    ada: Person, monkeypatch: pytest.MonkeyPatch, time: str, decides: bool
) -> None:
    record = calibrating.calibrate(strict(), actor=ada.actor)
    at = dt.datetime.fromisoformat(f"{record.expires_on - dt.timedelta(days=1)}T{time}:00+00:00")
    monkeypatch.setattr(policies, "now", lambda: at)
    assert (policy_of(ada) != bench.parts().policy_hash) is decides


def test_the_newest_record_decides(ada: Person, grace: Person) -> None:
    calibrating.calibrate(strict(), actor=ada.actor)
    before = policy_of(ada)
    record = calibrating.calibrate(labels([0.9], [0.1] * 60), actor=ada.actor)
    run = judged(grace)
    assert (run.decision, calibration_ids(run)) == ("PUBLISH", {f"record-{record.pk}"})
    assert before != policy_of(ada)


def put(who: Person, **columns: Any) -> None:
    """Insert a record as somebody who passes by the verbs would."""
    known = {"threshold": EVEN, "n": 60, "leaks": 0, "alpha": 0.05, "delta": 0.1, "verifier": TYPED.id, **columns}
    CalibrationRecord.objects.create(
        workspace_id=workspace_of(who.actor),
        supported=1,
        kept=1,
        appeals=0,
        data_sha256="0" * 64,
        made_by="user:9",
        created_at=now(),
        expires_on=now().date() + dt.timedelta(days=9),
        **known,
    )


@pytest.mark.parametrize(
    "columns",
    [{"leaks": 30}, {"n": 44}, {"verifier": "nli-1"}],
    ids=["its bound is broken", "its bound cannot be stated", "it is of another verifier"],
)
def test_a_record_that_may_not_decide_decides_nothing(ada: Person, columns: dict[str, Any]) -> None:
    put(ada, **columns)
    assert policies.of_workspace(bench.parts(), workspace_of(ada.actor)) is bench.parts()


def test_it_takes_one_statement_a_slice_and_a_record_is_read_once(ada: Person) -> None:
    calibrating.calibrate(strict(), actor=ada.actor)
    policies.kept.cache_clear()
    with CaptureQueriesContext(connection) as asked:
        hashes = {policy_of(ada) for _ in range(3)}
    assert (len(asked), len(hashes)) == (4, 1)
