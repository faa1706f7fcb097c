"""What becomes of a run: one pure function of the gate's outcome, the guardians' consensus and the actions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from audit import canonical
from audit.canonical import JSON
from evidence.verdicts import Outcome
from guardians.guardian import Ballot
from guardians.toolrisk import Tier
from orchestration.states import Decision


@dataclass(frozen=True, slots=True)
class ActionRisk:
    """An action as the decision sees it: which tool, how risky, why a person has to look, why it may not be called."""

    tool: str
    tier: Tier
    refused: str = ""
    doubts: tuple[str, ...] = ()


def action_document(action: ActionRisk) -> dict[str, JSON]:
    """Return an action as plain values, for the record of the decision."""
    return asdict(action)


def action_of(document: Mapping[str, Any]) -> ActionRisk:
    """Return the action that ``action_document`` wrote.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    known: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in document.items()}
    return ActionRisk(**{**known, "tier": Tier(document["tier"])})


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision, every reason for it, and how many people must agree before anything happens."""

    decision: Decision
    reasons: tuple[str, ...]
    people: int = 0


@dataclass(frozen=True, slots=True)
class Grounds:
    """What gate and guardians found, as far as it bears on the decision.

    Attributes:
        read_only: whatever people decide, no tool above READ_ONLY is called.
    """

    outcome: Outcome
    disputed: bool
    ballot: Ballot
    reasons: tuple[str, ...]
    people: int
    read_only: bool = False


def decide(grounds: Grounds, actions: Sequence[ActionRisk]) -> Decided:
    """Return the strictest of what gate, guardians and tool risk call for."""
    refusals = refused_by(grounds) + [f"tool:{a.tool}:{why}" for a in actions if (why := refusal_of(a, grounds))]
    if refusals:
        return Decided(Decision.REFUSE, tuple(refusals))
    doubts = doubts_of(grounds, actions)
    if doubts:
        return Decided(Decision.ESCALATE, tuple(doubts), max(grounds.people, 1))
    return Decided(published(grounds.outcome), (f"gate:{grounds.outcome.value}",))


def refusal_of(action: ActionRisk, grounds: Grounds) -> str:
    if action.refused or not grounds.read_only:
        return action.refused
    return "read_only" if action.tier > Tier.READ_ONLY else ""


def refused_by(grounds: Grounds) -> list[str]:
    reasons = []
    if grounds.ballot is Ballot.DENY:
        reasons += [f"consensus:{reason}" for reason in grounds.reasons] or ["consensus:deny"]
    if grounds.outcome in {Outcome.NO_CLAIMS, Outcome.NONE_SUPPORTED}:
        reasons.append(f"gate:{grounds.outcome.value}")
    return reasons


def doubts_of(grounds: Grounds, actions: Sequence[ActionRisk]) -> list[str]:
    """Return every reason for which a person has to decide."""
    doubts = [f"tool:{a.tool}:{a.tier.name}" for a in actions if a.tier >= Tier.MODIFY]
    doubts += [f"call:{a.tool}:{doubt}" for a in actions for doubt in a.doubts]
    # An abstention is no permission: whatever is not one goes to a person.
    if grounds.ballot not in {Ballot.ALLOW, Ballot.ALLOW_WITH_REDACTION}:
        doubts += [f"consensus:{reason}" for reason in grounds.reasons] or ["consensus:escalate"]
    if grounds.disputed:
        doubts.append("claims:disputed")
    if grounds.people and not doubts:
        doubts.append(f"stakes:{grounds.people}_to_agree")
    return doubts


def published(outcome: Outcome) -> Decision:
    """Return what publishing means: all of the answer, or the claims that are supported."""
    return Decision.PUBLISH if outcome is Outcome.ALL_SUPPORTED else Decision.PUBLISH_PARTIAL


def bound_claim(*, text: str, verdict: str, evidence: Sequence[str]) -> dict[str, JSON]:
    """Return what of a claim an approval is bound to; ``text`` is its commitment."""
    return {"text": text, "verdict": verdict, "evidence": list(evidence)}


def bound_action(*, tool: str, definition: str, digest: str, tier: int) -> dict[str, JSON]:
    """Return what of an action an approval is bound to; ``digest`` is the commitment to its arguments."""
    return {"tool": tool, "definition": definition, "digest": digest, "tier": tier}


def parts(
    *, run: str, answer: str, claims: Sequence[JSON], actions: Sequence[JSON], policy_hash: str, material: str
) -> dict[str, str]:
    """Return the hashes of what an approver is shown and would release, by name, so that a change can be named."""
    return {
        "run": run,
        "answer": answer,
        "claims": digest_of(claims),
        "arguments": digest_of(actions),
        "policy": policy_hash,
        "material": material,
    }


def digest_of(items: Sequence[JSON]) -> str:
    """Return the hash of a list (64 hex digits)."""
    return canonical.digest(canonical.encode({"items": list(items)})).hex()


def bound_to(known: Mapping[str, str]) -> str:
    """Return the hash that an approval is bound to: over all its parts (64 hex digits)."""
    return canonical.digest(canonical.encode(dict(known))).hex()


def binding(
    *, run: str, answer: str, claims: Sequence[JSON], actions: Sequence[JSON], policy_hash: str, material: str
) -> str:
    """Return the hash of exactly what is shown and would be done (64 hex digits)."""
    return bound_to(
        parts(run=run, answer=answer, claims=claims, actions=actions, policy_hash=policy_hash, material=material)
    )


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the parts that are not the same, or not on both sides."""
    return tuple(name for name in sorted({*before, *after}) if before.get(name) != after.get(name))
