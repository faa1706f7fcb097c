"""A linear model of orders to a machine: words and pairs of words with weights, which stand in a text file.

Two heads: one for what whoever asks may not say (``direct``), one for what a document may not (``indirect``). The
log odds of a window are the bias and the weights of its grams, divided by their length as a vector: an exact account
of the score. ``textmodel.json`` is made by ``python -m benchmarks.guarding.training``, which says from what.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from guardians.safetyrules.weightedrules import Head
from guardians.safetyrules.windows import tokens, windows

FILE = Path(__file__).with_name("textmodel.json")
# A window of few words says little: its vector counts as no shorter than this.
LENGTH_LEAST = 20.0


@dataclass(frozen=True, slots=True)
class Gram:
    """How rare a gram is (1 or so to 12), and its weight in log odds."""

    rarity: float
    weight: float


@dataclass(frozen=True, slots=True)
class Seen:
    """The window of a text that is likest an order: its place, and its log odds against the head's threshold.

    Attributes:
        odds: above 0 from the threshold on.
    """

    start: int
    end: int
    odds: float

    @property
    def score(self) -> float:
        """Return the odds as 0 to 1: 0.5 at the threshold."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.odds))))


@dataclass(frozen=True, slots=True)
class Linear:
    """One head.

    Attributes:
        threshold: the log odds from which a window counts, as shipped.
    """

    bias: float
    threshold: float
    known: Mapping[str, Gram]

    def odds(self, window: str) -> float:
        """Return the log odds that a folded, lower-case window is an order to a machine."""
        found = [self.known[gram] for gram in grams(window) if gram in self.known]
        length = math.sqrt(math.fsum(gram.rarity * gram.rarity for gram in found))
        return self.bias + math.fsum(gram.weight for gram in found) / max(LENGTH_LEAST, length)


@dataclass(frozen=True, slots=True)
class TextModel:
    """Both heads, and the hash of the file they stand in."""

    heads: Mapping[Head, Linear]
    sha256: str

    def likest(self, text: str, head: Head, *, threshold: float | None = None) -> Seen | None:
        """Return the window likest an order; None in a text without words. All windows are read.

        Args:
            threshold: the log odds from which a window counts; the shipped one if None.
        """
        linear = self.heads[head]
        least = linear.threshold if threshold is None else threshold
        spoken = ((start, end) for start, end in windows(text) if any(map(str.isalpha, text[start:end])))
        return max(
            (Seen(start, end, linear.odds(text[start:end]) - least) for start, end in spoken),
            key=lambda seen: seen.odds,
            default=None,
        )


def grams(window: str) -> set[str]:
    """Return the grams of a window: its words and signs, pairs of neighbours, and what it begins and ends with."""
    read = tokens(window)
    if not read:
        return set()
    words = [token for token in read if token.isalpha()]
    edges = {f"^{read[0]}", f"^{' '.join(read[:2])}", f"^^{' '.join(words[:3])}", f"{read[-1]}$"}
    return {*read, *map(" ".join, pairwise(read)), *edges}


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
    bias, threshold = float(str(document["bias"])), float(str(document["threshold"]))
    values = (bias, threshold, *(value for gram in numbers.values() for value in (gram.rarity, gram.weight)))
    if not all(map(math.isfinite, values)):
        raise ValueError("a weight is no finite number; make the file anew by python -m benchmarks.guarding.training")
    return Linear(bias, threshold, numbers)
