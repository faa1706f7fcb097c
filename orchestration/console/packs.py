"""The policy packs that a workspace's runs are judged by, and its own versions: tried, put in force by two people."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from audit.access import require
from audit.actors import Actor
from audit.console import page, workspace_of
from audit.errors import Invalid, NotFound
from audit.roles import Scope
from guardians import activating
from guardians.models import PackVersion
from guardians.packfile import Effect, Pack, Rule
from guardians.packs import NOT_LEGAL_ADVICE
from guardians.states import PackState
from orchestration import trials
from orchestration.console import badges, people
from orchestration.console.badges import Badge, Icon, Tone
from orchestration.models import PackTrial

METHODS = ["GET", "HEAD", "POST"]
VERSIONS = 50
SHOWN = 100
# Quiet, all of them: a rule that can deny is no alarm before it fires.
EFFECTS = {
    Effect.ALLOW: Badge("Allows", Tone.QUIET, Icon.CHECK),
    Effect.ANNOTATE: Badge("Is noted", Tone.QUIET, Icon.MINUS),
    Effect.REDACT: Badge("Masks", Tone.QUIET, Icon.MASK),
    Effect.REQUIRE_APPROVAL: Badge("Asks a person", Tone.QUIET, Icon.PERSON),
    Effect.DENY: Badge("Denies", Tone.QUIET, Icon.BAN),
}
ADVISES = Badge("Advises against", Tone.QUIET, Icon.BAN)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as it is shown. What is known of how it did would stand beside ``effect``."""

    rule: Rule
    effect: Badge
    applies: bool


@dataclass(frozen=True, slots=True)
class PackRow:
    pack: Pack
    rules: tuple[RuleRow, ...]
    overdue: bool
    own: bool


@dataclass(frozen=True, slots=True)
class VersionRow:
    version: PackVersion
    badge: Badge
    who: str


def effect_of(rule: Rule) -> Badge:
    return ADVISES if rule.effect is Effect.DENY and not rule.hard else EFFECTS[rule.effect]


def pack_row(pack: Pack, *, on: dt.date, own: set[str]) -> PackRow:
    rules = tuple(RuleRow(rule, effect_of(rule), rule.in_force(on)) for rule in pack.rules)
    return PackRow(pack, rules, pack.review_due < on, pack.name in own)


def badge_of(version: PackVersion) -> Badge:
    match PackState(version.state):
        case PackState.DRAFT:
            return badges.DRAFTED
        case PackState.PROPOSED:
            return badges.PROPOSED
        case PackState.IN_FORCE:
            return badges.IN_FORCE
        case PackState.SUPERSEDED:
            return badges.SUPERSEDED
        case PackState.WITHDRAWN:
            return badges.TAKEN_BACK


def version_rows(found: Sequence[PackVersion], *, workspace: UUID) -> list[VersionRow]:
    who = people.names({version.made_by for version in found}, workspace=workspace)
    return [VersionRow(version, badge_of(version), who[version.made_by]) for version in found]


@require_http_methods(METHODS)
@page
def packs(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the packs in force with their rules, and the workspace's own versions, newest first."""
    require(actor, Scope.RUNS_READ)
    workspace = workspace_of(actor)
    if request.method == "POST":
        version = activating.go_back(request.POST.get("back", ""), actor=actor)
        messages.success(request, "Proposed: another person has to put it in force")
        return redirect("console:pack-version", version.pk)
    today = now().astimezone(dt.UTC).date()
    found = list(
        PackVersion.objects.filter(workspace_id=workspace).defer("text").order_by("-created_at", "-id")[:VERSIONS]
    )
    current = PackVersion.objects.filter(workspace_id=workspace, state=PackState.IN_FORCE.value)
    own = set(current.values_list("name", flat=True))
    known = activating.in_force(workspace)
    context: dict[str, Any] = {
        "notice": NOT_LEGAL_ADVICE,
        "known": known,
        "packs": [pack_row(pack, on=today, own=own) for pack in known.packs],
        "versions": version_rows(found, workspace=workspace),
        "may_draft": actor.may(Scope.WORKSPACE_WRITE),
    }
    return render(request, "console/packs.html", context)


@require_http_methods(METHODS)
@page
def pack_version(request: HttpRequest, actor: Actor, version_id: UUID) -> HttpResponse:
    """Show what a version says, what it would have changed, and take the two people's words on it."""
    require(actor, Scope.RUNS_READ)
    workspace = workspace_of(actor)
    version = PackVersion.objects.filter(pk=version_id, workspace_id=workspace).first()
    if version is None:
        raise NotFound(f"no version of a pack {version_id} in this workspace")
    if request.method == "POST":
        messages.success(request, said(request, version, actor=actor))
        return redirect("console:pack-version", version.pk)
    names = {version.made_by, version.proposed_by, version.activated_by, version.ended_by} - {""}
    who = people.names(names, workspace=workspace)
    trial = trials.newest(version)
    state = PackState(version.state)
    open_ = state in {PackState.DRAFT, PackState.PROPOSED}
    context: dict[str, Any] = {
        "notice": NOT_LEGAL_ADVICE,
        "version": version,
        "badge": badge_of(version),
        "made_by": who[version.made_by],
        "proposed_by": who.get(version.proposed_by, ""),
        "activated_by": who.get(version.activated_by, ""),
        "trial": trial,
        "share": share_of(trial),
        "changes": trial.changes[:SHOWN] if trial else [],
        "may_write": actor.may(Scope.WORKSPACE_WRITE),
        "may_try": open_ and (actor.may(Scope.WORKSPACE_WRITE) or actor.may(Scope.APPROVALS_DECIDE)),
        "may_activate": state is PackState.PROPOSED and actor.may(Scope.APPROVALS_DECIDE),
        "is_draft": state is PackState.DRAFT,
        "open": open_,
    }
    return render(request, "console/pack_version.html", context)


def share_of(trial: PackTrial | None) -> int:
    """Return how far a trial has got, in percent."""
    if trial is None:
        return 0
    return 100 if trial.finished_at or not trial.total else 100 * trial.done // trial.total


def said(request: HttpRequest, version: PackVersion, *, actor: Actor) -> str:
    """Do what the form asks and return what to say.

    Raises:
        Problem: the verb refuses.
    """
    seen = request.POST.get("seen", "")
    words: dict[str, tuple[Callable[[], object], str]] = {
        "try": (lambda: trials.ask(version.pk, actor=actor), "The trial has begun"),
        "propose": (lambda: activating.propose(version.pk, actor=actor), "Proposed: another person puts it in force"),
        "activate": (lambda: activating.activate(version.pk, seen=seen, actor=actor), "It is in force"),
        "withdraw": (lambda: activating.withdraw(version.pk, actor=actor), "Withdrawn"),
    }
    word = request.POST.get("word", "")
    if word not in words:
        raise Invalid(f"word is {word[:20]!r}; use {', '.join(words)}")
    verb, told = words[word]
    verb()
    return told
