"""From features to probabilities: two logistic models whose coefficients stand in a text file that people can read.

``head.json`` was fitted by ``python -m benchmarks.fitting``, which says on what. For support, no weight of what is
found is negative and none of a difference is positive, so that a claim of which more is found is never less likely to
be supported; for contradiction, none at all is negative.
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
    """A weight for each of NAMES, in their order."""

    bias: float
    weights: tuple[float, ...]

    def __call__(self, values: Sequence[float]) -> float:
        """Return a probability, 0 to 1."""
        total = self.bias + math.fsum(map(math.prod, zip(self.weights, values, strict=True)))
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


@dataclass(frozen=True, slots=True)
class Head:
    """``supported``: P(supported). ``opposed``: P(contradicted), given that it is not supported."""

    supported: Logistic
    opposed: Logistic
    sha256: str

    def __call__(self, values: Sequence[float]) -> tuple[float, float]:
        """Return P(supported) and P(contradicted); with P(insufficient) they come to 1."""
        supported = self.supported(values)
        return supported, (1 - supported) * self.opposed(values)


def load(file: Path = FILE) -> Head:
    """Return the head that a file describes.

    Raises:
        HeadError: a coefficient is missing, unknown, no number, or has the wrong sign.
    """
    text = file.read_text(encoding="utf-8")
    document = json.loads(text)
    supported = logistic(document["supported"], rising=FOUND, falling=AGAINST)
    opposed = logistic(document["contradicted"], rising=NAMES, falling=())
    return Head(supported, opposed, hashlib.sha256(text.encode()).hexdigest())


def logistic(found: Mapping[str, Any], *, rising: Sequence[str], falling: Sequence[str]) -> Logistic:
    weights = {name: value for name, value in found.items() if name != "bias"}
    if weights.keys() != set(NAMES) or "bias" not in found:
        wrong = sorted(weights.keys() ^ set(NAMES)) or ["bias"]
        raise HeadError(f"coefficients are missing or unknown: {', '.join(wrong)}; fit the head anew")
    for name, value in found.items():
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise HeadError(f"the coefficient of {name} is {value!r}, which is no number: fit the head anew")
        if (name in rising and value < 0) or (name in falling and value > 0):
            raise HeadError(f"the coefficient of {name} is {value}, which turns its meaning round: fit the head anew")
    return Logistic(found["bias"], tuple(weights[name] for name in NAMES))


@cache
def built_in() -> Head:
    """Return the head of this build, read at the first call: features can be changed before they are fitted anew."""
    return load()
