"""The tools that runs may use: registered by an operator, pinned by definition hash, quarantined when they change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from audit import ledger
from audit.access import require, workspace_of
from audit.actors import Actor
from audit.canonical import JSON
from audit.errors import Conflict, NotFound
from audit.events import EventType
from audit.roles import Scope
from guardians.toolrisk import Tier, effective_tier
from orchestration.models import Tool, ToolServer
from orchestration.states import ToolState


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


@transaction.atomic
def record_definitions(server_id: UUID, definitions: Sequence[Definition], *, actor: Actor) -> Drift:
    """Compare what a server offers with what is on record; what is new or changed waits for a person.

    A tool that was gone and is back exactly as it was approved may be used again at once.
    """
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


@transaction.atomic
def approve_tool(tool_id: UUID, *, tier: Tier, actor: Actor) -> Tool:
    """Let runs use a tool as it is defined now, at this tier or a higher one that its hints call for.

    Raises:
        NotFound: it is not in the actor's workspace.
        Conflict: its server no longer offers it.
    """
    require(actor, Scope.TOOLS_WRITE)
    rows = Tool.objects.select_for_update(of=("self",)).select_related("server")
    tool = rows.filter(pk=tool_id, server__workspace_id=workspace_of(actor)).first()
    if tool is None:
        raise NotFound(f"no tool {tool_id} in this workspace")
    if tool.state == ToolState.RETIRED:
        raise Conflict(f"tool {tool} is no longer offered by its server; it can be approved once it is back")
    tool.registered_tier = tier.value
    tool.approved_hash = tool.definition_hash
    tool.state = ToolState.ACTIVE
    tool.save(update_fields=["registered_tier", "approved_hash", "state"])
    data: dict[str, JSON] = {"tool": str(tool), "definition": tool.definition_hash, "tier": tier.name}
    ledger.append(ledger.Event(EventType.TOOL_APPROVED, actor, data), chain=tools_chain(workspace_of(actor)))
    return tool


def usable(tool: Tool) -> bool:
    """Tell whether a person approved the tool as it is defined now, and its server is switched on."""
    return tool.state == ToolState.ACTIVE and tool.approved_hash == tool.definition_hash and tool.server.enabled


def tier_of(tool: Tool) -> Tier:
    registered = Tier(tool.registered_tier) if tool.registered_tier is not None else None
    return effective_tier(registered, tool.annotations, tool.name, tool.input_schema)


def tools_of(workspace: UUID) -> dict[str, Tool]:
    """Return the workspace's tools by the name that requests use: ``server/tool``."""
    rows = Tool.objects.filter(server__workspace_id=workspace).select_related("server").order_by("server__name", "name")
    return {f"{tool.server.name}/{tool.name}": tool for tool in rows}
