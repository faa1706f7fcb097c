"""A linear model of orders to a machine: words, pairs of words and concepts with weights, which stand in a text file.

Two heads: one for what whoever asks may not say (``direct``), one for what a document may not (``indirect``). The
log odds of a window are the bias and the weights of its grams, divided by their length as a vector: an exact account
of the score. ``textmodel.json`` is made by ``python -m benchmarks.guarding.training``, which says from what.
"""

import hashlib
import json
import math
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from guardians.safetyrules.concepts import concept_grams
from guardians.safetyrules.weightedrules import Head
from guardians.safetyrules.windows import tokens, windows

FILE = Path(__file__).with_name("textmodel.json")
# A window of few words says little: its vector counts as no shorter than this.
LENGTH_LEAST = 30.0
WORD = re.compile(r"[a-z]+")
PARTING = frozenset("-._*~/+")


@dataclass(frozen=True, slots=True)
class Gram:
    """How rare a gram is (1 or so to 12), and its weight in log odds."""

    rarity: float
    weight: float


@dataclass(frozen=True, slots=True)
class Seen:
    """A window of a text: its place, and how like an order it is.

    Attributes:
        odds: log odds against the threshold: 0 or more from there on.
        supports: whether it counts beside a rule.
    """

    start: int
    end: int
    odds: float
    supports: bool

    @property
    def score(self) -> float:
        """Return the odds as 0 to 1: 0.5 at the threshold."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.odds))))


@dataclass(frozen=True, slots=True)
class Linear:
    """One head.

    Attributes:
        threshold: the log odds from which a window counts alone, as shipped.
        support: the log odds from which it counts beside a rule; not above the threshold.
        words: all that stand in a gram.
    """

    bias: float
    threshold: float
    support: float
    known: Mapping[str, Gram]
    words: frozenset[str] = frozenset()

    def odds(self, window: str) -> float:
        """Return the log odds that a folded, lower-case window is an order to a machine."""
        found = [self.known[gram] for gram in grams(mended(tokens(window), self.words)) if gram in self.known]
        length = math.sqrt(math.fsum(gram.rarity * gram.rarity for gram in found))
        return self.bias + math.fsum(gram.weight for gram in found) / max(LENGTH_LEAST, length)


@dataclass(frozen=True, slots=True)
class TextModel:
    """Both heads, and the hash of the file they stand in."""

    heads: Mapping[Head, Linear]
    sha256: str

    def seen(self, text: str, head: Head, *, threshold: float | None = None) -> Iterator[Seen]:
        """Yield every window of a folded, lower-case text that holds a word.

        Args:
            threshold: the log odds from which a window counts alone; the shipped ones if None.
        """
        linear = self.heads[head]
        least = linear.threshold if threshold is None else threshold
        for start, end in windows(text):
            window = text[start:end]
            if any(map(str.isalpha, window)):
                odds = linear.odds(window)
                yield Seen(start, end, odds - least, supports=odds >= min(linear.support, least))


def grams(read: Sequence[str]) -> set[str]:
    """Return the grams of a window's tokens: each, pairs of neighbours, what it begins and ends with, its concepts."""
    if not read:
        return set()
    words = [token for token in read if token.isalpha()]
    edges = {f"^{read[0]}", f"^{' '.join(read[:2])}", f"^^{' '.join(words[:3])}", f"{read[-1]}$"}
    return {*read, *map(" ".join, pairwise(read)), *edges, *concept_grams(read)}


def mended(read: Sequence[str], known: Container[str]) -> Sequence[str]:
    """Return tokens with words in one piece that are known in one piece only: "re-ply", "re ply", "re.ply"."""
    found: list[str] = []
    place = 0
    while place < len(read):
        after = place + (2 if read[place + 1 : place + 2] and read[place + 1] in PARTING else 1)
        halves = (read[place], *read[after : after + 1])
        whole = "".join(halves)
        broken = len(halves) == 2 and whole.isalpha() and whole in known and not all(half in known for half in halves)
        found.append(whole if broken else read[place])
        place = after + 1 if broken else place + 1
    return found


@cache
def shipped() -> TextModel:
    """Return the model that comes with the project."""
    return parsed(FILE.read_bytes())


def parsed(data: bytes) -> TextModel:
    """Read a model.

    Raises:
        ValueError: the file is none.
    """
    heads = json.loads(data)["heads"]
    return TextModel({head: linear_of(heads[head.value]) for head in Head}, hashlib.sha256(data).hexdigest())


def linear_of(document: Mapping[str, object]) -> Linear:
    known = document["grams"]
    if not isinstance(known, dict):
        raise ValueError(f"grams are a {type(known).__name__}; use an object of name: [rarity, weight]")  # noqa: TRY004
    numbers = {name: Gram(float(rarity), float(weight)) for name, (rarity, weight) in known.items()}
    bias, threshold, support = (float(str(document[name])) for name in ("bias", "threshold", "support"))
    values = (bias, threshold, support, *(value for gram in numbers.values() for value in (gram.rarity, gram.weight)))
    if not all(map(math.isfinite, values)):
        raise ValueError("a weight is no finite number; make the file anew by python -m benchmarks.guarding.training")
    words = frozenset(word for name in numbers for word in WORD.findall(name))
    return Linear(bias, threshold, support, numbers, words)
