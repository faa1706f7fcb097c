#!/usr/bin/env python3
"""Set PROMETHEUS up and run it. Needs Python 3.11, 3.12 or 3.13 and nothing else; no root, no Docker.

  python3 run.py demo [--no-serve] [--port N]   four requests through the whole pipeline, then the console
  python3 run.py test [PYTEST ARGUMENTS]        every check and test; with arguments only pytest, with those
  python3 run.py bench NAME [OPTIONS]           measure: engine, load, growth, evidence, report
  python3 run.py verify ANSWER DOCUMENT...      is what the answer says in the documents?
  python3 run.py manage COMMAND ...             any other command of manage.py

The environment is made in .venv/ from hash-pinned locks; PostgreSQL and Redis are private to .data/ unless DATABASE_URL
and REDIS_URL are set. This file uses the standard library only, and parses on old Pythons so that they get an answer.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn, Self

try:
    import fcntl
except ImportError:  # Windows
    sys.exit("run.py: PROMETHEUS runs on Linux and macOS; on Windows use WSL")

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".installed.json"
UNFINISHED = VENV / ".unfinished"
LOG = VENV / "install.log"
LOCKS = ROOT / "deploy" / "locks"

NEEDS = {"test": "dev.txt", "bench": "bench.txt"}  # command -> lock, where core.txt does not do

OLDEST, TOO_NEW = (3, 11), (3, 14)
DISK = 1_200_000_000  # bytes: the environment takes 0.5 (demo) to 0.9 GB (test), unpacking and data the rest
PORT = 8000
COVERAGE = 92  # percent of branches and lines

PYTEST = ["-m", "pytest"]
PARALLEL = ["-n", "2", "--dist", "loadgroup"]
COVER = ["--cov", "--cov-branch", f"--cov-fail-under={COVERAGE}"]
GATE = (
    ("ruff check", ["-m", "ruff", "check", "."]),
    ("ruff format", ["-m", "ruff", "format", "--check", "."]),
    ("mypy", ["-m", "mypy", "."]),
    ("import contracts", ["-c", "import importlinter.cli as cli; cli.lint_imports_command()"]),
    ("migrations", ["manage.py", "makemigrations", "--check", "--dry-run"]),
    ("pytest", [*PYTEST, *PARALLEL, *COVER]),
)


class SetupError(Exception):
    """What is missing on this machine and what to do about it, for the person at the terminal."""


def main(arguments: list[str]) -> int:
    """Run one command line; return the exit status unless the process becomes manage.py."""
    command = arguments[0] if arguments else ""
    if command in {"-h", "--help", "help"}:
        print(__doc__)
        return 0
    if command not in {"demo", "test", "bench", "verify", "manage"}:
        print(__doc__, file=sys.stderr)
        return 2
    check_python(sys.version_info[:2], sys.implementation.name)
    if command == "demo":
        check_port(arguments[1:])
    prepare(LOCKS / NEEDS.get(command, "core.txt"))
    if command == "test":
        return gate(arguments[1:])
    if command == "bench":
        command_line = [str(PYTHON), "-m", "benchmarks", *arguments[1:]]
        return subprocess.run(command_line, cwd=ROOT, env=clean(), check=False).returncode
    become([str(ROOT / "manage.py"), *(arguments[1:] if command == "manage" else arguments)])
    return 0


def check_python(version: tuple[int, ...], implementation: str) -> None:
    if OLDEST <= version < TOO_NEW and implementation == "cpython":
        return
    names = [f"python3.{minor}" for minor in range(OLDEST[1], TOO_NEW[1])]
    usable = next((name for name in reversed(names[:2]) if works(name)), None)
    cure = f"run: {usable} run.py" if usable else "install Python 3.11 or 3.12 and run it with that"
    raise SetupError(
        f"this is {implementation} {version[0]}.{version[1]}; CPython {OLDEST[0]}.{OLDEST[1]} to "
        f"{TOO_NEW[0]}.{TOO_NEW[1] - 1} is needed: {cure}"
    )


def works(name: str) -> bool:
    """Tell whether a Python of that name can be run: a shim on PATH may lead nowhere."""
    if not shutil.which(name):
        return False
    try:
        return subprocess.run([name, "-c", ""], capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def check_port(arguments: list[str]) -> None:
    """Refuse to begin a demo whose web address is taken: that would come out only after the set-up."""
    if "--no-serve" in arguments or "--help" in arguments:
        return
    found = re.search(r"(?:^|\s)--port[= ](\d{1,5})(?:\s|$)", " ".join(arguments))
    port = int(found.group(1)) if found else PORT
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            reason = "taken" if getattr(error, "errno", None) == errno.EADDRINUSE else f"not to be had ({error})"
            cure = "another one: python3 run.py demo --port 8001"
            raise SetupError(f"port {port} is {reason}; choose {cure}") from error


def prepare(lock: Path) -> None:
    """Make or mend the environment so that it holds what the lock names. Concurrent starts take turns.

    Raises:
        SetupError: something that is needed is missing.
    """
    if ready(lock):
        return
    turn = os.open(ROOT, os.O_RDONLY)  # the folder itself is the lock: it is there, and stays
    try:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("run.py: waiting for another start that prepares the environment", flush=True)
            fcntl.flock(turn, fcntl.LOCK_EX)
        if not ready(lock):
            build(lock)
    finally:
        os.close(turn)


def ready(lock: Path) -> bool:
    """Tell whether the environment is complete, in its place, runnable, and made from this lock or a larger one.

    The locks of test and bench both hold all of core, but neither holds the other: changing between them installs what
    is missing over what is there. All three are from one resolution, so nothing that is there changes.
    """
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    installed = LOCKS / str(stamp.get("lock"))
    return (
        (installed.name == lock.name or lock.name == "core.txt")
        and installed.name in {"core.txt", *NEEDS.values()}
        and installed.is_file()
        and stamp.get("sha256") == digest(installed)
        and in_place(stamp.get("root"))
    )


def in_place(root: object) -> bool:
    """Tell whether the environment was made here, for an interpreter that is there and still the same version."""
    version = re.search(r"python3\.(\d+)$", str(PYTHON.resolve()))
    packages = VENV / "lib" / version.group() if version else VENV / "lib"
    return root == str(ROOT) and os.access(PYTHON, os.X_OK) and packages.is_dir() and not UNFINISHED.exists()


def digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def build(lock: Path) -> None:
    free = shutil.disk_usage(ROOT).free
    if free < DISK:
        raise SetupError(f"{ROOT} has {free / 1e9:.1f} GB free; {DISK / 1e9:.1f} GB are needed")
    uv = shutil.which("uv")
    if not mendable():
        make(uv)
    STAMP.unlink(missing_ok=True)
    UNFINISHED.touch()
    if not (uv and by_uv(uv, lock)):
        by_pip(lock)
    STAMP.write_text(json.dumps({"root": str(ROOT), "lock": lock.name, "sha256": digest(lock)}), encoding="utf-8")
    UNFINISHED.unlink()


def mendable() -> bool:
    """Tell whether packages can be added to what is there; what was left half made is not worth it."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        stamp = {"root": str(ROOT)}  # made by other means, in this place
    return in_place(stamp.get("root")) and (VENV / "bin" / "pip").exists()


def make(uv: str | None) -> None:
    """Make an empty environment in place of what is there."""
    if VENV.exists():
        STAMP.unlink(missing_ok=True)
        UNFINISHED.touch()
        with Progress("removing an environment that cannot be used") as progress:
            progress.watch(subprocess.Popen(["rm", "-rf", str(VENV)]))
    VENV.mkdir()
    UNFINISHED.touch()
    have_pip = importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")
    if have_pip and not logged("making the environment", [sys.executable, "-m", "venv", str(VENV)]):
        return
    if uv and not logged("making the environment", [uv, "venv", "--allow-existing", "--python", sys.executable, VENV]):
        return
    raise SetupError(
        "this Python cannot make environments (its venv or ensurepip module is missing or fails). Debian and Ubuntu: "
        f"apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv; Fedora: dnf install python3-pip."
        + last_lines()
    )


def by_uv(uv: str, lock: Path) -> bool:
    command = [uv, "pip", "install", "--python", PYTHON, "--require-hashes", "--no-deps", "-r", lock]
    return not logged(f"installing {count(lock)} packages", command)


def by_pip(lock: Path) -> None:
    command = [PYTHON, "-m", "pip", "install", "--require-hashes", "--no-deps", "--no-compile", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "--retries", "2", "-r", lock]
    if logged("installing", command, of=count(lock)):
        raise SetupError(explain(LOG.read_text(encoding="utf-8", errors="replace")) + last_lines())


def count(lock: Path) -> int:
    return len(re.findall(r"(?m)^[\w.-]+==", lock.read_text(encoding="utf-8")))


def explain(log: str) -> str:
    """Say in a sentence why pip failed, and the cure."""
    causes = (
        ("No space left on device", "the disk is full: free 1.2 GB and start again"),
        ("DO NOT MATCH THE HASHES", "a downloaded package is not the one that was pinned: it was changed on the way"),
        ("No module named pip", "the environment has no pip: remove .venv and start again"),
        (
            "NewConnectionError|name resolution|Timeout|Connection refused|ProxyError|unreachable|SSLError|timed out",
            "the package index cannot be reached: check the network (or pip's index and proxy settings), start again",
        ),
        ("No matching distribution|Could not find a version", "a package does not exist for this platform and Python"),
        ("Permission denied|Read-only file system", f"{VENV} cannot be written: run as the owner of the folder"),
    )
    return next((cure for pattern, cure in causes if re.search(pattern, log)), "the packages could not be installed")


def last_lines() -> str:
    lines = LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-6:] if LOG.exists() else []
    return "".join(f"\n    {line[:200]}" for line in lines) + (f"\n  (all of it: {LOG})" if lines else "")


class Progress:
    """A line that shows that something goes on: rewritten on a terminal, repeated every ten seconds elsewhere."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.since = self.shown = time.monotonic()
        self.live = sys.stdout.isatty()

    def __enter__(self) -> Self:
        print(f"{self.what} ...", end="" if self.live else "\n", flush=True)
        return self

    def __exit__(self, *_: object) -> None:
        print(f"{chr(13) if self.live else ''}{self.what}: {time.monotonic() - self.since:.0f} s{' ' * 30}".rstrip())

    def watch(self, process: subprocess.Popen[bytes], *, of: int = 0) -> int:
        """Wait for a process, showing the time and how many packages it got; return its exit status."""
        try:
            while True:
                try:
                    return process.wait(0.2)
                except subprocess.TimeoutExpired:
                    self.show(of)
        except BaseException:
            process.terminate()
            process.wait()
            raise

    def show(self, of: int) -> None:
        now = time.monotonic()
        if now - self.shown < (0.5 if self.live else 10):
            return
        self.shown = now
        parts = [f"{now - self.since:.0f} s"]
        if of:
            got = len(
                re.findall(
                    r"(?m)^(?:Collecting|Ignoring|Requirement already) ",
                    LOG.read_text(encoding="utf-8", errors="replace"),
                )
            )
            parts.append(f"{min(got, of)} of {of} packages" if got < of else "unpacking")
        line = f"{self.what}: {', '.join(parts)}"
        print(f"\r{line:<60}" if self.live else line, end="" if self.live else "\n", flush=True)


def logged(what: str, command: Sequence[object], *, of: int = 0) -> int:
    """Run a command with its output in the log; return its exit status."""
    settings = {"PIP_USER": "0", "UV_PYTHON_DOWNLOADS": "never"}
    with LOG.open("wb") as log, Progress(what) as progress:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**clean(), **settings},
        )
        return progress.watch(process, of=of)


def clean() -> dict[str, str]:
    """Return the environment's variables without those that would lead Python to other packages, or let it forget.

    A process that compiles what it imports, because no bytecode is kept, starts in twice the time and 20 MB larger.
    """
    misleading = {"PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
    kept = {name: value for name, value in os.environ.items() if name not in misleading}
    path = f"{VENV / 'bin'}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return {"PYTHONUNBUFFERED": "1", **kept, "PATH": path, "VIRTUAL_ENV": str(VENV)}


def become(command: list[str]) -> None:
    """Become that program of the environment; it keeps the folder we were called in, so relative names hold."""
    sys.stdout.flush()
    os.execve(PYTHON, [str(PYTHON), *command], clean())  # noqa: S606 -- no shell is what we want


def gate(arguments: list[str]) -> int:
    """Run every check, or only pytest with the arguments that are given; return 0 when all passed."""
    if arguments:
        return subprocess.run([PYTHON, *PYTEST, *arguments], cwd=ROOT, env=clean(), check=False).returncode
    begin = time.monotonic()
    failed = [name for name, command in GATE if not passes(name, command)]
    seconds = time.monotonic() - begin
    print(f"\nFailed: {', '.join(failed)}" if failed else f"\nAll {len(GATE)} checks passed", f"({seconds:.0f} s)")
    return 1 if failed else 0


def passes(name: str, command: list[str]) -> bool:
    print(f"\n== {name}", flush=True)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="prometheus-gate-") as data:
        # Migrations are compared with a database of their own: the one in .data may be from another branch.
        environment = {**clean(), "PROMETHEUS_DATA": data}
        status = subprocess.run([PYTHON, *command], cwd=ROOT, env=environment, check=False).returncode
    print(
        f"-- {name}: {'passed' if status == 0 else f'FAILED ({status})'}, {time.monotonic() - begin:.1f} s", flush=True
    )
    return status == 0


def _end(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    try:
        sys.exit(main(sys.argv[1:]))
    except SetupError as problem:
        print(f"run.py: {problem}", file=sys.stderr)
        sys.exit(2)
    except PermissionError as problem:
        print(f"run.py: {problem}: run as the owner of {ROOT}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("\nrun.py: stopped; start again to go on", file=sys.stderr)
        sys.exit(130)
