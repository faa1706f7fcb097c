"""Many new rows of one table in one statement, at a fraction of what bulk_create costs where columns are sealed.

For verbs: over Django's connection, in the caller's transaction, and not prepared, which pgbouncer would not bear. The
engine writes whole super-steps over connections of its own (engine/statement.py).
"""

from collections.abc import Sequence
from functools import cache

from django.db import connection
from django.db.models import Model
from django.db.models.expressions import DatabaseDefault

# Django takes unnest by itself (since 5.2), but not for binary columns or defaults of the database.


@cache
def statement(model: type[Model], given: frozenset[str]) -> str:
    """Return the statement that inserts rows of these columns, in the model's order, each column an array."""
    columns = [column for column in model._meta.concrete_fields if column.attname in given]
    names = ", ".join(connection.ops.quote_name(str(column.column)) for column in columns)
    # Without their lengths: a cast to varchar(80) would cut a text that the column itself refuses.
    arrays = ", ".join(f"%s::{str(column.db_type(connection)).partition('(')[0]}[]" for column in columns)
    # Names and types are the model's own; nothing in the statement comes from a client.
    return f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608


def insert(rows: Sequence[Model]) -> None:
    """Insert new rows, which are all of one model and hold plain values: texts, numbers, times, ids, bytes, None.

    Columns whose default is the database's, and which no row sets, are left to it.
    """
    if not rows:
        return
    columns = [
        column
        for column in rows[0]._meta.concrete_fields
        if not isinstance(getattr(rows[0], column.attname), DatabaseDefault)
    ]
    text = statement(type(rows[0]), frozenset(column.attname for column in columns))
    with connection.cursor() as cursor:
        cursor.execute(text, [[getattr(row, column.attname) for row in rows] for column in columns])
    for row in rows:
        row._state.adding = False
