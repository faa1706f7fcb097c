"""What the gate says of labelled items: cut, split and judged as in production."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.stakes import Stakes
from benchmarks.judging.items import Item
from benchmarks.judging.measures import Point
from evidence import claims, gate, passages
from evidence.gate import DEFAULT_POLICY, GatePolicy, JudgedClaim, Verdict, Verifier
from evidence.passages import Passage
from evidence.typed.scoring import TYPED

# The worst of several statements is what an answer comes to.
ORDER = (Verdict.CONTRADICTED, Verdict.DISPUTED, Verdict.INSUFFICIENT, Verdict.SUPPORTED)


@dataclass(frozen=True, slots=True)
class Judged:
    """An item and what its claims come to: the least support, the most contradiction, the worst verdict.

    Attributes:
        statements: how many were judged; none is NO_CLAIMS in production and publishes nothing.
        reason: of the claim with the worst verdict; "" without claims.
    """

    item: Item
    verdict: Verdict
    support: float
    contradiction: float
    statements: int
    reason: str = ""

    @property
    def point(self) -> Point:
        return Point(self.support, self.item.supported, self.item.group)

    @property
    def published(self) -> bool:
        return self.verdict is Verdict.SUPPORTED


@dataclass(frozen=True, slots=True)
class Bench:
    """With what the gate is measured."""

    policy: GatePolicy = DEFAULT_POLICY
    verifier: Verifier = TYPED
    stakes: Stakes = Stakes.MEDIUM


def support(claim: JudgedClaim) -> float:
    """Return how sure it is that the evidence carries the claim (0 to 1). All measures of support read this."""
    return claim.p_supported


def contradiction(claim: JudgedClaim) -> float:
    """Return how sure it is that the evidence says otherwise (0 to 1). All measures of contradiction read this."""
    return claim.p_contradicted


def passages_of(item: Item) -> tuple[Passage, ...]:
    """Return the item's evidence as the passages of one trusted document.

    Each piece is a paragraph of its own: the data do not say where paragraphs ended.
    """
    cut = passages.cut("\n\n".join(item.evidence))
    return tuple(
        Passage(f"{item.id}-{number}", item.id, one.text, one.sha256, trusted=True, title=item.title)
        for number, one in enumerate(cut)
    )


def judge(item: Item, bench: Bench) -> Judged:
    """Return what the gate says of an item; a claim that nothing can be said of is not supported."""
    found = gate.judge(
        claims.split(item.claim),
        passages_of(item),
        stakes=bench.stakes,
        policy=bench.policy,
        context=item.context,
        verifier=bench.verifier,
    ).claims
    if not found:
        return Judged(item, Verdict.INSUFFICIENT, 0.0, 0.0, 0)
    worst = min(found, key=lambda claim: (ORDER.index(claim.verdict), support(claim)))
    return Judged(
        item,
        worst.verdict,
        min(map(support, found)),
        max(map(contradiction, found)),
        len(found),
        worst.reason.value,
    )


def judge_all(items: Iterable[Item], bench: Bench) -> tuple[Judged, ...]:
    return tuple(judge(item, bench) for item in items)


def points(found: Sequence[Judged]) -> list[Point]:
    return [one.point for one in found]


def data_sha256(items: Sequence[Item]) -> str:
    """Return a hash of what was judged, so that figures of other data are not taken for these."""
    told = hashlib.sha256()
    for item in items:
        told.update(repr((item.id, item.claim, item.evidence, item.label, item.context)).encode())
    return told.hexdigest()
