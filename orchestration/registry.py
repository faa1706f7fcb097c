"""The tools that runs may use: registered by an operator, pinned by definition hash, quarantined when they change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from audit import ledger
from audit.access import require
from audit.actors import Actor
from audit.canonical import JSON
from audit.events import EventType
from audit.roles import Scope
from guardians.toolrisk import Tier, effective_tier
from orchestration.models import Tool, ToolServer
from orchestration.states import ToolState


class Definition(Protocol):
    """A tool as its server describes it."""

    name: str
    description: str
    input_schema: Mapping[str, JSON]
    output_schema: Mapping[str, JSON]
    annotations: Mapping[str, JSON]

    @property
    def hash(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Drift:
    """Names of tools that a discovery found new, changed (now quarantined) or gone."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]


def tools_chain(workspace: UUID | None) -> str:
    return f"tools:{workspace}"


@transaction.atomic
def record_definitions(server_id: UUID, definitions: Sequence[Definition], *, actor: Actor) -> Drift:
    """Compare what a server offers with what is on record; what is new or changed waits for a person."""
    server = ToolServer.objects.select_for_update().get(pk=server_id)
    known = {tool.name: tool for tool in server.tools.select_for_update()}
    new = [d for d in definitions if d.name not in known]
    changed = [d for d in definitions if d.name in known and known[d.name].definition_hash != d.hash]
    gone = [tool for name, tool in known.items() if name not in {d.name for d in definitions} and tool.state != "RETIRED"]
    for definition in new:
        describe(Tool(server=server, name=definition.name), definition).save(force_insert=True)
    for definition in changed:
        tool = describe(known[definition.name], definition)
        tool.state = ToolState.QUARANTINED
        tool.save()
    for tool in gone:
        tool.state = ToolState.RETIRED
        tool.save(update_fields=["state"])
    server.discovered_at = now()
    server.save(update_fields=["discovered_at"])
    drift = Drift(*(tuple(item.name for item in items) for items in (new, changed, gone)))
    if new or changed or gone:
        type_ = EventType.TOOL_QUARANTINED if changed else EventType.TOOL_DISCOVERED
        data: dict[str, JSON] = {
            "server": server.name,
            "new": list(drift.new),
            "changed": list(drift.changed),
            "gone": list(drift.gone),
        }
        ledger.append(ledger.Event(type_, actor, data), chain=tools_chain(server.workspace_id))
    return drift


def describe(tool: Tool, definition: Definition) -> Tool:
    tool.description = definition.description
    tool.input_schema = dict(definition.input_schema)
    tool.output_schema = dict(definition.output_schema)
    tool.annotations = dict(definition.annotations)
    tool.definition_hash = definition.hash
    return tool


@transaction.atomic
def approve_tool(tool_id: UUID, *, tier: Tier, actor: Actor) -> Tool:
    """Let runs use a tool as it is defined now, at this tier or a higher one that its hints call for."""
    require(actor, Scope.TOOLS_WRITE)
    tool = Tool.objects.select_for_update().get(pk=tool_id, server__workspace_id=actor.workspace)
    tool.registered_tier = tier.value
    tool.approved_hash = tool.definition_hash
    tool.state = ToolState.ACTIVE
    tool.save(update_fields=["registered_tier", "approved_hash", "state"])
    data: dict[str, JSON] = {"tool": str(tool), "definition": tool.definition_hash, "tier": tier.name}
    ledger.append(ledger.Event(EventType.TOOL_APPROVED, actor, data), chain=tools_chain(actor.workspace))
    return tool


def usable(tool: Tool) -> bool:
    """Tell whether a person approved the tool as it is defined now, and its server is switched on."""
    return tool.state == ToolState.ACTIVE and tool.approved_hash == tool.definition_hash and tool.server.enabled


def tier_of(tool: Tool) -> Tier:
    registered = Tier(tool.registered_tier) if tool.registered_tier is not None else None
    return effective_tier(registered, tool.annotations, tool.name, tool.input_schema)


def tools_of(workspace: UUID | None) -> dict[str, Tool]:
    """Return the workspace's tools by the name that requests use: ``server/tool``."""
    rows = Tool.objects.filter(server__workspace_id=workspace).select_related("server").order_by("server__name", "name")
    return {f"{tool.server.name}/{tool.name}": tool for tool in rows}
