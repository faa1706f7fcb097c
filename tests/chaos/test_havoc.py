"""Workers, Redis, PostgreSQL and tool servers of an installation are killed and stopped at random; nothing is broken.

A longer one: PROMETHEUS_CHAOS_SEED=7 PROMETHEUS_CHAOS_SECONDS=600 pytest tests/chaos/test_havoc.py
"""

import os
from collections.abc import Iterator

import pytest

from tests.chaos.havoc import Havoc
from tests.processes.house import House, build

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("house"), pytest.mark.timeout(3600)]

SEED = int(os.environ.get("PROMETHEUS_CHAOS_SEED", "1"))
SECONDS = float(os.environ.get("PROMETHEUS_CHAOS_SECONDS", "30"))


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = build(tmp_path_factory.mktemp("havoc"))
    yield made
    made.stop()


def test_no_disturbance_of_an_installation_leaves_a_trace(house: House) -> None:
    house.start_worker()
    havoc = Havoc(house, SEED)
    havoc.wreak(seconds=SECONDS)
    havoc.settle()
    assert havoc.judged() == "", f"seed {SEED}: {havoc.done}"
    assert len(havoc.done) >= 3
