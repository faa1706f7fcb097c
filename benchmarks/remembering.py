"""What remembering verifications saves: answers judged with a full memory, an empty one and none, in one run.

``python -m benchmarks.remembering`` starts a Redis of its own. The answers are made of the demonstration's corpus: each
is asked about with every passage of some documents, once by a run that finds nothing and ROUNDS times by runs that ask
again. Every report with a memory is compared with the one without. Needs no database.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY

from audit.canonical import digest
from audit.ids import new_id
from audit.stakes import Stakes
from benchmarks import results
from benchmarks.judging.timing import forget
from benchmarks.measuring import percentile
from benchmarks.results import Figure
from benchmarks.server import running
from evidence import claims, passages, remembered
from evidence.claims import Statement
from evidence.gate import DEFAULT_POLICY, GateReport, judge
from evidence.passages import Passage
from evidence.recall import NOTHING, Memory
from evidence.typed.scoring import TYPED
from evidence.verdicts import Alignment
from evidence.verifying import Context, Verifier
from orchestration.verification_store import PREFIX, Store
from orchestration.verifications import Mark, RunMemory, code

CORPUS = Path(__file__).resolve().parent.parent / "deploy" / "demo" / "corpus"
ANSWERS, CLAIMS, PASSAGES, ROUNDS = 40, 10, 20, 25
SLOW_S = 0.02
ENTRIES = 50_000
GOAL = 0.95
KINDS = ("hit", "miss", "fault")
ROOT_KEY = b"benchmark".ljust(32, b"0")
NOTES = (
    "cold: whatever the process keeps of texts was forgotten before; warm: it judged the same answer just before",
    f"slow: a verifier that gives the same after {SLOW_S * 1000:.0f} ms a claim, as a model would on a processor",
    "hit: every claim is found in Redis; miss: none is, and all are kept; both with what the process keeps as said",
)


class WrongReport(Exception):
    """A memory changed a report: what was measured is not the same work."""


@dataclass(frozen=True, slots=True)
class Slow:
    """The typed verifier with the price of a model."""

    id: str = TYPED.id

    def align(self, claim: Statement, found: Sequence[Passage], *, context: Context) -> tuple[Alignment, ...]:
        time.sleep(SLOW_S)
        return TYPED.align(claim, found, context=context)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is judged in one call. Passages have ids of their own in every run, as a client's have."""

    question: str
    statements: tuple[Statement, ...]
    passages: tuple[Passage, ...]

    def again(self) -> "Answer":
        return replace(self, passages=tuple(replace(one, id=str(new_id())) for one in self.passages))

    def judged(self, verifier: Verifier, memory: Memory) -> GateReport:
        return judge(
            self.statements,
            self.passages,
            stakes=Stakes.MEDIUM,
            policy=DEFAULT_POLICY,
            context=self.question,
            verifier=verifier,
            memory=memory,
        )


@dataclass(slots=True)
class Series:
    """Milliseconds of answers, by how they were judged."""

    taken: dict[str, list[float]] = field(default_factory=dict)

    def time(self, name: str, once: Callable[[], GateReport]) -> GateReport:
        begin = time.perf_counter()
        report = once()
        self.taken.setdefault(name, []).append((time.perf_counter() - begin) * 1000)
        return report

    def p50(self, name: str) -> float:
        return statistics.median(self.taken[name])

    def told(self, name: str) -> str:
        return f"p50 {self.p50(name):.2f} ms, p95 {percentile(self.taken[name], 0.95):.2f} ms"


def corpus() -> tuple[Passage, ...]:
    return tuple(
        Passage("", path.stem, cut.text, digest(cut.text.encode()).hex(), trusted=True)
        for path in sorted(CORPUS.glob("*.md"))
        for cut in passages.cut(passages.read(path.read_bytes()))
    )


def answers() -> list[Answer]:
    """Draw answers of sentences of the corpus, a third of them changed in a number."""
    known, drawn = corpus(), random.Random(7)  # noqa: S311 - repeatable, not secret
    sentences = [one.text for passage in known for one in claims.split(passage.text)]
    found = []
    for number in range(ANSWERS):
        texts = drawn.sample(sentences, CLAIMS)
        said = [text.replace("2", "3") if place % 3 == 0 else text for place, text in enumerate(texts)]
        beside = tuple(drawn.sample(known, min(PASSAGES, len(known))))
        statements = claims.split("\n\n".join(said))
        found.append(Answer(f"What is known of case {number}?", statements, beside))
    return found


def memory(store: Store) -> RunMemory:
    """Return the memory of another run."""
    return RunMemory(store, remembered.keys_of(ROOT_KEY, "benchmark"), Mark(new_id(), ROOT_KEY))


def counted() -> Mapping[str, float]:
    name = "prometheus_verification_cache_total"
    return {kind: REGISTRY.get_sample_value(name, {"result": kind}) or 0.0 for kind in KINDS}


def emptied(store: Store) -> None:
    for name in store.client.scan_iter(f"{PREFIX}*"):
        store.client.delete(name)


def compare(expected: GateReport, report: GateReport, how: str) -> None:
    """Raise where a memory changed anything but the ids of passages.

    Raises:
        WrongReport: it did.
    """
    if plain(expected) != plain(report):
        raise WrongReport(f"{how}: the report is another than without a memory")


def plain(report: GateReport) -> list[object]:
    nameless = partial(replace, id="")
    return [
        replace(claim, evidence=tuple(replace(one, passage=nameless(one.passage)) for one in claim.evidence))
        for claim in report.claims
    ]


def three(known: Answer, verifier: Verifier, store: Store, series: Series, *, name: str, cold: bool) -> None:
    """Judge an answer without a memory, with one that has nothing of it, and with one that has it all."""
    emptied(store)
    found = {}
    for how, kept in (("none", NOTHING), ("miss", memory(store)), ("hit", memory(store))):
        asked = known.again()
        if cold:
            forget()
        else:
            asked.judged(TYPED, NOTHING)
        found[how] = series.time(f"{name} {how}", partial(asked.judged, verifier, kept))
    compare(found["none"], found["miss"], "miss")
    compare(found["none"], found["hit"], "hit")


@dataclass(frozen=True, slots=True)
class Round:
    """Every answer judged once more: what was counted, and how many bytes Redis holds after it."""

    hits: float
    misses: float
    faults: float
    held: int


def rounds(known: Sequence[Answer], store: Store) -> Iterator[Round]:
    """Judge each answer ROUNDS times in turn, each time as another run."""
    emptied(store)
    expected = [one.judged(TYPED, NOTHING) for one in known]
    for _ in range(ROUNDS):
        before = counted()
        for one, report in zip(known, expected, strict=True):
            compare(report, one.again().judged(TYPED, memory(store)), "repeat")
        after = counted()
        hits, misses, faults = (after[kind] - before[kind] for kind in KINDS)
        yield Round(hits, misses, faults, held(store))


def held(store: Store) -> int:
    """Return how many bytes Redis holds of it: entries, sets and what runs used."""
    client: Any = store.client
    return sum(client.memory_usage(name, samples=0) for name in client.scan_iter(f"{PREFIX}*"))


def figures(series: Series, done: Sequence[Round]) -> list[Figure]:
    first, again = done[0], done[1:]
    asked = first.hits + first.misses + first.faults
    hits, claims_again = sum(one.hits for one in again), asked * len(again)
    share, whole = hits / claims_again, (first.hits + hits) / (asked + claims_again)
    told = f"{ANSWERS} answers, {asked:,.0f} claims, {len(again)} times after a first; with that {whole:.3f}"
    known = [Figure("hits among claims that are asked again", round(share, 3), "", f"> {GOAL:g}", share > GOAL, told)]
    for name in ("typed, cold", "typed, warm", "slow"):
        none = series.p50(f"{name} none")
        for how in ("hit", "miss"):
            note = f"{how} {series.told(f'{name} {how}')}; without {series.told(f'{name} none')}"
            ratio = round(series.p50(f"{name} {how}") / none, 3)
            known.append(Figure(f"{name}, {how} against no cache, p50 of an answer", ratio, "x", note=note))
    entry, use = first.held / asked, (again[-1].held - first.held) / claims_again
    size = f"{PASSAGES} passages an answer; each further use by a run {use:.0f} bytes"
    return [*known, Figure("memory of Redis for an entry that one run used", round(entry), "bytes", note=size)]


def main() -> None:
    known, series = answers(), Series()
    code()
    with running() as server:
        store = Store(server.environment["REDIS_URL"], seconds=3600, most=ENTRIES)
        three(known[0], TYPED, store, Series(), name="first", cold=False)
        for one in known:
            three(one, TYPED, store, series, name="typed, cold", cold=True)
            three(one, TYPED, store, series, name="typed, warm", cold=False)
        for one in known[:10]:
            three(one, Slow(), store, series, name="slow", cold=True)
        done = list(rounds(known, store))
    details = {"notes": NOTES, "rounds": [asdict(one) for one in done]}
    command = "python -m benchmarks.remembering"
    path = results.save("remembering", figures(series, done), command=command, details=details)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
