"""What a whole installation carries: one client, a batch of 100, 100 users at once; processor time and memory.

``python -m benchmarks.load`` starts PostgreSQL (fsync on), Redis, gunicorn, a Celery worker and beat as processes of
their own, as docker-compose.yml does, and asks them over HTTP as clients do. Linux only: usage is read from /proc.
"""

import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.installation import ROOT, Client, Installation, running, until
from benchmarks.results import Figure
from benchmarks.usage import cpu_seconds, memory, tree
from benchmarks.workload import Case, cases

BATCH = 100
POLL_S = 0.1
WHOLE = "submit to COMPLETED"
RAMP = 10.0  # seconds in which users arrive; what was measured in them does not count
WARM = 30


class WrongEnd(Exception):
    """A run did not end as it must: what was measured is not the work that was meant."""


@dataclass(slots=True)
class Book:
    """The figures so far, and the tables that go with them."""

    figures: list[Figure] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def note(self, what: str, value: float, unit: str, *, limit: float | None = None, note: str = "") -> None:
        goal = "" if limit is None else f"< {limit:g} {unit}"
        met = None if limit is None else value < limit
        self.figures.append(Figure(what, round(value, 2), unit, goal, met, note))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def summary(values: Sequence[float]) -> dict[str, float]:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    told = {name: round(percentile(values, share), 2) for name, share in shares.items()}
    return {"samples": len(values), "mean": round(statistics.fmean(values), 2), **told}


@contextmanager
def spending(house: Installation) -> Iterator[dict[str, float]]:
    """Yield a table that holds, after the block, the milliseconds of processor time that each part has spent."""
    spent: dict[str, float] = {}
    before = {name: cpu_seconds([pid]) for name, pid in house.roots().items()}
    yield spent
    spent.update({name: 1000 * (cpu_seconds([pid]) - before[name]) for name, pid in house.roots().items()})


def per_run(spent: Mapping[str, float], runs: int) -> dict[str, float]:
    return {name: round(value / runs, 2) for name, value in {**spent, "total": sum(spent.values())}.items()}


def ask(client: Client, case: Case) -> float:
    """Submit one request and wait for its end as a client does; return milliseconds."""
    began = time.perf_counter()
    status, run = client.call("POST", case.path, case.body, Prefer="wait=30")
    elapsed = 1000 * (time.perf_counter() - began)
    if (run.get("state"), run.get("decision")) != ("COMPLETED", case.decision):
        raise WrongEnd(f"{case.name} was answered {status}: {run}")
    return elapsed


def one_client(house: Installation, case: Case, book: Book, *, runs: int) -> None:
    client = Client(house.port, house.key)
    for _ in range(WARM):
        ask(client, case)
    with spending(house) as spent:
        taken = [ask(client, case) for _ in range(runs)]
    table = summary(taken)
    book.details[f"one client, {case.name}"] = {**table, "cpu_ms_per_run": per_run(spent, runs)}
    note = f"{runs} runs on one connection, Prefer: wait; p50 {table['p50']} ms"
    what = f"request to COMPLETED over HTTP and Celery, p95, one client, {case.name}"
    book.note(what, table["p95"], "ms", limit=50, note=note)
    book.note(f"processor time per run, one client, {case.name}", sum(spent.values()) / runs, "ms", limit=15)


def one_batch(client: Client, case: Case) -> float:
    began = time.perf_counter()
    status, made = client.call("POST", "/api/v1/batches", {"requests": [case.item] * BATCH})
    if status != 202:
        raise WrongEnd(f"the batch was answered {status}: {made}")
    until(lambda: completed(client, made["id"]), "the batch has ended", pause=POLL_S)
    return time.perf_counter() - began


def completed(client: Client, batch_id: str) -> bool:
    _, seen = client.call("GET", f"/api/v1/batches/{batch_id}")
    if seen["done"] == 1 and seen["states"] != {"COMPLETED": BATCH}:
        raise WrongEnd(f"the batch ended {seen['states']}")
    return bool(seen["done"] == 1)


def batches(house: Installation, case: Case, book: Book, *, rounds: int) -> None:
    client = Client(house.port, house.key)
    one_batch(client, case)
    with spending(house) as spent:
        taken = [one_batch(client, case) for _ in range(rounds)]
    table = summary(taken)
    spent_each = per_run(spent, rounds * BATCH)
    book.details[f"batch of {BATCH}, {case.name}"] = {**table, "cpu_ms_per_run": spent_each}
    note = f"{rounds} batches, polled each 100 ms; median {table['p50']} s"
    book.note(f"batch of {BATCH}, all completed, p95, {case.name}", table["p95"], "s", limit=1.5, note=note)
    book.note(f"processor time per run, batch of {BATCH}, {case.name}", spent_each["total"], "ms", limit=15)


def crowd(
    house: Installation, book: Book, name: str, *, users: int, seconds: float, environment: Mapping[str, str]
) -> None:
    """Let locust's users ask, in a process of its own."""
    samples = house.home / "samples.json"
    told = {
        **house.environment,
        **environment,
        "LOAD_SAMPLES": str(samples),
        "LOAD_KEY": house.key,
        "LOAD_CASES": json.dumps([asdict(case) for case in cases()]),
    }
    flags = ["--headless", "--only-summary", "--loglevel=WARNING", f"--host=http://127.0.0.1:{house.port}"]
    crowd_of = [f"--users={users}", f"--spawn-rate={users / RAMP:g}", f"--run-time={RAMP + seconds:g}s"]
    command = [sys.executable, "-m", "locust", "-f", str(ROOT / "benchmarks/locustfile.py"), *flags, *crowd_of]
    began = time.time()
    with spending(house) as spent:
        ran = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, check=False)
    if not samples.exists():
        raise WrongEnd(f"locust ended with {ran.returncode}: {ran.stderr[-2000:]}")
    kept = json.loads(samples.read_text(encoding="utf-8"))
    if not any(sample[1] == WHOLE and sample[0] >= began + RAMP for sample in kept):
        raise WrongEnd(f"no run ended in {seconds:g} s after {RAMP:g}: {len(kept)} samples; {ran.stderr[-2000:]}")
    tell_crowd(book, name, kept, settled=began + RAMP, spent=spent)


def tell_crowd(book: Book, name: str, samples: Sequence[Any], *, settled: float, spent: Mapping[str, float]) -> None:
    kinds = {kind: [s for s in samples if s[1] == kind and s[0] >= settled] for kind in {s[1] for s in samples}}
    table: dict[str, Any] = {}
    for kind, rows in sorted(kinds.items()):
        if rows:
            table[kind] = {**summary([row[2] for row in rows]), "failed": sum(not row[3] for row in rows)}
    whole = kinds[WHOLE]
    rate = len(whole) / max(1.0, whole[-1][0] - whole[0][0])
    ended = sum(sample[1] == WHOLE for sample in samples)
    spent_each = per_run(spent, ended)
    book.details[name] = {**table, "runs_per_second": round(rate, 1), "cpu_ms_per_run": spent_each}
    p95, failed = table[WHOLE]["p95"], table[WHOLE]["failed"]
    note = f"{len(whole)} runs at {rate:.1f}/s, {failed} failed; p50 {table[WHOLE]['p50']} ms"
    book.note(f"{name}: submit to COMPLETED, p95", p95, "ms", limit=1000, note=note)
    book.note(f"processor time per run, {name}", spent_each["total"], "ms", limit=15)


def memories(house: Installation, book: Book) -> None:
    """Note what each process of the site and of the worker holds now, after all that was asked."""
    for part, limit in (("web", 150), ("worker", 250), ("beat", None)):
        held = [memory(pid) for pid in tree(house.roots()[part])]
        book.details[f"memory of {part}, MB"] = [asdict(one) for one in held]
        note = (
            f"RSS; PSS {max(one.pss for one in held):.0f} MB; {len(held)} processes, {sum(m.pss for m in held):.0f} MB"
        )
        book.note(f"memory of the largest {part} process", max(one.rss for one in held), "MB", limit=limit, note=note)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--runs", type=int, default=300, help="runs of the one client, each kind (300)")
    parser.add_argument("--rounds", type=int, default=10, help="batches, each kind (10)")
    parser.add_argument("--users", type=int, default=100, help="users at once (100)")
    parser.add_argument("--seconds", type=float, default=60, help="how long the users ask once all are there (60)")
    parser.add_argument("--think", type=float, default=5, help="seconds a user thinks between two questions (5)")
    parser.add_argument("--rate", type=float, default=10, help="runs/s that the users ask for at a fixed rate (10)")
    parser.add_argument("--only", nargs="*", choices=SCENES, default=list(SCENES), help="leave the others out")
    parser.add_argument("--dry", action="store_true", help="print the figures, do not keep them")
    return parser.parse_args(arguments)


def at_rest(house: Installation, book: Book, options: argparse.Namespace) -> None:
    for case in cases():
        one_client(house, case, book, runs=options.runs)


def together(house: Installation, book: Book, options: argparse.Namespace) -> None:
    for case in cases():
        batches(house, case, book, rounds=options.rounds)


def closed_loop(house: Installation, book: Book, options: argparse.Namespace) -> None:
    name = f"{options.users} users who think for {options.think:g} s"
    crowd(
        house, book, name, users=options.users, seconds=options.seconds, environment={"LOAD_THINK": str(options.think)}
    )


def fixed_rate(house: Installation, book: Book, options: argparse.Namespace) -> None:
    name = f"{options.users} users who ask {options.rate:g} times a second together"
    each = {"LOAD_RATE": str(options.rate / options.users)}
    crowd(house, book, name, users=options.users, seconds=options.seconds, environment=each)


SCENES: Mapping[str, Callable[[Installation, Book, argparse.Namespace], None]] = {
    "client": at_rest,
    "batch": together,
    "users": closed_loop,
    "rate": fixed_rate,
}


NOTES = [
    "One client: one connection, kept open; each request waits for its run (Prefer: wait=30) and reads its answer.",
    f"Batch: {BATCH} equal requests in one POST, then GET of the batch each 100 ms until all have completed.",
    "Users: locust in its own process on the same machine; each user submits, waits, reads the claims, and thinks.",
    "A fixed rate: the same users; when all wait for answers the rate is no longer held.",
    "Processor time: of all processes of the installation from /proc, PostgreSQL and Redis included, the client not.",
    "Memory: RSS of the largest process of a part, after all that was asked; pages that were shared count in full.",
]


def keep(book: Book, arguments: Sequence[str]) -> Path:
    command = " ".join(["python", "-m", "benchmarks.load", *arguments])
    return results.save("load", book.figures, command=command, details={"notes": NOTES, **book.details})


def measure(folder: Path, book: Book, options: argparse.Namespace) -> Iterator[str]:
    """Play one scene after the other, and yield the name of each that is over."""
    with running(folder / "whole") as house:
        for scene in options.only:
            SCENES[scene](house, book, options)
            yield scene
        memories(house, book)
        yield "memory"


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    book = Book()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    with tempfile.TemporaryDirectory(prefix="load-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        told = 0
        for scene in measure(folder, book, options):
            for figure in book.figures[told:]:
                print(f"{scene}: {figure.what}: {figure.value} {figure.unit} {figure.goal} ({figure.note})", flush=True)
            told = len(book.figures)
            if not options.dry:
                keep(book, arguments)  # after each scene: one that fails takes nothing along
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
