"""The engines that W7 is measured beside, each as its documentation sets it up for speed.

All of them write their own checkpoints and nothing else: no gate's verdicts, no votes, no ledger, nothing sealed.
"""

import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from uuid import uuid4

from dbos import DBOS
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from benchmarks import w7
from benchmarks.measuring import Load, Sample, loop, loop_async

# As PostgresSaver.from_conn_string sets its connection.
CONNECTION: dict[str, Any] = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}


def graph_of(steps: Mapping[str, w7.Step], saver: Any = None, *, coroutines: bool = False) -> Any:  # noqa: ANN401
    """Return W7 as a compiled graph: seven nodes in a line."""
    graph: Any = StateGraph(w7.Channels)
    before = START
    for name, step in steps.items():
        graph.add_node(name, as_coroutine(step) if coroutines else step)
        graph.add_edge(before, name)
        before = name
    graph.add_edge(before, END)
    return graph.compile(checkpointer=saver)


def as_coroutine(step: w7.Step) -> Any:  # noqa: ANN401
    async def run(state: w7.State) -> dict[str, Any]:
        return step(state)

    return run


def checked(state: Mapping[str, Any]) -> None:
    if not state["answer"]:
        raise ValueError("the answer is empty; the run did not do its work")


def fresh() -> dict[str, Any]:
    return {"configurable": {"thread_id": str(uuid4())}}


def sizes(load: Load) -> dict[str, Any]:
    known = {"min_size": load.threads, "max_size": load.threads + 1, "kwargs": CONNECTION}
    return {"conninfo": load.dsn, **known}


def postgres_saver(load: Load, **options: Any) -> Sample:  # noqa: ANN401
    """Measure LangGraph with PostgresSaver: one saver and one graph a thread, since a shared saver holds one lock."""
    with ConnectionPool(**sizes(load), open=True) as pool:
        PostgresSaver(cast("Any", pool)).setup()
        own = threading.local()

        def once() -> None:
            if not hasattr(own, "graph"):
                own.graph = graph_of(w7.PLAIN, PostgresSaver(cast("Any", pool)))
            checked(own.graph.invoke({}, fresh(), **options))

        return loop(once, load)


def langgraph_default(load: Load) -> Sample:
    return postgres_saver(load)


def langgraph_exit(load: Load) -> Sample:
    return postgres_saver(load, durability="exit")


def langgraph_async(load: Load) -> Sample:
    """Measure AsyncPostgresSaver: tasks of one event loop, each run with a saver and a graph to itself."""

    async def prepare() -> Callable[[], Awaitable[None]]:
        pool: Any = AsyncConnectionPool(**sizes(load), open=False)
        await pool.open()
        await AsyncPostgresSaver(pool).setup()
        graphs = [graph_of(w7.PLAIN, AsyncPostgresSaver(pool), coroutines=True) for _ in range(load.threads)]

        async def once() -> None:
            graph = graphs.pop()
            checked(await graph.ainvoke({}, fresh()))
            graphs.append(graph)

        return once

    return loop_async(prepare, load)


def langgraph_alone(load: Load) -> Sample:
    graph = graph_of(w7.GATED)
    return loop(lambda: checked(graph.invoke({})), load)


def dbos(load: Load) -> Sample:
    """Measure one workflow of seven steps, called directly by the client's threads."""
    options: Any = {
        "name": "w7-bench",
        "system_database_url": load.dsn,
        "sys_db_pool_size": max(20, 2 * load.threads),
        "log_level": "ERROR",
        "run_admin_server": False,
    }
    DBOS(config=options)
    steps: list[Callable[..., Any]] = [DBOS.step(name=name)(step) for name, step in w7.GATED.items()]

    def run() -> dict[str, Any]:
        state: dict[str, Any] = {}
        for step in steps:
            state |= step(state)
        return state

    workflow: Callable[[], dict[str, Any]] = DBOS.workflow()(run)
    DBOS.launch()
    try:
        return loop(lambda: checked(workflow()), load)
    finally:
        DBOS.destroy()


PEERS = {
    "langgraph_default": langgraph_default,
    "langgraph_exit": langgraph_exit,
    "langgraph_async": langgraph_async,
    "langgraph_alone": langgraph_alone,
    "dbos": dbos,
}
