"""Runs in an installation with a stronger verifier of another package: who decided what, and on whose record."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from audit.access import workspace_of
from audit.canonical import parse
from audit.models import Entry
from evidence import calibrating
from evidence.models import CalibrationRecord, ClaimBundle, Evidence
from evidence.typed.scoring import CALIBRATION, TYPED
from evidence.verdicts import Verdict
from orchestration import appealing, records, requests, runs
from orchestration.engine import bench, driver, policies
from orchestration.models import Run
from orchestration.states import Kind
from tests.conftest import Person
from tests.evidence.labelling import labels
from tests.evidence.plugins import installed
from tests.orchestration.contesting import appealed, decided
from tests.orchestration.rows import fresh

pytestmark = pytest.mark.usefixtures("committed")

LEAFLET = "Warfarin is stopped 5 days before surgery."
RESTATED = "Anticoagulants are discontinued ahead of an operation."


@pytest.fixture
def lenient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[None]:
    """Configure a verifier that finds support everywhere, from a package that is really installed."""
    monkeypatch.syspath_prepend(str(installed(tmp_path)))
    settings.PROMETHEUS_VERIFIER = {"PROMETHEUS_VERIFIER": "lenient-made"}
    bench.close()
    yield
    bench.close()


def record(who: Person) -> CalibrationRecord:
    return calibrating.calibrate(labels([0.9], [0.1] * 60, verifier="lenient-1"), actor=who.actor, verifier="lenient-1")


def judged(who: Person) -> Run:
    document = {"answer": f"{LEAFLET} {RESTATED}", "passages": [{"source": "leaflet", "text": LEAFLET}]}
    run = runs.submit(requests.parse(document, kind=Kind.VERIFY), actor=who.actor).run
    driver.advance(run.pk)
    return fresh(run)


def gated(run: Run) -> Any:
    return parse(bytes(Entry.objects.get(run=run.pk, type="run.gated").body))["data"]


def verdicts(run: Run, who: Person) -> list[tuple[str, str]]:
    return [(claim.verdict, claim.verifier) for claim in records.read_claims(run.pk, actor=who.actor, via="api")]


@pytest.mark.usefixtures("lenient")
def test_without_a_record_of_its_own_it_changes_nothing(grace: Person) -> None:
    run = judged(grace)
    assert verdicts(run, grace) == [("SUPPORTED", TYPED.id), ("INSUFFICIENT", TYPED.id)]
    assert policies.of_workspace(bench.parts(), run.workspace_id) is bench.parts()
    assert not any("verifier" in claim for claim in gated(run)["claims"])


@pytest.mark.usefixtures("lenient")
def test_with_a_record_it_decides_what_is_open_and_is_named_everywhere(ada: Person, grace: Person) -> None:
    made = record(ada)
    run = judged(grace)
    assert verdicts(run, grace) == [("SUPPORTED", TYPED.id), ("SUPPORTED", "lenient-1")]
    assert [claim.get("verifier") for claim in gated(run)["claims"]] == [None, "lenient-1"]
    assert gated(run)["claims"][1]["calibration"] == f"record-{made.pk}"
    rows = Evidence.objects.filter(claim__bundle__run=run.pk).order_by("claim__ordinal")
    assert list(rows.values_list("verifier", "calibration")) == [
        (TYPED.id, CALIBRATION.id),
        ("lenient-1", f"record-{made.pk}"),
    ]
    assert ClaimBundle.objects.get(run=run.pk).verifier == TYPED.id


@pytest.mark.usefixtures("lenient")
def test_what_decides_is_in_the_policy_hash(ada: Person, grace: Person) -> None:
    plain = bench.parts().policy_hash
    record(ada)
    run = judged(grace)
    with_it = run.policy_hash
    calibrating.withdraw(actor=ada.actor, verifier="lenient-1")
    assert (with_it != plain, judged(grace).policy_hash) == (True, plain)


def test_a_broken_plug_in_leaves_the_typed_verifier_alone(
    ada: Person, grace: Person, lenient: None, settings: Settings
) -> None:
    record(ada)
    settings.PROMETHEUS_VERIFIER = {"PROMETHEUS_VERIFIER": "lenient-moody"}
    bench.close()
    assert verdicts(judged(grace), grace)[1] == ("INSUFFICIENT", TYPED.id)


@pytest.mark.usefixtures("lenient")
def test_another_workspace_is_untouched(ada: Person, mallory: Person) -> None:
    record(ada)
    assert verdicts(judged(mallory), mallory)[1] == ("INSUFFICIENT", TYPED.id)


@pytest.mark.usefixtures("lenient")
def test_an_appeal_is_a_label_of_the_verifier_that_decided(ada: Person, grace: Person, alan: Person) -> None:
    record(ada)
    run = judged(grace)
    claim = Evidence.objects.get(claim__bundle__run=run.pk, verifier="lenient-1").claim
    decided(appealed(run, grace, claim=claim, wanted=Verdict.INSUFFICIENT), alan)
    (label,) = appealing.labels(workspace_of(ada.actor))
    assert (label.verifier, label.score) == ("lenient-1", 0.9)


def calibrate(path: Path, lines: list[dict[str, Any]], *options: str) -> None:
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    call_command(
        "calibrate_verifier", "--workspace", "northgate", "--verifier", "lenient-made", "--labels", path, *options
    )


def labelled(claim: str, *, supported: bool) -> dict[str, Any]:
    return {"claim": claim, "passages": [{"source": "leaflet", "text": LEAFLET}], "supported": supported}


@pytest.mark.usefixtures("lenient", "ada")
def test_labelled_claims_are_scored_and_one_that_supports_everything_gets_no_record(tmp_path: Path) -> None:
    lines = [labelled(f"Number {n} says nothing of the kind.", supported=False) for n in range(50)]
    with pytest.raises(CommandError, match=r"even at the highest score, 0\.9000, 50 of 50"):
        calibrate(tmp_path / "labels", lines)


@pytest.mark.usefixtures("lenient")
def test_a_record_of_another_verifier_is_made_and_withdrawn(
    ada: Person, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = [{"score": 0.1, "supported": False, "verifier": "lenient-1"}] * 60
    lines = [*known, labelled(RESTATED, supported=True), labelled(LEAFLET, supported=True)]
    calibrate(tmp_path / "labels", lines)
    said = capsys.readouterr().out
    assert "from your own labelling: 1 supported, 60 unsupported" in said
    assert f"claims that {TYPED.id} decides, so that no other is asked, left out: 1" in said
    assert "Until now lenient-1 only abstains." in said
    assert calibrating.in_force(ada.actor, verifier="lenient-1") is not None
    calibrate(tmp_path / "labels", [], "--withdraw")
    assert "lenient-1 only abstains from now on." in capsys.readouterr().out
    assert calibrating.in_force(ada.actor, verifier="lenient-1") is None


@pytest.mark.usefixtures("ada")
def test_a_verifier_that_is_not_installed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="PROMETHEUS_VERIFIER is 'lenient-made'; use one of those"):
        calibrate(tmp_path / "labels", [])
