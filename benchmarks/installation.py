"""A whole installation on this machine, each part a process of its own, as docker-compose.yml runs it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_site import embedded
from prometheus_site.keeper import pid_in

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 90.0
STAGE = """
from pathlib import Path
from audit import apikeys
from orchestration.management.stage import load_corpus, set_stage
stage = set_stage()
load_corpus(Path("deploy/demo/corpus"), actor=stage.actors["ada"])
grace = stage.actors["grace"]
print(apikeys.create_key(name="load", scopes=grace.scopes, actor=grace).text)
"""


class NotRunning(Exception):
    """A part of the installation did not come up, or ended."""


@dataclass(slots=True)
class Installation:
    """Servers and processes that run, and how to reach them. ``key`` is an API key of a person who may ask."""

    home: Path
    servers: embedded.Servers
    environment: dict[str, str]
    port: int
    key: str = ""
    parts: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def manage(self, *arguments: str) -> str:
        ran = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise NotRunning(f"manage.py {arguments[0]} ended with {ran.returncode}: {ran.stderr[-2000:]}")
        return ran.stdout

    def launch(self, name: str, *arguments: str, **extra: str) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            self.parts[name] = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env={**self.environment, **extra},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def roots(self) -> dict[str, int]:
        """Return the first process of each part."""
        files = {"postgresql": "postgres/postmaster.pid", "redis": "run/redis.pid"}
        servers = {name: pid_in(self.servers.home / place) for name, place in files.items()}
        return {**{name: part.pid for name, part in self.parts.items()}, **servers}

    def stop(self) -> None:
        for part in self.parts.values():
            part.terminate()  # each stops its own children, once they have done what they are at
        for part in self.parts.values():
            try:
                part.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(part.pid, signal.SIGKILL)
                part.wait()
        self.servers.stop()


@dataclass(slots=True)
class Client:
    """One client on one connection that is kept open. ``waiting`` is what it sends with each submission."""

    port: int
    key: str
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def call(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
        sent = {"Authorization": f"Api-Key {self.key}", "Content-Type": "application/json", **headers}
        self.connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = self.connection.getresponse()
        read = answer.read()
        return answer.status, json.loads(read) if read else {}


def until(condition: Callable[[], bool], what: str, *, patience: float = PATIENCE, pause: float = 0.05) -> None:
    """Wait for a condition; raises NotRunning when the patience is over."""
    ends = time.monotonic() + patience
    while not condition():
        if time.monotonic() > ends:
            raise NotRunning(f"not within {patience:.0f} s: {what}")
        time.sleep(pause)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def prepare(home: Path) -> Installation:
    """Start PostgreSQL (which writes to the disk before it says so) and Redis, migrate, and load the corpus."""
    home.mkdir(mode=0o755)
    servers = embedded.start(home / "data", durable=True)
    port = free_port()
    own: Mapping[str, str] = {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "PROMETHEUS_DATA": str(home / "data"),
        "SITE_URL": f"http://127.0.0.1:{port}",
    }
    secrets = {f"{name}_FILE": str(path) for name, path in embedded.make_secrets(home).items()}
    made = Installation(home, servers, {**os.environ, **own, **secrets}, port)
    made.manage("migrate", "--verbosity", "0")
    made.key = made.manage("shell", "--verbosity", "0", "-c", STAGE).strip()
    return made


def commands(port: int) -> dict[str, list[str]]:
    """Return how the parts are started; docker-compose.yml says the same."""
    celery = ["celery", "--app=prometheus_site"]
    place = [f"--bind=127.0.0.1:{port}", "--worker-tmp-dir=/dev/shm", "--no-control-socket"]
    return {
        "web": ["gunicorn", "prometheus_site.wsgi:application", *place, "--workers=2", "--threads=16"],
        "worker": [*celery, "worker", "--concurrency=2", "--without-gossip", "--without-mingle"],
        "beat": [*celery, "beat", "--pidfile="],
    }


def counters(home: Path, part: str) -> str:
    """Return a new folder for the counters that the processes of one part share; in compose each has its own."""
    folder = home / f"counters-{part}"
    folder.mkdir()
    return str(folder)


@contextmanager
def running(home: Path) -> Iterator[Installation]:
    """Yield an installation that answers, and stop it afterwards."""
    made = prepare(home)
    try:
        known = commands(made.port)
        metrics = free_port()
        made.launch("web", *known["web"], PROMETHEUS_MULTIPROC_DIR=counters(home, "web"))
        shared = counters(home, "worker")
        made.launch("worker", *known["worker"], PROMETHEUS_MULTIPROC_DIR=shared, PROMETHEUS_METRICS_PORT=str(metrics))
        made.launch("beat", *known["beat"], f"--schedule={home / 'beat'}")
        until(lambda: answers(made.port, "/health/ready"), "the web server is ready")
        until(lambda: answers(metrics, "/metrics"), "the worker is ready")
        yield made
    finally:
        made.stop()
