"""All that consensus was made of, as one document: enough to compute it again without asking any guardian.

Plain values only. It holds places and codes, never the texts that were judged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from audit.spans import Span
from audit.stakes import Stakes
from guardians import consensus
from guardians.consensus import Band, Consensus, ConsensusPolicy
from guardians.guardian import Ballot, Basis, Finding, Part, Vote

FORMAT = 1
RULES: Mapping[str, Callable[["Transcript"], Consensus]] = {
    consensus.RULE: lambda known: known.joined(),
}


class TranscriptError(ValueError):
    """A document that is no transcript, or one of a format or rule that this version does not know."""


@dataclass(frozen=True, slots=True)
class Round:
    """All votes on one material, in the order in which they were heard."""

    votes: tuple[Vote, ...]
    material: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """The votes and what they were joined by.

    Attributes:
        second: on the redacted answer, where there was one.
        changed: the second round would redact it again.
        overridden: guardians whose hard denial two people overrode.
    """

    stakes: Stakes
    policy_hash: str
    policy: ConsensusPolicy
    first: Round
    second: Round | None = None
    changed: bool = False
    rule: str = consensus.RULE
    overridden: tuple[str, ...] = ()

    def outcome(self) -> Consensus:
        """Return what the votes come to, computed anew by the rule that is named.

        Raises:
            TranscriptError: this version does not know the rule.
        """
        if self.rule not in RULES:
            raise TranscriptError(f"the rule {self.rule[:40]!r} is not known; known are {', '.join(RULES)}")
        return RULES[self.rule](self)

    def joined(self) -> Consensus:
        first = self.joined_round(self.first)
        if self.second is None:
            return first
        return consensus.recheck(first, self.joined_round(self.second), changed=self.changed)

    def joined_round(self, known: Round) -> Consensus:
        return consensus.decide(
            known.votes,
            material=known.material,
            policy_hash=self.policy_hash,
            stakes=self.stakes,
            policy=self.policy,
            overridden=self.overridden,
        )

    def under(self, policy: ConsensusPolicy, vote: Callable[[Vote], Vote]) -> "Transcript":
        """Return the same votes joined by another policy, each vote passed through a function first."""
        rounds = [replace(r, votes=tuple(map(vote, r.votes))) if r else None for r in (self.first, self.second)]
        return replace(self, policy=policy, first=rounds[0] or self.first, second=rounds[1])


def redacts_again(votes: Sequence[Vote]) -> bool:
    """Tell whether votes on a redacted answer ask for another change of it.

    A rule that asks for redaction by the facts alone asks for it again, since they are the same; it is met when nothing
    is found in the answer any more. A demand that rests on nothing at all cannot be met.
    """
    asking = [vote for vote in votes if vote.ballot is Ballot.ALLOW_WITH_REDACTION]
    return any(not vote.findings or any(item.part is Part.ANSWER for item in vote.findings) for vote in asking)


def policy_document(policy: ConsensusPolicy) -> dict[str, Any]:
    return {
        "required": {stakes.value: list(names) for stakes, names in policy.required.items()},
        "optional": list(policy.optional),
        "second_safety": policy.second_safety,
        "degraded_read_only": policy.degraded_read_only,
        "uncertain": {name: [band.low, band.high] for name, band in policy.uncertain.items()},
        "two_person_rules": list(policy.two_person_rules),
    }


def policy_of(document: Mapping[str, Any]) -> ConsensusPolicy:
    return ConsensusPolicy(
        required={Stakes(stakes): tuple(names) for stakes, names in document["required"].items()},
        optional=tuple(document["optional"]),
        second_safety=document["second_safety"],
        degraded_read_only=document["degraded_read_only"],
        uncertain={name: Band(*band) for name, band in document["uncertain"].items()},
        two_person_rules=tuple(document["two_person_rules"]),
    )


def document_of(known: Transcript) -> dict[str, Any]:
    """Return the transcript as plain values, ready for JSON."""
    return {
        "format": FORMAT,
        "rule": known.rule,
        "stakes": known.stakes.value,
        "policy": known.policy_hash,
        "consensus": policy_document(known.policy),
        "first": round_document(known.first),
        "second": round_document(known.second) if known.second else None,
        "changed": known.changed,
        "overridden": list(known.overridden),
    }


def transcript_of(document: Mapping[str, Any]) -> Transcript:
    """Return the transcript that ``document_of`` wrote.

    Raises:
        TranscriptError: it is of another format, or something in it is missing or misshapen.
    """
    if document.get("format") != FORMAT:
        raise TranscriptError(f"the format is {document.get('format')!r}; this version reads {FORMAT}")
    try:
        second = document["second"]
        return Transcript(
            rule=document["rule"],
            stakes=Stakes(document["stakes"]),
            policy_hash=document["policy"],
            policy=policy_of(document["consensus"]),
            first=round_of(document["first"]),
            second=round_of(second) if second else None,
            changed=document["changed"],
            overridden=tuple(document.get("overridden", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TranscriptError(f"the record is misshapen: {type(error).__name__}") from error


def round_document(known: Round) -> dict[str, Any]:
    return {"material": known.material, "votes": [vote_document(vote) for vote in known.votes]}


def round_of(document: Mapping[str, Any]) -> Round:
    return Round(tuple(vote_of(vote) for vote in document["votes"]), document["material"])


def vote_document(vote: Vote) -> dict[str, Any]:
    return {
        "guardian": vote.guardian,
        "ballot": vote.ballot.value,
        "findings": [finding_document(finding) for finding in vote.findings],
        "score": vote.score,
        "basis": vote.basis.value,
        "hard": vote.hard,
        "reason": vote.reason,
        "backend": vote.backend,
        "version": vote.version,
        "material": vote.material,
        "policy_hash": vote.policy_hash,
        "elapsed_us": vote.elapsed_us,
    }


def vote_of(document: Mapping[str, Any]) -> Vote:
    return Vote(
        **{
            **document,
            "ballot": Ballot(document["ballot"]),
            "basis": Basis(document["basis"]),
            "findings": tuple(finding_of(item) for item in document["findings"]),
        }
    )


def finding_document(finding: Finding) -> list[Any]:
    span = [finding.span.start, finding.span.end] if finding.span else None
    return [finding.rule, finding.kind, finding.part.value, finding.ref, span, finding.score, finding.citation]


def finding_of(document: Sequence[Any]) -> Finding:
    rule, kind, part, ref, span, score, citation = document
    return Finding(rule, kind, Part(part), ref, Span(*span) if span else None, score, citation)
