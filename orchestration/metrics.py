"""Counters of what the engine decided. Labels are fixed words; no identifier and no text is ever a label."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from guardians.guardian import Vote
from guardians.panel import cause_of

CLAIMS = Counter("prometheus_claims_total", "Claims judged by the gate", ["verdict"])
VOTES = Counter("prometheus_consensus_total", "What consensus made of the guardians' votes", ["ballot"])
GUARDIAN_SECONDS = Histogram(
    "prometheus_guardian_seconds",
    "Time until a guardian had voted",
    ["guardian"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
ABSTENTIONS = Counter("prometheus_guardian_abstentions_total", "Abstentions of guardians", ["guardian", "cause"])
RESTING = Gauge(
    "prometheus_guardian_resting",
    "Processes in which a guardian is not asked because it kept failing to answer",
    ["guardian"],
    multiprocess_mode="livesum",
)
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


def observe_votes(votes: Sequence[Vote], *, resting: Collection[str]) -> None:
    """Count what one review brought."""
    for vote in votes:
        GUARDIAN_SECONDS.labels(vote.guardian).observe(vote.elapsed_us / 1e6)
        RESTING.labels(vote.guardian).set(vote.guardian in resting)
        if cause := cause_of(vote.ballot, vote.reason):
            ABSTENTIONS.labels(vote.guardian, cause.value).inc()


def observe(updates: Mapping[str, Any]) -> None:
    """Count what one super-step brought."""
    if gated := updates.get("gate"):
        for claim in gated.get("claims", ()):
            CLAIMS.labels(claim["verdict"]).inc()
        if "grounds" in gated:
            VOTES.labels(gated["grounds"]["ballot"]).inc()
    if decided := updates.get("decide"):
        DECISIONS.labels(decided["decided"]["decision"]).inc()
