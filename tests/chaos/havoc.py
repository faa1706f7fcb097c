"""What can go wrong around a whole installation, one thing at a time, in an order that a seed decides."""

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from celery import Celery
from redis import Redis

from prometheus_site.settings import broker
from tests.pipeline.asking import CASES
from tests.processes.house import ENDED, House, until

LEASE = 2.0  # seconds, as the house sets it
REASON = "Both texts were compared."
JUDGE = """
from pathlib import Path
from orchestration.management.chaos.judgement import judge
for found in judge(Path({book!r})):
    print(found)
"""


@dataclass(slots=True)
class Havoc:
    """Sends runs, disturbs whatever drives them, and waits until all have settled."""

    house: House
    seed: int
    runs: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - reproducible, not secret

    def wreak(self, *, seconds: float) -> None:
        """Send and disturb by turns for so long."""
        ends = time.monotonic() + seconds
        kinds = list(DISTURBANCES)
        while time.monotonic() < ends:
            self.chance.shuffle(kinds)
            for kind in kinds:
                self.send()
                self.approve()
                time.sleep(self.chance.random())
                self.done.append(kind)
                DISTURBANCES[kind](self)
                if time.monotonic() > ends:
                    break

    def send(self) -> None:
        """Send a request as a client that tries again until somebody takes it."""
        until(lambda: self.house.get("/health/ready")[0] == 200, "the web server is ready")
        self.runs.append(self.house.send(CASES[self.chance.choice(sorted(CASES))]))

    def approve(self) -> None:
        """Say yes to whatever waits; where nobody knows what became of a call, let it be tried again."""
        for approval in self.house.get("/api/v1/approvals?state=PENDING")[1].get("results", []):
            word = {"reason": REASON, "seen": approval["binding"]}
            self.house.post(f"/api/v1/approvals/{approval['id']}/approve", word, who="alan")
        for inquiry in self.house.get("/api/v1/inquiries")[1].get("results", []):
            answer = {"answer": "TRY_AGAIN", "reason": REASON, "seen": inquiry["binding"]}
            self.house.post(f"/api/v1/inquiries/{inquiry['id']}/answer", answer, who="alan")

    def settle(self) -> None:
        """Let one undisturbed worker bring everything to its end."""
        self.house.kill_workers()
        self.house.start_worker()
        until(lambda: self.house.get("/health/ready")[0] == 200, "the web server is ready")
        for run in self.runs:
            until(lambda run=run: self.ended(run), f"run {run} ends (seed {self.seed})")  # type: ignore[misc]

    def ended(self, run: str) -> bool:
        told = self.house.run(run)
        if told["state"] in {"DECISION", "EXECUTION"}:
            self.approve()
        return told["state"] in ENDED

    def judged(self) -> str:
        return self.house.manage("shell", "--verbosity", "0", "-c", JUDGE.format(book=str(self.house.tickets)))


def kill_workers(havoc: Havoc) -> None:
    havoc.house.kill_workers()
    havoc.house.start_worker()


def stop_past_the_lease(havoc: Havoc) -> None:
    """Freeze the workers, let others take their runs over, and wake the frozen ones: they believe in their leases."""
    frozen = list(havoc.house.workers)
    for worker in frozen:
        os.killpg(worker.pid, signal.SIGSTOP)
    havoc.house.start_worker()
    time.sleep(LEASE + 2)
    for worker in frozen:
        os.killpg(worker.pid, signal.SIGCONT)
    time.sleep(1)
    for worker in frozen:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        havoc.house.workers.remove(worker)


def flush_redis(havoc: Havoc) -> None:
    """Lose every message."""
    with Redis.from_url(havoc.house.servers.redis_url) as redis:
        redis.flushall()


def kill_redis(havoc: Havoc) -> None:
    os.kill(havoc.house.server_pid("redis"), signal.SIGKILL)


def restart_postgresql(havoc: Havoc) -> None:
    os.kill(havoc.house.server_pid("postgres"), signal.SIGINT)


def repeat_messages(havoc: Havoc) -> None:
    """Wake every run several times over: those that are driven, those that wait, those that have ended."""
    with Celery(broker=broker(havoc.house.servers.redis_url), set_as_current=False) as app:
        for run in havoc.chance.sample(havoc.runs, min(len(havoc.runs), 5)) * 3:
            app.send_task("orchestration.advance", [run], retry=False)


def desks(house: House) -> list[int]:
    """Return the processes of tool servers that the workers have started."""
    groups = {worker.pid for worker in house.workers}
    return [
        int(place.name)
        for place in Path("/proc").iterdir()
        if place.name.isdigit() and b"serve_desk" in words(place) and group_of(int(place.name)) in groups
    ]


def words(place: Path) -> bytes:
    try:
        return (place / "cmdline").read_bytes()
    except OSError:
        return b""


def group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def kill_desks(havoc: Havoc) -> None:
    for pid in desks(havoc.house):
        os.kill(pid, signal.SIGKILL)


def slow_desks(havoc: Havoc) -> None:
    slowed = desks(havoc.house)
    for sent, pause in ((signal.SIGSTOP, LEASE), (signal.SIGCONT, 0.0)):
        for pid in slowed:
            try:
                os.kill(pid, sent)
            except ProcessLookupError:
                continue
        time.sleep(pause)


DISTURBANCES: dict[str, Callable[[Havoc], Any]] = {
    "workers killed": kill_workers,
    "workers stopped past the lease": stop_past_the_lease,
    "Redis flushed": flush_redis,
    "Redis killed": kill_redis,
    "PostgreSQL restarted": restart_postgresql,
    "messages repeated": repeat_messages,
    "tool servers killed": kill_desks,
    "tool servers slow": slow_desks,
}
