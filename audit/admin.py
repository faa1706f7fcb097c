"""The admin of workspaces, keys and the ledger. Facts are read-only here and everywhere; edits go through verbs."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest

from audit import apikeys
from audit.access import actor_of_user
from audit.actors import Actor
from audit.errors import Problem
from audit.models import ApiKey, DataKey, Entry, Leaf, Membership, SignedCheckpoint, TreeNode, Workspace


if TYPE_CHECKING:  # only the stubs know these as generic
    AnyPaginator = Paginator[Any]
    AnyModelAdmin = admin.ModelAdmin[Any]
    ApiKeyForm = ModelForm[ApiKey]
else:
    AnyPaginator, AnyModelAdmin, ApiKeyForm = Paginator, admin.ModelAdmin, ModelForm


class CappedPaginator(AnyPaginator):
    """Counts to 10,000 and no further: an exact count of millions of rows costs more than it tells."""

    LIMIT = 10_000

    @cached_property
    def count(self) -> int:
        return len(self.object_list.values_list("pk", flat=True)[: self.LIMIT])


def actor_in_admin(request: HttpRequest) -> Actor | None:
    return actor_of_user(request.user)


class ReadOnlyAdmin(AnyModelAdmin):
    """Shows facts. Nobody adds, changes or deletes them here, superusers included. Sealed columns stay sealed."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class KeptAdmin(AnyModelAdmin):
    """Rows that operators edit; their history is kept by django-auditlog and mirrored into the ledger."""

    paginator = CappedPaginator
    show_full_result_count = False
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Workspace)
class WorkspaceAdmin(KeptAdmin):
    list_display = ["name", "slug", "created_at"]


@admin.register(Membership)
class MembershipAdmin(KeptAdmin):
    list_display = ["user", "workspace", "role"]
    list_filter = ["role"]
    list_select_related = ["user", "workspace"]
    raw_id_fields = ["user"]

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(ApiKey)
class ApiKeyAdmin(KeptAdmin):
    """A new key is shown once, in the message after saving."""

    list_display = ["name", "prefix", "workspace", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_select_related = ["workspace"]
    fields = ["name", "scopes", "expires_at"]
    actions = ["revoke"]

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: ApiKeyForm, change: bool) -> None:  # noqa: FBT001
        actor = actor_in_admin(request)
        if actor is None or change:
            return
        try:
            new = apikeys.create_key(name=obj.name, scopes=obj.scopes, actor=actor, expires_at=obj.expires_at)
        except Problem as problem:
            messages.error(request, str(problem))
            return
        obj.pk = new.key.pk
        messages.success(request, f"Copy the key now, it is not shown again: {new.text}")

    @admin.action(description="Revoke the selected keys")
    def revoke(self, request: HttpRequest, queryset: models.QuerySet[ApiKey]) -> None:
        actor = actor_in_admin(request)
        for key in queryset.filter(workspace_id=actor.workspace) if actor else ():
            apikeys.revoke_key(key, actor=actor)


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ["chain", "seq", "type", "actor", "at"]
    list_filter = []
    search_fields = ["=chain", "=run"]
    search_help_text = "a chain's full name or a run's id"
    ordering = ["-id"]
    fields = ["chain", "seq", "type", "actor", "workspace", "run", "at", "text", "hash_hex"]

    @admin.display(description="entry")
    def text(self, obj: Entry) -> str:
        return bytes(obj.body).decode()

    @admin.display(description="leaf hash")
    def hash_hex(self, obj: Entry) -> str:
        return bytes(obj.leaf_hash).hex()


@admin.register(SignedCheckpoint)
class SignedCheckpointAdmin(ReadOnlyAdmin):
    list_display = ["size", "created_at"]
    fields = ["size", "note", "created_at"]
    ordering = ["-size"]


@admin.register(Leaf)
class LeafAdmin(ReadOnlyAdmin):
    list_display = ["index", "entry"]
    list_select_related = ["entry"]
    fields = ["index", "entry"]
    ordering = ["-index"]


@admin.register(TreeNode)
class TreeNodeAdmin(ReadOnlyAdmin):
    list_display = ["level", "index"]
    fields = ["level", "index"]
    ordering = ["-level", "-index"]


@admin.register(DataKey)
class DataKeyAdmin(ReadOnlyAdmin):
    list_display = ["id", "workspace", "kek", "created_at"]
    list_select_related = ["workspace"]
    fields = ["id", "workspace", "kek", "created_at"]
    ordering = ["-created_at"]


admin.site.site_header = "PROMETHEUS"
admin.site.site_title = "PROMETHEUS administration"
admin.site.index_title = "Administration"
