"""A copied thread has everything the first one has, is sealed for its own place, and verifies."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from langgraph.types import Command

from audit import vault
from audit.ids import new_id
from orchestration.engine import copying
from orchestration.engine.checkpoints import CheckpointRefused, DjangoSaver
from orchestration.engine.copying import TargetTaken, elders_first
from orchestration.models import Checkpoint, CheckpointBlob
from tests.orchestration.saving import SECRET, at, delta_graph, graph_of, load, put, refusal, rows_of, said, sql, stored

pytestmark = pytest.mark.usefixtures("committed")


def copied(saver: DjangoSaver, source: str) -> str:
    target = str(uuid4())
    saver.copy_thread(source, target)
    return target


def contents(saver: DjangoSaver, thread: str) -> list[Any]:
    return [(item.checkpoint, item.metadata, item.pending_writes) for item in saver.list(at(thread))]


def test_a_copy_has_the_same_checkpoints_values_and_writes(saver: DjangoSaver) -> None:
    source = stored(saver)
    target = copied(saver, source)
    assert contents(saver, target) == contents(saver, source)
    assert rows_of(target) == rows_of(source)


def test_nothing_sealed_is_the_same_in_both(saver: DjangoSaver) -> None:
    source = stored(saver)
    target = copied(saver, source)
    for model, columns in ((Checkpoint, ("body", "metadata", "digest")), (CheckpointBlob, ("body",))):
        for column in columns:
            both = [set(model.objects.filter(thread=t).values_list(column, flat=True)) for t in (source, target)]
            assert not {bytes(value) for value in both[0]} & {bytes(value) for value in both[1]}


def test_a_row_of_the_source_does_not_fit_into_the_copy(saver: DjangoSaver) -> None:
    source = stored(saver)
    target = copied(saver, source)
    take = (
        "UPDATE orchestration_checkpoint t SET body = s.body, metadata = s.metadata, digest = s.digest "
        "FROM orchestration_checkpoint s WHERE t.thread = %s AND s.thread = %s AND t.step = 1 AND s.step = 1"
    )
    sql(take, target, source)
    assert "belongs to another row" in refusal(saver, target)


def test_a_copied_graph_goes_on_by_itself(saver: DjangoSaver) -> None:
    source = str(uuid4())
    graph_of(saver).invoke({"done": []}, at(source), durability="sync")
    target = copied(saver, source)
    for thread, word in ((target, "no"), (source, "yes")):
        ended = graph_of(saver).invoke(Command(resume=word), at(thread), durability="sync")
        assert ended["done"] == ["work", f"end:{word}"]


def test_a_copied_delta_channel_keeps_its_value(saver: DjangoSaver) -> None:
    source, graph = str(uuid4()), delta_graph(saver, every=3, steps=8)
    graph.invoke({"count": 0}, at(source), durability="sync")
    assert said(graph, at(copied(saver, source))) == [f"step {number}" for number in range(8)]


def test_a_copy_may_be_for_another_key(saver: DjangoSaver) -> None:
    source, other = stored(saver), DjangoSaver(key=vault.DataKey.new(new_id()))
    target = str(uuid4())
    copying.copy_thread(source, target, saver.envelope(source), other.envelope(target))
    assert load(other, target).checkpoint["channel_values"] == {"answer": SECRET, "number": 7}
    with pytest.raises(CheckpointRefused, match="was sealed with key"):
        load(saver, target)


def test_a_forged_thread_is_not_made_good_by_copying_it(saver: DjangoSaver) -> None:
    source, target = stored(saver), str(uuid4())
    sql("UPDATE orchestration_checkpoint SET digest = sha256(digest) WHERE thread = %s AND step = 0", source)
    with pytest.raises(CheckpointRefused, match=source):
        saver.copy_thread(source, target)
    assert rows_of(target) == [0, 0, 0]


def test_a_forged_write_is_not_made_good_by_copying_it(saver: DjangoSaver) -> None:
    source, target = stored(saver), str(uuid4())
    sql("UPDATE orchestration_checkpointwrite SET channel = 'other' WHERE thread = %s", source)
    with pytest.raises(CheckpointRefused, match="orchestration_checkpointwrite"):
        saver.copy_thread(source, target)
    assert rows_of(target) == [0, 0, 0]


def test_a_thread_with_checkpoints_is_not_copied_over(saver: DjangoSaver) -> None:
    source, taken = stored(saver), stored(saver)
    with pytest.raises(TargetTaken, match=f"thread {taken} has checkpoints"):
        saver.copy_thread(source, taken)
    with pytest.raises(TargetTaken):
        saver.copy_thread(source, source)


def test_of_two_copies_to_one_thread_one_is_made(saver: DjangoSaver, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = stored(saver), str(uuid4())
    spaces = copying.spaces

    def late(connection: Any, thread: str) -> Any:
        found = spaces(connection, thread)
        if thread == target and not found:
            monkeypatch.setattr(copying, "spaces", spaces)
            saver.copy_thread(source, target)
        return found

    monkeypatch.setattr(copying, "spaces", late)
    with pytest.raises(psycopg.errors.UniqueViolation):
        saver.copy_thread(source, target)
    assert contents(saver, target) == contents(saver, source)


def test_a_thread_that_is_not_there_has_an_empty_copy(saver: DjangoSaver) -> None:
    assert rows_of(copied(saver, str(uuid4()))) == [0, 0, 0]


def test_a_copy_of_a_thread_without_its_key_is_refused(saver: DjangoSaver) -> None:
    with pytest.raises(CheckpointRefused, match="no data key"):
        DjangoSaver().copy_thread(stored(saver), str(uuid4()))


def test_parents_come_before_their_children() -> None:
    assert elders_first({"c": "b", "a": None, "b": "a", "d": "gone"})[-1] == "c"


def test_channels_of_many_namespaces_are_copied(saver: DjangoSaver) -> None:
    source = str(uuid4())
    for namespace in ("", "child:1"):
        put(saver, {"configurable": {"thread_id": source, "checkpoint_ns": namespace}}, answer=namespace)
    target = copied(saver, source)
    held = [item.checkpoint["channel_values"]["answer"] for item in saver.list({"configurable": {"thread_id": target}})]
    assert sorted(held) == ["", "child:1"]
