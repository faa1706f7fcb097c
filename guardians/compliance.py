"""Compliance: what the policy packs say of a run's facts, deterministic, each finding with its rule and citation.

Not legal advice: see ``NOT_LEGAL_ADVICE``, which goes wherever these findings are shown.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from guardians.expressions import ENGINE
from guardians.facts import FactError, check_request, completed, facts
from guardians.guardian import Ballot, Basis, Finding, Material, Part, Vote, cast
from guardians.packfile import Effect
from guardians.packs import NOT_LEGAL_ADVICE, Match, PackSet, Reason, strictest
from guardians.transcript import Transcript

__all__ = ["NOT_LEGAL_ADVICE", "Compliance", "FactError", "check_request", "facts"]

REASON_LIMIT = 300


class Compliance:
    """The guardian that asks the policy packs. Needs ``material.facts`` as ``facts`` builds them."""

    name = "compliance"

    def __init__(self, packs: PackSet) -> None:
        self.packs = packs
        self.version = f"1+{packs.hash}"

    def review(self, material: Material) -> Vote:
        """Vote on the facts: the strictest effect of the rules that fire. A rule without an answer is a hard DENY."""
        matches = self.packs.evaluate(material.facts)
        effect = strictest(matches)
        return Vote(
            guardian=self.name,
            ballot=ballot_of(effect),
            findings=tuple(finding_of(match) for match in matches),
            score=effect.rank / Effect.DENY.rank,
            basis=Basis.DETERMINISTIC,
            hard=any(match.hard for match in matches),
            reason=reason_of(matches, effect),
            backend=ENGINE,
            version=self.version,
            material=material.digest(),
            policy_hash=material.policy_hash,
        )


def ballot_of(effect: Effect) -> Ballot:
    match effect:
        case Effect.ALLOW | Effect.ANNOTATE:
            return Ballot.ALLOW
        case Effect.REDACT:
            return Ballot.ALLOW_WITH_REDACTION
        case Effect.REQUIRE_APPROVAL:
            return Ballot.ESCALATE
        case Effect.DENY:
            return Ballot.DENY
        case _:
            assert_never(effect)


def finding_of(match: Match) -> Finding:
    """Return a match as a finding. It is about what would be done with the texts, so it has no place in one of them."""
    return Finding(
        rule=match.rule,
        kind=Reason.POLICY_ERROR.value if match.reason is Reason.POLICY_ERROR else match.effect.value,
        part=Part.ACTION,
        ref=match.pack,
        span=None,
        score=match.effect.rank / Effect.DENY.rank,
        citation=match.citation,
    )


def reason_of(matches: Sequence[Match], effect: Effect) -> str:
    """Return why, in a sentence: errors first, else the first of the rules that decided."""
    errors = [match for match in matches if match.reason is Reason.POLICY_ERROR]
    deciding = errors or [match for match in matches if match.effect is effect]
    if not deciding:
        return "no rule of the policy packs fires"
    first, more = deciding[0], len(deciding) - 1
    code = f"{Reason.POLICY_ERROR}: {first.rule}" if errors else first.rule
    return f"{code}: {first.says[: REASON_LIMIT - 120]}{f' (and {more} more)' if more else ''}"


def anew(heard: Transcript, known: Mapping[str, object], packs: PackSet, *, on: dt.date) -> Callable[[Vote], Vote]:
    """Return what replaces Compliance's votes by the one that other packs make of the facts that were kept.

    Where it abstained it still does: what kept it from voting is not known to have gone.

    Args:
        on: the day whose law is applied.
    """
    guardian = Compliance(packs)
    material = Material((), completed(known, on=on), heard.stakes, heard.policy_hash)
    again = cast(guardian, material, clock=lambda: 0)

    def passed(vote: Vote) -> Vote:
        if vote.guardian != guardian.name or vote.ballot is Ballot.ABSTAIN:
            return vote
        return replace(again, material=vote.material, policy_hash=vote.policy_hash, elapsed_us=vote.elapsed_us)

    return passed
