"""The command that calibrates a workspace: what it counts, what it prints, what it refuses."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from audit.models import Entry, Workspace
from evidence import calibrating
from evidence.calibrating import Terms
from evidence.models import CalibrationRecord, ClaimBundle, Evidence
from evidence.typed.scoring import TYPED
from tests.conftest import Person
from tests.evidence.labelling import strict
from tests.orchestration import scenes
from tests.orchestration.contesting import answered, appealed, decided, withheld
from tests.orchestration.looking import WARFARIN

pytestmark = pytest.mark.django_db


def line(score: Any, **other: Any) -> str:
    return json.dumps({"score": score, "supported": True, "verifier": TYPED.id, **other})


STRICT = [line(one.score, supported=one.supported) for one in strict()]


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(*lines: str) -> str:
        path = tmp_path / "labels.jsonl"
        path.write_text("\n".join(lines), encoding="utf-8", errors="surrogateescape")
        return str(path)

    return written


def calibrate(capsys: pytest.CaptureFixture[str], *options: str, workspace: str = "northgate") -> str:
    call_command("calibrate_verifier", "--workspace", workspace, *options)
    return capsys.readouterr().out


def test_a_record_is_made_from_the_operators_own_labels(
    workspace: Workspace, write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    said = calibrate(capsys, "--labels", write(*STRICT), "--expires", "30")
    record = CalibrationRecord.objects.get()
    assert (record.threshold, record.n, record.appeals, record.made_by) == (0.9999, 60, 0, "system:command")
    assert record.expires_on == now().date() + dt.timedelta(days=30)
    assert "from your own labelling: 30 supported, 60 unsupported" in said
    assert "Leaks: 0 of 60 unsupported claims pass; with confidence 0.9 a share of at most 0.0376" in said
    assert "Decides until now: demo-edits-3, threshold 0.5000; it would change by +0.4999" in said
    assert f"In force now: record-{record.pk}" in said


def test_the_table_shows_what_other_thresholds_would_come_to(
    workspace: Workspace, write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    said = calibrate(capsys, "--labels", write(*STRICT), "--dry-run")
    assert "     0.9900      20    0.4231   30 of 30 (100.0%)\n" in said
    assert "     0.9999       0    0.0376   30 of 30 (100.0%)  <-\n" in said


def test_a_dry_run_writes_nothing(workspace: Workspace, write: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Nothing was written." in calibrate(capsys, "--labels", write(*STRICT), "--dry-run")
    assert not CalibrationRecord.objects.exists()
    assert not Entry.objects.filter(type__startswith="calibration.").exists()


def test_decided_appeals_are_counted_and_their_bias_is_said(
    workspace: Workspace, grace: Person, alan: Person, write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run = answered(grace)
    ClaimBundle.objects.update(verifier=TYPED.id)
    Evidence.objects.update(verifier=TYPED.id)
    decided(appealed(run, grace), alan)
    said = calibrate(capsys, "--labels", write(*STRICT))
    assert "from decided appeals: 1 supported, 0 unsupported" in said
    assert "Only verdicts that somebody doubted are appealed." in said
    assert (CalibrationRecord.objects.get().appeals, CalibrationRecord.objects.get().supported) == (1, 31)


def test_appeals_against_another_verifier_are_left_out_and_said(
    workspace: Workspace, grace: Person, alan: Person, write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    decided(appealed(answered(grace), grace), alan)
    assert "against other verifiers, left out: 1" in calibrate(capsys, "--labels", write(*STRICT))
    assert CalibrationRecord.objects.get().appeals == 0


def test_appeals_of_another_workspace_are_not_counted(
    grace: Person, alan: Person, mallory: Person, write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run = answered(grace)
    ClaimBundle.objects.update(verifier=TYPED.id)
    Evidence.objects.update(verifier=TYPED.id)
    decided(appealed(run, grace, claim=withheld(run)), alan)
    said = calibrate(capsys, "--labels", write(*STRICT), workspace="elsewhere")
    assert "from decided appeals: 0 supported, 0 unsupported" in said
    assert CalibrationRecord.objects.get().workspace_id == mallory.actor.workspace


def test_too_few_labels_are_refused_with_the_number_it_takes(workspace: Workspace) -> None:
    with pytest.raises(CommandError, match=r"0 labels say that a claim is unsupported; .* takes at least 45"):
        call_command("calibrate_verifier", "--workspace", "northgate")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{", "no JSON; write {"),
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("\udcff", "no JSON"),
        ("[]", "not exactly the fields score, supported, verifier"),
        (line(0.5, text="Warfarin is stopped."), "not exactly the fields"),
        ('{"score": 0.5, "supported": true}', "not exactly the fields"),
        (line(1.01), "score is 1.01; use a number from 0 to 1"),
        (line(float("nan")), "score is nan; use"),
        (line(score=True), "score is True; use"),
        (line("0.9"), "score is 0.9; use a number"),
        (line(0.5, supported="yes"), "supported is 'yes'; use true or false"),
        (line(0.5, verifier="nli-1"), "verifier is 'nli-1'; scores of 'typed-3' are calibrated: remove"),
        (line(0.5, verifier=["nli-1"]), "verifier is"),
    ],
)
def test_a_line_that_is_no_label_is_named_and_nothing_is_measured(
    workspace: Workspace, write: Any, bad: str, message: str
) -> None:
    path = write(*STRICT, bad, *STRICT)
    with pytest.raises(CommandError) as refused:
        call_command("calibrate_verifier", "--workspace", "northgate", "--labels", path)
    assert f"{path}:91: {message}" in str(refused.value)
    assert "Warfarin" not in str(refused.value)
    assert not CalibrationRecord.objects.exists()


def test_of_many_bad_lines_the_first_ten_are_named(workspace: Workspace, write: Any) -> None:
    with pytest.raises(CommandError, match="and 20 more lines") as refused:
        call_command("calibrate_verifier", "--workspace", "northgate", "--labels", write(*["{"] * 30))
    assert str(refused.value).count("no JSON") == 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--labels", "/nowhere/labels.jsonl"], "No such file"),
        (["--alpha", "0.5"], "alpha is 0.5; use 0.001 to 0.25"),
        (["--expires", "800"], "800 days; use 1 to 730"),
        (["--withdraw"], "no calibration of typed-3 in force"),
    ],
)
def test_what_cannot_be_done_is_said(workspace: Workspace, options: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("calibrate_verifier", "--workspace", "northgate", *options)


def test_a_file_that_is_too_long_is_not_read(workspace: Workspace, write: Any) -> None:
    with pytest.raises(CommandError, match="at most 10,000,000 are taken"):
        call_command("calibrate_verifier", "--workspace", "northgate", "--labels", write(" " * 10_000_001))


def test_an_unknown_workspace_is_refused_with_those_there_are(workspace: Workspace) -> None:
    with pytest.raises(CommandError, match="no workspace 'nowhere'; there is: northgate"):
        call_command("calibrate_verifier", "--workspace", "nowhere")


def test_a_record_is_withdrawn(ada: Person, capsys: pytest.CaptureFixture[str]) -> None:
    record = calibrating.calibrate(strict(), actor=ada.actor)
    assert f"Would be withdrawn: record-{record.pk}." in calibrate(capsys, "--withdraw", "--dry-run")
    assert calibrating.in_force(ada.actor) == record
    assert f"Withdrawn: record-{record.pk}. demo-edits-3, the built-in" in calibrate(capsys, "--withdraw")
    assert calibrating.in_force(ada.actor) is None


def test_an_expired_record_is_not_what_decides(
    ada: Person, write: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("audit.calibrating.now", lambda: now() - dt.timedelta(days=10))
        record = calibrating.calibrate(strict(), actor=ada.actor, terms=Terms(days=10))
    said = calibrate(capsys, "--labels", write(*STRICT), "--dry-run")
    assert f"record-{record.pk} decides nothing: it is until {record.expires_on}; the built-in" in said
    assert "Decides until now: demo-edits-3" in said


def test_it_says_how_many_runs_wait_under_what_decided_before(
    grace: Person, write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes.waiting(grace, [WARFARIN])
    assert "Runs that wait for people under what decided before: 1." in calibrate(capsys, "--labels", write(*STRICT))
