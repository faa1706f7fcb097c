"""One effect: intent durable before the call, outcome durable after it, and a person where nobody knows the outcome."""

import time
from typing import NoReturn

import psycopg
from django.utils.timezone import now
from langgraph.types import interrupt

from audit.events import EventType
from audit.fields import seal_text
from orchestration import inquiry, limits, outcomes, registry
from orchestration.engine import relatives
from orchestration.engine.bench import Bench
from orchestration.engine.deciding import arguments_of, void
from orchestration.engine.drafting import StepFailed
from orchestration.engine.gathering import address_of, check_server
from orchestration.engine.journal import StaleWrite
from orchestration.engine.toolcalls import Result
from orchestration.engine.tools import Fault, ToolFailure
from orchestration.engine.watch import BrokenOff, Overdue
from orchestration.models import Action, Tool
from orchestration.outcomes import NOT_SENT, Learned
from orchestration.states import ActionKind, ActionState, ApprovalKind, ApprovalState, InquiryState

# How often a call that declares itself idempotent is sent before a person is asked.
ATTEMPTS = 3


class EffectFailed(StepFailed):
    """An effect did not happen, and will not."""


def act(bench: Bench, action: Action) -> None:
    """Do one action, at most once unless its tool declares that a repeated call changes nothing.

    Raises:
        EffectFailed: it did not happen.
        StepFailed: a relative's effect is in the way, and nobody knows whether it happened.
        GraphInterrupt: a person has to say whether it happened; the run waits.
    """
    match ActionState(action.state):
        case ActionState.DONE | ActionState.UNDONE:
            return
        case ActionState.UNKNOWN:
            wait_for_answer(action)
        case ActionState.FAILED | ActionState.REFUSED:
            raise EffectFailed(f"effect:{action.tool}:{action.state.lower()}{':' * bool(action.fault)}{action.fault}")
        case ActionState.PROPOSED if (earlier := relatives.elsewhere(action)) is not None:
            take_over(bench, action, earlier)
            return
        case ActionState.PROPOSED:
            intend(bench, action)
            attempt(bench, action, sent=False)
        case ActionState.INTENDED if idempotent(action) and action.attempt < ATTEMPTS:
            repeat(bench, action, fault="CRASHED")
            attempt(bench, action, sent=True)
        case ActionState.INTENDED:
            # A crash between intent and outcome: nobody here knows whether it happened. A person has to look.
            ask(bench, action, fault="CRASHED", detail="the worker ended between the intent and the outcome")


def idempotent(action: Action) -> bool:
    """Tell whether the tool declares that a repeated call has no further effect."""
    return action.tool.annotations.get("idempotentHint") is True


def take_over(bench: Bench, action: Action, earlier: Action) -> None:
    """Take over what a relative did since this was decided; it is not fired again.

    Raises:
        StepFailed: nobody knows whether the relative did it.
    """
    if earlier.state != ActionState.DONE:
        raise StepFailed(f"effect:{action.tool}:{earlier.state.lower()} in run {earlier.run_id}")
    relatives.take_over(bench.journal, action, earlier)
    bench.journal.change(action, "state", "original", "result_sealed")
    bench.journal.flush(barrier=True)


def intend(bench: Bench, action: Action) -> None:
    """Make the intent durable, and with it what it takes of budgets: both or neither.

    After a person's word to try again this is a new intent under the same key, and takes nothing again.

    Raises:
        EffectFailed: the agent may not make this call, or not one more.
        BrokenOff: somebody else took what was left of a budget at this moment; whoever takes the run up again sees it.
    """
    if action.kind == ActionKind.EFFECT:
        spend(bench, action)
    action.state, action.intended_at = ActionState.INTENDED.value, now()
    action.attempt += 1
    bench.journal.change(action, "state", "attempt", "intended_at")
    bench.journal.enter(
        EventType.EFFECT_INTENDED,
        action=str(action.pk),
        tool=str(action.tool),
        definition=action.definition_hash,
        arguments=action.arguments_digest,
        key=action.idempotency_key,
        attempt=action.attempt,
    )
    try:
        bench.journal.flush(barrier=True)
    except psycopg.Error as error:
        if error.sqlstate == limits.SPENT:
            raise BrokenOff(f"a budget of {action.tool} was used up meanwhile") from error
        raise


def spend(bench: Bench, action: Action) -> None:
    """Add what the action takes of budgets to what is written with its intent, or turn it away."""
    try:
        taken = limits.spendings(bench.journal.run, action, arguments_of(action, bench))
    except limits.OverLimit as over:
        action.state, action.fault = ActionState.REFUSED.value, str(over)
        bench.journal.change(action, "state", "fault")
        bench.journal.enter(
            EventType.EFFECT_FAILED, action=str(action.pk), key=action.idempotency_key, fault=action.fault
        )
        bench.journal.flush(barrier=True)
        raise EffectFailed(f"effect:{action.tool}:refused:{action.fault}") from over
    bench.journal.add(*taken)


def repeat(bench: Bench, action: Action, *, fault: str) -> None:
    """Make it durable that a call is sent once more, which its tool declares to be harmless."""
    action.attempt += 1
    bench.journal.change(action, "attempt")
    bench.journal.enter(
        EventType.EFFECT_REPEATED,
        action=str(action.pk),
        key=action.idempotency_key,
        attempt=action.attempt,
        fault=fault,
    )
    bench.journal.flush(barrier=True)


def attempt(bench: Bench, action: Action, *, sent: bool) -> None:
    """Call until there is an outcome, or nobody knows it.

    Args:
        sent: whether an earlier worker may have sent the call under this intent. Then no refusal of a repeat says
            that it did not happen.

    Raises:
        BrokenOff, Overdue: the slice is over; another worker goes on.
    """
    server_limit = float(action.tool.server.timeout_seconds)
    try:
        check(bench, action, sent=sent)
        seconds = bench.watch.seconds(server_limit)
    except (BrokenOff, Overdue):
        if not sent:
            withdraw(bench, action)
        raise
    while True:
        began = time.perf_counter_ns()
        try:
            result = call(bench, action, seconds=seconds)
        except ToolFailure as failure:
            elapsed_us = (time.perf_counter_ns() - began) // 1000
            if failure.fault is Fault.STOPPED:
                break_off(bench, action, failure, sent=sent, elapsed_us=elapsed_us)
            if not sent and (not failure.sent or failure.fault is Fault.TOOL_ERROR):
                fail(bench, action, fault=failure.fault.value)
            if not idempotent(action) or action.attempt >= ATTEMPTS:
                ask(bench, action, fault=failure.fault.value, failure=failure, elapsed_us=elapsed_us)
            repeat(bench, action, fault=failure.fault.value)
            sent, seconds = True, bench.watch.seconds(server_limit)
            continue
        finish(bench, action, result)
        return


def call(bench: Bench, action: Action, *, seconds: float) -> Result:
    server = action.tool.server
    return bench.parts.bridge.call(
        address_of(server),
        action.tool.name,
        arguments_of(action, bench),
        timeout_s=seconds,
        idempotency_key=action.idempotency_key,
        stopped=bench.watch.stopped,
    )


def break_off(bench: Bench, action: Action, failure: ToolFailure, *, sent: bool, elapsed_us: int) -> NoReturn:
    """Record a call that was broken off by whoever ended the run or shuts the worker down, and stop.

    Raises:
        BrokenOff: the run was ended, or another worker goes on with it.
        GraphInterrupt: the call was sent, and a person has to say whether it happened.
    """
    sent = sent or failure.sent
    if bench.watch.lost:
        learned = Learned(ActionState.UNKNOWN, "STOPPED") if sent else Learned(ActionState.FAILED, NOT_SENT)
        outcomes.record_late(action.pk, learned, actor=bench.journal.actor)
    elif not sent:
        withdraw(bench, action)
    elif not idempotent(action) or action.attempt >= ATTEMPTS:
        ask(bench, action, fault=failure.fault.value, failure=failure, elapsed_us=elapsed_us)
    raise BrokenOff(f"a call of {action.tool} was broken off")


def withdraw(bench: Bench, action: Action) -> None:
    """Take back an intent that led to no call; another worker intends it anew."""
    action.state = ActionState.PROPOSED.value
    bench.journal.change(action, "state")
    bench.journal.enter(EventType.EFFECT_WITHDRAWN, action=str(action.pk), key=action.idempotency_key)
    bench.journal.flush(barrier=True)


def check(bench: Bench, action: Action, *, sent: bool) -> None:
    """Refuse a call whose tool is no longer what was planned, and what was approved with it.

    Raises:
        EffectFailed: CHANGED; nothing was sent.
        GraphInterrupt: CHANGED, and an earlier worker may have sent it.
    """
    server = action.tool.server
    check_server(server, bench.parts.bridge, bench.watch)
    tool: Tool | None = registry.tools_of(server.workspace_id).get(f"{server.name}/{action.tool.name}")
    same = tool is not None and tool.definition_hash == action.definition_hash
    tier = registry.tier_of(tool).value if tool is not None else None
    if tool is not None and same and registry.usable(tool) and tier == action.tier:
        return
    what = "definition" if not same else "tier" if tool is not None and registry.usable(tool) else "state"
    kind = ApprovalKind.COMPENSATION if action.kind == ActionKind.COMPENSATION else ApprovalKind.DECISION
    approved = bench.journal.run.approvals.filter(kind=kind.value, state=ApprovalState.APPROVED.value)
    for approval in approved.order_by("-created_at")[:1]:
        void(bench, approval, [f"tool:{server.name}/{action.tool.name}:{what}"])
    if sent:
        ask(bench, action, fault="CHANGED", detail="the tool changed after the call may have been sent")
    fail(bench, action, fault="CHANGED")


def finish(bench: Bench, action: Action, result: Result) -> None:
    action.state = ActionState.DONE.value
    seal_text(bench.journal.key, action, "result_sealed", result.text)
    bench.journal.change(action, "state", "result_sealed")
    bench.journal.enter(
        EventType.EFFECT_DONE,
        action=str(action.pk),
        key=action.idempotency_key,
        result=bench.journal.commitment(result.text),
    )
    undone = action.undoes
    if undone is not None:
        undone.state = ActionState.UNDONE.value
        bench.journal.change(undone, "state")
        bench.journal.enter(EventType.EFFECT_UNDONE, action=str(undone.pk), by=str(action.pk))
    keep_outcome(bench, action, result=bench.journal.commitment(result.text))


def keep_outcome(bench: Bench, action: Action, *, result: str = "") -> None:
    """Flush what became of a call; where the run was ended meanwhile, that goes on record all the same.

    Raises:
        StaleWrite: the run was ended or taken over.
    """
    try:
        bench.journal.flush(barrier=True)
    except StaleWrite:
        learned = Learned(ActionState(action.state), action.fault, action.result_sealed, result)
        outcomes.record_late(action.pk, learned, actor=bench.journal.actor)
        raise


def fail(bench: Bench, action: Action, *, fault: str) -> NoReturn:
    """Record an effect that did not happen.

    Raises:
        EffectFailed: always.
    """
    action.state, action.fault = ActionState.FAILED.value, fault[:12]
    bench.journal.change(action, "state", "fault")
    bench.journal.enter(EventType.EFFECT_FAILED, action=str(action.pk), key=action.idempotency_key, fault=action.fault)
    keep_outcome(bench, action)
    raise EffectFailed(f"effect:{action.tool}:failed:{action.fault}")


def ask(
    bench: Bench,
    action: Action,
    *,
    fault: str,
    failure: ToolFailure | None = None,
    detail: str = "",
    elapsed_us: int | None = None,
) -> NoReturn:
    """Put to a person whether it happened, with all that is known, and let the run wait for the answer.

    Raises:
        GraphInterrupt: always.
    """
    run = bench.journal.run
    action.state, action.fault = ActionState.UNKNOWN.value, fault[:12]
    asked = inquiry.unsaved(
        action,
        run,
        fault=action.fault,
        key=bench.journal.key,
        detail=failure.detail if failure else detail,
        said=failure.said if failure else "",
        elapsed_us=elapsed_us,
    )
    bench.journal.change(action, "state", "fault")
    bench.journal.add(asked)
    bench.journal.enter(
        EventType.EFFECT_UNKNOWN,
        action=str(action.pk),
        key=action.idempotency_key,
        fault=action.fault,
        inquiry=str(asked.pk),
    )
    bench.journal.set(due_at=None)
    keep_outcome(bench, action)
    wait_for_answer(action)


def wait_for_answer(action: Action) -> NoReturn:
    """Stop here until the person's answer made the run due: the step then runs again, and finds it in the row."""
    asked = action.inquiries.get(state=InquiryState.OPEN.value)
    interrupt({"inquiry": str(asked.pk)})
    raise AssertionError("interrupt returns only what a resume gives it, and nothing resumes with a value here")
