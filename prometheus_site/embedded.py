"""Private PostgreSQL and Redis for a first run and for tests, on unix sockets in one folder. Standard library only.

Several processes may use the servers of a folder: the first starts a keeper (keeper.py), the others attach, and when
the last has gone, whichever way, the keeper stops them. ``unix:///x/redis.sock`` is redis-py's form of the address;
Celery wants ``redis+socket:///x/redis.sock``, which the settings derive.
"""

import atexit
import base64
import os
import secrets
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from prometheus_site import keeper
from prometheus_site.binaries import ServerMissing
from prometheus_site.keeper import (
    DATABASE,
    KEEPER_LOCK,
    POSTGRES_SOCKET,
    REDIS_SOCKET,
    USERS_LOCK,
    Lock,
    Plan,
    ServerFailed,
)
from prometheus_site.plans import make_plan, settle

__all__ = ["ServerFailed", "ServerMissing", "Servers", "make_secrets", "prepare", "start"]

PATIENCE = 90.0  # seconds until servers answer: a first start on a slow disk makes the cluster
LONGEST_LOG = 5_000_000  # bytes; a longer one is put aside at the next start

# Commands of manage.py that read no row.
WITHOUT_SERVERS = frozenset(
    {
        "check",
        "check_proofs",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "findstatic",
        "guard_texts",
        "help",
        "judge_tool_calls",
        "makemessages",
        "spectacular",
        "verify_answers",
        "version",
    }
)
# Commands that break what they work on: servers of their own, in a folder that goes with the process.
THROW_AWAY = frozenset({"soak"})
SECRETS: dict[str, tuple[str, Callable[[], str]]] = {
    "DJANGO_SECRET_KEY": ("django.key", lambda: secrets.token_urlsafe(48)),
    "PROMETHEUS_VAULT_KEY": ("vault.key", lambda: base64.b64encode(secrets.token_bytes(32)).decode()),
    "PROMETHEUS_SIGNING_KEY": ("signing.key", lambda: base64.b64encode(secrets.token_bytes(32)).decode()),
}


@dataclass(slots=True)
class Servers:
    """Running servers and this process's part in them."""

    database_url: str
    redis_url: str
    started: bool
    home: Path
    _users: Lock

    def stop(self) -> None:
        """Leave the servers; if nobody else uses them, stop them and wait until they have gone. May be called twice."""
        if not self._users.ours:
            return
        if self._users.take():
            pid = keeper.pid_in(self.home / KEEPER_LOCK)
            keeper.end(pid, str(self.home), gently=signal.SIGTERM, grace=2 * keeper.GRACE + 10)
        else:  # others use them; or the keeper saw first that nobody is left, and holds the lock until they have gone
            self._users.take(shared=True, seconds=2 * keeper.GRACE)
        self._users.close()


def start(directory: Path, *, durable: bool) -> Servers:
    """Start the servers of a folder, or attach to them; return when both answer.

    Args:
        directory: made when missing; it must belong to the user who runs this.
        durable: whether what is committed survives a crash of the machine. Tests say no. It counts for who starts.

    Raises:
        ServerMissing: a server is not installed.
        ServerFailed: the folder belongs to somebody else, or a server does not start within 90 seconds.
    """
    home = settle(directory)
    turn, users = Lock(home / "start.lock"), Lock(home / USERS_LOCK)
    try:
        _await_turn(turn, users, home)
        plan = _attach(home)
        started = plan is None
        if plan is None:
            plan = _start(home, durable=durable)
    except BaseException:
        users.close()
        raise
    finally:
        turn.close()
    return Servers(
        database_url=f"postgresql://{DATABASE}@/{DATABASE}?host={quote(plan.sockets, safe='')}",
        redis_url=f"unix://{plan.sockets}/{REDIS_SOCKET}",
        started=started,
        home=home,
        _users=users,
    )


def _start(home: Path, *, durable: bool) -> Plan:
    _launch_keeper(home, durable=durable)
    plan = _attach(home)
    if plan is None:
        raise ServerFailed(f"the embedded servers did not start:\n{_last_words(home)}")
    return plan


def _await_turn(turn: Lock, users: Lock, home: Path) -> None:
    if not turn.take(seconds=PATIENCE) or not users.take(shared=True, seconds=PATIENCE):
        raise ServerFailed(
            f"another process starts or stops {home} for over {PATIENCE:.0f} seconds: end it, start again"
        )


def _kept(home: Path) -> bool:
    """Tell whether a keeper runs."""
    lock = Lock(home / KEEPER_LOCK)
    free = lock.take(shared=True)
    lock.close()
    return not free


def _launch_keeper(home: Path, *, durable: bool) -> None:
    """Start a keeper; when this returns it holds its lock, or has failed."""
    plan = make_plan(home, durable=durable)
    plan.save(home / "servers.json")
    for name in POSTGRES_SOCKET, REDIS_SOCKET:  # of servers that outlive a killed keeper for a moment
        Path(plan.sockets, name).unlink(missing_ok=True)
    log = home / "logs" / "keeper.log"
    for old in log.parent.glob("*.log"):
        if old.stat().st_size > LONGEST_LOG:
            old.replace(old.with_suffix(".old"))
    with log.open("ab") as output:
        keeper.launch([sys.executable, "-I", "-S", keeper.__file__, str(home)], log=output).wait()


def _attach(home: Path) -> Plan | None:
    """Return what runs, once both servers answer; None when no keeper is there, or it dies meanwhile."""
    deadline = time.monotonic() + PATIENCE
    while _kept(home):
        plan = Plan.load(home / "servers.json")
        if _postgres_answers(plan.sockets) and _redis_answers(plan.sockets):
            return plan
        if time.monotonic() > deadline:
            raise ServerFailed(f"the embedded servers do not answer:\n{_last_words(home)}")
        time.sleep(0.02)
    return None


def _postgres_answers(sockets: str) -> bool:
    """Tell whether PostgreSQL lets us in, by a start-up message of its protocol 3.0 (its manual, Message Formats)."""
    body = struct.pack("!i", 3 << 16) + f"user\0{DATABASE}\0database\0{DATABASE}\0\0".encode()
    return _ask(f"{sockets}/{POSTGRES_SOCKET}", struct.pack("!i", len(body) + 4) + body, bye=b"X\0\0\0\4") == b"R"


def _redis_answers(sockets: str) -> bool:
    return _ask(f"{sockets}/{REDIS_SOCKET}", b"PING\r\n") == b"+"


def _ask(path: str, message: bytes, *, bye: bytes = b"") -> bytes:
    """Send a message to a socket and return the first byte of the answer; nothing when there is none."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(path)
            connection.sendall(message)
            answer = connection.recv(1)
            connection.sendall(bye)
        except OSError:
            return b""
    return answer


def _last_words(home: Path) -> str:
    logs = [path for path in (home / "logs").glob("*.log") if path.stat().st_size]
    texts = (f"{path}:\n" + "\n".join(path.read_text(errors="replace").splitlines()[-8:]) for path in sorted(logs))
    return "\n".join(texts)


def make_secrets(directory: Path) -> dict[str, Path]:
    """Return the files of the secret keys by the name of their setting; what is missing is made, for our eyes only."""
    folder = directory.expanduser().absolute() / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {name: _secret(folder / file, make) for name, (file, make) in SECRETS.items()}


def _secret(path: Path, make: Callable[[], str]) -> Path:
    if path.exists():
        return path
    descriptor, fresh = tempfile.mkstemp(dir=path.parent)  # mode 0600
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(make())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)  # two processes at once: one key wins, both use it
    except FileExistsError:
        pass
    finally:
        Path(fresh).unlink()
    return path


def needs_servers(arguments: Sequence[str]) -> bool:
    """Tell whether a command line of manage.py (with the program's name first) reads the database."""
    command = arguments[1] if len(arguments) > 1 else "help"
    asks_help = command.startswith("-") or "--help" in arguments or "-h" in arguments
    return not asks_help and (command not in WITHOUT_SERVERS or "--database" in arguments)


def prepare(arguments: Sequence[str], environ: MutableMapping[str, str], *, root: Path) -> Servers | None:
    """Give a command of manage.py its servers and keys in ``environ``; they are left when the process ends.

    DATABASE_URL, REDIS_URL and keys that are set already are kept. The data is in ``root/.data`` or PROMETHEUS_DATA.
    Keys are made only where the servers are ours, or for the commands of a first visit: a production command that was
    given a database but no key must say so instead of making one.

    Raises:
        ServerMissing, ServerFailed: as ``start``; or a command that breaks things was given a database.
    """
    if not needs_servers(arguments):
        return None
    directory = Path(environ.get("PROMETHEUS_DATA") or root / ".data")
    if arguments[1] in THROW_AWAY:
        directory = _throw_away(environ, arguments[1])
    servers = None
    if not (_given(environ, "DATABASE_URL") and _given(environ, "REDIS_URL")):
        servers = start(directory, durable=arguments[1] not in THROW_AWAY)
        atexit.register(servers.stop)
        for name, url in (("DATABASE_URL", servers.database_url), ("REDIS_URL", servers.redis_url)):
            if not _given(environ, name):
                environ[name] = url
    if servers is not None or arguments[1] in {"demo", "verify"}:
        for name, path in make_secrets(directory).items():
            if not _given(environ, name):
                environ[f"{name}_FILE"] = str(path)
    return servers


def _throw_away(environ: MutableMapping[str, str], command: str) -> Path:
    """Return a fresh folder and name it in the environment; it is removed when the process has ended."""
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        if _given(environ, name):
            raise ServerFailed(f"{command} breaks the database that it runs on, and {name} names one: unset it")
    folder = Path(tempfile.mkdtemp(prefix=f"prometheus-{command}-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    environ["PROMETHEUS_DATA"] = environ["PROMETHEUS_THROW_AWAY"] = str(folder)
    return folder


def _given(environ: MutableMapping[str, str], name: str) -> bool:
    return bool(environ.get(name) or environ.get(f"{name}_FILE"))
