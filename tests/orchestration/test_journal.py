"""What a super-step produced is written whole or not at all, and only by who may write it."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django_fsm import TransitionNotAllowed

from audit import ledger
from audit.events import EventType
from audit.ids import new_id
from audit.models import Entry
from orchestration import runs
from orchestration.engine import lease, pool
from orchestration.engine.journal import Journal, StaleWrite
from orchestration.models import Draft, Run
from tests.conftest import Person
from tests.orchestration.rows import entries, fresh, journal_of, submitted

pytestmark = pytest.mark.usefixtures("committed")


def draft(run: Run, revision: int = 0) -> Draft:
    return Draft(id=new_id(), run_id=run.pk, revision=revision, text_sealed=b"x", provider="p", model="")


def flush_quietly(journal: Journal) -> bool:
    try:
        journal.flush()
    except StaleWrite:
        return False
    return True


def test_a_transition_its_rows_and_its_entries_are_written_together(grace: Person) -> None:
    run = submitted(grace.actor)
    journal = journal_of(run)
    journal.add(draft(run))
    journal.move("process", provider="scripted")
    journal.flush()
    stored = fresh(run)
    assert (stored.state, stored.provider, stored.version, run.drafts.count()) == ("PROCESSING", "scripted", 1, 1)
    assert entries(run) == ["run.submitted", "run.advanced"]


def test_nothing_is_written_before_the_flush(grace: Person) -> None:
    run = submitted(grace.actor)
    journal_of(run).move("process")
    assert (fresh(run).state, entries(run)) == ("INITIALIZED", ["run.submitted"])


def test_a_journal_flushes_again_and_again(grace: Person) -> None:
    run = submitted(grace.actor)
    journal = journal_of(run)
    for step in ("process", "gate", "consider"):
        journal.move(step)
        journal.flush()
    assert (fresh(run).state, fresh(run).version) == ("DECISION", 3)
    assert list(ledger.check_chains(run=run.pk)) == []


def test_a_stale_token_writes_nothing(grace: Person) -> None:
    run = submitted(grace.actor)
    journal = journal_of(run)
    assert lease.claim(run.pk) is not None
    journal.add(draft(run))
    journal.move("process")
    with pytest.raises(StaleWrite, match="token 0"):
        journal.flush()
    assert (fresh(run).state, run.drafts.count(), entries(run)) == ("INITIALIZED", 0, ["run.submitted"])


def test_a_run_that_a_person_cancelled_is_not_written_over(grace: Person) -> None:
    run = submitted(grace.actor)
    journal = journal_of(run)
    runs.cancel(run.pk, actor=grace.actor)
    journal.move("process")
    with pytest.raises(StaleWrite, match="version 0"):
        journal.flush()
    assert fresh(run).state == "CANCELLED"


def test_a_refused_journal_stays_refused(grace: Person) -> None:
    run = submitted(grace.actor)
    journal = journal_of(run)
    Run.objects.filter(pk=run.pk).update(version=5)
    assert not flush_quietly(journal)
    Run.objects.filter(pk=run.pk).update(version=0)
    with pytest.raises(StaleWrite, match="refused before"):
        journal.flush()


def test_of_two_workers_with_one_copy_one_writes(grace: Person) -> None:
    run = submitted(grace.actor)
    journals = [journal_of(run) for _ in range(2)]
    for journal in journals:
        journal.add(draft(run))
        journal.move("process")
    with ThreadPoolExecutor(2) as workers:
        assert sorted(workers.map(flush_quietly, journals)) == [False, True]
    assert (run.drafts.count(), fresh(run).version, len(entries(run))) == (1, 1, 2)


def test_after_an_error_of_the_database_the_copy_is_worthless(grace: Person) -> None:
    run = submitted(grace.actor)
    journal = journal_of(run)
    journal.add(draft(run), draft(run))
    with pytest.raises(psycopg.errors.UniqueViolation):
        journal.flush()
    assert not flush_quietly(journal)


def test_the_database_judges_the_transition_again(grace: Person) -> None:
    run = submitted(grace.actor)
    journal = journal_of(run)
    journal.changed["state"] = "COMPLETED"
    with pytest.raises(psycopg.errors.CheckViolation, match="may not go from INITIALIZED to COMPLETED"):
        journal.flush()


def test_an_illegal_transition_is_refused_in_memory(grace: Person) -> None:
    with pytest.raises(TransitionNotAllowed):
        journal_of(submitted(grace.actor)).move("complete")


def test_a_change_of_a_stored_row_goes_with_the_flush(grace: Person) -> None:
    run = submitted(grace.actor)
    row = draft(run)
    row.save()
    row.provider = "other"
    journal = journal_of(run)
    journal.change(row, "provider")
    journal.flush(barrier=True)
    assert run.drafts.get().provider == "other"


def test_the_worker_is_named_in_the_entries(grace: Person) -> None:
    run = submitted(grace.actor)
    journal = journal_of(run)
    journal.enter(EventType.RUN_DRAFTED, revision=0)
    journal.flush()
    entry = Entry.objects.get(run=run.pk, type="run.drafted")
    assert (entry.actor, entry.workspace, entry.chain) == ("worker:engine", run.workspace_id, f"run:{run.pk}")


def test_a_second_writer_of_the_chain_is_refused_by_its_places(grace: Person) -> None:
    run = submitted(grace.actor)
    journal = journal_of(run)
    ledger.append(ledger.Event(EventType.RUN_RESUMED, grace.actor, run=run.pk), chain=ledger.run_chain(run.pk))
    journal.move("process")
    with pytest.raises(psycopg.errors.UniqueViolation, match="one_entry_per_place"):
        journal.flush()
    assert fresh(run).state == "INITIALIZED"


def test_a_flush_over_a_closed_pool_opens_another(grace: Person) -> None:
    run = submitted(grace.actor)
    journal = journal_of(run)
    pool.close()
    journal.move("process")
    journal.flush()
    assert fresh(run).state == "PROCESSING"


def test_one_decision_moves_with_the_state(grace: Person) -> None:
    run = submitted(grace.actor)
    journal = journal_of(run)
    for step in ("process", "gate", "consider", "refuse"):
        journal.move(step, barrier=True)
        journal.flush()
    assert (fresh(run).state, fresh(run).decision) == ("LOGGING", "REFUSE")
