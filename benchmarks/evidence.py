"""How well the evidence gate judges, on public development data and on claims changed in one detail.

python -m benchmarks.evidence --data FOLDER; none of the data is kept here. They are known to those who wrote the gate:
figures for a decision come from data that nobody has tuned on.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.judging import figures, items, judged, timing
from benchmarks.judging.figures import Changed
from benchmarks.judging.items import DataError, Item
from benchmarks.judging.judged import Bench, Judged
from benchmarks.perturbing import Suite, overlap, suite
from benchmarks.results import Figure, save

NOTES = (
    """Each text goes through cutting, splitting and ranking as in production; an answer of several statements is worth
    its worst one; the passages are of one trusted source.""",
    """Changed claims are found by the score where it is under the highest limit that flags at most 5 % of the unchanged
    ones ("under the limit"). Quoted sentences stand in their evidence word for word, so their unchanged form does not
    count among these; "unchanged SUPPORTED" counts every claim that was changed.""",
    """The hallucinated answers of HaluEval are longer than the right ones: their length alone has an AUROC of 0.72. No
    measure and no rule reads the length, but what is short is found more easily: hence the row of short answers.""",
    """Intervals draw whole groups: a claim, a question, or the pairs that share a claim or an evidence.""",
    """No bound of 5 % can be stated on fewer than 45 unsupported claims, so WiCE without its partially supported claims
    (43 unsupported) has no row for it.""",
)


@dataclass(frozen=True, slots=True)
class Everything:
    """The items of a folder with what was said of them, by set, and the changed claims."""

    wice: tuple[Judged, ...]
    halueval: tuple[Judged, ...]
    fever: tuple[Judged, ...]
    unchanged: tuple[Judged, ...]
    changed: tuple[Changed, ...]

    @property
    def sets(self) -> dict[str, Sequence[Judged]]:
        return {"WiCE dev": self.wice, "HaluEval-QA": self.halueval, "FeverSymmetric dev": self.fever}


def judge(folder: Path, bench: Bench) -> Everything:
    """Judge whatever the folder holds.

    Raises:
        DataError: a file is missing or of another kind.
    """
    made = suite(folder)
    return Everything(
        wice=judged.judge_all(items.wice(folder), bench),
        halueval=judged.judge_all(items.halueval(folder), bench),
        fever=judged.judge_all(items.fever(folder), bench),
        unchanged=judged.judge_all(made.unchanged, bench),
        changed=changes(made, bench),
    )


def changes(made: Suite, bench: Bench) -> tuple[Changed, ...]:
    bases: dict[str, Judged] = {}
    found = []
    for one in made.changed:
        base = bases.get(one.base.id) or bases.setdefault(one.base.id, judged.judge(one.base, bench))
        found.append(Changed(one, judged.judge(one.item, bench), base))
    return tuple(found)


def measured(found: Everything, bench: Bench) -> list[Figure]:
    """Return all figures but those of time."""
    threshold = threshold_of(bench)
    return [
        *figures.of_wice(found.wice, threshold),
        *figures.of_halueval(found.halueval, threshold),
        *figures.of_fever(found.fever, threshold),
        *figures.of_changes(found.unchanged, found.changed),
    ]


def threshold_of(bench: Bench) -> float:
    """Return the policy's threshold.

    Raises:
        DataError: it has no calibration, so no verdict could be SUPPORTED.
    """
    if bench.policy.calibration is None:
        raise DataError("the policy has no calibration, so the gate supports nothing; measure one that has")
    return bench.policy.calibration.threshold


def notes(bench: Bench) -> list[str]:
    known, all_ = overlap()
    lexicon = f"Of the {all_} words that antonyms are made of, the gate's own lexicon pairs {known} with some opposite."
    return [
        *(" ".join(note.split()) for note in NOTES),
        lexicon,
        f"Verifier {bench.verifier.id}, policy's threshold {threshold_of(bench):g}.",
    ]


def timed(folder: Path, bench: Bench) -> list[Figure]:
    sets: list[tuple[str, Sequence[Item]]] = [("FEVER", items.fever(folder)), ("WiCE", items.wice(folder))]
    return timing.figures(sets, bench)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder with the development data, as a whole path"
    )
    folder, bench = parser.parse_args().data, Bench()
    try:
        found = judge(folder, bench)
        known = [*measured(found, bench), *timed(folder, bench)]
    except DataError as error:
        sys.exit(f"evidence: {error}")
    details = {
        "rows": figures.class_rows(found.unchanged, found.changed),
        "curves": figures.curves(found.sets),
        "data_sha256": {name: judged.data_sha256([one.item for one in each]) for name, each in found.sets.items()},
        "notes": notes(bench),
    }
    path = save("evidence", known, command="python -m benchmarks.evidence --data FOLDER", details=details)
    for figure in known:
        print(f"{figure.what}: {figure.value:g} {figure.unit} {figure.goal and f'(goal {figure.goal})'}")
    print(path)


if __name__ == "__main__":
    main()
