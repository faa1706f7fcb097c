"""Many requests at once: each accepted one becomes a run of its own, and one that cannot be taken spoils no other."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, Sum
from django.utils.timezone import now

from audit import keys, ledger, vault
from audit.access import require, workspace_of
from audit.actors import Actor
from audit.errors import Conflict, NotFound, Problem
from audit.events import EventType
from audit.ids import new_id
from audit.models import DataKey, Workspace
from audit.roles import Scope
from orchestration import priority, requests, runs, wakeups
from orchestration.insertion import insert
from orchestration.models import Batch, Run
from orchestration.requests import RequestError, clean
from orchestration.states import TERMINAL, Kind, RunState

SIZE_LIMIT = 1000
FAILURES_SHOWN = 20
CANCELLED_TOGETHER = 50
TRIES = 3
# Names of fields that may be kept; what is not in it was made up by the client and could be a text.
FIELDS = requests.FIELDS | {"kind", "idempotency_key", "body"}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A request that was not taken: its place in the batch, the field, and why."""

    index: int
    field: str
    message: str

    def without_texts(self) -> dict[str, Any]:
        """Return what is kept: messages quote what the client wrote, so they are told once and not stored."""
        name = self.field.partition("[")[0]
        return {"index": self.index, "field": name if name in FIELDS else "body"}


@dataclass(frozen=True, slots=True)
class Item:
    """A request that can be taken, at its place in the batch, with its canonical form and a data key of its own."""

    index: int
    request: requests.Request
    document: str
    digest: str
    idempotency_key: str | None
    made: keys.Made


@dataclass(frozen=True, slots=True)
class Accepted:
    """A batch with what became of each of its requests."""

    batch: Batch
    runs: Sequence[tuple[int, UUID]]
    rejected: Sequence[Rejected]
    created: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is. ``done`` is the share of its requests that need nothing more, 0 to 1."""

    states: Mapping[str, int]
    decisions: Mapping[str, int]
    accepted: int
    done: float
    version: int

    @property
    def ended(self) -> bool:
        return self.done == 1.0


def wake(batch_id: UUID) -> None:
    """Have a worker wake the batch's runs: one message instead of a thousand from a web process."""
    wakeups.send("orchestration.wake_batch", batch_id)


def wake_runs(batch_id: UUID) -> int:
    """Wake the first of the batch's runs and return how many; workers go on with the others, and beat finds them."""
    woken = 0
    for run_id, stakes in waiting(batch_id)[: priority.WOKEN]:
        if not wakeups.send("orchestration.advance", run_id, level=priority.level(stakes, together=True)):
            break
        woken += 1
    return woken


def waiting(batch_id: UUID) -> list[tuple[UUID, str]]:
    """Return the batch's runs that nobody has begun, with their stakes, in their order."""
    rows = Run.objects.filter(batch_id=batch_id, state=RunState.INITIALIZED.value).order_by("place")
    return list(rows.values_list("pk", "stakes"))


def submit(documents: object, *, actor: Actor, idempotency_key: str | None = None) -> Accepted:
    """Accept 1 to 1,000 requests: all runs, their keys and first entries in one transaction; workers wake on commit.

    Args:
        documents: a list of JSON objects as for one run, each with its ``kind`` and perhaps its ``idempotency_key``.

    Raises:
        Invalid: it is no list, empty, or too long. What is wrong with one request is reported, not raised.
        Conflict: two requests have one key, or the batch's key was used with other requests.
        NotAllowed: the actor lacks runs:write.
    """
    require(actor, Scope.RUNS_WRITE)
    given = checked(documents)
    if idempotency_key is not None:
        idempotency_key = clean(idempotency_key, "Idempotency-Key", limit=120)
    digest = keys.reference(f"batch:{actor.workspace}:{json.dumps(given, sort_keys=True)}")
    workspace = Workspace.objects.get(pk=workspace_of(actor))
    batch = Batch(id=new_id(), workspace=workspace, requested_by=str(actor), size=len(given), request_digest=digest)
    batch.idempotency_key = idempotency_key
    items, rejected = sorted_out(given, workspace)
    for _ in range(TRIES):
        # Whoever takes one of the keys at the same moment is seen at the next try.
        known = Batch.objects.filter(workspace=workspace, idempotency_key=idempotency_key).first()
        if idempotency_key is not None and known is not None:
            return again(known, digest, rejected)
        try:
            return store(batch, items, rejected, actor=actor)
        except IntegrityError:
            continue
    raise Conflict("others took keys of this batch while it was written; send it again")


def checked(documents: object) -> list[object]:
    if not isinstance(documents, list):
        raise RequestError("requests", f"requests is {type(documents).__name__}; send a list")
    if not 1 <= len(documents) <= SIZE_LIMIT:
        raise RequestError("requests", f"requests has {len(documents)} items; 1 to {SIZE_LIMIT} are taken: split it")
    return documents


def sorted_out(given: Sequence[object], workspace: Workspace) -> tuple[list[Item], list[Rejected]]:
    """Return the requests that can be taken, and the others with what is wrong.

    Raises:
        Conflict: two have the same key.
    """
    items: list[Item] = []
    rejected: list[Rejected] = []
    first: dict[str, int] = {}
    for index, document in enumerate(given):
        try:
            item = item_of(index, document, workspace)
        except Problem as problem:
            rejected.append(Rejected(index, problem.field or "body", str(problem)))
            continue
        if item.idempotency_key is not None and first.setdefault(item.idempotency_key, index) != index:
            at = f"requests[{first[item.idempotency_key]}] and requests[{index}]"
            raise Conflict(f"{at} have the same idempotency_key; give each its own, or send one of them")
        items.append(item)
    return items, rejected


def item_of(index: int, document: object, workspace: Workspace) -> Item:
    if not isinstance(document, Mapping):
        raise RequestError("body", f"the request is {type(document).__name__}; send a JSON object")
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in set(Kind):
        raise RequestError("kind", f"kind is {str(kind)[:40]!r}; use {' or '.join(Kind)}")
    key = document.get("idempotency_key")
    if key is not None:
        key = clean(key, "idempotency_key", limit=120)
    fields = {name: value for name, value in document.items() if name not in {"kind", "idempotency_key"}}
    request = requests.parse(fields, kind=Kind(kind))
    runs.check_deadline(request)
    text = runs.document_of(request).decode()
    return Item(index, request, text, keys.reference(f"{workspace.pk}:{text}"), key, keys.make(workspace))


def again(batch: Batch, digest: str, rejected: Sequence[Rejected]) -> Accepted:
    """Return what an earlier submission of the same requests came to."""
    if batch.request_digest != digest:
        raise Conflict(f"this Idempotency-Key belongs to batch {batch.pk} with other requests; use a new key")
    told = {item.index: item for item in rejected}
    kept = [told.get(item["index"]) or taken(item["index"]) for item in batch.rejected]
    places = batch.runs.order_by("place").values_list("place", "pk")
    return Accepted(batch, [(place, run) for place, run in places if place is not None], kept, created=False)


def taken(index: int, run: UUID | None = None) -> Rejected:
    where = f"run {run}" if run else "another run"
    return Rejected(index, "idempotency_key", f"this key already belongs to {where}; read that one, or use a new key")


def store(batch: Batch, items: Sequence[Item], rejected: Sequence[Rejected], *, actor: Actor) -> Accepted:
    """Keep the batch. All that costs time, sealing above all, is done before the transaction begins."""
    used = used_keys(batch, items)
    clashing = [taken(i.index, used[i.idempotency_key]) for i in items if i.idempotency_key in used]
    refused = sorted([*rejected, *clashing], key=lambda item: item.index)
    kept = [item for item in items if item.idempotency_key not in used]
    batch.rejected = [item.without_texts() for item in refused]
    made = [run_of(item, batch, actor=actor) for item in kept]
    asked = [vault.commitment(item.made.key, item.document) for item in kept]
    events = [runs.submission(run, document, actor=actor) for run, document in zip(made, asked, strict=True)]
    write(batch, [item.made.row for item in kept], made, events, actor=actor)
    return Accepted(batch, [(item.index, run.pk) for item, run in zip(kept, made, strict=True)], refused, created=True)


def used_keys(batch: Batch, items: Sequence[Item]) -> dict[str | None, UUID]:
    """Return which of the requests' idempotency keys belong to a run already."""
    wanted = [item.idempotency_key for item in items if item.idempotency_key is not None]
    if not wanted:
        return {}
    known = Run.objects.filter(workspace=batch.workspace, idempotency_key__in=wanted)
    return dict(known.values_list("idempotency_key", "pk"))


@transaction.atomic
def write(
    batch: Batch, made: Sequence[DataKey], under: Sequence[Run], events: Sequence[ledger.Event], *, actor: Actor
) -> None:
    """Write a batch with its data keys, its runs and their first entries: one statement for each kind."""
    batch.save(force_insert=True)
    insert(made)
    insert(under)
    if events:
        ledger.begin(events)
    counts = {"batch": str(batch.pk), "size": batch.size, "accepted": len(under), "rejected": len(batch.rejected)}
    ledger.append(ledger.Event(EventType.BATCH_SUBMITTED, actor, counts), chain=f"batch:{batch.pk}")
    if under:
        transaction.on_commit(partial(wake, batch.pk))


def run_of(item: Item, batch: Batch, *, actor: Actor) -> Run:
    run = runs.unsaved_run(
        item.request, item.document, item.digest, actor=actor, workspace=batch.workspace, key=item.made.key
    )
    run.idempotency_key = item.idempotency_key
    run.batch = batch
    run.place = item.index
    return run


def found(batch_id: UUID, *, actor: Actor) -> Batch:
    """Return the batch if it is in the actor's workspace; raises NotFound otherwise, wherever else it may be."""
    batch = Batch.objects.filter(pk=batch_id, workspace_id=workspace_of(actor)).first()
    if batch is None:
        raise NotFound(f"no batch {batch_id} in this workspace")
    return batch


def progress(batch: Batch) -> Progress:
    """Count the batch's runs by state and by decision."""
    states: dict[str, int] = {}
    decisions: dict[str, int] = {}
    version = 0
    rows = batch.runs.values_list("state", "decision").annotate(n=Count("pk"), changes=Sum("version")).order_by()
    for state, decision, count, changes in rows:
        states[state] = states.get(state, 0) + count
        if decision:
            decisions[decision] = decisions.get(decision, 0) + count
        version += changes
    accepted = sum(states.values())
    ended = sum(count for state, count in states.items() if state in TERMINAL)
    return Progress(states, decisions, accepted, (ended + batch.size - accepted) / batch.size, version)


def failures(batch: Batch) -> list[Run]:
    """Return the first runs of the batch that failed, in their order."""
    return list(batch.runs.filter(state=RunState.FAILED.value).order_by("place")[:FAILURES_SHOWN])


def cancel(batch_id: UUID, *, actor: Actor) -> int:
    """Stop every run of the batch that has not ended, and return how many. What is being written down completes.

    The runs are taken some at a time, since sealing waits for a long transaction. When a call is broken off, the
    next one goes on.

    Raises:
        NotFound: the batch is not in the actor's workspace.
        NotAllowed: the actor lacks runs:write.
    """
    require(actor, Scope.RUNS_WRITE)
    batch = found(batch_id, actor=actor)
    cancelled = 0
    while count := cancel_some(batch, actor=actor):
        cancelled += count
    close(batch, cancelled, actor=actor)
    return cancelled


@transaction.atomic
def cancel_some(batch: Batch, *, actor: Actor) -> int:
    beyond = [*TERMINAL, RunState.LOGGING]
    rows = batch.runs.select_for_update().exclude(state__in=beyond).order_by("pk")[:CANCELLED_TOGETHER]
    under_way = list(rows)
    for run in under_way:
        runs.end(run, "cancel", EventType.RUN_CANCELLED, actor=actor, reason="cancelled with its batch")
    return len(under_way)


@transaction.atomic
def close(batch: Batch, cancelled: int, *, actor: Actor) -> None:
    stored = Batch.objects.select_for_update().get(pk=batch.pk)
    if stored.cancelled_at is not None and not cancelled:
        return
    stored.cancelled_at = stored.cancelled_at or now()
    stored.save(update_fields=["cancelled_at"])
    event = ledger.Event(EventType.BATCH_CANCELLED, actor, {"batch": str(batch.pk), "cancelled": cancelled})
    ledger.append(event, chain=f"batch:{batch.pk}")
