"""The actors of the tests, and a database that tests may really commit to."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import psycopg
import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import setup_databases
from psycopg import sql
from pytest_django import DjangoDbBlocker

from audit.access import actor_of_user
from audit.actors import Actor
from audit.models import Membership, Workspace
from audit.roles import Role

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Leave the test database where it is: it goes with its server, and somebody may still be in it."""
    return True


@pytest.fixture(scope="session")
def test_database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Make the test database where pytest-django did not: it sees marks, not what ``workspace`` asks for later."""
    if connection.settings_dict["NAME"] != connection.settings_dict["TEST"]["NAME"]:
        with django_db_blocker.unblock():
            setup_databases(verbosity=0, interactive=False)


@pytest.fixture(scope="session")
def template(test_database: None, django_db_blocker: DjangoDbBlocker) -> str:
    """Return the name of a copy of the empty, migrated test database."""
    with django_db_blocker.unblock():
        name = f"{connection.settings_dict['NAME']}_template"
        leave()
        copy(str(connection.settings_dict["NAME"]), name)
    return name


def leave() -> None:
    """Close every connection of this process to the test database."""
    connection.close()
    cast("Any", connection).close_pool()
    try:
        from orchestration.engine import pool  # noqa: PLC0415 - only tests of the engine load it
    except ImportError:
        return
    pool.close()


def copy(source: str, target: str) -> None:
    known = connection.get_connection_params()
    reached = {name: known[name] for name in ("host", "port", "user", "password") if known.get(name)}
    with psycopg.connect(**reached, dbname="postgres", autocommit=True) as server:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(target))
        server.execute(drop)
        make = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(target), sql.Identifier(source))
        server.execute(make)


@pytest.fixture
def committed(template: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let a test commit. History cannot be emptied (append-only), so the database is made anew from its template."""
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            leave()
            copy(template, str(connection.settings_dict["NAME"]))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who logs in, and who they are to the verbs."""

    user: User
    actor: Actor


@cache
def hashed_password() -> str:
    """Return the hash of PASSWORD, made once: it is slow on purpose."""
    return make_password(PASSWORD)


def person(name: str, workspace: Workspace, *roles: Role) -> Person:
    user = User.objects.create(
        username=name, password=hashed_password(), is_staff=True, is_superuser=Role.OPERATOR in roles
    )
    for role in roles:
        Membership.objects.create(user=user, workspace=workspace, role=role.value)
    actor = actor_of_user(user)
    assert actor is not None
    return Person(user, actor)


@pytest.fixture
def workspace(request: pytest.FixtureRequest, test_database: None) -> Workspace:
    if "committed" not in request.fixturenames:
        request.getfixturevalue("db")
    return Workspace.objects.create(slug="northgate", name="Northgate Hospital")


@pytest.fixture
def ada(workspace: Workspace) -> Person:
    """The operator."""
    return person("ada", workspace, Role.OPERATOR)


@pytest.fixture
def grace(workspace: Workspace) -> Person:
    """The reviewer, who asks."""
    return person("grace", workspace, Role.REVIEWER)


@pytest.fixture
def alan(workspace: Workspace) -> Person:
    """The approver."""
    return person("alan", workspace, Role.APPROVER)


@pytest.fixture
def barbara(workspace: Workspace) -> Person:
    """A second approver."""
    return person("barbara", workspace, Role.APPROVER)


@pytest.fixture
def mallory(workspace: Workspace) -> Person:
    """The attacker, who may do everything, but in another workspace."""
    elsewhere = Workspace.objects.create(slug="elsewhere", name="Elsewhere")
    return person("mallory", elsewhere, Role.APPROVER, Role.OPERATOR, Role.OVERRIDER)
