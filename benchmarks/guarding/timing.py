"""How long the guardians take: all policy packs once, each guardian by the length of a text, all of them on 4 kB."""

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.stakes import Stakes
from benchmarks.judging.items import DataError
from benchmarks.measuring import percentile
from benchmarks.results import Figure
from guardians import compliance, packs
from guardians.compliance import Compliance
from guardians.guardian import Guardian, Material, Part, Piece, cast
from guardians.packs import PackSet
from guardians.privacy import Privacy
from guardians.safety import Safety

TEXTS = Path("privacy") / "presidio_generated_large.json"
LENGTH, TIMES, EVALUATIONS, CLAIMS = 4_000, 80, 500, 10
PACKS_LIMIT, PRIVACY_LIMIT, SAFETY_LIMIT, ALL_LIMIT = 0.5, 3.0, 4.0, 50.0  # ms


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds a call: of the clock at the median and the 95th percentile, and of the processor at the median."""

    p50: float
    p95: float
    cpu: float


def texts_in(folder: Path) -> list[str]:
    """Return texts of ``LENGTH`` characters, no two alike: the folder's, one after the other, cut.

    Raises:
        DataError: the folder has too few of them.
    """
    try:
        known = json.loads((folder / TEXTS).read_text(encoding="utf-8"))
        whole = " ".join(str(item["full_text"]) for item in known)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{folder / TEXTS} cannot be read ({type(error).__name__}); it holds a list of texts"
        ) from error
    if len(whole) < LENGTH * TIMES // 4:
        raise DataError(f"{folder / TEXTS} has {len(whole):,} characters; {LENGTH * TIMES // 4:,} are timed: give more")
    step = (len(whole) - LENGTH) // TIMES
    return [whole[place : place + LENGTH] for place in range(0, step * TIMES, step)]


def taken(calls: Sequence[Callable[[], object]]) -> Taken:
    """Time calls one after the other in this thread, each once: what is remembered of a text is of no use then."""
    clock: list[float] = []
    processor: list[float] = []
    for call in calls:
        begin, used = time.perf_counter(), time.process_time()
        call()
        processor.append((time.process_time() - used) * 1000)
        clock.append((time.perf_counter() - begin) * 1000)
    return Taken(statistics.median(clock), percentile(clock, 0.95), statistics.median(processor))


def figures(folder: Path) -> list[Figure]:
    """Return the figures of time.

    Raises:
        DataError: as ``texts_in``.
    """
    known = packs.load(Path(packs.__file__).parent / "packs")
    texts = texts_in(folder)
    safety, privacy, policies = Safety(), Privacy(), Compliance(known)
    facts = facts_of()
    return [
        of_packs(known, facts),
        by_length("Privacy", privacy, texts, limit=PRIVACY_LIMIT),
        by_length("Safety", safety, texts, limit=SAFETY_LIMIT),
        together((safety, privacy, policies), texts, facts),
    ]


def facts_of() -> Mapping[str, object]:
    """Return facts about which most packs have something to ask: a person's health in the EU, and ten claims."""
    asked = {"jurisdiction": "EU", "purpose": "care", "lawful_basis": "consent"}
    claims = [{"domain": "medical", "support": 0.9, "grounded": True}] * CLAIMS
    return compliance.facts(request=asked, claims=claims, entities=["EMAIL", "PERSON", "PHONE"])


def of_packs(known: PackSet, facts: Mapping[str, object]) -> Figure:
    known.evaluate(facts)
    took = taken([lambda: known.evaluate(facts)] * EVALUATIONS)
    note = f"{len(known.rules)} rules of {len(known.packs)} packs, {CLAIMS} claims, {EVALUATIONS} times; "
    note += f"p95 {took.p95:.2f} ms, processor {took.cpu:.2f} ms"
    return Figure(
        "all rule packs, one evaluation, p50",
        round(took.p50, 3),
        "ms",
        f"< {PACKS_LIMIT:g} ms",
        took.p50 < PACKS_LIMIT,
        note,
    )


def shown(text: str, facts: Mapping[str, object]) -> Material:
    return Material((Piece(Part.ANSWER, "answer", text),), facts, Stakes.MEDIUM, "p" * 64)


def by_length(name: str, guardian: Guardian, texts: Sequence[str], *, limit: float) -> Figure:
    calls = [asking(guardian, shown(f"{text} {name}", {})) for text in texts]
    calls[0]()
    took = taken(calls[1:])
    value = took.cpu / (LENGTH / 1000)
    note = f"texts of {LENGTH / 1000:g} kB, each once, {len(calls) - 1} of them; clock p95 {took.p95:.1f} ms a text"
    return Figure(f"{name}, processor time per kB", round(value, 2), "ms", f"< {limit:g} ms", value < limit, note)


def together(guardians: Sequence[Guardian], texts: Sequence[str], facts: Mapping[str, object]) -> Figure:
    """Measure all guardians one after the other, which is what they cost side by side on one processor."""
    calls = [every(guardians, shown(f"{text} together", facts)) for text in texts]
    calls[0]()
    took = taken(calls[1:])
    note = f"one thread, texts of {LENGTH / 1000:g} kB, each once, {len(calls) - 1} of them; p50 {took.p50:.1f} ms"
    return Figure(
        "three guardians on 4 kB, p95", round(took.p95, 1), "ms", f"< {ALL_LIMIT:g} ms", took.p95 < ALL_LIMIT, note
    )


def asking(guardian: Guardian, material: Material) -> Callable[[], object]:
    return lambda: cast(guardian, material, clock=time.perf_counter_ns)


def every(guardians: Sequence[Guardian], material: Material) -> Callable[[], object]:
    return lambda: [cast(guardian, material, clock=time.perf_counter_ns) for guardian in guardians]
