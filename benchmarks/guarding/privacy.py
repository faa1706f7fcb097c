"""How well Privacy finds personal data in texts with typed spans: by kind, in characters, and how long it takes.

The data set cuts an address into street, suite and postal code, and a name into its title and the rest. Here spans of
an address with nothing but white space and punctuation between them are one, town and country included, and so are
those of a name.
"""

import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.spans import Span
from benchmarks.judging.items import DataError
from benchmarks.results import Figure
from guardians import privacy
from guardians.guardian import Part, Piece

ROOT = Path(privacy.__file__).parent.parent
FILE = Path("privacy") / "presidio_generated_large.json"
IOU = 0.5
# What the data set calls it, what Privacy calls it.
KINDS = {
    "EMAIL_ADDRESS": "EMAIL", "IBAN_CODE": "IBAN", "CREDIT_CARD": "CREDIT_CARD", "US_SSN": "US_SSN", "IP_ADDRESS": "IP",
    "DOMAIN_NAME": "URL", "PHONE_NUMBER": "PHONE", "DATE_TIME": "DATE_TIME", "PERSON": "PERSON", "PREFIX": "PERSON",
    "ADDRESS": "STREET_ADDRESS", "LOCATION": "LOCATION", "ORGANIZATION": "ORGANIZATION",
    "US_DRIVER_LICENSE": "DRIVER_LICENSE", "TITLE": "TITLE",
}  # fmt: skip
# A job: the data set labels it and Privacy does not look for it, since alone it leads to nobody.
NOT_LOOKED_FOR = frozenset({"TITLE"})
ALIKE = {"DATE_OF_BIRTH": "DATE_TIME"}
GOALS = {
    "EMAIL": 0.99, "IBAN": 0.99, "CREDIT_CARD": 0.99, "US_SSN": 0.99, "IP": 0.99, "URL": 0.99, "PHONE": 0.9,
    "DATE_TIME": 0.95, "PERSON": 0.8, "STREET_ADDRESS": 0.7,
}  # fmt: skip
RECALL, PRECISION = 0.85, 0.9
CPU_LIMIT, WHOLE_LIMIT, WHOLE = 3.0, 15.0, 4_000
MEMORY_LIMIT = 40.0  # MB
# Prints how much larger a process is once it has looked through texts than with the types of a vote alone.
MEMORY = """
import json, os, pathlib, sys
from guardians.guardian import Part, Piece
def size(): return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
texts = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
before = size()
from guardians.privacy import found_in
for text in texts: list(found_in([Piece(Part.ANSWER, "answer", text["full_text"])]))
print(size() - before)
"""
BETWEEN = {"STREET_ADDRESS": re.compile(r"[\s,;>?|\\/-]{0,8}"), "PERSON": re.compile(r" ")}


@dataclass(frozen=True, slots=True)
class Typed:
    """A span of a text and its kind, as the data set or as Privacy has it."""

    kind: str
    span: Span


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with what is in it."""

    text: str
    spans: tuple[Typed, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """Of one kind: what was found rightly, found wrongly, and missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)


def labelled(folder: Path) -> tuple[Labelled, ...]:
    """Return the texts of a folder with development data.

    Raises:
        DataError: the file is missing or of another form.
    """
    path = folder / FILE
    try:
        return tuple(item_of(row) for row in json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise DataError(f"{path.name} is not in {path.parent}; name the folder that holds it with --data") from error
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path.name} has another form ({type(error).__name__}: {error}); fetch it again") from error


def item_of(row: Mapping[str, object]) -> Labelled:
    text, spans = row["full_text"], row["spans"]
    if not isinstance(text, str) or not isinstance(spans, list):
        raise TypeError("full_text is a text and spans are a list")
    typed = [Typed(KINDS[s["entity_type"]], Span(s["start_position"], s["end_position"])) for s in spans]
    return Labelled(text, tuple(merged(text, sorted(typed, key=lambda one: one.span.start))))


def merged(text: str, spans: Iterable[Typed]) -> Iterator[Typed]:
    """Yield spans in order, with the parts of one address, and of one name, as one."""
    last: Typed | None = None
    for one in spans:
        if last is not None and joined(text, last, one):
            last = Typed(last.kind if last.kind == "PERSON" else "STREET_ADDRESS", Span(last.span.start, one.span.end))
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last


def joined(text: str, one: Typed, other: Typed) -> bool:
    """Tell whether two spans are of one name, or of one address; a town stands after its street."""
    kinds = {one.kind, other.kind}
    between = text[one.span.end : other.span.start]
    if kinds == {"PERSON"}:
        return BETWEEN["PERSON"].fullmatch(between) is not None
    address = kinds <= {"STREET_ADDRESS", "LOCATION"} and "STREET_ADDRESS" in kinds
    return address and BETWEEN["STREET_ADDRESS"].fullmatch(between) is not None


def found_in(text: str) -> tuple[Typed, ...]:
    findings = privacy.found_in([Piece(Part.ANSWER, "answer", text)])
    return tuple(Typed(ALIKE.get(f.kind, f.kind), f.span) for f in findings if f.span is not None)


def overlap(one: Span, other: Span) -> float:
    """Return the intersection over the union of two spans, 0 to 1."""
    inside = max(0, min(one.end, other.end) - max(one.start, other.start))
    return inside / (one.end - one.start + other.end - other.start - inside)


def counted(items: Sequence[Labelled], found: Sequence[Sequence[Typed]]) -> dict[str, Counted]:
    """Return the counts by kind. A span of the data set is found by at most one of ours, of the same kind."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in sorted({*KINDS.values()})}
    for item, ours in zip(items, found, strict=True):
        left = list(item.spans)
        for one in ours:
            match = next((gold for gold in left if gold.kind == one.kind and overlap(gold.span, one.span) >= IOU), None)
            counts.setdefault(one.kind, Counter())["wrong" if match is None else "right"] += 1
            if match is not None:
                left.remove(match)
        for gold in left:
            counts[gold.kind]["missed"] += 1
    return {kind: Counted(count["right"], count["wrong"], count["missed"]) for kind, count in counts.items()}


def characters(items: Sequence[Labelled], found: Sequence[Sequence[Typed]]) -> Counted:
    """Return the characters masked rightly, masked wrongly, and left in the text, whatever their kind."""
    right = wrong = missed = 0
    for item, ours in zip(items, found, strict=True):
        gold, masked = places(item.spans), places(ours)
        right, wrong, missed = right + len(gold & masked), wrong + len(masked - gold), missed + len(gold - masked)
    return Counted(right, wrong, missed)


def places(spans: Iterable[Typed]) -> set[int]:
    return {place for one in spans for place in range(one.span.start, one.span.end)}


def figures(folder: Path) -> list[Figure]:
    """Return what Privacy finds in the labelled texts of a folder, and how long it takes.

    Raises:
        DataError: as ``labelled``.
    """
    items = labelled(folder)
    found = [found_in(item.text) for item in items]
    kinds, masked = counted(items, found), characters(items, found)
    return [*of_kinds(kinds), *of_characters(masked), *of_time(items), of_memory(folder)]


def of_kinds(counts: Mapping[str, Counted]) -> Iterator[Figure]:
    """Yield a figure for each kind that the data set holds and Privacy looks for: of others it says nothing."""
    for kind, count in counts.items():
        if kind in NOT_LOOKED_FOR or not count.right + count.missed:
            continue
        least = GOALS.get(kind)
        note = f"precision {count.precision:.3f}, recall {count.recall:.3f}; {count.right + count.missed} in the data"
        yield Figure(
            f"privacy, {kind}, F1",
            round(count.f1, 3),
            "",
            "" if least is None else f">= {least:g}",
            None if least is None else count.f1 >= least,
            note,
        )


def of_characters(count: Counted) -> Iterator[Figure]:
    note = f"{count.right + count.missed} characters of personal data, all kinds of the data set"
    for what, value, least in (("recall", count.recall, RECALL), ("precision", count.precision, PRECISION)):
        yield Figure(f"privacy, characters masked, {what}", round(value, 3), "", f">= {least:g}", value >= least, note)


def of_time(items: Sequence[Labelled]) -> Iterator[Figure]:
    """Yield processor time a kilobyte of short texts, and clock time of texts of 4 kB, nothing remembered."""
    texts = [item.text for item in items]
    taken = [cpu_of(texts) for _ in range(3)]
    note = f"{len(texts)} texts, {sum(map(len, texts)) / 1000:.0f} kB, one thread, best of three"
    yield Figure(
        "privacy, processor time", round(min(taken), 2), "ms/kB", f"< {CPU_LIMIT:g} ms/kB", min(taken) < CPU_LIMIT, note
    )
    joined_text = "\n".join(texts)
    wholes = [joined_text[place : place + WHOLE] for place in range(0, len(joined_text) - WHOLE, WHOLE)]
    clock = sorted(clock_of(text) for text in wholes)
    p95 = clock[int(0.95 * len(clock))]
    note = f"{len(wholes)} texts, one after the other; p50 {clock[len(clock) // 2]:.1f} ms"
    yield Figure("privacy, a text of 4 kB, p95", round(p95, 1), "ms", f"< {WHOLE_LIMIT:g} ms", p95 < WHOLE_LIMIT, note)


def of_memory(folder: Path) -> Figure:
    """Return what Privacy adds to a process, its lists of names and places included: measured in one of its own."""
    command = [sys.executable, "-c", MEMORY, str(folder / FILE)]
    added = float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    note = "resident memory after all texts, less that with the types of a vote and the texts alone"
    return Figure(
        "privacy, memory added", round(added, 1), "MB", f"<= {MEMORY_LIMIT:g} MB", added <= MEMORY_LIMIT, note
    )


def cpu_of(texts: Sequence[str]) -> float:
    privacy.remembered.cache_clear()
    began = time.process_time()
    for text in texts:
        found_in(text)
    return (time.process_time() - began) * 1000 / (sum(map(len, texts)) / 1000)


def clock_of(text: str) -> float:
    privacy.remembered.cache_clear()
    began = time.perf_counter()
    found_in(text)
    return (time.perf_counter() - began) * 1000
