"""W7 on our engine: ``driver.advance`` as the worker calls it, with W7's steps as the graph's nodes.

Each run is accepted as ``runs.submit`` does it, but for the message to the broker: run, data key and first entry in
one durable transaction. Then it is claimed under a lease and a token, driven by LangGraph with our saver and journal,
and every super-step is flushed with its facts: draft, review and votes, claims and evidence, answer, ledger entries;
texts and checkpoints sealed. An eighth super-step completes the run, since no flush may skip a state.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.db import connection, transaction
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from audit import keys
from audit.actors import Actor, ActorKind
from audit.events import EventType
from audit.fields import seal_text
from audit.flushing import FlushPolicy
from audit.ids import new_id
from audit.models import Workspace
from audit.roles import Scope
from audit.stakes import Stakes
from benchmarks import w7
from benchmarks.measuring import Load, Sample, loop
from evidence import models as evidence
from guardians import models as guardians
from guardians.consensus import RULE
from orchestration import requests, runs
from orchestration.engine import driver, pool
from orchestration.engine.bench import Bench
from orchestration.engine.checkpoints import DjangoSaver
from orchestration.engine.journal import Journal
from orchestration.models import Draft
from orchestration.states import Decision, Kind

GATE = "w7-overlap"
SHA = "0" * 64


class Channels(w7.Channels, total=False):
    """W7's state, and the one channel that the driver itself enters with."""

    revision: int


class Corpus:
    """The rows that were there before: a workspace and W7's passages as its reference documents."""

    def __init__(self) -> None:
        self.workspace = Workspace.objects.get()
        self.passages = dict(zip(w7_ids(), evidence.Passage.objects.order_by("ordinal"), strict=True))
        scopes = frozenset({Scope.RUNS_WRITE.value})
        self.actor = Actor(ActorKind.KEY, str(self.workspace.pk), self.workspace.pk, scopes)


def w7_ids() -> list[str]:
    return [item["id"] for item in w7.PASSAGES]


def fill() -> None:
    """Store what a Corpus is made of, in an empty database."""
    workspace = Workspace.objects.create(slug="w7", name="W7")
    source = evidence.Source.objects.create(workspace=workspace, name="corpus")
    text = "\n".join(item["text"] for item in w7.PASSAGES)
    document = evidence.Document.objects.create(source=source, title="agreement", sha256=SHA, text=text)
    for ordinal, item in enumerate(w7.PASSAGES):
        evidence.Passage.objects.create(
            document=document, ordinal=ordinal, origin=item["source"], sha256=SHA, text=item["text"]
        )


def accept(corpus: Corpus) -> Any:  # noqa: ANN401 - a run's id
    request = requests.parse({"question": w7.QUESTION}, kind=Kind.QUESTION)
    document = runs.document_of(request)
    digest = keys.reference(f"{corpus.workspace.pk}:{document.decode()}")
    with transaction.atomic():
        run = runs.new_run(request, document.decode(), digest, actor=corpus.actor, idempotency_key=None)
    return run.pk


def take(state: w7.State, runtime: Runtime[Bench]) -> dict[str, Any]:
    return w7.take(state, question=runtime.context.request.question)


def tools(state: w7.State) -> dict[str, Any]:
    return w7.tools(state)


def draft(state: w7.State, runtime: Runtime[Bench]) -> dict[str, Any]:
    journal, found = runtime.context.journal, w7.draft(state)
    text = " ".join(claim["text"] for claim in found["claims"])
    row = Draft(id=new_id(), run_id=journal.run.pk, revision=0, provider="w7", model="stub")
    seal_text(journal.key, row, "text_sealed", text)
    journal.add(row)
    journal.enter(EventType.RUN_DRAFTED, provider="w7", model="stub", revision=0, draft=journal.commitment(text))
    journal.move("gate", provider="w7", model="stub")
    return found


def guard(state: w7.State, runtime: Runtime[Bench]) -> dict[str, Any]:
    journal, found = runtime.context.journal, w7.guardians(state)
    material = journal.commitment(json.dumps(state["claims"]))
    policy = runtime.context.parts.policy_hash
    review = guardians.Review(
        id=new_id(),
        run=journal.run.pk,
        revision=0,
        stakes=Stakes.MEDIUM.value,
        ballot="ALLOW",
        rule=RULE,
        material=material,
        policy_hash=policy,
    )
    votes = [vote_row(review, vote) for vote in found["votes"]]
    journal.add(review, *votes)
    journal.enter(
        EventType.RUN_REVIEWED,
        review=str(review.pk),
        material=material,
        policy=policy,
        votes=[{"guardian": vote.guardian, "vote": vote.ballot, "version": vote.version} for vote in votes],
    )
    return found


def vote_row(review: guardians.Review, vote: Mapping[str, Any]) -> guardians.Vote:
    return guardians.Vote(
        review_id=review.pk,
        guardian=vote["guardian"],
        ballot="ALLOW" if vote["verdict"] == "approve" else "DENY",
        basis="DETERMINISTIC",
        hard=False,
        score=0.0,
        reason="no pattern matched",
        backend="re",
        version="1",
        material=review.material,
        policy_hash=review.policy_hash,
        elapsed_us=0,
    )


def gate(corpus: Corpus, links: int, state: w7.State, runtime: Runtime[Bench]) -> dict[str, Any]:
    """Judge, and record claims, their scores against all ten passages, and evidence for the best ``links`` of them."""
    journal, found = runtime.context.journal, w7.gate(state)
    bundle = evidence.ClaimBundle(
        id=new_id(),
        run=journal.run.pk,
        revision=0,
        outcome="SOME_WITHHELD",
        score=min(said["score"] for said in found["verdicts"]),
        verifier=GATE,
        calibration=GATE,
    )
    claims = [
        claim_row(journal, bundle, n, claim, said)
        for n, (claim, said) in enumerate(zip(state["claims"], found["verdicts"], strict=True))
    ]
    linked = [
        evidence_row(row, corpus.passages[name], score)
        for row, said in zip(claims, found["verdicts"], strict=True)
        for name, score in sorted(said["scores"], key=lambda pair: -pair[1])[:links]
    ]
    journal.add(bundle, *claims, *linked)
    journal.enter(
        EventType.RUN_GATED,
        bundle=str(bundle.pk),
        outcome=bundle.outcome,
        verifier=GATE,
        claims=[{"id": str(row.pk), "verdict": row.verdict, "score": f"{row.score:.4f}"} for row in claims],
        evidence=[[str(row.claim_id), str(row.passage_id), row.passage_sha256, row.stance] for row in linked],
    )
    supported = sum(said["supported"] for said in found["verdicts"])
    journal.move("consider", supported=supported, withheld=len(claims) - supported)
    return found


def claim_row(
    journal: Journal, bundle: evidence.ClaimBundle, ordinal: int, claim: Mapping[str, Any], said: Mapping[str, Any]
) -> evidence.Claim:
    row = evidence.Claim(
        id=new_id(),
        bundle_id=bundle.pk,
        key_id=journal.key.id,
        ordinal=ordinal,
        kind="FACT",
        start=0,
        end=len(claim["text"]),
        score=said["score"],
        reason="SUPPORTED" if said["supported"] else "NO_EVIDENCE",
        rule="MATCH",
    )
    seal_text(journal.key, row, "text_sealed", claim["text"])
    seal_text(journal.key, row, "why_sealed", json.dumps(said["scores"]))
    if said["supported"]:
        row.support()
    else:
        row.find_insufficient()
    return row


def evidence_row(claim: evidence.Claim, passage: evidence.Passage, score: float) -> evidence.Evidence:
    return evidence.Evidence(
        claim_id=claim.pk,
        passage_id=passage.pk,
        passage_sha256=passage.sha256,
        stance="SUPPORTS" if score >= w7.SUPPORTED_FROM else "NEUTRAL",
        score=score,
        rule="MATCH",
        claim_start=0,
        claim_end=claim.end,
        passage_start=0,
        passage_end=len(passage.text),
        verifier=GATE,
        calibration=GATE,
    )


def conclude(state: w7.State, runtime: Runtime[Bench]) -> dict[str, Any]:
    journal, found = runtime.context.journal, w7.conclude(state)
    decision = Decision.PUBLISH_PARTIAL if found["decision"]["flagged"] else Decision.PUBLISH
    policy = runtime.context.parts.policy_hash
    journal.enter(EventType.RUN_DECIDED, decision=decision.value, reasons=[], people=0, policy=policy)
    journal.move("execute", barrier=True, decision=decision)
    return found


def output(state: w7.State, runtime: Runtime[Bench]) -> dict[str, Any]:
    journal, found = runtime.context.journal, w7.output(state)
    seal_text(journal.key, journal.run, "answer_sealed", found["answer"])
    journal.set(answer_sealed=journal.run.answer_sealed)
    journal.enter(EventType.RUN_PUBLISHED, answer=journal.commitment(found["answer"]), citations=4)
    journal.move("record", barrier=True)
    return found


def complete(state: w7.State, runtime: Runtime[Bench]) -> dict[str, Any]:
    journal = runtime.context.journal
    lineage = journal.commitment(json.dumps(state, sort_keys=True, ensure_ascii=False))
    journal.enter(EventType.RUN_COMPLETED, decision=journal.run.decision, lineage=lineage)
    journal.move("complete", barrier=True, finished_at=journal.now(), due_at=None)
    return {}


def build(saver: DjangoSaver, corpus: Corpus, links: int) -> Any:  # noqa: ANN401 - a compiled graph
    graph: Any = StateGraph(Channels, context_schema=Bench)
    nodes: dict[str, Any] = {
        "take": take,
        "tools": tools,
        "draft": draft,
        "guard": guard,
        "gate": partial(gate, corpus, links),
        "conclude": conclude,
        "output": output,
        "complete": complete,
    }
    before = START
    for name, node in nodes.items():
        graph.add_node(name, node)
        graph.add_edge(before, name)
        before = name
    graph.add_edge(before, END)
    return graph.compile(checkpointer=saver)


class Engine:
    """Our engine in one process. ``strict``: every flush is a barrier; ``links``: evidence rows of each claim."""

    def __init__(self, *, strict: bool, links: int = 1) -> None:
        self.corpus = Corpus()
        saver = DjangoSaver()
        known = (saver, build(saver, self.corpus, links))
        driver.engine = lambda: known
        policy = FlushPolicy.STRICT if strict else FlushPolicy.STANDARD
        Workspace.objects.update(flush_policy=policy.value)
        connection.close()  # the threads' connections are all that the pool has to give

    def once(self) -> None:
        run = accept(self.corpus)
        ended = driver.advance(run)
        if ended is not driver.Ended.DONE:
            raise ValueError(f"run {run} ended {ended}; W7 completes")


def measured(load: Load, *, strict: bool, links: int = 1) -> Sample:
    engine = Engine(strict=strict, links=links)
    try:
        return loop(engine.once, load)
    finally:
        pool.close()


def standard(load: Load) -> Sample:
    return measured(load, strict=False)


def strict(load: Load) -> Sample:
    return measured(load, strict=True)


def linked(load: Load) -> Sample:
    """Measure the standard policy with an evidence row for each of the 50 pairs."""
    return measured(load, strict=False, links=10)


Measure = Callable[[Load], Sample]
PEERS: Mapping[str, Measure] = {"standard": standard, "strict": strict, "linked": linked}
