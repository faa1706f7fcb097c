"""A run read by a person or client: the access entry first, then its texts in clear."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from audit import keys, vault
from audit.access import record_read, require
from audit.actors import Actor
from audit.fields import open_text
from audit.roles import Scope
from evidence import records as evidence_records
from evidence.records import ReadClaim
from guardians.models import Finding, Review
from orchestration import pieces, runs
from orchestration.models import Action, Appeal, Approval, ApprovalVote, Inquiry, Run, Tool, ToolCall
from orchestration.pieces import Pieces
from orchestration.states import RunState


@dataclass(frozen=True, slots=True)
class ReadAction:
    """An action in clear; ``undoes`` is the id of the one that it undoes."""

    id: UUID
    kind: str
    undoes: UUID | None
    attempt: int
    fault: str
    tool: str
    tier: int
    state: str
    arguments: Mapping[str, Any]
    definition_hash: str
    idempotency_key: str
    result: str


@dataclass(frozen=True, slots=True)
class ReadCall:
    tool: Tool
    fault: str
    elapsed_us: int
    arguments: Mapping[str, Any]
    result: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReadWord:
    """One person's word on an approval, with the reason they gave."""

    approval: UUID
    actor: str
    approve: bool
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReadInquiry:
    """A question whether an effect happened: what the server said, and the reason of whoever answered."""

    row: Inquiry
    said: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadAppeal:
    """An appeal with what was said: by whoever made it, and by whoever decided it ('' before).

    Attributes:
        passage: the text of the passage that it points to; '' where it points to none.
        title: where that stands.
    """

    row: Appeal
    reason: str
    word: str
    passage: str
    title: str


@dataclass(frozen=True, slots=True)
class ReadRun:
    """A run with its texts in clear, as far as its key still exists.

    Attributes:
        draft: the text that was judged last.
        pieces: the texts in which the guardians' findings have a place.
        commitment: what the ledger keeps of one of the run's texts.
    """

    run: Run
    request: Mapping[str, Any]
    masked_question: str
    draft: str
    answer: Mapping[str, Any] | None
    claims: tuple[ReadClaim, ...]
    reviews: tuple[Review, ...]
    pieces: Pieces
    actions: tuple[ReadAction, ...]
    calls: tuple[ReadCall, ...]
    approvals: tuple[Approval, ...]
    words: tuple[ReadWord, ...]
    inquiries: tuple[ReadInquiry, ...]
    appeals: tuple[ReadAppeal, ...]
    commitment: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """A run with its answer in clear; None until it is completed."""

    run: Run
    answer: Mapping[str, Any] | None


FIELDS = (
    *("request", "draft", "answer", "claims", "passages", "actions", "tool calls", "approval reasons", "inquiries"),
    "appeals",
)


def read_run(run_id: UUID, *, actor: Actor, via: str) -> ReadRun:
    """Return a run in clear, after writing the access entry.

    Args:
        via: the face it is read through, such as ``api`` or ``console``.

    Raises:
        NotFound: it is not in the actor's workspace.
        KeyUnavailable: its key was destroyed.
        SealError: one of its texts is not what was written.
    """
    run, key = opened(run_id, actor=actor, fields=FIELDS, via=via)
    request = json.loads(open_text(key, run, "request_sealed"))
    reviews = reviews_of(run)
    return ReadRun(
        run=run,
        request=request,
        masked_question=open_text(key, run, "question_sealed") if run.question_sealed is not None else "",
        draft=draft_of(run, key),
        answer=answer_of(run, key),
        claims=evidence_records.read_claims(run.pk, key=key),
        reviews=reviews,
        pieces=pieces.read_pieces(run, reviews, question=question_of(request), key=key),
        actions=tuple(read_action(row, key) for row in run.actions.select_related("tool__server").order_by("ordinal")),
        calls=tuple(
            read_call(row, key) for row in run.tool_calls.select_related("tool__server").order_by("created_at", "id")
        ),
        approvals=tuple(run.approvals.order_by("-created_at")),
        words=tuple(read_word(row, key) for row in words_on(run)),
        inquiries=tuple(read_inquiry(row, key) for row in run.inquiries.order_by("-created_at", "-id")),
        appeals=tuple(read_appeal_row(row, key) for row in appeals_on(run)),
        commitment=partial(vault.commitment, key),
    )


def read_answer(run_id: UUID, *, actor: Actor, via: str) -> ReadAnswer:
    """Return a run and its answer, after writing the access entry. Raises as read_run does."""
    run, key = opened(run_id, actor=actor, fields=("answer",), via=via)
    return ReadAnswer(run, answer_of(run, key))


@dataclass(frozen=True, slots=True)
class ReadReviews:
    """What the guardians said of a run, newest draft first, with the texts in which their findings have a place."""

    reviews: tuple[Review, ...]
    pieces: Pieces


def read_reviews(run_id: UUID, *, actor: Actor, via: str) -> ReadReviews:
    """Return a run's reviews, after writing the access entry. Raises as read_run does."""
    run, key = opened(run_id, actor=actor, fields=("request", "draft", "passages"), via=via)
    reviews = reviews_of(run)
    request = json.loads(open_text(key, run, "request_sealed"))
    return ReadReviews(reviews, pieces.read_pieces(run, reviews, question=question_of(request), key=key))


def reviews_of(run: Run) -> tuple[Review, ...]:
    findings = Prefetch("votes__findings", queryset=Finding.objects.order_by("id"))
    return tuple(Review.objects.filter(run=run.pk).prefetch_related("votes", findings).order_by("-revision"))


def question_of(request: Mapping[str, Any]) -> str:
    return str(request.get("question", ""))


def read_claims(run_id: UUID, *, actor: Actor, via: str) -> tuple[ReadClaim, ...]:
    """Return a run's claims with their evidence, after writing the access entry. Raises as read_run does."""
    run, key = opened(run_id, actor=actor, fields=("claims", "passages"), via=via)
    return evidence_records.read_claims(run.pk, key=key)


def read_appeal(row: Appeal, *, actor: Actor, via: str) -> ReadAppeal:
    """Return an appeal with what was said of it, after writing the access entry. Raises as read_run does."""
    _, key = opened(row.run_id, actor=actor, fields=("appeals",), via=via)
    return read_appeal_row(row, key)


def opened(run_id: UUID, *, actor: Actor, fields: Sequence[str], via: str) -> tuple[Run, vault.DataKey]:
    """Return a run and the key to its texts, once it is on record who reads which of them."""
    require(actor, Scope.RUNS_READ)
    run = runs.found(run_id, actor=actor)
    record_read(actor, run=run.pk, fields=fields, via=via)
    return run, keys.load(run.key_id)


def draft_of(run: Run, key: vault.DataKey) -> str:
    last = run.drafts.order_by("-revision").first()
    return open_text(key, last, "text_sealed") if last is not None else ""


def words_on(run: Run) -> QuerySet[ApprovalVote]:
    return ApprovalVote.objects.filter(approval__run=run).order_by("created_at")


def read_word(row: ApprovalVote, key: vault.DataKey) -> ReadWord:
    reason = open_text(key, row, "reason_sealed")
    return ReadWord(row.approval_id, row.actor, row.approve, reason, row.created_at)


def read_inquiry(row: Inquiry, key: vault.DataKey) -> ReadInquiry:
    return ReadInquiry(
        row=row,
        said=open_text(key, row, "said_sealed") if row.said_sealed is not None else "",
        reason=open_text(key, row, "reason_sealed") if row.reason_sealed is not None else "",
    )


def appeals_on(run: Run) -> QuerySet[Appeal]:
    rows = run.appeals.select_related("passage__document").defer("passage__document__text")
    return rows.order_by("created_at", "id")


def read_appeal_row(row: Appeal, key: vault.DataKey) -> ReadAppeal:
    passage = row.passage
    document = passage.document if passage is not None else None
    return ReadAppeal(
        row=row,
        reason=open_text(key, row, "reason_sealed"),
        word=open_text(key, row, "word_sealed") if row.word_sealed is not None else "",
        passage=evidence_records.passage_text(passage, key) if passage is not None else "",
        title=document.title if document else passage.origin if passage else "",
    )


def read_call(row: ToolCall, key: vault.DataKey) -> ReadCall:
    return ReadCall(
        tool=row.tool,
        fault=row.fault,
        elapsed_us=row.elapsed_us,
        arguments=json.loads(open_text(key, row, "arguments_sealed")),
        result=open_text(key, row, "result_sealed") if row.result_sealed is not None else "",
        created_at=row.created_at,
    )


def answer_of(run: Run, key: vault.DataKey) -> Mapping[str, Any] | None:
    """Return the answer once the run is completed: before that, nothing of it is acknowledged."""
    if run.answer_sealed is None or run.state != RunState.COMPLETED:
        return None
    opened: Mapping[str, Any] = json.loads(open_text(key, run, "answer_sealed"))
    return opened


def read_action(row: Action, key: vault.DataKey) -> ReadAction:
    return ReadAction(
        id=row.pk,
        kind=row.kind,
        undoes=row.undoes_id,
        attempt=row.attempt,
        fault=row.fault,
        tool=f"{row.tool.server.name}/{row.tool.name}",
        tier=row.tier,
        state=row.state,
        arguments=json.loads(open_text(key, row, "arguments_sealed")),
        definition_hash=row.definition_hash,
        idempotency_key=row.idempotency_key,
        result=open_text(key, row, "result_sealed") if row.result_sealed is not None else "",
    )
