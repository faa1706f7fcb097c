"""What is weighed of a comparison: how much of the claim is found, and which rules found a difference.

Each is between 0 and 1. What is found makes support likelier the more of it there is, a difference never does; none
tells how long a claim is.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from functools import lru_cache

from evidence.language import numerals
from evidence.language.numerals import ORDINAL_OF, ORDINALS, SCALES, spelled
from evidence.language.quantities import TIMES
from evidence.language.reading import Reading
from evidence.language.text import Token, key
from evidence.typed.comparison import Compared
from evidence.typed.parts import Surroundings
from evidence.verdicts import Rule

# By the others, a sentence says something else where the claim says this, or is silent where the claim narrows.
NO_DIFFERENCES = frozenset({Rule.MATCH, Rule.SCORE, Rule.TOPIC, Rule.ENTITY, Rule.DETAIL})
DIFFERENCES = tuple(rule for rule in Rule if rule not in NO_DIFFERENCES)
# What narrows is a difference even where the sentence has nothing there: "only", "all".
NARROWING = Rule.QUANTIFIER
# So many words in a row that the passage does not hold are as bad as more of them.
GAP_MOST = 4
LARGE = ("million", "billion")
ENDINGS = frozenset({"st", "nd", "rd", "th"})
FOUND = (
    "says_all", "carried", "words_in_passage", "words_in_source", "names_in_source", "values_in_source",
    "no_gap_in_passage",
)  # fmt: skip
AGAINST = (*(f"differs_{rule.value.lower()}" for rule in DIFFERENCES), "contradicts")
NAMES = (*FOUND, *AGAINST)


def features(found: Compared, around: Surroundings, source: AbstractSet[str]) -> tuple[float, ...]:
    """Return the value of each of NAMES.

    Args:
        source: what the words and numbers of all passages of the same source are compared by.
    """
    claim, missing = found.matching.claim, frozenset(found.matching.missing)
    differ = {conflict.rule for conflict in found.conflicts if conflict.source is not None}
    differ |= {conflict.rule for conflict in found.conflicts if conflict.rule is NARROWING}
    if found.reads_otherwise:
        # On what people have labelled, these tell no more than that not all is said.
        differ = set()
    return (
        float(found.says_all),
        found.score,
        *spread(claim, missing, around, source),
        *(float(rule in differ) for rule in DIFFERENCES),
        float(found.contradicts),
    )


def apart(claim: Reading, around: Surroundings, source: AbstractSet[str]) -> tuple[float, ...]:
    """Return the value of each of NAMES where no sentence of the passage is about the claim."""
    missing = frozenset(range(len(claim.words)))
    return (0.0, 0.0, *spread(claim, missing, around, source), *(0.0 for _ in AGAINST))


def holds_some(values: Sequence[float]) -> bool:
    """Tell by the values of NAMES whether the passage holds any word of the claim."""
    return any(values[FOUND.index(name)] > 0 for name in ("carried", "words_in_passage"))


def spread(
    claim: Reading, missing: AbstractSet[int], around: Surroundings, source: AbstractSet[str]
) -> tuple[float, ...]:
    """Return the value of each of FOUND but the first two: what is found in the passage and in all of its source."""
    passage = places_in(claim, missing, around.passage)
    sourced = [here or word.key in source for here, word in zip(passage, claim.words, strict=True)]
    names = [place for place, word in enumerate(claim.words) if word.name and word.key not in around.question]
    valued = values(claim)
    return (
        share_of(claim, passage),
        share_of(claim, sourced),
        part(sum(sourced[place] for place in names), len(names)),
        part(sum(is_said(claim, *span, source) for span in valued), len(valued)),
        1 - min(1.0, longest_gap(passage) / GAP_MOST),
    )


def places_in(claim: Reading, missing: AbstractSet[int], keys: AbstractSet[str]) -> list[bool]:
    """Return of each word of the claim whether the sentence or these keys hold it."""
    return [place not in missing or word.key in keys for place, word in enumerate(claim.words)]


def share_of(claim: Reading, held: Sequence[bool]) -> float:
    """Return the share of the claim's words, by weight, that are held; 1.0 where it has none."""
    return (
        sum(weight for weight, there in zip(claim.weights, held, strict=True) if there) / claim.weight if held else 1.0
    )


def part(count: int, of: int) -> float:
    return count / of if of else 1.0


def longest_gap(held: Sequence[bool]) -> int:
    """Return how many words that are not held stand in a row at most: a detail that was added is one stretch."""
    longest = run = 0
    for there in held:
        run = 0 if there else run + 1
        longest = max(longest, run)
    return longest


def values(claim: Reading) -> list[tuple[int, int]]:
    """Return the tokens of each quantity and date."""
    quantities = [(value.first, value.end) for value in claim.quantities]
    return quantities + [(value.first, value.end) for value in claim.dates]


def is_said(claim: Reading, first: int, end: int, keys: AbstractSet[str]) -> bool:
    """Tell whether the numbers of a value stand among some keys, each in digits or spelled out."""
    written = [writings(*number) for number in numbers(claim.tokens[first:end])]
    return bool(written) and all(any(one <= keys for one in ways) for ways in written)


def numbers(tokens: Sequence[Token]) -> Iterator[tuple[str, Decimal, str]]:
    """Yield each number as it begins, its value, and the word behind it: "th", "times", "days"."""
    at = 0
    while at < len(tokens):
        folded = tokens[at].folded
        numeral = numerals.read(tokens, at)
        value = numeral.value if numeral else TIMES.get(folded) or ORDINALS.get(folded)
        end = numeral.end if numeral else at + 1
        if value is not None:
            yield folded, value.normalize(), tokens[end].folded if end < len(tokens) else ""
        at = end


@lru_cache(maxsize=1024)
def writings(begins: str, value: Decimal, follows: str) -> tuple[frozenset[str], ...]:
    """Return the ways to write a number, each as the keys of its words and digits."""
    whole = value == value.to_integral_value()
    ways = [[f"{value:f}"], [f"{value:,f}"], list(spelled(value)), [begins] if begins[0].isdigit() else []]
    if begins in ORDINALS or follows in ENDINGS:
        ways.append([ORDINAL_OF[int(value)]] if whole and int(value) in ORDINAL_OF else [])
    if begins in TIMES or follows == "times":
        ways.append([word for word, number in TIMES.items() if number == value])
    ways += [[f"{(value / SCALES[scale]).normalize():f}", scale] for scale in LARGE if value >= SCALES[scale]]
    if value == SCALES["dozen"]:
        ways.append(["dozen"])
    return tuple(frozenset(map(key, way)) for way in ways if way)
