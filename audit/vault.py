"""Sealed values: AES-256-GCM under a data key, bound to table, column and row; data keys wrapped by the vault's key."""

import hmac
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from audit import canonical

VERSION = b"\x01"
KEY_SIZE, ID_SIZE, NONCE_SIZE, TAG_SIZE = 32, 16, 12, 16
HEAD = len(VERSION) + ID_SIZE + NONCE_SIZE


class SealError(ValueError):
    """A value that is not what was sealed there. It names the row, never a text or a key."""


def check_key(key: bytes) -> None:
    if len(key) != KEY_SIZE:
        raise ValueError(f"a key has {len(key)} bytes; {KEY_SIZE} are needed")


@dataclass(frozen=True, slots=True)
class Kek:
    """A key that wraps data keys."""

    id: str
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        check_key(self.key)


@dataclass(frozen=True)
class DataKey:
    """A key that seals values. What is made of it once, such as its cipher, goes with it."""

    id: UUID
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        check_key(self.key)

    @cached_property
    def cipher(self) -> AESGCM:
        return AESGCM(self.key)

    @cached_property
    def name(self) -> str:
        return str(self.id)

    @cached_property
    def reference(self) -> bytes:
        return derive(self.key, "reference")

    @classmethod
    def new(cls, id_: UUID) -> "DataKey":
        return cls(id_, secrets.token_bytes(KEY_SIZE))


@dataclass(frozen=True, slots=True)
class Binding:
    """The one place where a sealed value is valid."""

    table: str
    column: str
    row: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} of row {self.row}"


def associated(binding: Binding, key_id: str) -> bytes:
    known = {"v": 1, "table": binding.table, "column": binding.column, "row": binding.row, "key": key_id}
    return canonical.encode(known)


def wrap(kek: Kek, dek: bytes, *, dek_id: UUID) -> bytes:
    """Return the data key sealed by the vault's key: nonce, ciphertext, tag."""
    nonce = secrets.token_bytes(NONCE_SIZE)
    return nonce + AESGCM(kek.key).encrypt(nonce, dek, associated(Binding("datakey", "wrapped", str(dek_id)), kek.id))


def unwrap(kek: Kek, wrapped: bytes, *, dek_id: UUID) -> bytes:
    """Return the data key in clear.

    Raises:
        SealError: it was wrapped by another key, for another id, or was changed.
    """
    place = Binding("datakey", "wrapped", str(dek_id))
    try:
        return AESGCM(kek.key).decrypt(wrapped[:NONCE_SIZE], wrapped[NONCE_SIZE:], associated(place, kek.id))
    except (InvalidTag, ValueError) as error:
        raise SealError(f"{place} does not open with vault key {kek.id}") from error


def seal(key: DataKey, plaintext: bytes, *, binding: Binding) -> bytes:
    """Return version (1 byte), key id (16), nonce (12), ciphertext and tag (16)."""
    nonce = secrets.token_bytes(NONCE_SIZE)
    text = key.cipher.encrypt(nonce, plaintext, associated(binding, key.name))
    return VERSION + key.id.bytes + nonce + text


def key_id(sealed: bytes) -> UUID:
    """Return the id of the key that sealed the value."""
    return UUID(bytes=sealed[1 : 1 + ID_SIZE])


def open_sealed(key: DataKey, sealed: bytes, *, binding: Binding) -> bytes:
    """Return what was sealed.

    Raises:
        SealError: it is cut, not sealed at all, under another key, or was changed or moved.
    """
    if sealed[:1] != VERSION:
        raise SealError(f"{binding} is not a sealed value")
    if len(sealed) < HEAD + TAG_SIZE:
        raise SealError(f"{binding} has {len(sealed)} bytes; a sealed value has at least {HEAD + TAG_SIZE}")
    if not hmac.compare_digest(sealed[1 : 1 + ID_SIZE], key.id.bytes):
        raise SealError(f"{binding} was sealed with key {key_id(sealed)}, not with {key.id}")
    nonce = sealed[HEAD - NONCE_SIZE : HEAD]
    try:
        return key.cipher.decrypt(nonce, sealed[HEAD:], associated(binding, key.name))
    except InvalidTag as error:
        raise SealError(f"{binding} was changed, or belongs to another row") from error


def derive(key: bytes, purpose: str) -> bytes:
    """Return a 32-byte key for one purpose (HKDF-SHA-256)."""
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=purpose.encode()).derive(key)


def commitment(key: DataKey, text: str) -> str:
    """Return what may be kept of a text for good: 64 hex digits by which the key's holder can recognise it.

    Once the key is destroyed, not even a right guess at a short text can be confirmed.
    """
    return mac(key.reference, text)


def keyed_hash(key: bytes, text: str) -> str:
    """Return HMAC-SHA-256 in hex under a key of its own: 64 digits that cannot be guessed back."""
    return mac(derive(key, "reference"), text)


def mac(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()
