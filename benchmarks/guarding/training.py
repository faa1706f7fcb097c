"""Makes guardians/safetyrules/textmodel.json: python -m benchmarks.guarding.training --data FOLDER --keep.

Each head is a logistic model fitted by accelerated gradients, both classes weighing the same: first on a part of the
harmless windows, then with those that it took for attacks, then on the grams that weigh most. A threshold is passed
by few of the texts a head was made without: technical documents of the calibrated part, and harmless texts of families
that were left out.
"""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from benchmarks.guarding import texts
from benchmarks.guarding.texts import Bipia
from guardians.safetyrules.layers import layers
from guardians.safetyrules.textmodel import FILE, LENGTH_LEAST, Gram, Linear, grams
from guardians.safetyrules.windows import tokens, windows

TIMES = 12
RIDGE, ROUNDS, COUNT_LEAST = 1e-5, 300, 3
FIRST, LOOKED_AT, HARD, KEPT = 10_000, 12_000, 1_500, 6_000
FOLDS, FOLDS_OF_FAMILIES = 3, 5
MISTAKES = {"direct": (0.02, 0.03), "indirect": (0.05, 0.06)}  # alone, and beside a rule
MISTAKES_TECHNICAL = 0.005


class Made(Protocol):
    """Makes a head without some families."""

    def __call__(self, *, left: Sequence[str] = ()) -> Linear: ...


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of attacks and of harmless texts; more of the latter are in ``others``, to look for hard ones."""

    attacks: Sequence[str]
    harmless: Sequence[str]
    others: Sequence[str] = ()


def cut(text: str) -> list[str]:
    """Return the windows of what is shown of a text, with split words as they are: the model in place has no say."""
    _, folded = next(layers(text, depth=0))
    shown = folded.text.lower()
    return [shown[start:end] for start, end in windows(shown) if any(map(str.isalpha, shown[start:end]))]


def cut_all(families: Mapping[str, Sequence[str]], left: Sequence[str] = ()) -> list[str]:
    return [one for family, known in families.items() if family not in left for text in known for one in cut(text)]


def fitted(given: Windows) -> Linear:
    """Return a head with threshold 0."""
    harmless = list(given.harmless)
    first = weighed(given.attacks, harmless)
    hard = sorted(given.others, key=first.odds, reverse=True)[:HARD]
    full = weighed(given.attacks, harmless + hard) if hard else first
    kept = sorted(full.known, key=lambda gram: (-abs(full.known[gram].weight), gram))[:KEPT]
    return weighed(given.attacks, harmless + hard, only=frozenset(kept))


def weighed(attacks: Sequence[str], harmless: Sequence[str], *, only: frozenset[str] | None = None) -> Linear:
    """Return the head that minimises the log loss of both classes, with a ridge."""
    found = [grams(tokens(window)) for window in (*attacks, *harmless)]
    counts = Counter(gram for known in found for gram in known)
    names = sorted(gram for gram, n in counts.items() if n >= COUNT_LEAST and (only is None or gram in only))
    place = {name: at for at, name in enumerate(names)}
    inside = [[place[gram] for gram in sorted(known) if gram in place] for known in found]
    rarity = np.log(len(found) / np.array([counts[name] for name in names]))
    rows = np.repeat(np.arange(len(found)), [len(known) for known in inside])
    columns = np.array([at for known in inside for at in known])
    lengths = np.sqrt(np.bincount(rows, rarity[columns] ** 2, minlength=len(found)))
    values = rarity[columns] / np.maximum(lengths, LENGTH_LEAST)[rows]
    labels = np.arange(len(found)) < len(attacks)
    shares = np.where(labels, 0.5 / len(attacks), 0.5 / len(harmless))
    weights, bias = descended(rows, columns, values, labels, shares, width=len(names))
    known = {
        name: Gram(round(float(rare), 2), round(float(rare * weight), 2))
        for name, rare, weight in zip(names, rarity, weights, strict=True)
    }
    return Linear(round(bias, 4), 0.0, 0.0, known)


def descended(rows: Any, columns: Any, values: Any, labels: Any, shares: Any, *, width: int) -> tuple[Any, float]:  # noqa: ANN401 - arrays
    """Return weights and bias (Beck and Teboulle 2009, FISTA without a constraint)."""
    now = ahead = np.zeros(width + 1)
    momentum = 1.0
    step = 1 / (0.5 + RIDGE)
    for _ in range(ROUNDS):
        odds = np.bincount(rows, values * ahead[columns], minlength=len(labels)) + ahead[-1]
        error = shares * (1 / (1 + np.exp(-odds)) - labels)
        slope = np.append(np.bincount(columns, values * error[rows], minlength=width) + RIDGE * ahead[:-1], error.sum())
        following = ahead - step * slope
        later = (1 + np.sqrt(1 + 4 * momentum * momentum)) / 2
        ahead, now, momentum = following + (momentum - 1) / later * (following - now), following, later
    return now[:-1], float(now[-1])


def highest(linear: Linear, text: str) -> float:
    return max(map(linear.odds, cut(text)), default=-float("inf"))


def passed_by(odds: Sequence[float], share: float) -> float:
    """Return the least threshold that no more than this share reaches."""
    ordered = sorted(odds, reverse=True)
    return ordered[int(share * len(ordered))] + 0.0001


def indirect(data: Bipia, *, left: Sequence[str] = (), mails: Sequence[str] | None = None) -> Linear:
    """Return the head for documents, made without the families and classes of ``left``, with threshold 0."""
    windows_ = sorted({one for text in texts.technical("fitted") for one in cut(text)})
    random.Random(5).shuffle(windows_)  # noqa: S311 - repeatable, not secret
    own = cut_all(texts.families("documents", times=TIMES), left)
    letters = [one for mail in (data.mails if mails is None else mails) for one in cut(mail)]
    attacks = [
        *cut_all(texts.families("indirect", times=TIMES), left),
        *cut_all({**data.attacks, **data.code_attacks}, left),
    ]
    return fitted(Windows(attacks, [*windows_[:FIRST], *own, *letters], windows_[FIRST : FIRST + LOOKED_AT]))


def direct(*, left: Sequence[str] = ()) -> Linear:
    """Return the head for requests, made without the families of ``left``, with threshold 0."""
    harmless = [one for name in HARMLESS for one in cut_all(texts.families(name, times=TIMES), left)]
    tasks = {family: known for family, known in texts.families("indirect", times=TIMES // 2).items() if family in TASKS}
    harmless += cut_all(tasks, left)
    attacks = cut_all(texts.families("direct", times=TIMES), left)
    windows_ = [one for text in texts.technical("fitted")[:150] for one in cut(text)]
    return fitted(Windows(attacks, [*harmless, *windows_[:3_000]]))


HARMLESS = ("requests", "sensitive", "documents")
# What a document may not ask for and whoever asks may.
TASKS = frozenset(
    {
        "bare_question", "write_something", "explain_something", "translate_something", "programming_help",
        "answer_in_code", "answer_form", "office_task", "analyse_something", "small_talk", "side_effect",
    }
)  # fmt: skip


def apart(made: Made, *names: str, seed: int = 9) -> Iterator[tuple[Linear, Mapping[str, Sequence[str]]]]:
    """Yield heads, each beside texts of the families of some files that it was made without; no family twice."""
    everything = {f: known for name in names for f, known in texts.families(name, times=3, seed=seed).items()}
    for fold in range(FOLDS_OF_FAMILIES):
        gone = sorted(everything)[fold::FOLDS_OF_FAMILIES]
        yield made(left=gone), {family: everything[family] for family in gone}


def left_out(made: Made, *names: str) -> dict[str, list[float]]:
    """Return the odds of texts of each family of some files by a head that was made without that family."""
    return {
        family: [highest(linear, text) for text in given]
        for linear, known in apart(made, *names)
        for family, given in known.items()
    }


def thresholds(made: Made, shares: tuple[float, float], *names: str) -> tuple[float, float]:
    """Return what counts alone and beside a rule, by the odds of texts of harmless families that were left out."""
    odds = [one for known in left_out(made, *names).values() for one in known]
    return passed_by(odds, shares[0]), passed_by(odds, shares[1])


def with_thresholds(linear: Linear, threshold: float, support: float) -> Linear:
    return replace(linear, threshold=round(threshold, 4), support=round(min(support, threshold), 4))


def document(linear: Linear) -> dict[str, Any]:
    known = {name: [gram.rarity, gram.weight] for name, gram in sorted(linear.known.items())}
    return {"bias": linear.bias, "threshold": linear.threshold, "support": linear.support, "grams": known}


def written(heads: Mapping[str, Linear]) -> str:
    """Return the heads as JSON, one gram a line."""
    text = json.dumps({"heads": {name: document(linear) for name, linear in heads.items()}}, ensure_ascii=False)
    return text.replace("], ", "],\n").replace('"grams": {', '"grams": {\n') + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guarding.training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the development data")
    parser.add_argument("--keep", action="store_true", help="write the weights where Safety reads them")
    asked = parser.parse_args()
    made = partial(indirect, texts.bipia(asked.data))
    linear = made()
    technical = passed_by([highest(linear, text) for text in texts.technical("calibrated")], MISTAKES_TECHNICAL)
    alone, beside = thresholds(made, MISTAKES["indirect"], "documents")
    heads = {
        "direct": with_thresholds(direct(), *thresholds(direct, MISTAKES["direct"], "requests", "sensitive")),
        "indirect": with_thresholds(linear, max(technical, alone), beside),
    }
    if asked.keep:
        FILE.write_text(written(heads), encoding="utf-8")
    said = {name: (len(linear.known), linear.bias, linear.threshold, linear.support) for name, linear in heads.items()}
    sys.stdout.write(f"grams, bias, thresholds: {said}\n")


if __name__ == "__main__":
    main()
