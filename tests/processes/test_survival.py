"""Whatever process dies, a run that was accepted ends, and ends the same."""

import os
import signal
import time
from typing import Any

import pytest

from tests.pipeline.asking import CASES
from tests.processes.house import House, until

AWAY_S = float(os.environ.get("PROMETHEUS_REDIS_AWAY", "5"))  # the long form: 60

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("house")]


def as_expected(run: dict[str, Any], case: str) -> bool:
    expected = CASES[case]["expected"]
    return (run["state"], run["decision"]) == (expected["state"], expected["decision"])


def verdicts(house: House, run: str) -> list[str]:
    return [claim["verdict"] for claim in house.get(f"/api/v1/runs/{run}/claims")[1]["results"]]


@pytest.mark.parametrize("case", CASES)
def test_a_request_ends_as_it_must_over_http(house: House, case: str) -> None:
    assert as_expected(house.settled(house.send(CASES[case])), case)


@pytest.mark.parametrize("case", CASES)
def test_a_run_whose_worker_was_killed_in_the_middle_ends_the_same(house: House, case: str) -> None:
    undisturbed = house.send(CASES[case])
    house.settled(undisturbed)
    run = house.send(CASES[case])
    house.under_way(run)
    house.kill_workers()
    house.start_worker()
    assert as_expected(house.settled(run), case)
    assert verdicts(house, run) == verdicts(house, undisturbed)


def test_a_worker_that_is_asked_to_stop_loses_nothing(house: House) -> None:
    run = house.send(CASES["a"])
    house.under_way(run)
    worker = house.workers.pop()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=15) == 0
    house.start_worker()
    assert as_expected(house.settled(run), "a")


def test_an_approved_action_is_done_once_although_the_worker_is_killed(house: House) -> None:
    filed = house.tickets.read_text().count("\n") if house.tickets.exists() else 0
    run = house.send(CASES["c"])
    house.settled(run)
    [approval] = [a for a in house.get("/api/v1/approvals")[1]["results"] if a["run"] == run]
    word = {"reason": "Both texts were compared.", "seen": approval["binding"]}
    assert house.post(f"/api/v1/approvals/{approval['id']}/approve", word, who="alan")[0] == 200
    until(lambda: house.run(run)["state"] != "DECISION", "the run goes on", pause=0.005)
    house.kill_workers()
    house.start_worker()
    until(lambda: house.run(run)["state"] == "COMPLETED", "the run is completed")
    assert house.tickets.read_text().count("\n") == filed + 1


def test_runs_are_accepted_and_end_although_redis_was_away(house: House) -> None:
    keeper = house.server_pid("keeper")
    os.kill(keeper, signal.SIGSTOP)
    os.kill(house.server_pid("redis"), signal.SIGKILL)
    back, runs = time.monotonic() + AWAY_S, []
    while time.monotonic() < back:
        runs.append(house.send(CASES["b"]))
        time.sleep(2.5)
    assert house.get("/health/ready")[0] == 200
    assert {house.run(run)["state"] for run in runs} == {"INITIALIZED"}
    os.kill(keeper, signal.SIGCONT)
    assert [run for run in runs if not as_expected(house.settled(run), "b")] == []


def test_a_run_survives_a_restart_of_postgresql_in_its_middle(house: House) -> None:
    run = house.send(CASES["a"])
    house.under_way(run)
    os.kill(house.server_pid("postgres"), signal.SIGINT)
    until(lambda: house.get("/health/ready")[0] == 200, "the database is back")
    assert as_expected(house.settled(run), "a")


def test_the_ledger_of_the_installation_verifies_after_all_that(house: House) -> None:
    until(lambda: house.unsealed_seconds() == 0, "everything is sealed")
    assert "The ledger verifies" in house.manage("verify_ledger")
