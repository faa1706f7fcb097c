"""The ledger's tables take inserts only, whatever the statement."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Model

from audit.actors import SYSTEM
from audit.events import EventType
from audit.ledger import Event, append
from audit.models import Entry, Leaf, SignedCheckpoint, TreeNode

GUARDED: tuple[type[Model], ...] = (Entry, Leaf, TreeNode, SignedCheckpoint)
COLUMN = {"audit_entry": "type", "audit_leaf": "index", "audit_treenode": "hash", "audit_signedcheckpoint": "note"}
STATEMENTS = {
    "update": "UPDATE {table} SET {column} = {column}",
    "delete": "DELETE FROM {table}",
    "truncate": "TRUNCATE {table} CASCADE",
    "upsert": "INSERT INTO {table} TABLE {table} ON CONFLICT ({key}) DO UPDATE SET {column} = excluded.{column}",
    "merge": "MERGE INTO {table} t USING {table} s ON t.{key} = s.{key} WHEN MATCHED THEN DELETE",
}


@pytest.fixture
def rows(db: None) -> None:
    """Put one row into each guarded table."""
    append(Event(EventType.FIELDS_CHANGED, SYSTEM), chain="fields")
    Leaf.objects.create(index=0, entry=Entry.objects.get())
    TreeNode.objects.create(level=0, index=0, hash=bytes(32))
    SignedCheckpoint.objects.create(size=1, root=bytes(32), note="note")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def refused(statement: str, table: type[Model], *, role: str = "origin") -> str:
    meta = table._meta
    known = {"table": meta.db_table, "key": f'"{meta.pk.column}"', "column": f'"{COLUMN[meta.db_table]}"'}
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL session_replication_role = {role}")
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            cursor.execute(statement.format(**known))
    return str(caught.value)


@pytest.mark.parametrize("role", ["origin", "replica", "local"])
@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
@pytest.mark.parametrize("table", GUARDED)
def test_history_cannot_be_changed(rows: None, table: type[Model], statement: str, role: str) -> None:
    assert "is refused: its history is append-only" in refused(statement, table, role=role)
    assert table._default_manager.count() == 1


@pytest.mark.parametrize("table", GUARDED)
def test_nor_through_the_orm(rows: None, table: type[Model]) -> None:
    column = COLUMN[table._meta.db_table]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        table._default_manager.update(**{column: F(column)})
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        table._default_manager.all()._raw_delete("default")


def test_no_session_setting_opens_the_door(rows: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL pgtrigger.ignore = 'audit_entry:audit_entry_append_only'")
    assert "append-only" in refused(STATEMENTS["delete"], Entry)


@pytest.mark.parametrize("table", GUARDED)
def test_the_guards_stand_in_every_session_role(rows: None, table: type[Model]) -> None:
    name = table._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgenabled = 'A' AND tgrelid = %s::regclass", [name])
        assert {found for (found,) in cursor.fetchall()} == {f"{name}_append_only", f"{name}_no_truncate"}
