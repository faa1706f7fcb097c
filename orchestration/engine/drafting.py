"""PROCESSING, second half: an answer to judge, drafted from the passages or given by the client."""

import math

from audit.events import EventType
from audit.fields import seal_text
from audit.ids import new_id
from orchestration.engine.bench import Bench, State
from orchestration.engine.gathering import from_json
from orchestration.engine.providers import DraftReply, DraftTask, ProviderFailure
from orchestration.models import Draft
from orchestration.requests import ANSWER_LIMIT
from orchestration.states import Kind


class StepFailed(Exception):
    """A step that cannot be done; the run fails with this reason."""


def draft(bench: Bench, state: State) -> State:
    """Return the draft of this revision and move the run to GATING.

    Raises:
        StepFailed: the model gave no usable answer.
    """
    reply = given(bench) if bench.request.kind is Kind.VERIFY else drafted(bench, state)
    run = bench.journal.run
    row = Draft(
        id=new_id(),
        run_id=run.pk,
        revision=state["revision"],
        provider=reply.provider,
        model=reply.model,
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
        cost_micros=reply.cost_micros,
        attempts=[{"number": a.number, "outcome": a.outcome, "elapsed_us": a.elapsed_us} for a in reply.attempts],
    )
    seal_text(bench.journal.key, row, "text_sealed", reply.answer)
    bench.journal.add(row)
    bench.journal.enter(
        EventType.RUN_DRAFTED,
        provider=reply.provider,
        model=reply.model,
        revision=state["revision"],
        draft=bench.journal.commitment(reply.answer),
        attempts=len(reply.attempts),
    )
    bench.journal.move(
        "gate",
        provider=reply.provider,
        model=reply.model,
        tokens_in=run.tokens_in + reply.tokens_in,
        tokens_out=run.tokens_out + reply.tokens_out,
        cost_micros=run.cost_micros + reply.cost_micros,
    )
    return {"draft": {"text": reply.answer}}


def given(bench: Bench) -> DraftReply:
    return DraftReply(
        answer=bench.request.answer, provider="given", model="", tokens_in=0, tokens_out=0, cost_micros=0, attempts=()
    )


def drafted(bench: Bench, state: State) -> DraftReply:
    task = DraftTask(
        question=state["question"],
        passages=tuple(from_json(document) for document in state["passages"]),
        refused=tuple(state.get("refused", ())),
        limit_chars=ANSWER_LIMIT,
        seconds=bench.watch.seconds(math.inf),
    )
    try:
        return bench.parts.provider.draft(task)
    except ProviderFailure as failure:
        raise StepFailed(f"provider:{failure.reason.value}: {len(failure.attempts)} attempts") from failure
