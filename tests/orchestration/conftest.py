"""One database for all committing tests of a module: making it anew for each would cost more than the tests."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat
from pytest_django import DjangoDbBlocker

from audit import vault
from audit.ids import new_id
from audit.models import Workspace
from orchestration.engine.checkpoints import DjangoSaver
from orchestration.models import Run
from tests.conftest import copy, leave


@pytest.fixture(scope="module")
def kept(template: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            leave()
            copy(template, str(connection.settings_dict["NAME"]))


@pytest.fixture
def committed(kept: None) -> Iterator[None]:
    """Let a test commit. What it leaves stays until the end of the module, out of the way of the next test."""
    yield
    make_room()


def make_room() -> None:
    """Rename workspaces and people, so that the next test can have its own, and let no run be due."""
    User.objects.exclude(username__contains="/").update(
        username=Concat(F("username"), Value("/"), Cast("pk", CharField()))
    )
    Workspace.objects.exclude(slug__contains="-").update(slug=Concat(F("slug"), Value("-"), Cast("pk", CharField())))
    Run.objects.update(due_at=None)


@pytest.fixture
def saver() -> DjangoSaver:
    """Return a saver with a key of its own."""
    return DjangoSaver(key=vault.DataKey.new(new_id()))
