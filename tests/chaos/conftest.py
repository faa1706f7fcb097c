"""The stage of the pipeline's tests, lives to be forked from it, and the seed of everything that is drawn.

PROMETHEUS_CHAOS_SEED=N repeats what was drawn; pytest shows the seed where a test fails.
"""

import os
import random

import pytest

from orchestration.management.chaos.lives import Nursery, open_nursery
from orchestration.management.stage import Stage
from tests.pipeline.conftest import desk_url, done, quick, stage, staged, tickets

__all__ = ["desk_url", "done", "quick", "stage", "staged", "tickets"]


@pytest.fixture
def drawn() -> random.Random:
    known = os.environ.get("PROMETHEUS_CHAOS_SEED")
    seed = int(known) if known else random.SystemRandom().randrange(1_000_000)
    print(f"PROMETHEUS_CHAOS_SEED={seed}")  # noqa: T201 - pytest shows it where a test fails
    return random.Random(seed)  # noqa: S311 - a seed must give the same points


@pytest.fixture
def nursery(quick: Stage) -> Nursery:
    """Return what lives are forked from; this process has no connection open."""
    return open_nursery(quick)
