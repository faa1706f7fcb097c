"""The engine's own connections: made after the fork, one pool a process, autocommit, one statement a transaction."""

import os
import threading
from typing import Any

from django.db import connection
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

OPTIONS = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert")

Pool = ConnectionPool[Connection[TupleRow]]

# By process, so that a fork leaves its parent's connections alone, and by address: tests change databases.
_pools: dict[tuple[int, frozenset[tuple[str, str]]], Pool] = {}
_lock = threading.Lock()


def pool() -> Pool:
    """Return this process's pool for the database that Django is set to."""
    known: dict[str, Any] = connection.get_connection_params()
    address = {name: str(known[name]) for name in OPTIONS if known.get(name)}
    place = (os.getpid(), frozenset(address.items()))
    with _lock:
        if place not in _pools:
            _pools[place] = open_pool(address)
        return _pools[place]


def open_pool(address: dict[str, str]) -> Pool:
    return ConnectionPool(
        kwargs={**address, "autocommit": True, "application_name": f"prometheus-engine-{os.getpid()}"},
        min_size=1,
        max_size=8,
        timeout=15,
        check=ConnectionPool.check_connection,
        open=True,
        name="engine",
    )


def close() -> None:
    """Close this process's pools; the next use opens another."""
    with _lock:
        mine = [_pools.pop(place) for place in list(_pools) if place[0] == os.getpid()]
    for known in mine:
        known.close()
