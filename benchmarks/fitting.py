"""Fits the default verifier's coefficients: python -m benchmarks.fitting --data FOLDER [--keep | --folds].

On labelled claims of WiCE dev and FeverSymmetric dev and on changes of true ones in one detail (perturbing.py), never
on HaluEval, which stays to measure on. What is found is weighed on the claims of people; then the share that each
difference leaves, and how sure it all is, on the changed ones too; and last what contradicts. By projected gradients:
what is found may not weigh below zero, and a difference leaves no more than there was. ``--keep`` writes
evidence/typed/head.json; the benchmark of the evidence says what it is worth. ``--folds`` says what coefficients are
worth on claims that they were not fitted on, group by group.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks import perturbing
from benchmarks.judging import items, measures
from benchmarks.judging.items import Item
from benchmarks.judging.judged import passages_of
from benchmarks.judging.measures import Point
from evidence import claims
from evidence.language.reading import read
from evidence.typed import head
from evidence.typed.features import AGAINST, FOUND, NAMES
from evidence.typed.scoring import Beside, beside_all
from evidence.verifying import Context

ROUNDS, CHOICES = 1500, 3
RIDGE = 3e-3  # of the mean loss, for what is found
RIDGE_LEFT = 1e-3  # for the logarithm of what a difference leaves
LEAST_LEFT = math.exp(-6)
# What each set weighs as a whole: claims of people, the true ones among them that were changed, and their changes.
SETS = {"wice": 1.0, "fever": 1.0, "unchanged": 0.2, "changed": 0.5}
# Changes after which the evidence says otherwise; after the others it only does not say so.
OTHERWISE = frozenset({
    "number changed", "number from the same evidence", "date changed", "unit changed", "negation flipped", "antonym",
    "roles swapped", "quantifier or modality",
})  # fmt: skip

Values = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled claim.

    Attributes:
        places: of each of its statements, what it is beside each passage.
        otherwise: an unsupported claim that the evidence contradicts.
        group: rows of one group are never on both sides of a fold.
    """

    of_people: bool
    places: tuple[tuple[Beside, ...], ...]
    supported: bool
    otherwise: bool
    group: str = ""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Example:
    """The features of one statement beside the passage that carries most of it."""

    values: Values
    supported: bool
    otherwise: bool
    weight: float


def row_of(item: Item, *, of_people: bool = True, otherwise: bool = False) -> Row:
    around = Context(item.context, passages_of(item))
    statements = [read(one.text) for one in claims.split(item.claim)]
    places = tuple(tuple(beside_all(one, around.passages, around)) for one in statements)
    return Row(of_people, tuple(filter(None, places)), item.supported, otherwise, item.group)


def gathered(folder: Path) -> list[Row]:
    """Return the rows of all of SETS, weighted as they are; each class of changes weighs the same."""
    suite = perturbing.suite(folder)
    found = {
        "wice": [row_of(item) for item in items.wice(folder)],
        "fever": [row_of(item, otherwise=True) for item in items.fever(folder)],
        "unchanged": [row_of(item, of_people=False) for item in suite.unchanged],
    }
    kinds = sorted({one.kind for one in suite.changed})
    weights = SETS | {kind: SETS["changed"] / len(kinds) for kind in kinds}
    for kind in kinds:
        otherwise = kind in OTHERWISE
        found[kind] = [row_of(one.item, of_people=False, otherwise=otherwise) for one in suite.of(kind)]
    return [replace(row, weight=weights[kind] / len(rows)) for kind, rows in found.items() for row in rows]


def chosen(rows: Sequence[Row], likely: Callable[[Values], float]) -> list[Example]:
    """Return an example of each statement of a supported claim, and of the least likely one of an unsupported claim."""
    found = []
    for row in rows:
        best = [max(places, key=lambda one: (one.says_all, likely(one.features))).features for places in row.places]
        kept = best if row.supported or not best else [min(best, key=likely)]
        found += [Example(values, row.supported, row.otherwise, row.weight / len(kept)) for values in kept]
    return found


def descended(
    slope: Callable[[Sequence[float]], list[float]], start: Values, low: Values, high: Values, *, step: float
) -> Values:
    """Return where projected gradients come to (Beck and Teboulle 2009, FISTA)."""
    now = ahead = start
    momentum = 1.0
    for _ in range(ROUNDS):
        moved = (at - step * by for at, by in zip(ahead, slope(ahead), strict=True))
        following = tuple(max(least, min(most, at)) for least, most, at in zip(low, high, moved, strict=True))
        later = (1 + math.sqrt(1 + 4 * momentum * momentum)) / 2
        ahead = tuple(new + (momentum - 1) / later * (new - old) for new, old in zip(following, now, strict=True))
        now, momentum = following, later
    return now


def share(score: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def logistic(examples: Sequence[tuple[Values, bool, float]]) -> Values:
    """Return the bias and the weights, none negative, that minimise the log loss of values, label and weight."""
    inputs = [((1.0, *values), label, weight) for values, label, weight in examples]
    total = sum(weight for _, _, weight in inputs)

    def slope(at: Sequence[float]) -> list[float]:
        found = [0.0, *(RIDGE * weight for weight in at[1:])]
        for values, label, weight in inputs:
            error = weight / total * (share(sum(map(float.__mul__, at, values))) - label)
            found = [by + error * value for by, value in zip(found, values, strict=True)]
        return found

    width = len(inputs[0][0])
    step = 4 / max(sum(value * value for value in values) for values, _, _ in inputs)
    bounds = (-math.inf, *(0.0,) * (width - 1)), (math.inf,) * width
    return descended(slope, (0.0,) * width, *bounds, step=step)


def doubted(examples: Sequence[Example], found: Values) -> Values:
    """Return bias and scale of what is found, and the share that each of AGAINST leaves of it."""
    known = [(scored(found, one.values), one) for one in examples]
    total = sum(one.weight for one in examples)

    def slope(at: Sequence[float]) -> list[float]:
        bias, scale, doubts = at[0], at[1], at[2:]
        by_bias = by_scale = 0.0
        by_doubts = [RIDGE_LEFT * doubt for doubt in doubts]
        for score, one in known:
            likely = share(bias + scale * score)
            differences = one.values[len(FOUND) :]
            probability = min(1 - 1e-6, likely * math.exp(-sum(map(float.__mul__, differences, doubts))))
            error = (
                one.weight / total * ((0.0 if one.supported else 1 / (1 - probability)) * probability - one.supported)
            )
            by_bias += error * (1 - likely)
            by_scale += error * (1 - likely) * score
            by_doubts = [by - error * value for by, value in zip(by_doubts, differences, strict=True)]
        return [by_bias, by_scale, *by_doubts]

    start = (found[0], 1.0, *(0.1 for _ in AGAINST))
    low = -math.inf, 0.3, *(0.0 for _ in AGAINST)
    high = math.inf, 3.0, *(-math.log(LEAST_LEFT) for _ in AGAINST)
    bias, scale, *doubts = descended(slope, start, low, high, step=0.5)
    return bias, scale, *(math.exp(-doubt) for doubt in doubts)


def scored(found: Values, values: Values) -> float:
    """Return the weighted sum of what is found, without the bias."""
    return sum(map(float.__mul__, found[1:], values))


def document(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Return the coefficients as they are kept."""
    of_people = [row for row in rows if row.of_people]
    found: Values = (0.0, *(1.0 if name == "carried" else 0.1 for name in FOUND))
    for _ in range(CHOICES):
        examples = chosen(of_people, partial(scored, found))
        found = logistic([(one.values[: len(FOUND)], one.supported, one.weight) for one in examples])
    examples = chosen(rows, partial(scored, found))
    bias, scale, *left = doubted(examples, found)
    against = logistic([(one.values, one.otherwise, one.weight) for one in examples if not one.supported])
    return {
        "found": told(("bias", *FOUND), (bias, *(scale * weight for weight in found[1:]))),
        "left": told(AGAINST, left),
        "contradicted": told(("bias", *NAMES), against),
    }


def cross_validated(rows: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """Return AUROC and balanced accuracy on WiCE and FeverSymmetric by coefficients of the other folds."""
    place = measures.folds([Point(0.0, row.supported, row.group) for row in rows], seed=0)
    found: dict[str, list[Point]] = {"wice": [], "fever": []}
    for fold in range(measures.FOLDS):
        fitted = document([row for row, at in zip(rows, place, strict=True) if at != fold])
        likely = partial(probability, fitted)
        for row, at in zip(rows, place, strict=True):
            if at == fold and row.of_people:
                best = [max(one, key=lambda it: (it.says_all, likely(it.features))) for one in row.places]
                score = min((likely(one.features) for one in best), default=0.0)
                found[row.group.partition("-")[0]].append(Point(score, row.supported, row.group))
    return {
        name: (measures.auroc(points), measures.balanced(measures.cross_validated(points), points))
        for name, points in found.items()
    }


def probability(fitted: Mapping[str, Mapping[str, float]], values: Values) -> float:
    """Return P(supported) by coefficients as they are kept."""
    found = [fitted["found"][name] for name in FOUND]
    left = (1 - value * (1 - fitted["left"][name]) for name, value in zip(AGAINST, values[len(FOUND) :], strict=True))
    return share(fitted["found"]["bias"] + sum(map(float.__mul__, found, values))) * math.prod(left)


def told(names: Sequence[str], values: Sequence[float]) -> dict[str, float]:
    return {name: round(value, 4) + 0.0 for name, value in zip(names, values, strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fitting", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the development data")
    parser.add_argument("--keep", action="store_true", help="write the coefficients where the verifier reads them")
    parser.add_argument("--folds", action="store_true", help="measure them on claims that they were not fitted on")
    asked = parser.parse_args()
    if asked.folds:
        for name, (auroc, accuracy) in cross_validated(gathered(asked.data)).items():
            print(f"{name}: AUROC {auroc:.3f}, balanced accuracy {accuracy:.3f}, each claim by the other folds")
        return
    text = json.dumps(document(gathered(asked.data)), indent=1) + "\n"
    sys.stdout.write(text)
    if asked.keep:
        head.FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
