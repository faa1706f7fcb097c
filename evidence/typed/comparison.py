"""A claim beside one sentence: what the typed rules find, how much is carried, and whether it says otherwise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import mul

from evidence.language.lexicon import UNIVERSAL, words
from evidence.language.reading import FULL, Piece, Reading
from evidence.language.text import Kind
from evidence.typed import actuality, crossings, directions, force, parts, polarity, splicing, subjects, values
from evidence.typed.conflicts import Conflict
from evidence.typed.matching import Matching, replaced
from evidence.typed.parts import Surroundings
from evidence.typed.polarity import Opposites
from evidence.verdicts import Rule

OVERLAP_LEAST = 0.6
SHARED_LEAST = 2
SAID_LEAST = 0.7
VALUE_WEIGHT = 3.0
# What a value is worth that stands elsewhere in the passage: it ranks a claim that is not supported, no more.
VALUE_NEARBY = 0.5
PENALTY = 0.8
# A claim that does not name what it is about contradicts nothing.
PRONOUNS = words("it they he she this that these those both such")
# What such a sentence says of the whole holds for the special case that a claim adds; a figure does not.
GENERAL = UNIVERSAL | words("must shall never no none cannot")
VALUE_RULES = frozenset({Rule.NUMBER, Rule.UNIT, Rule.DATE, Rule.COMPARISON})
ADDED = frozenset({Rule.DETAIL, Rule.ENTITY})
# What looks at the meaning of a claim whose words are all there, the surest first.
CLOSER = (
    crossings.comparisons,
    directions.turned,
    crossings.exchanges,
    directions.displaced,
    crossings.actions,
    subjects.owners,
    actuality.openings,
    force.little,
    force.alternatives,
    force.standings,
    splicing.splices,
)


@dataclass(frozen=True, slots=True)
class Compared:
    """A claim beside one sentence.

    Attributes:
        overlap: the share of the claim's words in the sentence itself.
        reads_otherwise: all its words are there, and say something else (``closer``).
    """

    matching: Matching
    piece: Piece
    score: float
    overlap: float
    conflicts: tuple[Conflict, ...]
    reads_otherwise: bool = False

    @property
    def says_all(self) -> bool:
        carries = self.score >= SAID_LEAST and self.overlap >= OVERLAP_LEAST
        return carries and not self.conflicts and self.matching.source.whole

    @property
    def differences(self) -> list[Conflict]:
        """Return the conflicts without what the claim merely adds."""
        return [item for item in self.conflicts if item.source is not None or item.rule not in ADDED]

    @property
    def contradicts(self) -> bool:
        """Tell whether the sentence speaks of the same thing and says otherwise, in one point and perhaps its force.

        Two differences are as a rule two cases: another dose for another weight.
        """
        if self.overlap < OVERLAP_LEAST:
            return False
        found = self.differences
        points = [conflict for conflict in found if conflict.rule is not Rule.MODALITY] or found
        return (
            len(points) == 1
            and all(conflict.opposed and not conflict.elsewhere for conflict in found)
            and self.same_subject(found)
        )

    def same_subject(self, differences: Sequence[Conflict]) -> bool:
        """Tell whether what the claim says besides the differences is said in the sentence, of the same things."""
        matching, claim = self.matching, self.matching.claim
        shared = any(claim.weights[place] == FULL for place in matching.pairs)
        inside = [range(*conflict.claim) for conflict in differences]
        missing = [place for place in matching.missing if not any(claim.starts[place] in part for part in inside)]
        valued = all(conflict.rule in VALUE_RULES | {Rule.MODALITY} for conflict in differences)
        covered = valued and not GENERAL.isdisjoint(matching.source.folded)
        return (
            shared
            and claim.tokens[0].folded not in PRONOUNS
            and len(matching.pairs) >= SHARED_LEAST
            and (covered or not any(claim.weights[place] == FULL for place in missing))
            and not any(claim.predicate(place) for place in missing)
            and not any(replaced(matching, place, light=True) is not None for place in missing)
        )


def rules(matching: Matching, around: Surroundings, met: Opposites, settled: Mapping[int, int]) -> Iterator[Conflict]:
    """Yield what each typed comparison finds, the surest first."""
    yield from values.numbers(matching, around.passage)
    yield from values.dates(matching, around.passage)
    yield from polarity.negations(matching, settled)
    yield from polarity.antonyms(matching, met)
    yield from polarity.placings(matching)
    yield from parts.roles(matching)
    yield from parts.agents(matching)
    yield from force.modalities(matching)
    yield from force.bare_modalities(matching)
    yield from force.quantifiers(matching)
    yield from force.ranks(matching)
    yield from force.degrees(matching)
    yield from force.conditions(matching)
    yield from force.restrictions(matching)


def closer(matching: Matching) -> list[Conflict]:
    """Return what the first of CLOSER finds that finds anything.

    Only what would pass is looked at so: these rules keep back what says something else in the same words, and tell
    little of a claim that misses words.
    """
    return next((found for look in CLOSER if (found := list(look(matching)))), [])


def overlap(matching: Matching) -> float:
    """Return the share of the claim's words, by weight, that stand in the sentence itself (0 to 1)."""
    claim = matching.claim
    missing = sum([claim.weights[place] for place in matching.missing])
    return (claim.weight - missing) / claim.weight if claim.weight else 0.0


def compare(matching: Matching, piece: Piece, around: Surroundings) -> Compared:
    """Return what the rules find, and how much of the claim the sentence and what stands around it carry."""
    met = polarity.met_opposites(matching)
    settled = polarity.settled(matching, met)
    found = list(rules(matching, around, met, settled)) or list(subjects.places(matching))
    opposed = {conflict.claim[0] for conflict in found if conflict.rule is Rule.ANTONYM}
    placed = parts.placed(matching, around, settled.keys())
    found += [conflict for conflict in placed.conflicts if conflict.claim[0] not in opposed]
    score = carried(matching.claim, placed.credit, found, around)
    turned = closer(matching) if not found and score >= SAID_LEAST else []
    found += turned
    score *= PENALTY ** len({conflict.rule for conflict in found} - {Rule.DETAIL})
    return Compared(matching, piece, score, overlap(matching), tuple(found), bool(turned))


def carried(claim: Reading, credit: Sequence[float], found: Sequence[Conflict], around: Surroundings) -> float:
    """Return the share of a claim's words and values that is found, by weight (0 to 1)."""
    number = len(claim.quantities) + len(claim.dates)
    wrong = [conflict for conflict in found if conflict.rule in VALUE_RULES][:number]
    nearby = len([conflict for conflict in wrong if is_nearby(claim, conflict, around)])
    values_found = number - len(wrong) + VALUE_NEARBY * nearby
    words_found = sum(map(mul, claim.weights, credit))
    total = claim.weight + VALUE_WEIGHT * number
    return (words_found + VALUE_WEIGHT * values_found) / total if total else 0.0


def is_nearby(claim: Reading, conflict: Conflict, around: Surroundings) -> bool:
    """Tell whether the numbers of a conflict's claim stand somewhere in the passage."""
    digits = [token.folded for token in claim.tokens[slice(*conflict.claim)] if token.kind is Kind.NUMBER]
    return bool(digits) and around.passage.issuperset(digits)
