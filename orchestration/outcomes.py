"""What became of effects whose run was ended meanwhile: no effect is lost from the record.

The journal writes nothing for a run that somebody else has ended or taken over. What the worker learns afterwards
about a call that was under way still goes on record, under the control chain of the run.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from audit import ledger
from audit.actors import Actor
from audit.canonical import JSON
from audit.events import EventType
from orchestration.models import Action, Run
from orchestration.states import TERMINAL, ActionState

ENDED = "ENDED"
EVENTS = {
    ActionState.DONE: EventType.EFFECT_DONE,
    ActionState.FAILED: EventType.EFFECT_FAILED,
    ActionState.UNKNOWN: EventType.EFFECT_UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Learned:
    """What a worker knows of a call: DONE with its result, FAILED, or UNKNOWN; ``fault`` says why."""

    state: ActionState
    fault: str = ""
    result_sealed: bytes | memoryview | None = None
    result: str = ""  # what the ledger may keep of it


def leave_unknown(run: Run, *, actor: Actor) -> None:
    """Mark the effects that are under way as UNKNOWN, as part of ending their run."""
    for action in run.actions.select_for_update().filter(state=ActionState.INTENDED.value).order_by("ordinal"):
        store(action, Learned(ActionState.UNKNOWN, fault=ENDED), actor=actor, stored=True)


@transaction.atomic
def record_late(action_id: UUID, learned: Learned, *, actor: Actor) -> None:
    """Record what became of a call that ended after its run did.

    Where another worker drives the run, the action is that worker's to settle, and only an entry is added.
    """
    run_id = Action.objects.values_list("run_id", flat=True).get(pk=action_id)
    run = Run.objects.select_for_update().get(pk=run_id)
    action = Action.objects.select_for_update().get(pk=action_id)
    open_still = action.state == ActionState.INTENDED or (action.state, action.fault) == (ActionState.UNKNOWN, ENDED)
    store(action, learned, actor=actor, stored=run.state in TERMINAL and open_still)


def store(action: Action, learned: Learned, *, actor: Actor, stored: bool) -> None:
    if stored:
        action.state, action.fault = learned.state.value, learned.fault[:12]
        action.result_sealed = learned.result_sealed
        action.save(update_fields=["state", "fault", "result_sealed"])
    data: dict[str, JSON] = {
        "action": str(action.pk),
        "key": action.idempotency_key,
        "fault": learned.fault[:12],
        "result": learned.result,
        "late": True,
        "stored": stored,
    }
    event = ledger.Event(EVENTS[learned.state], actor, data, run=action.run_id)
    ledger.append(event, chain=f"control:{action.run_id}")
