"""How well the guardians judge and how long they take, on development data and on suites of their own.

python -m benchmarks.guardians --data FOLDER; FOLDER holds public development data, none of which is kept here. They are
known to those who wrote the guardians: figures for a decision come from data that nobody has tuned on.
"""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.guarding import timing
from benchmarks.judging.items import DataError
from benchmarks.results import Figure, save

NOTES = (
    "Precision and recall of an entity: the same type, and spans of which half of the union is shared.",
    "Ages are not labelled in these data, and job titles are not looked for: both count among the characters alone.",
    "Times are of texts that no guardian has seen before: what is remembered of a text does not count.",
)


@dataclass(frozen=True, slots=True)
class Area:
    """One module of ``benchmarks.guarding`` that has figures; ``needs_data`` tells whether it reads the folder."""

    name: str
    title: str
    needs_data: bool

    @property
    def module(self) -> str:
        return f"benchmarks.guarding.{self.name}"

    def figures(self, folder: Path) -> list[Figure]:
        made: Callable[..., list[Figure]] = importlib.import_module(self.module).figures
        return made(folder) if self.needs_data else made()


AREAS = (
    Area("privacy", "Privacy: what is found", needs_data=True),
    Area("safety", "Safety: attacks and what is harmless", needs_data=True),
    Area("toolcalls", "Tool calls: who wrote the values", needs_data=False),
)


def measured(areas: Sequence[Area], folder: Path) -> tuple[list[Figure], list[str]]:
    """Return the figures of all areas and of time, and what was not measured, in words.

    Raises:
        DataError: the folder lacks what an area reads.
    """
    known = [area for area in areas if find_spec(area.module)]
    missing = [f"Not measured: {area.title}." for area in areas if area not in known]
    found = [figure for area in known for figure in area.figures(folder)]
    return [*found, *timing.figures(folder)], missing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder with the development data, as a whole path"
    )
    try:
        known, missing = measured(AREAS, parser.parse_args().data)
    except DataError as error:
        sys.exit(f"guardians: {error}")
    details = {"notes": [*NOTES, *missing]}
    path = save("guardians", known, command="python -m benchmarks.guardians --data FOLDER", details=details)
    for figure in known:
        print(f"{figure.what}: {figure.value:g} {figure.unit} {figure.goal and f'(goal {figure.goal})'}")
    print(*missing, path, sep="\n")


if __name__ == "__main__":
    main()
