"""The search over a corpus of 100,000 passages with the words of real web pages, beside the search before it.

    python -m benchmarks.corpus --data FOLDER [--passages N] [--claims N]

FOLDER holds wice_dev.jsonl; none of it is kept here. The corpus is made in servers of its own and removed (TMPDIR).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.results import Figure, save
from prometheus_site import embedded

ROOT = Path(__file__).resolve().parent.parent
PASSAGES, CLAIMS = 100_000, 80
GOAL = 30.0  # ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of wice_dev.jsonl")
    parser.add_argument("--passages", type=int, default=PASSAGES)
    parser.add_argument("--claims", type=int, default=CLAIMS)
    asked = parser.parse_args()
    found = measure(asked)
    command = "python -m benchmarks.corpus --data FOLDER"
    command += f" --passages {asked.passages}" if asked.passages != PASSAGES else ""
    path = save("corpus", figures(found), command=command, details={"notes": notes(found), "found": found})
    sys.stdout.write(f"{path.relative_to(ROOT)}\n")


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Start servers, have a process of its own fill and search them, and remove everything."""
    folder = Path(tempfile.mkdtemp(prefix="prometheus-corpus-"))
    folder.chmod(0o755)
    servers = embedded.start(folder / "servers", durable=False)
    try:
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "prometheus_site.settings", "LOG_LEVEL": "ERROR"}
        environment |= {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        environment |= {f"{name}_FILE": str(path) for name, path in embedded.make_secrets(folder).items()}
        to = folder / "found.json"
        given = ["--data", str(asked.data), "--passages", str(asked.passages), "--claims", str(asked.claims)]
        command = [sys.executable, "-m", "benchmarks.searching", "--to", str(to), *given]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        found: dict[str, Any] = json.loads(to.read_text(encoding="utf-8"))
        return found
    finally:
        servers.stop()
        shutil.rmtree(folder, ignore_errors=True)


def figures(found: dict[str, Any]) -> list[Figure]:
    return [figure for now in found["measured"] if now["way"] == "now" for figure in of_answers(now, found)]


def of_answers(now: dict[str, Any], found: dict[str, Any]) -> list[Figure]:
    """Return the figures for answers of so many claims."""
    many = now["claims"]
    before = next(one for one in found["measured"] if one["way"] == "before" and one["claims"] == many)
    what = f"answers of {many} claims" if many > 1 else "one claim"
    p50, p95 = now["ms"]
    ratio = before["ms"][1] / p95
    at = f"{now['calls']} calls, best of {found['repeats']} each, {found['passages']:,} passages; median {p50:g} ms"
    each = Figure(f"{what}, p95 per claim", round(p95 / many, 1), "ms", "< 30 ms", p95 / many < GOAL, at)
    times = Figure(
        f"{what}, search before against now, p95", round(ratio, 1), "x", note=f"{before['ms'][1]:g} ms before"
    )
    figures_ = [each, times]
    if many > 1:
        figures_.append(Figure(f"{what}, p95 of the whole call", p95, "ms", note=at))
    for top, share in now["recall"].items():
        note = f"before {before['recall'][top]:g}; share of what BM25 over the whole corpus puts first"
        figures_.append(Figure(f"{what}, first {top} among the candidates", share, "", note=note))
    gold = Figure(f"{what}, claims whose passage is a candidate", now["gold"], "", note=f"before {before['gold']:g}")
    return [*figures_, gold]


def notes(found: dict[str, Any]) -> list[str]:
    sizes = ", ".join(f"{table} {size:g} MB" for table, size in found["sizes"].items())
    return [
        "Web pages of WiCE dev as they stand, and passages whose words are drawn half from one page and half from all.",
        f"Now is measured on {found['limit']} claims, before on the first {found['limit_before']}: it takes long.",
        f"With indexes: {sizes}.",
    ]


if __name__ == "__main__":
    main()
