"""One SQL statement for all rows of a super-step: a CTE of inserts and updates over unnested arrays.

One round trip and one commit cost a fifth of bulk_create's CPU and a twentieth of save() per object at 50 rows
(docs/decisions/0002). Every insert selects FROM the guarded update, so a refused guard writes nothing at all.
"""

from __future__ import annotations  # models.Field takes no type arguments when it runs

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models
from django.db.models.expressions import DatabaseDefault
from psycopg import sql

# What to do when a row is there already. Blobs are immutable; a special write (an interrupt) replaces its elder.
KEEP = "ON CONFLICT DO NOTHING"


@cache
def array_type(column: models.Field[Any, Any]) -> str:
    """Return the array type that carries a column. Lengths are left out: a cast would cut silently."""
    name = str(column.db_type(connection))
    return "text[]" if name.startswith("varchar") else f"{name}[]"


def plain(column: models.Field[Any, Any], value: Any) -> Any:  # noqa: ANN401 - any column's value
    """Return a value as the driver takes it inside an array."""
    if value is None:
        return None
    if isinstance(column, models.JSONField):
        return json.dumps(value)
    if isinstance(column, models.BinaryField):
        return bytes(value)
    return column.get_prep_value(value)


def columns_of(row: models.Model) -> tuple[models.Field[Any, Any], ...]:
    """Return the columns to write: all but generated ones and those left to the database's default."""
    return tuple(
        column
        for column in row._meta.concrete_fields
        if not column.generated
        and not isinstance(getattr(row, column.attname), DatabaseDefault)
        and not (column.primary_key and getattr(row, column.attname) is None)
    )


@dataclass(frozen=True, slots=True)
class Change:
    """New values for some columns of one stored row."""

    row: models.Model
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """The update that must find its row: otherwise nothing of the statement happens."""

    table: str
    values: Mapping[str, Any]
    where: Mapping[str, Any]


@dataclass(slots=True)
class Batch:
    """Rows to insert and to change, in the order of the foreign keys between them."""

    rows: list[models.Model] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    conflicts: dict[type[models.Model], str] = field(default_factory=dict)

    def add(self, *rows: models.Model) -> None:
        self.rows.extend(rows)

    def change(self, row: models.Model, *columns: str) -> None:
        """Write some columns of a stored row, as they are when the statement is made.

        Raises:
            ValueError: another copy of the row is in the batch.
        """
        held = [known for known in (*self.rows, *(change.row for change in self.changes)) if known == row]
        if any(known is not row for known in held):
            raise ValueError(f"two copies of {row._meta.label} {row.pk} would be written; change one of them")
        if row in self.rows:
            return  # it is inserted with its values as they are then
        # One statement changes a row once; PostgreSQL would drop the second change without a word.
        before = [change for change in self.changes if change.row is row]
        others = [change for change in self.changes if change.row is not row]
        merged = dict.fromkeys((*(name for change in before for name in change.columns), *columns))
        self.changes = [*others, Change(row, tuple(merged))]

    def clear(self) -> None:
        self.rows.clear()
        self.changes.clear()

    def __bool__(self) -> bool:
        return bool(self.rows or self.changes)


def column_of(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    """Return a column of a model; raises FieldDoesNotExist for a name that is none."""
    found = model._meta.get_field(name)
    if not isinstance(found, models.Field):
        raise FieldDoesNotExist(f"{model.__name__}.{name} is no column")
    return found


@dataclass(slots=True)
class Statement:
    parts: list[sql.Composable] = field(default_factory=list)
    params: list[Any] = field(default_factory=list)


def names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def unnest(
    statement: Statement, columns: Sequence[models.Field[Any, Any]], rows: Sequence[models.Model]
) -> sql.Composed:
    for column in columns:
        statement.params.append([plain(column, getattr(row, column.attname)) for row in rows])
    casts = [sql.SQL("%s::" + array_type(column)) for column in columns]
    return sql.SQL("unnest({}) AS u({})").format(sql.SQL(", ").join(casts), names(str(c.column) for c in columns))


def grouped(rows: Iterable[models.Model]) -> dict[type[models.Model], list[models.Model]]:
    groups: dict[type[models.Model], list[models.Model]] = {}
    for row in rows:
        groups.setdefault(type(row), []).append(row)
    return groups


def insert(statement: Statement, rows: Sequence[models.Model], *, guarded: bool, conflict: str) -> None:
    columns = columns_of(rows[0])
    statement.parts.append(
        sql.SQL("i{} AS (INSERT INTO {} ({}) SELECT u.* FROM {}{} {})").format(
            sql.SQL(str(len(statement.parts))),
            sql.Identifier(rows[0]._meta.db_table),
            names(str(column.column) for column in columns),
            sql.SQL("guard, " if guarded else ""),
            unnest(statement, columns, rows),
            sql.SQL(conflict),
        )
    )


def update(statement: Statement, changes: Sequence[Change], *, guarded: bool) -> None:
    model = changes[0].row._meta
    changed = [column_of(type(changes[0].row), name) for name in changes[0].columns]
    columns = [model.pk, *changed]
    table = sql.Identifier(model.db_table)
    sets = [sql.SQL("{0} = u.{0}").format(sql.Identifier(str(column.column))) for column in changed]
    statement.parts.append(
        sql.SQL("c{} AS (UPDATE {} SET {} FROM {}{} WHERE {}.{} = u.{})").format(
            sql.SQL(str(len(statement.parts))),
            table,
            sql.SQL(", ").join(sets),
            sql.SQL("guard, " if guarded else ""),
            unnest(statement, columns, [change.row for change in changes]),
            table,
            sql.Identifier(str(model.pk.column)),
            sql.Identifier(str(model.pk.column)),
        )
    )


def add_guard(statement: Statement, guard: Guard) -> None:
    sets: list[sql.Composable] = [sql.SQL("version = version + 1")]
    for name, value in guard.values.items():
        sets.append(sql.SQL("{} = %s").format(sql.Identifier(name)))
        statement.params.append(value)
    conditions = []
    for name, value in guard.where.items():
        conditions.append(sql.SQL("{} = %s").format(sql.Identifier(name)))
        statement.params.append(value)
    statement.parts.append(
        sql.SQL("guard AS (UPDATE {} SET {} WHERE {} RETURNING id)").format(
            sql.Identifier(guard.table), sql.SQL(", ").join(sets), sql.SQL(" AND ").join(conditions)
        )
    )


def compose(batch: Batch, *, guard: Guard | None, barrier: bool) -> tuple[sql.Composed, list[Any]]:
    """Return the statement and its parameters. Its one row tells how many rows the guard found."""
    statement = Statement()
    if guard is not None:
        add_guard(statement, guard)
    for model, rows in grouped(batch.rows).items():
        insert(statement, rows, guarded=guard is not None, conflict=batch.conflicts.get(model, ""))
    by_shape: dict[tuple[type[models.Model], tuple[str, ...]], list[Change]] = {}
    for change in batch.changes:
        by_shape.setdefault((type(change.row), change.columns), []).append(change)
    for changes in by_shape.values():
        update(statement, changes, guarded=guard is not None)
    # Lazy steps survive a worker's crash, not the database's; WAL is ordered, so the next barrier makes them durable.
    statement.params.append("on" if barrier else "off")
    counted = sql.SQL("(SELECT count(*) FROM guard)") if guard is not None else sql.SQL("1")
    tail = sql.SQL(" SELECT {}, set_config('synchronous_commit', %s, true)").format(counted)
    return sql.SQL("WITH ") + sql.SQL(", ").join(statement.parts) + tail, statement.params
