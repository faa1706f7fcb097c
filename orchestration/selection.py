"""Rows of one table by a condition, for the paths that every run takes: the statement is written once a condition.

Django's query builder takes about a millisecond of processor time to write a SELECT, five times what reading a row
takes; a run that reads ten times would spend most of it there. Over Django's connection, in the caller's transaction.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection
from django.db.models import Model

M = TypeVar("M", bound=Model)


@cache
def statement(model: type[Model], rest: str) -> str:
    """Return the statement that selects all columns of rows; ``rest`` is what follows WHERE."""
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(column.column)) for column in model._meta.concrete_fields)
    return f"SELECT {names} FROM {quote(model._meta.db_table)} WHERE {rest}"  # noqa: S608 - names of our own models


@cache
def names_of(model: type[Model]) -> list[str]:
    return [column.attname for column in model._meta.concrete_fields]


@cache
def converters(model: type[Model]) -> list[tuple[int, Any]]:
    """Return the columns whose stored form is not their value (JSON), and what makes it so."""
    return [
        (place, column.from_db_value)
        for place, column in enumerate(model._meta.concrete_fields)
        if hasattr(column, "from_db_value")
    ]


def of_row(model: type[M], row: Sequence[Any]) -> M:
    values = list(row)
    for place, convert in converters(model):
        values[place] = convert(values[place], None, connection)
    return model.from_db(connection.alias, names_of(model), values)


def select(model: type[M], rest: str, *params: Any) -> list[M]:  # noqa: ANN401 - any column's value
    """Return rows as the model's default manager would.

    Args:
        rest: what follows WHERE, always the same text at one place of the program: values go into ``params``.
    """
    with connection.cursor() as cursor:
        cursor.execute(statement(model, rest), params)
        found = cursor.fetchall()
    return [of_row(model, row) for row in found]


def one(model: type[M], key: Any) -> M:  # noqa: ANN401 - what the model's key is
    """Return the row of a key; raises the model's DoesNotExist."""
    found = select(model, "id = %s", key)
    if not found:
        missing: type[ObjectDoesNotExist] = getattr(model, "DoesNotExist")  # noqa: B009 - the stubs do not know it
        raise missing(f"no {model._meta.verbose_name} {key}")
    return found[0]
