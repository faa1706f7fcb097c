"""Fits the default verifier's coefficients: python -m benchmarks.fitting --data FOLDER [--keep].

On labelled claims of WiCE dev and FeverSymmetric dev and on changes of true ones in one detail (perturbing.py), never
on HaluEval, which stays to measure on. Two logistic models by projected gradients: what is found may not weigh below
zero, a difference not above. ``--keep`` writes evidence/typed/head.json; the benchmark of the evidence says what it is
worth.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import perturbing
from benchmarks.judging import items
from benchmarks.judging.items import Item
from benchmarks.judging.judged import passages_of
from evidence import claims
from evidence.language.reading import read
from evidence.typed import head
from evidence.typed.features import AGAINST, FOUND, NAMES
from evidence.typed.scoring import beside
from evidence.verifying import Context

ROUNDS = 1500
RIDGE = 3e-4  # of the mean loss
# What each set weighs as a whole. Changed claims are many and alike, and more of them would make their share of
# unsupported claims the one that probabilities are right for.
SETS = {"wice": 1.0, "fever": 1.0, "changed": 0.3}
# Changes after which the evidence says otherwise; after the others it only does not say so.
OTHERWISE = frozenset({
    "number changed", "number from the same evidence", "date changed", "unit changed", "negation flipped", "antonym",
    "roles swapped", "quantifier or modality",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """The features of one claim beside the passage that carries most of it.

    Attributes:
        otherwise: an unsupported claim that the evidence contradicts.
    """

    values: tuple[float, ...]
    supported: bool
    otherwise: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Direction:
    """The least and the most that each coefficient may be."""

    low: tuple[float, ...]
    high: tuple[float, ...]


def direction(rising: Sequence[str], falling: Sequence[str]) -> Direction:
    """Return bounds for the bias, which is free, and for each of NAMES."""
    low = tuple(0.0 if name in rising else -math.inf for name in NAMES)
    high = tuple(0.0 if name in falling else math.inf for name in NAMES)
    return Direction((-math.inf, *low), (math.inf, *high))


# What speaks of the same thing contradicts it the likelier, where it does not support it.
SUPPORT, CONTRADICTION = direction(FOUND, AGAINST), direction(NAMES, ())


def rows_of(item: Item, *, otherwise: bool) -> Iterator[Row]:
    """Yield a row for each statement of a supported item, and one for the least carried of an unsupported one."""
    around = Context(item.context, passages_of(item))
    found = [best for one in claims.split(item.claim) if (best := best_of(one.text, around)) is not None]
    kept = found if item.supported else sorted(found, key=proxy)[:1]
    yield from (Row(values, item.supported, otherwise) for values in kept)


def best_of(text: str, around: Context) -> tuple[float, ...] | None:
    compared = [beside(read(text), passage, around) for passage in around.passages]
    return max((one.features for one in compared if one is not None), key=proxy, default=None)


def proxy(values: Sequence[float]) -> float:
    """Return what tells which passage a claim rests on before there are coefficients: all that is found, together."""
    return sum(values[: len(FOUND)])


def gathered(folder: Path) -> dict[str, list[Row]]:
    """Return the rows of each of SETS, weighted as it is."""
    suite = perturbing.suite(folder)
    found = {
        "wice": [row for item in items.wice(folder) for row in rows_of(item, otherwise=False)],
        "fever": [row for item in items.fever(folder) for row in rows_of(item, otherwise=True)],
        "changed": [row for item in suite.unchanged for row in rows_of(item, otherwise=False)]
        + [row for one in suite.changed for row in rows_of(one.item, otherwise=one.kind in OTHERWISE)],
    }
    return {name: [replace(row, weight=SETS[name] / len(rows)) for row in rows] for name, rows in found.items()}


def fitted(rows: Sequence[Row], labels: Sequence[bool], bounds: Direction) -> tuple[float, ...]:
    """Return the bias and the coefficients that minimise the weighted log loss within their bounds.

    Accelerated projected gradients (Beck and Teboulle 2009, FISTA); the loss is convex, so the start does not matter.
    """
    inputs = [(1.0, *row.values) for row in rows]
    weights = [row.weight for row in rows]
    total = sum(weights)
    step = 4 / max(sum(value * value for value in one) for one in inputs)
    now = ahead = (0.0,) * len(inputs[0])
    momentum = 1.0
    for _ in range(ROUNDS):
        slope = gradient(inputs, labels, weights, ahead, total=total)
        moved = (at - step * by for at, by in zip(ahead, slope, strict=True))
        following = tuple(max(low, min(high, at)) for low, high, at in zip(bounds.low, bounds.high, moved, strict=True))
        later = (1 + math.sqrt(1 + 4 * momentum * momentum)) / 2
        ahead = tuple(new + (momentum - 1) / later * (new - old) for new, old in zip(following, now, strict=True))
        now, momentum = following, later
    return now


def gradient(
    inputs: Sequence[tuple[float, ...]],
    labels: Sequence[bool],
    weights: Sequence[float],
    at: Sequence[float],
    *,
    total: float,
) -> list[float]:
    slope = [RIDGE * value for value in at]
    slope[0] = 0.0
    for one, label, weight in zip(inputs, labels, weights, strict=True):
        score = sum(map(float.__mul__, at, one))
        error = weight / total * (1 / (1 + math.exp(-max(-30.0, min(30.0, score)))) - label)
        slope = [by + error * value for by, value in zip(slope, one, strict=True)]
    return slope


def document(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Return both models as they are kept: fitted on all rows, and on those that are not supported."""
    support = fitted(rows, [row.supported for row in rows], SUPPORT)
    rest = [row for row in rows if not row.supported]
    contradiction = fitted(rest, [row.otherwise for row in rest], CONTRADICTION)
    return {"supported": told(support), "contradicted": told(contradiction)}


def told(found: Sequence[float]) -> dict[str, float]:
    return {name: round(value, 4) + 0.0 for name, value in zip(("bias", *NAMES), found, strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fitting", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the development data")
    parser.add_argument("--keep", action="store_true", help="write the coefficients where the verifier reads them")
    asked = parser.parse_args()
    found = gathered(asked.data)
    text = json.dumps(document([row for rows in found.values() for row in rows]), indent=1) + "\n"
    sys.stdout.write(text)
    if asked.keep:
        head.FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
