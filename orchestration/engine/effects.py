"""EXECUTION: the approved calls, each at most once, and the answer with its citations."""

import json
from typing import Any
from uuid import UUID

from audit.events import EventType
from audit.fields import seal_text
from audit.spans import Span
from evidence.models import Claim, ClaimBundle
from guardians.guardian import Finding, Part
from orchestration import material, outcomes, registry
from orchestration.engine import relatives
from orchestration.engine.bench import Bench, State
from orchestration.engine.deciding import arguments_of, is_supported
from orchestration.engine.drafting import StepFailed
from orchestration.engine.gathering import address_of, check_server
from orchestration.engine.journal import StaleWrite
from orchestration.engine.tools import Fault, ToolFailure
from orchestration.engine.watch import BrokenOff
from orchestration.models import Action
from orchestration.outcomes import Learned
from orchestration.states import ActionState


def execute(bench: Bench, state: State) -> State:
    """Call what was approved, compose the answer, and settle every claim.

    Raises:
        StepFailed: an effect failed, or nobody can know whether it happened.
    """
    for planned in state.get("actions", []):
        act(bench, Action.objects.select_related("tool__server").get(pk=UUID(planned["id"])))
    answer = compose(bench, state)
    settle_claims(bench)
    seal_text(bench.journal.key, bench.journal.run, "answer_sealed", json.dumps(answer, ensure_ascii=False))
    bench.journal.set(answer_sealed=bench.journal.run.answer_sealed)
    published = bench.journal.commitment(answer["text"])
    bench.journal.enter(EventType.RUN_PUBLISHED, answer=published, citations=len(answer["citations"]))
    bench.journal.move("record", barrier=True)
    return {"answer": answer}


def act(bench: Bench, action: Action) -> None:
    """Do one action: intent durable before the call, outcome durable after it."""
    match ActionState(action.state):
        case ActionState.DONE:
            return
        case ActionState.INTENDED if not idempotent(action):
            # A crash between intent and outcome: nobody here knows whether it happened. A person has to look.
            settle(bench, action, ActionState.UNKNOWN, EventType.EFFECT_UNKNOWN, fault="CRASHED")
        case ActionState.PROPOSED if (earlier := relatives.elsewhere(action)) is not None:
            take_over(bench, action, earlier)
            return
        case ActionState.PROPOSED:
            intend(bench, action)
        case ActionState.FAILED | ActionState.UNKNOWN | ActionState.REFUSED:
            raise StepFailed(f"effect:{action.tool}:{action.state.lower()}")
        case ActionState.INTENDED:
            pass
    call(bench, action)


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
    action.state = ActionState.INTENDED
    bench.journal.change(action, "state")
    bench.journal.enter(
        EventType.EFFECT_INTENDED,
        action=str(action.pk),
        tool=str(action.tool),
        definition=action.definition_hash,
        arguments=action.arguments_digest,
        key=action.idempotency_key,
    )
    bench.journal.flush(barrier=True)


def call(bench: Bench, action: Action) -> None:
    server = action.tool.server
    check_server(server, bench.parts.bridge, bench.watch)
    tool = registry.tools_of(server.workspace_id)[f"{server.name}/{action.tool.name}"]
    if not registry.usable(tool) or tool.definition_hash != action.definition_hash:
        settle(bench, action, ActionState.FAILED, EventType.EFFECT_FAILED, fault="CHANGED")
    try:
        result = bench.parts.bridge.call(
            address_of(server),
            action.tool.name,
            arguments_of(action, bench),
            timeout_s=bench.watch.seconds(server.timeout_seconds),
            idempotency_key=action.idempotency_key,
            stopped=bench.watch.stopped,
        )
    except ToolFailure as failure:
        if failure.fault is Fault.STOPPED:
            break_off(bench, action, sent=failure.sent)
        if failure.sent and failure.fault is not Fault.TOOL_ERROR:
            settle(bench, action, ActionState.UNKNOWN, EventType.EFFECT_UNKNOWN, fault=failure.fault.value)
        settle(bench, action, ActionState.FAILED, EventType.EFFECT_FAILED, fault=failure.fault.value)
        raise
    action.state = ActionState.DONE
    seal_text(bench.journal.key, action, "result_sealed", result.text)
    bench.journal.change(action, "state", "result_sealed")
    bench.journal.enter(
        EventType.EFFECT_DONE,
        action=str(action.pk),
        key=action.idempotency_key,
        result=bench.journal.commitment(result.text),
    )
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


def break_off(bench: Bench, action: Action, *, sent: bool) -> None:
    """Record a call that was broken off, and stop.

    Raises:
        BrokenOff: the run was ended, or another worker goes on with it.
        StepFailed: the call was sent, and nobody can know whether it happened.
    """
    if bench.watch.lost:
        learned = Learned(ActionState.UNKNOWN, "STOPPED") if sent else Learned(ActionState.FAILED, "NOT_SENT")
        outcomes.record_late(action.pk, learned, actor=bench.journal.actor)
    elif not sent:
        withdraw(bench, action)
    elif not idempotent(action):
        settle(bench, action, ActionState.UNKNOWN, EventType.EFFECT_UNKNOWN, fault="STOPPED")
    raise BrokenOff(f"a call of {action.tool} was broken off")


def withdraw(bench: Bench, action: Action) -> None:
    """Take back an intent that led to no call; another worker intends it anew."""
    action.state = ActionState.PROPOSED
    bench.journal.change(action, "state")
    bench.journal.enter(EventType.EFFECT_WITHDRAWN, action=str(action.pk), key=action.idempotency_key)
    bench.journal.flush(barrier=True)


def settle(bench: Bench, action: Action, state: ActionState, event: EventType, *, fault: str) -> None:
    """Record an effect that did not end well, and stop.

    Raises:
        StepFailed: always.
    """
    action.state, action.fault = state, fault[:12]
    bench.journal.change(action, "state", "fault")
    bench.journal.enter(event, action=str(action.pk), key=action.idempotency_key, fault=action.fault)
    keep_outcome(bench, action)
    raise StepFailed(f"effect:{action.tool}:{state.lower()}:{action.fault}")


def compose(bench: Bench, state: State) -> dict[str, Any]:
    """Return the answer: the supported claims in their order, masked, each with the passages that carry it."""
    sentences, citations = [], []
    numbers: dict[str, int] = {}
    passages = {document["id"]: document for document in state["passages"]}
    for claim in filter(is_supported, state["claims"]):
        cited = []
        for passage_id in claim["passages"][:3]:
            if passage_id not in numbers:
                numbers[passage_id] = len(numbers) + 1
                known = passages[passage_id]
                citations.append(
                    {
                        "number": numbers[passage_id],
                        "passage": passage_id,
                        "source": known["source"],
                        "title": known["title"],
                        "sha256": known["sha256"],
                    }
                )
            cited.append(numbers[passage_id])
        sentences.append({"text": masked_claim(bench, state, claim), "citations": cited})
    text = " ".join(f"{item['text']} [{']['.join(map(str, item['citations']))}]" for item in sentences)
    return {"text": text, "sentences": sentences, "citations": citations}


def masked_claim(bench: Bench, state: State, claim: dict[str, Any]) -> str:
    """Return a claim's text without what the guardians want masked in it."""
    findings = [
        Finding(
            rule=item["rule"],
            kind=item["kind"],
            part=Part.ANSWER,
            ref="answer",
            span=Span(item["start"], item["end"]),
            score=item["score"],
        )
        for item in state["masks"]
    ]
    return material.masked_claim(
        str(claim["text"]),
        Span(claim["start"], claim["end"]),
        answer=state["draft"]["text"],
        findings=findings,
        key=bench.journal.key.key,
    )


def settle_claims(bench: Bench) -> None:
    """Publish what is supported and withhold the rest, in the last bundle."""
    bundle = ClaimBundle.objects.filter(run=bench.journal.run.pk).order_by("-revision").first()
    claims = Claim.objects.filter(bundle=bundle).order_by("ordinal") if bundle else Claim.objects.none()
    for claim in claims:
        if claim.state == "SUPPORTED":
            claim.publish()
        elif claim.state in {"CONTRADICTED", "INSUFFICIENT", "DISPUTED"}:
            claim.withhold()
        bench.journal.change(claim, "state")
