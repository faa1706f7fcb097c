"""Workload W7: one run in seven steps that cost almost nothing, so that a measurement shows the engine around them.

Each step is a plain function from the state to the keys it adds, and every engine calls these same functions. Tool and
model are stubs without latency; gate and guardians are stand-ins, two hundred times lighter than the product's.
In the *plain* variant guardians and gate return nothing, and every claim is released.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

State = Mapping[str, Any]
Step = Callable[[State], dict[str, Any]]


class Channels(TypedDict, total=False):
    """What a run adds up to: seven keys, plain JSON values."""

    query: str
    passages: list[dict[str, Any]]
    claims: list[dict[str, Any]]
    votes: list[dict[str, Any]]
    verdicts: list[dict[str, Any]]
    decision: dict[str, Any]
    answer: str


QUESTION = "  What does the supplier owe us under the indemnity of clause 7, and until which date?  "
SUPPORTED_FROM = 0.5


def passage(number: int) -> dict[str, str]:
    text = (
        f"Under clause {number + 3} of the agreement the supplier shall indemnify the customer against all losses "
        f"arising from third party claims, up to {7 * number} thousand euro per event, provided that notice is given "
        f"within {number + 1} days after the customer learned of the claim; the cap of {7 * number} thousand does not "
        f"apply to willful misconduct, and clause {number + 3} survives any termination or expiry of this agreement "
        "if governing law allows."
    )
    return {"id": f"p{number}", "source": f"doc-{number % 4}", "text": text}


PASSAGES = tuple(passage(number) for number in range(10))


def cited(number: int) -> dict[str, Any]:
    text = (
        f"Under clause {number + 3} the supplier must indemnify us against all losses from third party claims "
        "only to cap."
    )
    return {"id": f"c{number}", "text": text, "cites": [f"p{number}"]}


UNSUPPORTED = {
    "id": "c4",
    "text": "Auditors may inspect premises within April under supervision of the harbour board.",
    "cites": [],
}
CLAIMS = (*(cited(number) for number in range(4)), UNSUPPORTED)
GUARDIANS = {
    "safety": (
        r"(?i)\b(kill|bomb|poison)\b",
        r"(?i)\bhow to (hack|steal)\b",
        r"(?i)ignore (all|previous) instructions",
    ),
    "privacy": (
        r"\b[\w.+-]+@[\w-]+\.[\w.]+\b",
        r"\b\d{3}-\d{2}-\d{4}\b",
        r"\b(?:\d[ -]?){13,16}\b",
        r"\+?\d{1,2}[ -]\d{3}[ -]\d{3}[ -]\d{4}",
    ),
    "compliance": (
        r"(?i)\bguaranteed? (returns?|profit)\b",
        r"(?i)\b(is|constitutes) (legal|medical) advice\b",
        r"(?i)\bno risk\b",
    ),
}
PATTERNS = {name: tuple(map(re.compile, patterns)) for name, patterns in GUARDIANS.items()}
WORD = re.compile("[a-z0-9]+")


def take(_: State, *, question: str = QUESTION) -> dict[str, Any]:
    return {"query": question.strip()}


def tools(_: State) -> dict[str, Any]:
    return {"passages": [dict(item) for item in PASSAGES]}


def draft(_: State) -> dict[str, Any]:
    return {"claims": [dict(item) for item in CLAIMS]}


def guardians(state: State) -> dict[str, Any]:
    text = "\n".join(claim["text"] for claim in state["claims"])
    hits = {name: [pattern.pattern for pattern in known if pattern.search(text)] for name, known in PATTERNS.items()}
    votes = [{"guardian": n, "verdict": "deny" if found else "approve", "hits": found} for n, found in hits.items()]
    return {"votes": votes}


def words(text: str) -> set[str]:
    return set(WORD.findall(text.lower()))


def judge(claim: Mapping[str, Any], passages: Mapping[str, set[str]]) -> dict[str, Any]:
    """Return a claim's verdict: the share of its words that each passage has, and whether the best has enough."""
    own = words(claim["text"])
    scores: list[list[Any]] = [[name, round(len(own & known) / len(own), 4)] for name, known in passages.items()]
    best, score = max(scores, key=lambda pair: pair[1])
    supported = score >= SUPPORTED_FROM
    return {"claim": claim["id"], "scores": scores, "best": best, "score": score, "supported": supported}


def gate(state: State) -> dict[str, Any]:
    passages = {item["id"]: words(item["text"]) for item in state["passages"]}
    return {"verdicts": [judge(claim, passages) for claim in state["claims"]]}


def released(state: State) -> list[dict[str, Any]]:
    if not state["verdicts"]:
        return list(state["claims"])
    return [claim for claim, said in zip(state["claims"], state["verdicts"], strict=True) if said["supported"]]


def conclude(state: State) -> dict[str, Any]:
    kept = released(state)
    approved = all(vote["verdict"] == "approve" for vote in state["votes"])
    flagged = len(state["claims"]) - len(kept)
    return {"decision": {"released": [claim["id"] for claim in kept], "approved": approved, "flagged": flagged}}


def output(state: State) -> dict[str, Any]:
    return {"answer": " ".join(claim["text"] for claim in released(state))}


def no_votes(_: State) -> dict[str, Any]:
    return {"votes": []}


def no_verdicts(_: State) -> dict[str, Any]:
    return {"verdicts": []}


GATED: Mapping[str, Step] = {
    "take": take,
    "tools": tools,
    "draft": draft,
    "guard": guardians,
    "gate": gate,
    "conclude": conclude,
    "output": output,
}
PLAIN: Mapping[str, Step] = {**GATED, "guard": no_votes, "gate": no_verdicts}


def run(steps: Mapping[str, Step]) -> dict[str, Any]:
    """Run the steps without any engine; return the final state."""
    state: dict[str, Any] = {}
    for step in steps.values():
        state |= step(state)
    return state


def check() -> dict[str, int]:
    """Return the sizes of both variants' final states in bytes of JSON.

    Raises:
        ValueError: a variant does not come to the outcome it is defined by.
    """
    gated, plain = run(GATED), run(PLAIN)
    if gated["decision"]["flagged"] != 1 or not gated["decision"]["approved"]:
        raise ValueError(f"W7 gated decides {gated['decision']}; one claim is to be flagged and all votes approve")
    if plain["decision"]["flagged"] or len(plain["decision"]["released"]) != len(CLAIMS):
        raise ValueError(f"W7 plain decides {plain['decision']}; every claim is to be released")
    return {"gated": len(json.dumps(gated)), "plain": len(json.dumps(plain))}
