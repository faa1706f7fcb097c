"""The verbs of people on effects whose outcome nobody knows: find the question, and say what happened.

docs/decisions/0012 says why a question waits for ever, and why one person's word is enough.
"""

from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from audit import keys, ledger, vault
from audit.access import person_behind, require, workspace_of
from audit.actors import Actor
from audit.canonical import JSON
from audit.errors import Conflict, Invalid, NotFound
from audit.events import EventType
from audit.fields import seal_text
from audit.roles import Scope
from audit.vault import DataKey
from orchestration.inquiry import binding_now
from orchestration.models import Action, Inquiry, Run
from orchestration.requests import clean
from orchestration.runs import ApprovalChanged, OwnRequest, found, wake, worded
from orchestration.states import TERMINAL, ActionState, InquiryState

RESULT_LIMIT = 20_000
ANSWERS = tuple(state for state in InquiryState if state is not InquiryState.OPEN)


def inquiries_in(workspace: UUID) -> QuerySet[Inquiry]:
    return Inquiry.objects.filter(run__workspace_id=workspace)


def found_inquiry(inquiry_id: UUID, *, actor: Actor, lock: bool = False) -> Inquiry:
    """Return the inquiry if its run is in the actor's workspace; raises NotFound as runs.found does."""
    rows = inquiries_in(workspace_of(actor)).select_related("run", "action__tool__server")
    if lock:
        rows = rows.select_for_update(of=("self", "action"))
    inquiry = rows.filter(pk=inquiry_id).first()
    if inquiry is None:
        raise NotFound(f"no inquiry {inquiry_id} in this workspace")
    return inquiry


def said(text: str) -> InquiryState:
    """Return the answer that a client names.

    Raises:
        Invalid: it is none.
    """
    if text not in set(ANSWERS):
        raise Invalid(f"answer is {text[:40]!r}; use one of {', '.join(ANSWERS)}")
    return InquiryState(text)


@transaction.atomic
def answer(inquiry_id: UUID, *, word: InquiryState, reason: str, seen: str, actor: Actor, result: str = "") -> Inquiry:
    """Record whether an effect happened, as one person found it, and let its run go on.

    Args:
        word: HAPPENED: it is done, with ``result`` if there is one. TRY_AGAIN: it did not happen; it is called once
            more, under the same idempotency key. GIVEN_UP: it did not happen, and it will not be tried again.
        seen: the binding hash that the person was shown.

    Raises:
        OwnRequest: whoever requested the run may not say what became of it.
        ApprovalChanged: what the person saw is not what is on record.
        Conflict: it was answered before, or the run has ended and nothing can be tried again in it.
        Invalid: the reason is too short, or a result came with an answer that has none.
    """
    inquiry = to_answer(inquiry_id, actor=actor)
    key = keys.load(inquiry.run.key_id)
    check(inquiry, word=word, result=result, seen=seen, key=key, actor=actor)
    reason = worded(reason)
    record(inquiry, word=word, reason=reason, key=key, actor=actor)
    settle(inquiry.action, word=word, result=clean(result, "result", limit=RESULT_LIMIT) if result else "", key=key)
    enter(inquiry, reason=vault.commitment(key, reason), result=vault.commitment(key, result), actor=actor)
    if inquiry.run.state not in TERMINAL:
        Run.objects.filter(pk=inquiry.run_id).update(due_at=inquiry.decided_at)
        transaction.on_commit(partial(wake, inquiry.run_id))
    return inquiry


def to_answer(inquiry_id: UUID, *, actor: Actor) -> Inquiry:
    """Return the inquiry to be answered, with its run, its action and itself locked."""
    require(actor, Scope.APPROVALS_DECIDE)
    # The run first, as whoever cancels it does: in another order the two would wait for each other for ever.
    run = found(found_inquiry(inquiry_id, actor=actor).run_id, actor=actor, lock=True)
    inquiry = found_inquiry(inquiry_id, actor=actor, lock=True)
    inquiry.run = run
    if inquiry.state != InquiryState.OPEN:
        raise Conflict(f"inquiry {inquiry.pk} is {inquiry.state}; it was answered before")
    return inquiry


def check(inquiry: Inquiry, *, word: InquiryState, result: str, seen: str, key: DataKey, actor: Actor) -> None:
    if person_behind(str(actor)) == person_behind(inquiry.requested_by):
        raise OwnRequest("you requested this run; somebody else has to say what became of its effect")
    if seen != inquiry.binding or binding_now(inquiry, key=key) != inquiry.binding:
        raise ApprovalChanged(f"what you saw is not what is on record (hash {inquiry.binding[:12]}…); reload")
    if word is InquiryState.OPEN:
        raise Invalid(f"answer is OPEN; use one of {', '.join(ANSWERS)}")
    if word is InquiryState.TRY_AGAIN and inquiry.run.state in TERMINAL:
        raise Conflict(f"run {inquiry.run_id} is {inquiry.run.state}: nothing is tried again in it; answer GIVEN_UP")
    if result and word is not InquiryState.HAPPENED:
        raise Invalid(f"a result came with {word.value}; only what happened has one")


def record(inquiry: Inquiry, *, word: InquiryState, reason: str, key: DataKey, actor: Actor) -> None:
    match word:
        case InquiryState.HAPPENED:
            inquiry.happened()
        case InquiryState.TRY_AGAIN:
            inquiry.try_again()
        case InquiryState.GIVEN_UP | InquiryState.OPEN:
            inquiry.give_up()
    inquiry.decided_by, inquiry.decided_at = str(actor), now()
    seal_text(key, inquiry, "reason_sealed", reason)
    inquiry.save(update_fields=["state", "decided_by", "decided_at", "reason_sealed"])


def settle(action: Action, *, word: InquiryState, result: str, key: DataKey) -> None:
    """Take the action out of UNKNOWN. The trigger looks for the answered inquiry, so that is written before."""
    match word:
        case InquiryState.HAPPENED:
            action.state = ActionState.DONE.value
            seal_text(key, action, "result_sealed", result)
            if action.undoes is not None:
                action.undoes.state = ActionState.UNDONE.value
                action.undoes.save(update_fields=["state"])
        case InquiryState.TRY_AGAIN:
            action.state, action.fault = ActionState.PROPOSED.value, ""
        case InquiryState.GIVEN_UP | InquiryState.OPEN:
            action.state = ActionState.FAILED.value
    action.save(update_fields=["state", "fault", "result_sealed"])


def enter(inquiry: Inquiry, *, reason: str, result: str, actor: Actor) -> None:
    data: dict[str, JSON] = {
        "inquiry": str(inquiry.pk),
        "action": str(inquiry.action_id),
        "key": inquiry.action.idempotency_key,
        "attempt": inquiry.attempt,
        "answer": inquiry.state,
        "binding": inquiry.binding,
        "reason": reason,
        "result": result,
    }
    if inquiry.action.undoes_id is not None:
        data["undoes"] = str(inquiry.action.undoes_id)
    event = ledger.Event(EventType.EFFECT_ANSWERED, actor, data, run=inquiry.run_id)
    ledger.append(event, chain=f"inquiry:{inquiry.pk}")
