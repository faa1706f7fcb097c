"""The keeper's parts: locks, servers that are revived and stopped, remains that are cleared."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from prometheus_site import embedded, keeper, plans
from prometheus_site.keeper import KEEPER_LOCK, USERS_LOCK, Lock, Plan, Server, ServerFailed, launch

STUBBORN = ("/bin/sh", "-c", "trap '' INT TERM QUIT; echo up; while :; do sleep 0.1; done")


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a settled folder with a plan and no cluster."""
    made = Path("/tmp") / f"prometheus-{uuid.uuid4().hex[:10]}"  # noqa: S108 - a name of our own
    made.mkdir()
    made.chmod(0o755)
    settled = plans.settle(made / "data")
    plans.make_plan(settled, durable=False).save(settled / "servers.json")
    yield settled
    shutil.rmtree(made, ignore_errors=True)


def plain(log: Path, *command: str) -> Server:
    return Server(tuple(command), signal.SIGTERM, log, Plan("c", "s", (), (), ()))


def test_a_lock_is_held_by_one_or_shared_by_many(tmp_path: Path) -> None:
    one, other = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert one.take()
    assert not other.take(seconds=0.05)
    assert not other.take(shared=True)
    assert one.take(shared=True)
    assert other.take(shared=True)
    one.close()
    one.close()
    assert other.take()


def test_a_lock_says_who_holds_it(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    lock.sign()
    assert keeper.pid_in(tmp_path / "lock") == os.getpid()


@pytest.mark.parametrize("content", ["", "\n", "12x\n", "-5\n", "one\n2\n"])
def test_a_file_without_a_number_names_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "pid").write_text(content, encoding="utf-8")
    assert keeper.pid_in(tmp_path / "pid") == keeper.pid_in(tmp_path / "missing") == 0


def test_a_command_line_is_read_with_and_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = " ".join(sys.orig_argv)
    assert keeper.command_of(os.getpid()) == ours
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert keeper.command_of(os.getpid()) == ours


def test_who_is_not_there_has_no_command_line() -> None:
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    assert keeper.command_of(ended.pid) == ""


def test_a_process_is_ended_only_when_it_is_the_one_that_is_meant() -> None:
    with subprocess.Popen(["/bin/sh", "-c", "echo up; sleep 20"], stdout=subprocess.PIPE) as sleeper:
        assert sleeper.stdout is not None
        sleeper.stdout.readline()
        keeper.end(sleeper.pid, "postgres", gently=signal.SIGTERM)
        assert sleeper.poll() is None
        threading.Thread(target=sleeper.wait).start()
        keeper.end(sleeper.pid, "echo up", gently=signal.SIGTERM)
    assert sleeper.returncode == -signal.SIGTERM


def test_a_process_that_does_not_listen_is_ended_by_force() -> None:
    with subprocess.Popen(STUBBORN, stdout=subprocess.PIPE) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        threading.Thread(target=stubborn.wait).start()
        keeper.end(stubborn.pid, "trap", gently=signal.SIGTERM, grace=0.1)
    assert stubborn.returncode == -signal.SIGKILL


def test_a_server_is_started_once_and_stopped(tmp_path: Path) -> None:
    server = plain(tmp_path / "log", "/bin/sleep", "63")
    server.stop()
    server.revive()
    first = server.process
    server.revive()
    assert first is server.process
    assert first is not None
    server.stop()
    assert first.returncode == -signal.SIGTERM


def test_a_server_that_does_not_listen_is_stopped_by_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "GRACE", 0.1)
    wait = subprocess.Popen.wait
    monkeypatch.setattr(subprocess.Popen, "wait", lambda self, timeout=None: wait(self, min(timeout or 5, 5)))
    server = plain(tmp_path / "log", *STUBBORN)
    server.revive()
    while not (tmp_path / "log").read_text(encoding="utf-8"):
        time.sleep(0.01)
    server.stop()
    assert server.process is not None
    assert server.process.returncode == -signal.SIGKILL


def test_a_server_that_ends_again_and_again_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = plain(tmp_path / "log", "/bin/false")
    server.revive()
    assert server.process is not None
    server.process.wait()
    server.revive()
    assert server.attempts == 1  # it waits a while between two attempts
    monkeypatch.setattr(keeper, "PAUSE", 0.0)

    def until_given_up() -> None:
        while server.process is not None:
            server.process.wait()
            server.revive()

    with pytest.raises(ServerFailed, match=rf"/bin/false ended {keeper.ATTEMPTS} times; see {tmp_path}/log"):
        until_given_up()


def test_a_server_follows_its_keeper_into_death(tmp_path: Path) -> None:
    code = (
        "import signal, sys; from pathlib import Path; from prometheus_site.keeper import launch\n"
        "child = launch(['/bin/sleep', '64'], log=open(sys.argv[1], 'wb'), on_parent_death=signal.SIGTERM)\n"
        "print(child.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "log")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    ends = time.monotonic() + 10
    while keeper.command_of(child) and time.monotonic() < ends:
        time.sleep(0.02)
    assert not keeper.command_of(child)


def test_a_program_gets_a_clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "secret")
    with (tmp_path / "log").open("wb") as log:
        launch(["/usr/bin/env"], log=log).wait()
    assert "secret" not in (tmp_path / "log").read_text(encoding="utf-8")


def test_a_cluster_that_cannot_be_made_is_told_with_its_log(home: Path) -> None:
    known = Plan.load(home / "servers.json")
    broken = Plan(known.cluster, known.sockets, ("/bin/false",), known.postgres, known.redis, known.uid, known.gid)
    with pytest.raises(ServerFailed, match=r"/bin/false ended with 1; see .*postgres\.log"):
        keeper.make_cluster(broken, log=home / "logs" / "postgres.log")
    assert not Path(known.cluster).exists()


def test_servers_are_kept_until_the_keeper_is_told_to_leave(home: Path) -> None:
    own, users, leaving = Lock(home / KEEPER_LOCK), Lock(home / USERS_LOCK), threading.Event()
    assert own.take()
    assert users.take(shared=True)
    plan = Plan.load(home / "servers.json")
    thread = threading.Thread(target=keeper.keep, args=(home,), kwargs={"own": own, "leaving": leaving})
    thread.start()
    assert embedded._attach(home) == plan
    postgres = keeper.pid_in(Path(plan.cluster) / "postmaster.pid")
    leaving.set()
    thread.join(timeout=30)
    assert not keeper.command_of(postgres)
    assert embedded._attach(home) is None
    users.close()


def test_servers_are_kept_until_the_last_user_has_gone(home: Path) -> None:
    own, users = Lock(home / KEEPER_LOCK), Lock(home / USERS_LOCK)
    assert own.take()
    assert users.take(shared=True)
    thread = threading.Thread(target=keeper.keep, args=(home,), kwargs={"own": own, "leaving": threading.Event()})
    thread.start()
    assert embedded._attach(home)
    users.close()
    thread.join(timeout=30)
    assert not own.ours


def test_the_remains_of_servers_that_lost_their_keeper_are_cleared(home: Path) -> None:
    plan = Plan.load(home / "servers.json")
    keeper.make_cluster(plan, log=home / "logs" / "postgres.log")
    keeper.make_cluster(plan, log=home / "logs" / "postgres.log")
    with (home / "logs" / "postgres.log").open("ab") as log:
        postgres = launch(plan.postgres, log=log, plan=plan)
    threading.Thread(target=postgres.wait).start()
    pid_file = Path(plan.cluster) / "postmaster.pid"
    while keeper.pid_in(pid_file) != postgres.pid:
        time.sleep(0.02)
    keeper.clear_remains(plan)
    assert not keeper.command_of(postgres.pid)
    assert not pid_file.exists()
