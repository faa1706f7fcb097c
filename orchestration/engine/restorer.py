"""Carries out what two people agreed on: a failed run goes on from a checkpoint, or a fork of it begins there.

Everything is verified by the engine's own saver once more, and written by the journal: state, checkpoint and the
restore's end in one statement.
"""

import datetime as dt
import json
import logging
from typing import Any, cast
from uuid import UUID

from django.utils.timezone import now
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.base.id import uuid6

from audit import keys, ledger
from audit.actors import Actor, ActorKind
from audit.errors import Problem
from audit.events import EventType
from audit.fields import open_text, seal_text
from audit.ids import new_id
from audit.vault import SealError
from evidence import models as evidence_models
from evidence import records as evidence_records
from evidence.passages import Passage
from orchestration import requests, restoring, runs
from orchestration.engine import policies
from orchestration.engine.bench import GRAPH_VERSION, Bench, State, parts
from orchestration.engine.checkpoints import CheckpointRefused, DjangoSaver
from orchestration.engine.gathering import from_json, masked
from orchestration.engine.journal import Journal, StaleWrite, journal_for
from orchestration.models import Draft, Restore, Run
from orchestration.restoring import RestoreChanged
from orchestration.snapshots import Thread
from orchestration.states import ActionKind, ActionState, Kind, RestoreKind, RestoreState, RunState

logger = logging.getLogger(__name__)


def carry_out(restore_id: UUID) -> None:
    """Carry out an approved restore, or record why it cannot be; a repeated message changes nothing."""
    restore = Restore.objects.select_related("run").get(pk=restore_id)
    if restore.state != RestoreState.APPROVED:
        return
    actor = Actor(ActorKind.WORKER, "engine", restore.run.workspace_id)
    try:
        done = attempt(restore, actor=actor)
    except StaleWrite:
        return  # another worker was faster, or somebody changed the run: the next look at it decides
    except (Problem, CheckpointRefused, SealError, keys.KeyUnavailable) as refused:
        logger.warning("restore refused", extra={"restore": str(restore.pk), "error": type(refused).__name__})
        if isinstance(refused, CheckpointRefused | SealError):
            event = ledger.Event(EventType.CHECKPOINT_REFUSED, actor, {"row": str(refused)[:500]}, run=restore.run_id)
            ledger.append(event, chain=f"control:{restore.run_id}")
        restoring.refuse(restore.pk, actor=actor, why=str(refused))
        return
    runs.wake(done.pk)


def attempt(restore: Restore, *, actor: Actor) -> Run:
    match RestoreKind(restore.kind):
        case RestoreKind.CONTINUE:
            return go_on(restore)
        case RestoreKind.FORK | RestoreKind.OVERRIDE:
            return begin_fork(restore, restoring.fork(restore.pk, actor=actor))


def config_at(run: Run, checkpoint_id: str | None = None) -> Any:  # noqa: ANN401 - LangGraph's RunnableConfig
    known = {"thread_id": str(run.pk), "checkpoint_ns": ""} | (
        {"checkpoint_id": checkpoint_id} if checkpoint_id else {}
    )
    return {"configurable": known}


def checkpoint_of(saver: DjangoSaver, run: Run, checkpoint_id: str) -> CheckpointTuple:
    """Return a checkpoint, verified by the saver.

    Raises:
        RestoreChanged: it was pruned since, or another version of the graph wrote it.
        CheckpointRefused: it is not what was written.
    """
    if run.graph_version not in {"", GRAPH_VERSION}:
        raise RestoreChanged(f"run {run.pk} was driven by graph {run.graph_version}; this worker has {GRAPH_VERSION}")
    found = saver.get_tuple(config_at(run, checkpoint_id))
    if found is None:
        raise RestoreChanged(f"run {run.pk} has no checkpoint {checkpoint_id} any more; it was pruned")
    return found


def go_on(restore: Restore) -> Run:
    """Take a failed run back to a checkpoint's state, in one statement.

    Raises:
        StaleWrite: the run was written meanwhile.
        RestoreChanged: it is not as it was when this was approved.
    """
    run = Run.objects.get(pk=restore.run_id)
    plan = restoring.plan_of(run, restore.checkpoint_id)
    if plan.binding() != restore.binding:
        raise RestoreChanged(f"run {run.pk} is not as it was when its restore was approved; ask again")
    key = keys.load(run.key_id)
    saver = DjangoSaver(key=key)
    chosen = checkpoint_of(saver, run, plan.base)
    journal = journal_for(run, key=key)
    journal.enter(
        EventType.RUN_RESTORED,
        restore=str(restore.pk),
        checkpoint=plan.checkpoint,
        digest=plan.digest,
        requested_by=restore.requested_by,
        approved_by=restore.decided_by,
        tried_again=[str(action) for action in free_failed(journal, run)],
    )
    move = f"return_to_{plan.state.value.lower()}"
    journal.move(move, barrier=True, reason="", finished_at=None, attempt=0, lease_until=None)
    make_due(journal)
    finish(journal, restore)
    if max(Thread(run).rows) == plan.base:
        journal.flush(barrier=True)
    else:
        put_again(saver, journal, chosen)
    return run


def make_due(journal: Journal) -> None:
    """Have the run driven, with the whole of its time before it."""
    due = now()
    deadline = due + dt.timedelta(seconds=journal.run.deadline_seconds) if journal.run.deadline_seconds else None
    journal.set(due_at=due, deadline_at=deadline)


def free_failed(journal: Journal, run: Run) -> list[UUID]:
    """Let actions that are known not to have happened be tried again; return which."""
    failed = list(run.actions.filter(kind=ActionKind.EFFECT.value, state=ActionState.FAILED.value).order_by("ordinal"))
    for action in failed:
        action.state, action.fault = ActionState.PROPOSED, ""
        journal.change(action, "state", "fault")
    return [action.pk for action in failed]


def finish(journal: Journal, restore: Restore) -> None:
    restore.finish()
    restore.finished_at = now()
    journal.change(restore, "state", "finished_at")


def put_again(saver: DjangoSaver, journal: Journal, chosen: CheckpointTuple) -> None:
    """Make an earlier checkpoint the newest one of its thread; the flush takes everything gathered with it."""
    copy: Any = {**chosen.checkpoint, "id": str(uuid6(clock_seq=-2)), "ts": now().isoformat()}
    saver.attach(journal)
    try:
        saver.put(chosen.config, copy, metadata_after(chosen), {})
    finally:
        saver.detach(journal)


def metadata_after(chosen: CheckpointTuple) -> Any:  # noqa: ANN401 - LangGraph's CheckpointMetadata
    return {"source": "fork", "step": chosen.metadata.get("step", -1) + 1, "parents": {}}


def begin_fork(restore: Restore, fork: Run) -> Run:
    """Give a fork what it takes over from its parent, and make it due. A repeat goes on where the first one ended.

    Raises:
        StaleWrite: another worker does the same.
    """
    parent = restore.run
    journal = journal_for(fork, key=keys.load(fork.key_id))
    if not restore.plan["base"]:
        make_due(journal)
        finish(journal, restore)
        journal.flush(barrier=True)
        return fork
    chosen = checkpoint_of(DjangoSaver(key=keys.load(parent.key_id)), parent, restore.plan["base"])
    bench = Bench(journal, request_of(fork, journal), policies.of_workspace(parts(), fork.workspace_id))
    journal.set(graph_version=GRAPH_VERSION, policy_hash=bench.parts.policy_hash)
    if fork.state == RunState.INITIALIZED:
        journal.move("process")
        journal.flush()
    values = take_over(bench, parent, chosen, gate=restore.plan["state"] == RunState.GATING)
    make_due(journal)
    finish(journal, restore)
    put_first(journal, chosen, values)
    return fork


def request_of(fork: Run, journal: Journal) -> requests.Request:
    document = json.loads(open_text(journal.key, fork, "request_sealed"))
    return requests.parse({n: v for n, v in document.items() if n != "kind"}, kind=Kind(document["kind"]))


def take_over(bench: Bench, parent: Run, chosen: CheckpointTuple, *, gate: bool) -> State:
    """Return the channels of the fork: the parent's passages and draft, sealed anew under the fork's own key."""
    held: Any = chosen.checkpoint["channel_values"]
    journal = bench.journal
    values = {name: value for name, value in held.items() if name in State.__annotations__}
    question = masked(bench, bench.request.question)
    seal_text(journal.key, journal.run, "question_sealed", question)
    journal.set(question_sealed=journal.run.question_sealed, revision=held["revision"])
    values |= {"question": question, "passages": take_passages(journal, parent, held["passages"])}
    if gate:
        take_draft(journal, parent, held)
        journal.move("gate")
    return cast("State", values)


def take_passages(journal: Journal, parent: Run, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Copy the passages that belong to the parent alone; those of the corpus are everybody's."""
    ids = [UUID(document["id"]) for document in documents]
    own = {
        str(pk) for pk in evidence_models.Passage.objects.filter(run=parent.pk, pk__in=ids).values_list("pk", flat=True)
    }
    taken = []
    for document in documents:
        if document["id"] in own:
            document = {**document, "id": str(new_id()), "sha256": journal.commitment(document["text"])}  # noqa: PLW2901
            passage: Passage = from_json(document)
            journal.add(evidence_records.run_passage(journal.run.pk, passage, key=journal.key))
        taken.append(document)
    return taken


def take_draft(journal: Journal, parent: Run, held: dict[str, Any]) -> None:
    """Copy the draft. What it cost stays with the parent, who paid for it."""
    known = parent.drafts.get(revision=held["revision"])
    row = Draft(id=new_id(), run_id=journal.run.pk, revision=known.revision, provider=known.provider, model=known.model)
    seal_text(journal.key, row, "text_sealed", held["draft"]["text"])
    journal.add(row)
    journal.set(provider=known.provider, model=known.model)


def put_first(journal: Journal, chosen: CheckpointTuple, values: State) -> None:
    """Write the first checkpoint of the fork's thread, and with it everything gathered."""
    steering = {n: v for n, v in chosen.checkpoint["channel_values"].items() if n not in State.__annotations__}
    copy: Any = {**chosen.checkpoint, "channel_values": {**steering, **values}}
    saver = DjangoSaver()
    saver.attach(journal)
    journal.barrier = True
    try:
        versions = chosen.checkpoint["channel_versions"]
        saver.put(config_at(journal.run), copy, metadata_after(chosen), versions)
    finally:
        saver.detach(journal)
