"""The admin of runs and of the tools they may use."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path

from audit import canonical
from audit.actors import Actor
from audit.admin import KeptAdmin, ReadOnlyAdmin, actor_in_admin
from audit.errors import Invalid, NotFound, Problem
from audit.roles import Scope
from guardians import definitions
from guardians.argumentroles import Role
from guardians.toolrisk import Tier
from orchestration import limits, registry, requests, webhooks
from orchestration.compensation import CompensationError
from orchestration.models import (
    Action,
    Appeal,
    Approval,
    ApprovalVote,
    Batch,
    Checkpoint,
    CheckpointBlob,
    CheckpointWrite,
    Delivery,
    Draft,
    Inquiry,
    Restore,
    Run,
    Spending,
    Tool,
    ToolBudget,
    ToolCall,
    ToolPermission,
    ToolServer,
    Webhook,
)
from orchestration.notices import NoticeType
from orchestration.snapshots import Thread

if TYPE_CHECKING:  # only the stubs know it as generic
    AnyModelForm = forms.ModelForm[Webhook]
else:
    AnyModelForm = forms.ModelForm


ARGUMENTS_LIMIT = 20_000


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ["id", "state", "decision", "stakes", "kind", "supported", "withheld", "created_at"]
    list_filter = ["state", "decision", "stakes"]
    search_fields = ["id"]
    readonly_fields = ["checkpoints"]

    @admin.display(description="checkpoints")
    def checkpoints(self, run: Run) -> str:
        """Show where the run can go back to; going back is asked for and approved in the console."""
        context = {"run": run, "snapshots": Thread(run).snapshots()}
        return render_to_string("admin/orchestration/run/checkpoints.html", context)


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
    list_display = ["run_id", "tool", "kind", "state", "tier", "attempt", "fault"]
    list_filter = ["state", "kind"]
    list_select_related = ["tool__server"]
    search_fields = ["run"]


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = ["run_id", "kind", "state", "quorum", "requested_by", "created_at", "expires_at"]
    list_filter = ["state"]
    search_fields = ["run"]


@admin.register(ApprovalVote)
class ApprovalVoteAdmin(ReadOnlyAdmin):
    list_display = ["approval", "actor", "approve", "created_at"]
    list_select_related = ["approval"]
    search_fields = ["approval"]


@admin.register(Inquiry)
class InquiryAdmin(ReadOnlyAdmin):
    """Answered in the console or over the API, by a person who was shown what is known."""

    list_display = ["run_id", "action", "state", "fault", "attempt", "requested_by", "decided_by", "created_at"]
    list_filter = ["state"]
    list_select_related = ["action__tool__server"]
    search_fields = ["run"]


@admin.register(Appeal)
class AppealAdmin(ReadOnlyAdmin):
    """Decided in the console or over the API, by a person who was shown claim and evidence."""

    list_display = ["run_id", "claim_id", "wanted", "state", "requested_by", "decided_by", "created_at", "decided_at"]
    list_filter = ["state"]
    search_fields = ["run"]


@admin.register(Restore)
class RestoreAdmin(ReadOnlyAdmin):
    list_display = ["run_id", "kind", "state", "requested_by", "decided_by", "created_at"]
    list_filter = ["state", "kind"]
    search_fields = ["run"]


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = ["id", "workspace", "size", "requested_by", "created_at", "cancelled_at"]
    search_fields = ["id"]
    list_select_related = ["workspace"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["id", "webhook", "run_id", "event", "status", "attempts", "next_at", "fault", "answered"]
    search_fields = ["id", "run", "webhook"]
    list_select_related = ["webhook"]


class WebhookForm(AnyModelForm):
    """Where notices go and of what. ``clean`` registers: only the verb knows what may be, and it says so by raising."""

    events = forms.MultipleChoiceField(
        choices=lambda: [(notice.value, notice.value) for notice in NoticeType], widget=forms.CheckboxSelectMultiple
    )
    made: webhooks.Registered
    actor: Actor | None = None

    class Meta:
        model = Webhook
        fields = ("url", "events")

    def clean(self) -> dict[str, Any]:
        """Register: what the verb refuses is told beside its field, while the form can still be mended."""
        given = super().clean() or {}
        if self.actor is None or self.errors:
            return given
        try:
            self.made = webhooks.register(url=given["url"], events=given["events"], actor=self.actor)
        except Problem as problem:
            field = problem.field if problem.field in self.fields else None
            self.add_error(field, str(problem))
        return given


@admin.register(Webhook)
class WebhookAdmin(KeptAdmin):
    """A webhook's secret is shown once, in the message after saving or rotating."""

    list_display = ["url", "workspace", "enabled", "retired_at", "registered_by", "created_at"]
    list_filter = ["enabled"]
    list_select_related = ["workspace"]
    ordering = ["-created_at", "-id"]
    form = WebhookForm
    actions = ["enable", "disable", "rotate", "retire"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        actor = actor_in_admin(request)
        return super().has_add_permission(request) and actor is not None and actor.may(Scope.WEBHOOKS_WRITE)

    def has_change_permission(self, request: HttpRequest, obj: Webhook | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def get_form(
        self,
        request: HttpRequest,
        obj: Webhook | None = None,
        change: bool = False,
        **kwargs: Any,  # noqa: ANN401
    ) -> type[Any]:
        form = super().get_form(request, obj, change, **kwargs)
        return type("WebhookFormOfActor", (form,), {"actor": actor_in_admin(request)})

    def save_model(self, request: HttpRequest, obj: Webhook, form: WebhookForm, change: bool) -> None:
        obj.pk = form.made.webhook.pk
        messages.success(request, f"Copy the secret now, it is not shown again: {form.made.secret}")

    def each(self, request: HttpRequest, rows: QuerySet[Webhook], verb: Callable[..., object]) -> list[Any]:
        """Call a verb for each row; what it refuses, rows of other workspaces too, is told."""
        actor, done = actor_in_admin(request), []
        for row in rows if actor is not None else ():
            try:
                done.append(verb(row.pk, actor=actor))
            except Problem as problem:
                messages.error(request, f"{row.url}: {problem}")
        return done

    @admin.action(description="Switch on", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        self.each(request, queryset, webhooks.enable)

    @admin.action(description="Switch off", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        self.each(request, queryset, webhooks.disable)

    @admin.action(description="Rotate the secret", permissions=["change"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for made in self.each(request, queryset, webhooks.rotate):
            messages.success(request, f"New secret of {made.webhook.url}, not shown again: {made.secret}")

    @admin.action(description="Retire for good", permissions=["change"])
    def retire(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        self.each(request, queryset, webhooks.retire)


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
    actions = ["approve"]
    readonly_fields = ["undone_by"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.compensation)
        return [path("<uuid:tool_id>/compensation/", view, name="orchestration_tool_compensation"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        actor = actor_in_admin(request)
        may_write = actor is not None and actor.may(Scope.TOOLS_WRITE)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "may_write": may_write})

    @admin.display(description="undone by")
    def undone_by(self, tool: Tool) -> str:
        """Say what undoes a call; it is registered and withdrawn on a page of its own."""
        try:
            return str(registry.compensating(tool))
        except CompensationError as error:
            return f"nothing: {error}"

    @admin.action(description="Approve the selected tools, as they are shown")
    def approve(self, request: HttpRequest, queryset: QuerySet[Tool]) -> HttpResponse | None:
        """Show the definitions first; the word is then bound to the hashes that were shown."""
        if "tier" not in request.POST:
            return self.shown(request, queryset)
        actor, tier = actor_in_admin(request), Tier[request.POST["tier"]]
        for tool in queryset:
            try:
                if actor is not None:
                    seen, roles = request.POST.get(f"seen-{tool.pk}", ""), roles_in(request, tool)
                    registry.approve_tool(tool.pk, tier=tier, seen=seen, roles=roles, actor=actor)
                    messages.success(request, f"{tool} may be used at {tier.name}")
            except Problem as problem:
                messages.error(request, f"{tool}: {problem}")
        return None

    def shown(self, request: HttpRequest, queryset: QuerySet[Tool]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Approve tools",
            "opts": self.model._meta,
            "tools": [to_approve(tool) for tool in queryset.select_related("server")],
            "tiers": [tier.name for tier in Tier],
            "roles": list(Role),
        }
        return render(request, "admin/approve_tools.html", context)

    def compensation(self, request: HttpRequest, tool_id: UUID) -> HttpResponse:
        """Show a tool beside the one that may undo it; the word is then bound to the hashes that were shown."""
        actor = actor_in_admin(request)
        if actor is None or not actor.may(Scope.TOOLS_WRITE):
            raise PermissionDenied
        try:
            tool = registry.tool_in(tool_id, actor=actor)
        except NotFound as error:
            raise Http404(str(error)) from error
        others = [known for known in registry.tools_of(tool.server.workspace_id).values() if known.pk != tool.pk]
        asked = request.POST.get("by") or request.GET.get("by") or tool.compensated_by_id
        undoing = next((known for known in others if str(known.pk) == str(asked)), None)
        if request.method == "POST":
            try:
                messages.success(request, compensated(request, tool, undoing, actor=actor))
                return redirect("admin:orchestration_tool_change", tool.pk)
            except Problem as problem:
                messages.error(request, f"{tool}: {problem}")
        return self.beside(request, tool, undoing, others=others)

    def beside(self, request: HttpRequest, tool: Tool, undoing: Tool | None, *, others: list[Tool]) -> HttpResponse:
        pair = [("seen", tool), *([("seen_by", undoing)] if undoing else [])]
        context = {
            **self.admin_site.each_context(request),
            "title": f"What undoes {tool}",
            "opts": self.model._meta,
            "tool": tool,
            "undone_by": self.undone_by(tool),
            "choices": [known for known in others if registry.usable(known) or known == undoing],
            "undoing": undoing,
            "shown": [(name, known, definition(known)) for name, known in pair],
            "arguments": request.POST.get("arguments") or json.dumps(tool.compensation_arguments, indent=2),
        }
        return render(request, "admin/compensation.html", context, status=400 if request.method == "POST" else 200)


@admin.register(Spending)
class SpendingAdmin(ReadOnlyAdmin):
    list_display = ["budget", "action_id", "run_id", "period", "amount"]
    list_select_related = ["budget__tool__server"]
    search_fields = ["run_id"]


class LimitAdmin(KeptAdmin):
    """Lines that bound what agents do with tools. They are switched off, not deleted."""

    exclude = ["workspace"]
    list_filter = ["enabled"]
    list_select_related = ["tool__server", "workspace"]
    ordering = ["-created_at"]
    raw_id_fields = ["tool"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ANN401
        actor = actor_in_admin(request)
        if actor is None or actor.workspace is None:
            raise PermissionDenied
        if not change:
            obj.workspace_id = actor.workspace
        try:
            if isinstance(obj, ToolPermission):
                limits.permit(obj, actor=actor)
            else:
                limits.set_budget(obj, actor=actor)
        except Problem as problem:
            raise PermissionDenied from problem


@admin.register(ToolPermission)
class ToolPermissionAdmin(LimitAdmin):
    list_display = ["agent", "tool", "highest_tier", "condition", "enabled", "workspace"]


@admin.register(ToolBudget)
class ToolBudgetAdmin(LimitAdmin):
    list_display = ["agent", "tool", "per", "calls", "amount", "enabled", "workspace"]


def compensated(request: HttpRequest, tool: Tool, undoing: Tool | None, *, actor: Actor) -> str:
    """Register or withdraw what undoes a tool, as the form asks, and return what to say.

    Raises:
        Problem: the verb refuses, or the form cannot be read.
    """
    if "withdraw" in request.POST:
        registry.withdraw_compensation(tool.pk, seen=request.POST["withdraw"], actor=actor)
        return f"Nothing undoes a call of {tool} any more"
    if undoing is None:
        raise Invalid("no tool of this workspace is chosen; choose the one that undoes")
    registry.register_compensation(
        tool.pk,
        by=undoing.pk,
        arguments=document_in(request.POST.get("arguments", "")),
        seen=request.POST.get("seen", ""),
        seen_by=request.POST.get("seen_by", ""),
        actor=actor,
    )
    return f"A call of {tool} is undone by {undoing}"


def document_in(text: str) -> object:
    """Return the JSON document that was typed.

    Raises:
        Invalid: it is none, or too long.
    """
    try:
        return json.loads(requests.clean(text, "arguments", limit=ARGUMENTS_LIMIT))
    except json.JSONDecodeError as error:
        raise Invalid(f"arguments is no JSON at line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise Invalid(f"arguments is nested deeper than {canonical.DEPTH_LIMIT}; flatten it") from error


def definition(tool: Tool) -> str:
    """Return all that the hash covers but the name, to be read by a person."""
    return json.dumps(registry.definition_of(tool), indent=2, ensure_ascii=False)


def to_approve(tool: Tool) -> dict[str, Any]:
    """Return what is shown of a tool before it is approved."""
    return {
        "tool": tool,
        "definition": definition(tool),
        "parameters": definitions.parameters_of(tool.input_schema, registered=registry.roles_in(tool)),
        "remarks": definitions.remarks_on(registry.definition_of(tool)),
    }


def roles_in(request: HttpRequest, tool: Tool) -> dict[str, object] | None:
    """Return the roles that were chosen for a tool's arguments by their place; None where none could be chosen."""
    parameters = definitions.parameters_of(tool.input_schema, registered={})
    fields = {parameter.name: f"role-{tool.pk}-{number}" for number, parameter in enumerate(parameters, start=1)}
    if not any(field in request.POST for field in fields.values()):
        return None
    return {name: chosen for name, field in fields.items() if (chosen := request.POST.get(field, ""))}
