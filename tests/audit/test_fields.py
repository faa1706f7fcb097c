"""Sealed columns: a text opens in the row and column it was written to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import fields, vault
from audit.ids import new_id
from audit.models import DataKey
from audit.vault import SealError

KEY = vault.DataKey.new(new_id())


def row() -> DataKey:
    """Return an unsaved row with two columns of bytes."""
    return DataKey(id=new_id(), wrapped=b"")


@given(st.text(st.characters()))
def test_any_text_comes_back_as_it_was(text: str) -> None:
    here = row()
    fields.seal_text(KEY, here, "wrapped", text)
    assert fields.open_text(KEY, here, "wrapped") == text


def test_half_a_surrogate_pair_survives_too() -> None:
    here = row()
    fields.seal_text(KEY, here, "wrapped", "\ud800")
    assert fields.open_text(KEY, here, "wrapped") == "\ud800"


def test_the_column_holds_no_text() -> None:
    here = row()
    fields.seal_text(KEY, here, "wrapped", "a diagnosis")
    assert b"diagnosis" not in bytes(here.wrapped)


def test_a_value_copied_to_another_row_is_refused_and_the_row_named() -> None:
    here, there = row(), row()
    fields.seal_text(KEY, here, "wrapped", "a diagnosis")
    there.wrapped = here.wrapped
    with pytest.raises(SealError, match=f"audit_datakey.wrapped of row {there.pk} was changed"):
        fields.open_text(KEY, there, "wrapped")


def test_a_value_copied_to_another_column_is_refused() -> None:
    here = row()
    fields.seal_text(KEY, here, "wrapped", "a diagnosis")
    here.kek = here.wrapped  # type: ignore[assignment]
    with pytest.raises(SealError, match=r"audit_datakey\.kek of row"):
        fields.open_text(KEY, here, "kek")


@pytest.mark.parametrize("forged", [b"", b"a plaintext", None])
def test_a_plaintext_or_nothing_is_refused(forged: bytes | None) -> None:
    here = row()
    here.wrapped = forged
    with pytest.raises(SealError, match="is not a sealed value"):
        fields.open_text(KEY, here, "wrapped")


def test_what_the_database_returns_opens_too() -> None:
    here = row()
    fields.seal_text(KEY, here, "wrapped", "a diagnosis")
    here.wrapped = memoryview(here.wrapped)
    assert fields.open_text(KEY, here, "wrapped") == "a diagnosis"
