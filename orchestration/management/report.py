"""A run as lines to read on a terminal, and what in it is not as a case expects."""

from collections.abc import Iterator, Mapping
from typing import Any

from audit import canonical
from audit.actors import Actor
from audit.ledger import run_chain
from audit.models import Entry
from evidence.models import Passage
from orchestration import records
from orchestration.models import Run
from orchestration.records import ReadRun
from orchestration.states import RunState

MARKS = {"SUPPORTED": "✓", "CONTRADICTED": "✗", "INSUFFICIENT": "?", "DISPUTED": "≠"}


def states_passed(run: Run) -> list[str]:
    """Return the states of a run in order, as its ledger chain tells them."""
    bodies = Entry.objects.filter(chain=run_chain(run.pk), type="run.advanced").order_by("seq")
    passed = ["INITIALIZED"]
    for body in bodies.values_list("body", flat=True):
        data: Any = canonical.parse(bytes(body))["data"]
        passed.append(str(data["after"]))
    return passed


def lines(run: Run, *, actor: Actor, seconds: float) -> Iterator[str]:
    """Yield the summary of a run: states, verdicts, votes, decision, time."""
    read = records.read_run(run.pk, actor=actor, via="command")
    yield f"run       {run.pk}"
    yield f"states    {' > '.join(states_passed(run))}"
    for claim in read.claims:
        yield f"{MARKS[claim.verdict]} {claim.verdict:<12} {shortened(claim.text)}"
        if claim.verdict != "SUPPORTED":
            yield f"  {'':<12} because: {claim.why}"
        elif claim.evidence:
            yield f"  {'':<12} source: {claim.evidence[0].title}"
    yield from votes(read)
    if read.answer:
        yield f"answer    {read.answer['text']}"
    for action in read.actions:
        yield f"action    {action.tool}: {action.state}"
    yield f"decision  {run.decision} ({run.reason or 'no reservation'})"
    yield f"time      {seconds * 1000:.0f} ms from request to this state ({run.state})"


def votes(read: ReadRun) -> Iterator[str]:
    for review in read.reviews[:1]:
        for vote in sorted(review.votes.all(), key=lambda vote: vote.guardian):
            found = ", ".join(sorted({finding.kind for finding in vote.findings.all()}))
            yield f"vote      {vote.guardian}: {vote.ballot}{f' ({found})' if found else ''}"
        reasons = ", ".join(review.reasons)
        yield f"consensus {review.ballot}{f' ({reasons})' if reasons else ''}"


def shortened(text: str, limit: int = 96) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def faults(run: Run, expected: Mapping[str, Any], *, actor: Actor) -> Iterator[str]:
    """Yield every way in which the run is not what the case expects."""
    read = records.read_run(run.pk, actor=actor, via="command")
    for name in ("decision", "state"):
        if name in expected and getattr(run, name) != expected[name]:
            yield f"{name} is {getattr(run, name)}, expected {expected[name]} ({run.reason})"
    verdicts = [claim.verdict for claim in read.claims]
    if "verdicts" in expected and verdicts != expected["verdicts"]:
        yield f"verdicts are {verdicts}, expected {expected['verdicts']}"
    if "every_verdict" in expected and set(verdicts) != {expected["every_verdict"]}:
        yield f"verdicts are {verdicts}, expected only {expected['every_verdict']}"
    if expected.get("waiting") and not any(approval.state == "PENDING" for approval in read.approvals):
        yield "nothing waits for approval"
    yield from other_ballots(read, expected)
    yield from missing_tools(read, expected)
    yield from unmasked(read, expected)
    yield from unflagged(read, expected)
    if run.state == RunState.COMPLETED and any(not sentence["citations"] for sentence in sentences(read)):
        yield "a published sentence has no citation"


def sentences(read: ReadRun) -> list[Mapping[str, Any]]:
    return list(read.answer["sentences"]) if read.answer else []


def other_ballots(read: ReadRun, expected: Mapping[str, Any]) -> Iterator[str]:
    cast = {vote.guardian: vote.ballot for review in read.reviews[:1] for vote in review.votes.all()}
    for guardian, ballot in expected.get("ballots", {}).items():
        if cast.get(guardian) != ballot:
            yield f"{guardian} voted {cast.get(guardian, 'nothing')}, expected {ballot}"


def missing_tools(read: ReadRun, expected: Mapping[str, Any]) -> Iterator[str]:
    called = {call.tool.name for call in read.calls if not call.fault}
    for tool in expected.get("tools", ()):
        if tool not in called:
            yield f"tool {tool} was not called"


def unmasked(read: ReadRun, expected: Mapping[str, Any]) -> Iterator[str]:
    for text in expected.get("masked", ()):
        if any(text in claim.text for claim in read.claims) or text in str(read.masked_question):
            yield "personal text was not masked"


def unflagged(read: ReadRun, expected: Mapping[str, Any]) -> Iterator[str]:
    if "flagged" not in expected:
        return
    refs = {
        finding.ref
        for review in read.reviews
        for vote in review.votes.all()
        for finding in vote.findings.all()
        if vote.guardian == "safety"
    }
    hidden = Passage.objects.filter(pk__in=[ref for ref in refs if len(ref) == 36]).select_related("document")
    origins = [row.document.title if row.document else row.origin for row in hidden]
    if not any("newsletter" in origin.lower() for origin in origins):
        yield "the hidden instruction was not flagged"
