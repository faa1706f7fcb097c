"""System checks: what is missing before the site may serve."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from prometheus_site import checks
from tests.conftest import Person
from tests.guardians.packing import HOUSE, activated


def ids() -> list[str]:
    return [
        str(message.id) for message in run_checks(include_deployment_checks=True) if "prometheus" in str(message.id)
    ]


def test_a_site_with_its_keys_and_address_is_clean() -> None:
    assert ids() == []


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("SECRET_KEY", checks.INSECURE, "prometheus.E001"),
        ("PROMETHEUS_VAULT_KEY", b"", "prometheus.E002"),
        ("PROMETHEUS_SIGNING_KEY", b"", "prometheus.E003"),
        ("SITE_URL", "http://prometheus.example", "prometheus.W001"),
        ("SITE_URL", "http://localhost.evil.example", "prometheus.W001"),
    ],
)
def test_what_is_missing_is_told(settings: Settings, name: str, value: object, found: str) -> None:
    setattr(settings, name, value)
    assert ids() == [found]


def test_a_folder_without_vectors_is_told_with_the_cure(settings: Settings, tmp_path: Path) -> None:
    settings.PROMETHEUS_VECTORS = str(tmp_path)
    assert ids() == ["prometheus.E007"]
    [told] = checks.vectors_can_be_read(None)
    assert str(tmp_path) in told.msg
    assert "leave PROMETHEUS_VECTORS empty" in str(told.hint)


def test_one_key_for_two_purposes_is_told(settings: Settings) -> None:
    settings.PROMETHEUS_SIGNING_KEY = settings.PROMETHEUS_VAULT_KEY
    assert ids() == ["prometheus.E004"]


@pytest.mark.parametrize("url", ["https://prometheus.example", "http://localhost:8000", "http://[::1]:8000"])
def test_a_local_or_encrypted_address_is_fine(settings: Settings, url: str) -> None:
    settings.SITE_URL = url
    assert ids() == []


def test_every_finding_has_a_cure(settings: Settings) -> None:
    settings.PROMETHEUS_VAULT_KEY = b""
    assert [message.hint for message in checks.keys_are_set(None)] == ["openssl rand -base64 32"]


def test_a_policy_pack_past_its_review_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "now", lambda: datetime(2027, 6, 1, tzinfo=UTC))
    found = checks.packs_are_reviewed(None)
    assert {message.id for message in found} == {"prometheus.W002"}
    assert "gdpr.yaml: pack 'gdpr': its review was due on 2027-05-31" in {message.msg for message in found}


def test_a_pack_of_a_workspaces_own_past_its_review_is_told(ada: Person, alan: Person) -> None:
    activated(ada, alan, HOUSE.replace("2027-06-30", "2026-01-01"))
    assert [message.msg for message in run_checks(databases=["default"]) if message.id == "prometheus.W002"] == [
        "workspace northgate: pack 'house': its review was due on 2026-01-01"
    ]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("PROMETHEUS_PRIVACY", "nothing", "prometheus.E009"),
        ("PROMETHEUS_PRIVACY_READER", "spacy:/no/such/folder", "prometheus.E010"),
        ("PROMETHEUS_MASKING", "EMAIL", "prometheus.E011"),
    ],
)
def test_what_privacy_cannot_use_is_told(settings: Settings, name: str, value: str, found: str) -> None:
    setattr(settings, name, value)
    assert ids() == [found]
