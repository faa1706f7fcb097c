"""Writes the pages on performance and evidence and their charts from what was kept: python -m benchmarks.report."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks import charts
from benchmarks.results import FOLDER

DOCS = FOLDER.parent.parent / "docs" / "reference"
BEFORE = "-before"  # ends the name of a file that holds what was measured before a cure
TITLES = {
    "engine": "The engine beside its peers",
    "load": "The whole installation",
    "endurance": "A worker that is never restarted",
    "growth": "A large installation",
    "remembering": "Verifications remembered",
    "corpus": "A large corpus",
    "soak": "Workers that die",
}
INTRODUCTION = """# Performance

Made by `python -m benchmarks.report` from the files in [benchmarks/results](../../benchmarks/results), each written by
the command that is named beside its figures. A test holds this page to those files.
"""
EVIDENCE = {"evidence": "Public development data and changed claims"}
ABOUT_EVIDENCE = """# How well the evidence gate judges

Made by `python -m benchmarks.report` from [benchmarks/results/evidence.json](../../benchmarks/results/evidence.json),
which the command below writes; FOLDER holds public development data, none of which is kept here. A test holds this page
to that file. Whoever wrote the gate has seen these data, and the coefficients of its scores were fitted on WiCE dev,
FeverSymmetric dev and claims changed in this way (`python -m benchmarks.fitting`), not on HaluEval-QA: figures to rely
on come from data that nobody has tuned on.
"""
GUARDIANS = {
    "guardians": "The guardians on development data and on suites of their own",
    "replaying": "Stored decisions: computed again, and tried under other packs",
}
ABOUT_GUARDIANS = """# How well the guardians judge

Made by `python -m benchmarks.report` from the files in [benchmarks/results](../../benchmarks/results), each written by
the command that is named above its figures; FOLDER holds public development data, none of which is kept here. A test
holds this page to those files. Whoever wrote the guardians has seen these data: figures to rely on come from data that
nobody has tuned on. The policy packs are no legal advice, and no figure says that they are.
"""
# Pages of their own: what is not on one of them is on the page of performance.
PAGES = {"evidence.md": (ABOUT_EVIDENCE, EVIDENCE), "guardians.md": (ABOUT_GUARDIANS, GUARDIANS)}
APART = EVIDENCE | GUARDIANS
ENGINE = "engine, "  # begins the names of the engine's ratios to its peers
LEAK = 0.05
GOAL_KEPT = (LEAK, 0.45)
HEADER = ("what", "measured", "goal", "reached", "how")

Document = Mapping[str, Any]


def main() -> None:
    DOCS.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (DOCS / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


def files() -> dict[str, str]:
    """Return the page and its charts by file name."""
    kept = results()
    pictures = {**growth_charts(kept), **engine_chart(kept), **endurance_chart(kept), **evidence_charts(kept)}
    speed = {name: found for name, found in kept.items() if name not in APART}
    own = {
        file: page(about, {name: found for name, found in kept.items() if name in titles}, titles, pictures)
        for file, (about, titles) in PAGES.items()
    }
    return {"performance.md": page(INTRODUCTION, speed, TITLES, pictures), **own, **pictures}


def results() -> dict[str, Document]:
    """Return what was kept by name: the known areas first, in their order, then any other."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
    order = [*TITLES, *APART, *found]
    return dict(sorted(found.items(), key=lambda item: order.index(item[0])))


def page(
    introduction: str, kept: Mapping[str, Document], titles: Mapping[str, str], pictures: Mapping[str, str]
) -> str:
    areas = [name for name in kept if not name.endswith(BEFORE)]
    parts = [introduction, short_of(kept, areas, titles)]
    parts += [area(name, kept[name], kept.get(name + BEFORE), pictures) for name in areas]
    return "\n".join(parts)


def short_of(kept: Mapping[str, Document], areas: list[str], titles: Mapping[str, str]) -> str:
    """Say first what is not reached."""
    missed = [
        f"* {figure['what']}: {measured(figure)}, goal {figure['goal']} ({figure['note']})"
        for name in areas
        for figure in kept[name]["figures"]
        if figure["met"] is False
    ]
    known = "\n".join(missed) if missed else "Nothing of what was measured."
    absent = [title for name, title in titles.items() if name not in kept]
    lines = ["## What falls short", "", known, ""]
    return "\n".join([*lines, f"Not measured yet: {', '.join(absent)}.\n"] if absent else lines)


def area(name: str, found: Document, before: Document | None, pictures: Mapping[str, str]) -> str:
    machine = found["machine"]
    lines = [
        f"## {(TITLES | APART).get(name, name.replace('-', ' ').capitalize())}",
        "",
        f"`{found['command']}`",
        "",
    ]
    on = f"{machine['processors']} processors, {machine['system']}, Python {machine['python']}"
    lines += [f"{found['measured_at']}, {on}, load average {machine['load']} at the end.", ""]
    lines += [f"![{alternative(text)}]({file})\n" for file, text in pictures.items() if file.startswith(name)]
    lines += [*table(found["figures"], earlier(before)), ""]
    lines += [*side_by_side(found["details"].get("rows", [])), ""]
    lines += [f"* {note}" for note in found["details"].get("notes", ())]
    return "\n".join(lines) + "\n"


def side_by_side(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what was measured of each peer, if the benchmark has peers. Their notes stand below the table."""
    if rows:
        names = [name for name in rows[0] if name != "what it does"]
        yield row(names)
        yield f"|{'---|' * len(names)}"
    for found in rows:
        yield row([str(found[name]) for name in names])


def alternative(svg: str) -> str:
    return svg.partition('<desc id="d">')[2].partition("</desc>")[0]


def earlier(before: Document | None) -> dict[str, str] | None:
    return {figure["what"]: measured(figure) for figure in before["figures"]} if before else None


def table(figures: list[dict[str, Any]], before: Mapping[str, str] | None) -> Iterator[str]:
    header = (*HEADER[:1], "before", *HEADER[1:]) if before is not None else HEADER
    yield row(header)
    yield f"|{'---|' * len(header)}"
    for figure in figures:
        cells = [figure["what"], measured(figure), figure["goal"], reached(figure["met"]), figure["note"]]
        yield row(cells if before is None else [cells[0], before.get(figure["what"], ""), *cells[1:]])


def row(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def measured(figure: Mapping[str, Any]) -> str:
    value = float(figure["value"])
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"
    return f"{text} {figure['unit']}".strip()


def reached(met: bool | None) -> str:
    match met:
        case True:
            return "yes"
        case False:
            return "**no**"
        case None:
            return ""


def growth_charts(kept: Mapping[str, Document]) -> dict[str, str]:
    """Return how the slowest query and the slowest page of each area grow with the number of runs."""
    if "growth" not in kept:
        return {}
    return {
        f"growth-{file}.svg": growth_chart(kept, what, key, goal)
        for file, what, key, goal in (("queries", "query", "query_ms", 10.0), ("pages", "page", "page_ms", 150.0))
    }


def growth_chart(kept: Mapping[str, Document], what: str, key: str, goal: float) -> str:
    now = worst_of(kept["growth"], key)
    before = worst_of(kept["growth-before"], key) if "growth-before" in kept else {}
    shown = [charts.Curve(name, points) for name, points in now.items()]
    shown += [charts.Curve(name, points, before=True) for name, points in before.items()]
    ends = ", ".join(f"{name} {points[-1][1]:g} ms" for name, points in now.items())
    says = f"Slowest {what} of each area from {runs(now, 0)} to {runs(now, -1)} runs; at the end: {ends}."
    return charts.curves(f"Slowest {what} by number of runs", shown, x="runs", y="ms", goal=goal, says=says)


def runs(found: Mapping[str, tuple[tuple[float, float], ...]], place: int) -> str:
    return f"{next(iter(found.values()))[place][0]:,.0f}"


def worst_of(found: Document, key: str) -> dict[str, tuple[tuple[float, float], ...]]:
    """Return for each area its slowest page, or the slowest query of any page, at each stage."""
    worst: dict[str, list[tuple[float, float]]] = {}
    for stage in found["details"]["stages"]:
        for name in dict.fromkeys(page["area"] for page in stage["pages"]):
            slowest = max(page[key] for page in stage["pages"] if page["area"] == name)
            worst.setdefault(name, []).append((stage["runs"], slowest))
    return {name: tuple(points) for name, points in worst.items()}


def engine_chart(kept: Mapping[str, Document]) -> dict[str, str]:
    """Return the ratios to the peers, where the engine was measured."""
    figures = kept["engine"]["figures"] if "engine" in kept else []
    ratios = [
        (str(figure["what"]).removeprefix(ENGINE).removesuffix(", 8 threads"), float(figure["value"]))
        for figure in figures
        if figure["unit"] == "x" and str(figure["what"]).startswith(ENGINE)
    ]
    if not ratios:
        return {}
    says = "Runs per second as a ratio to the peer's: " + ", ".join(f"{name} {value:g}" for name, value in ratios) + "."
    return {"engine-ratios.svg": charts.bars("Runs per second beside the peers", ratios, unit="x", says=says)}


def endurance_chart(kept: Mapping[str, Document]) -> dict[str, str]:
    """Return how the memory of a worker process grows with the runs it has driven."""
    if "endurance" not in kept:
        return {}
    points = tuple((point["runs"], point["rss_mb"]) for point in kept["endurance"]["details"]["series"])
    (_, begins), (last, ends) = points[0], points[-1]
    says = f"Resident memory of one worker process over {last:,} runs: {begins:.0f} MB at first, {ends:.0f} in the end."
    curve = charts.Curve("worker", points)
    return {"endurance.svg": charts.curves("Memory of a worker", [curve], x="runs", y="MB", goal=250, says=says)}


FOUND = ", found at 5 % false positives"  # ends the names of the figures of changed claims


def evidence_charts(kept: Mapping[str, Document]) -> dict[str, str]:
    """Return how many changed claims of each class are found, and what is kept at which bound on the leak."""
    if "evidence" not in kept:
        return {}
    known = kept["evidence"]
    found = {
        str(figure["what"]).removesuffix(FOUND): figure
        for figure in known["figures"]
        if str(figure["what"]).endswith(FOUND)
    }
    charts_ = {"evidence-kept.svg": kept_chart(known["details"]["curves"])}
    return {**charts_, "evidence-classes.svg": classes_chart(found)} if found else charts_


def classes_chart(found: Mapping[str, Mapping[str, Any]]) -> str:
    values = [(name, float(figure["value"])) for name, figure in found.items()]
    goals = {name: float(str(figure["goal"]).removeprefix(">= ")) for name, figure in found.items()}
    told = ", ".join(f"{name} {value:g} (goal {goals[name]:g})" for name, value in values)
    says = f"Share of changed claims found while 5 % of the unchanged are flagged: {told}."
    return charts.bars("Changed claims found at 5 % false positives", values, unit="", says=says, goals=goals)


def kept_chart(found: Mapping[str, list[list[float]]]) -> str:
    """Draw for each set what share of the supported is kept where the bound on the leak is so much."""
    shown = [charts.Curve(name, tuple((most, share) for most, _, share in points)) for name, points in found.items()]
    at = {name: max([share for most, _, share in points if most <= LEAK], default=0) for name, points in found.items()}
    told = ", ".join(f"{name} {share:.0%}" for name, share in at.items()).replace("%", " %")
    says = f"Supported claims kept where at most 5 % of the unsupported pass, with 90 % confidence: {told}."
    title = "Supported claims kept, by the bound on the unsupported that pass"
    return charts.shares(title, shown, x="bound on the leak (Clopper-Pearson)", y="kept", goal=GOAL_KEPT, says=says)


if __name__ == "__main__":
    main()
