"""The default verifier: a claim beside the best sentence of each passage, compared by type, without a model.

What a rule finds is final: a claim with one conflict is not supported, however likely the rest makes it. How likely
that is (features.py, head.py) ranks the claims that people look at, and is what a calibration sets its threshold on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from audit.spans import Span
from evidence.calibration import Calibration
from evidence.claims import Statement
from evidence.language.reading import SKIMS_KEPT, Piece, Reading, Skim, keys_of, read, skim
from evidence.passages import Passage
from evidence.ranking import Ranked
from evidence.typed import wording
from evidence.typed.comparison import OVERLAP_LEAST, Compared, compare, overlap
from evidence.typed.features import NAMES, apart, features, holds_some
from evidence.typed.head import built_in
from evidence.typed.matching import Matching, match
from evidence.typed.parts import Surroundings
from evidence.verdicts import Alignment, Rule, Stance
from evidence.verifying import Context

COMPARED = 4
WEIGHED = 2
TOPIC_LEAST = 0.25
# What supports is likelier to than not, whatever a calibration would allow.
EVEN = 0.5

# Measured on sentences of the demonstration corpus: as they stand and restated (supported), and changed in one detail
# (not). tests/evidence/test_demo_calibration.py measures it anew, so it needs no day on which it expires. It bounds the
# share of such edits that pass; on other material that share is another, and a workspace's own is due (calibrating.py).
CALIBRATION = Calibration(
    id="demo-edits-3",
    verifier="typed-3",
    created=date(2026, 11, 27),
    threshold=EVEN,
    n=1040,
    leaks=5,
    supported=365,
    kept=365,
    alpha=0.05,
    delta=0.1,
    data_sha256="7fefe78f7353bd8116535b49d42732e2ec32071fcdf5d473cf0a6a909ee2989e",
)


@dataclass(frozen=True, slots=True)
class TypedVerifier:
    """The verifier that the default policy is calibrated for. Its id changes when a verdict could."""

    id: str = "typed-3"

    def align(self, claim: Statement, passages: Sequence[Passage], *, context: Context) -> tuple[Alignment, ...]:
        """Return the claim beside the sentence of each passage that shares most words with it.

        Another sentence does not count: what it lacks would be found around it, and what the nearest denies ignored.
        """
        reading = read(claim.text)
        if not reading.whole:
            return tuple(unread(claim, passage) for passage in passages)
        found = beside_all(reading, passages, context)
        shares = supports(passages, found)
        return tuple(
            aligned(claim, passage, one, share) for passage, one, share in zip(passages, found, shares, strict=True)
        )


TYPED = TypedVerifier()


@dataclass(frozen=True, slots=True)
class Beside:
    """A claim beside a passage.

    Attributes:
        compared: with the sentence that decides; None where none shares enough with the claim.
        features: of the one of the WEIGHED nearest sentences that carries most of it; all 0 where there is none, unless
            nothing else speaks of the claim either.
    """

    compared: Compared | None
    features: tuple[float, ...]

    @property
    def says_all(self) -> bool:
        return self.compared is not None and self.compared.says_all


SILENT = Beside(None, (0.0,) * len(NAMES))


def beside_all(reading: Reading, passages: Sequence[Passage], context: Context) -> list[Beside]:
    found = [beside(reading, passage, context) for passage in passages]
    if any(one.compared is not None for one in found):
        return found
    return [aside(reading, passage, context) for passage in passages]


def aside(reading: Reading, passage: Passage, context: Context) -> Beside:
    """Return a claim beside a passage none of whose sentences is about it, by the words that they do share."""
    around = surroundings(passage.text, passage.title, context.question)
    return Beside(None, apart(reading, around, context.sources.get(passage.source, frozenset())))


def beside(reading: Reading, passage: Passage, context: Context) -> Beside:
    near = closest(reading, skim(passage.text))
    if not near:
        return SILENT
    around = surroundings(passage.text, passage.title, context.question)
    source = context.sources.get(passage.source, frozenset())
    shares = [overlap(matching) for _, matching in near]
    nearest = [found for found, share in zip(near, shares, strict=True) if share == max(shares)]
    compared = [compare(matching, piece, around) for piece, matching in nearest]
    best = compared[0] if len(compared) == 1 else max(compared, key=preference)
    if best.says_all:
        return Beside(best, features(best, around, source))
    second = sorted(range(len(near)), key=lambda place: -shares[place])[len(nearest) : WEIGHED]
    weighed = [best, *(compare(near[place][1], near[place][0], around) for place in second)]
    return Beside(best, max((features(one, around, source) for one in weighed), key=built_in().likely))


def supports(passages: Sequence[Passage], found: Sequence[Beside]) -> list[float]:
    """Return P(supported) by each passage: 0 by one that holds no word of the claim.

    A difference in what carries most of the claim counts for all that its source says, but for what says all of it:
    what speaks less of the same thing is silent about it.
    """
    head = built_in()
    likely = [
        (head.likely(one.features) if holds_some(one.features) else 0.0, head.leaves(one.features)) for one in found
    ]
    leading: dict[str, tuple[float, float]] = {}
    for passage, (much, leaves) in zip(passages, likely, strict=True):
        leading[passage.source] = max(leading.get(passage.source, (0.0, -1.0)), (much, -leaves))
    left = [
        leaves if one.says_all else min(leaves, -leading[passage.source][1])
        for passage, one, (_, leaves) in zip(passages, found, likely, strict=True)
    ]
    return [much * leaves for (much, _), leaves in zip(likely, left, strict=True)]


# All claims of an answer ask for the surroundings of the same passages: as many as are skimmed.
@lru_cache(maxsize=SKIMS_KEPT)
def surroundings(text: str, title: str, context: str) -> Surroundings:
    return Surroundings(skim(text).every | keys_of(title), keys_of(context))


def preference(compared: Compared) -> tuple[bool, bool, float, int]:
    return compared.says_all, compared.contradicts, compared.score, -compared.piece.span.start


def closest(claim: Reading, skimmed: Skim) -> list[tuple[Piece, Matching]]:
    """Return the sentences that share most words with a claim; none where they share next to nothing."""
    wanted = keys_of(claim.text)
    least = max(1.0, TOPIC_LEAST * len(wanted))
    shared = skimmed.sharing(wanted, least=least)
    near = [(-count, place) for count, places in shared for place in places[:COMPARED]]
    if not near or not claim.words:
        return []
    best = [skimmed.pieces[place] for _, place in sorted(near)[:COMPARED]]
    return [(piece, match(claim, read(piece.text))) for piece in best]


def unread(claim: Statement, passage: Passage) -> Alignment:
    """Return the alignment of a claim that is longer than a sentence: what was not compared is not supported."""
    spans = Span(0, len(claim.text)), Span(0, len(passage.text))
    return Alignment(passage, Stance.NEUTRAL, 0.0, 0.0, Rule.MATCH, *spans, wording.TOO_LONG)


def aligned(claim: Statement, passage: Passage, found: Beside, supported: float) -> Alignment:
    """Return the comparison as an alignment: the deciding words on both sides, or all of both where it supports."""
    whole = Span(0, len(claim.text))
    against = built_in().contradicted(found.features, supported) if holds_some(found.features) else 0.0
    shares = supported, against
    compared = found.compared
    if compared is None:
        return Alignment(passage, Stance.NEUTRAL, *shares, Rule.TOPIC, whole, Span(0, len(passage.text)))
    if not compared.conflicts:
        stance = Stance.SUPPORTS if compared.says_all else Stance.NEUTRAL
        return Alignment(passage, stance, *shares, Rule.MATCH, whole, compared.piece.span)
    conflict = compared.conflicts[0]
    claimed, there = compared.matching.claim, compared.matching.source
    passage_span = compared.piece.place(there.span(*conflict.source)) if conflict.source else compared.piece.span
    stance = Stance.CONTRADICTS if compared.contradicts else Stance.NEUTRAL
    detail = wording.of_conflict(compared.matching, conflict)
    return Alignment(passage, stance, *shares, conflict.rule, claimed.span(*conflict.claim), passage_span, detail)


def may_conflict(text: str, ranked: Ranked) -> bool:
    """Tell whether one sentence of a passage shares enough with a claim to contradict it."""
    wanted = keys_of(text)
    least = OVERLAP_LEAST * len(wanted) - 2
    # A passage that holds too few of them has no such sentence: of ten thousand, most need not be cut into theirs.
    return ranked.shared >= least and any(skim(ranked.passage.text).sharing(wanted, least=least))
