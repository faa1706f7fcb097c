"""The site without one of its servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, connections
from django.db.utils import DEFAULT_DB_ALIAS
from pytest_django import DjangoDbBlocker


@pytest.fixture
def no_database(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let the default connection lead to a socket that is not there."""
    known = connections[DEFAULT_DB_ALIAS]
    away = connection.copy()
    away.settings_dict = {**known.settings_dict, "HOST": str(tmp_path), "OPTIONS": {}}
    with django_db_blocker.unblock():
        connections[DEFAULT_DB_ALIAS] = away
        try:
            yield
        finally:
            connections[DEFAULT_DB_ALIAS] = known
