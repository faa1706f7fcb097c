"""Where the counters of this process can be read: the site has a page for it, a worker opens a port."""

import logging
from wsgiref.simple_server import WSGIServer

from django.conf import settings
from prometheus_client import REGISTRY, CollectorRegistry, multiprocess, start_http_server

import orchestration.metrics  # noqa: F401 - the engine's counters are there, at zero, before anything is counted

logger = logging.getLogger(__name__)


def registry() -> CollectorRegistry:
    """Return the counters of this process, or of all that share PROMETHEUS_MULTIPROC_DIR."""
    if not settings.PROMETHEUS_MULTIPROC_DIR:
        return REGISTRY
    shared = CollectorRegistry()
    multiprocess.MultiProcessCollector(shared, path=settings.PROMETHEUS_MULTIPROC_DIR)  # type: ignore[no-untyped-call]
    return shared


def expose(**_: object) -> WSGIServer | None:
    """Serve a worker's counters, its children's included, on PROMETHEUS_METRICS_PORT; 0 is not at all."""
    port = settings.PROMETHEUS_METRICS_PORT
    if not port:
        return None
    try:
        server, _thread = start_http_server(port, registry=registry())
    except OSError as error:
        # Work goes on without being seen; the alert "Away" tells.
        logger.warning("metrics port cannot be opened", extra={"port": port, "error": type(error).__name__})
        return None
    return server
