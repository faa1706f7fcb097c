"""Workers that are killed or asked to stop in the middle of a step: who goes on, when, and that nothing is lost."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.orchestration.model_server import Say, model_server
from tests.pipeline.asking import CASES
from tests.processes.house import House, until
from tests.processes.test_survival import as_expected

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600), pytest.mark.xdist_group("house")]

FAULTY = Path(__file__).parents[1] / "orchestration" / "faulty_server.py"
LEASE = 2  # as the house sets it
BOOT = 150.0  # on a busy machine
QUESTION = {"kind": "question", "question": "When is warfarin stopped before planned surgery?", "stakes": "LOW"}
REGISTER = """
from orchestration import registry
from orchestration.engine.gathering import address_of
from orchestration.engine.tools import ToolBridge
from orchestration.management.stage import set_stage
from orchestration.models import Tool, ToolServer
from guardians.toolrisk import Tier
stage = set_stage()
server, _ = ToolServer.objects.update_or_create(
    workspace=stage.workspace, name="slow",
    defaults=dict(transport="stdio", command={command!r}, timeout_seconds=60, enabled=True))
with ToolBridge() as bridge:
    registry.record_definitions(server.pk, bridge.discover(address_of(server)), actor=stage.actors["ada"])
tool = Tool.objects.get(server=server)
registry.approve_tool(tool.pk, tier=Tier.READ_ONLY, seen=tool.definition_hash, actor=stage.actors["ada"])
"""


@pytest.fixture
def hanging(installation: House) -> Iterator[House]:
    """Return the house with a search that never ends, and without a worker."""
    installation.kill_workers()
    command = [sys.executable, "-S", str(FAULTY), "search:hang"]
    installation.manage("shell", "--verbosity", "0", "-c", REGISTER.format(command=command))
    yield installation
    installation.kill_workers()
    with psycopg.connect(installation.servers.database_url, autocommit=True) as database:
        database.execute("UPDATE orchestration_toolserver SET enabled = false WHERE name = 'slow'")
        left = database.execute("SELECT id FROM orchestration_run WHERE state = 'PROCESSING'").fetchall()
    for (run,) in left:  # or the next test's worker would take them up first
        assert installation.post(f"/api/v1/runs/{run}/cancel", {})[0] == 200


def engines(house: House) -> int:
    """Return how many processes drive runs or look for them."""
    counted = "SELECT count(DISTINCT application_name) FROM pg_stat_activity WHERE application_name LIKE %s"
    with psycopg.connect(house.servers.database_url) as database:
        found = database.execute(counted, ["prometheus-engine-%"]).fetchone()
    assert found is not None
    return int(found[0])


def told(capsys: pytest.CaptureFixture[str], words: str) -> None:
    with capsys.disabled():
        sys.stdout.write(words)


def token(house: House, run: str) -> int:
    with psycopg.connect(house.servers.database_url) as database:
        found = database.execute("SELECT token FROM orchestration_run WHERE id = %s", [run]).fetchone()
    assert found is not None
    return int(found[0])


def test_a_killed_workers_run_is_taken_over_within_its_lease_and_two_seconds(
    hanging: House, capsys: pytest.CaptureFixture[str]
) -> None:
    first = hanging.start_worker("first")
    run = hanging.send(QUESTION)
    until(lambda: token(hanging, run) == 1, "the run is claimed", pause=0.02, patience=BOOT)
    hanging.start_worker("second")
    until(lambda: engines(hanging) == 2, "the second worker looks for due runs", patience=BOOT)
    held = token(hanging, run)
    killed = time.monotonic()
    os.killpg(first.pid, signal.SIGKILL)
    until(lambda: token(hanging, run) > held, "the run is taken over", pause=0.02)
    took = time.monotonic() - killed
    told(capsys, f" taken over after {took:.2f} s with a lease of {LEASE} s ")
    assert took < LEASE + 2


def test_a_worker_that_is_asked_to_stop_breaks_off_a_search_and_ends_in_time(
    hanging: House, capsys: pytest.CaptureFixture[str]
) -> None:
    worker = hanging.start_worker("first")
    run = hanging.send(QUESTION)
    until(lambda: token(hanging, run) == 1, "the run is claimed", patience=BOOT)
    time.sleep(1)
    held = token(hanging, run)
    asked = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=15) == 0
    told(capsys, f" ended after {time.monotonic() - asked:.2f} s ")
    hanging.workers.remove(worker)
    hanging.start_worker("second")
    until(lambda: token(hanging, run) > held, "the next worker takes it up", patience=BOOT)


def test_a_worker_whose_step_hangs_ends_in_time_and_the_run_goes_on_elsewhere(
    installation: House, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.kill_workers()
    with model_server(Say(late_s=60)) as model:
        worker = installation.start_worker(
            "hung",
            PROMETHEUS_PROVIDER="openai",
            OPENAI_BASE_URL=f"{model.url}/v1",
            OPENAI_MODEL="m",
            OPENAI_TIMEOUT="100",
        )
        run = installation.send(CASES["a"])
        until(lambda: bool(model.requests), "the model is asked", patience=BOOT)
        asked = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=15)
        took = time.monotonic() - asked
    installation.workers.remove(worker)
    told(capsys, f" ended after {took:.2f} s ")
    assert token(installation, run) == 2
    installation.start_worker()
    assert as_expected(installation.settled(run), "a")
    installation.kill_workers()
