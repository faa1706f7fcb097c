"""Figures of what the gate said: of each set of labelled claims, and of claims changed in one detail."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from benchmarks.judging import measures
from benchmarks.judging.judged import Judged, points
from benchmarks.judging.measures import FALSE_POSITIVES, Drawn, Measure, Point
from benchmarks.perturbing import Perturbed
from benchmarks.results import Figure
from evidence.gate import Verdict

FEW_WORDS = 5
HALF = 0.5
# The share of changed claims to be found at 5 % false positives.
DETECTED = {
    "number changed": 0.97,
    "date changed": 0.97,
    "unit changed": 0.97,
    "entity from outside": 0.97,
    "negation flipped": 0.92,
    "antonym": 0.92,
    "number from the same evidence": 0.70,
    "entity from the same evidence": 0.70,
    "roles swapped": 0.50,
    "quantifier or modality": 0.70,
    "detail added": 0.60,
}


@dataclass(frozen=True, slots=True)
class Changed:
    """A changed claim with what the gate said of it and of the claim it was made from."""

    perturbed: Perturbed
    judged: Judged
    base: Judged


def share(what: str, value: float, *, least: float | None = None, note: str = "") -> Figure:
    """Return a figure from 0 to 1 that is to be high."""
    goal = "" if least is None else f">= {least:g}"
    return Figure(what, round(value, 3), "", goal, None if least is None else round(value, 3) >= least, note)


def percent(what: str, value: float, *, least: float | None = None, note: str = "") -> Figure:
    """Return a share in per cent that is to be high."""
    goal = "" if least is None else f">= {least:.0%}".replace("%", " %")
    return Figure(what, round(100 * value, 1), "%", goal, None if least is None else value >= least, note)


def with_interval(found: Sequence[Point], measure: Measure) -> str:
    inside = measures.interval(found, measure)
    kept = sum(point.supported for point in found)
    return f"95 % interval {inside.low:.3f} to {inside.high:.3f}; {kept} supported, {len(found) - kept} not"


def auroc(what: str, found: Sequence[Point], *, least: float | None = None) -> Figure:
    note = with_interval(found, measures.auroc)
    return share(f"{what}, AUROC", measures.auroc(found), least=least, note=note)


def said(words: Sequence[bool], found: Sequence[Point]) -> list[Point]:
    """Return what was said of each point as its score: 1 or 0."""
    return [Point(float(word), point.supported, point.group) for word, point in zip(words, found, strict=True)]


def balanced(what: str, how: str, words: Sequence[bool], found: Sequence[Point], *, least: float | None) -> Figure:
    decided = said(words, found)
    note = with_interval(decided, lambda some: measures.balanced_at(some, 0.5))
    return share(f"{what}, balanced accuracy {how}", measures.balanced(words, found), least=least, note=note)


def accuracies(what: str, judged: Sequence[Judged], threshold: float, *, least: float | None = None) -> list[Figure]:
    """Return the balanced accuracy of the verdicts, of the policy's threshold and of one from other folds."""
    found = points(judged)
    ways = (
        ("of the threshold from the other four folds", measures.cross_validated(found)),
        ("by verdict", [one.published for one in judged]),
    )
    of_policy = [point.score >= threshold for point in found]
    return [
        *(balanced(what, how, words, found, least=least) for how, words in ways),
        balanced(what, f"of the policy's threshold {threshold:g} on the score", of_policy, found, least=None),
    ]


def error(what: str, found: Sequence[Point]) -> Figure:
    value = round(measures.ece(found), 3)
    note = f"{measures.BINS} bins of equal mass; {with_interval(found, measures.ece)}"
    return Figure(f"{what}, calibration error (ECE) of the score", value, "", "<= 0.04", value <= 0.04, note)


def bounded(what: str, found: Sequence[Point], *, least: float | None = None) -> list[Figure]:
    """Return what is kept while the bound on the leak is 5 %, and in how many draws the bound held."""
    drawn = measures.drawn(found)
    note = (
        f"mean of {measures.DRAWS} halvings by group, threshold from the other half (RCPS, delta {measures.DELTA}), "
        f"where {drawn.none:.0%} found none and kept nothing; leak {drawn.leak:.1%}"
    ).replace("%", " %")
    return [
        percent(f"{what}, supported kept at a leak of at most 5 %", drawn.kept, least=least, note=note),
        percent(
            f"{what}, draws in which the bound held",
            drawn.held,
            least=0.9 if drawn.none < HALF else None,
            note=held(drawn),
        ),
    ]


def held(drawn: Drawn) -> str:
    tried, broken = (round(share_ * measures.DRAWS) for share_ in (1 - drawn.none, 1 - drawn.held))
    told = f"more than 5 % leaked on the other half in {broken} of the {tried} draws that had a threshold"
    return told if drawn.none < HALF else f"{told}: too few of {measures.DRAWS} for a goal"


def of_wice(judged: Sequence[Judged], threshold: float) -> Iterator[Figure]:
    what, found = "WiCE dev", points(judged)
    clear = points([one for one in judged if one.item.label != "partially_supported"])
    yield auroc(f"{what}, supported against the rest", found, least=0.85)
    yield auroc(f"{what}, supported against not supported", clear, least=0.95)
    yield from accuracies(what, judged, threshold, least=0.78)
    yield error(what, found)
    yield from bounded(what, found, least=0.45)


def of_halueval(judged: Sequence[Judged], threshold: float) -> Iterator[Figure]:
    what, found = "HaluEval-QA", points(judged)
    yield auroc(f"{what}, right against hallucinated", found, least=0.8)
    for turn in ("one-turn", "multi-turn"):
        yield auroc(f"{what}, {turn} only", points([one for one in judged if one.item.label in {"right", turn}]))
    short = [one for one in judged if len(one.item.claim.split()) <= FEW_WORDS]
    if short:
        yield auroc(f"{what}, answers of at most {FEW_WORDS} words", points(short))
    yield from accuracies(what, judged, threshold)
    yield error(what, found)
    yield from bounded(what, found)
    silent = sum(one.statements == 0 for one in judged) / len(judged)
    note = '"Yes" alone states nothing, so nothing is published; scored 0 here'
    yield percent(f"{what}, answers without a statement", silent, note=note)


def of_fever(judged: Sequence[Judged], threshold: float) -> Iterator[Figure]:
    what, found = "FeverSymmetric dev", points(judged)
    leaning = [Point((one.support + 1 - one.contradiction) / 2, one.item.supported, one.item.group) for one in judged]
    for how, scored, least in (("support", found, 0.72), ("support less contradiction", leaning, None)):
        words = measures.cross_validated(scored)
        note = with_interval(said(words, scored), lambda some: measures.accuracy([p.score > 0 for p in some], some))
        yield share(f"{what}, accuracy from {how}", measures.accuracy(words, scored), least=least, note=note)
    yield auroc(f"{what}, SUPPORTS against REFUTES", found)
    yield from accuracies(what, judged, threshold)[1:]
    yield error(what, found)
    yield from bounded(what, found)
    yield from decided(what, judged)


def decided(what: str, judged: Sequence[Judged]) -> Iterator[Figure]:
    """Yield how many pairs a verdict decides, and how many of those it decides rightly."""
    for verdict, truth in ((Verdict.SUPPORTED, True), (Verdict.CONTRADICTED, False)):
        found = [one for one in judged if one.verdict is verdict]
        right = sum(one.item.supported is truth for one in found)
        of = sum(one.item.supported is truth for one in judged)
        note = f"{right} of {len(found)}; {right / max(1, of):.1%} of the {of} that are so".replace("%", " %")
        yield percent(f"{what}, {verdict} that are right", right / max(1, len(found)), note=note)
    both = [one for one in judged if one.verdict in {Verdict.SUPPORTED, Verdict.CONTRADICTED}]
    yield percent(f"{what}, pairs decided by verdict", len(both) / max(1, len(judged)), note=f"{len(both)} pairs")


def of_changes(unchanged: Sequence[Judged], changed: Sequence[Changed]) -> Iterator[Figure]:
    """Yield how many changed claims of each class are found with 5 % of the unchanged flagged."""
    least = measures.alarm([one.support for one in unchanged])
    flagged = measures.flagged([one.support for one in unchanged], least)
    for kind, goal in DETECTED.items():
        found = [one.judged.point for one in changed if one.perturbed.kind == kind]
        if found:
            yield detection(kind, found, least, goal)
    wrong = fmean(not one.published for one in unchanged)
    note = f"{len(unchanged)} claims as people wrote them; at the limit of the rows above {flagged:.1%} are flagged"
    yield percent("unchanged claims, SUPPORTED by verdict", 1 - wrong, note=note.replace("%", " %"))
    everything = [*points(unchanged), *(one.judged.point for one in changed)]
    yield auroc("unchanged against changed claims, all classes", everything)


def detection(kind: str, found: Sequence[Point], least: float, goal: float) -> Figure:
    value = measures.flagged([point.score for point in found], least)
    inside = measures.interval(found, lambda some: measures.flagged([point.score for point in some], least))
    note = f"score under {least:.3f}; 95 % interval {inside.low:.2f} to {inside.high:.2f}; {len(found)} changed claims"
    return share(
        f"{kind}, found at {FALSE_POSITIVES:.0%} false positives".replace("%", " %"), value, least=goal, note=note
    )


def class_rows(unchanged: Sequence[Judged], changed: Sequence[Changed]) -> list[dict[str, Any]]:
    """Return what verdicts say of each class, beside what the score says."""
    least = measures.alarm([one.support for one in unchanged])
    rows = [class_row(kind, [one for one in changed if one.perturbed.kind == kind], least) for kind in DETECTED]
    rejected = sum(not one.published for one in unchanged) / max(1, len(unchanged))
    first = {
        **dict.fromkeys(rows[0], ""),
        "class": "unchanged",
        "n": len(unchanged),
        "under the limit": round(measures.flagged([one.support for one in unchanged], least), 3),
        "not SUPPORTED": round(rejected, 3),
    }
    return [first, *rows]


def class_row(kind: str, found: Sequence[Changed], least: float) -> dict[str, Any]:
    known = [one for one in found if one.base.published]
    missed = sum(one.judged.published for one in known)
    contradicted = sum(one.judged.verdict is Verdict.CONTRADICTED for one in found)
    return {
        "class": kind,
        "n": len(found),
        "of quoted sentences": sum(one.perturbed.quoted for one in found),
        "goal": f"{DETECTED[kind]:g}",
        "under the limit": round(measures.flagged([one.judged.support for one in found], least), 3),
        "not SUPPORTED": round(sum(not one.judged.published for one in found) / max(1, len(found)), 3),
        "CONTRADICTED": round(contradicted / max(1, len(found)), 3),
        "unchanged SUPPORTED": len(known),
        "of these not SUPPORTED changed": round(1 - missed / len(known), 3) if known else "",
    }


def curves(sets: Mapping[str, Sequence[Judged]]) -> dict[str, list[tuple[float, float, float]]]:
    """Return of each set the bound on the leak, the leak and the share kept, from the strictest threshold down."""
    return {
        name: [(round(one.most, 3), round(one.leak, 3), round(one.kept, 3)) for one in measures.curve(points(judged))]
        for name, judged in sets.items()
    }
