"""Between approval and execution something changed: the approval is void, says what changed, and nothing is called."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audit import keys
from audit.fields import seal_text
from audit.models import Entry
from evidence import calibrating
from evidence.models import Claim, Document, Evidence
from guardians.models import Review
from guardians.toolrisk import Tier
from orchestration import runs
from orchestration.console import wording
from orchestration.engine import bench, driver
from orchestration.engine.driver import Ended
from orchestration.engine.inspection import Inspection
from orchestration.management.stage import Stage
from orchestration.models import Run, Tool, ToolServer
from tests.audit.tampering import unguard
from tests.evidence.labelling import labels, strict
from tests.pipeline.asking import fresh, submit
from tests.pipeline.noting import REASON, Notary, allowed, asking, noted, opened


@pytest.fixture
def notary(quick: Stage, tmp_path: Path) -> Iterator[Notary]:
    yield opened(quick, tmp_path / "book.jsonl", tier=Tier.MODIFY)
    bench.close()


@pytest.fixture
def approved(quick: Stage, notary: Notary) -> Run:
    """Return a run whose note was approved; nobody has driven it on yet."""
    run = noted(quick, "Kept.")
    approval = run.approvals.get()
    runs.approve(approval.pk, actor=quick.actors["alan"], reason=REASON, seen=approval.binding)
    return run


def driven(run: Run) -> Run:
    driver.advance(run.pk)
    return fresh(run)


def voided(run: Run) -> list[str]:
    return list(run.approvals.get(state="VOID").changed)


def test_what_did_not_change_is_done(approved: Run, notary: Notary) -> None:
    assert driven(approved).state == "COMPLETED"
    assert len(notary.notes()) == 1


def change_definition(notary: Notary) -> None:
    notary.become("changed")
    notary.discover()
    notary.approve(Tier.MODIFY)


def change_tier(notary: Notary) -> None:
    notary.approve(Tier.DELETE)


@pytest.mark.parametrize(("change", "what"), [(change_definition, "definition"), (change_tier, "tier")])
def test_a_tool_that_was_approved_anew_meanwhile_is_put_to_people_anew(
    quick: Stage, approved: Run, notary: Notary, change: Callable[[Notary], None], what: str
) -> None:
    change(notary)
    run = driven(approved)
    asked = run.approvals.get(state="PENDING")
    assert (run.state, run.decision, run.due_at) == ("DECISION", "ESCALATE", None)
    assert (voided(run), asked.reasons[0]) == ([f"tool:notary/note:{what}"], f"changed:tool:notary/note:{what}")
    assert notary.notes() == []
    assert allowed(quick, run).state == "COMPLETED"
    assert len(notary.notes()) == 1
    assert list(Inspection(run=run.pk).faults()) == []


def test_a_second_change_is_a_third_question(quick: Stage, approved: Run, notary: Notary) -> None:
    change_tier(notary)
    run = driven(approved)
    notary.approve(Tier.PRIVILEGE)
    run = allowed(quick, run)
    assert (run.state, run.approvals.filter(state="VOID").count(), notary.notes()) == ("DECISION", 2, [])


def quarantine(notary: Notary) -> None:
    notary.become("changed")


def retire(notary: Notary) -> None:
    notary.become("empty")


def switch_off(notary: Notary) -> None:
    ToolServer.objects.filter(pk=notary.server.pk).update(enabled=False)


@pytest.mark.parametrize(
    ("change", "what"), [(quarantine, "quarantined"), (retire, "retired"), (switch_off, "server_off")]
)
def test_a_tool_that_may_not_be_used_any_more_ends_the_run_refused(
    approved: Run, notary: Notary, change: Callable[[Notary], None], what: str
) -> None:
    change(notary)
    run = driven(approved)
    assert (run.state, run.decision, run.actions.get().state) == ("COMPLETED", "REFUSE", "REFUSED")
    assert f"tool:notary/note:{what}" in voided(run)
    assert notary.notes() == []


def other_arguments(run: Run) -> None:
    action = run.actions.get()
    seal_text(keys.load(run.key_id), action, "arguments_sealed", '{"text":"Another."}')
    action.save(update_fields=["arguments_sealed"])


def other_answer(run: Run) -> None:
    draft = run.drafts.get()
    seal_text(keys.load(run.key_id), draft, "text_sealed", "Another answer.")
    draft.save(update_fields=["text_sealed"])


def other_verdict(run: Run) -> None:
    unguard("evidence_claim")
    Claim.objects.filter(bundle__run=run.pk).update(verdict="INSUFFICIENT", state="INSUFFICIENT")


def other_evidence(run: Run) -> None:
    Evidence.objects.filter(claim__bundle__run=run.pk).update(passage_sha256="0" * 64)


def other_passage(run: Run) -> None:
    for document in Document.objects.filter(passages__evidence__claim__bundle__run=run.pk).distinct():
        Document.objects.filter(pk=document.pk).update(text=document.text.replace("a", "b"))
        document.passages.update(text="Something else.")


def other_material(run: Run) -> None:
    Review.objects.filter(run=run.pk).update(material="0" * 64)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (other_arguments, "arguments"),
        (other_answer, "answer"),
        (other_verdict, "claims"),
        (other_evidence, "claims"),
        (other_passage, "evidence"),
        (other_material, "material"),
    ],
)
def test_when_what_was_judged_changed_nobody_is_asked_and_the_run_ends_refused(
    approved: Run, notary: Notary, change: Callable[[Run], None], what: str
) -> None:
    change(approved)
    run = driven(approved)
    assert (run.state, run.decision, run.answer_sealed) == ("COMPLETED", "REFUSE", None)
    assert what in voided(run)
    assert run.reason.startswith("approval_void:")
    assert notary.notes() == []


def test_another_policy_voids_what_was_approved_under_the_first(
    approved: Run, notary: Notary, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = bench.parts()
    parts = replace(known, consensus=replace(known.consensus, second_safety="other"))
    monkeypatch.setattr(driver, "parts", lambda: parts)
    run = driven(approved)
    assert (run.decision, voided(run), notary.notes()) == ("REFUSE", ["policy"], [])


def calibrate(stage: Stage) -> None:
    calibrating.calibrate(strict(), actor=stage.actors["ada"])


def withdraw(stage: Stage) -> None:
    calibrating.withdraw(actor=stage.actors["ada"])


def test_a_calibration_that_is_made_while_a_run_waits_voids_what_was_approved(
    quick: Stage, approved: Run, notary: Notary
) -> None:
    calibrate(quick)
    run = driven(approved)
    assert (run.state, run.decision, voided(run), notary.notes()) == ("COMPLETED", "REFUSE", ["policy"], [])


@pytest.mark.parametrize(
    ("change", "decision", "notes"), [(lambda _: None, "PUBLISH", 1), (withdraw, "REFUSE", 0), (calibrate, "REFUSE", 0)]
)
def test_what_was_judged_with_a_calibration_is_done_while_that_is_in_force(
    quick: Stage, notary: Notary, change: Callable[[Stage], None], decision: str, notes: int
) -> None:
    calibrating.calibrate(labels([0.6], [0.1] * 60), actor=quick.actors["ada"])
    run = noted(quick, "Kept.")
    approval = run.approvals.get()
    runs.approve(approval.pk, actor=quick.actors["alan"], reason=REASON, seen=approval.binding)
    change(quick)
    run = driven(run)
    assert (run.state, run.decision, len(notary.notes())) == ("COMPLETED", decision, notes)


def test_a_calibration_that_is_made_between_gate_and_decision_lets_no_effect_through(
    quick: Stage, notary: Notary
) -> None:
    run = submit(quick, asking("Kept."))
    assert driver.advance(run.pk, clock=lambda: 1e9 if fresh(run).state == "DECISION" else 0.0) is Ended.SLICED
    calibrate(quick)
    approval = driven(run).approvals.get()
    runs.approve(approval.pk, actor=quick.actors["alan"], reason=REASON, seen=approval.binding)
    run = driven(run)
    assert (run.state, run.decision, voided(run), notary.notes()) == ("COMPLETED", "REFUSE", ["policy"], [])


def test_the_ledger_says_what_voided_an_approval(approved: Run, notary: Notary) -> None:
    change_tier(notary)
    driven(approved)
    entry = Entry.objects.get(run=approved.pk, type="approval.voided")
    assert b'"tool:notary/note:tier"' in bytes(entry.body)


def test_a_tool_that_changes_between_decision_and_call_is_not_called(
    approved: Run, notary: Notary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.engine.deciding.changes_since", lambda *_: ())
    notary.become("changed")
    run = driven(approved)
    assert (run.state, run.actions.get().fault, notary.notes()) == ("FAILED", "CHANGED", [])
    assert voided(run) == ["tool:notary/note:definition"]


def test_what_changed_is_said_in_words(approved: Run, notary: Notary) -> None:
    change_tier(notary)
    asked = driven(approved).approvals.get(state="PENDING")
    assert wording.reasons(asked.reasons)[0] == "Changed since it was approved: notary/note has another tier"
    assert Tool.objects.get(pk=notary.tool().pk).registered_tier == Tier.DELETE
