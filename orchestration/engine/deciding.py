"""DECISION: publish, publish in part, refuse, or let people decide; and what their word is bound to."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.timezone import now

from audit import canonical
from audit.events import EventType
from audit.fields import open_text, seal_text
from audit.ids import new_id
from evidence.verdicts import Outcome, Verdict
from guardians import callrisk
from guardians.callrisk import Context, Why
from guardians.guardian import Ballot
from guardians.toolrisk import ArgumentError, Tier, check_arguments
from orchestration import bindings, decision, limits, registry
from orchestration.decision import ActionRisk, Decided, Grounds
from orchestration.engine import relatives
from orchestration.engine.bench import Bench, State
from orchestration.engine.gathering import check_server, context_of
from orchestration.models import Action, Approval, Tool
from orchestration.requests import ProposedAction
from orchestration.states import ActionState, ApprovalKind, ApprovalState, Decision


def decide(bench: Bench, state: State) -> State:
    """Return the decision. ESCALATE leaves the run in DECISION with an approval that people answer."""
    context = context_of(bench, state)
    actions = [plan_action(bench, context, asked, ordinal=n) for n, asked in enumerate(bench.request.actions)]
    grounds = grounds_from(state["grounds"])
    decided = decision.decide(grounds, [risk_of(action) for action in actions])
    decided_json = {"decision": decided.decision.value, "reasons": list(decided.reasons), "people": decided.people}
    bench.journal.enter(
        EventType.RUN_DECIDED,
        decision=decided.decision.value,
        reasons=list(decided.reasons),
        people=decided.people,
        policy=bench.parts.policy_hash,
        actions=[decision.action_document(risk_of(action)) for action in actions],
    )
    approval: dict[str, Any] = {}
    match decided.decision:
        case Decision.REFUSE:
            refuse(bench, decided)
        case Decision.ESCALATE:
            approval = ask_people(bench, state, decided, actions)
        case Decision.PUBLISH | Decision.PUBLISH_PARTIAL:
            bench.journal.move("execute", barrier=True, decision=decided.decision, reason=shown(decided))
    return {"decided": decided_json, "actions": actions, "approval": approval}


def shown(decided: Decided) -> str:
    return "; ".join(decided.reasons)[:300]


def refuse(bench: Bench, decided: Decided) -> None:
    bench.journal.set(reason=shown(decided))
    bench.journal.move("refuse", barrier=True)


def grounds_from(document: dict[str, Any]) -> Grounds:
    return Grounds(
        outcome=Outcome(document["outcome"]),
        disputed=document["disputed"],
        ballot=Ballot(document["ballot"]),
        reasons=tuple(document["reasons"]),
        people=document["people"],
        read_only=document.get("read_only", False),
    )


def doubts_about(context: Context, tool: Tool, arguments: Mapping[str, Any]) -> list[str]:
    """Return why a person has to look at a call, as codes: which argument, what it decides, and where it stands."""
    found = callrisk.judge(context, registry.offer_of(tool), arguments, name=tool.name, person_from=Tier.PRIVILEGE)
    return [code_of(reason) for reason in found.reasons if reason.why not in {Why.TIER, Why.MISFIT}]


def code_of(reason: callrisk.Reason) -> str:
    place = f"{reason.span.start}-{reason.span.end}" if reason.span else ""
    return ":".join((reason.why, reason.argument, reason.role, place, reason.label))


def plan_action(bench: Bench, context: Context, asked: ProposedAction, *, ordinal: int) -> dict[str, Any]:
    """Return the action that a request asks for, with its tier; a tool that may not be used is marked refused."""
    tool = registry.tools_of(bench.journal.run.workspace_id).get(asked.tool)
    if tool is None:
        return {"tool": asked.tool, "tier": 4, "refused": "unknown_tool", "arguments": {}}
    arguments = dict(asked.arguments)
    refused = refusal_of(bench, tool, arguments)
    row = action_row(bench, tool, arguments, ordinal=ordinal, refused=bool(refused))
    earlier = relatives.elsewhere(row)
    if earlier is not None and earlier.state == ActionState.DONE and not refused:
        relatives.take_over(bench.journal, row, earlier)
    bench.journal.add(row)
    return {
        "id": str(row.pk),
        "tool": asked.tool,
        "tier": row.tier,
        "refused": refused,
        "doubts": [] if refused else doubts_about(context, tool, arguments),
        "definition": tool.definition_hash,
        "arguments": arguments,
        "digest": row.arguments_digest,
    }


def refusal_of(bench: Bench, tool: Tool, arguments: Mapping[str, Any]) -> str:
    """Return why a tool may not be called with these arguments, or ''."""
    try:
        check_arguments(tool.input_schema, arguments)
    except ArgumentError:
        return "arguments_do_not_fit"
    if not registry.usable(tool):
        return f"tool_{tool.state.lower()}"
    return "" if limits.permitted(bench.journal.run, tool, arguments) else "not_permitted"


def action_row(bench: Bench, tool: Tool, arguments: dict[str, Any], *, ordinal: int, refused: bool) -> Action:
    run = bench.journal.run
    text = canonical.encode(arguments).decode()
    # Stable over retries of the step, different for every run and place: the server can recognise a repeat.
    key = bench.journal.commitment(f"{run.pk}:{ordinal}:{text}")
    row = Action(
        id=new_id(),
        run_id=run.pk,
        tool_id=tool.pk,
        ordinal=ordinal,
        state=(ActionState.REFUSED if refused else ActionState.PROPOSED).value,
        tier=registry.tier_of(tool).value,
        definition_hash=tool.definition_hash,
        arguments_digest=bench.journal.commitment(text),
        idempotency_key=key,
        effect=relatives.effect_of(run, ordinal=ordinal, tool=str(tool.pk), arguments=text),
    )
    seal_text(bench.journal.key, row, "arguments_sealed", text)
    return row


def risk_of(action: dict[str, Any]) -> ActionRisk:
    doubts = tuple(action.get("doubts", ()))
    return ActionRisk(tool=action["tool"], tier=Tier(action["tier"]), refused=action["refused"], doubts=doubts)


def parts_of(bench: Bench, state: State, actions: list[dict[str, Any]]) -> dict[str, str]:
    """Return the hashes of exactly what an approver is shown: answer, verdicts, evidence, actions and policy."""
    return decision.parts(
        run=bench.journal.thread,
        answer=bench.journal.commitment(state["draft"]["text"]),
        claims=[
            decision.bound_claim(text=bench.journal.commitment(c["text"]), verdict=c["verdict"], evidence=c["evidence"])
            for c in state["claims"]
        ],
        actions=[
            decision.bound_action(**{name: action[name] for name in ("tool", "definition", "digest", "tier")})
            for action in actions
        ],
        policy_hash=bench.parts.policy_hash,
        material=state["grounds"]["material"],
    )


def ask_people(bench: Bench, state: State, decided: Decided, actions: list[dict[str, Any]]) -> dict[str, Any]:
    parts = parts_of(bench, state, actions)
    approval = approval_for(bench, ApprovalKind.DECISION, parts=parts, reasons=decided.reasons, people=decided.people)
    bench.journal.set(decision=Decision.ESCALATE, reason=shown(decided))
    return {"id": str(approval.pk), "binding": approval.binding}


def approval_for(
    bench: Bench, kind: ApprovalKind, *, parts: dict[str, str], reasons: Sequence[str], people: int
) -> Approval:
    """Ask people, and let the run wait for them: without a due time no worker takes it up until somebody decided."""
    run = bench.journal.run
    approval = Approval(
        id=new_id(),
        run_id=run.pk,
        workspace_id=run.workspace_id,
        kind=kind.value,
        binding=decision.bound_to(parts),
        parts=parts,
        reasons=list(reasons),
        quorum=people,
        requested_by=run.requested_by,
        expires_at=now() + dt.timedelta(minutes=settings.PROMETHEUS_APPROVAL_MINUTES),
    )
    bench.journal.add(approval)
    bench.journal.enter(
        EventType.APPROVAL_REQUESTED,
        approval=str(approval.pk),
        kind=kind.value,
        binding=approval.binding,
        quorum=people,
    )
    bench.journal.set(due_at=None)
    bench.journal.barrier = True
    return approval


def resume(bench: Bench, state: State, word: dict[str, Any]) -> State:
    """Take up what people decided: go on if it was approved and nothing of it changed, else ask anew or refuse."""
    approval = Approval.objects.get(pk=UUID(state["approval"]["id"]))
    granted = word.get("state") == ApprovalState.APPROVED and approval.state == ApprovalState.APPROVED
    changes = changes_since(bench, state, approval) if granted else ()
    if granted and changes:
        void(bench, approval, changes)
    approval.used_at = now()
    bench.journal.change(approval, "used_at")
    outcome = "approval_void" if changes else "approved" if granted else "not_approved"
    bench.journal.enter(EventType.RUN_RESUMED, approval=str(approval.pk), state=approval.state, outcome=outcome)
    if changes:
        return after_change(bench, state, approval, changes)
    if granted:
        published = decision.published(Outcome(state["grounds"]["outcome"]))
        bench.journal.move("execute", barrier=True, decision=published)
    else:
        bench.journal.set(reason=f"approval:{approval.state.lower()}")
        bench.journal.move("refuse", barrier=True)
    return {"approval": {**state["approval"], "outcome": outcome}}


def changes_since(bench: Bench, state: State, approval: Approval) -> tuple[str, ...]:
    """Return what is not as it was when people were asked, as codes; servers are asked for their definitions anew."""
    run, key = bench.journal.run, bench.journal.key
    actions = bindings.effects_of(run)
    for server in {action.tool.server.pk: action.tool.server for action in actions}.values():
        check_server(server, bench.parts.bridge, bench.watch)
    stored = decision.differing(approval.parts, bindings.parts_now(run, key=key))
    held = decision.differing(approval.parts, parts_of(bench, state, state["actions"]))
    evidence = ("evidence",) if bindings.tampered_evidence(run, key=key) else ()
    bound = () if decision.bound_to(approval.parts) == approval.binding else ("binding",)
    tools = bindings.changed_tools(actions, registry.tools_of(run.workspace_id))
    return tuple(dict.fromkeys((*stored, *held, *evidence, *bound, *tools)))


def void(bench: Bench, approval: Approval, changes: Sequence[str]) -> None:
    """Record that an approval no longer stands, and what changed."""
    approval.void()
    approval.changed = list(changes)
    bench.journal.change(approval, "state", "changed")
    bench.journal.enter(EventType.APPROVAL_VOIDED, approval=str(approval.pk), changed=list(changes))


def after_change(bench: Bench, state: State, approval: Approval, changes: Sequence[str]) -> State:
    """Ask anew when only tools changed: what was judged still stands. When that changed, nobody can be asked."""
    judged = [change for change in changes if not change.startswith("tool:")]
    if judged:
        bench.journal.set(reason=f"approval_void:{','.join(judged)}"[:300])
        bench.journal.move("refuse", barrier=True)
        return {"approval": {**state["approval"], "outcome": "approval_void"}}
    actions = planned_again(bench, state)
    decided = decision.decide(grounds_from(state["grounds"]), [risk_of(action) for action in actions])
    again: dict[str, Any] = {"decision": decided.decision.value, "reasons": list(decided.reasons)}
    if decided.decision is Decision.REFUSE:
        refuse(bench, decided)
        known = {**state["approval"], "outcome": "approval_void"}
        return {"actions": actions, "decided": {**again, "people": 0}, "approval": known}
    reasons = (*(f"changed:{change}" for change in changes), *doubts(decided))
    people = max(1, decided.people, approval.quorum)
    asked = ask_people(bench, state, Decided(Decision.ESCALATE, reasons, people), actions)
    return {"actions": actions, "approval": {**asked, "outcome": "asked_again"}}


def doubts(decided: Decided) -> tuple[str, ...]:
    return decided.reasons if decided.decision is Decision.ESCALATE else ()


def planned_again(bench: Bench, state: State) -> list[dict[str, Any]]:
    """Return the actions with their tools as they are now, and write it to their rows. Nothing of them was begun."""
    tools = registry.tools_of(bench.journal.run.workspace_id)
    rows = {str(row.pk): row for row in bindings.effects_of(bench.journal.run)}
    context = context_of(bench, state)
    return [replanned(bench, context, planned, rows[planned["id"]], tools) for planned in state["actions"]]


def replanned(
    bench: Bench, context: Context, planned: dict[str, Any], row: Action, tools: Mapping[str, Tool]
) -> dict[str, Any]:
    tool = tools.get(planned["tool"])
    if tool is None or row.state != ActionState.PROPOSED:
        return planned if tool else {**planned, "refused": "unknown_tool"}
    refused = refusal_of(bench, tool, planned["arguments"])
    doubts = [] if refused else doubts_about(context, tool, planned["arguments"])
    row.definition_hash, row.tier = tool.definition_hash, registry.tier_of(tool).value
    row.state = (ActionState.REFUSED if refused else ActionState.PROPOSED).value
    bench.journal.change(row, "definition_hash", "tier", "state")
    return {**planned, "definition": row.definition_hash, "tier": row.tier, "refused": refused, "doubts": doubts}


def is_supported(claim: dict[str, Any]) -> bool:
    return bool(claim["verdict"] == Verdict.SUPPORTED)


def arguments_of(action: Action, bench: Bench) -> dict[str, Any]:
    opened: dict[str, Any] = json.loads(open_text(bench.journal.key, action, "arguments_sealed"))
    return opened
