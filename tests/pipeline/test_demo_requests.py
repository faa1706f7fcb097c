"""The demonstration's four requests through every real part but Celery: database, tools over MCP, gate, guardians."""

from pathlib import Path

import pytest

from audit import ledger, sealer
from audit.models import Entry
from orchestration import records, runs
from orchestration.engine import driver
from orchestration.management import report
from orchestration.management.stage import Stage
from orchestration.models import Run
from tests.pipeline.asking import CASES, KINDS, ask, fresh


def decided(stage: Stage, run: Run, *, approve: bool = True) -> Run:
    approval = run.approvals.get()
    verb = runs.approve if approve else runs.reject
    verb(approval.pk, actor=stage.actors["alan"], reason="Checked against the protocol.", seen=approval.binding)
    driver.advance(run.pk)
    return fresh(run)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_demonstration_request_ends_as_it_must(stage: Stage, case: dict[str, object]) -> None:
    run = ask(stage, case)
    assert list(report.faults(run, case["expected"], actor=stage.actors["ada"])) == []  # type: ignore[arg-type]
    assert list(ledger.check_chains()) == []


@pytest.mark.parametrize("case", KINDS, ids=lambda case: case["title"])
def test_a_run_of_another_kind_ends_as_it_must(quick: Stage, case: dict[str, object]) -> None:
    run = ask(quick, case)
    assert list(report.faults(run, case["expected"], actor=quick.actors["ada"])) == []  # type: ignore[arg-type]


def test_a_guardian_that_voted_otherwise_is_a_fault(quick: Stage) -> None:
    run = ask(quick, KINDS[0])
    assert list(report.faults(run, {"ballots": {"safety": "ALLOW"}}, actor=quick.actors["ada"])) == [
        "safety voted DENY, expected ALLOW"
    ]


def test_every_published_sentence_cites_a_passage_that_supports_it(quick: Stage) -> None:
    read = records.read_run(ask(quick, CASES["b"]).pk, actor=quick.actors["grace"], via="test")
    assert read.answer is not None
    cited = {citation["passage"] for citation in read.answer["citations"]}
    supporting = {
        str(item.passage)
        for claim in read.claims
        if claim.state == "PUBLISHED"
        for item in claim.evidence
        if item.stance == "SUPPORTS"
    }
    assert cited
    assert cited <= supporting


def test_a_withheld_claim_is_not_in_the_answer(quick: Stage) -> None:
    read = records.read_run(ask(quick, CASES["b"]).pk, actor=quick.actors["grace"], via="test")
    withheld = [claim.text for claim in read.claims if claim.state == "WITHHELD"]
    assert len(withheld) == 2
    assert not [text for text in withheld if text.rstrip(".") in str(read.answer)]


def test_an_approved_action_is_done_once_and_the_run_completes(quick: Stage, tickets: Path) -> None:
    run = ask(quick, CASES["c"])
    assert not tickets.exists()
    run = decided(quick, run)
    assert (run.state, run.actions.get().state) == ("COMPLETED", "DONE")
    assert len(tickets.read_text().splitlines()) == 1


def test_a_rejected_action_is_never_done(quick: Stage, tickets: Path) -> None:
    run = decided(quick, ask(quick, CASES["c"]), approve=False)
    assert (run.state, run.decision, run.reason) == ("COMPLETED", "REFUSE", "approval:rejected")
    assert not tickets.exists()


def test_an_expired_approval_refuses_the_run(quick: Stage, tickets: Path) -> None:
    run = ask(quick, CASES["c"])
    run.approvals.update(expires_at="2026-01-01T00:00:00Z")
    assert runs.expire_due(actor=quick.actors["ada"]) == 1
    driver.advance(run.pk)
    assert (fresh(run).decision, fresh(run).reason) == ("REFUSE", "approval:expired")
    assert not tickets.exists()


def test_every_entry_of_a_completed_run_is_proven_by_the_next_checkpoint(quick: Stage) -> None:
    run = ask(quick, CASES["b"])
    sealer.seal_all()
    proof = sealer.prove(run.pk)
    assert len(proof.entries) == Entry.objects.filter(run=run.pk).count() > 5
    assert all(entry.index is not None for entry in proof.entries)
    assert list(sealer.check_tree()) == []
