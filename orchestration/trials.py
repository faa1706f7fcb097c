"""Trials: what stored decisions would have come to under a version of a policy pack. Nothing is decided by one.

Facts and votes are those that were kept; only Compliance votes anew. No text is opened, and a trial shows none.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils.timezone import now

from audit import keys
from audit.access import require, workspace_of
from audit.actors import Actor
from audit.errors import Invalid, NotFound
from audit.roles import Scope
from audit.stakes import Stakes
from audit.vault import SealError
from evidence.models import Claim, ClaimBundle
from evidence.verdicts import Outcome, Verdict
from guardians import activating, consensus
from guardians import records as guardian_records
from guardians.compliance import Compliance
from guardians.facts import completed
from guardians.guardian import Ballot, Material, Vote, cast
from guardians.models import Finding, PackVersion, Review
from guardians.packs import PackSet
from guardians.toolrisk import Tier
from orchestration import decision, wakeups
from orchestration.decision import ActionRisk, Grounds
from orchestration.models import Action, PackTrial, Run
from orchestration.states import ActionKind, ActionState

LIMIT = 10_000
TOGETHER = 100
LISTED = 1_000
NOT_STABLE = "redaction_not_stable"


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
    findings = Prefetch("votes__findings", queryset=Finding.objects.order_by("id"))
    rows = Review.objects.filter(run__in=ids).order_by("revision").prefetch_related("votes", findings)
    reviews = {row.run: row for row in rows}
    bundles = {row.run: row for row in ClaimBundle.objects.filter(run__in=ids).order_by("revision")}
    found = Claim.objects.filter(bundle__in=bundles.values(), verdict=Verdict.DISPUTED.value)
    disputed = set(found.values_list("bundle__run", flat=True))
    actions: dict[UUID, list[ActionRisk]] = {}
    for action in Action.objects.filter(run__in=ids, kind=ActionKind.EFFECT.value).select_related("tool__server"):
        refused = "refused" if action.state == ActionState.REFUSED else ""
        actions.setdefault(action.run_id, []).append(ActionRisk(str(action.tool), Tier(action.tier), refused))
    guardian = Compliance(packs)
    return [
        tried(
            run,
            reviews.get(run.pk),
            bundles.get(run.pk),
            guardian,
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
    guardian: Compliance,
    *,
    disputed: bool,
    actions: Sequence[ActionRisk],
    on: dt.date,
) -> tuple[CameTo, CameTo, list[str]] | None:
    if review is None or bundle is None:
        return None
    try:
        shown = guardian_records.open_shown(review, key=keys.load(run.key_id))
    except (keys.KeyUnavailable, SealError):
        return None
    if shown is None:
        return None
    votes = [guardian_records.stored_vote(row) for row in review.votes.all()]
    material = Material((), completed(shown.facts, on=on), Stakes(run.stakes), review.policy_hash)
    anew = replace(cast(guardian, material, clock=lambda: 0), material=review.material)
    changed = [anew if vote.guardian == guardian.name else vote for vote in votes]
    came_to = partial(came, run, review, bundle, disputed=disputed, actions=actions)
    before = {finding.rule for vote in votes if vote.guardian == guardian.name for finding in vote.findings}
    return came_to(votes), came_to(changed), sorted(before ^ {finding.rule for finding in anew.findings})


def came(
    run: Run,
    review: Review,
    bundle: ClaimBundle,
    votes: Sequence[Vote],
    *,
    disputed: bool,
    actions: Sequence[ActionRisk],
) -> CameTo:
    joined = consensus.decide(
        votes,
        material=review.material,
        policy_hash=review.policy_hash,
        stakes=Stakes(run.stakes),
        policy=consensus.DEFAULT_CONSENSUS,
    )
    ballot, reasons = joined.ballot, joined.reasons
    if NOT_STABLE in review.reasons:
        ballot = consensus.strictest([ballot, Ballot(review.ballot)])
        reasons = (*reasons, NOT_STABLE)
    grounds = Grounds(Outcome(bundle.outcome), disputed, ballot, reasons, joined.needs_people)
    return CameTo(ballot.value, decision.decide(grounds, actions).decision.value)


def newest(version: PackVersion) -> PackTrial | None:
    return PackTrial.objects.filter(version=version).order_by("-created_at").first()
