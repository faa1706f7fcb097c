"""Checkpoints put and loaded by hand, and rows changed behind the saver's back."""

from collections.abc import Sequence
from operator import add
from typing import Annotated, Any, TypedDict
from uuid import uuid4

from django.db import connection
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base import Checkpoint as Saved
from langgraph.checkpoint.base import CheckpointTuple, empty_checkpoint
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from orchestration.engine.checkpoints import CheckpointRefused, DjangoSaver
from orchestration.models import Checkpoint, CheckpointBlob, CheckpointWrite

SECRET = "123-45-6789"


def at(thread: str, checkpoint: str | None = None) -> Any:
    known = {"thread_id": thread, "checkpoint_ns": ""} | ({"checkpoint_id": checkpoint} if checkpoint else {})
    return {"configurable": known}


def put(saver: DjangoSaver, config: Any, *, step: int = 0, note: str = "", run_id: str = "", **values: Any) -> Any:
    """Store a checkpoint with these channels, all of them new; return its config."""
    versions = {name: saver.get_next_version(None, None) for name in values}
    saved: Saved = {**empty_checkpoint(), "channel_values": values, "channel_versions": dict(versions)}
    metadata: Any = {"source": "loop", "step": step, "parents": {}, "note": note}
    return saver.put(config, saved, metadata | ({"run_id": run_id} if run_id else {}), versions)  # type: ignore[arg-type]


def stored(saver: DjangoSaver, **values: Any) -> str:
    """Return a thread with two checkpoints and one pending write."""
    thread = str(uuid4())
    first = put(saver, at(thread), answer=SECRET)
    second = put(saver, first, step=1, note=SECRET, run_id=SECRET, answer=SECRET, number=7, **values)
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


def refusal(saver: DjangoSaver, thread: str) -> str:
    try:
        load(saver, thread)
    except CheckpointRefused as refused:
        return str(refused)
    return "accepted"


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


def joined(state: list[str], writes: Sequence[list[str]]) -> list[str]:
    return [*state, *(item for write in writes for item in write)]


def delta_graph(saver: DjangoSaver, *, every: int, steps: int, other: int = 4) -> Any:
    """Return a graph with two channels that are stored as their writes, and whole after every so many."""
    said_channel = DeltaChannel(joined, list, snapshot_frequency=every)
    heard_channel = DeltaChannel(joined, list, snapshot_frequency=other)

    class Talk(TypedDict, total=False):
        said: Annotated[list[str], said_channel]
        heard: Annotated[list[str], heard_channel]
        count: int

    graph: Any = StateGraph(Talk)

    def say(known: Any) -> Any:
        number = known.get("count", 0)
        return {"said": [f"step {number}"], "heard": [f"echo {number}"], "count": number + 1}

    graph.add_node("say", say)
    graph.add_edge(START, "say")
    graph.add_conditional_edges("say", lambda known: END if known["count"] >= steps else "say", [END, "say"])
    return graph.compile(checkpointer=saver)


def said(graph: Any, config: Any) -> list[str]:
    return list(graph.get_state(config).values["said"])


def rows_of(thread: str) -> list[int]:
    """Return how many checkpoints, blobs and writes a thread has."""
    return [model.objects.filter(thread=thread).count() for model in (Checkpoint, CheckpointBlob, CheckpointWrite)]
