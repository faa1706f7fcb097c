"""Alive, ready, and counted; what is away is told."""

import datetime as dt
import logging
import socket
import urllib.request
from pathlib import Path

import pytest
from django.test import Client
from django.utils.timezone import now
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from audit import ledger
from audit.actors import SYSTEM
from audit.events import EventType
from orchestration import requests, runs
from orchestration.models import Run
from orchestration.states import Kind
from prometheus_site import exposure
from tests.conftest import Person

COUNTERS = {
    "prometheus_claims",
    "prometheus_consensus",
    "prometheus_decisions",
    "prometheus_runs",
    "prometheus_checkpoint_refusals",
    "prometheus_verification_cache",
    "prometheus_verification_cache_failures",
    "prometheus_slice_seconds",
}
GAUGES = {"prometheus_unsealed_age_seconds", "prometheus_approvals_waiting", "prometheus_runs_due"}


def measured(client: Client) -> dict[str, float]:
    """Return the gauges by name."""
    body = client.get("/metrics").content.decode()
    families = {family.name: family for family in text_string_to_metric_families(body)}
    assert set(families) >= COUNTERS
    return {name: families[name].samples[0].value for name in GAUGES & set(families)}


def test_a_process_that_answers_is_alive(client: Client) -> None:
    assert client.get("/health/live").json() == {"status": "live"}


@pytest.mark.django_db
def test_a_site_with_all_its_parts_is_ready(client: Client) -> None:
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "database": "ok", "broker": "ok", "keys": "ok"}


@pytest.mark.django_db
def test_a_broker_that_is_away_is_told_and_not_fatal(client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/redis.sock"
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["broker"] == "away: ConnectionError"


@pytest.mark.usefixtures("no_database")
def test_without_its_database_a_site_is_alive_and_not_ready(client: Client) -> None:
    assert client.get("/health/live").status_code == 200
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert (answer.json()["status"], answer.json()["database"]) == ("not ready", "away: OperationalError")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["PROMETHEUS_VAULT_KEY", "PROMETHEUS_SIGNING_KEY"])
def test_without_its_keys_a_site_is_not_ready(client: Client, settings: Settings, name: str) -> None:
    setattr(settings, name, b"")
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["keys"]) == (503, "not set")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
def test_these_pages_are_for_reading(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


@pytest.mark.django_db
def test_an_idle_site_shows_its_counters_and_gauges_at_rest(client: Client) -> None:
    assert measured(client) == dict.fromkeys(GAUGES, 0)


def test_the_age_of_what_is_not_sealed_is_a_gauge(client: Client, db: None) -> None:
    old = ledger.open_chain("run:old").extend(ledger.Event(EventType.RUN_ADVANCED, SYSTEM))
    old.at -= dt.timedelta(minutes=5)
    old.save()
    assert 299 < measured(client)["prometheus_unsealed_age_seconds"] < 330


MINUTE = dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("due", "lease", "late"),
    [(-MINUTE, None, 1), (-MINUTE, -MINUTE, 1), (-MINUTE, MINUTE, 0), (MINUTE, None, 0), (None, None, 0)],
)
def test_a_run_that_is_due_and_that_no_worker_drives_is_counted(
    client: Client, grace: Person, due: dt.timedelta | None, lease: dt.timedelta | None, late: int
) -> None:
    asked = requests.parse({"question": "What is the dose?", "stakes": "LOW"}, kind=Kind.QUESTION)
    run = runs.submit(asked, actor=grace.actor).run
    Run.objects.filter(pk=run.pk).update(due_at=due and now() + due, lease_until=lease and now() + lease)
    assert measured(client)["prometheus_runs_due"] == late


@pytest.mark.usefixtures("no_database")
def test_counters_are_shown_while_the_database_is_away(client: Client) -> None:
    assert measured(client) == {}
    assert client.get("/metrics").content.endswith(b"# the database is away\n")


@pytest.mark.django_db
def test_processes_that_share_a_folder_are_counted_together(client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.PROMETHEUS_MULTIPROC_DIR = str(tmp_path)
    body = client.get("/metrics").content.decode()
    assert "prometheus_unsealed_age_seconds 0.0" in body
    assert "prometheus_claims" not in body


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_worker_serves_its_counters_on_its_own_port(settings: Settings) -> None:
    settings.PROMETHEUS_METRICS_PORT = free_port()
    exposure.expose()
    address = f"http://127.0.0.1:{settings.PROMETHEUS_METRICS_PORT}/metrics"
    assert b"prometheus_claims_total" in urllib.request.urlopen(address, timeout=5).read()


def test_a_port_that_is_taken_is_told_and_work_goes_on(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))  # noqa: S104 - as the server does
        taken.listen()
        settings.PROMETHEUS_METRICS_PORT = taken.getsockname()[1]
        with caplog.at_level(logging.WARNING):
            exposure.expose()
    assert "metrics port cannot be opened" in caplog.text


def test_port_zero_opens_none(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.PROMETHEUS_METRICS_PORT = 0
    exposure.expose()
    assert not caplog.records
