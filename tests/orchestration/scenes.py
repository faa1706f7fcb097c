"""Runs as the engine would leave them, made of rows through the same models, for pages that only read."""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.timezone import now

from audit import canonical, keys, ledger, vault
from audit.actors import Actor, ActorKind
from audit.events import EventType
from audit.fields import seal_text
from audit.ids import new_id
from evidence.models import Claim, ClaimBundle, Document, Evidence, Passage, Source
from guardians.models import Finding, Review, Vote
from orchestration import records, requests, runs
from orchestration.console.bound import binding_of
from orchestration.models import Action, Approval, Checkpoint, Draft, Run, Tool, ToolCall, ToolServer
from orchestration.states import Decision, Kind, ToolState
from tests.conftest import Person

POLICY = "b7" * 32
MATERIAL = "a1" * 32


@dataclass(frozen=True, slots=True)
class Seen:
    """A passage beside a claim; ``words`` is what is marked in it, ``voice`` the voice that it counted as."""

    text: str
    stance: str = "SUPPORTS"
    words: str = ""
    rule: str = "MATCH"
    source: str = "Thrombosis Committee"
    title: str = "Stopping anticoagulants before surgery"
    trusted: bool = True
    score: float = 0.93
    weight: float = 1.0
    voice: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    verdict: str = "SUPPORTED"
    why: str = "The source says the same."
    words: str = ""
    rule: str = "MATCH"
    evidence: tuple[Seen, ...] = ()


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def submit(who: Person, question: str = "When is apixaban stopped before surgery?", **asked: Any) -> Run:
    kind = Kind.VERIFY if "answer" in asked else Kind.QUESTION
    request = requests.parse({"question": question, **asked}, kind=kind)
    return runs.submit(request, actor=who.actor).run


def engine(run: Run) -> Actor:
    return Actor(ActorKind.WORKER, "engine", run.workspace_id)


def move(run: Run, transition: str, **values: Any) -> None:
    """Take one transition and enter it, as the journal does."""
    before = run.state
    getattr(run, transition)()
    for name, value in values.items():
        setattr(run, name, value)
    run.version += 1
    run.save()
    event = ledger.Event(EventType.RUN_ADVANCED, engine(run), {"before": before, "after": run.state}, run=run.pk)
    ledger.append(event, chain=ledger.run_chain(run.pk))


def draft(run: Run, text: str) -> None:
    row = Draft(id=new_id(), run=run, revision=run.revision, provider="extractive", model="")
    seal_text(keys.load(run.key_id), row, "text_sealed", text)
    row.save(force_insert=True)


def claims(run: Run, said: Sequence[Said]) -> None:
    """Keep claims with their evidence; passages are the run's own, sealed."""
    bundle = ClaimBundle.objects.create(
        run=run.pk,
        revision=run.revision,
        outcome="SOME_WITHHELD",
        score=0.4,
        verifier="typed",
        calibration="typed-1",
        threshold=0.5,
    )
    at = 0
    for ordinal, item in enumerate(said):
        row = claim(run, bundle, item, ordinal=ordinal, at=at)
        at += len(item.text) + 1
        for seen in item.evidence:
            evidence(run, row, item, seen)


VERBS = {
    "SUPPORTED": "support",
    "CONTRADICTED": "contradict",
    "INSUFFICIENT": "find_insufficient",
    "DISPUTED": "dispute",
}


def claim(run: Run, bundle: ClaimBundle, said: Said, *, ordinal: int, at: int) -> Claim:
    row = Claim(
        bundle=bundle,
        key_id=run.key_id,
        ordinal=ordinal,
        kind="FACT",
        start=at,
        end=at + len(said.text),
        score=0.93 if said.verdict == "SUPPORTED" else 0.21,
        p_contradicted=0.05,
        reason=said.rule if said.verdict != "SUPPORTED" else "SUPPORTED",
        rule=said.rule,
    )
    key = keys.load(run.key_id)
    seal_text(key, row, "text_sealed", said.text)
    seal_text(key, row, "why_sealed", said.why)
    getattr(row, VERBS[said.verdict])()
    row.save(force_insert=True)
    return row


def span(text: str, words: str) -> tuple[int, int]:
    start = text.find(words) if words else 0
    return start, start + len(words or text)


def evidence(run: Run, row: Claim, said: Said, seen: Seen) -> Evidence:
    key = keys.load(run.key_id)
    kept = vault.commitment(key, seen.text)
    passage = Passage(id=new_id(), run=run.pk, origin=seen.source, trusted=seen.trusted, sha256=kept)
    passage.end = len(seen.text)
    seal_text(key, passage, "text_sealed", seen.text)
    passage.save(force_insert=True)
    return link(row, passage, said, seen)


def link(row: Claim, passage: Passage, said: Said, seen: Seen) -> Evidence:
    claim_start, claim_end = span(said.text, said.words)
    start, end = span(seen.text, seen.words)
    return Evidence.objects.create(
        claim=row,
        passage=passage,
        passage_sha256=passage.sha256,
        stance=seen.stance,
        score=seen.score,
        weight=seen.weight,
        voice=seen.voice,
        trusted=seen.trusted,
        rule=seen.rule,
        claim_start=claim_start,
        claim_end=claim_end,
        passage_start=start,
        passage_end=end,
        verifier="typed",
        calibration="typed-1",
    )


def reference(run: Run, *, before: str, sentence: str, after: str) -> Passage:
    """Return a passage of the workspace's corpus, with the text around it."""
    source = Source.objects.create(workspace_id=run.workspace_id, name="Committee")
    text = before + sentence + after
    document = Document.objects.create(source=source, title="Restarting after surgery", text=text, sha256=digest(text))
    return Passage.objects.create(
        document=document,
        origin="Committee",
        start=len(before),
        end=len(before) + len(sentence),
        sha256=digest(sentence),
        text=sentence,
    )


def review(
    run: Run, *, ballot: str = "ALLOW", dissent: Sequence[str] = (), people: int = 0, reasons: Sequence[str] = ()
) -> Review:
    row = Review.objects.create(
        run=run.pk,
        revision=run.revision,
        stakes=run.stakes,
        ballot=ballot,
        rule="strictest/1",
        reasons=list(reasons),
        dissent=list(dissent),
        needs_people=people,
        material=MATERIAL,
        policy_hash=POLICY,
    )
    dissents = dict(item.split(":") for item in dissent)
    for name in ("safety", "privacy", "compliance"):
        vote(row, name, dissents.get(name, ballot))
    return row


def vote(row: Review, name: str, ballot: str) -> Vote:
    found = Vote.objects.create(
        review=row,
        guardian=name,
        ballot=ballot,
        basis="DETERMINISTIC",
        hard=False,
        score=0.8 if ballot != "ALLOW" else 0.0,
        reason="an instruction to the reader stands in a document" if name == "safety" else "nothing was found",
        backend="rules",
        version="1",
        material=MATERIAL,
        policy_hash=POLICY,
        elapsed_us=1_840,
    )
    if ballot != "ALLOW":
        Finding.objects.create(
            vote=found,
            rule="safety.injection.override",
            kind="INJECTION",
            part="DOCUMENT",
            ref="newsletter",
            start=212,
            end=268,
            score=0.8,
            citation="OWASP LLM01:2025",
        )
    return found


def found(vote: Vote, part: str, ref: str, text: str, words: str, **values: Any) -> Finding:
    """Add a finding of some words in a text."""
    start = text.index(words)
    known = {"rule": "privacy.email", "kind": "EMAIL", "score": 0.99, **values}
    return Finding.objects.create(vote=vote, part=part, ref=ref, start=start, end=start + len(words), **known)


def tool(run: Run, name: str = "file_ticket", tier: int = 1) -> Tool:
    server, _ = ToolServer.objects.get_or_create(
        workspace_id=run.workspace_id, name="desk", defaults={"transport": "stdio", "command": ["true"]}
    )
    known, _ = Tool.objects.get_or_create(
        server=server,
        name=name,
        defaults={
            "definition_hash": "d" * 64,
            "approved_hash": "d" * 64,
            "registered_tier": tier,
            "state": ToolState.ACTIVE.value,
        },
    )
    return known


def action(run: Run, arguments: dict[str, Any], *, tier: int = 1) -> Action:
    text = canonical.encode(arguments)
    row = Action(
        id=new_id(),
        run=run,
        tool=tool(run),
        ordinal=run.actions.count(),
        tier=tier,
        definition_hash="d" * 64,
        arguments_digest=vault.commitment(keys.load(run.key_id), text.decode()),
        idempotency_key=digest(f"{run.pk}{run.actions.count()}"),
    )
    seal_text(keys.load(run.key_id), row, "arguments_sealed", text.decode())
    row.save(force_insert=True)
    return row


def call(run: Run, *, fault: str = "") -> ToolCall:
    row = ToolCall(id=new_id(), run=run, tool=tool(run, "search_corpus", 0), definition_hash="d" * 64, fault=fault)
    row.elapsed_us = 12_400
    key = keys.load(run.key_id)
    seal_text(key, row, "arguments_sealed", json.dumps({"query": "apixaban surgery"}))
    if not fault:
        seal_text(key, row, "result_sealed", "Apixaban is stopped 48 hours before surgery.")
    row.save(force_insert=True)
    return row


def checkpoint(run: Run, step: int) -> Checkpoint:
    return Checkpoint.objects.create(
        thread=str(run.pk),
        checkpoint_id=f"c{step}",
        step=step,
        source="loop",
        body=b"x",
        metadata=b"x",
        digest=bytes(32),
    )


def answer(run: Run, sentences: Sequence[str]) -> None:
    document = {
        "text": " ".join(f"{text} [1]" for text in sentences),
        "sentences": [{"text": text, "citations": [1]} for text in sentences],
        "citations": [
            {"number": 1, "passage": str(new_id()), "source": "Committee", "title": "Stopping", "sha256": "c" * 64}
        ],
    }
    seal_text(keys.load(run.key_id), run, "answer_sealed", json.dumps(document))


def judged(who: Person, said: Sequence[Said], **asked: Any) -> Run:
    """Return a run in DECISION with its claims, its draft and an allowing review."""
    run = submit(who, **asked)
    move(run, "process")
    draft(run, " ".join(item.text for item in said))
    move(run, "gate", provider="extractive", graph_version="1")
    claims(run, said)
    supported = sum(item.verdict == "SUPPORTED" for item in said)
    move(run, "consider", supported=supported, withheld=len(said) - supported, policy_hash=POLICY)
    return run


def completed(who: Person, said: Sequence[Said], **asked: Any) -> Run:
    """Return a run that ended with what was supported published."""
    run = judged(who, said, **asked)
    review(run)
    whole = all(item.verdict == "SUPPORTED" for item in said)
    move(run, "execute", decision=Decision.PUBLISH if whole else Decision.PUBLISH_PARTIAL, due_at=None)
    for row in Claim.objects.filter(bundle__run=run.pk):
        row.publish() if row.state == "SUPPORTED" else row.withhold()
        row.save(update_fields=["state"])
    answer(run, [item.text for item in said if item.verdict == "SUPPORTED"])
    move(run, "record")
    move(run, "complete", finished_at=now())
    return run


def waiting(
    who: Person,
    said: Sequence[Said],
    *,
    quorum: int = 1,
    minutes: int = 15,
    reasons: Sequence[str] = ("tool:desk/file_ticket:MODIFY",),
    actions: Sequence[dict[str, Any]] = (),
    **asked: Any,
) -> Approval:
    """Return an approval that waits, bound to what its page shows."""
    run = judged(who, said, **asked)
    review(
        run,
        ballot="ESCALATE",
        people=quorum,
        reasons=("escalated:safety", f"people_required:{quorum}"),
        dissent=("privacy:ALLOW",),
    )
    for arguments in actions:
        action(run, arguments)
    run.decision, run.reason, run.due_at = Decision.ESCALATE, "; ".join(reasons), None
    run.save(update_fields=["decision", "reason", "due_at"])
    return Approval.objects.create(
        run=run,
        workspace_id=run.workspace_id,
        binding=binding_of(records.read_run(run.pk, actor=who.actor, via="test")),
        reasons=list(reasons),
        quorum=quorum,
        requested_by=run.requested_by,
        expires_at=now() + dt.timedelta(minutes=minutes),
    )
