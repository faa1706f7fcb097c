"""Trials: what stored decisions would have come to under a version of a policy pack. Nothing is decided by one.

Facts, votes and the rule that joined them are those that were kept; only Compliance votes anew. No text is opened, and
a trial shows none.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from audit import keys, ledger
from audit.access import require, workspace_of
from audit.actors import SYSTEM, Actor, ActorKind
from audit.canonical import JSON
from audit.errors import Invalid, NotFound
from audit.events import EventType
from audit.roles import Scope
from audit.vault import SealError
from evidence.models import Claim, ClaimBundle
from evidence.verdicts import Outcome, Verdict
from guardians import activating, compliance
from guardians import records as guardian_records
from guardians.compliance import Compliance
from guardians.models import PackVersion, Review
from guardians.packs import PackSet
from guardians.toolrisk import Tier
from guardians.transcript import Transcript, TranscriptError
from orchestration import decision, wakeups
from orchestration.decision import ActionRisk, Grounds
from orchestration.models import Action, PackTrial, Run
from orchestration.states import ActionKind, ActionState

LIMIT = 10_000
TOGETHER = 100
LISTED = 1_000


@dataclass(frozen=True, slots=True)
class CameTo:
    """What a decision came to: the guardians' ballot, and what became of the run."""

    ballot: str
    decision: str

    def __str__(self) -> str:
        return f"{self.decision} ({self.ballot})"


def wake(trial_id: UUID) -> None:
    """Tell the workers of a trial. Losing this message costs latency only: beat finds the row."""
    wakeups.send("orchestration.try_pack", trial_id)


def due(*, limit: int = 10) -> list[UUID]:
    waiting = PackTrial.objects.filter(finished_at__isnull=True).order_by("created_at")
    return list(waiting.values_list("pk", flat=True)[:limit])


@transaction.atomic
def ask(version_id: UUID, *, actor: Actor, limit: int = LIMIT) -> PackTrial:
    """Have a version tried on the newest decisions of the actor's workspace, at most ``limit`` of them.

    Raises:
        Invalid: it does not work together with the packs in force now, or ``limit`` is out of range.
        NotAllowed: the actor has neither workspace:write nor approvals:decide.
        NotFound: the version is not in the actor's workspace.
    """
    if not actor.may(Scope.APPROVALS_DECIDE):
        require(actor, Scope.WORKSPACE_WRITE)
    if not 1 <= limit <= LIMIT:
        raise Invalid(f"a trial would look at {limit} decisions; use 1 to {LIMIT}")
    workspace = workspace_of(actor)
    version = PackVersion.objects.filter(pk=version_id, workspace_id=workspace).first()
    if version is None:
        raise NotFound(f"no version of a pack {version_id} in this workspace")
    packs = activating.would_be(version)
    trial = PackTrial.objects.create(
        workspace_id=workspace,
        version=version,
        requested_by=str(actor),
        on=day_of(packs),
        base=activating.in_force(workspace).hash,
        hash=packs.hash,
        total=decided(workspace)[:limit].count(),
    )
    transaction.on_commit(partial(wake, trial.pk))
    return trial


def day_of(packs: PackSet) -> dt.date:
    """Return the first day from today on which every rule of the packs applies that has not ended by then."""
    today = now().astimezone(dt.UTC).date()
    return max([today, *(item.rule.effective_from for item in packs.rules)])


def decided(workspace: UUID) -> QuerySet[Run]:
    """Return the runs of a workspace that were judged, newest first."""
    return Run.objects.filter(workspace_id=workspace).exclude(policy_hash="").order_by("-created_at", "-id")


@transaction.atomic
def step(trial_id: UUID) -> bool:
    """Look at the next decisions; False when the trial has ended, or somebody else is at it."""
    trial = (
        PackTrial.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(pk=trial_id, finished_at__isnull=True)
        .select_related("version")
        .first()
    )
    if trial is None:
        return False
    try:
        packs = activating.would_be(trial.version)
    except Invalid as error:
        return end(trial, fault=str(error))
    if packs.hash != trial.hash:
        return end(trial, fault="the version or the packs in force changed meanwhile; try it again")
    runs = following(trial)
    for run, came in zip(runs, outcomes(runs, packs, on=trial.on), strict=True):
        note(trial, run, came)
    trial.done += len(runs)
    if not runs or trial.done >= trial.total:
        return end(trial)
    trial.last_at, trial.last_run = runs[-1].created_at, runs[-1].pk
    trial.save()
    return True


def end(trial: PackTrial, *, fault: str = "") -> bool:
    trial.fault, trial.finished_at = fault[:300], now()
    trial.save()
    known: dict[str, JSON] = {
        "trial": str(trial.pk),
        "asked_by": trial.requested_by,
        "version": str(trial.version_id),
        "pack": trial.version.name,
        "hash": trial.version.hash,
        "packs": trial.hash,
        "on": trial.on.isoformat(),
        "decisions": trial.done,
        "changed": trial.changed,
        "unknown": trial.unknown,
        "complete": not fault,
    }
    actor = Actor(ActorKind.SYSTEM, SYSTEM.id, trial.workspace_id)
    ledger.append(ledger.Event(EventType.POLICY_TRIED, actor, known), chain=f"workspace:{trial.workspace_id}")
    return False


def following(trial: PackTrial) -> list[Run]:
    rows = decided(trial.workspace_id)
    if trial.last_at is not None:
        rows = rows.filter(created_at__lte=trial.last_at).exclude(created_at=trial.last_at, id__gte=trial.last_run)
    return list(rows[: min(TOGETHER, trial.total - trial.done)])


def note(trial: PackTrial, run: Run, came: tuple[CameTo, CameTo, list[str]] | None) -> None:
    if came is None:
        trial.unknown += 1
        return
    before, after, rules = came
    if before != after:
        trial.changed += 1
        if len(trial.changes) < LISTED:
            change = {"run": str(run.pk), "before": str(before), "after": str(after), "rules": rules}
            trial.changes.append(change)


def outcomes(runs: Sequence[Run], packs: PackSet, *, on: dt.date) -> list[tuple[CameTo, CameTo, list[str]] | None]:
    """Return what each run came to, would come to, and the rules that make the difference; None where unknown."""
    ids = [run.pk for run in runs]
    reviews = {row.run: row for row in Review.objects.filter(run__in=ids).order_by("revision")}
    bundles = {row.run: row for row in ClaimBundle.objects.filter(run__in=ids).order_by("revision")}
    found = Claim.objects.filter(bundle__in=bundles.values(), verdict=Verdict.DISPUTED.value)
    disputed = set(found.values_list("bundle__run", flat=True))
    actions: dict[UUID, list[ActionRisk]] = {}
    for action in Action.objects.filter(run__in=ids, kind=ActionKind.EFFECT.value).select_related("tool__server"):
        refused = "refused" if action.state == ActionState.REFUSED else ""
        actions.setdefault(action.run_id, []).append(ActionRisk(str(action.tool), Tier(action.tier), refused))
    return [
        tried(
            run,
            reviews.get(run.pk),
            bundles.get(run.pk),
            packs,
            disputed=run.pk in disputed,
            actions=actions.get(run.pk, []),
            on=on,
        )
        for run in runs
    ]


def tried(
    run: Run,
    review: Review | None,
    bundle: ClaimBundle | None,
    packs: PackSet,
    *,
    disputed: bool,
    actions: Sequence[ActionRisk],
    on: dt.date,
) -> tuple[CameTo, CameTo, list[str]] | None:
    if review is None or bundle is None:
        return None
    came_to = partial(came, Outcome(bundle.outcome), disputed=disputed, actions=actions)
    try:
        key = keys.load(run.key_id)
        shown, kept = guardian_records.open_shown(review, key=key), guardian_records.open_heard(review, key=key)
        if shown is None or kept is None:
            return None
        heard, _ = kept
        changed = heard.under(heard.policy, compliance.anew(heard, shown.facts, packs, on=on))
        return came_to(heard), came_to(changed), sorted(rules_of(heard) ^ rules_of(changed))
    except (keys.KeyUnavailable, SealError, TranscriptError):
        return None


def rules_of(heard: Transcript) -> set[str]:
    votes = [vote for vote in heard.first.votes if vote.guardian == Compliance.name]
    return {finding.rule for vote in votes for finding in vote.findings}


def came(outcome: Outcome, heard: Transcript, *, disputed: bool, actions: Sequence[ActionRisk]) -> CameTo:
    joined = heard.outcome()
    grounds = Grounds(
        outcome=outcome,
        disputed=disputed,
        ballot=joined.ballot,
        reasons=joined.reasons,
        people=joined.needs_people,
        read_only=joined.read_only,
    )
    return CameTo(joined.ballot.value, decision.decide(grounds, actions).decision.value)


def newest(version: PackVersion) -> PackTrial | None:
    return PackTrial.objects.filter(version=version).order_by("-created_at").first()
