"""Checkpoints read without LangGraph: unknown values stay closed, and what does not fit is named."""

import ormsgpack
import pytest

from audit.ids import new_id
from orchestration.engine.checkpoints import DjangoSaver
from orchestration.models import Checkpoint, Run
from orchestration.snapshots import FORMAT, SnapshotRefused, Thread, unpack
from tests.conftest import Person
from tests.orchestration.rows import fresh, submitted
from tests.orchestration.saving import at, put

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def run(grace: Person) -> Run:
    return fresh(submitted(grace.actor))


def saver_of(run: Run) -> DjangoSaver:
    return DjangoSaver(key=Thread(run).key)


def test_a_value_that_only_the_engine_can_make_is_shown_by_its_hash(run: Run) -> None:
    put(saver_of(run), at(str(run.pk)), question={new_id()})
    [snapshot] = Thread(run).snapshots()
    assert snapshot.verified
    assert Thread(run).channels(snapshot.id)["question"]["type"].startswith("ext:")


def test_other_forms_are_not_opened() -> None:
    assert unpack(b"null\0") is None
    assert unpack(b"bytes\0secret") == {
        "type": "bytes",
        "sha256": "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
    }
    with pytest.raises(ormsgpack.MsgpackDecodeError):
        unpack(b"msgpack\0\xc1")


def test_a_newer_format_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put(saver_of(run), at(str(run.pk)), question="Why?")
    monkeypatch.setattr("orchestration.snapshots.FORMAT", FORMAT - 1)
    [snapshot] = Thread(run).snapshots()
    assert "written by a newer version" in snapshot.fault


@pytest.mark.parametrize("column", ["step", "source", "parent_id"])
def test_a_column_in_clear_that_says_otherwise_is_refused(run: Run, column: str) -> None:
    put(saver_of(run), at(str(run.pk)), question="Why?")
    Checkpoint.objects.filter(thread=str(run.pk)).update(**{column: "7"})
    [snapshot] = Thread(run).snapshots()
    assert "its columns do not say what was sealed" in snapshot.fault


def test_a_missing_parent_is_refused_and_named(run: Run) -> None:
    saver = saver_of(run)
    put(saver, put(saver, at(str(run.pk)), question="Why?"), step=1, question="How?")
    Checkpoint.objects.filter(thread=str(run.pk), step=0).delete()
    [snapshot] = Thread(run).snapshots()
    assert "its parent" in snapshot.fault


def test_what_pruning_leaves_is_verified_and_what_it_took_is_not_there(run: Run) -> None:
    saver = saver_of(run)
    first = put(saver, at(str(run.pk)), question="Why?")
    put(saver, first, step=1, question="How?")
    saver.prune([str(run.pk)])
    [snapshot] = Thread(run).snapshots()
    assert (snapshot.verified, snapshot.fault) == (True, "")
    with pytest.raises(Exception, match="it was pruned"):
        Thread(run).row(first["configurable"]["checkpoint_id"])


def test_a_run_without_its_key_shows_nothing(run: Run) -> None:
    put(saver_of(run), at(str(run.pk)), question="Why?")
    Run.objects.filter(pk=run.pk).update(key=None)
    [snapshot] = Thread(fresh(run)).snapshots()
    assert "cannot be read any more" in snapshot.fault
    with pytest.raises(SnapshotRefused):
        Thread(fresh(run)).channels(snapshot.id)
