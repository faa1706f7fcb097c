"""The admin of sources and documents, of what the gate found, and of calibrations of a workspace's own."""

import datetime as dt
from typing import TYPE_CHECKING

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.timezone import now

from audit.admin import KeptAdmin, ReadOnlyAdmin, actor_in_admin
from audit.roles import Scope
from evidence import corpus
from evidence.models import CalibrationRecord, Claim, ClaimBundle, Document, Evidence, Passage, Source

if TYPE_CHECKING:  # only the stubs know it as generic
    SourceForm = ModelForm[Source]
else:
    SourceForm = ModelForm


@admin.register(Source)
class SourceAdmin(KeptAdmin):
    """A source comes with its first document. Its trust and weight are set by the workspace's own operator."""

    list_display = ["name", "workspace", "trusted", "weight", "created_at"]
    list_filter = ["trusted", "weight"]
    list_select_related = ["workspace"]
    fields = ["workspace", "name", "trusted", "weight"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Source | None = None) -> tuple[str, ...]:
        actor = actor_in_admin(request)
        mine = obj is not None and actor is not None and actor.workspace == obj.workspace_id
        rated = mine and actor is not None and actor.may(Scope.WORKSPACE_WRITE)
        return ("workspace",) if rated else ("workspace", "trusted", "weight")

    def save_model(self, request: HttpRequest, obj: Source, form: SourceForm, change: bool) -> None:
        actor = actor_in_admin(request)
        if {"trusted", "weight"} & set(form.changed_data):
            if actor is None:
                raise PermissionDenied
            corpus.rate_source(obj.pk, trusted=obj.trusted, weight=obj.weight, actor=actor)
        super().save_model(request, obj, form, change)


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    list_display = ["title", "source", "version", "current", "media_type", "size", "created_at"]
    list_filter = ["current"]
    list_select_related = ["source"]
    search_fields = ["title__startswith"]
    search_help_text = "The beginning of a title"


@admin.register(Passage)
class PassageAdmin(ReadOnlyAdmin):
    list_display = ["id", "origin", "start", "end", "trusted"]
    fields = ["id", "document", "run", "origin", "trusted", "start", "end", "sha256", "text"]
    search_fields = ["run", "id"]


@admin.register(ClaimBundle)
class ClaimBundleAdmin(ReadOnlyAdmin):
    list_display = ["run", "revision", "outcome", "score", "verifier", "created_at"]
    search_fields = ["run"]


@admin.register(Claim)
class ClaimAdmin(ReadOnlyAdmin):
    list_display = ["id", "ordinal", "state", "verdict", "reason", "rule", "score"]
    fields = ["id", "bundle", "ordinal", "state", "verdict", "kind", "start", "end", "score", "reason", "rule"]
    search_fields = ["bundle", "id"]


@admin.register(Evidence)
class EvidenceAdmin(ReadOnlyAdmin):
    list_display = ["claim_id", "stance", "trusted", "weight", "score", "rule", "verifier"]
    search_fields = ["claim"]


@admin.register(CalibrationRecord)
class CalibrationRecordAdmin(ReadOnlyAdmin):
    """Records are made and withdrawn by `manage.py calibrate_verifier`."""

    list_display = ["workspace", "verifier", "threshold", "n", "leaks", "bound", "expires_on", "decides", "created_at"]
    list_select_related = ["workspace"]
    search_fields = ["workspace"]

    @admin.display(description="leaks at most")
    def bound(self, record: CalibrationRecord) -> str:
        return f"{record.bound():.4f}"

    @admin.display(description="decides", boolean=True)
    def decides(self, record: CalibrationRecord) -> bool:
        return record.decides(on=now().astimezone(dt.UTC).date())
