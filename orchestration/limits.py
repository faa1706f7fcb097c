"""What agents may do with tools, and how much of it: the verbs that set it, and the word on one call. Fails closed."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.timezone import now

from audit import ledger
from audit.access import require, workspace_of
from audit.actors import Actor
from audit.canonical import JSON
from audit.errors import Invalid
from audit.events import EventType
from audit.ids import new_id
from audit.roles import Scope
from guardians.argumentroles import Role, arguments_of
from guardians.expressions import ExpressionError, call_language
from guardians.provenance import decimal_of
from orchestration import registry
from orchestration.models import Action, Run, Spending, Tool, ToolBudget, ToolPermission
from orchestration.selection import select

# What the database says when a spending is over its budget (a code of our own, class PB).
SPENT = "PB001"
FORBIDDEN, OVER_BUDGET, NO_AMOUNT = "FORBIDDEN", "OVER_BUDGET", "NO_AMOUNT"


class OverLimit(Exception):
    """A call that may not be made; its text is the code of why, at most 12 characters."""


@transaction.atomic
def permit(permission: ToolPermission, *, actor: Actor) -> ToolPermission:
    """Keep a line of the workspace's allow-list, new or changed.

    Raises:
        Invalid: its condition does not compile, or it is of another workspace.
    """
    check_own(permission, actor=actor)
    data: dict[str, JSON] = {"tier": permission.highest_tier, "condition": permission.condition}
    keep(permission, EventType.TOOL_PERMITTED, data, actor=actor)
    return permission


@transaction.atomic
def set_budget(budget: ToolBudget, *, actor: Actor) -> ToolBudget:
    """Keep a budget, new or changed; what was spent of it before still counts.

    Raises:
        Invalid: it bounds nothing, or it is of another workspace.
    """
    check_own(budget, actor=actor)
    amount = None if budget.amount is None else str(budget.amount)
    data: dict[str, JSON] = {"per": budget.per, "calls": budget.calls, "amount": amount}
    keep(budget, EventType.TOOL_BUDGETED, data, actor=actor)
    return budget


def check_own(row: ToolPermission | ToolBudget, *, actor: Actor) -> None:
    require(actor, Scope.TOOLS_WRITE)
    tool = row.tool
    if row.workspace_id != workspace_of(actor) or (tool and tool.server.workspace_id != row.workspace_id):
        raise Invalid("the line and its tool must be of your own workspace")
    try:
        row.full_clean()
    except ValidationError as error:
        raise Invalid("; ".join(error.messages)) from error


def keep(row: ToolPermission | ToolBudget, type_: EventType, data: Mapping[str, JSON], *, actor: Actor) -> None:
    row.save()
    about = {"id": str(row.pk), "agent": row.agent, "tool": str(row.tool or ""), "enabled": row.enabled}
    ledger.append(ledger.Event(type_, actor, {**about, **data}), chain=registry.tools_chain(row.workspace_id))


def permitted(run: Run, tool: Tool, arguments: Mapping[str, JSON]) -> bool:
    """Tell whether a line in force allows the call; without any line at all the workspace is open."""
    lines = select(ToolPermission, "workspace_id = %s", run.workspace_id)
    return not lines or any(allows(line, run, tool, arguments) for line in lines if line.enabled)


def allows(line: ToolPermission, run: Run, tool: Tool, arguments: Mapping[str, JSON]) -> bool:
    """Tell whether one line allows the call. A condition without an answer allows nothing."""
    tier = registry.tier_of(tool).value
    if line.agent not in {"", run.requested_by} or line.tool_id not in {None, tool.pk} or tier > line.highest_tier:
        return False
    if not line.condition:
        return True
    language = call_language()
    values = {"arguments": dict(arguments), "tool": f"{tool.server.name}/{tool.name}", "tier": tier}
    try:
        return language.compile(line.condition).holds(language.values(values))
    except (ExpressionError, TypeError, ValueError, OverflowError):
        return False


def spendings(run: Run, action: Action, arguments: Mapping[str, JSON]) -> list[Spending]:
    """Return what an action would take of each budget that bounds it, in the order in which they are locked.

    Nothing is taken here: the rows are written with the action's intent, and the database refuses what is over then.

    Raises:
        OverLimit: no line allows it, a budget is used up, or bounds an amount that the call does not name.
    """
    if not permitted(run, action.tool, arguments):
        raise OverLimit(FORBIDDEN)
    found = select(
        ToolBudget,
        "workspace_id = %s AND enabled AND agent IN ('', %s) AND (tool_id IS NULL OR tool_id = %s) ORDER BY id",
        *(run.workspace_id, run.requested_by, action.tool_id),
    )
    return [spending(budget, run, action, arguments) for budget in found]


def spending(budget: ToolBudget, run: Run, action: Action, arguments: Mapping[str, JSON]) -> Spending:
    amount = Decimal(0) if budget.amount is None else amount_of(action.tool, arguments)
    if is_over(budget, run.pk, action.pk, amount):
        raise OverLimit(OVER_BUDGET)
    return Spending(id=new_id(), budget_id=budget.pk, action_id=action.pk, run_id=run.pk, amount=amount)


def is_over(budget: ToolBudget, run: UUID, action: UUID, amount: Decimal) -> bool:
    period = str(run) if budget.per == "RUN" else now().date().isoformat()
    before = budget.spendings.filter(period=period).exclude(action=action)
    taken = before.aggregate(calls=Count("id"), amount=Sum("amount"))
    too_many = budget.calls is not None and taken["calls"] + 1 > budget.calls
    return too_many or (budget.amount is not None and (taken["amount"] or 0) + amount > budget.amount)


def amount_of(tool: Tool, arguments: Mapping[str, JSON]) -> Decimal:
    """Return the sum of a call's amounts; 0 for a tool that takes none.

    Raises:
        OverLimit: the tool takes one, and the call names none that is a number of 0 or more.
    """
    roles = registry.offer_of(tool).roles
    found = [a.value for a in arguments_of(arguments, registered=roles, schema={}) if a.role is Role.AMOUNT]
    placeholders = dict.fromkeys(tool.input_schema.get("properties", {}), 0)
    takes_one = any(a.role is Role.AMOUNT for a in arguments_of(placeholders, registered=roles, schema={}))
    # Requests hold no fractions as numbers, so an amount may be a text (audit.canonical).
    read = [decimal_of(str(value)) for value in found]
    usable = [value for value in read if value is not None and value >= 0]
    if len(usable) < max(len(found), int(takes_one)):
        raise OverLimit(NO_AMOUNT)
    return sum(usable, Decimal(0))
