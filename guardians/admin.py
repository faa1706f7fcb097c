"""The admin of reviews, votes and findings, of policy packs and of calibrations of Safety. Not legal advice."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest

from audit.actors import Actor
from audit.admin import KeptAdmin, ReadOnlyAdmin, actor_in_admin, fixed
from audit.errors import Problem
from audit.roles import Scope
from guardians import activating, packs
from guardians.guardian import Ballot
from guardians.models import (
    Finding,
    GuardianCalibration,
    PackVersion,
    Policy,
    PolicyPack,
    PolicySet,
    Review,
    RuleCount,
    Vote,
)
from guardians.registry import BUILT_IN
from guardians.states import PackState

if TYPE_CHECKING:  # only the stubs know it as generic
    VersionForm = forms.ModelForm[PackVersion]
else:
    VersionForm = forms.ModelForm


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ["run", "revision", "stakes", "ballot", "needs_people", "created_at"]
    search_fields = ["run"]


@admin.register(Vote)
class VoteAdmin(ReadOnlyAdmin):
    list_display = ["review_id", "guardian", "ballot", "basis", "hard", "score", "elapsed_us"]
    list_filter = [fixed("guardian", [*BUILT_IN, *settings.PROMETHEUS_GUARDIANS]), fixed("ballot", list(Ballot))]
    search_fields = ["review"]


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    list_display = ["rule", "kind", "part", "ref", "score"]
    search_fields = ["vote"]


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    list_display = ["hash", "registered_at"]
    ordering = ["registered_at"]


@admin.register(RuleCount)
class RuleCountAdmin(ReadOnlyAdmin):
    list_display = ["rule", "guardian", "workspace_id", "fired", "overruled", "upheld", "last_fired_at"]
    ordering = ["rule"]


@admin.register(PolicyPack)
class PolicyPackAdmin(ReadOnlyAdmin):
    list_display = ["name", "hash", "rules", "registered_at"]
    ordering = ["name"]


@admin.register(PolicySet)
class PolicySetAdmin(ReadOnlyAdmin):
    list_display = ["hash", "registered_at"]


class DraftForm(VersionForm):
    """A draft. ``clean`` keeps it: only the verb knows what may be, and it says so by raising, at the rule."""

    made: PackVersion
    actor: Actor | None = None

    class Meta:
        model = PackVersion
        fields = ("text", "why")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.actor is None or self.errors:
            return given
        known = None if self.instance._state.adding else self.instance.pk
        try:
            self.made = activating.draft(text=given["text"], why=given["why"], actor=self.actor, version_id=known)
        except Problem as problem:
            self.add_error("text", str(problem))
        return given


@admin.register(PackVersion)
class PackVersionAdmin(KeptAdmin):
    """Drafts are written here. They are tried, proposed and put in force in the console. Not legal advice."""

    list_display = ["name", "state", "workspace", "hash", "why", "created_at"]
    list_filter = ["state"]
    list_select_related = ["workspace"]
    ordering = ["-created_at", "-id"]
    form = DraftForm

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str | list[str]]:
        """Begin with the pack that is in force under the name that the address gives."""
        actor, name = actor_in_admin(request), request.GET.get("pack", "")
        present = activating.current(actor.workspace, name) if actor and actor.workspace else None
        if present is not None:
            return {"text": present.text}
        known = {pack.name for pack in activating.built_in().packs}
        return {"text": (packs.BUILT_IN / f"{name}.yaml").read_text(encoding="utf-8")} if name in known else {}

    def has_add_permission(self, request: HttpRequest) -> bool:
        actor = actor_in_admin(request)
        return super().has_add_permission(request) and actor is not None and actor.may(Scope.WORKSPACE_WRITE)

    def has_change_permission(self, request: HttpRequest, obj: PackVersion | None = None) -> bool:
        if obj is None:
            return super().has_change_permission(request)
        actor = actor_in_admin(request)
        mine = actor is not None and actor.workspace == obj.workspace_id and actor.may(Scope.WORKSPACE_WRITE)
        return mine and obj.state == PackState.DRAFT and super().has_change_permission(request, obj)

    def get_form(
        self,
        request: HttpRequest,
        obj: PackVersion | None = None,
        change: bool = False,
        **kwargs: Any,  # noqa: ANN401
    ) -> type[Any]:
        form = super().get_form(request, obj, change, **kwargs)
        return type("DraftFormOfActor", (form,), {"actor": actor_in_admin(request)})

    def save_model(self, request: HttpRequest, obj: PackVersion, form: DraftForm, change: bool) -> None:
        obj.pk, obj.name, obj.hash = form.made.pk, form.made.name, form.made.hash


@admin.register(GuardianCalibration)
class GuardianCalibrationAdmin(ReadOnlyAdmin):
    list_display = ["guardian", "workspace_id", "state", "threshold", "n", "alarms", "alpha", "delta", "expires_on"]
    ordering = ["-created_at"]
