"""The embedded servers, for real: started once, shared, revived, and stopped when the last user has gone."""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from prometheus_site import embedded, keeper
from prometheus_site.binaries import open_to_all
from prometheus_site.embedded import ServerFailed, Servers
from prometheus_site.keeper import KEEPER_LOCK, Lock, Plan, pid_in
from prometheus_site.plans import settle

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
USE = """
import sys, time
from pathlib import Path
from prometheus_site import embedded
servers = embedded.start(Path(sys.argv[1]), durable=False)
print(servers.started, servers.database_url, flush=True)
sys.stdin.read()
"""


def folder() -> Path:
    """Return a new folder that every account may enter."""
    made = Path("/tmp") / f"prometheus-{uuid.uuid4().hex[:10]}"  # noqa: S108 - a name of our own
    made.mkdir(mode=0o755)
    made.chmod(0o755)
    return made


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    """Return a folder whose cluster is made, so that not every test has to make one."""
    made = folder()
    embedded.start(made / "data", durable=False).stop()
    yield made / "data"
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def place(prepared: Path) -> Iterator[Path]:
    """Return a folder with a cluster in ``data``."""
    made = folder()
    subprocess.run(["cp", "-a", prepared, made], check=True)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def shared(prepared: Path) -> Iterator[Servers]:
    """Servers that several tests use; none of them stops them."""
    made = folder()
    subprocess.run(["cp", "-a", prepared, made], check=True)
    servers = embedded.start(made / "data", durable=False)
    yield servers
    servers.stop()
    shutil.rmtree(made, ignore_errors=True)


def eventually(true: Callable[[], bool], *, seconds: float = 30) -> bool:
    ends = time.monotonic() + seconds
    while not true() and time.monotonic() < ends:
        time.sleep(0.05)
    return true()


def answers(servers: Servers) -> bool:
    try:
        with psycopg.connect(servers.database_url, connect_timeout=5) as connection:
            connection.execute("SELECT 1")
        return bool(redis.Redis.from_url(servers.redis_url).ping())
    except (psycopg.OperationalError, redis.RedisError):
        return False


def plan_of(servers: Servers) -> Plan:
    return Plan.load(servers.home / "servers.json")


def keeper_of(servers: Servers) -> int:
    return pid_in(servers.home / KEEPER_LOCK)


def postgres_of(servers: Servers) -> int:
    return pid_in(Path(plan_of(servers).cluster) / "postmaster.pid")


def gone(pid: int) -> bool:
    return not keeper.command_of(pid)


def python() -> str:
    """Return an interpreter that any account can run: that of this environment may be closed to others."""
    known = (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3")
    return next(path for path in known if Path(path).exists() and open_to_all(Path(path).resolve()))


def user(directory: Path, interpreter: str = sys.executable, **account: Any) -> "subprocess.Popen[str]":
    """Start another process that uses the servers of a folder."""
    return subprocess.Popen(
        [interpreter, "-c", USE, str(directory)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": sysconfig.get_path("purelib"), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **account,
    )


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_both_servers_answer(shared: Servers) -> None:
    assert shared.started
    assert answers(shared)


def test_a_second_user_of_the_same_process_attaches(shared: Servers) -> None:
    second = embedded.start(shared.home, durable=False)
    assert not second.started
    assert second.database_url == shared.database_url
    second.stop()
    second.stop()
    assert answers(shared)


def test_another_process_attaches_and_its_end_stops_nothing(shared: Servers) -> None:
    other = user(shared.home)
    assert first_line(other) == f"False {shared.database_url}"
    other.communicate("")
    assert answers(shared)


def test_a_killed_postgres_is_revived(shared: Servers) -> None:
    before = postgres_of(shared)
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: postgres_of(shared) not in {0, before} and answers(shared))


def test_a_killed_redis_is_revived(shared: Servers) -> None:
    pid_file = Path(plan_of(shared).sockets) / "redis.pid"
    before = pid_in(pid_file)
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: pid_in(pid_file) not in {0, before} and answers(shared))


def test_a_forked_child_leaves_the_servers_to_its_parent(shared: Servers) -> None:
    child = os.fork()
    if not child:
        shared.stop()
        os._exit(0)
    os.waitpid(child, 0)
    assert shared._users.ours
    assert answers(shared)


def test_a_second_keeper_is_refused(shared: Servers) -> None:
    ran = subprocess.run(
        [sys.executable, "-I", "-S", keeper.__file__, str(shared.home)], capture_output=True, text=True, timeout=30
    )
    assert ran.returncode == 1
    assert f"{shared.home} has a keeper already" in ran.stderr


def test_the_last_user_stops_the_servers_and_the_data_stays(place: Path) -> None:
    first = embedded.start(place / "data", durable=True)
    pids = keeper_of(first), postgres_of(first)
    with psycopg.connect(first.database_url) as connection:
        connection.execute("CREATE TABLE kept (it int)")
    first.stop()
    assert [gone(pid) for pid in pids] == [True, True]
    again = embedded.start(place / "data", durable=True)
    with psycopg.connect(again.database_url) as connection:
        connection.execute("SELECT it FROM kept")
    again.stop()


def test_a_user_that_is_killed_leaves_nothing_running(place: Path) -> None:
    other = user(place / "data")
    assert first_line(other).startswith("True postgresql://")
    home = settle(place / "data")
    pid, cluster = pid_in(home / KEEPER_LOCK), Plan.load(home / "servers.json").cluster
    postgres = pid_in(Path(cluster) / "postmaster.pid")
    other.kill()
    other.communicate()
    assert eventually(lambda: gone(pid) and gone(postgres))


def test_remains_of_a_killed_keeper_are_cleared_by_the_next_start(place: Path) -> None:
    first = embedded.start(place / "data", durable=False)
    os.kill(keeper_of(first), signal.SIGKILL)
    second = embedded.start(place / "data", durable=False)
    assert second.started
    assert eventually(lambda: answers(second))
    first.stop()
    second.stop()


def test_pid_files_that_name_a_stranger_harm_nobody(place: Path) -> None:
    first = embedded.start(place / "data", durable=False)
    plan = plan_of(first)
    first.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (Path(plan.cluster) / "postmaster.pid").write_text(f"{stranger.pid}\n", encoding="utf-8")
        (Path(plan.sockets) / "redis.pid").write_text("not a number\n", encoding="utf-8")
        second = embedded.start(place / "data", durable=False)
        assert answers(second)
        second.stop()
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("name", ["a folder with spaces & signs", "deep/" * 20 + "data"])
def test_any_folder_will_do(place: Path, name: str) -> None:
    (place / name).parent.mkdir(parents=True, exist_ok=True)
    (place / "data").rename(place / name)
    servers = embedded.start(place / name, durable=False)
    sockets = Path(plan_of(servers).sockets)
    assert answers(servers)
    servers.stop()
    assert not sockets.exists()


def test_another_account_has_servers_of_its_own(place: Path) -> None:
    # Root drops to nobody; whoever else runs this stays who they are.
    account = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
    os.chown(place, account.get("user", -1), account.get("group", -1))
    other = user(place / "own", python() if account else sys.executable, **account)
    assert first_line(other).startswith("True postgresql://")
    assert (place / "own" / "postgres").stat().st_uid == account.get("user", os.geteuid())
    other.communicate("")


def test_a_server_that_cannot_start_is_told_with_the_end_of_its_log(place: Path) -> None:
    first = embedded.start(place / "data", durable=False)
    plan = plan_of(first)
    first.stop()
    (Path(plan.cluster) / "PG_VERSION").unlink()
    with pytest.raises(ServerFailed, match=r"(?s)the embedded servers did not start:.*keeper\.log"):
        embedded.start(place / "data", durable=False)
    assert Lock(first.home / KEEPER_LOCK).take()


def test_a_long_log_is_put_aside(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LONGEST_LOG", 3)
    home = settle(place / "data")
    (home / "logs" / "postgres.log").write_text("an old line\n", encoding="utf-8")
    servers = embedded.start(place / "data", durable=False)
    servers.stop()
    assert (home / "logs" / "postgres.old").read_text(encoding="utf-8") == "an old line\n"


def test_a_start_that_hangs_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PATIENCE", 0.1)
    home = settle(place / "data")
    turn = Lock(home / "start.lock")
    assert turn.take()
    with pytest.raises(ServerFailed, match=r"another process starts or stops .* end it, start again"):
        embedded.start(place / "data", durable=False)
    turn.close()
