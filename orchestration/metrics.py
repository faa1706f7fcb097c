"""Counters of what the engine decided. Labels are fixed words; no identifier and no text is ever a label."""

from collections.abc import Mapping
from typing import Any

from prometheus_client import Counter, Histogram

CLAIMS = Counter("prometheus_claims_total", "Claims judged by the gate", ["verdict"])
VOTES = Counter("prometheus_consensus_total", "What consensus made of the guardians' votes", ["ballot"])
DECISIONS = Counter("prometheus_decisions_total", "Decisions about runs", ["decision"])
RUNS = Counter("prometheus_runs_total", "Slices of runs driven, by how they ended", ["ended"])
REFUSED_CHECKPOINTS = Counter("prometheus_checkpoint_refusals_total", "Checkpoints that failed verification on load")
DELIVERIES = Counter("prometheus_deliveries_total", "Attempts to tell a receiver, by what they came to", ["outcome"])
VERIFICATIONS = Counter(
    "prometheus_verification_cache_total", "Claims looked up in the cache of verifications", ["result"]
)
CACHE_FAILURES = Counter("prometheus_verification_cache_failures_total", "Calls of that cache that failed", ["call"])
for result in ("hit", "miss", "fault"):
    VERIFICATIONS.labels(result)  # at zero, so that a share can be computed from the beginning
SLICE_SECONDS = Histogram("prometheus_slice_seconds", "Time a worker drove a run without a break")


def observe(updates: Mapping[str, Any]) -> None:
    """Count what one super-step brought."""
    if gated := updates.get("gate"):
        for claim in gated.get("claims", ()):
            CLAIMS.labels(claim["verdict"]).inc()
        if "grounds" in gated:
            VOTES.labels(gated["grounds"]["ballot"]).inc()
    if decided := updates.get("decide"):
        DECISIONS.labels(decided["decided"]["decision"]).inc()
