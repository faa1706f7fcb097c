"""One installation for all tests that kill parts of it."""

from collections.abc import Iterator

import pytest

from tests.processes.house import House, build


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = build(tmp_path_factory.mktemp("house"))
    yield made
    made.stop()


@pytest.fixture
def house(installation: House) -> House:
    """Return the installation with one worker: the one that the test before left alive, or a new one."""
    if not any(worker.poll() is None for worker in installation.workers):
        installation.kill_workers()
        installation.start_worker()
    return installation
