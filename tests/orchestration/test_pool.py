"""The engine's own connections."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from psycopg_pool import ConnectionPool

from orchestration.engine import pool

pytestmark = pytest.mark.usefixtures("committed")


def database() -> str:
    with pool.pool().connection() as engine:
        row = engine.execute("SELECT current_database()").fetchone()
    return str(row and row[0])


def test_a_process_has_one_pool() -> None:
    with ThreadPoolExecutor(8) as workers:
        assert len(set(workers.map(lambda _: id(pool.pool()), range(32)))) == 1


def test_another_database_has_another_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    assert database() == connection.settings_dict["NAME"]
    with monkeypatch.context() as elsewhere:
        elsewhere.setitem(connection.settings_dict, "NAME", "postgres")
        assert database() == "postgres"


def test_a_closed_pool_is_followed_by_another() -> None:
    before = pool.pool()
    pool.close()
    assert before.closed
    assert database() == connection.settings_dict["NAME"]


def test_closing_twice_opens_nothing() -> None:
    pool.close()
    pool.close()
    assert pool._pools == {}


def test_a_forked_worker_has_a_pool_of_its_own() -> None:
    before = pool.pool()
    child = os.fork()
    if child == 0:
        os._exit(0 if pool.pool() is not before else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert database() == connection.settings_dict["NAME"]


def test_each_statement_is_its_own_transaction() -> None:
    with pool.pool().connection() as engine:
        assert engine.autocommit


def test_a_connection_that_the_server_ended_is_not_handed_out() -> None:
    with pool.pool().connection() as engine:
        ended = engine.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [ended])
    with pool.pool().connection() as engine:
        assert engine.info.backend_pid != ended
        assert engine.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_that_lives_is_handed_out_without_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    with pool.pool().connection() as engine:
        engine.execute("SELECT 1")
    asked: list[object] = []
    monkeypatch.setattr(ConnectionPool, "check_connection", asked.append)
    with pool.pool().connection():
        assert asked == []
