"""Data keys: one for each run, kept wrapped by the vault's key, which the environment holds."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from audit import vault
from audit.ids import new_id
from audit.models import DataKey, Workspace


class KeyUnavailable(Exception):
    """The data key was destroyed, or the vault's key is not the one that wrapped it."""


def vault_key() -> vault.Kek:
    """Return the vault's key.

    Raises:
        ImproperlyConfigured: none is set.
    """
    raw = settings.PROMETHEUS_VAULT_KEY
    if not raw:
        raise ImproperlyConfigured("PROMETHEUS_VAULT_KEY is not set; make one: openssl rand -base64 32")
    return kek_of(raw)


@lru_cache(maxsize=2)
def kek_of(raw: bytes) -> vault.Kek:
    return vault.Kek(id=vault.keyed_hash(raw, "kek")[:16], key=raw)


@dataclass(frozen=True, slots=True)
class Made:
    """A new data key in clear, and its row, which is not stored yet."""

    key: vault.DataKey
    row: DataKey


def make(workspace: Workspace | None) -> Made:
    """Make a data key. Nothing may be stored that it sealed unless its row is, in the same transaction."""
    kek = vault_key()
    key = vault.DataKey.new(new_id())
    wrapped = vault.wrap(kek, key.key, dek_id=key.id)
    return Made(key, DataKey(id=key.id, workspace=workspace, wrapped=wrapped, kek=kek.id))


def create(workspace: Workspace | None) -> vault.DataKey:
    """Make a data key and keep it wrapped. Part of the caller's transaction."""
    made = make(workspace)
    made.row.save(force_insert=True)
    return made.key


def wrapped_key(key_id: UUID) -> tuple[bytes, str] | None:
    """Return a stored key as it is wrapped, and the id of the vault's key that did it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT wrapped, kek FROM audit_datakey WHERE id = %s", [key_id])
        row: tuple[bytes, str] | None = cursor.fetchone()
    return row


def load(key_id: UUID | None) -> vault.DataKey:
    """Return the data key in clear.

    Raises:
        KeyUnavailable: it was destroyed, or wrapped by another vault key.
    """
    found = wrapped_key(key_id) if key_id else None
    if key_id is None or found is None:
        raise KeyUnavailable(f"data key {key_id} no longer exists: what it sealed was erased")
    wrapped, kek = found
    try:
        return vault.DataKey(id=key_id, key=vault.unwrap(vault_key(), bytes(wrapped), dek_id=key_id))
    except vault.SealError as error:
        cure = "its row was changed" if kek == vault_key().id else f"set vault key {kek}, which wrapped it"
        raise KeyUnavailable(f"data key {key_id} does not open: {cure}") from error


def existing(key_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these data keys were not destroyed."""
    return set(DataKey.objects.filter(pk__in=key_ids).values_list("pk", flat=True))


def destroy(key_id: UUID | None) -> None:
    """Destroy a data key: what it sealed cannot be opened again. Part of the caller's transaction."""
    if key_id is not None:
        DataKey.objects.filter(pk=key_id).delete()


def reference(text: str) -> str:
    """Return a keyed hash by which a text can be found again but not be guessed (64 hex digits)."""
    return vault.keyed_hash(settings.PROMETHEUS_VAULT_KEY, text)
