"""The command that checks one's own text against one's own documents."""

import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from audit.errors import Unavailable
from orchestration import requests, runs
from orchestration.engine import bench, driver
from orchestration.management.commands.verify import WORKSPACE, settle
from orchestration.management.stage import Stage, set_stage
from orchestration.models import Run
from orchestration.states import Kind

MANUAL = "The pump is serviced every 60 days. Its filter must be replaced after 400 hours of operation."


@pytest.fixture
def parts(committed: None) -> Iterator[None]:
    yield
    bench.close()


@pytest.fixture
def manual(tmp_path: Path, parts: None) -> Path:
    path = tmp_path / "manual.md"
    path.write_text(MANUAL, encoding="utf-8")
    return path


def verify(answer: str, manual: Path, *options: str) -> tuple[int | str | None, str, str]:
    """Return the exit status, what was printed, and what was complained about."""
    text = manual.with_name("answer.txt")
    text.write_bytes(answer.encode())
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify", str(text), str(manual), *options, stdout=out, stderr=err)
    return ended.value.code, out.getvalue(), err.getvalue()


def test_an_answer_that_the_document_carries_is_supported(manual: Path) -> None:
    status, printed, _ = verify("The pump is serviced every 60 days.", manual)
    assert status == 0
    assert "1 of 1 claims are supported; decision PUBLISH." in printed


def test_a_wrong_number_is_told_with_the_sentence_it_differs_from(manual: Path) -> None:
    status, printed, _ = verify("The pump is serviced every 90 days.", manual)
    assert status == 1
    assert "CONTRADICTED" in printed
    assert "60 days" in printed


def test_programs_read_the_same_as_json(manual: Path) -> None:
    status, printed, _ = verify(
        "The pump is serviced every 60 days. The pump is serviced every 90 days.", manual, "--json"
    )
    document = json.loads(printed)
    assert status == 1
    assert document["decision"] == "PUBLISH_PARTIAL"
    assert [claim["verdict"] for claim in document["claims"]] == ["SUPPORTED", "CONTRADICTED"]


def test_an_empty_answer_is_an_error_that_names_the_file(manual: Path) -> None:
    status, printed, complaint = verify(" ", manual)
    assert (status, printed) == (2, "")
    assert "answer.txt" in complaint


def test_a_document_that_is_not_there_is_an_error(manual: Path) -> None:
    status, _, complaint = verify("The pump is serviced.", manual.with_name("lost.md"))
    assert status == 2
    assert "lost.md" in complaint


def test_only_the_documents_that_are_given_count(manual: Path, stage: Stage) -> None:
    status, printed, _ = verify("Warfarin is stopped five days before planned surgery.", manual)
    assert (status, stage.workspace.slug != WORKSPACE) == (1, True)
    assert "INSUFFICIENT" in printed


def asked() -> Run:
    request = requests.parse({"answer": MANUAL, "passages": [{"source": "m", "text": MANUAL}]}, kind=Kind.VERIFY)
    return runs.submit(request, actor=set_stage(WORKSPACE).actors["grace"]).run


def test_a_run_that_a_worker_took_up_first_is_waited_for(parts: None) -> None:
    run = asked()
    Run.objects.filter(pk=run.pk).update(due_at=None)
    worker = threading.Timer(0.5, take_up, [run])
    worker.start()
    settle(run.pk)
    worker.join()
    run = Run.objects.get(pk=run.pk)
    assert run.state == "COMPLETED"


def take_up(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(due_at=run.due_at)
    driver.advance(run.pk)
    connection.close()


def test_a_run_that_does_not_end_is_not_waited_for_forever(parts: None) -> None:
    run = asked()
    Run.objects.filter(pk=run.pk).update(due_at=None)
    with pytest.raises(Unavailable, match="INITIALIZED after 0 s"):
        settle(run.pk, patience=0.2)
