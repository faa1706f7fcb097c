"""Engine speed: W7 on our engine and on its peers, interleaved, each measurement a fresh process and database.

``python -m benchmarks.engine [--rounds N] [--seconds S] [--peers NAME...] [--threads N...]``. A round measures every
peer with 1 thread, then every peer with 8; the order is rotated from round to round. A ratio is taken inside one
round, and the median over the rounds is what is kept. Processor time is that of the client and of all PostgreSQL
processes together.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import results, w7
from benchmarks.child import OURS
from benchmarks.server import TEMPLATE, Server, running

ANCHOR, EXIT, ASYNC = "langgraph_default", "langgraph_exit", "langgraph_async"
ROTATION = 5
CPU = "processor time of a run, every super-step flushed"
THREADS = (1, 8)

LACKS = "not gated, not encrypted, not audited, no fencing"
NOTES = {
    "strict": "ours, every flush a barrier: accepted, claimed, 8 super-steps flushed synchronously; sealed, audited",
    "standard": "ours, pure steps flushed lazily, barriers at accept, decision, answer and completion",
    "linked": "standard, with an evidence row for each of the 50 pairs of claim and passage",
    ANCHOR: f"PostgresSaver, asynchronous puts; plain variant: {LACKS}",
    EXIT: f"PostgresSaver, one put at the end: not resumable in mid-run; plain variant: {LACKS}",
    ASYNC: f"AsyncPostgresSaver, 8 tasks in one loop; plain variant: {LACKS}",
    "langgraph_alone": "no saver: nothing is stored at all; gated",
    "dbos": "a workflow of seven steps, durable and resumable; gated, not encrypted, not audited",
}
Found = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one peer did in one round with so many threads."""

    round: int
    peer: str
    threads: int
    found: Found


def order(peers: Sequence[str], round_: int) -> Sequence[str]:
    shift = ROTATION * round_ % len(peers)
    return [*peers[shift:], *peers[:shift]]


def measure(server: Server, asked: argparse.Namespace) -> Iterator[Measured]:
    server.child("prepare", server.make(TEMPLATE))
    for round_ in range(asked.rounds):
        for threads in asked.threads:
            for peer in order(asked.peers, round_):
                dsn = server.make("w7", template=TEMPLATE if peer in OURS else "template1")
                found = server.child(peer, dsn, str(server.postmaster), str(threads), str(asked.seconds))
                sys.stdout.write(f"round {round_ + 1}, {threads} threads, {peer}: {found['per_second']:.1f} runs/s\n")
                sys.stdout.flush()
                yield Measured(round_, peer, threads, found)


class Table:
    """All measurements, and what is read off them."""

    def __init__(self, measured: Sequence[Measured]) -> None:
        self.measured = measured

    def of(self, peer: str, threads: int) -> list[Measured]:
        return [item for item in self.measured if (item.peer, item.threads) == (peer, threads)]

    def median(self, peer: str, threads: int, *names: str) -> float:
        """Return the median over rounds of the sum of some values."""
        return statistics.median(sum(float(item.found[name]) for name in names) for item in self.of(peer, threads))

    def ratios(self, peer: str, other: str, threads: int) -> list[float]:
        """Return runs/s against another peer's in the same round."""
        pairs = zip(self.of(peer, threads), self.of(other, threads), strict=True)
        return [mine.found["per_second"] / theirs.found["per_second"] for mine, theirs in pairs]

    def row(self, peer: str, threads: int) -> dict[str, Any]:
        against = self.ratios(peer, ANCHOR, threads)
        cpu = self.median(peer, threads, "client_cpu", "server_cpu")
        return {
            "peer": peer,
            "threads": threads,
            "runs/s": round(self.median(peer, threads, "per_second"), 1),
            "ratio to PostgresSaver": round(statistics.median(against), 2),
            "ratios": [round(value, 2) for value in against],
            "p50 ms": round(self.median(peer, threads, "p50"), 2),
            "p95 ms": round(self.median(peer, threads, "p95"), 2),
            "CPU ms a run, client": round(self.median(peer, threads, "client_cpu"), 2),
            "CPU ms a run, PostgreSQL": round(self.median(peer, threads, "server_cpu"), 2),
            "CPU ratio to PostgresSaver": round(self.median(ANCHOR, threads, "client_cpu", "server_cpu") / cpu, 2),
            "commits": round(self.median(peer, threads, "commits"), 1),
            "rows": round(self.median(peer, threads, "rows"), 1),
            "WAL kB": round(self.median(peer, threads, "wal"), 1),
            "runs": sum(item.found["runs"] for item in self.of(peer, threads)),
            "what it does": NOTES[peer],
        }


def ratio_figure(table: Table, peer: str, other: str, goal: float, what: str) -> results.Figure:
    found = table.ratios(peer, other, 8)
    value = statistics.median(found)
    note = f"{len(found)} rounds, {min(found):.2f} to {max(found):.2f}; {NOTES[other]}"
    return results.Figure(what, round(value, 2), "x", f">= {goal:g}x", value >= goal, note)


RATIOS = (
    ("strict", ANCHOR, 2, "engine, strict, against LangGraph + PostgresSaver, 8 threads"),
    ("strict", ASYNC, 1, "engine, strict, against AsyncPostgresSaver, 8 threads"),
    ("standard", EXIT, 1, 'engine, standard, against durability="exit", 8 threads'),
)


def figures(table: Table) -> list[results.Figure]:
    """Return the figures of what was measured with 8 threads."""
    found = [ratio_figure(table, *known) for known in RATIOS if table.of(known[0], 8) and table.of(known[1], 8)]
    if not table.of("standard", 8):
        return found
    cpu = table.median("standard", 8, "client_cpu", "server_cpu")
    anchor = table.median(ANCHOR, 8, "client_cpu", "server_cpu")
    note = f"client and PostgreSQL, 8 threads; PostgresSaver in the same rounds {anchor:.1f} ms"
    return [*found, results.Figure(CPU, round(cpu, 2), "ms", "< 10 ms", cpu < 10, note)]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks engine", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.5)
    parser.add_argument("--peers", nargs="+", choices=list(NOTES), default=list(NOTES), help=f"beside {ANCHOR}")
    parser.add_argument("--threads", nargs="+", type=int, default=list(THREADS))
    asked = parser.parse_args(arguments)
    asked.peers = [peer for peer in NOTES if peer in {*asked.peers, ANCHOR}]
    sizes = w7.check()
    command = " ".join(("python3 run.py bench engine", *arguments))
    with running() as server:
        settings = server.settings()
        table = Table(list(measure(server, asked)))
        rows = [table.row(peer, threads) for threads in asked.threads for peer in asked.peers]
        notes = [f"`{peer}`: {NOTES[peer]}" for peer in asked.peers]
        raw = [asdict(item) for item in table.measured]
        details = {"rows": rows, "notes": notes, "workload": sizes, "postgresql": settings, "raw": raw}
        results.save("engine", figures(table), command=command, details=details)  # whatever becomes of the rest
        server.make("w7", template=TEMPLATE)
        others = [results.Figure(**item) for item in server.child("small", server.address("w7"))["figures"]]
    path = results.save("engine", [*figures(table), *others], command=command, details=details)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
