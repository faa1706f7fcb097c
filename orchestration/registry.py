"""The tools that runs may use: registered by an operator, pinned by definition hash, quarantined when they change."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from audit import ledger
from audit.access import require, workspace_of
from audit.actors import Actor
from audit.canonical import JSON, CanonicalError
from audit.errors import Conflict, Invalid, NotFound
from audit.events import EventType
from audit.roles import Scope
from guardians import callrisk, definitions
from guardians.argumentroles import Role
from guardians.callfile import roles_of
from guardians.callrisk import Context, Offer
from guardians.toolrisk import Tier, effective_tier
from orchestration import compensation
from orchestration.compensation import CompensationError
from orchestration.models import Tool, ToolServer
from orchestration.selection import one, select
from orchestration.states import ToolState

# Every run discovers; that nothing changed is noted so often.
NOTED_EVERY = dt.timedelta(minutes=1)


class ToolChanged(Conflict):
    """What the operator saw is not how the tool is defined now."""


class Definition(Protocol):
    """A tool as its server describes it."""

    @property
    def name(self) -> str: ...

    @property
    def description(self) -> str: ...

    @property
    def input_schema(self) -> Mapping[str, JSON]: ...

    @property
    def output_schema(self) -> Mapping[str, JSON]: ...

    @property
    def annotations(self) -> Mapping[str, JSON]: ...

    @property
    def hash(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Drift:
    """Names of tools that a discovery found new or back, changed (now quarantined), or gone."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]


def tools_chain(workspace: UUID) -> str:
    return f"tools:{workspace}"


def record_definitions(server_id: UUID, definitions: Sequence[Definition], *, actor: Actor) -> Drift:
    """Compare what a server offers with what is on record; what is new or changed waits for a person.

    A tool that was gone and is back exactly as it was approved may be used again at once.
    """
    if on_record(server_id, definitions):
        return Drift((), (), ())
    return record_changes(server_id, definitions, actor=actor)


def on_record(server_id: UUID, definitions: Sequence[Definition]) -> bool:
    """Tell whether a server offers just what is on record, and a discovery was noted a short while ago."""
    noted = one(ToolServer, server_id).discovered_at
    if noted is None or noted < now() - NOTED_EVERY:
        return False
    known = tools_at([server_id])
    held = {(tool.name, tool.definition_hash) for tool in known if tool.state != ToolState.RETIRED}
    return held == {(definition.name, definition.hash) for definition in definitions}


@transaction.atomic
def record_changes(server_id: UUID, definitions: Sequence[Definition], *, actor: Actor) -> Drift:
    """Bring what is on record to what a server offers, under a lock."""
    server = ToolServer.objects.select_for_update().get(pk=server_id)
    known = {tool.name: tool for tool in server.tools.select_for_update()}
    offered = {definition.name: definition for definition in definitions}
    new = [describe(Tool(server=server, name=name), d) for name, d in offered.items() if name not in known]
    back = [tool for name, tool in known.items() if name in offered and tool.state == ToolState.RETIRED]
    changed = [t for name, t in known.items() if name in offered and t.definition_hash != offered[name].hash]
    gone = [tool for name, tool in known.items() if name not in offered and tool.state != ToolState.RETIRED]
    for tool in back:
        tool.state = ToolState.ACTIVE if tool.approved_hash == offered[tool.name].hash else ToolState.QUARANTINED
    for tool in changed:
        describe(tool, offered[tool.name]).state = ToolState.QUARANTINED
    for tool in gone:
        tool.state = ToolState.RETIRED
    for tool in {tool.name: tool for tool in (*new, *back, *changed, *gone)}.values():
        tool.save()
    server.discovered_at = now()
    server.save(update_fields=["discovered_at"])
    drift = Drift(names_of([*new, *back]), names_of(changed), names_of(gone))
    record_drift(server, drift, actor=actor)
    return drift


def names_of(tools: Sequence[Tool]) -> tuple[str, ...]:
    return tuple(tool.name for tool in tools)


def record_drift(server: ToolServer, drift: Drift, *, actor: Actor) -> None:
    if not (drift.new or drift.changed or drift.gone):
        return
    type_ = EventType.TOOL_QUARANTINED if drift.changed else EventType.TOOL_DISCOVERED
    data: dict[str, JSON] = {
        "server": server.name,
        "new": list(drift.new),
        "changed": list(drift.changed),
        "gone": list(drift.gone),
    }
    ledger.append(ledger.Event(type_, actor, data), chain=tools_chain(server.workspace_id))


def describe(tool: Tool, definition: Definition) -> Tool:
    tool.description = definition.description
    tool.input_schema = dict(definition.input_schema)
    tool.output_schema = dict(definition.output_schema)
    tool.annotations = dict(definition.annotations)
    tool.definition_hash = definition.hash
    return tool


def tool_in(tool_id: UUID, *, actor: Actor, lock: bool = False) -> Tool:
    """Return the tool if it is in the actor's workspace.

    Raises:
        NotFound: it is not there, or in another workspace: the two are not told apart.
    """
    rows = Tool.objects.select_related("server")
    if lock:
        rows = rows.select_for_update(of=("self",))
    tool = rows.filter(pk=tool_id, server__workspace_id=workspace_of(actor)).first()
    if tool is None:
        raise NotFound(f"no tool {tool_id} in this workspace")
    return tool


def found_tool(tool_id: UUID, *, actor: Actor, seen: str) -> Tool:
    """Return the tool to write to, locked.

    Raises:
        NotFound: it is not in the actor's workspace.
        ToolChanged: it is no longer as it was shown.
    """
    require(actor, Scope.TOOLS_WRITE)
    tool = tool_in(tool_id, actor=actor, lock=True)
    if seen != tool.definition_hash:
        raise ToolChanged(f"tool {tool} is defined otherwise now (hash {tool.definition_hash[:12]}…); read it again")
    return tool


@transaction.atomic
def approve_tool(
    tool_id: UUID, *, tier: Tier, seen: str, actor: Actor, roles: Mapping[str, object] | None = None
) -> Tool:
    """Let runs use a tool as the operator saw it, at this tier or a higher one that its hints call for.

    What Safety finds in the definition does not keep it from being approved; the ledger keeps that it was found.

    Args:
        seen: the definition hash of what the operator was shown.
        roles: what its arguments decide, by name; those that are left out are guessed. None: as they were.

    Raises:
        NotFound: it is not in the actor's workspace.
        ToolChanged: its definition is no longer the one that was seen.
        Conflict: its server no longer offers it.
        Invalid: a role is none.
    """
    tool = found_tool(tool_id, actor=actor, seen=seen)
    if tool.state == ToolState.RETIRED:
        raise Conflict(f"tool {tool} is no longer offered by its server; it can be approved once it is back")
    tool.registered_tier = tier.value
    tool.approved_hash = seen
    tool.state = ToolState.ACTIVE
    if roles is not None:
        tool.argument_roles = {name: role.value for name, role in roles_of(roles).items()}
    tool.save(update_fields=["registered_tier", "approved_hash", "state", "argument_roles"])
    data: dict[str, JSON] = {"tool": str(tool), "definition": tool.definition_hash, "tier": tier.name}
    if tool.argument_roles:
        data["roles"] = dict(tool.argument_roles)
    remarks = {remark.finding.rule for remark in definitions.remarks_on(definition_of(tool))}
    if remarks:
        data["remarks"] = sorted(remarks)
    ledger.append(ledger.Event(EventType.TOOL_APPROVED, actor, data), chain=tools_chain(workspace_of(actor)))
    return tool


def definition_of(tool: Tool) -> dict[str, JSON]:
    """Return all that the definition's hash covers but the name."""
    return {
        "description": tool.description,
        "input_schema": tool.input_schema,
        "output_schema": tool.output_schema,
        "annotations": tool.annotations,
    }


def roles_in(tool: Tool) -> dict[str, Role]:
    """Return what the tool's arguments decide, as an operator registered it."""
    return {name: Role(role) for name, role in tool.argument_roles.items()}


def usable(tool: Tool) -> bool:
    """Tell whether a person approved the tool as it is defined now, and its server is switched on."""
    return tool.state == ToolState.ACTIVE and tool.approved_hash == tool.definition_hash and tool.server.enabled


def tier_of(tool: Tool) -> Tier:
    registered = Tier(tool.registered_tier) if tool.registered_tier is not None else None
    return effective_tier(registered, tool.annotations, tool.name, tool.input_schema)


def offer_of(tool: Tool) -> Offer:
    """Return a tool as calls of it are judged."""
    return Offer(
        name=tool.name,
        description=tool.description,
        input_schema=tool.input_schema,
        annotations=tool.annotations,
        tier=Tier(tool.registered_tier) if tool.registered_tier is not None else None,
        roles=roles_in(tool),
    )


def tools_of(workspace: UUID) -> dict[str, Tool]:
    """Return the workspace's tools by the name that requests use: ``server/tool``."""
    servers = {server.pk: server for server in servers_of(workspace)}
    found: dict[str, Tool] = {}
    for tool in tools_at(tuple(servers)):
        tool.server = servers[tool.server_id]
        found[f"{tool.server.name}/{tool.name}"] = tool
    return dict(sorted(found.items()))


def tools_at(servers: Sequence[UUID]) -> list[Tool]:
    return select(Tool, "server_id = ANY(%s)", list(servers))


def servers_of(workspace: UUID) -> list[ToolServer]:
    """Return the workspace's tool servers by name, those that are switched off too."""
    return select(ToolServer, "workspace_id = %s ORDER BY name", workspace)


@transaction.atomic
def register_compensation(tool_id: UUID, *, by: UUID, arguments: object, seen: str, seen_by: str, actor: Actor) -> Tool:
    """Name the tool that undoes a call of this one, and how its arguments are found (compensation.check).

    What is registered is pinned: when one of the two tools changes, nothing is undone by it until this is said again.

    Args:
        seen, seen_by: the definition hashes of the two tools as the operator was shown them.

    Raises:
        NotFound: one of them is not in the actor's workspace.
        ToolChanged: one of them is no longer as it was shown.
        Conflict: one of them may not be used, or both are the same.
        Invalid: the arguments are no such mapping.
    """
    tool, undoing = found_tool(tool_id, actor=actor, seen=seen), found_tool(by, actor=actor, seen=seen_by)
    if tool.pk == undoing.pk:
        raise Conflict(f"tool {tool} cannot undo itself; name another one")
    unusable = [str(known) for known in (tool, undoing) if not usable(known)]
    if unusable:
        raise Conflict(f"{' and '.join(unusable)} may not be used; approve it first")
    try:
        tool.compensated_by, tool.compensation_arguments = undoing, compensation.check(arguments)
        tool.compensation_hash = pinned(tool, undoing)
    except (CompensationError, CanonicalError) as error:
        raise Invalid(str(error)) from error
    tool.save(update_fields=["compensated_by", "compensation_arguments", "compensation_hash"])
    data: dict[str, JSON] = {"tool": str(tool), "by": str(undoing), "pinned": tool.compensation_hash}
    ledger.append(ledger.Event(EventType.TOOL_COMPENSATION, actor, data), chain=tools_chain(workspace_of(actor)))
    return tool


@transaction.atomic
def withdraw_compensation(tool_id: UUID, *, seen: str, actor: Actor) -> Tool:
    """Let nothing undo a call of this tool any more. What people were already asked to undo stays theirs to decide.

    No definition has to be as it was, so that what a changed or vanished tool undoes can be withdrawn too.

    Args:
        seen: the hash of what is registered (Tool.compensation_hash), as the operator was shown it.

    Raises:
        NotFound: the tool is not in the actor's workspace.
        Conflict: nothing is registered, or no longer what was seen.
    """
    require(actor, Scope.TOOLS_WRITE)
    tool = tool_in(tool_id, actor=actor, lock=True)
    if tool.compensated_by is None:
        raise Conflict(f"no compensation of tool {tool} is registered; there is nothing to withdraw")
    if seen != tool.compensation_hash:
        raise Conflict(f"another compensation of tool {tool} is registered now; read it again")
    data: dict[str, JSON] = {"tool": str(tool), "by": str(tool.compensated_by), "pinned": tool.compensation_hash}
    tool.compensated_by, tool.compensation_arguments, tool.compensation_hash = None, {}, ""
    tool.save(update_fields=["compensated_by", "compensation_arguments", "compensation_hash"])
    event = ledger.Event(EventType.TOOL_COMPENSATION_WITHDRAWN, actor, data)
    ledger.append(event, chain=tools_chain(workspace_of(actor)))
    return tool


def pinned(tool: Tool, undoing: Tool) -> str:
    return compensation.pinned(
        definition=tool.definition_hash, by=undoing.definition_hash, mapping=tool.compensation_arguments
    )


def compensating(tool: Tool) -> Tool:
    """Return the tool that undoes a call of this one, as a person approved it.

    Raises:
        CompensationError: none is registered, or something changed since.
    """
    undoing = tool.compensated_by
    if undoing is None:
        raise CompensationError("no compensation is registered")
    if pinned(tool, undoing) != tool.compensation_hash or not usable(undoing):
        raise CompensationError("its compensation changed since it was registered")
    return undoing


def policy_facts(tool: Tool | None, context: Context, arguments: Mapping[str, JSON]) -> dict[str, object]:
    """Return what the policy packs are told of a call: its server's facts as an operator stated them, and our own.

    What nobody stated is left out, and counts as the worst.
    """
    if tool is None:
        return {}
    tier = tier_of(tool)
    called = callrisk.call_facts(context, offer_of(tool), arguments)
    own = {"risk": tier.value, "schema_changed": not usable(tool), **called}
    return {"writes": tier is not Tier.READ_ONLY, **tool.server.policy_facts, **own}
