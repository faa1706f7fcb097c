"""The admin of reviews, votes and findings, and of the policy packs that were in force. Not legal advice."""

from django.contrib import admin

from audit.admin import ReadOnlyAdmin, fixed
from guardians.guardian import Ballot
from guardians.models import Finding, PolicyPack, Review, Vote


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ["run", "revision", "stakes", "ballot", "needs_people", "created_at"]
    search_fields = ["run"]


@admin.register(Vote)
class VoteAdmin(ReadOnlyAdmin):
    list_display = ["review_id", "guardian", "ballot", "basis", "hard", "score", "elapsed_us"]
    list_filter = [fixed("guardian", ["safety", "privacy", "compliance"]), fixed("ballot", list(Ballot))]
    search_fields = ["review"]


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    list_display = ["rule", "kind", "part", "ref", "score"]
    search_fields = ["vote"]


@admin.register(PolicyPack)
class PolicyPackAdmin(ReadOnlyAdmin):
    list_display = ["name", "hash", "rules", "registered_at"]
    ordering = ["name"]
