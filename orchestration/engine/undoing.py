"""When an effect failed for good, what its run did before is undone, where people registered that and allow it."""

from dataclasses import dataclass
from typing import NoReturn

from django.utils.timezone import now
from langgraph.types import interrupt

from audit import canonical
from audit.canonical import JSON
from audit.fields import open_text, seal_text
from audit.ids import new_id
from guardians.toolrisk import ArgumentError, check_arguments
from orchestration import bindings, compensation, decision, registry
from orchestration.compensation import CompensationError, Happened
from orchestration.engine.acting import EffectFailed, act
from orchestration.engine.bench import Bench
from orchestration.engine.deciding import approval_for, arguments_of, void
from orchestration.engine.drafting import StepFailed
from orchestration.models import Action, Approval, Tool
from orchestration.states import ActionKind, ActionState, ApprovalKind, ApprovalState

PLACE = 1000  # compensations stand after all that a request may ask for


@dataclass(slots=True)
class Ends:
    """What the reason of the failed run says."""

    why: str
    undone: list[str]
    left: list[str]

    def reason(self) -> str:
        parts = [self.why]
        if self.undone:
            parts.append(f"compensated: {', '.join(self.undone)}")
        if self.left:
            parts.append(f"not undone: {', '.join(self.left)}")
        return "; ".join(parts)


def undo(bench: Bench, failure: EffectFailed, *, people: int) -> NoReturn:
    """Undo what this run did, last first, each at most once and only as people approved it; then fail.

    Raises:
        StepFailed: always, in the end; it says what was undone and what was not.
        GraphInterrupt: people have to allow it, or to say whether an undoing happened.
    """
    ends = Ends(str(failure), [], [])
    propose(bench, ends, people=people)
    rows = compensations(bench)
    waiting = [row for row in rows if row.state == ActionState.PROPOSED]
    if waiting and (refusal := refusal_of(bench, waiting)):
        ends.left += [f"{row.undoes.tool} ({refusal})" for row in waiting if row.undoes]
        rows = [row for row in rows if row not in waiting]
    carry_out(bench, rows, ends)
    raise StepFailed(ends.reason())


def compensations(bench: Bench) -> list[Action]:
    """Return the actions that undo others, the last that was done first."""
    rows = bench.journal.run.actions.filter(kind=ActionKind.COMPENSATION.value)
    return list(rows.select_related("tool__server", "undoes__tool__server").order_by("-undoes__ordinal"))


def propose(bench: Bench, ends: Ends, *, people: int) -> None:
    """Propose to undo each effect of this run that is done; what cannot be undone is noted with the reason.

    Raises:
        GraphInterrupt: there is something to undo, and people have to allow it.
    """
    new = []
    for done in reversed(bindings.effects_of(bench.journal.run)):
        if done.state != ActionState.DONE or hasattr(done, "undone_by"):
            continue
        try:
            new.append(planned(bench, done))
        except CompensationError as error:
            ends.left.append(f"{done.tool} ({error})")
    if not new:
        return
    bench.journal.add(*new)
    waiting = [row for row in compensations(bench) if row.state == ActionState.PROPOSED]
    every = sorted([*new, *waiting], key=lambda row: row.ordinal)
    parts = bindings.undoing_parts(bench.journal.run, every, key=bench.journal.key)
    reasons = [f"undo:{row.undoes.tool}" for row in every if row.undoes]
    approval = approval_for(bench, ApprovalKind.COMPENSATION, parts=parts, reasons=reasons, people=people)
    bench.journal.flush(barrier=True)
    interrupt({"approval": str(approval.pk)})


def planned(bench: Bench, done: Action) -> Action:
    """Return the action that would undo one that is done.

    Raises:
        CompensationError: none is registered, it changed since, or its arguments are not to be found.
    """
    if done.original_id is not None:
        raise CompensationError("done by another run of the family")
    tool = registry.compensating(done.tool)
    result = open_text(bench.journal.key, done, "result_sealed") if done.result_sealed is not None else ""
    happened = Happened(arguments_of(done, bench), result, done.idempotency_key)
    arguments = compensation.arguments_for(done.tool.compensation_arguments, happened)
    try:
        check_arguments(tool.input_schema, arguments)
    except ArgumentError as error:
        raise CompensationError("the arguments found for its compensation do not fit") from error
    return row_for(bench, done, tool, arguments)


def row_for(bench: Bench, done: Action, tool: Tool, arguments: dict[str, JSON]) -> Action:
    run = bench.journal.run
    text = canonical.encode(arguments).decode()
    row = Action(
        id=new_id(),
        run_id=run.pk,
        tool=tool,
        ordinal=PLACE + done.ordinal,
        kind=ActionKind.COMPENSATION.value,
        undoes=done,
        tier=registry.tier_of(tool).value,
        definition_hash=tool.definition_hash,
        arguments_digest=bench.journal.commitment(text),
        idempotency_key=bench.journal.commitment(f"undo:{done.pk}:{text}"),
    )
    seal_text(bench.journal.key, row, "arguments_sealed", text)
    return row


def refusal_of(bench: Bench, waiting: list[Action]) -> str:
    """Return why people do not let these be undone, or ''. An approval is used up when the first of them begins.

    Raises:
        GraphInterrupt: they have not decided yet.
    """
    run = bench.journal.run
    approval = run.approvals.filter(kind=ApprovalKind.COMPENSATION.value).order_by("-created_at").first()
    if approval is None:
        return "nobody was asked"
    match ApprovalState(approval.state):
        case ApprovalState.PENDING:
            interrupt({"approval": str(approval.pk)})
            return "undecided"
        case ApprovalState.APPROVED if approval.used_at is not None:
            return ""  # a worker that died while it carried this out: each row says how far it came
        case ApprovalState.APPROVED:
            return use(bench, approval, waiting)
        case ApprovalState.REJECTED | ApprovalState.EXPIRED | ApprovalState.VOID:
            return f"approval {approval.state.lower()}"


def use(bench: Bench, approval: Approval, waiting: list[Action]) -> str:
    """Use an approval up; it is void where what it was given for is no longer what would be called."""
    run = bench.journal.run
    rows = sorted(waiting, key=lambda row: row.ordinal)
    parts = bindings.undoing_parts(run, rows, key=bench.journal.key)
    tools = bindings.changed_tools(rows, registry.tools_of(run.workspace_id))
    changes = (*decision.differing(approval.parts, parts), *tools)
    if changes:
        void(bench, approval, changes)
    approval.used_at = now()
    bench.journal.change(approval, "used_at")
    bench.journal.flush(barrier=True)
    return f"approval void: {', '.join(changes)}" if changes else ""


def carry_out(bench: Bench, rows: list[Action], ends: Ends) -> None:
    """Call what undoes, in order; after one that failed the earlier ones stay, since they may rest on it."""
    for place, row in enumerate(rows):
        name = str(row.undoes.tool) if row.undoes else str(row.tool)
        try:
            act(bench, row)
        except EffectFailed as failed:
            ends.left.append(f"{name} ({failed})")
            ends.left += [f"{later.undoes.tool} (came after it)" for later in rows[place + 1 :] if later.undoes]
            return
        ends.undone.append(name)
