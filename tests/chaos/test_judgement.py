"""The judge finds every kind of breach when it is planted, and nothing where nothing is."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from orchestration import runs
from orchestration.engine.inspection import Kind
from orchestration.management.chaos.judgement import judge
from orchestration.management.stage import Stage
from orchestration.models import Run
from tests.pipeline.asking import CASES, submit
from tests.pipeline.test_inspection import forget, sql, step


def kinds(tickets: Path) -> set[Kind]:
    return {breach.kind for breach in judge(tickets)}


def test_a_run_that_nobody_disturbed_is_no_breach(done: Run, tickets: Path) -> None:
    assert kinds(tickets) == set()


def test_a_run_that_nobody_ends_is_lost(quick: Stage, tickets: Path) -> None:
    submit(quick, CASES["b"])
    assert kinds(tickets) == {Kind.LOST_RUN}


def test_a_run_that_failed_is_lost(quick: Stage, tickets: Path) -> None:
    runs.fail(submit(quick, CASES["b"]).pk, actor=quick.actors["ada"], reason="attempts: 5 without an end")
    assert kinds(tickets) == {Kind.LOST_RUN}


@pytest.mark.parametrize("key", ["the same", "key:another"])
def test_a_second_ticket_is_a_duplicate_effect(done: Run, tickets: Path, key: str) -> None:
    ticket = json.loads(tickets.read_text())
    second = ticket if key == "the same" else {**ticket, "key": key}
    tickets.write_text(json.dumps(ticket) + "\n" + json.dumps(second) + "\n")
    assert kinds(tickets) == {Kind.DUPLICATE_EFFECT}


def test_an_effect_that_nobody_saw_is_a_disagreement(done: Run, tickets: Path) -> None:
    tickets.write_text("")
    assert kinds(tickets) == {Kind.DISAGREEMENT}


def test_two_children_of_a_checkpoint_are_a_forked_chain(done: Run, tickets: Path) -> None:
    parent = step(done, 0).checkpoint_id
    sql("UPDATE orchestration_checkpoint SET parent_id = %s WHERE id = %s", parent, step(done, 4).pk)
    assert Kind.FORKED_CHAIN in kinds(tickets)


def test_a_checkpoint_that_is_not_later_than_its_parent_is_stale(done: Run, tickets: Path) -> None:
    sql("UPDATE orchestration_checkpoint SET step = %s WHERE id = %s", step(done, 2).step, step(done, 3).pk)
    assert Kind.STALE_CHECKPOINT in kinds(tickets)


def test_an_entry_that_is_missing_is_a_ledger_gap(done: Run, tickets: Path) -> None:
    forget(done, "run.advanced", nth=2)
    assert Kind.LEDGER_GAP in kinds(tickets)


def test_soak_does_not_run_on_a_database_that_is_not_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMETHEUS_THROW_AWAY", raising=False)
    with pytest.raises(CommandError, match="on servers of its own"):
        call_command("soak")
