"""What a database administrator can do, and what the application's role never may."""

from typing import Any

from django.db import connection, models


def unguard(*tables: str) -> None:
    """Switch the triggers of these tables off, as only their owner can."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")


def overwrite(row: models.Model, column: str, value: Any) -> None:
    """Write into one column of a guarded row."""
    table, key = row._meta.db_table, row._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE {table} SET "{column}" = %s WHERE "{key}" = %s', [value, row.pk])  # noqa: S608
        assert cursor.rowcount == 1


def remove(table: str, where: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {where}")  # noqa: S608
        assert cursor.rowcount


def flipped(data: bytes, *, at: int = 0) -> bytes:
    """Return the bytes with one bit changed in one of them."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
