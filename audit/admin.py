"""The admin of workspaces, keys and the ledger. Facts are read-only here and everywhere; edits go through verbs."""

from collections.abc import Sequence
from functools import cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models.expressions import Combinable
from django.forms import ModelForm
from django.http import HttpRequest

from audit import apikeys, workspaces
from audit.access import actor_of_user
from audit.actors import Actor
from audit.models import ApiKey, DataKey, Entry, Leaf, Membership, SignedCheckpoint, TreeNode, Workspace
from audit.roles import Scope

if TYPE_CHECKING:  # only the stubs know these as generic
    AnyPaginator = Paginator[Any]
    AnyModelAdmin = admin.ModelAdmin[Any]
    ApiKeyForm = ModelForm[ApiKey]
    WorkspaceForm = ModelForm[Workspace]
    AnyField = models.Field[Any, Any]
else:
    AnyPaginator, AnyModelAdmin, AnyField = Paginator, admin.ModelAdmin, models.Field
    ApiKeyForm = WorkspaceForm = ModelForm


WINDOW = 10_000


class CappedPaginator(AnyPaginator):
    """Counts to 10,000 and no further: an exact count of millions of rows costs more than it tells."""

    LIMIT = WINDOW

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: self.LIMIT].count())

    def page(self, number: int | str) -> "Page[Any]":
        """Return a page whose place is found by the keys alone: what is skipped is not read from the table."""
        rows: Any = self.object_list
        place: Any = super().page(number)
        keys = list(place.object_list.values_list("pk", flat=True))
        return Page(rows.filter(pk__in=keys), place.number, self)


class NewestRows(ChangeList):
    """The newest 10,000 rows of a table, newest first; older ones are found by the search.

    So no filter looks through millions of rows for a value that is rare, and no column is sorted by that no index
    covers. What a list does not show, sealed and long texts, is not read.
    """

    older: bool = False

    def get_ordering(self, request: HttpRequest, queryset: Any) -> list[str | Combinable]:  # noqa: ANN401
        return ["-pk"]

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:  # noqa: ANN401 - as in Django
        names = " or ".join(str(name).partition("__")[0] for name in self.search_fields)
        self.search_help_text = self.search_help_text or f"Looks in the whole table for an exact {names}"
        if not self.query:
            keys = self.root_queryset.order_by("-pk").values_list("pk", flat=True)
            edge = keys[WINDOW - 1 : WINDOW].first()
            self.older = edge is not None
            self.root_queryset = self.root_queryset.filter(pk__gte=edge) if self.older else self.root_queryset
        return super().get_queryset(request, exclude_parameters).defer(*self.unshown())

    def unshown(self) -> list[str]:
        long = (models.BinaryField, models.TextField, models.JSONField)
        fields = (field for field in self.opts.concrete_fields if isinstance(field, long))
        return [field.name for field in fields if field.name not in self.list_display]


def fixed(name: str, values: Sequence[str]) -> type[admin.SimpleListFilter]:
    """Return a filter on a column whose values are known: asking the table for them would read all of it."""

    class Fixed(admin.SimpleListFilter):
        title = name
        parameter_name = name

        def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
            return [(value, value) for value in values]

        def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ANN401 - as in Django
            return queryset.filter(**{name: self.value()}) if self.value() else queryset

    return Fixed


def exactly(model: type[models.Model], column: str, text: str) -> models.Q | None:
    """Return the condition that a column has this value, or begins with it; None when the text is no such value."""
    name, _, lookup = column.partition("__")
    known = model._meta.get_field(name)
    if not isinstance(known, models.Field):
        return None  # the other end of a foreign key is no column
    try:
        return models.Q(**{column if lookup else name: known.to_python(text)})
    except ValidationError:
        return None


def actor_in_admin(request: HttpRequest) -> Actor | None:
    return actor_of_user(request.user)


class ReadOnlyAdmin(AnyModelAdmin):
    """Shows facts. Nobody adds, changes or deletes them here, superusers included. Sealed columns stay sealed."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER  # each would be counted
    actions: Sequence[str] | None = None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ANN401 - as in Django
        return NewestRows

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Find rows by the value of an indexed column. Django's own "=" compares in upper case, past any index."""
        text = search_term.strip()
        if not text:
            return queryset, False
        wanted = [q for name in self.search_fields if (q := exactly(self.model, str(name), text)) is not None]
        return (queryset.filter(reduce(or_, wanted)) if wanted else queryset.none()), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class KeptAdmin(AnyModelAdmin):
    """Rows that operators edit; their history is kept by django-auditlog and mirrored into the ledger."""

    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    paginator = CappedPaginator
    show_full_result_count = False
    actions: Sequence[str] | None = None

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Workspace)
class WorkspaceAdmin(KeptAdmin):
    """How runs are driven is set by the workspace's own operator, once it is there."""

    list_display = ["name", "slug", "flush_policy", "max_active_runs", "created_at"]
    fields = ["name", "slug", "flush_policy", "max_active_runs"]

    def get_readonly_fields(self, request: HttpRequest, obj: Workspace | None = None) -> tuple[str, ...]:
        actor = actor_in_admin(request)
        mine = obj is not None and actor is not None and actor.workspace == obj.pk
        return () if mine and actor and actor.may(Scope.WORKSPACE_WRITE) else ("flush_policy", "max_active_runs")

    def save_model(self, request: HttpRequest, obj: Workspace, form: WorkspaceForm, change: bool) -> None:
        actor = actor_in_admin(request)
        if change and {"flush_policy", "max_active_runs"} & set(form.changed_data):
            if actor is None:
                raise PermissionDenied
            workspaces.configure(
                obj.pk, flush_policy=obj.flush_policy, max_active_runs=obj.max_active_runs, actor=actor
            )
        super().save_model(request, obj, form, change)


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
    """A new key is shown once, in the message after saving. It can do no more than who makes it."""

    list_display = ["name", "prefix", "workspace", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_select_related = ["workspace"]
    fields = ["name", "scopes", "expires_at"]
    actions = ["revoke"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and actor_in_admin(request) is not None

    def formfield_for_dbfield(
        self,
        db_field: AnyField,
        request: HttpRequest,
        **kwargs: Any,  # noqa: ANN401
    ) -> forms.Field | None:
        if db_field.name != "scopes":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        actor = actor_in_admin(request)
        offered = [(scope, scope) for scope in sorted(actor.scopes if actor else ())]
        return forms.MultipleChoiceField(choices=offered, widget=forms.CheckboxSelectMultiple)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: ApiKeyForm, change: bool) -> None:
        actor = actor_in_admin(request)
        if actor is None or change:  # neither is offered
            raise PermissionDenied
        new = apikeys.create_key(name=obj.name, scopes=obj.scopes, actor=actor, expires_at=obj.expires_at)
        obj.pk, obj.prefix = new.key.pk, new.key.prefix
        messages.success(request, f"Copy the key now, it is not shown again: {new.text}")

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: models.QuerySet[ApiKey]) -> None:
        actor = actor_in_admin(request)
        if actor is None:
            raise PermissionDenied
        for key in queryset.filter(workspace=actor.workspace):
            apikeys.revoke_key(key, actor=actor)


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ["chain", "seq", "type", "actor", "at"]
    list_filter = []
    search_fields = ["chain", "run"]
    search_help_text = "a chain's full name or a run's id"
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


@admin.register(Leaf)
class LeafAdmin(ReadOnlyAdmin):
    list_display = ["index", "entry"]
    list_select_related = ["entry"]
    fields = ["index", "entry"]


@admin.register(TreeNode)
class TreeNodeAdmin(ReadOnlyAdmin):
    list_display = ["level", "index"]
    fields = ["level", "index"]


@admin.register(DataKey)
class DataKeyAdmin(ReadOnlyAdmin):
    list_display = ["id", "workspace", "kek", "created_at"]
    search_fields = ["id"]
    list_select_related = ["workspace"]
    fields = ["id", "workspace", "kek", "created_at"]


admin.site.site_header = "PROMETHEUS"
admin.site.site_title = "PROMETHEUS administration"
admin.site.index_title = "Administration"
