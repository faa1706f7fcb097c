"""The admin of runs and of the tools they may use."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from audit.admin import KeptAdmin, ReadOnlyAdmin, actor_in_admin
from audit.errors import Problem
from guardians.toolrisk import Tier
from orchestration import registry
from orchestration.models import (
    Action,
    Approval,
    ApprovalVote,
    Checkpoint,
    CheckpointBlob,
    CheckpointWrite,
    Draft,
    Restore,
    Run,
    Tool,
    ToolCall,
    ToolServer,
)


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ["id", "state", "decision", "stakes", "kind", "supported", "withheld", "created_at"]
    list_filter = ["state", "decision", "stakes"]
    search_fields = ["id"]


@admin.register(Draft)
class DraftAdmin(ReadOnlyAdmin):
    list_display = ["run_id", "revision", "provider", "model", "created_at"]
    search_fields = ["run"]


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    list_display = ["thread", "step", "source", "checkpoint_id", "created_at"]
    fields = ["thread", "namespace", "checkpoint_id", "parent_id", "step", "source", "created_at"]
    search_fields = ["thread"]


@admin.register(CheckpointBlob)
class CheckpointBlobAdmin(ReadOnlyAdmin):
    list_display = ["thread", "channel", "version"]
    fields = ["thread", "namespace", "channel", "version"]
    search_fields = ["thread"]


@admin.register(CheckpointWrite)
class CheckpointWriteAdmin(ReadOnlyAdmin):
    list_display = ["thread", "checkpoint_id", "channel", "idx"]
    fields = ["thread", "namespace", "checkpoint_id", "task_id", "idx", "channel"]
    search_fields = ["thread"]


@admin.register(ToolCall)
class ToolCallAdmin(ReadOnlyAdmin):
    list_display = ["run_id", "tool", "fault", "elapsed_us", "created_at"]
    list_select_related = ["tool__server"]
    search_fields = ["run"]


@admin.register(Action)
class ActionAdmin(ReadOnlyAdmin):
    list_display = ["run_id", "tool", "state", "tier", "fault"]
    list_filter = ["state"]
    list_select_related = ["tool__server"]
    search_fields = ["run"]


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = ["run_id", "state", "quorum", "requested_by", "created_at", "expires_at"]
    list_filter = ["state"]
    search_fields = ["run"]


@admin.register(ApprovalVote)
class ApprovalVoteAdmin(ReadOnlyAdmin):
    list_display = ["approval", "actor", "approve", "created_at"]
    list_select_related = ["approval"]
    search_fields = ["approval"]


@admin.register(Restore)
class RestoreAdmin(ReadOnlyAdmin):
    list_display = ["run_id", "kind", "state", "requested_by", "decided_by", "created_at"]
    list_filter = ["state", "kind"]
    search_fields = ["run"]


@admin.register(ToolServer)
class ToolServerAdmin(KeptAdmin):
    list_display = ["name", "workspace", "transport", "enabled", "discovered_at"]
    list_filter = ["transport", "enabled"]
    list_select_related = ["workspace"]


@admin.register(Tool)
class ToolAdmin(ReadOnlyAdmin):
    """A tool may be used only after a person approved its definition as it is now."""

    list_display = ["name", "server", "state", "registered_tier", "definition_hash", "approved_hash"]
    list_filter = ["state"]
    list_select_related = ["server"]
    actions = ["approve_read_only", "approve_limited_writes", "approve_changes"]

    def approve(self, request: HttpRequest, tools: QuerySet[Tool], tier: Tier) -> None:
        actor = actor_in_admin(request)
        for tool in tools:
            try:
                if actor is not None:
                    registry.approve_tool(tool.pk, tier=tier, actor=actor)
                    messages.success(request, f"{tool} may be used at {tier.name}")
            except Problem as problem:
                messages.error(request, f"{tool}: {problem}")

    @admin.action(description="Approve as READ_ONLY")
    def approve_read_only(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.approve(request, queryset, Tier.READ_ONLY)

    @admin.action(description="Approve as WRITE_LIMITED")
    def approve_limited_writes(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.approve(request, queryset, Tier.WRITE_LIMITED)

    @admin.action(description="Approve as MODIFY")
    def approve_changes(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.approve(request, queryset, Tier.MODIFY)
