"""A stored decision computed again from what was kept of it: nobody is asked anew, and it must come out to the bit.

What consensus was made of comes from the review (sealed, and committed to by the ledger); what the gate found, which
actions were asked for and what was decided come from the ledger.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from string import hexdigits
from typing import Any
from uuid import UUID

from audit import keys, ledger
from audit.errors import NotFound
from audit.keys import KeyUnavailable
from audit.ledger import ReadEntry
from audit.vault import SealError
from evidence.verdicts import Outcome, Verdict
from guardians import activating, compliance, models, records
from guardians.consensus import Consensus, ConsensusPolicy
from guardians.models import Review
from guardians.packfile import PackError
from guardians.packs import PackSet
from guardians.transcript import Transcript, TranscriptError
from orchestration import decision
from orchestration.decision import ActionRisk, Decided, Grounds
from orchestration.models import Run

GROUP = 200
TOLD = ("run.gated", "run.reviewed", "run.decided")


class CannotReplay(Exception):
    """A decision that cannot be computed again; the message says why, without any text of the run."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One decision and all that it was made of."""

    run: UUID
    review: Review
    transcript: Transcript
    facts: Mapping[str, object]
    outcome: Outcome
    disputed: bool
    actions: tuple[ActionRisk, ...]
    reviewed: Mapping[str, Any]
    decided: Mapping[str, Any]
    commitment: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Another policy to decide by."""

    consensus: ConsensusPolicy
    packs: PackSet


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of computing one decision again.

    Attributes:
        differences: what is not as it is on record, each as ``what: recorded -> computed``.
        cannot: why it cannot be computed again, or ''.
    """

    run: UUID
    differences: tuple[str, ...] = ()
    cannot: str = ""


def replay(runs: Sequence[UUID], *, under: Policy | None = None) -> Iterator[Replayed]:
    """Yield what comes of each run's last decision, in the order of the runs; some hundreds at most at a time.

    Args:
        under: decide by this policy instead of the recorded one. Compliance answers anew from the recorded facts; the
            other guardians' votes are taken as they were cast.
    """
    for run, found in stored(runs):
        if isinstance(found, CannotReplay):
            yield Replayed(run, cannot=str(found))
            continue
        try:
            yield Replayed(run, differences=tuple(differences(found, under)))
        except TranscriptError as error:
            yield Replayed(run, cannot=str(error))


def differences(known: Stored, under: Policy | None) -> Iterator[str]:
    joined, decided = computed(known, under)
    if under is None and known.commitment != known.reviewed["heard"]:
        yield "record: what is stored is not what the ledger names"
    for name, recorded, again in compared(known, joined, decided, row=under is None):
        if recorded != again:
            yield f"{name}: {shown(recorded)} -> {shown(again)}"


def shown(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


def compared(known: Stored, joined: Consensus, decided: Decided, *, row: bool) -> Iterator[tuple[str, object, object]]:
    """Yield each value of the record beside the one that was computed."""
    told, said = known.reviewed, known.decided
    yield "decision", said["decision"], decided.decision.value
    yield "reasons", said["reasons"], list(decided.reasons)
    yield "people", said["people"], decided.people
    yield "consensus", told["outcome"], joined.ballot.value
    yield "consensus reasons", told["reasons"], list(joined.reasons)
    yield "dissent", told["dissent"], list(joined.dissent)
    if row:
        review = known.review
        yield "rule", told["rule"], joined.rule
        yield "review", [review.ballot, *review.reasons], [joined.ballot.value, *joined.reasons]
        yield "review's people", review.needs_people, joined.needs_people


def computed(known: Stored, under: Policy | None) -> tuple[Consensus, Decided]:
    """Return what consensus and decision come to.

    Raises:
        TranscriptError: this version does not know the rule.
    """
    heard = known.transcript
    if under is not None:
        on = dt.date.fromisoformat(str(known.facts.get("on") or known.review.created_at.date()))
        heard = heard.under(under.consensus, compliance.anew(heard, known.facts, under.packs, on=on))
    joined = heard.outcome()
    grounds = Grounds(
        outcome=known.outcome,
        disputed=known.disputed,
        ballot=joined.ballot,
        reasons=joined.reasons,
        people=joined.needs_people,
        read_only=joined.read_only,
    )
    return joined, decision.decide(grounds, known.actions)


def stored(runs: Sequence[UUID]) -> Iterator[tuple[UUID, "Stored | CannotReplay"]]:
    """Yield each run with its last decision, or why there is none to compute again."""
    told = {run: list(entries) for run, entries in groupby(ledger.about_runs(runs, types=TOLD), key=lambda e: e.run)}
    wanted = [UUID(str(e.data["review"])) for entries in told.values() for e in entries if e.type == "run.reviewed"]
    reviews = {review.pk: review for review in Review.objects.filter(pk__in=wanted)}
    key_ids = dict(Run.objects.filter(pk__in=runs).values_list("pk", "key_id"))
    for run in runs:
        try:
            yield run, one(run, told.get(run, []), reviews, key_ids.get(run))
        except CannotReplay as cannot:
            yield run, cannot


def one(run: UUID, told: Sequence[ReadEntry], reviews: Mapping[UUID, Review], key_id: UUID | None) -> Stored:
    """Return one run's last decision.

    Raises:
        CannotReplay: something of it was never kept, was erased or was changed.
    """
    decided = last(told, "run.decided", "it has not been decided")
    before = [entry for entry in told if entry.id <= decided.id]
    reviewed = last(before, "run.reviewed", "it was judged in the run that it was forked from; replay that one")
    gated = last(before, "run.gated", "the ledger does not say what the gate found")
    review = reviews.get(UUID(str(reviewed.data["review"])))
    if review is None or "heard" not in reviewed.data or "actions" not in decided.data:
        raise CannotReplay("it was decided by a version that did not keep all that a decision is made of")
    heard, facts = opened(review, key_id)
    verdicts: Any = gated.data["claims"]
    actions: Any = decided.data["actions"]
    return Stored(
        run=run,
        review=review,
        transcript=heard[0],
        facts=facts,
        outcome=Outcome(str(gated.data["outcome"])),
        disputed=any(claim["verdict"] == Verdict.DISPUTED for claim in verdicts),
        actions=tuple(decision.action_of(action) for action in actions),
        reviewed=reviewed.data,
        decided=decided.data,
        commitment=heard[1],
    )


def opened(review: Review, key_id: UUID | None) -> tuple[tuple[Transcript, str], Mapping[str, object]]:
    try:
        key = keys.load(key_id)
        heard, known = records.open_heard(review, key=key), records.open_shown(review, key=key)
    except KeyUnavailable as error:
        raise CannotReplay(f"its key is not available: {error}") from error
    except (SealError, TranscriptError) as error:
        raise CannotReplay(f"what was kept of it was changed: {error}") from error
    if heard is None or known is None:
        raise CannotReplay("it was decided by a version that did not keep all that a decision is made of")
    return heard, known.facts


def last(told: Sequence[ReadEntry], type_: str, missing: str) -> ReadEntry:
    found = [entry for entry in told if entry.type == type_]
    if not found:
        raise CannotReplay(missing)
    return found[-1]


def decided_since(since: dt.datetime) -> tuple[int, Iterator[list[UUID]]]:
    """Return how many decided runs were submitted since then, and their ids in groups, oldest first."""
    # Ids are UUIDv7 (audit.ids): they begin with the milliseconds of their making, so the index knows the day.
    first = UUID(int=int(since.timestamp() * 1000) << 80)
    found = Run.objects.filter(pk__gte=first).exclude(decision="").order_by("pk").values_list("pk", flat=True)

    def groups() -> Iterator[list[UUID]]:
        group = list(found[:GROUP])
        while group:
            yield group
            group = list(found.filter(pk__gt=group[-1])[:GROUP])

    return found.count(), groups()


def policy_named(policy_hash: str) -> Policy:
    """Return a policy that once decided here, by its hash or the beginning of it (8 digits or more).

    Raises:
        CannotReplay: no such policy, or several, or its packs are not what their hashes say.
    """
    if not 8 <= len(policy_hash) <= 64 or not set(policy_hash) <= set(hexdigits):
        raise CannotReplay(f"{policy_hash[:70]!r} is no policy hash; give 8 to 64 hex digits of one")
    found = list(models.Policy.objects.filter(pk__startswith=policy_hash.lower())[:2])
    if len(found) != 1:
        recent = models.Policy.objects.order_by("-registered_at").values_list("pk", flat=True)[:5]
        known = ", ".join(name[:16] for name in recent) or "none"
        raise CannotReplay(f"{'several policies begin' if found else 'no policy begins'} so; the newest are {known}")
    joined, packs = records.policy_in(found[0])
    try:
        return Policy(joined, activating.of_hash(packs))
    except (NotFound, PackError) as error:
        raise CannotReplay(f"its packs cannot be had: {error}") from error
