"""How long the gate takes for ten claims and twenty passages, with what it remembers forgotten and at hand."""

import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.judging.items import DataError, Item
from benchmarks.judging.judged import Bench, passages_of
from benchmarks.measuring import percentile
from benchmarks.results import Figure
from evidence import claims, gate
from evidence.claims import Statement
from evidence.passages import Passage
from evidence.verdicts import Alignment
from evidence.verifying import Context, Verifier

CLAIMS, PASSAGES, OF_AN_ITEM = 10, 20, 2
MATERIALS, TIMES = 12, 5
GATE_LIMIT, CORE_LIMIT = 25.0, 6.0  # ms


@dataclass(frozen=True, slots=True)
class Material:
    """An answer of ten claims, a paragraph each, and twenty passages, among them what the claims are about."""

    answer: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds of so many calls: of the clock at the median and the 95th percentile, and of the processor."""

    calls: int
    p50: float
    p95: float
    cpu: float


def material(items: Sequence[Item], *, seed: int) -> Material:
    """Draw ten claims with twenty passages of their and of other items' evidence.

    Raises:
        DataError: the items have fewer claims or passages.
    """
    drawn = random.Random(seed).sample(items, k=len(items))  # noqa: S311 - repeatable, not secret
    found = [passage for item in drawn for passage in passages_of(item)[:OF_AN_ITEM]][:PASSAGES]
    if len(drawn) < CLAIMS or len(found) < PASSAGES:
        raise DataError(
            f"{len(drawn)} claims and {len(found)} passages; {CLAIMS} and {PASSAGES} are timed: give more items"
        )
    return Material("\n\n".join(item.claim for item in drawn[:CLAIMS]), tuple(found))


def forget() -> None:
    """Empty whatever the modules of the gate remember of texts."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "evidence":
            for found in vars(module).values():
                clear = getattr(found, "cache_clear", None)
                if callable(clear):
                    clear()


def whole(found: Material, bench: Bench) -> Callable[[], object]:
    """Return what judges an answer: split, ranked, aligned, weighed."""
    return lambda: gate.judge(
        claims.split(found.answer),
        found.passages,
        stakes=bench.stakes,
        policy=bench.policy,
        verifier=bench.verifier,
    )


def core(found: Material, bench: Bench) -> Callable[[], object]:
    """Return what aligns every claim with every passage, and no more."""
    statements = claims.split(found.answer)
    return lambda: aligned_all(statements, Context("", found.passages), bench.verifier)


def aligned_all(statements: Sequence[Statement], around: Context, verifier: Verifier) -> list[Sequence[Alignment]]:
    return [verifier.align(statement, around.passages, context=around) for statement in statements]


def taken(calls: Sequence[Callable[[], object]], *, cold: bool, times: int = TIMES) -> Taken:
    """Time calls one after the other in this thread; without ``cold`` each is called once before it counts."""
    clock: list[float] = []
    processor: list[float] = []
    for call in calls:
        if not cold:
            call()
        for _ in range(times):
            if cold:
                forget()
            begin, used = time.perf_counter(), time.process_time()
            call()
            processor.append((time.process_time() - used) * 1000)
            clock.append((time.perf_counter() - begin) * 1000)
    return Taken(len(clock), statistics.median(clock), percentile(clock, 0.95), statistics.median(processor))


def figures(sets: Sequence[tuple[str, Sequence[Item]]], bench: Bench) -> list[Figure]:
    """Return the figures of the whole gate and of its core, for the passages of each set."""
    found: list[Figure] = []
    for name, items in sets:
        materials = [material(items, seed=seed) for seed in range(MATERIALS)]
        words = statistics.fmean(len(passage.text.split()) for one in materials for passage in one.passages)
        told = f"{CLAIMS} claims x {PASSAGES} passages of {words:.0f} words ({name})"
        for state in ("cold", "warm"):
            gates = taken([whole(one, bench) for one in materials], cold=state == "cold")
            cores = taken([core(one, bench) for one in materials], cold=state == "cold")
            found += [of_gate(told, state, gates), of_core(told, state, cores)]
    return found


def of_gate(told: str, state: str, took: Taken) -> Figure:
    note = f"one thread, {took.calls} times; p50 {took.p50:.1f} ms, processor {took.cpu:.1f} ms"
    what = f"gate with splitting, {told}, {state} caches, p95"
    return Figure(what, round(took.p95, 1), "ms", f"< {GATE_LIMIT:g} ms", took.p95 < GATE_LIMIT, note)


def of_core(told: str, state: str, took: Taken) -> Figure:
    note = f"every claim with every passage, {took.calls} times; clock p50 {took.p50:.1f} ms, p95 {took.p95:.1f} ms"
    what = f"alignment core, {told}, {state} caches, processor time"
    return Figure(what, round(took.cpu, 1), "ms", f"< {CORE_LIMIT:g} ms", took.cpu < CORE_LIMIT, note)
