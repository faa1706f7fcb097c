"""The admin of reviews, votes and findings, and of the policy packs that were in force. Not legal advice."""

from django.contrib import admin

from audit.admin import ReadOnlyAdmin
from guardians.models import Finding, PolicyPack, Review, Vote


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ["run", "revision", "stakes", "ballot", "needs_people", "created_at"]
    search_fields = ["=run"]
    ordering = ["-id"]


@admin.register(Vote)
class VoteAdmin(ReadOnlyAdmin):
    list_display = ["review", "guardian", "ballot", "basis", "hard", "score", "elapsed_us"]
    list_filter = ["guardian", "ballot"]
    list_select_related = ["review"]
    ordering = ["-id"]


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    list_display = ["rule", "kind", "part", "ref", "score"]
    ordering = ["-id"]


@admin.register(PolicyPack)
class PolicyPackAdmin(ReadOnlyAdmin):
    list_display = ["name", "hash", "rules", "registered_at"]
    ordering = ["name"]
