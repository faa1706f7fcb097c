"""EXECUTION: the approved calls, each at most once, and the answer with its citations."""

import json
from typing import Any
from uuid import UUID

from audit.events import EventType
from audit.fields import seal_text
from audit.spans import Span
from evidence.models import Claim
from guardians.guardian import Finding, Part
from orchestration import material
from orchestration.engine import undoing
from orchestration.engine.acting import EffectFailed, act
from orchestration.engine.bench import Bench, State
from orchestration.engine.deciding import is_supported
from orchestration.engine.drafting import StepFailed
from orchestration.models import Action
from orchestration.selection import select
from orchestration.states import ActionState

LAST_CLAIMS = """
bundle_id = (SELECT id FROM evidence_claimbundle WHERE run = %s ORDER BY revision DESC LIMIT 1) ORDER BY ordinal
"""


def execute(bench: Bench, state: State) -> State:
    """Call what was approved, compose the answer, and settle every claim.

    It runs again from its beginning whenever people have answered: what is done stays done by its row.

    Raises:
        StepFailed: an effect failed; what was done before is undone where that is registered and approved.
    """
    people = max(1, int(state["grounds"]["people"]))
    for planned in state.get("actions", []):
        try:
            act(bench, stored(planned["id"]))
        except EffectFailed as failure:
            undoing.undo(bench, failure, people=people)
    if select(Action, "run_id = %s AND state = %s", bench.journal.run.pk, ActionState.UNDONE.value):
        raise StepFailed("effect:undone: what this run did was undone, so it cannot end as if it were done")
    answer = compose(bench, state)
    settle_claims(bench)
    seal_text(bench.journal.key, bench.journal.run, "answer_sealed", json.dumps(answer, ensure_ascii=False))
    bench.journal.set(answer_sealed=bench.journal.run.answer_sealed)
    published = bench.journal.commitment(answer["text"])
    bench.journal.enter(EventType.RUN_PUBLISHED, answer=published, citations=len(answer["citations"]))
    bench.journal.move("record", barrier=True)
    return {"answer": answer}


def stored(id_: str) -> Action:
    return Action.objects.select_related("tool__server").get(pk=UUID(id_))


def compose(bench: Bench, state: State) -> dict[str, Any]:
    """Return the answer: the supported claims in their order, masked, each with the passages that carry it."""
    sentences, citations = [], []
    numbers: dict[str, int] = {}
    passages = {document["id"]: document for document in state["passages"]}
    for claim in filter(is_supported, state["claims"]):
        cited = []
        for passage_id in claim["passages"][:3]:
            if passage_id not in numbers:
                numbers[passage_id] = len(numbers) + 1
                known = passages[passage_id]
                citations.append(
                    {
                        "number": numbers[passage_id],
                        "passage": passage_id,
                        "source": known["source"],
                        "title": known["title"],
                        "sha256": known["sha256"],
                    }
                )
            cited.append(numbers[passage_id])
        sentences.append({"text": masked_claim(bench, state, claim), "citations": cited})
    text = " ".join(f"{item['text']} [{']['.join(map(str, item['citations']))}]" for item in sentences)
    return {"text": text, "sentences": sentences, "citations": citations}


def masked_claim(bench: Bench, state: State, claim: dict[str, Any]) -> str:
    """Return a claim's text without what the guardians want masked in it."""
    findings = [
        Finding(
            rule=item["rule"],
            kind=item["kind"],
            part=Part.ANSWER,
            ref="answer",
            span=Span(item["start"], item["end"]),
            score=item["score"],
        )
        for item in state["masks"]
    ]
    return material.masked_claim(
        str(claim["text"]),
        Span(claim["start"], claim["end"]),
        answer=state["draft"]["text"],
        findings=findings,
        key=bench.journal.key.key,
        policy=bench.parts.masking,
    )


def settle_claims(bench: Bench) -> None:
    """Publish what is supported and withhold the rest, in the last bundle."""
    for claim in select(Claim, LAST_CLAIMS, bench.journal.run.pk):
        if claim.state == "SUPPORTED":
            claim.publish()
        elif claim.state in {"CONTRADICTED", "INSUFFICIENT", "DISPUTED"}:
            claim.withhold()
        bench.journal.change(claim, "state")
