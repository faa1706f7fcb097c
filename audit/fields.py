"""Sealed columns of models: what is written into one is bound to its table, column and row."""

from django.db import models

from audit import vault


def binding(row: models.Model, column: str) -> vault.Binding:
    return vault.Binding(table=row._meta.db_table, column=column, row=str(row.pk))


def seal_text(key: vault.DataKey, row: models.Model, column: str, text: str) -> None:
    """Put ``text`` into the row's sealed column (the row is not saved)."""
    setattr(row, column, vault.seal(key, text.encode("utf-8", "surrogatepass"), binding=binding(row, column)))


def open_text(key: vault.DataKey, row: models.Model, column: str) -> str:
    """Return the text of a sealed column.

    Raises:
        SealError: the value was forged, cut, swapped with another row's, or is not sealed at all.
    """
    sealed = getattr(row, column)
    opened = vault.open_sealed(key, bytes(sealed) if sealed is not None else b"", binding=binding(row, column))
    return opened.decode("utf-8", "surrogatepass")
