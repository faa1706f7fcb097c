"""The verbs on appeals: a verdict of the gate is said to be wrong, and another person says whether it is.

The claim's own state never goes back and the published answer does not change: what people said stands beside the
claim, and is a label for the calibration of its verifier.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.timezone import now

from audit import canonical, keys, ledger, vault
from audit.access import person_behind, require, workspace_of
from audit.actors import Actor
from audit.errors import Conflict, Invalid, NotAllowed, NotFound
from audit.events import EventType
from audit.fields import seal_text
from audit.ids import new_id
from audit.roles import Scope
from audit.vault import DataKey
from evidence.calibration import Labelled, Origin
from evidence.models import Claim, ClaimBundle, Evidence, Passage
from evidence.verdicts import Stance, Verdict
from orchestration.appeal import binding
from orchestration.appeal_models import DECIDED, WANTED
from orchestration.models import Appeal, Run
from orchestration.requests import clean
from orchestration.runs import ApprovalExpired, OwnRequest, found, worded
from orchestration.states import AppealState, RunState

WORDS = tuple(AppealState(state) for state in DECIDED)
# What a label is made of: no sealed column is read for one.
LABELLED = ("state", "wanted", "claim__verdict", "claim__bundle__verifier")


class AppealChanged(Conflict):
    """What was seen is not what is on record."""


@dataclass(frozen=True, slots=True)
class Made:
    appeal: Appeal
    created: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody who appeals says: which verdict is right, why, and which passage shows it."""

    wanted: Verdict
    reason: str
    passage: UUID | None

    def digest(self, claim: Claim, key: DataKey) -> str:
        words: dict[str, canonical.JSON] = {
            "claim": str(claim.pk),
            "wanted": self.wanted.value,
            "reason": self.reason,
            "passage": str(self.passage or ""),
        }
        return vault.commitment(key, canonical.encode(words).decode())


# Looking


def appeals_in(workspace: UUID) -> QuerySet[Appeal]:
    return Appeal.objects.filter(workspace_id=workspace)


def appeals_on(claim_id: UUID, *, run_id: UUID, actor: Actor) -> QuerySet[Appeal]:
    """Return all appeals on one claim of a run; raises NotFound as found_claim does."""
    require(actor, Scope.RUNS_READ)
    claim = found_claim(claim_id, run=found(run_id, actor=actor))
    return appeals_in(workspace_of(actor)).filter(claim=claim)


def appeals_by_claim(run_id: UUID, *, actor: Actor) -> dict[UUID, list[Appeal]]:
    """Return the appeals on a run of the actor's workspace by their claims, oldest first, without what was said."""
    rows = appeals_in(workspace_of(actor)).filter(run_id=run_id).defer("reason_sealed", "word_sealed")
    found: dict[UUID, list[Appeal]] = {}
    for row in rows.order_by("created_at", "id"):
        found.setdefault(row.claim_id, []).append(row)
    return found


def found_appeal(appeal_id: UUID, *, actor: Actor, lock: bool = False) -> Appeal:
    """Return the appeal if it is in the actor's workspace; raises NotFound as runs.found does."""
    rows = appeals_in(workspace_of(actor)).select_related("run", "claim__bundle", "passage")
    if lock:
        rows = rows.select_for_update(of=("self",))
    appeal = rows.filter(pk=appeal_id).first()
    if appeal is None:
        raise NotFound(f"no appeal {appeal_id} in this workspace")
    return appeal


def found_claim(claim_id: UUID, *, run: Run) -> Claim:
    """Return a claim of the run's last draft.

    Raises:
        NotFound: it is none, or one of an earlier draft, which was revised.
    """
    last = ClaimBundle.objects.filter(run=run.pk).order_by("-revision").values("pk")[:1]
    claim = Claim.objects.select_related("bundle").filter(pk=claim_id, bundle__in=last).first()
    if claim is None:
        raise NotFound(f"no claim {claim_id} in the last draft of run {run.pk}")
    return claim


def passages_of(run: Run) -> QuerySet[Passage]:
    """Return the run's evidence: passages of its own, and those that one of its claims was compared with."""
    used = Evidence.objects.filter(claim__bundle__run=run.pk, passage=OuterRef("pk"))
    return Passage.objects.filter(Q(run=run.pk) | Exists(used))


def wanted_verdict(text: str) -> Verdict:
    """Return the verdict that somebody who appeals names.

    Raises:
        Invalid: it is none that can be asked for.
    """
    if text not in set(WANTED):
        raise Invalid(f"wanted is {text[:40]!r}; use one of {', '.join(WANTED)}")
    return Verdict(text)


def said(text: str) -> AppealState:
    """Return the word on an appeal that somebody names.

    Raises:
        Invalid: it is none.
    """
    if text not in set(WORDS):
        raise Invalid(f"word is {text[:40]!r}; use one of {', '.join(WORDS)}")
    return AppealState(text)


# Making and withdrawing


@transaction.atomic
def appeal(
    run_id: UUID,
    claim_id: UUID,
    *,
    wanted: Verdict,
    reason: str,
    actor: Actor,
    passage: UUID | None = None,
    idempotency_key: str | None = None,
) -> Made:
    """Say that the verdict on a claim is wrong, and which one is right; it waits for another person.

    Args:
        passage: one of the run's evidence that shows it.
        idempotency_key: with the same one, the same appeal is returned and none is made.

    Raises:
        NotAllowed: the actor lacks runs:write.
        NotFound: the run is not in the actor's workspace, or the claim not in its last draft.
        KeyUnavailable: the run was erased.
        Conflict: the run is not completed, an appeal on the claim waits, or the key belongs to another appeal.
        Invalid: the verdict is the one that the claim has, the reason is too short, or the passage is not the run's.
    """
    require(actor, Scope.RUNS_WRITE)
    asked = Asked(wanted, worded(reason), passage)
    run = found(run_id, actor=actor, lock=True)
    claim = found_claim(claim_id, run=run)
    key = keys.load(run.key_id)
    if idempotency_key is not None:
        idempotency_key = clean(idempotency_key, "Idempotency-Key", limit=120)
        known = appeals_in(run.workspace_id).filter(idempotency_key=idempotency_key).first()
        if known is not None:
            return Made(same_appeal(known, asked.digest(claim, key)), created=False)
    check_asked(run, claim, asked)
    row = unsaved(run, claim, asked, key=key, actor=actor)
    row.idempotency_key = idempotency_key
    insert(row)
    kept = vault.commitment(key, asked.reason)
    enter(EventType.APPEAL_MADE, row, actor=actor, reason=kept, passage=str(passage or ""))
    return Made(row, created=True)


def same_appeal(known: Appeal, digest: str) -> Appeal:
    if known.request_digest != digest:
        raise Conflict(f"this Idempotency-Key belongs to appeal {known.pk}, which says something else; use a new key")
    return known


def insert(row: Appeal) -> None:
    """Keep a new appeal. Its run is locked, so what may stand in its way is the key of one on another run."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("this Idempotency-Key belongs to another appeal; use a new key") from error


def check_asked(run: Run, claim: Claim, asked: Asked) -> None:
    if run.state != RunState.COMPLETED:
        raise Conflict(f"run {run.pk} is {run.state}; a verdict can be appealed once its run is COMPLETED")
    if asked.wanted not in WANTED:
        raise Invalid(f"wanted is {asked.wanted}; use one of {', '.join(WANTED)}")
    if claim.verdict == asked.wanted:
        raise Invalid(f"the claim is {claim.verdict} already; appeal with the verdict that would be right instead")
    waiting = claim.appeals.filter(state=AppealState.PENDING.value).first()
    if waiting is not None:
        raise Conflict(f"appeal {waiting.pk} on this claim waits for a decision; one is enough")
    if asked.passage is not None and not passages_of(run).filter(pk=asked.passage).exists():
        raise Invalid(f"passage {asked.passage} is not in the evidence of run {run.pk}; name one that is, or none")


def unsaved(run: Run, claim: Claim, asked: Asked, *, key: DataKey, actor: Actor) -> Appeal:
    row = Appeal(
        id=new_id(),
        run=run,
        claim=claim,
        workspace_id=run.workspace_id,
        wanted=asked.wanted.value,
        passage_id=asked.passage,
        requested_by=str(actor),
        request_digest=asked.digest(claim, key),
        expires_at=now() + dt.timedelta(days=settings.PROMETHEUS_APPEAL_DAYS),
    )
    seal_text(key, row, "reason_sealed", asked.reason)
    row.binding = binding(row, key=key)
    return row


@transaction.atomic
def withdraw(appeal_id: UUID, *, actor: Actor) -> Appeal:
    """Take one's own appeal back.

    Raises:
        NotFound: it is not in the actor's workspace.
        NotAllowed: somebody else made it, or the actor lacks runs:write.
        Conflict: it does not wait any more.
    """
    require(actor, Scope.RUNS_WRITE)
    row = waiting_appeal(appeal_id, actor=actor)
    if person_behind(str(actor)) != person_behind(row.requested_by):
        raise NotAllowed("somebody else made this appeal; only they can withdraw it")
    row.withdraw()
    close(row, at=now())
    enter(EventType.APPEAL_WITHDRAWN, row, actor=actor)
    return row


# Deciding


def waiting_appeal(appeal_id: UUID, *, actor: Actor) -> Appeal:
    """Return an appeal that waits, with its run and itself locked."""
    # The run first, as whoever appeals does.
    found(found_appeal(appeal_id, actor=actor).run_id, actor=actor, lock=True)
    row = found_appeal(appeal_id, actor=actor, lock=True)
    if row.state != AppealState.PENDING:
        raise Conflict(f"appeal {row.pk} is {row.state}; it was closed before")
    return row


@transaction.atomic
def decide(appeal_id: UUID, *, word: AppealState, reason: str, seen: str, actor: Actor) -> Appeal:
    """Say whether an appeal is right. The claim and the published answer stay as they are.

    Args:
        word: GRANTED: the verdict that was asked for is right. REJECTED: the gate's is.
        seen: the binding hash that the person was shown.

    Raises:
        OwnRequest: nobody decides their own appeal.
        ApprovalExpired: the time to decide has passed.
        AppealChanged: what the person saw is not what is on record.
        KeyUnavailable: the run was erased.
        SealError: one of the texts is not what was written.
        Conflict: it was closed before.
        Invalid: the reason is too short, or the word is neither.
    """
    require(actor, Scope.APPEALS_DECIDE)
    row = waiting_appeal(appeal_id, actor=actor)
    key = keys.load(row.run.key_id)
    check(row, seen=seen, key=key, actor=actor)
    reason = worded(reason)
    match word:
        case AppealState.GRANTED:
            row.grant()
        case AppealState.REJECTED:
            row.reject()
        case AppealState.PENDING | AppealState.EXPIRED | AppealState.WITHDRAWN:
            raise Invalid(f"{word} is no decision; use one of {', '.join(WORDS)}")
    row.decided_by = str(actor)
    seal_text(key, row, "word_sealed", reason)
    close(row, at=now())
    granted = word is AppealState.GRANTED
    event = EventType.APPEAL_GRANTED if granted else EventType.APPEAL_REJECTED
    enter(event, row, actor=actor, reason=vault.commitment(key, reason), label=label_of(row).value)
    return row


def as_shown(row: Appeal, *, key: DataKey) -> bool:
    """Tell whether what an appeal is about still is what it is bound to; raises SealError where a text is forged."""
    return binding(row, key=key) == row.binding


def check(row: Appeal, *, seen: str, key: DataKey, actor: Actor) -> None:
    if person_behind(str(actor)) == person_behind(row.requested_by):
        raise OwnRequest("you made this appeal; somebody else has to decide it")
    if row.expires_at <= now():
        raise ApprovalExpired(f"the time to decide ended at {row.expires_at:%Y-%m-%d %H:%M} UTC; appeal again")
    if seen != row.binding or not as_shown(row, key=key):
        raise AppealChanged(f"what you saw is not what is on record (hash {row.binding[:12]}…); reload")


def close(row: Appeal, *, at: dt.datetime) -> None:
    row.decided_at = at
    row.save(update_fields=["state", "decided_by", "decided_at", "word_sealed"])


def expire_due(*, actor: Actor, limit: int = 100) -> int:
    """Expire appeals that nobody decided in time: their verdicts stand, and are no labels. Return how many."""
    waiting = Appeal.objects.filter(state=AppealState.PENDING.value, expires_at__lte=now()).order_by("expires_at")
    return sum(expire(appeal_id, actor=actor) for appeal_id in list(waiting.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def expire(appeal_id: UUID, *, actor: Actor) -> bool:
    """Expire one appeal if it still waits and its time has passed; tell whether it did."""
    waiting = Appeal.objects.select_related("claim").select_for_update(of=("self",), skip_locked=True)
    row = waiting.filter(pk=appeal_id, state=AppealState.PENDING.value, expires_at__lte=now()).first()
    if row is None:
        return False
    row.expire()
    close(row, at=now())
    enter(EventType.APPEAL_EXPIRED, row, actor=actor, days=settings.PROMETHEUS_APPEAL_DAYS)
    return True


def enter(type_: EventType, row: Appeal, *, actor: Actor, **data: Any) -> None:  # noqa: ANN401 - canonical JSON
    known = {
        "appeal": str(row.pk),
        "claim": str(row.claim_id),
        "verdict": row.claim.verdict,
        "wanted": row.wanted,
        "binding": row.binding,
        **data,
    }
    ledger.append(ledger.Event(type_, actor, known, run=row.run_id), chain=f"appeal:{row.pk}")


# Labels


def label_of(row: Appeal) -> Verdict:
    """Return the verdict that a decided appeal says is right: what was asked for, or the gate's own."""
    return Verdict(row.wanted if row.state == AppealState.GRANTED else row.claim.verdict)


def labels(workspace: UUID) -> Iterator[Labelled]:
    """Yield one label for each claim about which people decided; where they did so more than once, the last counts.

    Only verdicts that somebody doubted are among them: they show where a verifier is wrong, not how often it is. The
    score is the best among the passages of which the verifier said that they support the claim; 0 without one.
    """
    supporting = Evidence.objects.filter(claim=OuterRef("claim"), stance=Stance.SUPPORTS.value)
    rows = appeals_in(workspace).filter(state__in=DECIDED).select_related("claim__bundle").only(*LABELLED)
    rows = rows.order_by("claim_id", "-decided_at", "-id").distinct("claim_id")
    deciding = Evidence.objects.filter(claim=OuterRef("claim")).order_by("id").values("verifier")
    best = Subquery(supporting.order_by("-score").values("score")[:1])
    for row in rows.annotate(best=best, by=Subquery(deciding[:1])):
        yield Labelled(
            verifier=row.by or row.claim.bundle.verifier,
            score=row.best or 0.0,
            supported=label_of(row) is Verdict.SUPPORTED,
            origin=Origin.APPEAL,
            claim=str(row.claim_id),
        )
