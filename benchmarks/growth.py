"""How pages and queries grow: 10^6 runs and 5 x 10^6 entries in servers of their own, every page timed at each stage.

    python -m benchmarks.growth [--runs N] [--keep-as NAME]

It loads into a temporary folder (TMPDIR; about 8 GB for 10^6 runs), and removes it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from operator import itemgetter
from pathlib import Path
from typing import Any

from benchmarks.results import Figure, save
from prometheus_site import embedded

ROOT = Path(__file__).resolve().parent.parent
STAGES = (10_000, 100_000, 1_000_000)
QUERY_GOAL, PAGE_GOAL = 10.0, 150.0  # ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=STAGES[-1], help="at the last stage")
    parser.add_argument("--keep-as", default="growth", help="name of the file in benchmarks/results")
    asked = parser.parse_args()
    stages = measure([*(stage for stage in STAGES if stage < asked.runs), asked.runs])
    command = "python -m benchmarks.growth" + (f" --runs {asked.runs}" if asked.runs != STAGES[-1] else "")
    path = save(asked.keep_as, figures(stages[-1]), command=command, details={"notes": NOTES, "stages": stages})
    sys.stdout.write(f"{path.relative_to(ROOT)}\n")


def measure(stages: list[int]) -> list[dict[str, Any]]:
    """Start servers, have a process of its own grow and time the installation, and remove everything."""
    folder = Path(tempfile.mkdtemp(prefix="prometheus-growth-"))
    folder.chmod(0o755)
    servers = embedded.start(folder / "servers", durable=False)
    try:
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "prometheus_site.settings", "LOG_LEVEL": "ERROR"}
        environment |= {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        environment |= {f"{name}_FILE": str(path) for name, path in embedded.make_secrets(folder).items()}
        found = folder / "stages.json"
        command = [sys.executable, "-m", "benchmarks.growing", "--to", str(found), "--stages", *map(str, stages)]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        measured: list[dict[str, Any]] = json.loads(found.read_text(encoding="utf-8"))
        return measured
    finally:
        servers.stop()
        shutil.rmtree(folder, ignore_errors=True)


NOTES = [
    (
        "Every page, list, filter, search and periodic query is called through Django's test client, warm and repeated "
        "five times (twice where one takes over 0.3 s); a query counts from its sending until its rows are there."
    ),
    (
        "Rows are loaded by SQL in the proportions of a busy year: five workspaces from 60 % to 0.1 % of the runs, "
        "70 % of them completed, 5 % waiting for people, 8 % under way or due; a tenth has drafts, claims, evidence, "
        "votes and checkpoints. Runs whose pages are opened were driven by the engine itself."
    ),
    "The embedded PostgreSQL with its own settings (64 MB of shared buffers), all in the memory of the machine.",
]


def figures(last: dict[str, Any]) -> list[Figure]:
    pages = last["pages"]
    size = f"{last['runs']:,} runs, {last['entries']:,} entries"
    per_area = [
        worst(area, [page for page in pages if page["area"] == area], size)
        for area in dict.fromkeys(page["area"] for page in pages)
    ]
    return [figure for found in per_area for figure in found] + bytes_of(last)


def worst(area: str, pages: list[dict[str, Any]], size: str) -> list[Figure]:
    """Return the slowest query and the slowest page of an area, with how many are over the goal."""
    query, page = (max(pages, key=itemgetter(key)) for key in ("query_ms", "page_ms"))
    slow = [one for one in pages if one["query_ms"] >= QUERY_GOAL]
    long = [one for one in pages if one["page_ms"] >= PAGE_GOAL]
    note = f"median; {len(pages)} addresses or calls at {size}"
    return [
        Figure(
            f"{area}: slowest query",
            query["query_ms"],
            "ms",
            f"< {QUERY_GOAL:.0f} ms",
            not slow,
            f"{query['name']}; {len(slow)} of {len(pages)} over the goal; {note}",
        ),
        Figure(
            f"{area}: slowest page",
            page["page_ms"],
            "ms",
            f"< {PAGE_GOAL:.0f} ms",
            not long,
            f"{page['name']}; {len(long)} of {len(pages)} over the goal; {note}",
        ),
    ]


def bytes_of(last: dict[str, Any]) -> list[Figure]:
    by_name = {table["table"]: table for table in last["sizes"]}
    found = []
    for what, table in (("run", "orchestration_run"), ("ledger entry", "audit_entry"), ("tree node", "audit_treenode")):
        size = by_name[table]
        heap, index = (round(size[part] / max(1, size["rows"])) for part in ("bytes", "index_bytes"))
        found.append(
            Figure(f"bytes per {what}", heap + index, "bytes", note=f"{heap} in the table, {index} in indexes")
        )
    found += of_one_run(last.get("of_one_run", {}))
    seconds = sum(last["loaded"]["indexes"].values())
    slowest = max(last["loaded"]["indexes"].items(), key=lambda pair: pair[1], default=("none", 0.0))
    note = f"one after the other, 512 MB of maintenance_work_mem; the slowest: {slowest[0]} {slowest[1]} s"
    return [*found, Figure("building every index anew", round(seconds, 1), "s", note=note)]


def of_one_run(tables: dict[str, dict[str, int]]) -> list[Figure]:
    rows = sum(table["rows"] for table in tables.values())
    if not rows:
        return []
    size = sum(table["bytes"] for table in tables.values())
    entries = tables["audit_entry"]["rows"]
    note = f"question with 6 passages, driven by the engine: {rows} rows, {entries} of them entries; without indexes"
    return [Figure("bytes of a whole run", size, "bytes", note=note)]


if __name__ == "__main__":
    main()
