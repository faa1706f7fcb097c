"""The engine's own connections: made after the fork, one pool a process, autocommit, one statement a transaction."""

import os
from functools import cache
from typing import Any

from django.db import connection
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

OPTIONS = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert")


@cache
def _pool(pid: int, dbname: str) -> ConnectionPool[Connection[TupleRow]]:
    known: dict[str, Any] = connection.get_connection_params()
    kwargs = {name: known[name] for name in OPTIONS if known.get(name)}
    made: ConnectionPool[Connection[TupleRow]] = ConnectionPool(
        kwargs={**kwargs, "autocommit": True, "application_name": f"prometheus-engine-{pid}"},
        min_size=1,
        max_size=8,
        timeout=15,
        check=ConnectionPool.check_connection,
        open=True,
        name="engine",
    )
    return made


def pool() -> ConnectionPool[Connection[TupleRow]]:
    """Return this process's pool for the database that Django is set to."""
    return _pool(os.getpid(), str(connection.settings_dict["NAME"]))


def close() -> None:
    """Close this process's pool; the next use opens another."""
    pool().close()
    _pool.cache_clear()
