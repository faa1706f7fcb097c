"""What became of effects whose run was ended meanwhile: no effect is lost from the record.

The journal writes nothing for a run that somebody else has ended or taken over. What the worker learns afterwards
about a call that was under way still goes on record, under the control chain of the run; and where people are asked
about that call already, whoever made it answers for them.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from audit import ledger
from audit.actors import Actor
from audit.canonical import JSON
from audit.events import EventType
from orchestration import inquiry
from orchestration.models import Action, Inquiry, Run
from orchestration.states import TERMINAL, ActionState, InquiryState

CUT_OFF, NOT_SENT = "CUT_OFF", "NOT_SENT"


@dataclass(frozen=True, slots=True)
class Learned:
    """What a worker knows of a call: DONE with its result, FAILED, or UNKNOWN; ``fault`` says why."""

    state: ActionState
    fault: str = ""
    result_sealed: bytes | memoryview | None = None
    result: str = ""  # what the ledger may keep of it


def leave_unknown(run: Run, *, actor: Actor) -> None:
    """Ask people about the effects that are under way, as part of ending their run: nothing else may be recorded."""
    for action in run.actions.select_for_update().filter(state=ActionState.INTENDED.value).order_by("ordinal"):
        action.state, action.fault = ActionState.UNKNOWN.value, CUT_OFF
        action.save(update_fields=["state", "fault"])
        asked = inquiry.unsaved(action, run, fault=CUT_OFF, detail="the run ended while the call was under way")
        asked.save(force_insert=True)
        data: dict[str, JSON] = {
            "action": str(action.pk),
            "key": action.idempotency_key,
            "fault": CUT_OFF,
            "inquiry": str(asked.pk),
        }
        ledger.append(ledger.Event(EventType.EFFECT_UNKNOWN, actor, data, run=run.pk), chain=f"control:{run.pk}")


@transaction.atomic
def record_late(action_id: UUID, learned: Learned, *, actor: Actor) -> None:
    """Record what became of a call when the run is no longer the worker's.

    Where people are asked about the call and the worker knows, its word is the answer. Otherwise an entry is added, and
    the action stays as whoever has the run left it.
    """
    run = Run.objects.select_for_update().get(actions=action_id)
    action = Action.objects.select_for_update().get(pk=action_id)
    asked = action.inquiries.select_for_update().filter(state=InquiryState.OPEN.value).first()
    data: dict[str, JSON] = {
        "action": str(action.pk),
        "key": action.idempotency_key,
        "outcome": learned.state.value,
        "fault": learned.fault[:12],
        "result": learned.result,
        "late": True,
    }
    type_ = EventType.EFFECT_LEARNED
    if asked is not None and learned.state in {ActionState.DONE, ActionState.FAILED}:
        answer(asked, action, run, learned, actor=actor)
        type_, data = EventType.EFFECT_ANSWERED, {**data, "inquiry": str(asked.pk), "answer": asked.state}
    ledger.append(ledger.Event(type_, actor, data, run=run.pk), chain=f"control:{run.pk}")


def answer(asked: Inquiry, action: Action, run: Run, learned: Learned, *, actor: Actor) -> None:
    """Answer for people; the trigger looks for the answered inquiry, so that is written before the action."""
    if learned.state is ActionState.DONE:
        asked.happened()
        action.state, action.result_sealed = ActionState.DONE.value, learned.result_sealed
    elif learned.fault == NOT_SENT and run.state not in TERMINAL:
        asked.try_again()
        action.state = ActionState.PROPOSED.value
    else:
        asked.give_up()
        action.state = ActionState.FAILED.value
    action.fault = "" if action.state == ActionState.PROPOSED else learned.fault[:12]
    asked.decided_by, asked.decided_at = str(actor), now()
    asked.save(update_fields=["state", "decided_by", "decided_at"])
    action.save(update_fields=["state", "fault", "result_sealed"])
    if action.state == ActionState.DONE and action.undoes is not None:
        action.undoes.state = ActionState.UNDONE.value
        action.undoes.save(update_fields=["state"])
    if run.state not in TERMINAL:
        Run.objects.filter(pk=run.pk).update(due_at=asked.decided_at)  # beat finds it
