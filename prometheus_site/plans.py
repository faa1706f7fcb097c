"""What the embedded servers run: which binaries, where, as whom, with which settings. Standard library only."""

import os
import pwd
import re
import shutil
import tempfile
from pathlib import Path

from prometheus_site import binaries
from prometheus_site.keeper import DATABASE, REDIS_SOCKET, Plan, ServerFailed

LONGEST_SOCKETS = 85  # a socket's path has at most 103 bytes on macOS, 107 on Linux, and the names take 18 of them
COMMON = Path("/var/lib/prometheus-site")  # root's place for what the servers' account must reach


def settle(directory: Path) -> Path:
    """Return the folder that holds data, sockets, logs and locks: ``directory``, unless the servers cannot reach it.

    Root's servers run as ``nobody``, for whom root's home is closed; then the folder is made in a common place and
    ``directory`` holds its name.
    """
    directory = directory.expanduser().absolute()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner, user = directory.stat().st_uid, os.geteuid()
    if owner != user:
        raise ServerFailed(
            f"{directory} belongs to user {owner}, not to user {user}: run as that user, or set "
            "PROMETHEUS_DATA to a folder of your own"
        )
    home = directory
    if user == 0:
        directory.chmod(0o711)
        if not binaries.open_to_all(directory):
            home = _elsewhere(directory / "home")
    (home / "logs").mkdir(exist_ok=True, mode=0o700)
    return home


def _elsewhere(pointer: Path) -> Path:
    """Return the folder that ``pointer`` names, made in the common place when there is none yet."""
    if pointer.exists():
        named = Path(pointer.read_text(encoding="utf-8").strip())
        if named.is_dir():
            return named
    _make_common()
    home = Path(tempfile.mkdtemp(prefix="data-", dir=COMMON))
    home.chmod(0o711)
    pointer.write_text(f"{home}\n", encoding="utf-8")
    return home


def _make_common() -> None:
    if not COMMON.exists():
        COMMON.mkdir(parents=True)
        COMMON.chmod(0o755)  # whatever the umask


def make_plan(home: Path, *, durable: bool) -> Plan:
    """Decide which binaries run, as whom, with what settings."""
    cluster = home / "postgres"
    made_by = cluster / "PG_VERSION"
    major = int(made_by.read_text(encoding="ascii")) if made_by.exists() else None
    postgres, redis = binaries.find_postgres(major=major), binaries.find_redis()
    uid = gid = None
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        uid, gid = nobody.pw_uid, nobody.pw_gid
        _make_common()
        postgres, redis = (binaries.publish(binary, cache=COMMON) for binary in (postgres, redis))
    sockets = _sockets(home)
    if uid is not None and gid is not None:
        os.chown(sockets, uid, gid)
    return Plan(
        cluster=str(cluster),
        sockets=str(sockets),
        initdb=_initdb(postgres),
        postgres=(str(postgres.path), "-D", str(cluster), *_postgres_options(sockets, durable=durable)),
        redis=(str(redis.path), *_redis_options(sockets)),
        uid=uid,
        gid=gid,
    )


def _sockets(home: Path) -> Path:
    """Return a folder for the sockets whose path is short and plain enough for a socket and for a URL."""
    sockets = home / "run"
    if len(os.fsencode(sockets)) > LONGEST_SOCKETS or not re.fullmatch(r"[A-Za-z0-9/._-]+", str(sockets)):
        previous = home / "servers.json"
        if previous.exists():
            shutil.rmtree(Plan.load(previous).sockets, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix="prometheus-", dir="/tmp"))  # TMPDIR may be too long
    sockets.mkdir(mode=0o700, exist_ok=True)
    return sockets


def _initdb(postgres: binaries.Binary) -> tuple[str, ...]:
    # The built-in provider folds case in all of Unicode and does not change with the machine's C library.
    builtin = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
    locale = builtin if postgres.major >= 17 else ("--locale=C.UTF-8",)
    return (str(postgres.path.with_name("initdb")), "-U", DATABASE, "-A", "trust", "-E", "UTF8", *locale)


def _postgres_options(sockets: Path, *, durable: bool) -> list[str]:
    safe = "on" if durable else "off"
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": "64MB",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "256MB",
        "fsync": safe,
        "synchronous_commit": safe,
        "full_page_writes": safe,
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        # A statement that failed, and its detail, may hold what clients sent.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _redis_options(sockets: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": f"{sockets}/{REDIS_SOCKET}",
        "unixsocketperm": "700",
        "pidfile": f"{sockets}/redis.pid",
        "dir": str(sockets),
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
    }
    return [part for name, value in options.items() for part in (f"--{name}", value)]
