"""A worker's counters: shown when it is ready, its own or those of all that count together (more in test_health)."""

from celery.signals import worker_ready
from prometheus_client import REGISTRY
from pytest_django import Settings

from prometheus_site import celery_app, exposure


def test_a_process_alone_shows_its_own_counters(settings: Settings) -> None:
    settings.PROMETHEUS_MULTIPROC_DIR = ""
    assert exposure.registry() is REGISTRY


def test_a_worker_shows_them_as_soon_as_it_is_ready() -> None:
    assert celery_app.main == "prometheus"
    assert exposure.expose in [reference() for _, reference in worker_ready.receivers]
