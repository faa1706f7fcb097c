"""Speed and cost of one peer: a closed loop of runs, with the processor time of this process and of PostgreSQL."""

import asyncio
import os
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg

WARM_UP = 6  # runs of each thread before the clock starts
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Written:
    """What a database has seen so far: commits, inserted rows, and bytes of write-ahead log of the whole server."""

    commits: int
    rows: int
    wal: int


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a peer: so many threads (or tasks) for so many seconds, on this database of this server."""

    dsn: str
    postmaster: int
    threads: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment: seconds of the clock, of this process's processor time, and of PostgreSQL's."""

    clock: float
    client: float
    server: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement: ``runs`` of them in the time, ``all_runs`` with the warm-up; times in ms a run."""

    runs: int
    all_runs: int
    per_second: float
    p50: float
    p95: float
    client_cpu: float
    server_cpu: float
    before: Written


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def times(pid: int, *, reaped: bool) -> int:
    """Return user and system ticks of a process, with those of the children it has buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0  # it has just ended; its parent has its time
    return sum(map(int, fields[11:15] if reaped else fields[11:13]))


def server_seconds(postmaster: int) -> float:
    """Return the processor time that a PostgreSQL server has taken: postmaster, its children, and the ended ones."""
    try:
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="ascii").split()
    except OSError:
        return 0.0  # no /proc (macOS): the client's part is measured still
    return (times(postmaster, reaped=True) + sum(times(int(pid), reaped=False) for pid in children)) / TICK


def stamp(postmaster: int) -> Stamp:
    return Stamp(time.perf_counter(), time.process_time(), server_seconds(postmaster))


def written(dsn: str) -> Written:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(
            "SELECT xact_commit, tup_inserted, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint "
            "FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    return Written(*row) if row else Written(0, 0, 0)


def sample(latencies: Sequence[float], load: Load, begin: Stamp, before: Written) -> Sample:
    end, runs = stamp(load.postmaster), len(latencies)
    return Sample(
        runs=runs,
        all_runs=runs + WARM_UP * load.threads,
        per_second=runs / (end.clock - begin.clock),
        p50=statistics.median(latencies) * 1000,
        p95=percentile(latencies, 0.95) * 1000,
        client_cpu=(end.client - begin.client) / runs * 1000,
        server_cpu=(end.server - begin.server) / runs * 1000,
        before=before,
    )


def loop(once: Callable[[], object], load: Load) -> Sample:
    """Let each thread start its next run when the last has ended, for some time after a warm-up of all."""
    begun: list[Stamp] = []
    gate = threading.Barrier(load.threads, action=lambda: begun.append(stamp(load.postmaster)))

    def work(_: int) -> list[float]:
        for _ in range(WARM_UP):
            once()
        gate.wait()
        taken = []
        while (start := time.perf_counter()) < begun[0].clock + load.seconds:
            once()
            taken.append(time.perf_counter() - start)
        return taken

    before = written(load.dsn)
    with ThreadPoolExecutor(load.threads) as pool:
        latencies = [taken for each in pool.map(work, range(load.threads)) for taken in each]
    return sample(latencies, load, begun[0], before)


Run = Callable[[], Awaitable[None]]


def loop_async(prepare: Callable[[], Awaitable[Run]], load: Load) -> Sample:
    """Do the same with tasks of one event loop, in which ``prepare`` makes what one run is."""

    async def work(once: Run, begin: Stamp) -> list[float]:
        taken = []
        while (start := time.perf_counter()) < begin.clock + load.seconds:
            await once()
            taken.append(time.perf_counter() - start)
        return taken

    async def main() -> Sample:
        once = await prepare()
        before = written(load.dsn)
        for _ in range(WARM_UP):
            await asyncio.gather(*(once() for _ in range(load.threads)))
        begin = stamp(load.postmaster)
        each = await asyncio.gather(*(work(once, begin) for _ in range(load.threads)))
        return sample([taken for known in each for taken in known], load, begin, before)

    return asyncio.run(main())
