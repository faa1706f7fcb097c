"""A PostgreSQL to measure on: embedded, durable, in a folder of its own, with a fresh database for each measurement."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from prometheus_site import embedded

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "w7_template"
SHOWN = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size")


class MeasurementFailed(Exception):
    """A child process ended without a figure; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        url: of its first database; other databases are beside it.
        postmaster: the process at the root of its tree.
    """

    url: str
    postmaster: int
    environment: dict[str, str]

    def address(self, database: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    def make(self, database: str, *, template: str = "template1") -> str:
        """Make a database anew; return its address."""
        name, source = sql.Identifier(database), sql.Identifier(template)
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, source))
            connection.execute("CHECKPOINT")  # so that none falls into the measurement
        return self.address(database)

    def child(self, *arguments: str) -> dict[str, Any]:
        """Run ``benchmarks.child``; return what it printed.

        Raises:
            MeasurementFailed: it ended otherwise.
        """
        command = [sys.executable, "-m", "benchmarks.child", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=300
        )
        if done.returncode:
            raise MeasurementFailed(f"{arguments[0]} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def settings(self) -> dict[str, str]:
        """Return what the server's speed and its durability depend on."""
        with psycopg.connect(self.url) as connection:
            rows = connection.execute(
                "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)", [list(SHOWN)]
            ).fetchall()
        return dict(rows)


@contextmanager
def running() -> Iterator[Server]:
    """Start the servers in a new folder; stop them and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="prometheus-bench-"))
    folder.chmod(0o755)
    servers = embedded.start(folder, durable=True)
    try:
        keys = {f"{name}_FILE": str(path) for name, path in embedded.make_secrets(folder).items()}
        pid = (servers.home / "postgres" / "postmaster.pid").read_text(encoding="ascii").split()[0]
        known = {**os.environ, **keys, "REDIS_URL": servers.redis_url, "PROMETHEUS_DATA": str(folder / "files")}
        yield Server(servers.database_url, int(pid), known)
    finally:
        servers.stop()
        shutil.rmtree(folder, ignore_errors=True)
