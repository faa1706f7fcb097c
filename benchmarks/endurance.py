"""By how much a worker process grows: one that drives run after run, with nobody else about, without HTTP and Celery.

``python -m benchmarks.endurance`` takes an hour and a half for 100,000 runs on two processors. What was measured is
kept with each point, so that a measurement that is stopped is one of fewer runs.
"""

import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.installation import ROOT, prepare
from benchmarks.results import Figure

RUNS, MINUTES = 100_000, 120.0
SETTLED = 0.2  # of the series: where caches are full, and growth is growth
NOTES = [
    "Questions and answers to verify of the demonstration in turn, each driven to COMPLETED by one process.",
    "RSS from /proc; the slope is of least squares, without the first fifth of the runs.",
]

Point = Mapping[str, Any]


def slope_of(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the slope of the least-squares line; 0 where there are too few points for one."""
    return statistics.linear_regression(x, y).slope if len(x) > 1 else 0.0


def figure_of(series: Sequence[Point]) -> Figure:
    """Return the megabytes by which the process grows in 10,000 runs."""
    driven = series[-1]["runs"]
    rest = [point for point in series if point["runs"] >= SETTLED * driven]
    slope = slope_of([point["runs"] / 10_000 for point in rest], [point["rss_mb"] for point in rest])
    held = f"{rest[0]['rss_mb']:.1f} MB after {rest[0]['runs']:,} runs, {rest[-1]['rss_mb']:.1f} after {driven:,}"
    note = f"slope of RSS over the last {len(rest)} of {len(series)} points; {held}"
    what = "growth of a worker process per 10,000 runs"
    return Figure(what, round(slope, 2), "MB", "< 1 MB", slope < 1, note)


def measure(folder: Path, options: argparse.Namespace, *, command: str) -> None:
    house = prepare(folder)
    series: list[Point] = []
    arguments = [sys.executable, "-m", "benchmarks.driven", str(options.runs), str(options.minutes)]
    try:
        with (
            (folder / "driven.log").open("wb") as log,
            subprocess.Popen(
                arguments, cwd=ROOT, env=house.environment, stdout=subprocess.PIPE, stderr=log, text=True
            ) as worker,
        ):
            try:
                for line in worker.stdout or ():
                    series.append(json.loads(line))
                    tell(series, command=command, dry=options.dry)
            finally:
                worker.terminate()
        if not series or worker.returncode not in {0, -signal.SIGTERM}:
            sys.exit((folder / "driven.log").read_text(encoding="utf-8", errors="replace")[-2000:])
    finally:
        house.stop()


def tell(series: Sequence[Point], *, command: str, dry: bool) -> None:
    figure = figure_of(series)
    sys.stdout.write(f"{series[-1]['runs']:,} runs: {figure.value} {figure.unit} ({figure.note})\n")
    sys.stdout.flush()
    if not dry:
        results.save("endurance", [figure], command=command, details={"notes": NOTES, "series": list(series)})


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endurance", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of the process that is watched ({RUNS:,})")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help=f"it ends after this time at the latest ({MINUTES:g})"
    )
    parser.add_argument("--dry", action="store_true", help="print the figures, do not keep them")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    with tempfile.TemporaryDirectory(prefix="endurance-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        measure(folder / "one", options, command=" ".join(["python -m benchmarks.endurance", *arguments]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
