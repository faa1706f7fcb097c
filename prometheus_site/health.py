"""Is the process alive, and can it do its work? And the metrics, including those read from the ledger."""

from collections.abc import Iterator
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.timezone import now
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from audit import sealer
from orchestration.models import Approval, Run
from orchestration.states import TERMINAL, ApprovalState
from prometheus_site import exposure

MOST = 1_000


@require_safe
def live(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    return JsonResponse({"status": "live"})


def database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM django_migrations")
    except DatabaseError as error:
        return f"away: {type(error).__name__}"
    return "ok"


def broker() -> str:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()
    except redis.RedisError as error:
        return f"away: {type(error).__name__}"
    return "ok"


def keys() -> str:
    return "ok" if settings.PROMETHEUS_VAULT_KEY and settings.PROMETHEUS_SIGNING_KEY else "not set"


@require_safe
def ready(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Answer 200 when database and keys are there. A broker that is away costs latency only: it is told, not fatal."""
    parts = {"database": database(), "broker": broker(), "keys": keys()}
    serving = parts["database"] == "ok" and parts["keys"] == "ok"
    return JsonResponse({"status": "ready" if serving else "not ready", **parts}, status=200 if serving else 503)


def counted(rows: QuerySet[Any]) -> int:
    """Count to MOST and no further: an alarm needs no exact number of what is far too many."""
    return rows.order_by()[:MOST].count()


class LedgerCollector(Collector):
    """Gauges that the database knows best, read at each scrape with bounded queries."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        unsealed = GaugeMetricFamily("prometheus_unsealed_age_seconds", "Age of the oldest entry that is not sealed")
        unsealed.add_metric([], sealer.unsealed_age())
        yield unsealed
        waiting = GaugeMetricFamily("prometheus_approvals_waiting", f"Approvals that wait for a person, to {MOST:,}")
        waiting.add_metric([], counted(Approval.objects.filter(state=ApprovalState.PENDING.value)))
        yield waiting
        moment = now()
        overdue = Run.objects.filter(Q(lease_until__isnull=True) | Q(lease_until__lt=moment), due_at__lt=moment)
        late = GaugeMetricFamily("prometheus_runs_due", f"Runs that are due and that no worker drives, to {MOST:,}")
        late.add_metric([], counted(overdue.exclude(state__in=[state.value for state in TERMINAL])))
        yield late


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Return the metrics of this process, or of all that share PROMETHEUS_MULTIPROC_DIR, and the ledger's."""
    body = generate_latest(exposure.registry())
    ledger = CollectorRegistry()
    ledger.register(LedgerCollector())
    try:
        body += generate_latest(ledger)
    except DatabaseError:
        body += b"# the database is away\n"
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)
