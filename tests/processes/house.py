"""A whole installation in processes of its own: PostgreSQL, Redis, web server, worker with beat; asked over HTTP."""

import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_site import embedded
from prometheus_site.keeper import pid_in

ROOT = Path(__file__).resolve().parents[2]
ENDED = ("COMPLETED", "FAILED", "CANCELLED")
PATIENCE = 60.0

SET_STAGE = """
from pathlib import Path
from audit import apikeys
from orchestration.management.stage import load_corpus, open_desk, set_stage
stage = set_stage()
load_corpus(Path("deploy/demo/corpus"), actor=stage.actors["ada"])
open_desk(stage.workspace, actor=stage.actors["ada"], tickets=Path({tickets!r}))
for who in ("grace", "alan"):
    print(apikeys.create_key(name=who, scopes=stage.actors[who].scopes, actor=stage.actors[who]).text)
"""


@dataclass(slots=True)
class House:
    """The installation. ``keys`` are API keys of the one who asks and of the one who approves."""

    home: Path
    servers: embedded.Servers
    environment: dict[str, str]
    port: int
    keys: dict[str, str] = field(default_factory=dict)
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    web: "subprocess.Popen[bytes] | None" = None

    @property
    def tickets(self) -> Path:
        return self.home / "tickets.jsonl"

    def manage(self, *arguments: str) -> str:
        ran = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr[-3000:]
        return ran.stdout

    def launch(self, name: str, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        with (self.home / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=self.environment | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_worker(self, name: str = "worker", **environment: str) -> "subprocess.Popen[bytes]":
        arguments = ["worker", "--beat", "--concurrency", "1", "--schedule", str(self.home / f"beat-{name}")]
        quiet = ["--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
        worker = self.launch(name, "celery", "-A", "prometheus_site", *arguments, *quiet, **environment)
        self.workers.append(worker)
        return worker

    def start_web(self) -> None:
        place = ["--bind", f"127.0.0.1:{self.port}", "--workers", "1", "--threads", "4"]
        self.web = self.launch("web", "gunicorn", "prometheus_site.wsgi:application", *place)
        until(lambda: self.get("/health/ready")[0] == 200, "the web server is ready")

    def kill_workers(self) -> None:
        """Kill every worker and all its children with SIGKILL: nothing is handed over."""
        for worker in self.workers:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        self.workers.clear()

    def stop(self) -> None:
        self.kill_workers()
        if self.web is not None:
            os.killpg(self.web.pid, signal.SIGKILL)
            self.web.wait()
        self.servers.stop()

    def request(self, path: str, body: Mapping[str, Any] | None, *, who: str) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "application/json"}
        if who in self.keys:
            headers["Authorization"] = f"Api-Key {self.keys[who]}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own loopback address
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, {}

    def get(self, path: str, *, who: str = "grace") -> tuple[int, dict[str, Any]]:
        return self.request(path, None, who=who)

    def post(self, path: str, body: Mapping[str, Any], *, who: str = "grace") -> tuple[int, dict[str, Any]]:
        return self.request(path, body, who=who)

    def send(self, case: Mapping[str, Any]) -> str:
        """Submit one of the demonstration's requests; return the run's id."""
        body = {name: case[name] for name in ("question", "answer", "stakes") if name in case}
        body["actions"] = [{**action, "tool": f"desk/{action['tool']}"} for action in case.get("actions", [])]
        status, answer = self.post("/api/v1/verify" if case["kind"] == "verify" else "/api/v1/runs", body)
        assert status == 202, answer
        return str(answer["id"])

    def run(self, run: str) -> dict[str, Any]:
        status, answer = self.get(f"/api/v1/runs/{run}")
        assert status == 200, answer
        return answer

    def settled(self, run: str) -> dict[str, Any]:
        """Return the run once it has ended or waits for a person."""
        until(lambda: settled(self.run(run)), f"run {run} settles")
        return self.run(run)

    def under_way(self, run: str) -> None:
        """Wait until a worker has begun the run."""
        until(lambda: self.run(run)["state"] != "INITIALIZED", f"run {run} is begun", pause=0.005)

    def server_pid(self, name: str) -> int:
        place = {"postgres": "postgres/postmaster.pid", "redis": "run/redis.pid", "keeper": "keeper.lock"}
        return pid_in(self.servers.home / place[name])

    def unsealed_seconds(self) -> float:
        """Return the age of the oldest entry that is not sealed, as the metrics tell it."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as answer:
            found = re.search(r"(?m)^prometheus_unsealed_age_seconds (\S+)$", answer.read().decode())
        return float(found[1]) if found else math.inf


def settled(run: Mapping[str, Any]) -> bool:
    return run["state"] in ENDED or (run["state"] == "DECISION" and run["decision"] == "ESCALATE")


def until(condition: Callable[[], bool], what: str, *, patience: float = PATIENCE, pause: float = 0.05) -> None:
    ends = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < ends, f"not within {patience:.0f} s: {what}"
        time.sleep(pause)


def build(home: Path) -> House:
    """Set up and start an installation below ``home``."""
    home.chmod(0o755)
    servers = embedded.start(home / "data", durable=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {
        **os.environ,
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "PROMETHEUS_LEASE_SECONDS": "2",
        "SITE_URL": f"http://127.0.0.1:{port}",
    }
    house = House(home, servers, environment, port)
    house.manage("migrate", "--verbosity", "0")
    keys = house.manage("shell", "--verbosity", "0", "-c", SET_STAGE.format(tickets=str(house.tickets))).split()
    house.keys = dict(zip(("grace", "alan"), keys, strict=True))
    house.start_web()
    return house
