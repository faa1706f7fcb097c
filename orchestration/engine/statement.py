"""One SQL statement for all rows of a super-step: a CTE of inserts and updates over unnested arrays.

One round trip and one commit cost a fifth of bulk_create's CPU and a twentieth of save() per object at 50 rows
(docs/decisions/0002). Every insert selects FROM the guarded update, so a refused guard writes nothing at all.
"""

from __future__ import annotations  # models.Field takes no type arguments when it runs

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models
from django.db.models.expressions import DatabaseDefault
from psycopg import Connection, RawCursor

# What to do when a row is there already. Blobs are immutable; a special write (an interrupt) replaces its elder.
KEEP = "ON CONFLICT DO NOTHING"
# Up to so many rows of a table are written as values.
FEW = 3
VERBATIM = frozenset({str, bytes, bool, type(None)})


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


@dataclass(frozen=True, slots=True)
class Column:
    """How a column is written: its quoted name, and the type its parameter is cast to.

    Lengths are left out of the type: a cast to varchar(40) would cut silently.
    """

    attname: str
    name: str
    cast: str
    prepare: Callable[[Any], Any]

    @classmethod
    def of(cls, column: models.Field[Any, Any]) -> Column:
        name = str(column.db_type(connection))
        cast = "text" if name.startswith("varchar") else name
        return cls(column.attname, quoted(str(column.column)), cast, preparer(column))

    def value(self, row: models.Model) -> Any:  # noqa: ANN401 - any column's value
        value = getattr(row, self.attname)
        # What nearly all values are needs no preparing, but for JSON, which has texts and truth values of its own.
        if type(value) in VERBATIM and self.prepare is not json.dumps:
            return value
        return plain(self.prepare, value)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def preparer(column: models.Field[Any, Any]) -> Callable[[Any], Any]:
    if isinstance(column, models.JSONField):
        return json.dumps
    return bytes if isinstance(column, models.BinaryField) else column.get_prep_value


def plain(prepare: Callable[[Any], Any], value: Any) -> Any:  # noqa: ANN401
    """Return a value as a parameter.

    All but bytes and truth values go as texts: the driver gives an integer a type by its size, and PostgreSQL would
    plan the same statement anew for each.
    """
    if value is None:
        return None
    prepared = value if type(value) is str and prepare is not json.dumps else prepare(value)
    match prepared:
        case str() | bytes() | bool() | None:
            return prepared
        case UUID():
            return prepared.hex
        case datetime():
            return prepared.isoformat()
        case _:
            return str(prepared)


@cache
def optional(model: type[models.Model]) -> tuple[str, ...]:
    """Return the columns that a row may leave to the database."""
    fields = model._meta.concrete_fields
    return tuple(f.attname for f in fields if f.primary_key or f.db_default is not models.NOT_PROVIDED)


def left_out(row: models.Model) -> tuple[str, ...]:
    """Return the columns that this row leaves to the database."""
    values = ((name, getattr(row, name)) for name in optional(type(row)))
    key = row._meta.pk.attname
    return tuple(n for n, value in values if isinstance(value, DatabaseDefault) or (n == key and value is None))


@cache
def columns_of(model: type[models.Model], without: tuple[str, ...]) -> tuple[Column, ...]:
    """Return the columns to write: all but generated ones and those left to the database."""
    fields = model._meta.concrete_fields
    return tuple(Column.of(f) for f in fields if not f.generated and f.attname not in without)


@cache
def changed_columns(model: type[models.Model], names: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(Column.of(column_of(model, name)) for name in (str(model._meta.pk.attname), *names))


@dataclass(frozen=True, slots=True)
class Insert:
    """The shape of an insert. Few rows go as values; more go as one array a column, so that shapes stay few."""

    model: type[models.Model]
    without: tuple[str, ...]
    rows: int
    conflict: str


@dataclass(frozen=True, slots=True)
class Update:
    """The shape of an update of some columns of rows."""

    model: type[models.Model]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """All that a statement's text depends on; ``guard`` has its table, set columns and condition's columns."""

    guard: tuple[str, tuple[str, ...], tuple[str, ...]] | None
    inserts: tuple[Insert, ...]
    updates: tuple[Update, ...]


class Numbers:
    """Hands out a statement's placeholders in order."""

    def __init__(self) -> None:
        self.last = 0

    def next(self, cast: str = "") -> str:
        self.last += 1
        return f"${self.last}::{cast}" if cast else f"${self.last}"


@lru_cache(maxsize=512)
def text_of(shape: Shape) -> bytes:
    """Return the statement of a shape. Its one row tells how many rows the guard found."""
    numbers = Numbers()
    parts = [guard_text(*shape.guard, numbers=numbers)] if shape.guard else []
    origin = "guard" if shape.guard else ""
    for part in shape.inserts:
        parts.append(f"p{len(parts)} AS ({insert_text(part, origin, numbers)})")
    for change in shape.updates:
        parts.append(f"p{len(parts)} AS ({update_text(change, origin, numbers)})")
    counted = "(SELECT count(*) FROM guard)" if shape.guard else "1"
    head = f"WITH {', '.join(parts)} " if parts else ""
    return f"{head}SELECT {counted}, set_config('synchronous_commit', {numbers.next()}, true)".encode()


def guard_text(table: str, values: Sequence[str], where: Sequence[str], *, numbers: Numbers) -> str:
    sets = ["version = version + 1", *(f"{quoted(name)} = {numbers.next()}" for name in values)]
    conditions = [f"{quoted(name)} = {numbers.next()}" for name in where]
    return f"guard AS (UPDATE {quoted(table)} SET {', '.join(sets)} WHERE {' AND '.join(conditions)} RETURNING id)"  # noqa: S608 - names of our own models


def arrays(columns: Sequence[Column], numbers: Numbers) -> str:
    casts = ", ".join(numbers.next(f"{column.cast}[]") for column in columns)
    return f"unnest({casts}) AS u({', '.join(column.name for column in columns)})"


def insert_text(part: Insert, origin: str, numbers: Numbers) -> str:
    columns = columns_of(part.model, part.without)
    if part.rows:
        rows = (", ".join(numbers.next(column.cast) for column in columns) for _ in range(part.rows))
        values = f"(VALUES {', '.join(f'({row})' for row in rows)}) AS u"
    else:
        values = arrays(columns, numbers)
    table, names = quoted(part.model._meta.db_table), ", ".join(column.name for column in columns)
    sources = ", ".join(filter(None, (origin, values)))
    return f"INSERT INTO {table} ({names}) SELECT u.* FROM {sources} {part.conflict}"  # noqa: S608


def update_text(part: Update, origin: str, numbers: Numbers) -> str:
    columns = changed_columns(part.model, part.names)
    key, table = columns[0].name, quoted(part.model._meta.db_table)
    sets = ", ".join(f"{column.name} = u.{column.name}" for column in columns[1:])
    sources = ", ".join(filter(None, (origin, arrays(columns, numbers))))
    return f"UPDATE {table} SET {sets} FROM {sources} WHERE {table}.{key} = u.{key}"  # noqa: S608


def transposed(columns: Sequence[Column], rows: Sequence[models.Model]) -> list[Any]:
    return [[column.value(row) for row in rows] for column in columns]


def compose(batch: Batch, *, guard: Guard | None, barrier: bool) -> tuple[bytes, list[Any]]:
    """Return the statement, with placeholders in PostgreSQL's own form, and its parameters."""
    params: list[Any] = [*map(direct, (*guard.values.values(), *guard.where.values()))] if guard else []
    inserts, updates = [], []
    for (model, without), rows in inserted(batch.rows).items():
        few = len(rows) if len(rows) <= FEW else 0
        inserts.append(Insert(model, without, few, batch.conflicts.get(model, "")))
        columns = columns_of(model, without)
        params += [c.value(row) for row in rows for c in columns] if few else transposed(columns, rows)
    for (model, names), changes in changed(batch.changes).items():
        updates.append(Update(model, names))
        params += transposed(changed_columns(model, names), [change.row for change in changes])
    # Lazy steps survive a worker's crash, not the database's; WAL is ordered, so the next barrier makes them durable.
    params.append("on" if barrier else "off")
    known = (guard.table, tuple(guard.values), tuple(guard.where)) if guard else None
    return text_of(Shape(known, tuple(inserts), tuple(updates))), params


def direct(value: Any) -> Any:  # noqa: ANN401
    return plain(lambda given: given, value)


def inserted(rows: Iterable[models.Model]) -> dict[tuple[type[models.Model], tuple[str, ...]], list[models.Model]]:
    groups: dict[tuple[type[models.Model], tuple[str, ...]], list[models.Model]] = {}
    for row in rows:
        groups.setdefault((type(row), left_out(row)), []).append(row)
    return groups


def changed(changes: Iterable[Change]) -> dict[tuple[type[models.Model], tuple[str, ...]], list[Change]]:
    groups: dict[tuple[type[models.Model], tuple[str, ...]], list[Change]] = {}
    for change in changes:
        groups.setdefault((type(change.row), change.columns), []).append(change)
    return groups


def execute(connection_: Connection[Any], batch: Batch, *, guard: Guard | None = None, barrier: bool = True) -> int:
    """Write a batch; return how many rows its guard found (1 without a guard).

    PostgreSQL parses and plans each shape once a connection: that costs several times what the writing does.
    """
    text, params = compose(batch, guard=guard, barrier=barrier)
    row = RawCursor(connection_).execute(text, params, prepare=True).fetchone()
    return int(row[0]) if row else 0
