"""A workspace's own calibrations: made from labels where a bound can be stated, superseded, withdrawn, on record."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils.timezone import now

from audit.calibration import TRANSITIONS, CalibrationState
from audit.canonical import parse
from audit.errors import Invalid, NotAllowed, NotFound
from audit.models import Entry
from evidence import calibrating
from evidence.calibrating import Terms
from evidence.calibration import Labelled, Origin, digest_of
from evidence.models import CalibrationRecord
from evidence.typed.scoring import TYPED
from tests.conftest import Person
from tests.evidence.labelling import labels, strict

pytestmark = pytest.mark.django_db

FEW = labels([0.9], [0.1] * 44)
ENOUGH = labels([0.9, 0.6], [0.1] * 45)


def last_entry() -> dict[str, Any]:
    entry = Entry.objects.filter(type__startswith="calibration.").latest("id")
    known: Any = parse(bytes(entry.body))
    return {"type": entry.type, "actor": entry.actor, **known["data"]}


def test_a_record_says_what_it_rests_on(ada: Person) -> None:
    record = calibrating.calibrate(strict(), actor=ada.actor)
    assert (record.threshold, record.n, record.leaks, record.supported, record.kept) == (0.9999, 60, 0, 30, 30)
    assert (record.verifier, record.made_by, record.data_sha256) == (TYPED.id, str(ada.actor), digest_of(strict()))
    assert record.expires_on == now().date() + timedelta(days=180)


def test_the_threshold_never_falls_under_the_gates_own_least(ada: Person) -> None:
    record = calibrating.calibrate(labels([0.2], [0.1] * 60), actor=ada.actor)
    assert record.threshold == 0.5


def test_the_record_says_how_many_labels_are_of_doubted_verdicts(ada: Person) -> None:
    doubted = labels([0.8], [0.2] * 3, origin=Origin.APPEAL)
    assert calibrating.calibrate([*ENOUGH, *doubted], actor=ada.actor).appeals == 4


def test_the_ledger_has_the_figures_and_the_hash(ada: Person) -> None:
    record = calibrating.calibrate(ENOUGH, actor=ada.actor)
    said = last_entry()
    assert (said["type"], said["actor"], said["supersedes"]) == ("calibration.made", str(ada.actor), "")
    assert (said["calibration"], said["threshold"], said["n"]) == (f"record-{record.pk}", "0.5", 45)
    assert said["data_sha256"] == record.data_sha256


def test_the_hash_covers_claim_score_and_label_in_any_order() -> None:
    one = Labelled(TYPED.id, 0.5, supported=True, origin=Origin.APPEAL, claim="a")
    two = replace(one, score=0.6, supported=False, claim="b")
    others = [two, replace(two, supported=True), replace(two, claim="c"), replace(two, score=0.7)]
    assert digest_of([one, two]) == digest_of([two, one])
    assert len({digest_of([one, other]) for other in others}) == 4


@pytest.mark.parametrize(
    ("given", "terms", "message"),
    [
        (FEW, Terms(), "44 labels say that a claim is unsupported; .* at least 45"),
        (labels([0.9], [0.1] * 21), Terms(alpha=0.1), "at least 22"),
        ([], Terms(), "0 labels say"),
        (labels([0.5], [0.9] * 60), Terms(), r"no threshold holds: even at the highest score, 0.9000, 60 of 60"),
        (labels([0.9], [0.1] * 60, verifier="nli-1"), Terms(), "labels are of nli-1; this calibrates typed-3"),
        (labels([1.5], [0.1] * 60), Terms(), "outside 0 to 1"),
        (labels([float("nan")], [0.1] * 60), Terms(), "outside 0 to 1"),
        (ENOUGH, Terms(alpha=0.5), "alpha is 0.5; use 0.001 to 0.25"),
        (ENOUGH, Terms(alpha=float("nan")), "alpha is nan"),
        (ENOUGH, Terms(delta=0), "delta is 0; use"),
        (ENOUGH, Terms(least=0.4), "least is 0.4; use 0.5, the gate's own least, to 1"),
        (ENOUGH, Terms(days=731), "731 days; use 1 to 730"),
        (ENOUGH, Terms(days=0), "0 days"),
    ],
)
def test_what_cannot_be_stated_is_refused(ada: Person, given: list[Labelled], terms: Terms, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        calibrating.calibrate(given, actor=ada.actor, terms=terms)
    assert not CalibrationRecord.objects.exists()


def test_a_new_record_supersedes_the_one_in_force(ada: Person) -> None:
    first = calibrating.calibrate(ENOUGH, actor=ada.actor)
    second = calibrating.calibrate(strict(), actor=ada.actor)
    first = CalibrationRecord.objects.get(pk=first.pk)
    assert (first.state, first.ended_by, first.ended_at is None) == ("SUPERSEDED", str(ada.actor), False)
    assert calibrating.in_force(ada.actor) == second
    assert last_entry()["supersedes"] == str(first.pk)


def test_a_withdrawn_record_is_in_force_no_more(ada: Person) -> None:
    record = calibrating.calibrate(ENOUGH, actor=ada.actor)
    ended = calibrating.withdraw(actor=ada.actor)
    assert (ended.pk, ended.state, ended.ended_by) == (record.pk, "WITHDRAWN", str(ada.actor))
    assert calibrating.in_force(ada.actor) is None
    assert last_entry()["type"] == "calibration.withdrawn"


def test_there_is_nothing_to_withdraw_twice(ada: Person) -> None:
    calibrating.calibrate(ENOUGH, actor=ada.actor)
    calibrating.withdraw(actor=ada.actor)
    with pytest.raises(NotFound, match="no calibration of typed-3 in force"):
        calibrating.withdraw(actor=ada.actor)


def test_whoever_is_no_operator_neither_makes_nor_withdraws_one(ada: Person, grace: Person) -> None:
    with pytest.raises(NotAllowed, match="workspace:write"):
        calibrating.calibrate(ENOUGH, actor=grace.actor)
    calibrating.calibrate(ENOUGH, actor=ada.actor)
    with pytest.raises(NotAllowed, match="workspace:write"):
        calibrating.withdraw(actor=grace.actor)


def test_the_operator_of_another_workspace_touches_her_own_only(ada: Person, mallory: Person) -> None:
    record = calibrating.calibrate(ENOUGH, actor=ada.actor)
    with pytest.raises(NotFound):
        calibrating.withdraw(actor=mallory.actor)
    calibrating.calibrate(strict(), actor=mallory.actor)
    assert calibrating.in_force(ada.actor) == record


def test_model_and_table_of_pairs_know_the_same_transitions() -> None:
    transitions = CalibrationRecord._meta.get_field("state").get_all_transitions(CalibrationRecord)
    assert {(one.source, one.target) for one in transitions} == TRANSITIONS


# What the database holds


def refused(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            cursor.execute(statement)
    return str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        *("threshold = 0.6", "n = 1000", "leaks = 0, alpha = 0.2", "expires_on = '2099-01-01'", "data_sha256 = ''"),
        "made_by = 'user:2'",
    ],
)
def test_a_record_is_changed_by_nobody(ada: Person, change: str) -> None:
    calibrating.calibrate(strict(), actor=ada.actor)
    assert "changes in nothing else" in refused(f"UPDATE evidence_calibrationrecord SET {change}")  # noqa: S608


def test_nor_when_it_has_ended(ada: Person) -> None:
    calibrating.calibrate(strict(), actor=ada.actor)
    calibrating.withdraw(actor=ada.actor)
    assert "ends once" in refused("UPDATE evidence_calibrationrecord SET ended_by = 'user:2'")
    assert "ends once" in refused(
        "UPDATE evidence_calibrationrecord SET state = 'IN_FORCE', ended_by = '', ended_at = NULL"
    )


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_a_record_is_not_deleted(ada: Person, statement: str) -> None:
    calibrating.calibrate(strict(), actor=ada.actor)
    assert "append-only" in refused(statement.format("evidence_calibrationrecord"))


def test_a_record_does_not_end_without_somebody(ada: Person) -> None:
    record = calibrating.calibrate(strict(), actor=ada.actor)
    record.withdraw()
    with pytest.raises(IntegrityError, match="who_ended_a_calibration"), transaction.atomic():
        record.save(update_fields=["state"])


def copied(record: CalibrationRecord, **columns: Any) -> CalibrationRecord:
    names = ("workspace_id", "verifier", "n", "leaks", "supported", "kept", "appeals", "alpha", "delta", "data_sha256")
    known = {name: getattr(record, name) for name in (*names, "made_by", "created_at", "expires_on", "threshold")}
    return CalibrationRecord(**{**known, **columns})


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({}, "one_calibration_in_force"),
        ({"verifier": "nli-1", "threshold": 0.49}, "no_threshold_below_even"),
        ({"verifier": "nli-1", "state": CalibrationState.WITHDRAWN.value}, "may not start in state"),
    ],
)
def test_what_may_not_be_in_force_is_not_inserted(ada: Person, columns: dict[str, Any], why: str) -> None:
    record = calibrating.calibrate(strict(), actor=ada.actor)
    with pytest.raises(IntegrityError, match=why), transaction.atomic():
        copied(record, **columns).save(force_insert=True)


def test_a_record_is_in_force_until_the_day_it_expires(ada: Person) -> None:
    record = calibrating.calibrate(ENOUGH, actor=ada.actor, terms=Terms(days=1))
    today: date = record.created_at.date()
    assert record.decides(on=today)
    assert not record.decides(on=today + timedelta(days=1))
    assert not record.calibration().holds(TYPED.id, on=today + timedelta(days=1))
