"""One statement for all rows of a super-step."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db import connection

from audit.ids import new_id
from orchestration.engine import pool, statement
from orchestration.engine.statement import KEEP, Batch, Guard, column_of
from orchestration.models import CheckpointBlob, Draft, Run
from tests.conftest import Person
from tests.orchestration.rows import fresh, submitted

pytestmark = pytest.mark.usefixtures("committed")

NOTE_COMMIT = """
DROP TABLE IF EXISTS noted;
DROP FUNCTION IF EXISTS note CASCADE;
CREATE TABLE noted (setting text, transaction xid8);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO noted VALUES (current_setting('synchronous_commit'), pg_current_xact_id()); RETURN NEW;
END $$;
CREATE CONSTRAINT TRIGGER note AFTER INSERT ON orchestration_draft DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION note();
"""


def draft(run: Run, revision: int = 0, **columns: Any) -> Draft:
    columns = {"text_sealed": b"\x00text", "provider": "scripted", "model": "", **columns}
    return Draft(id=new_id(), run_id=run.pk, revision=revision, **columns)


def guard(run: Run, **values: Any) -> Guard:
    return Guard("orchestration_run", values, {"id": run.pk, "token": run.token, "version": run.version})


def execute(batch: Batch, *, guard: Guard | None, barrier: bool = False) -> Any:
    with pool.pool().connection() as engine:
        return statement.execute(engine, batch, guard=guard, barrier=barrier)


def noted(column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM noted")  # noqa: S608
        return [row[0] for row in cursor.fetchall()]


def note_commits() -> None:
    with connection.cursor() as cursor:
        cursor.execute(NOTE_COMMIT)


def test_rows_of_several_tables_and_changes_are_written_together(grace: Person) -> None:
    run = submitted(grace.actor)
    blob = CheckpointBlob(thread=str(run.pk), namespace="", channel="c", version="1", body=b"sealed")
    assert execute(Batch(rows=[draft(run), blob, draft(run, 1)]), guard=guard(run, reason="because")) == 1
    assert (run.drafts.count(), fresh(run).reason) == (2, "because")
    assert CheckpointBlob.objects.filter(thread=str(run.pk)).count() == 1


def test_a_guard_that_finds_no_row_writes_nothing(grace: Person) -> None:
    run = submitted(grace.actor)
    run.token = 7
    assert execute(Batch(rows=[draft(run)]), guard=guard(run, reason="because")) == 0
    assert (run.drafts.count(), fresh(run).reason, fresh(run).version) == (0, "", 0)


def test_a_guard_that_finds_no_row_changes_nothing(grace: Person) -> None:
    run = submitted(grace.actor)
    row = draft(run)
    row.save()
    row.provider = "forged"
    run.version = 9
    batch = Batch()
    batch.change(row, "provider")
    assert execute(batch, guard=guard(run)) == 0
    assert run.drafts.get().provider == "scripted"


def test_the_guard_raises_the_version(grace: Person) -> None:
    run = submitted(grace.actor)
    execute(Batch(), guard=guard(run))
    assert fresh(run).version == 1


def test_a_column_left_to_the_database_gets_its_default(grace: Person) -> None:
    run = submitted(grace.actor)
    execute(Batch(rows=[draft(run)]), guard=guard(run))
    assert run.drafts.get().created_at is not None


def test_lists_and_bytes_come_back_as_they_went(grace: Person) -> None:
    run = submitted(grace.actor)
    attempts = [{"number": 1, "outcome": 'say "no", {then} \\ yes'}]
    execute(Batch(rows=[draft(run, attempts=attempts, text_sealed=bytes(range(256)))]), guard=guard(run))
    stored = run.drafts.get()
    assert (stored.attempts, bytes(stored.text_sealed)) == (attempts, bytes(range(256)))


def test_a_text_that_is_too_long_is_refused_and_not_cut(grace: Person) -> None:
    run = submitted(grace.actor)
    with pytest.raises(psycopg.errors.StringDataRightTruncation):
        execute(Batch(rows=[draft(run, provider="x" * 41)]), guard=guard(run))


def test_one_bad_row_writes_none(grace: Person) -> None:
    run = submitted(grace.actor)
    with pytest.raises(psycopg.errors.UniqueViolation):
        execute(Batch(rows=[draft(run), draft(run)]), guard=guard(run, reason="because"))
    assert (run.drafts.count(), fresh(run).reason) == (0, "")


def test_a_row_that_may_be_there_is_kept() -> None:
    rows = [
        CheckpointBlob(thread="kept", namespace="", channel="c", version="1", body=body) for body in (b"old", b"new")
    ]
    for row in rows:
        execute(Batch(rows=[row], conflicts={CheckpointBlob: KEEP}), guard=None)
    assert bytes(CheckpointBlob.objects.get(thread="kept").body) == b"old"


def test_changes_of_several_rows_and_shapes(grace: Person) -> None:
    run = submitted(grace.actor)
    rows = [draft(run, 0), draft(run, 1)]
    execute(Batch(rows=list(rows)), guard=None)
    batch = Batch()
    for row, name in zip(rows, ("first", "second"), strict=True):
        row.provider = row.model = name
        batch.change(row, "provider")
    batch.change(rows[1], "model")
    assert execute(batch, guard=None) == 1
    assert list(run.drafts.order_by("revision").values_list("provider", "model")) == [
        ("first", ""),
        ("second", "second"),
    ]


def test_a_change_of_a_row_that_is_inserted_too_goes_with_the_insert(grace: Person) -> None:
    run = submitted(grace.actor)
    row = draft(run)
    batch = Batch(rows=[row])
    row.provider = "second"
    batch.change(row, "provider")
    execute(batch, guard=guard(run))
    assert run.drafts.get().provider == "second"


def test_two_copies_of_one_row_cannot_both_be_changed(grace: Person) -> None:
    run = submitted(grace.actor)
    draft(run).save()
    batch = Batch()
    batch.change(run.drafts.get(), "provider")
    with pytest.raises(ValueError, match="two copies"):
        batch.change(run.drafts.get(), "model")


def test_everything_of_a_statement_is_one_transaction(grace: Person) -> None:
    note_commits()
    run = submitted(grace.actor)
    execute(Batch(rows=[draft(run, n) for n in range(50)]), guard=guard(run))
    assert len(set(noted("transaction"))) == 1


@pytest.mark.parametrize(("barrier", "setting"), [(True, "on"), (False, "off")])
def test_the_commit_waits_for_the_disk_at_a_barrier_only(grace: Person, barrier: bool, setting: str) -> None:
    note_commits()
    run = submitted(grace.actor)
    execute(Batch(rows=[draft(run)]), guard=guard(run), barrier=barrier)
    assert noted("setting") == [setting]


def test_the_setting_ends_with_its_transaction(grace: Person) -> None:
    with pool.pool().connection() as engine:
        before = engine.execute("SHOW synchronous_commit").fetchone()
        statement.execute(engine, Batch(), guard=guard(submitted(grace.actor)), barrier=False)
        assert engine.execute("SHOW synchronous_commit").fetchone() == before


def test_a_batch_is_true_when_it_holds_something(grace: Person) -> None:
    batch = Batch()
    assert not batch
    batch.add(draft(submitted(grace.actor)))
    assert batch
    batch.clear()
    assert not batch


def test_a_name_that_is_no_column_is_refused() -> None:
    with pytest.raises(FieldDoesNotExist, match="approvals is no column"):
        column_of(Run, "approvals")


@pytest.mark.parametrize("size", [1, 3, 4, 40])
def test_any_number_of_rows_comes_back_as_it_went(grace: Person, size: int) -> None:
    run = submitted(grace.actor)
    rows = [draft(run, n, text_sealed=bytes([n, 0]), tokens_in=n << 20, attempts=[n, None]) for n in range(size)]
    execute(Batch(rows=list(rows)), guard=guard(run))
    stored = [(row.revision, bytes(row.text_sealed), row.tokens_in, row.attempts) for row in run.drafts.all()]
    assert sorted(stored) == [(n, bytes([n, 0]), n << 20, [n, None]) for n in range(size)]


def test_rows_that_leave_other_columns_to_the_database_are_kept_apart(grace: Person) -> None:
    run = submitted(grace.actor)
    at = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    execute(Batch(rows=[draft(run, 0, created_at=at), draft(run, 1)]), guard=guard(run))
    first, second = run.drafts.order_by("revision")
    assert (first.created_at, second.created_at > at) == (at, True)


def test_statements_of_one_shape_have_one_text_and_one_kind_of_parameters(grace: Person) -> None:
    run = submitted(grace.actor)
    rows = [draft(run, revision, tokens_in=number) for revision, number in enumerate((1, 2**14, 2**20, 2**30))]
    composed = [statement.compose(Batch(rows=[row]), guard=guard(run), barrier=True) for row in rows]
    assert len({text for text, _ in composed}) == 1
    assert len({tuple(map(type, params)) for _, params in composed}) == 1


def test_an_empty_text_a_missing_one_and_one_of_json_are_told_apart(grace: Person) -> None:
    run = submitted(grace.actor)
    execute(Batch(rows=[draft(run, attempts="text", model="")]), guard=guard(run, idempotency_key=None))
    assert (run.drafts.get().attempts, run.drafts.get().model, fresh(run).idempotency_key) == ("text", "", None)
