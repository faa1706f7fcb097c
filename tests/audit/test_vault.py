"""Sealed values open in their own place with their own key, and nowhere else."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import vault
from audit.vault import Binding, DataKey, Kek, SealError

ID = uuid.UUID(int=7)
KEY = DataKey(ID, b"k" * 32)
KEK = Kek("first", b"v" * 32)
PLACE = Binding("run", "request_sealed", "41")
SEALED = vault.seal(KEY, b"the patient's question", binding=PLACE)


@given(st.binary(max_size=300))
def test_what_was_sealed_opens_in_its_place(plaintext: bytes) -> None:
    assert vault.open_sealed(KEY, vault.seal(KEY, plaintext, binding=PLACE), binding=PLACE) == plaintext


def test_no_two_seals_are_alike() -> None:
    assert vault.seal(KEY, b"same", binding=PLACE) != vault.seal(KEY, b"same", binding=PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        Binding("run", "request_sealed", "42"),
        Binding("run", "answer_sealed", "41"),
        Binding("draft", "request_sealed", "41"),
        Binding("run.request", "sealed", "41"),
    ],
)
def test_a_value_moved_to_another_place_is_refused(elsewhere: Binding) -> None:
    with pytest.raises(SealError, match=f"{elsewhere} was changed, or belongs to another row"):
        vault.open_sealed(KEY, SEALED, binding=elsewhere)


def test_another_key_is_refused_by_its_id() -> None:
    other = DataKey.new(uuid.UUID(int=8))
    with pytest.raises(SealError, match=f"was sealed with key {ID}, not with {other.id}"):
        vault.open_sealed(other, SEALED, binding=PLACE)


def test_another_key_under_the_same_id_is_refused() -> None:
    with pytest.raises(SealError, match="was changed"):
        vault.open_sealed(DataKey.new(ID), SEALED, binding=PLACE)


def test_every_flip_of_a_bit_is_refused() -> None:
    flips = (bytearray(SEALED) for _ in range(len(SEALED) * 8))
    for n, flipped in enumerate(flips):
        flipped[n // 8] ^= 1 << n % 8
        with pytest.raises(SealError, match=str(PLACE)):
            vault.open_sealed(KEY, bytes(flipped), binding=PLACE)


def test_every_cut_and_every_addition_is_refused() -> None:
    for cut in (*(SEALED[:n] for n in range(len(SEALED))), SEALED + b"\x00"):
        with pytest.raises(SealError, match=str(PLACE)):
            vault.open_sealed(KEY, cut, binding=PLACE)


@pytest.mark.parametrize("forged", [b"", b"a plaintext put there", b"\x01a plaintext with the version before it" * 2])
def test_a_forged_plaintext_is_never_returned(forged: bytes) -> None:
    with pytest.raises(SealError):
        vault.open_sealed(KEY, forged, binding=PLACE)


def test_the_key_of_a_value_is_known_by_its_id() -> None:
    assert vault.key_id(SEALED) == ID


def test_an_error_tells_the_place_and_neither_text_nor_key() -> None:
    with pytest.raises(SealError) as caught:
        vault.open_sealed(KEY, SEALED[:-1], binding=PLACE)
    assert str(caught.value) == "run.request_sealed of row 41 was changed, or belongs to another row"


def test_keys_never_show() -> None:
    assert "kkk" not in repr(KEY) + str(KEY)
    assert "vvv" not in repr(KEK) + str(KEK)


def test_a_wrapped_key_opens_with_its_vault_key_and_id() -> None:
    assert vault.unwrap(KEK, vault.wrap(KEK, KEY.key, dek_id=ID), dek_id=ID) == KEY.key


@pytest.mark.parametrize(
    ("kek", "dek_id"),
    [
        (Kek("first", b"w" * 32), ID),
        (Kek("second", b"v" * 32), ID),
        (KEK, uuid.UUID(int=8)),
    ],
)
def test_a_wrapped_key_opens_with_no_other(kek: Kek, dek_id: uuid.UUID) -> None:
    with pytest.raises(SealError, match=f"row {dek_id} does not open with vault key {kek.id}"):
        vault.unwrap(kek, vault.wrap(KEK, KEY.key, dek_id=ID), dek_id=dek_id)


@pytest.mark.parametrize("wrapped", [b"", b"short", bytes(12), bytes(28), bytes(60)])
def test_a_wrapped_key_that_was_cut_or_zeroed_is_refused(wrapped: bytes) -> None:
    with pytest.raises(SealError, match="does not open"):
        vault.unwrap(KEK, wrapped, dek_id=ID)


@pytest.mark.parametrize("key", [b"", b"k" * 16, b"k" * 31, b"k" * 33])
def test_a_key_of_another_length_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match=f"a key has {len(key)} bytes; 32 are needed"):
        DataKey(ID, key)
    with pytest.raises(ValueError, match="32 are needed"):
        Kek("first", key)


def test_keys_for_different_purposes_have_nothing_in_common() -> None:
    assert vault.derive(KEK.key, "a") != vault.derive(KEK.key, "b") != KEK.key


@given(st.text(), st.text())
def test_a_keyed_hash_finds_the_same_text_and_no_other(one: str, another: str) -> None:
    same = vault.keyed_hash(KEK.key, one) == vault.keyed_hash(KEK.key, another)
    assert same == (one == another)


def test_a_keyed_hash_cannot_be_made_without_the_key() -> None:
    assert vault.keyed_hash(KEK.key, "grace@example.org") != vault.keyed_hash(KEY.key, "grace@example.org")
    assert len(vault.keyed_hash(KEK.key, "")) == 64
