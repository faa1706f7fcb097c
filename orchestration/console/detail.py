"""What the page of one run shows, gathered from its rows, its texts and its ledger entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils.timezone import now

from audit import ledger
from audit.actors import Actor
from audit.console import workspace_of
from audit.roles import Scope
from evidence.verdicts import Verdict
from guardians.compliance import NOT_LEGAL_ADVICE
from orchestration import records
from orchestration.console import badges, claims, people, reviews, stretches, timeline, wording
from orchestration.console.badges import Badge
from orchestration.console.bound import Argument, arguments, shown_actions
from orchestration.console.claims import ShownClaim
from orchestration.console.highlight import Part, clipped, plain, visible
from orchestration.console.stretches import Stretch
from orchestration.models import Approval, Checkpoint, Inquiry, Run
from orchestration.records import ReadCall, ReadInquiry, ReadRun, ReadWord
from orchestration.runs import waits
from orchestration.states import TERMINAL, ApprovalState, Decision, InquiryState, Kind, RunState

KINDS = {Kind.QUESTION: "Question", Kind.VERIFY: "Verification"}
ENTRIES = 400
CHECKPOINTS = 60
TITLE_LIMIT = 240
RESULT_LIMIT = 4_000
DRAFT_LIMIT = 20_000


def live(run: Run, actor: Actor) -> dict[str, Any]:
    """Return the head of the page: where the run is, what was decided, and its way so far. It holds no text."""
    entries = ledger.read_run(run.pk, limit=ENTRIES)
    pending = run.approvals.filter(state=ApprovalState.PENDING.value).first()
    asked = run.inquiries.filter(state=InquiryState.OPEN.value).first()
    return {
        "run": run,
        "state": badges.of_state(run.state),
        "decision": badges.of_decision(run.decision),
        "stakes": badges.of_stakes(run.stakes),
        "reason": wording.sentence(wording.of_run(run.reason, run.state)),
        "summary": summary(run),
        "timeline": timeline.draw(entries, state=run.state, created=run.created_at, now=now()),
        "pending": pending if pending and actor.may(Scope.APPROVALS_READ) else None,
        "moving": run.state not in TERMINAL,
        "asked": asked if asked and actor.may(Scope.APPROVALS_READ) else None,
        "waits": waits(run),
        "record": record_of(run, entries, may_read=actor.may(Scope.LEDGER_READ)),
    }


def summary(run: Run) -> str:
    """Return in one sentence what became of the run."""
    judged = run.supported + run.withheld
    kept = f"{run.supported} of {wording.counted(judged, 'claim')}"
    match RunState(run.state), run.decision:
        case RunState.COMPLETED, Decision.PUBLISH:
            return f"Answered: {kept} supported by evidence."
        case RunState.COMPLETED, Decision.PUBLISH_PARTIAL:
            return f"Answered in part: {kept} supported by evidence, {run.withheld} withheld."
        case RunState.COMPLETED, Decision.REFUSE:
            return "Refused: nothing was published and nothing was done."
        case RunState.FAILED, _:
            return "Failed: nothing was published."
        case RunState.CANCELLED, _:
            return "Cancelled: nothing was published."
        case RunState.EXECUTION, _ if waits(run):
            return "Waits for a person: a call with an effect did not end well. Nothing is published until then."
        case RunState.DECISION, Decision.ESCALATE:
            return f"Waits for a person: {kept} supported by evidence. Nothing is published or done until then."
        case _:
            return "Under way."


@dataclass(frozen=True, slots=True)
class Record:
    """What the ledger says of the run's own entries, checked while the page was made."""

    badge: Badge
    words: str
    faults: tuple[str, ...]
    address: str


def record_of(run: Run, entries: Sequence[ledger.ReadEntry], *, may_read: bool) -> Record:
    own = [entry for entry in entries if entry.chain == ledger.run_chain(run.pk)]
    sealed = sum(entry.leaf is not None for entry in own)
    address = f"{reverse('console:ledger')}?run={run.pk}" if may_read else ""
    if len(entries) >= ENTRIES:
        return Record(badges.UNCHECKED, f"over {ENTRIES} entries: check them on the ledger's page", (), address)
    faults = tuple(str(fault) for fault in ledger.check_chains(run=run.pk))
    badge = badges.BROKEN if faults or not own else badges.INTACT
    return Record(badge, f"{wording.counted(len(own), 'entry', 'entries')}, {sealed} sealed", faults[:10], address)


def detail(run: Run, read: ReadRun | None, actor: Actor, *, verdict: str, first: str) -> dict[str, Any]:
    """Return the rest of the page. Without ``read`` it holds what is no text: reviews, approvals and checkpoints."""
    approvals = tuple(run.approvals.order_by("-created_at"))
    words = read.words if read else ()
    who = people.names(
        {run.requested_by, *(word.actor for word in words), *(a.requested_by for a in approvals), *others(read)},
        workspace=workspace_of(actor),
    )
    known = read.reviews if read else records.reviews_of(run)
    return {
        **texts_of(run, read),
        **claims_of(read, who, verdict=verdict, first=first, may_appeal=actor.may(Scope.RUNS_WRITE)),
        "reviews": tuple(reviews.shown_review(review, read.pieces if read else {}) for review in known),
        "not_legal_advice": NOT_LEGAL_ADVICE,
        "approvals": tuple(shown_approval(approval, words, who) for approval in approvals),
        "checkpoints": checkpoints_of(run),
        "who": who[run.requested_by],
        "kind": KINDS[Kind(run.kind)],
        "verifies": run.kind == Kind.VERIFY,
        "inquiries": tuple(shown_inquiry(item, who) for item in read.inquiries) if read else (),
        "may_see_approvals": actor.may(Scope.APPROVALS_READ),
        "may_prove": actor.may(Scope.LEDGER_READ),
    }


def others(read: ReadRun | None) -> set[str]:
    """Return who answered questions of a run, and who made and decided appeals on its verdicts."""
    if read is None:
        return set()
    appealed = {name for item in read.appeals for name in (item.row.requested_by, item.row.decided_by)}
    return ({item.row.decided_by for item in read.inquiries} | appealed) - {""}


def texts_of(run: Run, read: ReadRun | None) -> dict[str, Any]:
    """Return title, request, draft, answer, calls and actions."""
    if read is None:
        return {"title": f"Run {wording.short(run.pk)}"}
    question = str(read.request.get("question", ""))
    subject = question or str(read.request.get("answer", ""))
    return {
        "title": visible(clipped(subject, TITLE_LIMIT)),
        "question": plain(question) if question else (),
        "facts": tuple(arguments(read.request.get("facts", {}))) if read.request.get("facts") else (),
        "inline_passages": len(read.request.get("passages", ())),
        "answer": read.answer,
        "citations": citations_of(read.answer),
        "calls": tuple(shown_call(call) for call in read.calls),
        "actions": shown_actions(read),
    }


@dataclass(frozen=True, slots=True)
class Citation:
    number: int
    title: str
    source: str
    sha256: str


def citations_of(answer: Mapping[str, Any] | None) -> tuple[Citation, ...]:
    found = answer.get("citations", ()) if answer else ()
    return tuple(
        Citation(item["number"], visible(item["title"]), visible(item["source"]), item["sha256"]) for item in found
    )


def claims_of(
    read: ReadRun | None, who: Mapping[str, str], *, verdict: str, first: str, may_appeal: bool
) -> dict[str, Any]:
    """Return one page of the claims, and the verdicts to choose from."""
    known = read.claims if read else ()
    chosen = verdict if verdict in set(Verdict) else ""
    wanted = [claim for claim in known if not chosen or claim.verdict == chosen]
    begin = int(first) - 1 if first.isdecimal() and 0 < int(first[:6]) <= len(wanted) else 0
    end = min(begin + claims.PAGE, len(wanted))
    here = frozenset(claim.ordinal for claim in wanted[begin:end])
    placed = places(read, here) if read else {}
    tallies = claims.tallies(known, chosen=chosen)
    spots = placed.get("places", {})
    return {
        **placed,
        "claims": tuple(
            replace(
                claims.with_appeals(claim, read.appeals, who, run=read.run, may_appeal=may_appeal),
                place=spots.get(claim.ordinal + 1, ""),
            )
            for claim in wanted[begin:end]
            if read
        ),
        "claims_total": len(known),
        "claims_from": begin + 1,
        "claims_to": end,
        "claims_wanted": len(wanted),
        "claims_before": max(1, begin + 1 - claims.PAGE) if begin else None,
        "claims_after": end + 1 if end < len(wanted) else None,
        "verdict": chosen,
        "tallies": tallies,
        "spread": claims.spread(tallies),
    }


def places(read: ReadRun, here: frozenset[int]) -> dict[str, Any]:
    """Return answer and draft in stretches, and the anchor of each claim by its number.

    The draft is open where it says more than the answer, and its claims are found in it then.
    """
    sentences = stretches.sentences(read.answer, read.claims, here)
    draft = stretches.stretches(read.draft, read.claims, limit=DRAFT_LIMIT, shown=here)
    told = any(not sentence.stretch.number for sentence in sentences)
    opened = told or len(sentences) < len(read.claims)
    published = {sentence.stretch.number: f"published-{sentence.stretch.number}" for sentence in sentences}
    judged = {stretch.number: f"said-{stretch.number}" for stretch in draft if stretch.number}
    return {
        "sentences": sentences,
        "draft": draft,
        "draft_open": opened,
        "places": judged if opened else published,
    }


def in_draft(shown: Sequence[ShownClaim], draft: Sequence[Stretch]) -> dict[str, Any]:
    """Return the claims with their places in the draft, and the draft open."""
    found = {stretch.number for stretch in draft}
    placed = (replace(one, place=f"said-{one.number}" if one.number in found else "") for one in shown)
    return {"claims": tuple(placed), "draft_open": True}


@dataclass(frozen=True, slots=True)
class ShownCall:
    tool: str
    badge: Badge
    fault: str
    took: str
    arguments: tuple[Argument, ...]
    result: tuple[Part, ...]


def shown_call(call: ReadCall) -> ShownCall:
    return ShownCall(
        tool=visible(str(call.tool)),
        badge=badges.FAULT if call.fault else badges.ANSWERED,
        fault=call.fault,
        took=wording.length(call.elapsed_us / 1e6),
        arguments=tuple(arguments(call.arguments)),
        result=plain(clipped(call.result, RESULT_LIMIT)) if call.result else (),
    )


@dataclass(frozen=True, slots=True)
class ShownInquiry:
    row: Inquiry
    badge: Badge
    fault: str
    who: str
    reason: tuple[Part, ...]


def shown_inquiry(item: ReadInquiry, who: Mapping[str, str]) -> ShownInquiry:
    return ShownInquiry(
        row=item.row,
        badge=badges.INQUIRIES[InquiryState(item.row.state)],
        fault=wording.sentence(wording.of_fault(item.row.fault)),
        who=who.get(item.row.decided_by, item.row.decided_by),
        reason=plain(item.reason) if item.reason else (),
    )


@dataclass(frozen=True, slots=True)
class ShownWord:
    who: str
    badge: Badge
    reason: tuple[Part, ...]
    at: Any


@dataclass(frozen=True, slots=True)
class ShownApproval:
    approval: Approval
    badge: Badge
    reasons: tuple[str, ...]
    who: str
    words: tuple[ShownWord, ...]
    agreed: int


def shown_approval(approval: Approval, words: Sequence[ReadWord], who: Mapping[str, str]) -> ShownApproval:
    own = [word for word in words if word.approval == approval.pk]
    return ShownApproval(
        approval=approval,
        badge=badges.of_approval(approval.state),
        reasons=wording.reasons(map(str, approval.reasons)),
        who=who.get(approval.requested_by, approval.requested_by),
        words=tuple(shown_word(word, who) for word in own),
        agreed=sum(word.approve for word in own),
    )


def shown_word(word: ReadWord, who: Mapping[str, str]) -> ShownWord:
    badge = badges.APPROVES if word.approve else badges.REJECTS
    return ShownWord(who.get(word.actor, word.actor), badge, plain(word.reason), word.created_at)


@dataclass(frozen=True, slots=True)
class ShownCheckpoint:
    id: str
    step: int
    source: str
    at: Any
    digest: str


def checkpoints_of(run: Run) -> tuple[ShownCheckpoint, ...]:
    """Return the engine's checkpoints. Their digests are checked by the engine at every load, not by this page."""
    rows = Checkpoint.objects.filter(thread=str(run.pk), namespace="").order_by("step", "id").defer("body", "metadata")
    return tuple(
        ShownCheckpoint(row.checkpoint_id, row.step, row.source, row.created_at, bytes(row.digest).hex())
        for row in rows[:CHECKPOINTS]
    )
