"""DECISION: publish, publish in part, refuse, or let people decide; and what their word is bound to."""

import datetime as dt
import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.timezone import now

from audit import canonical
from audit.events import EventType
from audit.fields import open_text, seal_text
from audit.ids import new_id
from evidence.verdicts import Outcome, Verdict
from guardians.guardian import Ballot
from guardians.toolrisk import ArgumentError, Tier, check_arguments
from orchestration import decision, registry
from orchestration.decision import ActionRisk, Decided, Grounds
from orchestration.engine import relatives
from orchestration.engine.bench import Bench, State
from orchestration.models import Action, Approval, Tool
from orchestration.requests import ProposedAction
from orchestration.states import ActionState, ApprovalState, Decision


def decide(bench: Bench, state: State) -> State:
    """Return the decision. ESCALATE leaves the run in DECISION with an approval that people answer."""
    actions = [plan_action(bench, asked, ordinal=n) for n, asked in enumerate(bench.request.actions)]
    grounds = grounds_from(state["grounds"])
    decided = decision.decide(grounds, [risk_of(action) for action in actions])
    decided_json = {"decision": decided.decision.value, "reasons": list(decided.reasons), "people": decided.people}
    bench.journal.enter(
        EventType.RUN_DECIDED,
        decision=decided.decision.value,
        reasons=list(decided.reasons),
        people=decided.people,
        policy=bench.parts.policy_hash,
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
    )


def plan_action(bench: Bench, asked: ProposedAction, *, ordinal: int) -> dict[str, Any]:
    """Return the action that a request asks for, with its tier; a tool that may not be used is marked refused."""
    tool = registry.tools_of(bench.journal.run.workspace_id).get(asked.tool)
    if tool is None:
        return {"tool": asked.tool, "tier": 4, "refused": "unknown_tool", "arguments": {}}
    arguments = dict(asked.arguments)
    refused = "" if registry.usable(tool) else f"tool_{tool.state.lower()}"
    try:
        check_arguments(tool.input_schema, arguments)
    except ArgumentError:
        refused = "arguments_do_not_fit"
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
        "definition": tool.definition_hash,
        "arguments": arguments,
        "digest": row.arguments_digest,
    }


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
    return ActionRisk(tool=action["tool"], tier=Tier(action["tier"]), refused=action["refused"])


def binding_of(bench: Bench, state: State, actions: list[dict[str, Any]]) -> str:
    """Return the hash of exactly what an approver is shown: answer, verdicts, evidence, actions and policy."""
    return decision.binding(
        run=bench.journal.thread,
        answer=bench.journal.commitment(state["draft"]["text"]),
        claims=[
            {"text": bench.journal.commitment(c["text"]), "verdict": c["verdict"], "evidence": c["evidence"]}
            for c in state["claims"]
        ],
        actions=[{name: action[name] for name in ("tool", "definition", "digest", "tier")} for action in actions],
        policy_hash=bench.parts.policy_hash,
        material=state["grounds"]["material"],
    )


def ask_people(bench: Bench, state: State, decided: Decided, actions: list[dict[str, Any]]) -> dict[str, Any]:
    run = bench.journal.run
    binding = binding_of(bench, state, actions)
    expires = now() + dt.timedelta(minutes=settings.PROMETHEUS_APPROVAL_MINUTES)
    approval = Approval(
        id=new_id(),
        run_id=run.pk,
        workspace_id=run.workspace_id,
        binding=binding,
        reasons=list(decided.reasons),
        quorum=decided.people,
        requested_by=run.requested_by,
        expires_at=expires,
    )
    bench.journal.add(approval)
    bench.journal.enter(EventType.APPROVAL_REQUESTED, approval=str(approval.pk), binding=binding, quorum=decided.people)
    # The run waits for a person: no due time, so that no worker takes it up until somebody has decided.
    bench.journal.set(decision=Decision.ESCALATE, reason=shown(decided), due_at=None)
    bench.journal.barrier = True
    return {"id": str(approval.pk), "binding": binding}


def resume(bench: Bench, state: State, word: dict[str, Any]) -> State:
    """Take up what people decided: go on if it was approved and still is what they saw, else refuse."""
    approval = Approval.objects.get(pk=UUID(state["approval"]["id"]))
    granted = word.get("state") == ApprovalState.APPROVED and approval.state == ApprovalState.APPROVED
    unchanged = binding_of(bench, state, state["actions"]) == approval.binding
    outcome = "approved" if granted and unchanged and approval.used_at is None else "not_approved"
    if granted and not unchanged:
        outcome = "approval_void"
        approval.void()
        bench.journal.change(approval, "state")
    approval.used_at = now()
    bench.journal.change(approval, "used_at")
    bench.journal.enter(EventType.RUN_RESUMED, approval=str(approval.pk), state=approval.state, outcome=outcome)
    if outcome == "approved":
        published = decision.published(Outcome(state["grounds"]["outcome"]))
        bench.journal.move("execute", barrier=True, decision=published)
    else:
        bench.journal.set(reason=f"approval:{approval.state.lower()}" if outcome == "not_approved" else outcome)
        bench.journal.move("refuse", barrier=True)
    return {"approval": {**state["approval"], "outcome": outcome}}


def is_supported(claim: dict[str, Any]) -> bool:
    return bool(claim["verdict"] == Verdict.SUPPORTED)


def arguments_of(action: Action, bench: Bench) -> dict[str, Any]:
    opened: dict[str, Any] = json.loads(open_text(bench.journal.key, action, "arguments_sealed"))
    return opened
