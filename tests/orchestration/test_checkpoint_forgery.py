"""What somebody wrote into the tables is never given back: forged, edited, swapped, moved, cut or under another key."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from audit import vault
from audit.ids import new_id
from orchestration.engine.checkpoints import CheckpointRefused, DjangoSaver
from orchestration.models import Checkpoint, CheckpointBlob, CheckpointWrite
from tests.orchestration.saving import SECRET, load, refusal, sql, stored

pytestmark = pytest.mark.usefixtures("committed")


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
    ("orchestration_checkpoint", "run"),
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
