"""The graph is the state machine: one node a state, PROCESSING split in two, and a node that only waits for people."""

import json
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from audit.events import EventType
from orchestration.engine import deciding, drafting, effects, gathering, gating
from orchestration.engine.bench import Bench, State
from orchestration.engine.checkpoints import DjangoSaver
from orchestration.models import Run
from orchestration.states import Decision


def gather(state: State, runtime: Runtime[Bench]) -> State:  # noqa: ARG001 - the first node reads the request
    return gathering.gather(runtime.context)


def draft(state: State, runtime: Runtime[Bench]) -> State:
    return drafting.draft(runtime.context, state)


def gate(state: State, runtime: Runtime[Bench]) -> State:
    return gating.judge(runtime.context, state)


def decide(state: State, runtime: Runtime[Bench]) -> State:
    return deciding.decide(runtime.context, state)


def hold(state: State, runtime: Runtime[Bench]) -> State:
    # An interrupted node runs again on resume: nothing may come before interrupt().
    word = interrupt({"approval": state["approval"]["id"]})
    return deciding.resume(runtime.context, state, word)


def execute(state: State, runtime: Runtime[Bench]) -> State:
    return effects.execute(runtime.context, state)


def log(state: State, runtime: Runtime[Bench]) -> State:
    """Freeze the lineage: one digest over everything that led to the answer."""
    journal = runtime.context.journal
    journal.enter(
        EventType.RUN_COMPLETED,
        decision=journal.run.decision,
        lineage=journal.commitment(json.dumps(state, sort_keys=True, ensure_ascii=False)),
        supported=journal.run.supported,
        withheld=journal.run.withheld,
    )
    journal.move("complete", barrier=True, finished_at=journal.now(), due_at=None)
    return {}


def after_gate(state: State) -> str:
    return "decide" if "grounds" in state else "draft"


def after_decide(state: State) -> str:
    match Decision(state["decided"]["decision"]):
        case Decision.ESCALATE:
            return "hold"
        case Decision.REFUSE:
            return "log"
        case _:
            return "execute"


def after_hold(state: State) -> str:
    match state["approval"]["outcome"]:
        case "approved":
            return "execute"
        case "asked_again":
            return "hold"
        case _:
            return "log"


def build(saver: DjangoSaver) -> CompiledStateGraph[State, Bench, State, State]:
    """Return the compiled graph; one a process."""
    graph = StateGraph(State, context_schema=Bench)
    for node in (gather, draft, gate, decide, hold, execute, log):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "gather")
    graph.add_edge("gather", "draft")
    graph.add_edge("draft", "gate")
    graph.add_conditional_edges("gate", after_gate, ["decide", "draft"])
    graph.add_conditional_edges("decide", after_decide, ["hold", "execute", "log"])
    graph.add_conditional_edges("hold", after_hold, ["execute", "hold", "log"])
    graph.add_edge("execute", "log")
    graph.add_edge("log", END)
    return graph.compile(checkpointer=saver)


def config_of(run: Run) -> dict[str, Any]:
    return {"configurable": {"thread_id": str(run.pk), "checkpoint_ns": ""}, "recursion_limit": 25}
