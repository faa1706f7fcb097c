"""The saver does what LangGraph asks of one, and gives back nothing that is not exactly what was written."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from langgraph.checkpoint.base import Checkpoint as Saved
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.serde.types import ERROR, INTERRUPT
from langgraph.types import Command

from audit import vault
from audit.ids import new_id
from orchestration.engine import rows
from orchestration.engine.checkpoints import CheckpointRefused, CheckpointTooNew, DjangoSaver, StepTooLarge
from orchestration.engine.envelope import STEP_LIMIT
from orchestration.engine.journal import StaleWrite
from orchestration.engine.pool import pool
from orchestration.models import Checkpoint, CheckpointBlob, CheckpointWrite
from tests.conftest import Person
from tests.orchestration.rows import fresh, journal_of, submitted
from tests.orchestration.saving import SECRET, at, delta_graph, graph_of, load, put, rows_of, stored

pytestmark = pytest.mark.usefixtures("committed")


# What is kept


def test_a_checkpoint_comes_back_as_it_was_put(saver: DjangoSaver) -> None:
    found = load(saver, stored(saver))
    assert found.checkpoint["channel_values"] == {"answer": SECRET, "number": 7}
    assert (found.metadata["step"], found.pending_writes) == (1, [("task-1", "answer", SECRET)])


def test_only_changed_channels_are_written_and_blobs_are_shared(saver: DjangoSaver) -> None:
    thread = str(uuid4())
    first = put(saver, at(thread), big="x" * 1000, small=0)
    before = load(saver, thread).checkpoint
    version = saver.get_next_version(before["channel_versions"]["small"], None)  # type: ignore[arg-type]
    saved: Saved = {
        **empty_checkpoint(),
        "channel_values": {"big": "x" * 1000, "small": 1},
        "channel_versions": {**before["channel_versions"], "small": version},
    }
    saver.put(first, saved, {"source": "loop", "step": 1, "parents": {}}, {"small": version})
    assert CheckpointBlob.objects.filter(thread=thread).count() == 3
    assert load(saver, thread).checkpoint["channel_values"] == {"big": "x" * 1000, "small": 1}


def test_a_channel_without_a_value_is_no_value(saver: DjangoSaver) -> None:
    thread = str(uuid4())
    version = saver.get_next_version(None, None)
    saved: Saved = {**empty_checkpoint(), "channel_versions": {"gone": version}}
    saver.put(at(thread), saved, {"source": "loop", "step": 0, "parents": {}}, {"gone": version})
    assert load(saver, thread).checkpoint["channel_values"] == {}


def test_nothing_and_none_are_told_apart(saver: DjangoSaver) -> None:
    thread = str(uuid4())
    put(saver, at(thread), empty=None)
    assert load(saver, thread).checkpoint["channel_values"] == {"empty": None}


def test_versions_grow_and_two_forks_of_one_never_meet(saver: DjangoSaver) -> None:
    first = saver.get_next_version(None, None)
    nexts = {saver.get_next_version(first, None) for _ in range(20)}
    assert len(nexts) == 20
    assert min(nexts) > first


def test_a_special_write_replaces_its_elder_and_an_ordinary_one_does_not(saver: DjangoSaver) -> None:
    config = put(saver, at(str(uuid4())))
    for value in ("first", "second"):
        saver.put_writes(config, [(ERROR, value)], "task")
        saver.put_writes(config, [("plain", value)], "task")
    found = saver.get_tuple(config)
    assert found is not None
    assert sorted((c, v) for _, c, v in found.pending_writes or []) == [(ERROR, "second"), ("plain", "first")]


def test_no_writes_are_no_statement(saver: DjangoSaver) -> None:
    config = put(saver, at(str(uuid4())))
    saver.put_writes(config, [], "task")
    found = saver.get_tuple(config)
    assert found is not None
    assert found.pending_writes == []


def test_a_checkpoint_put_again_takes_the_place_of_the_first(saver: DjangoSaver) -> None:
    thread = str(uuid4())
    saved = empty_checkpoint()
    for step in (0, 1):
        saver.put(at(thread), saved, {"source": "loop", "step": step, "parents": {}}, {})
    assert load(saver, thread).metadata["step"] == 1


# What is listed


def test_a_list_is_filtered_and_cut_after_the_metadata_is_opened(saver: DjangoSaver) -> None:
    config = at(str(uuid4()))
    for step in range(4):
        config = put(saver, config, step=step, note="odd" if step % 2 else "even")
    thread = config["configurable"]["thread_id"]
    steps = [item.metadata["step"] for item in saver.list(at(thread), filter={"note": "odd"}, limit=1)]
    assert steps == [3]
    assert list(saver.list(at(thread), limit=0)) == []


def test_a_list_of_a_thread_holds_all_its_namespaces(saver: DjangoSaver) -> None:
    thread = str(uuid4())
    for namespace in ("", "child"):
        put(saver, {"configurable": {"thread_id": thread, "checkpoint_ns": namespace}})
    assert len(list(saver.list({"configurable": {"thread_id": thread}}))) == 2


def test_a_list_of_everything_holds_what_this_key_sealed(saver: DjangoSaver) -> None:
    stored(DjangoSaver(key=vault.DataKey.new(new_id())))
    thread = stored(saver)
    assert {item.config["configurable"]["thread_id"] for item in saver.list(None)} == {thread}
    assert list(DjangoSaver().list(None)) == []


def test_an_unknown_thread_has_nothing(saver: DjangoSaver) -> None:
    assert saver.get_tuple(at(str(uuid4()))) is None


def test_a_deleted_thread_leaves_no_row(saver: DjangoSaver) -> None:
    thread, other = stored(saver), stored(saver)
    saver.delete_thread(thread)
    left = [model.objects.filter(thread=thread).count() for model in (Checkpoint, CheckpointBlob, CheckpointWrite)]
    assert left == [0, 0, 0]
    assert load(saver, other)


# In a graph


def test_an_interrupted_graph_goes_on_in_another_process_with_the_word_it_is_given(saver: DjangoSaver) -> None:
    thread = at(str(uuid4()))
    stopped = graph_of(saver).invoke({"done": []}, thread, durability="sync")
    assert stopped["__interrupt__"][0].value == "what do people say?"
    other = graph_of(DjangoSaver(key=saver.key))
    ended = other.invoke(Command(resume="yes"), thread, durability="sync")
    assert ended["done"] == ["work", "end:yes"]


def test_forks_of_one_checkpoint_keep_apart(saver: DjangoSaver) -> None:
    thread, graph = at(str(uuid4())), graph_of(saver)
    graph.invoke({"done": []}, thread, durability="sync")
    before = graph.get_state(thread).config
    forks = [graph.update_state(before, {"word": word}, as_node="hold") for word in ("yes", "no")]
    assert [graph.invoke(None, fork)["done"][-1] for fork in forks] == ["end:yes", "end:no"]
    assert all(item.checkpoint for item in saver.list(thread))


def test_every_step_of_a_graph_is_verified_when_its_history_is_read(saver: DjangoSaver) -> None:
    thread, graph = at(str(uuid4())), graph_of(saver)
    graph.invoke({"done": []}, thread, durability="sync")
    steps = [state.metadata["step"] for state in graph.get_state_history(thread)]
    assert steps == [1, 0, -1]


# Through a journal


def test_a_driven_run_writes_its_checkpoints_with_its_facts(grace: Person) -> None:
    run = submitted(grace.actor)
    saver, journal = DjangoSaver(), journal_of(run)
    saver.attach(journal)
    journal.move("process")
    graph_of(saver).invoke({"done": []}, at(str(run.pk)), durability="sync")
    assert fresh(run).state == "PROCESSING"
    assert fresh(run).version == Checkpoint.objects.filter(thread=str(run.pk)).count() - 1 + interrupts(str(run.pk))


def interrupts(thread: str) -> int:
    return CheckpointWrite.objects.filter(thread=thread, channel=INTERRUPT).count()


def test_a_driven_run_keeps_interrupts_and_no_other_write(grace: Person) -> None:
    run = submitted(grace.actor)
    saver = DjangoSaver()
    saver.attach(journal_of(run))
    graph_of(saver).invoke({"done": []}, at(str(run.pk)), durability="sync")
    assert list(CheckpointWrite.objects.filter(thread=str(run.pk)).values_list("channel", flat=True)) == [INTERRUPT]


def test_a_driven_run_is_resumed_from_what_it_wrote(grace: Person) -> None:
    run = submitted(grace.actor)
    entries: list[Any] = [{"done": []}, Command(resume="yes")]
    for entry in entries:
        saver, journal = DjangoSaver(), journal_of(run)
        saver.attach(journal)
        ended = graph_of(saver).invoke(entry, at(str(run.pk)), durability="sync")
        saver.detach(journal)
    assert ended["done"] == ["work", "end:yes"]
    with pytest.raises(CheckpointRefused, match="no data key"):
        load(saver, str(run.pk))


def test_a_driven_run_reads_nothing_before_it_writes_a_step(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    run = submitted(grace.actor)
    saver = DjangoSaver()
    saver.attach(journal_of(run))
    config = put(saver, at(str(run.pk)), answer=SECRET)
    seen: list[str] = []
    execute = psycopg.Cursor.execute

    def watched(cursor: Any, query: Any, *rest: Any, **options: Any) -> Any:
        seen.append(query.decode() if isinstance(query, bytes) else str(query))
        return execute(cursor, query, *rest, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", watched)
    put(saver, config, step=1, number=7)
    assert [query[:10] for query in seen if query] == ["WITH guard"]


def test_a_channel_that_was_emptied_costs_no_row_and_stays_empty(grace: Person) -> None:
    run = submitted(grace.actor)
    saver = DjangoSaver()
    saver.attach(journal_of(run))
    config = put(saver, at(str(run.pk)), answer=SECRET, trigger=None)
    emptied = {"answer": "1", "trigger": saver.get_next_version(None, None)}
    saved: Saved = {**empty_checkpoint(), "channel_values": {"answer": SECRET}, "channel_versions": dict(emptied)}
    saver.put(config, saved, {"source": "loop", "step": 1, "parents": {}}, {"trigger": emptied["trigger"]})
    assert rows_of(str(run.pk))[:2] == [2, 2]
    assert "trigger" not in load(saver, str(run.pk)).checkpoint["channel_values"]


def test_a_thread_that_was_found_empty_is_not_empty_for_long(grace: Person) -> None:
    run = submitted(grace.actor)
    saver = DjangoSaver()
    saver.attach(journal_of(run))
    assert saver.get_tuple(at(str(run.pk))) is None
    put(saver, at(str(run.pk)), answer=SECRET)
    assert load(saver, str(run.pk)).checkpoint["channel_values"] == {"answer": SECRET}


def test_a_driven_run_shares_blobs_with_checkpoints_of_an_earlier_slice(grace: Person) -> None:
    run = submitted(grace.actor)
    first = DjangoSaver()
    first.attach(journal_of(run))
    config = put(first, at(str(run.pk)), answer=SECRET)
    second = DjangoSaver()
    second.attach(journal_of(run))
    before = load(second, str(run.pk)).checkpoint
    saved: Saved = {**empty_checkpoint(), "channel_versions": before["channel_versions"]}
    second.put(config, saved, {"source": "loop", "step": 1, "parents": {}}, {})
    assert load(second, str(run.pk)).checkpoint["channel_values"] == {"answer": SECRET}


def test_a_driven_run_may_go_on_from_a_checkpoint_it_has_never_read(grace: Person) -> None:
    run = submitted(grace.actor)
    first, second = DjangoSaver(), DjangoSaver()
    first.attach(journal_of(run))
    config = put(first, at(str(run.pk)), answer=SECRET)
    second.attach(journal_of(run))
    put(second, config, step=1, number=7)
    assert [item.metadata["step"] for item in second.list(at(str(run.pk)))] == [1, 0]


def test_after_a_refused_flush_nothing_more_is_written(grace: Person) -> None:
    run = submitted(grace.actor)
    saver, journal = DjangoSaver(), journal_of(run)
    saver.attach(journal)
    journal.run.token += 1
    for _ in range(2):
        with pytest.raises(StaleWrite):
            put(saver, at(str(run.pk)), answer=SECRET)
    assert not Checkpoint.objects.filter(thread=str(run.pk)).exists()


def test_a_driven_run_has_no_channel_that_lives_by_its_writes(grace: Person) -> None:
    run = submitted(grace.actor)
    saver = DjangoSaver()
    saver.attach(journal_of(run))
    with pytest.raises(CheckpointRefused, match=r"delta channels .* live by their writes"):
        delta_graph(saver, every=5, steps=2).invoke({"count": 0}, at(str(run.pk)), durability="sync")


# What is too large, and what is too new


def test_a_step_is_refused_above_the_limit_whatever_its_channels_share_of_it(saver: DjangoSaver) -> None:
    half = b"x" * (STEP_LIMIT // 2)
    thread = str(uuid4())
    with pytest.raises(StepTooLarge, match=f"a step may write {STEP_LIMIT}"):
        put(saver, at(thread), one=half, two=half)
    assert not CheckpointBlob.objects.filter(thread=thread).exists()


def test_writes_are_refused_above_the_limit(saver: DjangoSaver) -> None:
    config = put(saver, at(str(uuid4())))
    half = b"x" * (STEP_LIMIT // 2)
    with pytest.raises(StepTooLarge, match="the writes of task task-1"):
        saver.put_writes(config, [("one", half), ("two", half)], "task-1")
    assert not CheckpointWrite.objects.filter(thread=config["configurable"]["thread_id"]).exists()


def newer(saver: DjangoSaver, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a thread that a version with another format wrote."""
    with monkeypatch.context() as later:
        later.setattr(rows, "FORMAT", rows.FORMAT + 1)
        return stored(saver)


def test_a_checkpoint_of_a_newer_version_is_refused_and_says_so(
    saver: DjangoSaver, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = newer(saver, monkeypatch)
    with pytest.raises(CheckpointTooNew, match=r"by a newer version, in format 2; this one reads up to 1"):
        load(saver, thread)


def test_a_checkpoint_of_a_newer_langgraph_is_refused(saver: DjangoSaver) -> None:
    thread = str(uuid4())
    saver.put(at(thread), {**empty_checkpoint(), "v": 5}, {"source": "loop", "step": 0, "parents": {}}, {})
    with pytest.raises(CheckpointTooNew, match="LangGraph's format 5"):
        load(saver, thread)


def test_what_this_langgraph_writes_can_be_read(saver: DjangoSaver) -> None:
    thread = at(str(uuid4()))
    graph_of(saver).invoke({"done": []}, thread, durability="sync")
    assert {item.checkpoint["v"] for item in saver.list(thread)} == {rows.LANGGRAPH_V}


def test_a_version_of_a_channel_never_changes(saver: DjangoSaver) -> None:
    thread = str(uuid4())
    for value in ("first", "second"):
        saved: Saved = {**empty_checkpoint(), "channel_values": {"a": value}, "channel_versions": {"a": "1"}}
        saver.put(at(thread), saved, {"source": "loop", "step": 0, "parents": {}}, {"a": "1"})
    assert [item.checkpoint["channel_values"] for item in saver.list(at(thread))] == [{"a": "first"}] * 2


def test_a_connection_is_given_back_by_whoever_stops_reading_a_list(saver: DjangoSaver) -> None:
    thread = stored(saver)
    for _ in range(20):
        assert next(saver.list(at(thread)))
    with pool().connection() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
