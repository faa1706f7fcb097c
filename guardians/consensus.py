"""Consensus over the guardians' votes: one pure rule, ``consensus/v1``. The strictest demand wins; nobody is outvoted.

The rule, for stakes LOW, MEDIUM and HIGH:

1. A DENY from a deterministic rule marked hard is a veto: DENY, or ESCALATE where two people overrode that very one.
2. Any other DENY: LOW -> DENY; MEDIUM, HIGH -> ESCALATE, with the DENY kept as dissent. No majority overrides it.
3. A vote that is malformed, or bound to another material or policy, counts as ABSTAIN. ABSTAIN never counts as ALLOW.
4. A required guardian that abstains or is missing: HIGH -> denied until a person decides; MEDIUM -> ESCALATE;
   LOW -> DENY, or with ``degraded_read_only`` ESCALATE and nothing but READ_ONLY tools afterwards.
5. A score inside the guardian's uncertain band -> ESCALATE, whatever the vote; abstaining where there is a band too.
6. HIGH needs a person even when all allow; rules that ask for two people get two.
7. No votes, nobody required, unknown stakes -> as HIGH with an abstention. A guardian nobody configured, or two
   different votes of one guardian -> ESCALATE at least.

"Denied until a person decides" (DENY_PENDING_HUMAN) is ESCALATE with ``fail_closed``: the run stays in DECISION,
nothing is published or executed, and if nobody decides in time it is refused. ``needs_people`` is then 1 or more.

Each vote makes a demand that grows with its strictness, and the outcome is the maximum of all demands. So a stricter
vote never gives a more permissive outcome, and an ABSTAIN never a more permissive one than ALLOW in its place. (A hard
DENY that turns into ABSTAIN may: the veto is gone. Two different votes of one guardian escalate because they
contradict each other, so there monotony holds between the demands, not between the votes.) A tie cannot happen.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from audit.stakes import Stakes
from guardians.guardian import Ballot, Basis, Finding, Vote, is_score

RULE = "consensus/v1"
STRICTNESS = (Ballot.ALLOW, Ballot.ALLOW_WITH_REDACTION, Ballot.ESCALATE, Ballot.DENY)
NAME_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Band:
    """Scores ``low <= score < high`` in which a calibrated guardian cannot tell."""

    low: float
    high: float

    def holds(self, score: float) -> bool:
        return self.low <= score < self.high


@dataclass(frozen=True, slots=True)
class ConsensusPolicy:
    """Who has to vote, and what the operator decided. Tuples and not sets: the policy is hashed by what it prints.

    Attributes:
        required: guardians that have to vote, for each of the stakes. Every guardian named here is known at all stakes.
        optional: guardians that may vote.
        second_safety: name of an independent second Safety guardian, required at HIGH; '' when there is none.
        degraded_read_only: at LOW, let a person decide instead of denying when a required guardian is away.
        uncertain: scores in which a guardian cannot tell, from its calibration.
        two_person_rules: rules whose findings call for two distinct people (Regulation (EU) 2024/1689 Art. 14(5)).
    """

    required: Mapping[Stakes, tuple[str, ...]]
    optional: tuple[str, ...] = ()
    second_safety: str = ""
    degraded_read_only: bool = False
    uncertain: Mapping[str, Band] = field(default_factory=dict)
    two_person_rules: tuple[str, ...] = ()

    def required_at(self, stakes: Stakes) -> frozenset[str]:
        second = {self.second_safety} - {""} if stakes is Stakes.HIGH else set()
        return frozenset(self.required.get(stakes, ())) | second

    def known(self) -> frozenset[str]:
        named = {name for names in self.required.values() for name in names}
        return frozenset(named | {*self.optional, self.second_safety} - {""})


DEFAULT_CONSENSUS = ConsensusPolicy(
    required={
        Stakes.LOW: ("safety", "privacy"),
        Stakes.MEDIUM: ("safety", "privacy", "compliance"),
        Stakes.HIGH: ("safety", "privacy", "compliance"),
    },
    two_person_rules=("euaia.annex3.rbi_two_person",),
)


@dataclass(frozen=True, slots=True)
class Consensus:
    """What the votes come to.

    Attributes:
        ballot: ALLOW, ALLOW_WITH_REDACTION, ESCALATE or DENY.
        reasons: every demand above ALLOW as ``code:guardian``, sorted.
        dissent: votes other than the outcome as ``guardian:ballot``, sorted.
        needs_people: how many people have to agree before anything is published or done; 0 with DENY.
        fail_closed: a person decides without a guardian's word; until then nothing is published or executed.
        read_only: whatever people decide, no tool above READ_ONLY is called.
    """

    ballot: Ballot
    reasons: tuple[str, ...]
    dissent: tuple[str, ...]
    rule: str = RULE
    needs_people: int = 0
    fail_closed: bool = False
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    """The least strict outcome that one circumstance still permits, and why."""

    ballot: Ballot
    reason: str
    fail_closed: bool = False
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """A guardian's first vote as it counts: ``fault`` names what makes it an abstention."""

    vote: Vote
    fault: str = ""

    @property
    def ballot(self) -> Ballot:
        return Ballot.ABSTAIN if self.fault else self.vote.ballot


def decide(
    votes: Sequence[Vote],
    *,
    material: str,
    policy_hash: str,
    stakes: Stakes,
    policy: ConsensusPolicy,
    overridden: Collection[str] = (),
) -> Consensus:
    """Return what the votes come to. Never raises: what cannot be judged makes the outcome stricter.

    Args:
        votes: in any order, except that of two votes of one guardian the first counts.
        material: digest of what is decided on; a vote on another one is an abstention.
        policy_hash: of the policy in force; likewise.
        overridden: guardians whose hard denial is no veto here, since two people overrode it.
    """
    tier = known_stakes(stakes) or Stakes.HIGH
    sound = [vote for vote in votes if is_vote(vote)]
    heard = first_votes(sound, material=material, policy_hash=policy_hash)
    demands = [
        *set_demands(votes, sound, stakes=stakes, required=policy.required_at(tier)),
        *second_votes(sound, heard),
        *(demand for name in policy.required_at(tier) - set(heard) for demand in absences(name, tier, policy)),
        *(demand for item in heard.values() for demand in vote_demands(item, tier, policy, overridden)),
        *independence(heard, tier, policy),
    ]
    ballot = strictest(demand.ballot for demand in demands)
    people = people_needed(ballot, tier, heard.values(), policy)
    reasons = {demand.reason for demand in demands if demand.reason}
    return Consensus(
        ballot=ballot,
        reasons=tuple(sorted(reasons | ({f"people_required:{people}"} if people else set()))),
        dissent=tuple(sorted({f"{vote.guardian}:{vote.ballot.value}" for vote in sound if differs(vote, ballot)})),
        needs_people=people,
        fail_closed=any(demand.fail_closed for demand in demands),
        read_only=any(demand.read_only for demand in demands),
    )


def known_stakes(stakes: object) -> Stakes | None:
    return next((known for known in Stakes if known == stakes), None)


def strictest(ballots: Iterable[Ballot]) -> Ballot:
    return max(ballots, key=STRICTNESS.index, default=Ballot.ALLOW)


def differs(vote: Vote, outcome: Ballot) -> bool:
    return vote.ballot not in {outcome, Ballot.ABSTAIN}


def is_vote(value: object) -> bool:
    """Tell whether a value is a vote that can be attributed and read at all."""
    if not isinstance(value, Vote):
        return False
    typed: list[tuple[object, type]] = [
        (value.guardian, str),
        (value.ballot, Ballot),
        (value.basis, Basis),
        (value.hard, bool),
        (value.findings, tuple),
    ]
    sound = all(isinstance(part, kind) for part, kind in typed)
    return sound and 0 < len(value.guardian) <= NAME_LIMIT and all(map(is_finding, value.findings))


def is_finding(value: object) -> bool:
    return isinstance(value, Finding)


def fault_of(vote: Vote, *, material: str, policy_hash: str) -> str:
    if not is_score(vote.score):
        return "score_invalid"
    if vote.material != material:
        return "material_differs"
    if vote.policy_hash != policy_hash:
        return "policy_differs"
    return ""


def first_votes(votes: Iterable[Vote], *, material: str, policy_hash: str) -> dict[str, Heard]:
    heard: dict[str, Heard] = {}
    for vote in votes:
        heard.setdefault(vote.guardian, Heard(vote, fault_of(vote, material=material, policy_hash=policy_hash)))
    return heard


def second_votes(votes: Iterable[Vote], heard: Mapping[str, Heard]) -> Iterator[Demand]:
    """Yield a demand for each guardian that said two different things; how long it took is no difference."""
    for vote in votes:
        if replace(vote, elapsed_us=0) != replace(heard[vote.guardian].vote, elapsed_us=0):
            yield Demand(Ballot.ESCALATE, f"equivocation:{vote.guardian}")


def set_demands(
    votes: Sequence[object], sound: Sequence[Vote], *, stakes: object, required: frozenset[str]
) -> Iterator[Demand]:
    """Yield what is wrong with the vote as a whole."""
    if len(sound) != len(votes):
        yield Demand(Ballot.ESCALATE, "malformed_vote", fail_closed=True)
    if not votes:
        yield Demand(Ballot.ESCALATE, "no_votes", fail_closed=True)
    if not required:
        yield Demand(Ballot.ESCALATE, "no_guardian_required", fail_closed=True)
    if known_stakes(stakes) is None:
        yield Demand(Ballot.ESCALATE, "unknown_stakes", fail_closed=True)


def vote_demands(item: Heard, tier: Stakes, policy: ConsensusPolicy, overridden: Collection[str]) -> Iterator[Demand]:
    """Yield what one guardian's vote demands."""
    name = item.vote.guardian
    if item.fault:
        yield Demand(Ballot.ALLOW, f"{item.fault}:{name}")
    if name not in policy.known():
        yield Demand(Ballot.ESCALATE, f"unknown_guardian:{name}")
    band = policy.uncertain.get(name)
    if band and (item.ballot is Ballot.ABSTAIN or band.holds(item.vote.score)):
        yield Demand(Ballot.ESCALATE, f"uncertain:{name}")
    match item.ballot:
        case Ballot.ALLOW:
            pass
        case Ballot.ALLOW_WITH_REDACTION:
            yield Demand(Ballot.ALLOW_WITH_REDACTION, f"redact:{name}")
        case Ballot.ESCALATE:
            yield Demand(Ballot.ESCALATE, f"escalated:{name}")
        case Ballot.DENY:
            yield denial(item.vote, tier, overridden=name in overridden)
        case Ballot.ABSTAIN:
            yield from absences(name, tier, policy)
        case _:
            assert_never(item.ballot)


def vetoes(vote: Vote) -> bool:
    return vote.ballot is Ballot.DENY and vote.hard and vote.basis is Basis.DETERMINISTIC


def denial(vote: Vote, tier: Stakes, *, overridden: bool) -> Demand:
    if vetoes(vote):
        if overridden:
            return Demand(Ballot.ESCALATE, f"overridden:{vote.guardian}")
        return Demand(Ballot.DENY, f"hard_deny:{vote.guardian}")
    return Demand(Ballot.DENY if tier is Stakes.LOW else Ballot.ESCALATE, f"soft_deny:{vote.guardian}")


def absences(name: str, tier: Stakes, policy: ConsensusPolicy) -> Iterator[Demand]:
    """Yield what follows when a guardian did not say anything."""
    if name not in policy.required_at(tier):
        yield Demand(Ballot.ALLOW, f"optional_guardian_abstained:{name}")
        return
    reason = f"required_guardian_abstained:{name}"
    match tier:
        case Stakes.HIGH:
            yield Demand(Ballot.ESCALATE, reason, fail_closed=True)
        case Stakes.MEDIUM:
            yield Demand(Ballot.ESCALATE, reason)
        case Stakes.LOW if policy.degraded_read_only:
            yield Demand(Ballot.ESCALATE, reason, fail_closed=True, read_only=True)
        case Stakes.LOW:
            yield Demand(Ballot.DENY, reason)
        case _:
            assert_never(tier)


def independence(heard: Mapping[str, Heard], tier: Stakes, policy: ConsensusPolicy) -> Iterator[Demand]:
    """Yield a demand when the second Safety guardian is the first one's backend under another name."""
    first, second = heard.get("safety"), heard.get(policy.second_safety)
    if tier is Stakes.HIGH and first and second and first.vote.backend == second.vote.backend:
        yield Demand(Ballot.ESCALATE, f"not_independent:{policy.second_safety}", fail_closed=True)


def people_needed(ballot: Ballot, tier: Stakes, heard: Iterable[Heard], policy: ConsensusPolicy) -> int:
    """Return how many people have to agree; a denied run asks nobody."""
    if ballot is Ballot.DENY:
        return 0
    if any(finding.rule in policy.two_person_rules for item in heard for finding in item.vote.findings):
        return 2
    return 1 if tier is Stakes.HIGH or ballot is Ballot.ESCALATE else 0


def recheck(first: Consensus, second: Consensus, *, changed: bool) -> Consensus:
    """Return what a redacted answer comes to, judged once more by all guardians.

    Args:
        first: consensus on the answer as it was drafted, with ALLOW_WITH_REDACTION.
        second: consensus on the redacted answer.
        changed: the second review would redact the answer again.
    """
    stricter = strictest([first.ballot, second.ballot, Ballot.ESCALATE if changed else Ballot.ALLOW])
    if stricter is first.ballot:
        return replace(first, needs_people=max(first.needs_people, second.needs_people))
    people = 0 if stricter is Ballot.DENY else max(1, first.needs_people, second.needs_people)
    return Consensus(
        ballot=stricter,
        reasons=tuple(sorted({*first.reasons, *second.reasons, "redaction_not_stable"})),
        dissent=tuple(sorted({*first.dissent, *second.dissent})),
        needs_people=people,
        fail_closed=first.fail_closed or second.fail_closed,
        read_only=first.read_only or second.read_only,
    )
