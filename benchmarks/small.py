"""Figures of single parts, without a peer in the same run but for the audited insert: it has the plain one."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from audit import keys, ledger
from audit.actors import Actor, ActorKind
from audit.canonical import digest
from audit.events import EventType
from audit.ids import new_id
from audit.stakes import Stakes
from benchmarks import w7
from benchmarks.measuring import percentile
from benchmarks.ours import Corpus, accept
from benchmarks.results import Figure
from evidence import claims, gate
from evidence.gate import DEFAULT_POLICY
from evidence.passages import Passage
from guardians.guardian import Material, Part, Piece
from orchestration import material
from orchestration.engine import statement
from orchestration.engine.bench import parts
from orchestration.engine.checkpoints import DjangoSaver
from orchestration.engine.journal import journal_for
from orchestration.models import Draft, Run

WRITERS, ROUNDS, SECONDS = 16, 5, 1.0
RSS = """
import os
{first}
import {modules}
print(next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS")) / 1000)
"""
SETUP = "os.environ['DJANGO_SETTINGS_MODULE'] = 'prometheus_site.settings'; import django; django.setup()"


def timed(once: Callable[[], object], times: int) -> float:
    """Return the 95th percentile of so many calls, in ms."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        once()
        taken.append(time.perf_counter() - start)
    return percentile(taken, 0.95) * 1000


def checkpoint(corpus: Corpus, *, times: int = 200) -> Figure:
    """Measure one durable checkpoint: sealed, digested, chained to its parent and flushed at a barrier."""
    run = Run.objects.get(pk=accept(corpus))
    journal, saver = journal_for(run, key=keys.load(run.key_id)), DjangoSaver()
    saver.attach(journal)
    place: Any = {"configurable": {"thread_id": journal.thread, "checkpoint_ns": ""}}

    def put() -> None:
        nonlocal place
        version = saver.get_next_version(None, None)
        saved: Any = {
            "v": 4,
            "id": str(new_id()),
            "ts": journal.now().isoformat(),
            "channel_values": {"passages": list(w7.PASSAGES)},
            "channel_versions": {"passages": version},
            "versions_seen": {},
        }
        journal.barrier = True
        place = saver.put(place, saved, {"source": "loop", "step": 1, "parents": {}}, {"passages": version})

    timed(put, 20)
    p95 = timed(put, times)
    note = f"{times} checkpoints of 4.4 kB, one after the other, each in a commit that waits for the disk"
    return Figure("durable checkpoint, p95", round(p95, 2), "ms", "< 5 ms", p95 < 5, note)


class Writer:
    """One thread's connection, run and chain."""

    def __init__(self, run: UUID) -> None:
        self.connection = psycopg.connect(**reached(), autocommit=True)
        self.actor = Actor(ActorKind.WORKER, "bench", None)
        self.run, self.revision, self.chain = run, 0, ledger.Chain(f"bench:{run}", 0, ledger.genesis(f"bench:{run}"))

    def write(self, *, audited: bool) -> None:
        row = Draft(id=new_id(), run_id=self.run, revision=self.revision, text_sealed=bytes(400), provider="w7")
        self.revision += 1
        batch = statement.Batch(rows=[row])
        if audited:
            event = ledger.Event(EventType.RUN_DRAFTED, self.actor, {"revision": self.revision}, run=self.run)
            batch.add(self.chain.extend(event))
        statement.execute(self.connection, batch)


def reached() -> dict[str, Any]:
    known = connection.get_connection_params()
    return {name: known[name] for name in ("host", "port", "user", "password", "dbname") if known.get(name)}


def inserts(writers: list[Writer], *, audited: bool) -> float:
    """Return how many durable inserts a second all writers do together."""
    gate_ = threading.Barrier(len(writers))

    def work(writer: Writer) -> int:
        gate_.wait()
        ends, done = time.perf_counter() + SECONDS, 0
        while time.perf_counter() < ends:
            writer.write(audited=audited)
            done += 1
        return done

    with ThreadPoolExecutor(len(writers)) as pool:
        return sum(pool.map(work, writers)) / SECONDS


def audited_inserts(corpus: Corpus) -> Figure:
    writers = [Writer(accept(corpus)) for _ in range(WRITERS)]
    for audited in (False, True):
        inserts(writers, audited=audited)
    pairs = [(inserts(writers, audited=False), inserts(writers, audited=True)) for _ in range(ROUNDS)]
    for writer in writers:
        writer.connection.close()
    ratios = sorted(with_ / without for without, with_ in pairs)
    value, plain = ratios[ROUNDS // 2], sorted(without for without, _ in pairs)[ROUNDS // 2]
    note = f"{WRITERS} writers, {ROUNDS} interleaved rounds, {ratios[0]:.2f} to {ratios[-1]:.2f}; plain {plain:.0f}/s"
    what = "audited insert against plain insert, 16 writers"
    return Figure(what, round(value, 2), "x", ">= 0.8x", value >= 0.8, note)


def gating() -> Figure:
    texts = [w7.passage(number)["text"] for number in range(20)]
    passages = [
        Passage(f"p{n}", f"doc-{n % 4}", text, digest(text.encode()).hex(), trusted=True)
        for n, text in enumerate(texts)
    ]
    statements = claims.split(" ".join(w7.cited(number)["text"] for number in range(10)))

    def once() -> None:
        gate.judge(statements, passages, stakes=Stakes.MEDIUM, policy=DEFAULT_POLICY)

    timed(once, 5)
    p95 = timed(once, 60)
    note = f"{len(statements)} claims, {len(passages)} passages of 0.4 kB, one thread, 60 times"
    return Figure("gate, 10 claims x 20 passages, p95", round(p95, 2), "ms", "< 25 ms", p95 < 25, note)


def guarding() -> Figure:
    text = " ".join(w7.passage(number)["text"] for number in range(12))[:4096]
    report = gate.judge([], [], stakes=Stakes.MEDIUM, policy=DEFAULT_POLICY)
    facts = material.facts_for(
        {}, report=report, findings=[], tools=[], stakes=Stakes.MEDIUM, on=datetime.now(UTC).date()
    )
    shown = Material((Piece(Part.ANSWER, "answer", text),), facts, Stakes.MEDIUM, parts().policy_hash)

    texts = iter([f"{text} Look {number}." for number in range(65)])  # Privacy remembers texts: each is a new one

    def once() -> None:
        piece = Piece(Part.ANSWER, "answer", next(texts))
        parts().panel.hear(replace(shown, pieces=(piece,)))

    timed(once, 5)
    p95 = timed(once, 60)
    note = "side by side with their deadlines, 60 texts"
    return Figure("three guardians on 4 kB, p95", round(p95, 2), "ms", "< 50 ms", p95 < 50, note)


def resident(modules: str, what: str, limit: int) -> Figure:
    """Measure what a process takes after its imports: a lower bound for the running one."""
    code = RSS.format(first=SETUP, modules=modules)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    value = float(done.stdout.splitlines()[-1])
    return Figure(what, round(value), "MB", f"< {limit} MB", value < limit, f"resident, after importing {modules}")


def measure() -> list[Figure]:
    corpus = Corpus()
    return [
        checkpoint(corpus),
        audited_inserts(corpus),
        gating(),
        guarding(),
        resident("prometheus_site.wsgi, prometheus_site.urls", "memory of a web process after its imports", 150),
        resident("orchestration.tasks, orchestration.engine.driver", "memory of a worker after its imports", 250),
    ]
