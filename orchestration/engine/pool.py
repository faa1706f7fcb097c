"""The engine's own connections: made after the fork, one pool a process, autocommit, one statement a transaction."""

import os
import select
import threading
from typing import Any

from django.db import connection
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

OPTIONS = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert")
PLACE = ("NAME", "HOST", "PORT", "USER")

Pool = ConnectionPool[Connection[TupleRow]]

# By process, so that a fork leaves its parent's connections alone, and by address: tests change databases.
_pools: dict[tuple[object, ...], Pool] = {}
_lock = threading.Lock()


def pool() -> Pool:
    """Return this process's pool for the database that Django is set to."""
    place = (os.getpid(), *map(connection.settings_dict.get, PLACE))
    found = _pools.get(place)
    if found is not None:
        return found
    with _lock:
        if place not in _pools:
            known: dict[str, Any] = connection.get_connection_params()
            _pools[place] = open_pool({name: str(known[name]) for name in OPTIONS if known.get(name)})
        return _pools[place]


def open_pool(address: dict[str, str]) -> Pool:
    return ConnectionPool(
        kwargs={**address, "autocommit": True, "application_name": f"prometheus-engine-{os.getpid()}"},
        min_size=1,
        max_size=8,
        timeout=15,
        check=check,
        open=True,
        name="engine",
    )


def check(known: Connection[Any]) -> None:
    """Ask a connection whether it lives, if there is any sign that it does not.

    The server says goodbye before it ends a connection, and the kernel says so when the server died: either way there
    is something to read where nothing was asked. A round trip at every use would be most of what a flush costs.
    """
    if known.closed or readable(known.fileno()):
        ConnectionPool.check_connection(known)


def readable(descriptor: int) -> bool:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(waiting.poll(0))


def close() -> None:
    """Close this process's pools; the next use opens another."""
    with _lock:
        mine = [_pools.pop(place) for place in list(_pools) if place[0] == os.getpid()]
    for known in mine:
        known.close()
