"""run.py: what is missing is said in a sentence, with a status that is not zero."""

import ast
import fcntl
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import uuid
import venv
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from prometheus_site.binaries import open_to_all

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path: Path) -> ModuleType:
    """Return run.py as a module that believes to stand in an empty folder with a lock of two packages."""
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    locks = tmp_path / "deploy" / "locks"
    locks.mkdir(parents=True)
    (locks / "core.txt").write_text("one==1 \\\n    --hash=sha256:0\ntwo-2==2\n", encoding="utf-8")
    for larger in ("dev.txt", "bench.txt"):
        (locks / larger).write_text("one==1\ntwo-2==2\nthree==3\n", encoding="utf-8")
    place: Any = module
    place.ROOT, place.VENV, place.LOCKS = tmp_path, tmp_path / ".venv", locks
    for name, file in (("STAMP", ".installed.json"), ("UNFINISHED", ".unfinished"), ("LOG", "install.log")):
        setattr(place, name, place.VENV / file)
    place.PYTHON = place.VENV / "bin" / "python"
    return module


def called(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "run.py"), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
    )


def test_without_a_command_it_says_how_it_is_used() -> None:
    ran = called()
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "python3 run.py demo" in ran.stderr
    assert called("destroy").returncode == 2


@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_who_asks_for_help_gets_it(word: str) -> None:
    ran = called(word)
    assert ran.returncode == 0
    assert "python3 run.py test" in ran.stdout


def test_a_port_that_is_taken_is_told_before_anything_is_set_up() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = called("demo", "--port", str(port))
    assert ran.returncode == 2
    assert ran.stderr == (f"run.py: port {port} is taken; choose another one: python3 run.py demo --port 8001\n")


@pytest.mark.parametrize("arguments", [["--port=99999"], ["--port", "99999"]])
def test_a_port_that_does_not_exist_is_told(run: ModuleType, arguments: list[str]) -> None:
    with pytest.raises(run.SetupError, match="port 99999 is not to be had"):
        run.check_port(arguments)


@pytest.mark.parametrize("arguments", [["--no-serve"], ["--help"]])
def test_a_demo_that_serves_nothing_needs_no_port(run: ModuleType, arguments: list[str]) -> None:
    run.check_port(["--port", "99999", *arguments])


@pytest.mark.parametrize(
    ("version", "implementation"), [((3, 10), "cpython"), ((3, 14), "cpython"), ((2, 7), "cpython"), ((3, 11), "pypy")]
)
def test_a_python_that_will_not_do_is_told_with_one_that_will(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], implementation: str
) -> None:
    monkeypatch.setattr(run, "works", lambda name: name == "python3.12")
    message = (
        rf"this is {implementation} {version[0]}\.{version[1]}; CPython 3\.11 to 3\.13 is needed: run: python3\.12 run"
    )
    with pytest.raises(run.SetupError, match=message):
        run.check_python(version, implementation)


def test_where_no_python_will_do_one_is_to_be_installed(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(run.SetupError, match=r"install Python 3\.11 or 3\.12 and run it with that"):
        run.check_python((3, 9), "cpython")


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_a_python_that_will_do_is_taken(run: ModuleType, minor: int) -> None:
    run.check_python((3, minor), "cpython")


def test_a_shim_that_leads_nowhere_does_not_count(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shims = {"python3.11": "/bin/sh\nexit 127", "python3.12": "/no/such/interpreter", "python3.13": "/bin/sh\nexit 0"}
    for name, text in shims.items():
        (tmp_path / name).write_text(f"#!{text}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [run.works(name) for name in (*shims, "python3.10")] == [False, False, True, False]


def test_run_py_parses_on_old_pythons() -> None:
    code = (ROOT / "run.py").read_text(encoding="utf-8")
    ast.parse(code, feature_version=(3, 7))
    assert "from __future__ import annotations" in code


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "it was changed on the way"),
        ("No module named pip", "remove .venv and start again"),
        ("NewConnectionError: Temporary failure in name resolution", "the package index cannot be reached"),
        ("ReadTimeoutError: Read timed out", "the package index cannot be reached"),
        ("ERROR: Could not find a version that satisfies the requirement x", "does not exist for this platform"),
        ("PermissionError: [Errno 13] Permission denied", "run as the owner of the folder"),
        ("something else", "the packages could not be installed"),
    ],
)
def test_a_failure_of_pip_is_told_in_a_sentence(run: ModuleType, log: str, cause: str) -> None:
    assert cause in run.explain(log)


def test_a_disk_that_is_too_small_is_told(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=400_000_000))
    with pytest.raises(run.SetupError, match=r"has 0\.4 GB free; 1\.2 GB are needed"):
        run.prepare(run.LOCKS / "core.txt")


def without_tools(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(shutil, "which", lambda _: None)


def test_a_python_without_venv_is_told_with_the_package_to_install(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_tools(run, monkeypatch)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(run.SetupError, match=r"cannot make environments .*apt-get install python3\.\d+-venv"):
        run.prepare(run.LOCKS / "core.txt")
    assert not run.ready(run.LOCKS / "core.txt")


def test_what_pip_says_of_a_lost_network_is_passed_on(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_tools(run, monkeypatch)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(run.SetupError, match=r"(?s)package index cannot be reached.*all of it: .*install\.log"):
        run.prepare(run.LOCKS / "core.txt")
    assert run.UNFINISHED.exists()
    assert "making the environment" in capsys.readouterr().out


def installed(run: ModuleType, lock: str) -> None:
    """Make an environment that looks as if it had been made from the lock."""
    venv.create(run.VENV, with_pip=False, symlinks=True)
    (run.VENV / "bin" / "pip").touch()
    stamp = {"root": str(run.ROOT), "lock": lock, "sha256": run.digest(run.LOCKS / lock)}
    run.STAMP.write_text(json.dumps(stamp), encoding="utf-8")


@pytest.mark.parametrize(
    ("lock", "asked", "ready"),
    [
        ("core.txt", "core.txt", True),
        ("dev.txt", "core.txt", True),
        ("bench.txt", "core.txt", True),
        ("core.txt", "dev.txt", False),
        ("bench.txt", "dev.txt", False),
        ("dev.txt", "bench.txt", False),
    ],
)
def test_an_environment_serves_its_lock_and_smaller_ones(
    run: ModuleType, lock: str, asked: str, *, ready: bool
) -> None:
    installed(run, lock)
    assert run.ready(run.LOCKS / asked) is ready
    assert run.mendable()


@pytest.mark.parametrize("harm", ["lock", "stamp", "unfinished", "moved", "python"])
def test_an_environment_that_no_longer_fits_is_made_anew(run: ModuleType, harm: str) -> None:
    installed(run, "core.txt")
    harms = {
        "lock": lambda: (run.LOCKS / "core.txt").write_text("one==2\n", encoding="utf-8"),
        "stamp": lambda: run.STAMP.write_text("{", encoding="utf-8"),
        "unfinished": run.UNFINISHED.touch,
        "moved": lambda: run.STAMP.write_text(json.dumps({"root": "/elsewhere", "lock": "core.txt"}), encoding="utf-8"),
        "python": run.PYTHON.unlink,
    }
    harms[harm]()
    assert not run.ready(run.LOCKS / "core.txt")
    assert run.mendable() is (harm in {"lock", "stamp"})


def test_what_cannot_be_mended_is_removed_first(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(run, "core.txt")
    (run.VENV / "old").touch()
    without_tools(run, monkeypatch)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(run.SetupError):
        run.make(None)
    assert not (run.VENV / "old").exists()
    assert "removing an environment that cannot be used" in capsys.readouterr().out


def test_packages_are_counted_by_their_pins(run: ModuleType) -> None:
    assert run.count(run.LOCKS / "core.txt") == 2


def test_a_second_start_waits_for_the_first(run: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    held = os.open(run.ROOT, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)

    def finish() -> None:
        installed(run, "core.txt")
        os.close(held)

    threading.Timer(0.2, finish).start()
    run.prepare(run.LOCKS / "core.txt")
    assert "waiting for another start" in capsys.readouterr().out


def test_the_environments_python_runs_without_what_would_mislead_it(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    known = run.clean()
    assert not {"PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE"} & set(known)
    assert known["PATH"].startswith(str(run.VENV / "bin"))


def test_progress_is_repeated_where_nobody_watches(run: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    run.VENV.mkdir()
    run.LOG.write_text("Collecting one\nCollecting two\n", encoding="utf-8")
    with run.Progress("installing") as progress:
        progress.show(3)
        progress.shown -= 11
        progress.show(3)
        progress.shown -= 11
        progress.show(2)
    assert re.sub(r"\d+ s", "N s", capsys.readouterr().out).splitlines() == [
        "installing ...",
        "installing: N s, 2 of 3 packages",
        "installing: N s, unpacking",
        "installing: N s",
    ]


def test_an_interrupted_step_leaves_no_process(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    process = subprocess.Popen(["/bin/sleep", "65"])
    progress = run.Progress("sleeping")

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(progress, "show", interrupt)
    with pytest.raises(KeyboardInterrupt):
        progress.watch(process)
    assert process.returncode is not None


def test_the_gate_names_what_failed(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(run, "GATE", (("good", ["-c", ""]), ("bad", ["-c", "raise SystemExit(3)"])))
    assert run.gate([]) == 1
    shown = capsys.readouterr().out
    assert "good: passed" in shown
    assert "bad: FAILED (3)" in shown
    assert "Failed: bad" in shown
    monkeypatch.setattr(run, "GATE", run.GATE[:1])
    assert run.gate([]) == 0


def test_with_arguments_the_gate_is_pytest_alone_with_its_status(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(run, "PYTEST", ["-c", "import sys; sys.exit(len(sys.argv))"])
    assert run.gate(["tests/audit", "-q"]) == 3


@pytest.fixture
def foreign() -> Iterator[Path]:
    """Return a copy of run.py in a folder that its user may read only."""
    folder = Path("/tmp") / f"prometheus-{uuid.uuid4().hex[:10]}"  # noqa: S108 - a name of our own
    shutil.copytree(ROOT / "deploy" / "locks", folder / "deploy" / "locks")
    shutil.copy(ROOT / "run.py", folder)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_cannot_be_written_is_told(foreign: Path) -> None:
    account: dict[str, Any] = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
    ran = subprocess.run(
        [any_python(), str(foreign / "run.py"), "manage", "check"], capture_output=True, text=True, **account
    )
    assert ran.returncode == 2
    assert f"run as the owner of {foreign}" in ran.stderr


def any_python() -> str:
    """Return an interpreter that any account can run."""
    known = (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3")
    return next(path for path in known if Path(path).exists() and open_to_all(Path(path).resolve()))
