"""What the load benchmark says: how it counts, what it reads of processes, and that it runs what production runs."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from benchmarks import load, usage, workload
from benchmarks.installation import ROOT, commands
from tests.site.test_deployment import read_yaml

BUSY = "import time; ends = time.process_time() + 0.5\nwhile time.process_time() < ends: pass"


@pytest.fixture
def busy() -> Iterator[int]:
    """Return a shell whose child has used half a second of processor time."""
    command = f"{sys.executable} -c '{BUSY}'; sleep 30"
    with subprocess.Popen(["sh", "-c", command], start_new_session=True) as shell:
        yield shell.pid
        os.killpg(shell.pid, 15)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 51), (0.95, 96), (1.0, 100)])
def test_a_percentile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert load.percentile(list(range(100, 0, -1)), share) == value


def test_a_figure_is_met_below_its_limit_only() -> None:
    book = load.Book()
    for value in (49.9, 50.0):
        book.note("x", value, "ms", limit=50)
    book.note("y", 1, "ms")
    assert [(figure.goal, figure.met) for figure in book.figures] == [("< 50 ms", True), ("< 50 ms", False), ("", None)]


def test_the_time_of_children_counts_also_when_they_have_ended(busy: int) -> None:
    ends = time.monotonic() + 20
    while usage.cpu_seconds([busy]) < 0.5 and time.monotonic() < ends:
        time.sleep(0.05)
    assert usage.cpu_seconds([busy]) >= 0.5


def test_a_tree_holds_a_process_and_what_it_started(busy: int) -> None:
    assert busy in usage.tree(os.getpid())
    assert len(usage.tree(busy)) == 2


def test_memory_is_what_the_kernel_says_of_a_process() -> None:
    held = usage.memory(os.getpid())
    assert 0 < held.pss <= held.rss < 2000


def test_both_requests_are_those_of_the_demonstration() -> None:
    assert [(case.name, case.decision) for case in workload.cases()] == [
        ("question", "PUBLISH"),
        ("verify", "PUBLISH_PARTIAL"),
    ]
    assert [case.item["kind"] for case in workload.cases()] == ["QUESTION", "VERIFY"]


@pytest.mark.parametrize("part", ["web", "worker", "beat"])
def test_what_is_measured_is_started_as_compose_starts_it(part: str) -> None:
    composed = read_yaml(ROOT / "docker-compose.yml")["services"][part]["command"]
    given = {word.replace("${WEB_WORKERS:-2}", "2").replace("${WORKER_CONCURRENCY:-2}", "2") for word in composed}
    places = ("--bind", "--schedule")
    wanted = {word for word in given if not word.startswith(places)}
    assert {word for word in commands(8000)[part] if not word.startswith(places)} == wanted
