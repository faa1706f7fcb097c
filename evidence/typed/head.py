"""From features to probabilities: coefficients that stand in a text file, and which people can read.

P(supported) is a logistic model of what is found, of which each difference leaves the share that the file says; where
the rest is found word for word, a difference weighs most. P(contradicted) is a logistic model of both.
``head.json`` was fitted by ``python -m benchmarks.fitting``, which says on what. No weight of what is found is negative
for support, and no difference leaves more than there was: a claim of which more is found is never less likely to be
supported. For contradiction, no weight at all is negative.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from evidence.typed.features import AGAINST, FOUND, NAMES

FILE = Path(__file__).with_name("head.json")


class HeadError(ValueError):
    """Coefficients that do not fit the features, or break their direction."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """A weight for each of some names, in their order."""

    bias: float
    weights: tuple[float, ...]

    def __call__(self, values: Sequence[float]) -> float:
        """Return a probability, 0 to 1."""
        total = self.bias + math.fsum(map(math.prod, zip(self.weights, values, strict=True)))
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


@dataclass(frozen=True, slots=True)
class Head:
    """What the features come to.

    Attributes:
        found: P(supported) without the differences, from the values of FOUND.
        left: the share of it, 0 to 1, that each difference of AGAINST leaves.
        opposed: P(contradicted) from the values of NAMES, given that the claim is not supported.
    """

    found: Logistic
    left: tuple[float, ...]
    opposed: Logistic
    sha256: str

    def likely(self, values: Sequence[float]) -> float:
        """Return P(supported) by what is found alone."""
        return self.found(values[: len(FOUND)])

    def leaves(self, values: Sequence[float]) -> float:
        """Return the share of it that the differences leave, 0 to 1."""
        differences = values[len(FOUND) :]
        return math.prod(1 - value * (1 - left) for value, left in zip(differences, self.left, strict=True))

    def contradicted(self, values: Sequence[float], supported: float) -> float:
        """Return P(contradicted) beside P(supported); with P(insufficient) they come to 1."""
        return (1 - supported) * self.opposed(values)


def load(file: Path = FILE) -> Head:
    """Return the head that a file describes.

    Raises:
        HeadError: a coefficient is missing, unknown, no number, or has the wrong sign.
    """
    text = file.read_text(encoding="utf-8")
    document = json.loads(text)
    left = document["left"]
    checked(left, AGAINST, low=0.0, high=1.0)
    found, opposed = logistic(document["found"], FOUND), logistic(document["contradicted"], NAMES)
    return Head(found, tuple(left[name] for name in AGAINST), opposed, hashlib.sha256(text.encode()).hexdigest())


def logistic(given: Mapping[str, Any], names: Sequence[str]) -> Logistic:
    weights = {name: value for name, value in given.items() if name != "bias"}
    checked({"bias": given.get("bias")}, ["bias"], low=-math.inf)
    checked(weights, names, low=0.0)
    return Logistic(given["bias"], tuple(weights[name] for name in names))


def checked(given: Mapping[str, Any], names: Sequence[str], *, low: float, high: float = math.inf) -> None:
    if given.keys() != set(names):
        wrong = ", ".join(sorted(given.keys() ^ set(names)))
        raise HeadError(f"coefficients are missing or unknown: {wrong}; fit the head anew")
    for name, value in given.items():
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise HeadError(f"the coefficient of {name} is {value!r}, which is no number: fit the head anew")
        if not low <= value <= high:
            raise HeadError(f"the coefficient of {name} is {value}, which turns its meaning round: fit the head anew")


@cache
def built_in() -> Head:
    """Return the head of this build, read at the first call: features can be changed before they are fitted anew."""
    return load()
