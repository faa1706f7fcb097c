"""Passages in the order in which they bear on a text: BM25 over the keys of content words and numbers.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009). It finds what to look at;
whether a passage carries a claim is the gate's to say.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evidence.language.lexicon import STOP
from evidence.language.text import folded_words, key
from evidence.passages import Passage

K1 = 1.2
B = 0.75


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage and its score, above 0; scores of one call can be compared with one another and with nothing else.

    Attributes:
        shared: how many of the text's keys the passage holds.
    """

    passage: Passage
    score: float
    shared: int


@dataclass(frozen=True, slots=True)
class Terms:
    """How often each key stands in a text, and how many there are."""

    counts: Mapping[str, int]
    length: int


def rank(text: str, passages: Sequence[Passage], *, limit: int) -> tuple[Ranked, ...]:
    """Return at most ``limit`` passages that share a content word or number with the text, best first.

    Passages of the same text count once, the trusted one if there is one, then the heaviest. Equal
    scores keep the order of ``passages``.
    """
    return index(passages).rank(text, limit=limit)


@dataclass(frozen=True, slots=True)
class Index:
    """Passages that several texts are ranked by.

    Attributes:
        passages: each text once.
        lengths: of each passage against the mean of them all, as BM25 lets them count.
        held: key -> the places of the passages that hold it, each with how often.
    """

    passages: tuple[Passage, ...]
    lengths: tuple[float, ...]
    held: Mapping[str, Sequence[tuple[int, int]]]

    def rank(self, text: str, *, limit: int) -> tuple[Ranked, ...]:
        """Return the same as ``rank``."""
        scores, shared = [0.0] * len(self.passages), [0] * len(self.passages)
        for word in terms_of(text).counts:
            places = self.held.get(word, ())
            weight = rarity(len(places), of=len(self.passages))
            for place, count in places:
                scores[place] += weight * count * (K1 + 1) / (count + self.lengths[place])
                shared[place] += 1
        found = [Ranked(self.passages[place], scores[place], count) for place, count in enumerate(shared) if count]
        found.sort(key=lambda ranked: -ranked.score)
        return tuple(found[: max(0, limit)])


def index(passages: Iterable[Passage]) -> Index:
    unique = tuple(distinct(passages))
    terms = [terms_of(passage.text) for passage in unique]
    mean = sum(term.length for term in terms) / max(1, len(terms))
    held: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, term in enumerate(terms):
        for word, count in term.counts.items():
            held[word].append((place, count))
    # Where the mean is 0, no passage holds anything.
    lengths = tuple(K1 * (1 - B + B * term.length / mean) for term in terms) if mean else ()
    return Index(unique, lengths, dict(held))


def rarity(holding: int, *, of: int) -> float:
    """Return the inverse document frequency of a key that so many passages hold; always above 0."""
    return math.log1p((of - holding + 0.5) / (holding + 0.5))


def distinct(passages: Iterable[Passage]) -> list[Passage]:
    # By the text and not its hash: whoever makes a passage may name any hash.
    unique: dict[str, Passage] = {}
    for passage in passages:
        known = unique.setdefault(passage.text, passage)
        if (passage.trusted, passage.weight) > (known.trusted, known.weight):
            unique[passage.text] = passage
    return list(unique.values())


# About 10 kB an entry: some 10 MB at most.
@lru_cache(maxsize=1024)
def terms_of(text: str) -> Terms:
    counts: Counter[str] = Counter()
    for word, count in folded_words(text).items():
        if word not in STOP:
            counts[key(word)] += count
    return Terms(counts, counts.total())
