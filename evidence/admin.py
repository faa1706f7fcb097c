"""The admin of sources and documents, and of what the gate found."""

from django.contrib import admin

from audit.admin import KeptAdmin, ReadOnlyAdmin
from evidence.models import Claim, ClaimBundle, Document, Evidence, Passage, Source


@admin.register(Source)
class SourceAdmin(KeptAdmin):
    list_display = ["name", "workspace", "trusted", "created_at"]
    list_filter = ["trusted"]
    list_select_related = ["workspace"]


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
    list_display = ["claim_id", "stance", "score", "rule", "verifier"]
    search_fields = ["claim"]
