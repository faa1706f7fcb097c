"""Passages in the order in which they bear on a text: BM25 over the keys of content words and numbers.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009). It finds what to look at;
whether a passage carries a claim is the gate's to say. Where there are word vectors, their ranking is fused with it.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evidence.language.lexicon import STOP
from evidence.language.text import folded_words, key
from evidence.passages import Passage
from evidence.vectors import Nearness, Vectors

K1 = 1.2
B = 0.75
# Of reciprocal rank fusion: the smaller, the more the first places count.
FUSION = 10


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


def rank(text: str, passages: Sequence[Passage], *, limit: int, vectors: Vectors | None = None) -> tuple[Ranked, ...]:
    """Return at most ``limit`` passages that share a content word or number with the text, best first.

    With vectors, those too whose vectors lie in the direction of the text's.

    Passages of the same text count once, the trusted one if there is one, then the heaviest. Equal
    scores keep the order of ``passages``.
    """
    return index(passages, vectors=vectors).rank(text, limit=limit)


@dataclass(frozen=True, slots=True)
class Index:
    """Passages that several texts are ranked by.

    Attributes:
        passages: each text once.
        lengths: of each passage against the mean of them all, as BM25 lets them count.
        held: key -> the places of the passages that hold it, each with how often.
        nearness: to the passages, in their order.
    """

    passages: tuple[Passage, ...]
    lengths: tuple[float, ...]
    held: Mapping[str, Sequence[tuple[int, int]]]
    nearness: Nearness | None = None

    def rank(self, text: str, *, limit: int) -> tuple[Ranked, ...]:
        """Return the same as ``rank``."""
        scores, shared = [0.0] * len(self.passages), [0] * len(self.passages)
        for word in terms_of(text).counts:
            places = self.held.get(word, ())
            weight = rarity(len(places), of=len(self.passages))
            for place, count in places:
                scores[place] += weight * count * (K1 + 1) / (count + self.lengths[place])
                shared[place] += 1
        if self.nearness is not None:
            scores = fused(scores, self.nearness(text))
        found = [Ranked(self.passages[place], score, shared[place]) for place, score in enumerate(scores) if score > 0]
        found.sort(key=lambda ranked: -ranked.score)
        return tuple(found[: max(0, limit)])


def fused(*rankings: Sequence[float]) -> list[float]:
    """Return the sum of 1 / (FUSION + rank) of each place over the rankings that score it above 0; equal scores tie.

    Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods"
    (SIGIR 2009).
    """
    total = [0.0] * max(map(len, rankings), default=0)
    for scores in rankings:
        order = sorted((place for place, score in enumerate(scores) if score > 0), key=lambda place: -scores[place])
        rank = 0
        for number, place in enumerate(order, start=1):
            rank = rank if number > 1 and scores[place] == scores[order[number - 2]] else number
            total[place] += 1 / (FUSION + rank)
    return total


def index(passages: Iterable[Passage], *, vectors: Vectors | None = None) -> Index:
    unique = tuple(distinct(passages))
    terms = [terms_of(passage.text) for passage in unique]
    mean = sum(term.length for term in terms) / max(1, len(terms))
    held: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, term in enumerate(terms):
        for word, count in term.counts.items():
            held[word].append((place, count))
    # Where the mean is 0, no passage holds anything.
    lengths = tuple(K1 * (1 - B + B * term.length / mean) for term in terms) if mean else ()
    nearness = vectors.over([passage.text for passage in unique]) if vectors else None
    return Index(unique, lengths, dict(held), nearness)


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
