"""Users who ask, wait for the answer and read its claims: run by locust, in a process of its own.

Each user holds one connection. It submits a question or an answer to verify, in turn, waits with ``Prefer: wait`` and,
if that was too short, polls; then it reads the claims, and thinks. From the first byte sent to the answer that says
COMPLETED is one sample of ``submit to COMPLETED``. Samples are kept unrounded, in the file that LOAD_SAMPLES names.
"""

import json
import os
import time
from itertools import count
from pathlib import Path
from typing import Any

from locust import FastHttpUser, constant, constant_throughput, events, task

SAMPLES: list[tuple[float, str, float, bool]] = []
TURNS = count()
CASES: list[dict[str, Any]] = json.loads(os.environ.get("LOAD_CASES", "[]"))
HEADERS = {"Authorization": f"Api-Key {os.environ.get('LOAD_KEY', '')}", "Prefer": "wait=10"}
THINK = float(os.environ.get("LOAD_THINK", "1"))  # seconds between what was read and the next question
RATE = float(os.environ.get("LOAD_RATE", "0"))  # questions a second of one user; 0: it asks again once it has thought
POLL = 0.05
PATIENCE = 60.0


@events.request.add_listener  # type: ignore[untyped-decorator,unused-ignore]
def keep(name: str, response_time: float, exception: Exception | None, **_: object) -> None:
    SAMPLES.append((time.time(), name, response_time, exception is None))


@events.quitting.add_listener  # type: ignore[untyped-decorator,unused-ignore]
def write(**_: object) -> None:
    Path(os.environ["LOAD_SAMPLES"]).write_text(json.dumps(SAMPLES), encoding="utf-8")


class Asker(FastHttpUser):  # type: ignore[misc,unused-ignore] # locust may be missing where types are checked
    wait_time = constant_throughput(RATE) if RATE else constant(THINK)

    @task  # type: ignore[untyped-decorator,unused-ignore]
    def ask(self) -> None:
        case = CASES[next(TURNS) % len(CASES)]
        began = time.perf_counter()
        answer = self.client.post(case["path"], json=case["body"], headers=HEADERS, name=case["name"])
        run = answer.json() if answer.status_code in {200, 202} else {}
        while run and run["state"] != "COMPLETED" and time.perf_counter() - began < PATIENCE:
            time.sleep(POLL)
            run = self.read(f"/api/v1/runs/{run['id']}", "poll")
        self.tell(run, 1000 * (time.perf_counter() - began))
        if run:
            self.read(f"/api/v1/runs/{run['id']}/claims", "read claims")

    def read(self, path: str, name: str) -> dict[str, Any]:
        answer = self.client.get(path, headers=HEADERS, name=name)
        read: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        return read

    def tell(self, run: dict[str, Any], milliseconds: float) -> None:
        fault = None if run.get("state") == "COMPLETED" else RuntimeError(f"ended {run.get('state', 'unanswered')}")
        told: Any = events.request  # locust's hooks have no types
        told.fire(
            request_type="RUN",
            name="submit to COMPLETED",
            response_time=milliseconds,
            response_length=0,
            exception=fault,
            context={},
        )
