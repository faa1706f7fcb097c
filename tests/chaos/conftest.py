"""The seed of everything that is drawn, printed when a test fails; PROMETHEUS_CHAOS_SEED repeats it."""

import os
import random
from collections.abc import Iterator

import pytest


@pytest.fixture
def seed() -> Iterator[int]:
    known = os.environ.get("PROMETHEUS_CHAOS_SEED")
    drawn = int(known) if known else random.SystemRandom().randrange(1_000_000)
    print(f"PROMETHEUS_CHAOS_SEED={drawn} repeats what was drawn")  # noqa: T201 - pytest shows it on failure only
    yield drawn
