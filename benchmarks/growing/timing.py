"""Times a page or a call: its queries by the database's connection, the whole by the clock, repeated while warm."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

REPEATS = 5
PATIENCE = 1.5  # seconds for one page; a slow one is repeated less often
EXPLAINED = ("SELECT", "WITH")


@dataclass(frozen=True, slots=True)
class Query:
    sql: str
    params: Any
    ms: float


@dataclass(frozen=True, slots=True)
class Sample:
    ms: float
    queries: tuple[Query, ...]

    @property
    def slowest(self) -> float:
        return max((query.ms for query in self.queries), default=0.0)


@dataclass(frozen=True, slots=True)
class Timed:
    """One page: how many queries, the slowest of them and the whole, in ms; medians and 95th percentiles."""

    name: str
    area: str
    address: str
    status: int
    queries: int
    query_ms: float
    query_p95: float
    page_ms: float
    page_p95: float
    slowest: Query | None


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def sample(call: Callable[[], int]) -> tuple[int, Sample]:
    """Call once; return what it returned, and its queries."""
    queries: list[Query] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: ANN401 - Django's hook
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            queries.append(Query(sql, params, (time.perf_counter() - begun) * 1000))

    begun = time.perf_counter()
    with connection.execute_wrapper(watch):
        status = call()
    return status, Sample((time.perf_counter() - begun) * 1000, tuple(queries))


def timed(name: str, area: str, address: str, call: Callable[[], int], *, is_query: bool = False) -> Timed:
    """Call until it is known how long it takes. ``is_query``: the call is one query, on a connection of its own."""
    status, first = sample(call)
    repeats = REPEATS if first.ms * REPEATS < PATIENCE * 1000 else 2
    samples = [sample(call)[1] for _ in range(repeats)]
    worst = [one.ms if is_query else one.slowest for one in samples]
    pages = [one.ms for one in samples]
    last = samples[-1]
    return Timed(
        name=name,
        area=area,
        address=address,
        status=status,
        queries=len(last.queries) or int(is_query),
        query_ms=round(statistics.median(worst), 2),
        query_p95=round(percentile(worst, 0.95), 2),
        page_ms=round(statistics.median(pages), 1),
        page_p95=round(percentile(pages, 0.95), 1),
        slowest=max(last.queries, key=lambda query: query.ms, default=None),
    )


def explained(query: Query) -> list[str]:
    """Return the plan of a query that only reads, as it was carried out."""
    if not query.sql.lstrip().startswith(EXPLAINED):
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {query.sql}", query.params)
        return [line for (line,) in cursor.fetchall()]
