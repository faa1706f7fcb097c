"""Data keys are kept wrapped; what their loss means is said clearly."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from audit import keys
from audit.ids import new_id
from audit.keys import KeyUnavailable
from audit.models import DataKey, Workspace


def test_a_key_is_kept_wrapped_and_loads_again(workspace: Workspace) -> None:
    key = keys.create(workspace)
    row = DataKey.objects.get(pk=key.id)
    assert keys.load(key.id) == key
    assert key.key not in bytes(row.wrapped)
    assert row.workspace == workspace


def test_every_key_is_another(workspace: Workspace) -> None:
    assert keys.create(workspace).key != keys.create(workspace).key


@pytest.mark.django_db
@pytest.mark.parametrize("key_id", [None, new_id()])
def test_a_destroyed_key_does_not_come_back(key_id: None) -> None:
    with pytest.raises(KeyUnavailable, match=f"data key {key_id} no longer exists: what it sealed was erased"):
        keys.load(key_id)


def test_another_vault_key_is_told_with_the_one_that_is_needed(workspace: Workspace, settings: Settings) -> None:
    key, needed = keys.create(workspace), keys.vault_key().id
    settings.PROMETHEUS_VAULT_KEY = b"n" * 32
    with pytest.raises(KeyUnavailable, match=f"set vault key {needed}, which wrapped it"):
        keys.load(key.id)


def test_a_changed_row_is_told_apart_from_another_vault_key(workspace: Workspace) -> None:
    key = keys.create(workspace)
    DataKey.objects.filter(pk=key.id).update(wrapped=bytes(60))
    with pytest.raises(KeyUnavailable, match="its row was changed"):
        keys.load(key.id)


def test_a_wrapped_key_copied_to_another_row_is_refused(workspace: Workspace) -> None:
    one, other = keys.create(workspace), keys.create(workspace)
    DataKey.objects.filter(pk=one.id).update(wrapped=DataKey.objects.get(pk=other.id).wrapped)
    with pytest.raises(KeyUnavailable, match="its row was changed"):
        keys.load(one.id)


def test_without_a_vault_key_nothing_is_wrapped(settings: Settings) -> None:
    settings.PROMETHEUS_VAULT_KEY = b""
    with pytest.raises(ImproperlyConfigured, match="PROMETHEUS_VAULT_KEY is not set; make one"):
        keys.vault_key()


def test_the_vault_keys_name_does_not_give_it_away(settings: Settings) -> None:
    assert settings.PROMETHEUS_VAULT_KEY.hex() not in keys.vault_key().id
    assert len(keys.vault_key().id) == 16


def test_a_reference_finds_a_person_and_names_nobody() -> None:
    assert keys.reference("grace@example.org") == keys.reference("grace@example.org")
    assert "grace" not in keys.reference("grace@example.org")
