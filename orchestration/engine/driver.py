"""Drive a run for a bounded slice: claim it, run the graph, and turn every failure into a record."""

import json
import logging
import os
import time
from collections.abc import Callable
from contextlib import closing
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

import psycopg
import structlog
from django.conf import settings
from django.db import DatabaseError
from langgraph.errors import GraphRecursionError
from langgraph.types import Command

from audit import keys, ledger
from audit.actors import Actor, ActorKind
from audit.events import EventType
from audit.fields import open_text
from audit.models import Workspace
from audit.vault import SealError
from orchestration import metrics, priority, requests, runs
from orchestration.engine import draining, policies
from orchestration.engine.bench import GRAPH_VERSION, Bench, parts
from orchestration.engine.checkpoints import CheckpointRefused, CheckpointTooNew, DjangoSaver, StepTooLarge
from orchestration.engine.drafting import StepFailed
from orchestration.engine.graph import build, config_of
from orchestration.engine.journal import StaleWrite, journal_for
from orchestration.engine.lease import Heartbeat, Lease, claim, hand_over, in_line, release, renew
from orchestration.engine.watch import BrokenOff, Overdue, watch_over
from orchestration.models import Run
from orchestration.selection import one
from orchestration.states import TERMINAL, ApprovalState, Kind, RunState

logger = logging.getLogger(__name__)

GOES_ON = 0.3  # seconds
AHEAD = 4


class Ended(StrEnum):
    """How a slice ended."""

    NOT_CLAIMED = "not_claimed"
    DONE = "done"
    WAITING = "waiting"
    SLICED = "sliced"
    STALE = "stale"
    FAILED = "failed"
    ERROR = "error"


@cache
def _engine(pid: int) -> tuple[DjangoSaver, Any]:  # noqa: ARG001 - the key of the cache
    saver = DjangoSaver()
    return saver, build(saver)


def engine() -> tuple[DjangoSaver, Any]:
    """Return this process's saver and compiled graph, made at the first call after the fork."""
    return _engine(os.getpid())


def work(run_id: UUID, *, clock: Callable[[], float] = time.monotonic) -> None:
    """Drive a run, and then for a moment those that are next in line.

    A message for each of many runs costs as much as driving them. The moment is short, because meanwhile this process
    takes no other message: that of a client who waits, or of the sealer.
    """
    ends = clock() + GOES_ON
    advance(run_id)
    while clock() < ends and draining.seconds() is None and drove_next():
        pass


def drove_next() -> bool:
    """Drive the first in line whom nobody else takes at this moment; False where there is none."""
    return any(advance(following.run) is not Ended.NOT_CLAIMED for following in in_line(limit=AHEAD))


def advance(run_id: UUID, *, clock: Callable[[], float] = time.monotonic) -> Ended:
    """Drive the run if it is due, nobody else does, and its workspace has room for it."""
    if draining.seconds() is not None:
        runs.wake(run_id)  # for another worker: this one begins nothing any more
        return Ended.NOT_CLAIMED
    lease = claim(run_id)
    if lease is None:
        return Ended.NOT_CLAIMED
    with structlog.contextvars.bound_contextvars(run_id=str(run_id), token=lease.token), metrics.SLICE_SECONDS.time():
        ended = guarded(lease, clock=clock)
        logger.info("slice ended", extra={"ended": ended.value})
    metrics.RUNS.labels(ended.value).inc()
    return ended


def guarded(lease: Lease, *, clock: Callable[[], float]) -> Ended:
    """Drive, and let nothing out: this is the worker's border.

    After an ERROR the lease runs out and beat finds the run. Attempts are counted: one that raises each time FAILS.
    """
    try:
        return recorded(lease, clock=clock)
    except (DatabaseError, psycopg.Error, OSError) as error:
        # The database or the broker is away.
        logger.warning("slice broken off", extra={"error": type(error).__name__})
        return Ended.ERROR
    except Exception as error:
        logger.exception("slice raised", extra={"error": type(error).__name__})
        return Ended.ERROR


def recorded(lease: Lease, *, clock: Callable[[], float]) -> Ended:
    """Drive, and turn what a run can fail of into its recorded end."""
    if lease.attempt > settings.PROMETHEUS_MAX_ATTEMPTS:
        return give_up(lease, f"attempts: {lease.attempt - 1} without an end")
    try:
        with Heartbeat(lease) as heartbeat:
            return drive(lease, heartbeat, clock=clock)
    except StaleWrite:
        return let_go(lease, Ended.STALE)
    except BrokenOff as broken:
        return leave(lease, heartbeat, str(broken))
    except Overdue:
        return give_up(lease, runs.OVERDUE)
    except StepFailed as failure:
        return give_up(lease, str(failure))
    except GraphRecursionError:
        return give_up(lease, "graph: more steps than a run may take")
    except StepTooLarge as error:
        return give_up(lease, f"size: {error}")
    except (CheckpointRefused, SealError) as refused:
        metrics.REFUSED_CHECKPOINTS.inc()
        row = {"row": str(refused)[:500]}
        event = ledger.Event(EventType.CHECKPOINT_REFUSED, engine_of(lease), row, run=lease.run)
        ledger.append(event, chain=f"control:{lease.run}")
        return give_up(lease, f"refused: {refused}")
    except keys.KeyUnavailable as error:
        return give_up(lease, f"key: {error}")


def engine_of(lease: Lease) -> Actor:
    """Return who acts: the engine, in the run's workspace."""
    return Actor(ActorKind.WORKER, "engine", Run.objects.values_list("workspace_id", flat=True).get(pk=lease.run))


def give_up(lease: Lease, reason: str) -> Ended:
    if not renew(lease):
        return Ended.STALE
    runs.fail(lease.run, actor=engine_of(lease), reason=reason)
    return let_go(lease, Ended.FAILED)


def let_go(lease: Lease, ended: Ended) -> Ended:
    """Release the run, and wake the one that waited for its place."""
    following = release(lease)
    if following is not None:
        runs.wake(following.run, level=following.level)
    return ended


def leave(lease: Lease, heartbeat: Heartbeat, why: str) -> Ended:
    """Leave a run that is to be taken up again: at once when this worker shuts down, else as one more attempt."""
    logger.info("slice broken off", extra={"why": why})
    if heartbeat.handed_over.is_set():
        runs.wake(lease.run)
        return Ended.ERROR
    if heartbeat.lost.is_set():
        return let_go(lease, Ended.STALE)
    if draining.seconds() is not None:
        let_go(lease, Ended.SLICED)
        runs.wake(lease.run)
        return Ended.SLICED
    hand_over(lease)
    runs.wake(lease.run)
    return Ended.ERROR


def drive(lease: Lease, heartbeat: Heartbeat, *, clock: Callable[[], float]) -> Ended:
    run = one(Run, lease.run)
    if run.token != lease.token:
        return Ended.STALE
    run.workspace = one(Workspace, run.workspace_id)
    key = keys.load(run.key_id)
    document = json.loads(open_text(key, run, "request_sealed"))
    request = requests.parse({n: v for n, v in document.items() if n != "kind"}, kind=Kind(document["kind"]))
    journal = journal_for(run, key=key)
    saver, graph = engine()
    saver.attach(journal)
    try:
        bench = Bench(journal, request, policies.of_workspace(parts(), run.workspace_id), watch_over(run, heartbeat))
        finished = step_through(graph, bench, heartbeat, clock=clock)
    finally:
        saver.detach(journal)
    if journal.run.state == RunState.COMPLETED:
        return let_go(lease, Ended.DONE)
    if heartbeat.lost.is_set():
        return let_go(lease, Ended.STALE)
    if not finished:
        let_go(lease, Ended.SLICED)
        runs.wake(run.pk, level=priority.level(run.stakes))
        return Ended.SLICED
    return let_go(lease, Ended.WAITING)


def step_through(graph: Any, bench: Bench, heartbeat: Heartbeat, *, clock: Callable[[], float]) -> bool:  # noqa: ANN401
    """Run super-steps until the graph ends, waits for people, or the slice is over; False for the last.

    Raises:
        Overdue: the run's deadline has passed.
    """
    run = bench.journal.run
    ends = clock() + settings.PROMETHEUS_SLICE_SECONDS
    steps = graph.stream(
        entry_of(graph, bench), config_of(run), context=bench, stream_mode="updates", durability="sync"
    )
    heartbeat.begin_step()
    with closing(steps):
        for updates in steps:
            metrics.observe(updates)
            if ends_by_itself(run):
                heartbeat.begin_step()
                continue
            if heartbeat.lost.is_set() or draining.seconds() is not None or clock() > ends:
                return False
            bench.watch.check()
            heartbeat.begin_step()
    return True


def ends_by_itself(run: Run) -> bool:
    """Tell whether what is left only writes the run down, or asks people: there is nothing to hand to anybody."""
    return run.state in {*TERMINAL, RunState.LOGGING} or run.due_at is None


def entry_of(graph: Any, bench: Bench) -> Any:  # noqa: ANN401
    """Return what the graph is entered with: the beginning, the people's word, or nothing (continue)."""
    run, journal = bench.journal.run, bench.journal
    if graph.checkpointer.get_tuple(config_of(run)) is None:
        journal.set(graph_version=GRAPH_VERSION, policy_hash=bench.parts.policy_hash)
        if run.state == RunState.INITIALIZED:
            journal.move("process")
        return {"revision": 0}
    check_graph(run)
    if run.state != RunState.DECISION:
        return None
    approval = run.approvals.order_by("-created_at").first()
    if approval is None or approval.state == ApprovalState.PENDING:
        return None
    return Command(resume={"state": approval.state})


def check_graph(run: Run) -> None:
    """Refuse to go on with what a newer graph began: its channels and nodes may be others."""
    if run.graph_version and int(run.graph_version) > int(GRAPH_VERSION):
        raise CheckpointTooNew(
            f"run {run.pk} was begun by graph {run.graph_version} of a newer version; this worker has graph "
            f"{GRAPH_VERSION}: update the worker, then restore the run"
        )
