"""The process that keeps the embedded servers: starts them, revives them, and stops them when nobody uses them.

It runs as ``python -I -S keeper.py HOME`` in a session of its own, so that a Ctrl-C in the terminal reaches the
program first and the servers last. Whoever uses the servers holds a shared lock on ``users.lock``; the kernel releases
it however the user dies. Once the keeper gets that lock for itself, nobody is left. Standard library only.
"""

import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

DATABASE = "prometheus"
POSTGRES_SOCKET = ".s.PGSQL.5432"
REDIS_SOCKET = "redis.sock"
KEEPER_LOCK = "keeper.lock"
USERS_LOCK = "users.lock"
PULSE = 0.2  # seconds between two looks at the servers and their users
GRACE = 10.0  # seconds a server gets to stop by itself
PAUSE = 0.5  # seconds between two attempts to start a server
STEADY = 5.0  # a server that lived this long in seconds did start
ATTEMPTS = 12

_PR_SET_PDEATHSIG = 1  # prctl(2)
_LIBC = ctypes.CDLL(None)


class ServerFailed(RuntimeError):
    """A server does not start or does not answer; the message has the end of its log."""


class Lock:
    """An advisory lock on a file (flock(2)): the kernel releases it when its holder dies."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._owner = os.getpid()

    def take(self, *, shared: bool = False, seconds: float = 0.0) -> bool:
        """Take the lock, waiting for at most so many seconds; False when others hold it still."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(self._descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.02)
            else:
                return True

    @property
    def ours(self) -> bool:
        """Whether this process opened the lock and did not close it: a forked child only shares its parent's."""
        return self._descriptor >= 0 and os.getpid() == self._owner

    def close(self) -> None:
        if self.ours:
            os.close(self._descriptor)
            self._descriptor = -1

    def sign(self) -> None:
        """Take the lock over from the process that forked us, and write our number into the file."""
        self._owner = os.getpid()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{self._owner}\n".encode(), 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the keeper runs. ``uid`` and ``gid`` are None when the servers run as the user who starts them."""

    cluster: str
    sockets: str
    initdb: tuple[str, ...]
    postgres: tuple[str, ...]
    redis: tuple[str, ...]
    uid: int | None = None
    gid: int | None = None

    def save(self, path: Path) -> None:
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self)), encoding="utf-8")
        fresh.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Plan":
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        fields: dict[str, Any] = {name: tuple(it) if isinstance(it, list) else it for name, it in stored.items()}
        return cls(**fields)


def launch(
    command: Sequence[str],
    *,
    log: IO[bytes],
    plan: Plan | None = None,
    on_parent_death: signal.Signals | None = None,
    stdin: int = subprocess.DEVNULL,
) -> "subprocess.Popen[bytes]":
    """Start a program with a clean environment, as the plan's account, writing to ``log``.

    With ``on_parent_death`` the kernel sends that signal when this process dies (Linux); else a session of its own.
    """
    parent = os.getpid()

    def follow() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, on_parent_death)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(  # noqa: S603 -- commands come from the fixed places of binaries.py
        command,
        stdin=stdin,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        user=plan.uid if plan else None,
        group=plan.gid if plan else None,
        extra_groups=[] if plan and plan.uid is not None else None,
        start_new_session=on_parent_death is None,
        # Dropping the account clears the parent-death signal, so it is set after that (the order in subprocess), and
        # the keeper has one thread only, so forking is safe.
        preexec_fn=follow if on_parent_death is not None and sys.platform == "linux" else None,  # noqa: PLW1509
    )


def command_of(pid: int) -> str:
    """Return the command line of a running process; empty when there is none."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    answer = subprocess.run(  # noqa: S603 -- ps is asked about a number
        ["/bin/ps", "-ww", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()


def pid_in(file: Path) -> int:
    """Return the number on the first line of a pid file; 0 when there is no such file or line."""
    try:
        first = file.read_text(encoding="utf-8").partition("\n")[0].strip()
    except OSError:
        return 0
    return int(first) if first.isdecimal() else 0


def end(pid: int, mark: str, *, gently: signal.Signals, grace: float = GRACE) -> None:
    """Stop the process of that pid if ``mark`` is in its command line: gently, then by force."""
    for stop, patience in ((gently, grace), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + patience
        if mark in command_of(pid):
            os.kill(pid, stop)
        while mark in command_of(pid) and time.monotonic() < deadline:
            time.sleep(0.02)


@dataclass(slots=True)
class Server:
    """One server process under the keeper's eye."""

    command: tuple[str, ...]
    gently: signal.Signals
    log: Path
    plan: Plan
    process: "subprocess.Popen[bytes] | None" = None
    since: float = 0.0
    attempts: int = 0

    def revive(self) -> None:
        """Start the server unless it runs.

        Raises:
            ServerFailed: it ended too often soon after its start.
        """
        if self.process is not None and self.process.poll() is None:
            return
        age = time.monotonic() - self.since
        if self.process is not None and age < PAUSE:
            return
        self.attempts = 1 if age > STEADY else self.attempts + 1
        if self.attempts > ATTEMPTS:
            raise ServerFailed(f"{self.command[0]} ended {ATTEMPTS} times; see {self.log}")
        with self.log.open("ab") as log:
            self.process = launch(self.command, log=log, plan=self.plan, on_parent_death=self.gently)
        self.since = time.monotonic()

    def stop(self) -> None:
        """Stop the server gently, after a while by force, and wait until it has gone."""
        process = self.process
        if process is None:
            return
        for stop, patience in ((self.gently, GRACE), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 5.0)):
            if process.poll() is None:
                process.send_signal(stop)
                try:
                    process.wait(patience)
                except subprocess.TimeoutExpired:
                    continue


def make_cluster(plan: Plan, *, log: Path) -> None:
    """Make the database cluster unless it is there. It gets its name only when it is complete.

    Raises:
        ServerFailed: initdb or the creation of the database failed.
    """
    cluster = Path(plan.cluster)
    if (cluster / "PG_VERSION").exists():
        return
    fresh = cluster.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if plan.uid is not None and plan.gid is not None:
        os.chown(fresh, plan.uid, plan.gid)
    _complete([*plan.initdb, "-D", str(fresh)], plan=plan, log=log)
    single = [plan.postgres[0], "--single", "-D", str(fresh), "postgres"]
    _complete(single, plan=plan, log=log, text=f"CREATE DATABASE {DATABASE}\n")
    fresh.rename(cluster)


def _complete(command: Sequence[str], *, plan: Plan, log: Path, text: str = "") -> None:
    with log.open("ab") as output:
        process = launch(command, log=output, plan=plan, on_parent_death=signal.SIGKILL, stdin=subprocess.PIPE)
        process.communicate(text.encode())
    if process.returncode:
        raise ServerFailed(f"{command[0]} ended with {process.returncode}; see {log}")


def clear_remains(plan: Plan) -> None:
    """Stop servers whose keeper was killed, and remove pid files that name nobody or a stranger."""
    cluster, sockets = Path(plan.cluster), Path(plan.sockets)
    postmaster, redis = cluster / "postmaster.pid", sockets / "redis.pid"
    end(pid_in(postmaster), f"-D {cluster} ", gently=signal.SIGINT)
    end(pid_in(redis), str(sockets), gently=signal.SIGTERM)
    for file in (postmaster, redis, *sockets.glob(".s.PGSQL.*"), sockets / REDIS_SOCKET):
        file.unlink(missing_ok=True)


def keep(home: Path, *, own: Lock, leaving: threading.Event) -> None:
    """Run the servers of ``home`` until nobody holds ``users.lock`` or ``leaving`` is set; ``own`` is released last.

    Raises:
        ServerFailed: a server cannot be started.
    """
    users = Lock(home / USERS_LOCK)
    plan, logs = Plan.load(home / "servers.json"), home / "logs"
    servers = (
        Server(plan.postgres, signal.SIGINT, logs / "postgres.log", plan),
        Server(plan.redis, signal.SIGTERM, logs / "redis.log", plan),
    )
    try:
        clear_remains(plan)
        make_cluster(plan, log=logs / "postgres.log")
        while not users.take():
            for server in servers:
                server.revive()
            if leaving.wait(PULSE):
                break
    finally:
        for server in servers:
            server.stop()
        if not Path(plan.sockets).is_relative_to(home):
            shutil.rmtree(plan.sockets, ignore_errors=True)
        own.close()  # before users: who gets that lock must not find a keeper that is leaving
        users.close()


def main(home: Path) -> None:
    """Leave the process that started us, and keep the servers of ``home`` until SIGTERM or SIGINT at the latest.

    The first process ends as soon as the second holds the lock, so whoever started us needs to wait for no child.
    """
    own = Lock(home / KEEPER_LOCK)
    if not own.take(seconds=2):  # others take it for an instant, to see whether we live
        raise SystemExit(f"{home} has a keeper already")
    if os.fork():
        os._exit(0)
    os.setsid()
    own.sign()
    leaving = threading.Event()
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda _signal, _frame: leaving.set())
    keep(home, own=own, leaving=leaving)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
