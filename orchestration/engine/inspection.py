"""Whether runs, their checkpoints and the ledger say the same: compared run by run, in constant memory.

Each group of runs is read in one snapshot of the database, so what workers do meanwhile is no fault.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from audit import keys, ledger
from audit.ledger import Fault, ReadEntry
from evidence.models import Claim, Evidence
from evidence.states import ClaimState
from evidence.verdicts import Stance, Verdict
from orchestration.engine import rows
from orchestration.engine.envelope import CheckpointRefused, Envelope, Strict
from orchestration.engine.rows import Connected, Place
from orchestration.models import Action, Checkpoint, Inquiry, Run
from orchestration.states import LIVE, RETURNS, RUN_TRANSITIONS, ActionState, InquiryState, RunState

GROUP = 50
BEGUN = ("run.submitted", "run.forked")
MOVED = ("run.advanced", "run.failed", "run.cancelled")
EFFECTS = (
    "effect.intended",
    "effect.done",
    "effect.failed",
    "effect.unknown",
    "effect.taken_over",
    "effect.repeated",
    "effect.withdrawn",
    "effect.answered",
    "effect.undone",
)
# What a person's answer says of an intent: that it came to its end, or that nothing came of it.
CLOSED = (f"answered {InquiryState.TRY_AGAIN}", f"answered {InquiryState.GIVEN_UP}")
TOLD = (*BEGUN, *MOVED, *EFFECTS, "run.restored", "run.completed")
# Whoever goes back to an earlier checkpoint on purpose says so; two other children of one are two workers.
ON_PURPOSE = frozenset({"fork", "update"})
BEGAN = frozenset({ActionState.INTENDED, ActionState.DONE, ActionState.UNKNOWN})


class Kind(StrEnum):
    """What a fault is a sign of."""

    LOST_RUN = "lost run"
    DUPLICATE_EFFECT = "duplicate effect"
    STALE_CHECKPOINT = "stale checkpoint"
    FORKED_CHAIN = "forked chain"
    LEDGER_GAP = "ledger gap"
    DISAGREEMENT = "disagreement"


@dataclass(frozen=True, slots=True)
class Step:
    """A checkpoint's columns in clear."""

    namespace: str
    id: str
    parent: str | None
    source: str
    number: int


class Inspection:
    """One pass over all runs, or over one. ``runs`` counts those that were looked at."""

    def __init__(self, *, run: UUID | None = None, digests: bool = True) -> None:
        self.run = run
        self.digests = digests
        self.runs = 0

    def faults(self) -> Iterator[Fault]:
        """Yield every place where run, checkpoints and ledger do not say the same."""
        return (fault for _, fault in self.sorted_faults())

    def sorted_faults(self) -> Iterator[tuple[Kind, Fault]]:
        last: UUID | None = None
        while True:
            with unmoved() as connected:
                group = self.group(last)
                found = list(self.compare(group, connected))
            yield from found
            if len(group) < GROUP:
                break
            last = group[-1].pk
        if self.run is None:
            yield from ((Kind.LOST_RUN, fault) for fault in lost())

    def group(self, last: UUID | None) -> list[Run]:
        found = Run.objects.order_by("pk").only("state", "key_id")
        if self.run is not None:
            found = found.filter(pk=self.run)
        return list((found.filter(pk__gt=last) if last else found)[:GROUP])

    def compare(self, group: Sequence[Run], connected: Connected) -> Iterator[tuple[Kind, Fault]]:
        ids = [run.pk for run in group]
        told: dict[UUID | None, list[ReadEntry]] = defaultdict(list)
        for entry in ledger.about_runs(ids, types=TOLD):
            told[entry.run].append(entry)
        steps = steps_of(ids)
        actions: dict[UUID, list[Action]] = defaultdict(list)
        for action in Action.objects.filter(run__in=ids).order_by("ordinal").only("run_id", "state", "ordinal"):
            actions[action.run_id].append(action)
        open_ = Inquiry.objects.filter(run__in=ids, state=InquiryState.OPEN.value)
        asked = set(open_.values_list("action", flat=True))
        unproven = unproven_of(ids)
        for run in group:
            self.runs += 1
            own = steps[str(run.pk)]
            said: tuple[tuple[Kind, Iterable[str]], ...] = (
                (Kind.DISAGREEMENT, compare_state(run, told[run.pk])),
                (Kind.LOST_RUN, compare_beginning(run, own)),
                (Kind.DISAGREEMENT, compare_parents(own)),
                (Kind.FORKED_CHAIN, compare_children(own)),
                (Kind.STALE_CHECKPOINT, compare_order(own)),
                (Kind.DUPLICATE_EFFECT, compare_effects(actions[run.pk], told[run.pk])),
                (Kind.DISAGREEMENT, unasked(run, actions[run.pk], asked)),
                (Kind.DISAGREEMENT, unproven[run.pk]),
                (Kind.DISAGREEMENT, compare_digests(run, connected) if self.digests else ()),
            )
            yield from ((kind, Fault(f"run {run.pk}", what)) for kind, words in said for what in words)


@contextmanager
def unmoved() -> Iterator[Connected]:
    """Let several queries see one moment. It is read-only, so that no sealing waits for it."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connected: Connected = connection.connection
        yield connected


def lost() -> Iterator[Fault]:
    """Yield the runs that the ledger tells of and that are not there."""
    begun = ledger.runs_told(types=BEGUN)
    while group := list(islice(begun, 500)):
        there = set(Run.objects.filter(pk__in=group).values_list("pk", flat=True))
        yield from (
            Fault(f"run {run}", "the ledger says that it began, but its row is gone")
            for run in group
            if run not in there
        )


# The run's state and the ledger


def compare_state(run: Run, entries: Sequence[ReadEntry]) -> Iterator[str]:
    at, restored, completed = "", False, 0
    for entry in entries:
        if entry.type in BEGUN:
            if at:
                yield f"{place(entry)} says that it began, after it had begun"
            at = RunState.INITIALIZED.value
        elif entry.type in MOVED:
            yield from judge_move(entry, at, restored=restored)
            at, restored = str(entry.data.get("after")), False
        restored = restored or entry.type == "run.restored"
        completed += entry.type == "run.completed"
    if not at:
        yield "no entry says that it began"
    elif at != run.state:
        yield f"its state is {run.state}, and the ledger left it in {at}"
    if completed != (run.state == RunState.COMPLETED):
        yield f"its state is {run.state}, and the ledger has {completed} entries that it completed"


def judge_move(entry: ReadEntry, at: str, *, restored: bool) -> Iterator[str]:
    before, after = entry.data.get("before"), entry.data.get("after")
    if before != at:
        yield f"{place(entry)} leaves {before}, but the run was in {at or 'no state yet'}"
    if (before, after) in RETURNS:
        if not restored:
            yield f"{place(entry)} goes on from {before} to {after} without a restore"
    elif (before, after) not in RUN_TRANSITIONS:
        yield f"{place(entry)} goes from {before} to {after}, which no run may"


def place(entry: ReadEntry) -> str:
    return f"entry {entry.id} ({entry.chain}#{entry.seq})"


# Checkpoints


def steps_of(ids: Sequence[UUID]) -> Mapping[str, list[Step]]:
    found: dict[str, list[Step]] = defaultdict(list)
    columns = ("thread", "namespace", "checkpoint_id", "parent_id", "source", "step")
    stored = Checkpoint.objects.filter(thread__in=[str(id_) for id_ in ids]).order_by("thread", "checkpoint_id")
    for thread, *step in stored.values_list(*columns).iterator(chunk_size=2000):
        found[thread].append(Step(*step))
    return found


def compare_beginning(run: Run, steps: Sequence[Step]) -> Iterator[str]:
    if not steps and run.state in LIVE and run.state != RunState.INITIALIZED:
        yield f"its state is {run.state}, and it has no checkpoint to go on from"


def compare_parents(steps: Sequence[Step]) -> Iterator[str]:
    there = {(step.namespace, step.id) for step in steps}
    for step in steps:
        if step.parent is not None and (step.namespace, step.parent) not in there:
            yield f"checkpoint {step.id} follows {step.parent}, which is not there"


def compare_children(steps: Sequence[Step]) -> Iterator[str]:
    children: dict[tuple[str, str | None], list[str]] = defaultdict(list)
    for step in steps:
        if step.source not in ON_PURPOSE:
            children[step.namespace, step.parent].append(step.id)
    for (_, parent), several in children.items():
        if len(several) > 1:
            yield f"checkpoints {', '.join(several)} all follow {parent or 'nothing'}, and none of them is a fork"


def compare_order(steps: Sequence[Step]) -> Iterator[str]:
    """Yield checkpoints that are not later than what they follow. Pruning leaves gaps, so later is enough."""
    known = {(step.namespace, step.id): step for step in steps}
    for step in steps:
        parent = known.get((step.namespace, step.parent or ""))
        if parent is not None and not (parent.number < step.number and parent.id < step.id):
            yield f"checkpoint {step.id} is step {step.number} and follows {parent.id}, which is step {parent.number}"


def compare_digests(run: Run, connected: Connected) -> Iterator[str]:
    """Yield what the engine would refuse to go on from. Where the key was destroyed there is nothing to compare."""
    try:
        envelope = Envelope(keys.load(run.key_id), Strict())
    except keys.KeyUnavailable:
        return
    for found in Checkpoint.objects.filter(thread=str(run.pk)).values_list("namespace", flat=True).distinct():
        where = Place(str(run.pk), found)
        stored = rows.select(connected, where)
        for row in stored:
            try:
                rows.opened_all(envelope, connected, where, [row])
            except CheckpointRefused as refused:
                yield str(refused)
        for write in rows.writes(connected, where, [row.checkpoint_id for row in stored]):
            try:
                envelope.unseal(write.binding(where), write.body)
            except CheckpointRefused as refused:
                yield str(refused)


# Effects and claims


def compare_effects(actions: Sequence[Action], entries: Sequence[ReadEntry]) -> Iterator[str]:
    told: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        if entry.type in EFFECTS:
            told[str(entry.data.get("action"))][entry.type] += 1
        if entry.type == "effect.answered":
            told[str(entry.data.get("action"))][f"answered {entry.data.get('answer')}"] += 1
    for action in actions:
        yield from judge_effect(action, told.pop(str(action.pk), Counter()))
    for name in told:
        yield f"the ledger tells of action {name}, which is not there"


def judge_effect(action: Action, told: Counter[str]) -> Iterator[str]:
    """Compare an action with its entries. What failed, or a person said did not happen, may have been tried again."""
    intended, taken = told["effect.intended"], told["effect.taken_over"]
    done = told["effect.done"] + told[f"answered {InquiryState.HAPPENED}"]
    began = intended - told["effect.failed"] - told["effect.withdrawn"] - sum(told[word] for word in CLOSED)
    where = f"action {action.pk} is {action.state}"
    if action.state in {ActionState.DONE, ActionState.UNDONE}:
        if (began, done, taken) not in {(1, 1, 0), (0, 0, 1)}:
            yield f"{where}, and the ledger has {began} open intents, {done} outcomes and {taken} that were taken over"
    elif done or taken:
        yield f"{where}, and the ledger says that it was done"
    elif began != (action.state in BEGAN):
        yield f"{where}, and the ledger has {began} open intents"
    if told["effect.unknown"] - told["effect.answered"] != (action.state == ActionState.UNKNOWN):
        yield f"{where}, and {told['effect.unknown']} times it was unknown, of which {told['effect.answered']} answered"


def unasked(run: Run, actions: Sequence[Action], asked: Collection[UUID]) -> Iterator[str]:
    """Yield effects that nobody knows of and nobody is asked about."""
    for action in actions:
        if action.state == ActionState.UNKNOWN and action.pk not in asked:
            yield f"action {action.pk} is UNKNOWN, and no inquiry asks about it"
        if action.state == ActionState.INTENDED and run.state not in LIVE:
            yield f"action {action.pk} is INTENDED in a run that is {run.state}, and no inquiry asks about it"


def unproven_of(ids: Sequence[UUID]) -> Mapping[UUID, list[str]]:
    """Return run -> its published claims that no evidence supports."""
    support = Evidence.objects.filter(claim=OuterRef("pk"), stance=Stance.SUPPORTS.value)
    published = Claim.objects.filter(bundle__run__in=ids, state=ClaimState.PUBLISHED.value)
    found: dict[UUID, list[str]] = defaultdict(list)
    columns: Any = ("bundle__run", "pk", "verdict", "proven")
    for run, claim, verdict, proven in published.annotate(proven=Exists(support)).values_list(*columns):
        if verdict != Verdict.SUPPORTED:
            found[run].append(f"claim {claim} is published with the verdict {verdict or 'none'}")
        elif not proven:
            found[run].append(f"claim {claim} is published, and no evidence supports it")
    return found
