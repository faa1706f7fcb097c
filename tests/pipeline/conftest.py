"""A workspace with the demonstration's corpus and tools, ready for runs through the whole pipeline."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from orchestration.engine import bench
from orchestration.management.stage import Stage, load_corpus, open_desk, set_stage
from orchestration.models import Run, ToolServer
from tests.conftest import copy, leave
from tests.pipeline.asking import CASES, DEMO, ask
from tests.pipeline.returning import approved

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file that the desk appends tickets to."""
    return tmp_path_factory.mktemp("desk") / "tickets.jsonl"


@pytest.fixture(scope="session")
def staged(template: str, tickets: Path, django_db_blocker: DjangoDbBlocker) -> str:
    """Return the name of a copy of the test database with the stage set."""
    database = str(connection.settings_dict["NAME"])
    with django_db_blocker.unblock():
        stage = set_stage()
        load_corpus(DEMO / "corpus", actor=stage.actors["ada"])
        open_desk(stage.workspace, actor=stage.actors["ada"], tickets=tickets)
        leave()
        copy(database, f"{database}_staged")
        copy(template, database)
    return f"{database}_staged"


@pytest.fixture
def stage(staged: str, tickets: Path, committed: None) -> Iterator[Stage]:
    """Return the stage, with the desk as a child process over its pipes."""
    leave()
    copy(staged, str(connection.settings_dict["NAME"]))
    tickets.unlink(missing_ok=True)
    yield set_stage()
    bench.close()


@pytest.fixture(scope="session")
def desk_url(tickets: Path) -> Iterator[str]:
    """Serve the desk over HTTP, once for all runs of a test process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "orchestration.engine.desk", str(DEMO / "corpus"), "--http", str(port)]
    environment = {**os.environ, "PROMETHEUS_TICKETS": str(tickets)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as desk:
        ends = time.monotonic() + 60
        while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < ends:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp"
        desk.terminate()


@pytest.fixture
def quick(stage: Stage, desk_url: str) -> Stage:
    """Return the stage with the desk over HTTP: no process has to start for a run."""
    ToolServer.objects.update(transport="http", url=desk_url, command=[])
    return stage


@pytest.fixture
def done(quick: Stage) -> Run:
    """Return a completed run whose approved ticket was filed."""
    return approved(quick, ask(quick, CASES["c"]))
