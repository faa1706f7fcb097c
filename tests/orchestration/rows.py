"""Runs and approvals in any state, for tests that need no engine to have brought them there."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.timezone import now

from audit import canonical, keys, vault
from audit.actors import Actor
from audit.canonical import JSON
from audit.fields import seal_text
from audit.ids import new_id
from audit.models import Entry, Workspace
from orchestration import inquiry as inquiries
from orchestration import requests, runs
from orchestration.engine import lease
from orchestration.engine.journal import Journal, journal_for
from orchestration.models import Action, Approval, Inquiry, Run, Tool, ToolServer
from orchestration.states import RUN_TRANSITIONS, ActionState, Decision, Kind, RunState

QUESTION = "How long before surgery is warfarin stopped?"
BINDING = "b" * 64
REASON = "Both guidelines say so."


def question(**fields: Any) -> requests.Request:
    return requests.parse({"question": QUESTION, **fields}, kind=Kind.QUESTION)


def submitted(actor: Actor, **fields: Any) -> Run:
    return runs.submit(question(**fields), actor=actor).run


def fresh(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


def in_line(*, limit: int = 200) -> list[UUID]:
    """Return the runs that a worker may take, the next one first."""
    return [following.run for following in lease.in_line(limit=limit)]


def path_to(state: RunState) -> list[RunState]:
    """Return the states after INITIALIZED on a shortest legal way to a state."""
    paths: dict[RunState, list[RunState]] = {RunState.INITIALIZED: []}
    while state not in paths:
        for source, target in sorted(RUN_TRANSITIONS):
            if source in paths and target not in paths:
                paths[target] = [*paths[source], target]
    return paths[state]


def bring(run: Run, state: RunState, **columns: Any) -> Run:
    """Take a stored run to a state along legal steps, without the engine."""
    for step in path_to(state):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE orchestration_run SET state = %s WHERE id = %s", [step.value, run.pk])
    Run.objects.filter(pk=run.pk).update(**columns)
    return fresh(run)


def waiting(run: Run, *, quorum: int = 1, minutes: float = 15) -> Approval:
    """Return a pending approval of a run that waits for people."""
    bring(run, RunState.DECISION, decision=Decision.ESCALATE, due_at=None)
    return Approval.objects.create(
        run=run,
        workspace_id=run.workspace_id,
        binding=BINDING,
        reasons=["tool:desk/file_ticket:MODIFY"],
        quorum=quorum,
        requested_by=run.requested_by,
        expires_at=now() + dt.timedelta(minutes=minutes),
    )


def proposed(run: Run, known: Tool, *, tier: int = 1, **arguments: JSON) -> Action:
    """Return an action that nobody has tried yet."""
    action = Action(
        id=new_id(),
        run=run,
        tool=known,
        ordinal=run.actions.count(),
        tier=tier,
        definition_hash=known.definition_hash,
    )
    key = keys.load(run.key_id)
    text = canonical.encode(arguments).decode()
    action.arguments_digest, action.idempotency_key = vault.commitment(key, text), vault.commitment(key, str(action.pk))
    seal_text(key, action, "arguments_sealed", text)
    action.save(force_insert=True)
    return action


def inquiry(run: Run) -> Inquiry:
    """Return an open inquiry about an effect of a run that waits in EXECUTION for an answer."""
    bring(run, RunState.EXECUTION, due_at=None)
    known = Tool.objects.filter(server__workspace=run.workspace_id, name="file_ticket").first() or tool(
        run.workspace, "file_ticket"
    )
    action = proposed(run, known, title="Ask the pharmacy.")
    action.attempt, action.intended_at, action.fault = 1, now(), "DIED"
    for state in (ActionState.INTENDED, ActionState.UNKNOWN):
        action.state = state.value
        action.save()
    key = keys.load(run.key_id)
    asked = inquiries.unsaved(action, run, fault="DIED", key=key, said="It was here.", elapsed_us=1_200_000)
    asked.save(force_insert=True)
    return asked


def journal_of(run: Run) -> Journal:
    return journal_for(fresh(run), key=keys.load(run.key_id))


def entries(run: Run) -> list[str]:
    """Return the types of all entries about a run, in the order they were written."""
    return list(Entry.objects.filter(run=run.pk).order_by("id").values_list("type", flat=True))


def server(workspace: Workspace, name: str = "desk") -> ToolServer:
    return ToolServer.objects.create(workspace=workspace, name=name, transport="http", url="http://127.0.0.1:1/mcp")


def tool(workspace: Workspace, name: str = "search_corpus", **columns: Any) -> Tool:
    known = ToolServer.objects.filter(workspace=workspace, name="desk").first() or server(workspace)
    columns = {"definition_hash": "d" * 64, **columns}
    return Tool.objects.create(id=new_id(), server=known, name=name, **columns)
