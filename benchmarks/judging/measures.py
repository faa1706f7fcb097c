"""Measures of a score against labels. Pure: no text, no gate; everything random is drawn from a seed.

The positive class is "supported" throughout, and a higher score means better supported.
"""

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from audit.bounds import upper_bound
from evidence.calibration import Pair, threshold

FOLDS = 5
BINS = 10
SAMPLES = 1000
DRAWS = 30
CURVE_POINTS = 60
FALSE_POSITIVES = 0.05
ALPHA, DELTA = 0.05, 0.1


@dataclass(frozen=True, slots=True)
class Point:
    """One scored item; items of one group are drawn, left out and split together."""

    score: float
    supported: bool
    group: str


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bound:
    """What a threshold lets through: ``leak`` of the unsupported, at most ``most`` with confidence 1 - delta."""

    threshold: float
    leak: float
    most: float
    kept: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """Thresholds chosen on one half of the groups and tried on the other, over all draws (shares, 0 to 1).

    Attributes:
        held: the draws whose leak on the other half was at most alpha.
        none: the draws in which no threshold had the bound: nothing is kept, nothing leaks.
    """

    kept: float
    leak: float
    held: float
    none: float


Measure = Callable[[Sequence[Point]], float]


def auroc(points: Sequence[Point]) -> float:
    """Return the probability that a supported item scores above an unsupported one, ties counted half.

    0.5 where one of the classes is absent: there is nothing to tell apart.
    """
    supported = [point.score for point in points if point.supported]
    rest = sorted(point.score for point in points if not point.supported)
    if not supported or not rest:
        return 0.5
    above = sum(bisect_left(rest, score) + bisect_right(rest, score) for score in supported)
    return above / (2 * len(supported) * len(rest))


def balanced(said: Sequence[bool], points: Sequence[Point]) -> float:
    """Return the mean of the shares said right of the supported and of the unsupported.

    0.5 where one of the classes is absent.
    """
    both = [
        [word == truth for word, point in zip(said, points, strict=True) if point.supported is truth]
        for truth in (True, False)
    ]
    return fmean(map(fmean, both)) if all(both) else 0.5


def balanced_at(points: Sequence[Point], least: float) -> float:
    """Return the balanced accuracy of saying "supported" from this score on."""
    return balanced([point.score >= least for point in points], points)


def best_threshold(points: Sequence[Point]) -> float:
    """Return the threshold, midway between two scores, with the highest balanced accuracy; the lowest of equals."""
    ordered = sorted(points, key=lambda point: point.score)
    totals = sum(point.supported for point in points), sum(not point.supported for point in points)
    best, chosen = 0.5, -math.inf
    kept, leaked = totals
    for place, point in enumerate(ordered):
        kept, leaked = kept - point.supported, leaked - (not point.supported)
        after = ordered[place + 1].score if place + 1 < len(ordered) else math.inf
        value = (kept / max(1, totals[0]) + 1 - leaked / max(1, totals[1])) / 2
        if after > point.score and value > best:
            best, chosen = value, (point.score + min(after, 1.0)) / 2
    return chosen


def folds(points: Sequence[Point], *, seed: int, number: int = FOLDS) -> list[int]:
    """Return the fold of each point; a group is in one fold only."""
    names = sorted({point.group for point in points})
    random.Random(seed).shuffle(names)  # noqa: S311 - repeatable, not secret
    place = {name: at % number for at, name in enumerate(names)}
    return [place[point.group] for point in points]


def cross_validated(points: Sequence[Point], *, seed: int = 0) -> list[bool]:
    """Return what is said of each point, "supported" or not, by the best threshold of the folds it is not in."""
    fold = folds(points, seed=seed)
    least = {
        left: best_threshold([point for point, at in zip(points, fold, strict=True) if at != left])
        for left in set(fold)
    }
    return [point.score >= least[at] for point, at in zip(points, fold, strict=True)]


def accuracy(said: Sequence[bool], points: Sequence[Point]) -> float:
    """Return the share of points of which the right thing is said; 0.0 of none."""
    right = [word == point.supported for word, point in zip(said, points, strict=True)]
    return fmean(right) if right else 0.0


def ece(points: Sequence[Point], *, bins: int = BINS) -> float:
    """Return the expected calibration error over bins of equal mass; 0.0 of no points.

    Equal scores are put in the order of their groups, so that a border between two bins does not part them by label.
    """
    ordered = sorted(points, key=lambda point: (point.score, point.group))
    borders = [round(number * len(ordered) / bins) for number in range(bins + 1)]
    parts = [ordered[begin:end] for begin, end in pairwise(borders) if end > begin]
    gaps = [len(part) * abs(fmean(p.score for p in part) - fmean(p.supported for p in part)) for part in parts]
    return math.fsum(gaps) / len(ordered) if ordered else 0.0


def interval(points: Sequence[Point], measure: Measure, *, seed: int = 0, samples: int | None = None) -> Interval:
    """Return the 95 % percentile interval of a measure, with whole groups drawn with replacement, SAMPLES times.

    Raises:
        ValueError: there are no points.
    """
    groups: dict[str, list[Point]] = {}
    for point in points:
        groups.setdefault(point.group, []).append(point)
    if not groups:
        raise ValueError("there are 0 points; an interval needs at least 1: give the items that were judged")
    samples = samples or SAMPLES
    dice, names = random.Random(seed), sorted(groups)  # noqa: S311 - repeatable, not secret
    found = sorted(
        measure([point for name in dice.choices(names, k=len(names)) for point in groups[name]]) for _ in range(samples)
    )
    return Interval(found[int(0.025 * samples)], found[min(samples - 1, int(0.975 * samples))])


def alarm(unchanged: Sequence[float], *, share: float = FALSE_POSITIVES) -> float:
    """Return the highest score under which at most this share of the unchanged fall; what is under it is flagged."""
    ordered = sorted(unchanged)
    return ordered[int(share * len(ordered))] if ordered else 0.0


def flagged(scores: Sequence[float], least: float) -> float:
    """Return the share of scores under a limit; 0.0 of none."""
    return sum(score < least for score in scores) / len(scores) if scores else 0.0


def curve(points: Sequence[Point], *, delta: float = DELTA, most_points: int = CURVE_POINTS) -> Iterator[Bound]:
    """Yield, from the strictest threshold down, what each lets through, with the bound of Clopper and Pearson.

    Of many thresholds so many are shown, evenly spaced in their order, the first and the last among them.
    """
    rest = sorted(point.score for point in points if not point.supported)
    supported = sorted(point.score for point in points if point.supported)
    every = sorted({point.score for point in points}, reverse=True)
    last = min(len(every), most_points) - 1
    for least in [every[round(place * (len(every) - 1) / max(1, last))] for place in range(last + 1)]:
        leaks, kept = (len(scores) - bisect_left(scores, least) for scores in (rest, supported))
        most = upper_bound(leaks, len(rest), delta=delta)
        yield Bound(least, leaks / max(1, len(rest)), most, kept / max(1, len(supported)))


def drawn(points: Sequence[Point], *, seed: int = 0, draws: int = DRAWS, alpha: float = ALPHA) -> Drawn:
    """Return what thresholds with a bound on the leak are worth on groups they were not chosen on."""
    found = [once(points, seed=seed + number, alpha=alpha) for number in range(draws)]
    tried = [bound for bound in found if bound is not None]
    return Drawn(
        kept=sum(bound.kept for bound in tried) / draws,
        leak=sum(bound.leak for bound in tried) / draws,
        held=sum(bound is None or bound.leak <= alpha for bound in found) / draws,
        none=1 - len(tried) / draws,
    )


def once(points: Sequence[Point], *, seed: int, alpha: float) -> Bound | None:
    """Choose a threshold on one half of the groups and try it on the other; None where none has the bound."""
    fold = folds(points, seed=seed, number=2)
    halves = [[point for point, at in zip(points, fold, strict=True) if at == half] for half in (0, 1)]
    least = threshold([Pair(p.score, p.supported) for p in halves[0]], alpha=alpha, delta=DELTA)
    if least is None:
        return None
    shares = shares_from(halves[1], least)
    return Bound(least, shares[False], alpha, shares[True])


def shares_from(points: Sequence[Point], least: float) -> Mapping[bool, float]:
    """Return the share of the supported, and of the unsupported, that score so much at least."""
    scores = {truth: [point.score for point in points if point.supported is truth] for truth in (True, False)}
    return {truth: 1 - flagged(found, least) if found else 0.0 for truth, found in scores.items()}
