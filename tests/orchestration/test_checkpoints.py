"""The saver does what LangGraph asks of one, and gives back nothing that is not exactly what was written."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from operator import add
from typing import Annotated, Any, TypedDict
from uuid import uuid4

import pytest
from django.db import connection
from langgraph.checkpoint.base import Checkpoint as Saved
from langgraph.checkpoint.base import CheckpointTuple, empty_checkpoint
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.serde.types import ERROR, INTERRUPT
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from audit import vault
from audit.ids import new_id
from orchestration.engine.checkpoints import CheckpointRefused, DjangoSaver
from orchestration.models import Checkpoint, CheckpointBlob, CheckpointWrite
from tests.conftest import Person
from tests.orchestration.rows import fresh, journal_of, submitted

pytestmark = pytest.mark.usefixtures("committed")

SECRET = "123-45-6789"


@pytest.fixture
def saver() -> DjangoSaver:
    return DjangoSaver(key=vault.DataKey.new(new_id()))


def at(thread: str, checkpoint: str | None = None) -> Any:
    known = {"thread_id": thread, "checkpoint_ns": ""} | ({"checkpoint_id": checkpoint} if checkpoint else {})
    return {"configurable": known}


def put(saver: DjangoSaver, config: Any, *, step: int = 0, note: str = "", **values: Any) -> Any:
    """Store a checkpoint with these channels, all of them new; return its config."""
    versions = {name: saver.get_next_version(None, None) for name in values}
    saved: Saved = {**empty_checkpoint(), "channel_values": values, "channel_versions": dict(versions)}
    return saver.put(config, saved, {"source": "loop", "step": step, "parents": {}, "note": note}, versions)  # type: ignore[typeddict-unknown-key, arg-type]


def stored(saver: DjangoSaver, **values: Any) -> str:
    """Return a thread with two checkpoints and one pending write."""
    thread = str(uuid4())
    first = put(saver, at(thread), answer=SECRET)
    second = put(saver, first, step=1, note=SECRET, answer=SECRET, number=7, **values)
    saver.put_writes(second, [("answer", SECRET)], "task-1", "path-1")
    return thread


def load(saver: DjangoSaver, thread: str) -> CheckpointTuple:
    found = saver.get_tuple(at(thread))
    assert found is not None
    return found


def sql(statement: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        assert cursor.rowcount == 1


def test_the_published_conformance_suite_passes_at_its_base_level() -> None:
    @checkpointer_test(name="DjangoSaver")
    async def registered() -> AsyncIterator[DjangoSaver]:
        yield DjangoSaver(key=vault.DataKey.new(new_id()))

    report = asyncio.run(validate(registered))
    assert {name: known.failures for name, known in report.results.items() if known.failures} == {}
    assert report.passed_all_base()
    assert sum(known.tests_passed for known in report.results.values()) >= 50


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


# What is not read by others, and not forged


def test_no_value_is_in_clear(saver: DjangoSaver) -> None:
    thread = stored(saver)
    rows = [*Checkpoint.objects.filter(thread=thread), *CheckpointBlob.objects.filter(thread=thread)]
    rows += [*CheckpointWrite.objects.filter(thread=thread)]
    held = [bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for value in columns(rows)]
    assert len(held) > 40
    assert not [value for value in held if SECRET.encode() in value]


def columns(rows: list[Any]) -> Iterator[object]:
    return (getattr(row, column.attname) for row in rows for column in row._meta.concrete_fields)


def test_a_forged_row_in_clear_is_refused(saver: DjangoSaver) -> None:
    thread = stored(saver)
    plain = saver.serde.dumps_typed({"checkpoint": {}, "blobs": []})[1]
    sql("UPDATE orchestration_checkpoint SET body = %s WHERE thread = %s AND step = 1", plain, thread)
    with pytest.raises(CheckpointRefused, match="is not a sealed value"):
        load(saver, thread)


def test_a_forged_blob_in_clear_is_refused(saver: DjangoSaver) -> None:
    thread = stored(saver)
    newest = CheckpointBlob.objects.filter(thread=thread, channel="number").get()
    sql("UPDATE orchestration_checkpointblob SET body = %s WHERE id = %s", saver.serde.dumps_typed([9])[1], newest.pk)
    with pytest.raises(CheckpointRefused, match=thread):
        load(saver, thread)


def test_a_write_in_clear_is_refused(saver: DjangoSaver) -> None:
    thread = stored(saver)
    forged = saver.serde.dumps_typed("approved")[1]
    sql("UPDATE orchestration_checkpointwrite SET body = %s WHERE thread = %s", forged, thread)
    with pytest.raises(CheckpointRefused, match="orchestration_checkpointwrite"):
        load(saver, thread)


SEALED = [
    ("orchestration_checkpoint", "body"),
    ("orchestration_checkpoint", "metadata"),
    ("orchestration_checkpoint", "digest"),
    ("orchestration_checkpointblob", "body"),
    ("orchestration_checkpointwrite", "body"),
]
WHICH = {
    "orchestration_checkpoint": "thread = %s AND step = 1",
    "orchestration_checkpointblob": "thread = %s AND channel = 'number'",
    "orchestration_checkpointwrite": "thread = %s",
}


def refusal(saver: DjangoSaver, thread: str) -> str:
    try:
        load(saver, thread)
    except CheckpointRefused as refused:
        return str(refused)
    return "accepted"


@pytest.mark.parametrize(("table", "column"), SEALED)
def test_any_flipped_byte_is_refused_and_the_row_is_named(saver: DjangoSaver, table: str, column: str) -> None:
    thread = stored(saver)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT length({column}) FROM {table} WHERE {WHICH[table]}", [thread])  # noqa: S608
        size = cursor.fetchone()[0]
    flip = f"UPDATE {table} SET {column} = set_byte({column}, %s, get_byte({column}, %s) # 1) WHERE {WHICH[table]}"  # noqa: S608
    said = []
    for place in range(size):
        sql(flip, place, place, thread)
        said.append(refusal(saver, thread))
        sql(flip, place, place, thread)
    assert [place for place, text in enumerate(said) if thread not in text] == []
    assert refusal(saver, thread) == "accepted"


TEXTS = [
    ("orchestration_checkpoint", "checkpoint_id"),
    ("orchestration_checkpoint", "parent_id"),
    ("orchestration_checkpoint", "source"),
    ("orchestration_checkpointblob", "thread"),
    ("orchestration_checkpointblob", "namespace"),
    ("orchestration_checkpointblob", "channel"),
    ("orchestration_checkpointblob", "version"),
    ("orchestration_checkpointwrite", "task_id"),
    ("orchestration_checkpointwrite", "task_path"),
    ("orchestration_checkpointwrite", "channel"),
]


@pytest.mark.parametrize(("table", "column"), TEXTS)
def test_an_edited_column_is_refused_and_the_row_is_named(saver: DjangoSaver, table: str, column: str) -> None:
    thread = stored(saver)
    sql(f"UPDATE {table} SET {column} = overlay({column} placing 'z' from 1) WHERE {WHICH[table]}", thread)  # noqa: S608
    assert thread in refusal(saver, thread)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("orchestration_checkpoint", "step = step + 1"),
        ("orchestration_checkpoint", "created_at = created_at + interval '1 microsecond'"),
        ("orchestration_checkpoint", "parent_id = NULL"),
        ("orchestration_checkpointwrite", "idx = idx + 1"),
    ],
)
def test_an_edited_number_is_refused_and_the_row_is_named(saver: DjangoSaver, table: str, change: str) -> None:
    thread = stored(saver)
    sql(f"UPDATE {table} SET {change} WHERE {WHICH[table]}", thread)  # noqa: S608
    assert thread in refusal(saver, thread)


@pytest.mark.parametrize("column", ["thread", "namespace"])
def test_a_checkpoint_moved_elsewhere_is_refused_there(saver: DjangoSaver, column: str) -> None:
    thread, there = stored(saver), str(uuid4())
    sql(f"UPDATE orchestration_checkpoint SET {column} = %s WHERE thread = %s AND step = 1", there, thread)  # noqa: S608
    known = {"thread_id": thread, "checkpoint_ns": ""} | {{"thread": "thread_id"}.get(column, "checkpoint_ns"): there}
    with pytest.raises(CheckpointRefused, match="belongs to another row"):
        saver.get_tuple({"configurable": known})


@pytest.mark.parametrize("table", ["orchestration_checkpoint", "orchestration_checkpointblob"])
def test_bodies_swapped_between_rows_are_refused(saver: DjangoSaver, table: str) -> None:
    thread, other = stored(saver), stored(saver)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} a SET body = b.body FROM {table} b WHERE a.thread = %s AND b.thread = %s"  # noqa: S608
            " AND a.id <> b.id",
            [thread, other],
        )
    assert "belongs to another row" in refusal(saver, thread) or "digest" in refusal(saver, thread)
    assert refusal(saver, other) == "accepted"


def test_a_write_moved_to_another_checkpoint_is_refused(saver: DjangoSaver) -> None:
    thread, other = stored(saver), stored(saver)
    there = load(saver, other).config["configurable"]["checkpoint_id"]
    sql("UPDATE orchestration_checkpointwrite SET task_id = 'x' WHERE thread = %s", other)
    sql("DELETE FROM orchestration_checkpointwrite WHERE thread = %s", other)
    move = "UPDATE orchestration_checkpointwrite SET thread = %s, checkpoint_id = %s WHERE thread = %s"
    sql(move, other, there, thread)
    assert other in refusal(saver, other)


def test_a_whole_checkpoint_of_an_earlier_time_cannot_take_the_place_of_a_later_one(saver: DjangoSaver) -> None:
    thread = stored(saver)
    older = Checkpoint.objects.get(thread=thread, step=0)
    change = "UPDATE orchestration_checkpoint SET body = %s, metadata = %s, digest = %s WHERE thread = %s AND step = 1"
    sql(change, older.body, older.metadata, older.digest, thread)
    assert "belongs to another row" in refusal(saver, thread)


def test_a_parent_that_was_written_anew_is_noticed(saver: DjangoSaver) -> None:
    thread = stored(saver)
    sql("UPDATE orchestration_checkpoint SET digest = sha256(digest) WHERE thread = %s AND step = 0", thread)
    assert "is not the one it was written after" in refusal(saver, thread)


def test_a_parent_that_was_removed_is_noticed(saver: DjangoSaver) -> None:
    thread = stored(saver)
    sql("DELETE FROM orchestration_checkpoint WHERE thread = %s AND step = 0", thread)
    assert "is not the one it was written after" in refusal(saver, thread)


def test_a_removed_blob_is_noticed(saver: DjangoSaver) -> None:
    thread = stored(saver)
    sql("DELETE FROM orchestration_checkpointblob WHERE thread = %s AND channel = 'number'", thread)
    assert "['number'] are missing" in refusal(saver, thread)


def test_another_key_opens_nothing(saver: DjangoSaver) -> None:
    thread = stored(saver)
    with pytest.raises(CheckpointRefused, match="was sealed with key"):
        load(DjangoSaver(key=vault.DataKey.new(new_id())), thread)


def test_another_key_under_the_same_id_opens_nothing(saver: DjangoSaver) -> None:
    thread = stored(saver)
    assert saver.key is not None
    with pytest.raises(CheckpointRefused, match="was changed"):
        load(DjangoSaver(key=vault.DataKey.new(saver.key.id)), thread)


def test_without_its_key_a_thread_cannot_be_read(saver: DjangoSaver) -> None:
    thread = stored(saver)
    with pytest.raises(CheckpointRefused, match="no data key"):
        load(DjangoSaver(), thread)


# In a graph


class Steps(TypedDict, total=False):
    done: Annotated[list[str], add]
    word: str


def graph_of(saver: DjangoSaver) -> Any:
    def work(state: Steps) -> Steps:
        return {"done": ["work"]}

    def hold(state: Steps) -> Steps:
        return {"word": interrupt("what do people say?")}

    def end(state: Steps) -> Steps:
        return {"done": [f"end:{state['word']}"]}

    graph = StateGraph(Steps)
    for node in (work, hold, end):
        graph.add_node(node.__name__, node)
    for source, target in ((START, "work"), ("work", "hold"), ("hold", "end"), ("end", END)):
        graph.add_edge(source, target)
    return graph.compile(checkpointer=saver)


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
