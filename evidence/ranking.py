"""Passages in the order in which they bear on a text: BM25 over the keys of content words and numbers.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009). It finds what to look at;
whether a passage carries a claim is the gate's to say.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evidence.language.lexicon import STOP
from evidence.language.text import TOKEN, key, normalise
from evidence.passages import Passage

K1 = 1.2
B = 0.75


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage and its score, above 0; scores of one call can be compared with one another and with nothing else."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Terms:
    """How often each key stands in a text, and how many there are."""

    counts: Mapping[str, int]
    length: int


def rank(text: str, passages: Sequence[Passage], *, limit: int) -> tuple[Ranked, ...]:
    """Return at most ``limit`` passages that share a content word or number with the text, best first.

    Passages of the same text count once, the trusted one if there is one. Equal scores keep the order of ``passages``.
    """
    unique = distinct(passages)
    terms = [terms_of(passage.text) for passage in unique]
    weights = weigh(terms_of(text).counts, terms)
    mean = sum(term.length for term in terms) / max(1, len(terms))
    found = [Ranked(p, score(term, weights, mean=mean)) for p, term in zip(unique, terms, strict=True)]
    found.sort(key=lambda ranked: -ranked.score)
    return tuple(ranked for ranked in found if ranked.score > 0)[: max(0, limit)]


def distinct(passages: Iterable[Passage]) -> list[Passage]:
    # By the text and not its hash: whoever makes a passage may name any hash.
    unique: dict[str, Passage] = {}
    for passage in passages:
        known = unique.setdefault(passage.text, passage)
        if passage.trusted and not known.trusted:
            unique[passage.text] = passage
    return list(unique.values())


# About 10 kB an entry: some 20 MB at most.
@lru_cache(maxsize=2048)
def terms_of(text: str) -> Terms:
    # The matches are enough: making a Token of each costs twice as much as all the rest.
    found = Counter(m.group().casefold() for m in TOKEN.finditer(normalise(text).text) if m.lastgroup != "mark")
    counts: Counter[str] = Counter()
    for word, count in found.items():
        if word not in STOP:
            counts[key(word)] += count
    return Terms(counts, counts.total())


def weigh(asked: Iterable[str], terms: Sequence[Terms]) -> dict[str, float]:
    """Return the inverse document frequency of each key asked for that some passage holds; always above 0."""
    held = {word: sum(word in term.counts for term in terms) for word in asked}
    return {word: math.log1p((len(terms) - n + 0.5) / (n + 0.5)) for word, n in held.items() if n}


def score(term: Terms, weights: Mapping[str, float], *, mean: float) -> float:
    """Return BM25 of one passage; ``mean`` is the mean length of all, and above 0 where any key is found."""
    total = 0.0
    for word, weight in weights.items():
        count = term.counts.get(word, 0)
        if count:
            total += weight * count * (K1 + 1) / (count + K1 * (1 - B + B * term.length / mean))
    return total
