"""Times and reason codes in words."""

import datetime as dt
from collections.abc import Iterable
from uuid import UUID

from guardians.guardian import Ballot
from guardians.toolrisk import Tier
from orchestration.states import RunState

UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))

TIERS = {
    Tier.READ_ONLY: "reads only",
    Tier.WRITE_LIMITED: "writes, within limits",
    Tier.MODIFY: "changes what is there",
    Tier.DELETE: "can delete",
    Tier.PRIVILEGE: "can grant rights or run commands",
}
OUTCOMES = {
    "gate:ALL_SUPPORTED": "every claim is supported by evidence",
    "gate:SOME_WITHHELD": "some claims are supported; the others are withheld",
    "gate:NONE_SUPPORTED": "no claim is supported by evidence",
    "gate:NO_CLAIMS": "there is nothing in the answer that could be checked",
    "claims:disputed": "sources disagree about a claim",
    "approval:rejected": "a person rejected it",
    "approval:expired": "nobody decided in time",
    "approval_void": "what would be done had changed since it was approved",
    "deadline: the run took longer than it was given": "it took longer than it was given",
    "cancelled by request": "it was cancelled on request",
    "consensus:escalate": "the guardians want a person to decide",
    "consensus:deny": "the guardians forbid it",
}
CODES = {
    "escalated": "{0} wants a person to decide",
    "hard_deny": "{0} forbids it by a fixed rule",
    "overridden": "{0} forbids it by a fixed rule, and two people overrode that",
    "soft_deny": "{0} advises against it",
    "redact": "{0} wants parts masked",
    "uncertain": "{0} is not sure",
    "equivocation": "{0} said two different things",
    "unknown_guardian": "{0} is not a known guardian",
    "required_guardian_abstained": "{0} was needed and could not judge",
    "optional_guardian_abstained": "{0} could not judge",
    "not_independent": "{0} is not independent of the first",
    "score_invalid": "{0} gave a score that is none",
    "material_differs": "{0} judged something else",
    "policy_differs": "{0} judged under another policy",
    "people_required": "{0} must agree",
    "redaction_not_stable": "masking the answer once is not enough",
    "malformed_vote": "a guardian's vote could not be read",
    "no_votes": "no guardian voted",
    "no_guardian_required": "no guardian is required at these stakes",
    "unknown_stakes": "the stakes are not known",
}
SILENT = "Who is needed and says nothing never counts as consent"
MEANINGS = {
    "escalated": "One guardian that asks for a person is enough; the others cannot outvote it.",
    "hard_deny": "A fixed rule is a veto: no other vote can outweigh it.",
    "redact": "What it named is masked before anything goes out.",
    "uncertain": "Its score is where it cannot tell one from the other, so a person looks.",
    "equivocation": "Two different votes of one guardian contradict each other, so a person looks.",
    "unknown_guardian": "Nobody configured it, so its vote can only make things stricter.",
    "not_independent": "It counts as silent, and silence never counts as consent.",
    "redaction_not_stable": "In the masked answer something is found again, so a person looks.",
    "people_required": "So the policy wants it at these stakes or by this rule.",
    "malformed_vote": "It counts as silence, and silence never counts as consent.",
    "no_votes": "Without votes nothing is allowed.",
    "optional_guardian_abstained": "It need not vote, so the others decide.",
}
BY_STAKES = {
    "soft_deny": {
        "LOW": "At low stakes that refuses the run.",
        "MEDIUM": "At these stakes a person decides; no majority overrides it.",
        "HIGH": "At these stakes a person decides; no majority overrides it.",
    },
    "required_guardian_abstained": {
        "LOW": f"{SILENT}: at low stakes the run is refused, unless the policy lets a person decide.",
        "MEDIUM": f"{SILENT}: a person decides.",
        "HIGH": f"{SILENT}: it is denied until a person decides.",
    },
}
REFUSALS = {
    "unknown_tool": "is not a tool of this workspace",
    "arguments_do_not_fit": "was given arguments that do not fit it",
    "not_permitted": "may not be called so by whoever asked: no line of the allow-list allows it",
    "tool_quarantined": "is quarantined until a person approves its definition",
    "tool_retired": "is retired",
}


def short(id_: UUID | str) -> str:
    """Return a form of an id that tells runs apart: the beginning is a time, the end is chance."""
    text = str(id_)
    return f"{text[:8]}…{text[-6:]}"


def counted(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def length(seconds: float) -> str:
    """Return a length of time with its largest unit, such as '3 minutes'; under ten seconds exactly."""
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    size, unit = next((size, unit) for size, unit in UNITS if seconds >= size)
    return counted(int(seconds // size), unit)


def milliseconds(microseconds: int) -> str:
    """Return a short time with three digits: '0.077 ms'; from a second on as ``length``."""
    return f"{microseconds / 1_000:.3g} ms" if microseconds < 1_000_000 else length(microseconds / 1e6)


def ago(then: dt.datetime, now: dt.datetime) -> str:
    seconds = (now - then).total_seconds()
    return "just now" if seconds < 10 else f"{length(seconds)} ago"


def left(until: dt.datetime, now: dt.datetime) -> str:
    """Return the time that is left, or how long ago it ended."""
    seconds = (until - now).total_seconds()
    return f"{length(seconds)} left" if seconds > 0 else f"ended {ago(until, now)}"


def people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def tier(value: int) -> str:
    return TIERS[Tier(value)] if value in set(Tier) else f"tier {value}"


def reasons(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sentence(reason(code)) for code in codes)


def sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def reason(code: str) -> str:
    """Return a reason code in words; one that is not known is shown as it is."""
    if code in OUTCOMES:
        return OUTCOMES[code]
    family, _, rest = code.partition(":")
    match family:
        case "consensus":
            return of_consensus(rest)
        case "tool":
            return of_tool(rest)
        case "call":
            return of_call(rest)
        case "changed":
            return f"changed since it was approved: {of_change(rest)}"
        case "approval_void":
            return f"it was approved, and then changed: {', '.join(of_change(part) for part in rest.split(','))}"
        case "undo":
            return f"a later call failed, so {rest} may be undone"
        case "stakes":
            return f"{people(number_of(rest.partition('_')[0]))} must agree at these stakes"
        case _:
            return code


def number_of(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def of_consensus(code: str) -> str:
    name, _, about = code.partition(":")
    words = CODES.get(name)
    if words is None:
        return code.replace("_", " ")
    subject = people(number_of(about)) if name == "people_required" else guardian(about)
    return words.format(subject)


def meaning(code: str, *, stakes: str) -> str:
    """Return what follows from a reason of consensus, in a sentence; '' for one that is not known."""
    name = code.partition(":")[0]
    return BY_STAKES.get(name, {}).get(stakes) or MEANINGS.get(name, "")


def guardian(name: str) -> str:
    return f"the {name.capitalize()} guardian" if name else "a guardian"


def of_tool(code: str) -> str:
    """Return 'server/tool:TIER' or 'server/tool:refusal' in words."""
    name, _, about = code.rpartition(":")
    if about in Tier.__members__:
        return f"it calls {name}, which {tier(Tier[about])}"
    return f"{name} {REFUSALS.get(about, about.replace('_', ' '))}"


def of_call(code: str) -> str:
    """Return 'server/tool:why:argument:role:place:label' in words."""
    name, why, argument, role, place, label = (*code.split(":", 5), *[""] * 5)[:6]
    where = f"{label}{f', characters {place}' if place else ''}"
    match why:
        case "tainted":
            return f"{name} would be given as {argument} ({role}) what stands in {where} and not in the request"
        case "ordered":
            return f"{name} is called for by {where}"
        case "description":
            return f"the description of {name} gives orders"
        case _:
            return f"{name}: {why.replace('_', ' ')} {argument}".rstrip()


CHANGES = {
    "answer": "the answer",
    "arguments": "the arguments of an action",
    "binding": "the record of what was shown",
    "claims": "the claims or their verdicts",
    "evidence": "a passage that a claim rests on",
    "material": "what the guardians judged",
    "policy": "the policy",
    "definition": "is defined otherwise",
    "tier": "has another tier",
    "gone": "is not there any more",
    "quarantined": "is quarantined",
    "retired": "is retired",
    "server_off": "is on a server that is switched off",
}


def of_change(code: str) -> str:
    """Return what changed under an approval in words: a part of it, or 'tool:server/name:what'."""
    if not code.startswith("tool:"):
        return CHANGES.get(code, code)
    name, _, what = code.removeprefix("tool:").rpartition(":")
    return f"{name} {CHANGES.get(what, what)}"


FAULTS = {
    "CRASHED": "the worker ended between the intent and the outcome",
    "CUT_OFF": "the run ended while the call was under way",
    "TIMEOUT": "no answer came in time",
    "DIED": "the server or the connection ended before it answered",
    "JUNK": "what came back is not the protocol",
    "TOO_LARGE": "what came back is over a limit",
}


def of_fault(fault: str) -> str:
    """Return how a call ended that has no outcome, in words."""
    return FAULTS.get(fault, fault)


def dissent(item: str) -> str:
    """Return 'guardian:BALLOT' in words."""
    name, _, ballot = item.partition(":")
    said = ballot.lower().replace("_", " ") if ballot in set(Ballot) else ballot
    return f"{sentence(guardian(name))} voted to {said}"


FAILURES = {
    "provider": "the model gave no draft that can be used",
    "effect": "a call with an effect did not end well",
    "attempts": "workers began it again and again without coming to an end",
    "refused": "something stored is not what was written",
    "key": "the key of its texts is not there",
    "graph": "it took more steps than a run may",
}


def of_failure(code: str) -> str:
    """Return why a run failed: in words, and as the engine wrote it."""
    words = FAILURES.get(code.partition(":")[0])
    return f"{words} ({code})" if words else code


def of_run(reason_code: str, state: str) -> str:
    """Return the reason of a run in words."""
    if state == RunState.FAILED:
        return of_failure(reason_code)
    return "; ".join(reason(part) for part in reason_code.split("; ") if part)
