"""The benchmark of the evidence gate: what its figures say of known verdicts, and a whole run on a small folder."""

import json
import random
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import evidence, results
from benchmarks.judging import figures, items, measures, timing
from benchmarks.judging.edits import CLASSES, Change
from benchmarks.judging.figures import Changed
from benchmarks.judging.items import DataError, Item
from benchmarks.judging.judged import Bench, Judged
from benchmarks.judging.measures import Point
from benchmarks.perturbing import Perturbed
from evidence.gate import GatePolicy, Verdict
from evidence.language.reading import read

TOWNS = ("Northgate", "Eastfield", "Westmere", "Southwick", "Alderton", "Millbrook", "Hartwell", "Stonebridge")


def said(support: float, verdict: Verdict, *, supported: bool, group: str = "g") -> Judged:
    item = Item(group, group, "The mill is old.", ("The mill is old.",), supported=supported, label="x")
    return Judged(item, verdict, support, contradiction=0.0, statements=1)


def changed(kind: str, support: float, verdict: Verdict, *, base: Verdict = Verdict.SUPPORTED) -> Changed:
    before = said(0.9, base, supported=True)
    after = said(support, verdict, supported=False)
    return Changed(Perturbed(kind, Change("", "", ""), before.item), after, before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write two dozen invented claims of each set, some supported and some not."""
    dice = random.Random(1)  # noqa: S311 - repeatable, not secret
    rows: dict[str, list[dict[str, object]]] = {items.WICE: [], items.FEVER: []}
    rows |= {name: [] for name in items.HALUEVAL.values()}
    for number in range(24):
        town, year = TOWNS[number % len(TOWNS)], 1900 + number
        claim = f"The mill of {town} was built in {year}."
        text = [f"The mill of {town} was built in {year}.", f"It burned down in {year + 30} and was sold."]
        wrong = claim.replace(str(year), str(year + dice.choice([1, 5])))
        label = ("supported", "partially_supported", "not_supported")[number % 3]
        told = claim if label == "supported" else wrong
        rows[items.WICE].append({"label": label, "supporting_sentences": [[0]], "claim": told, "evidence": text})
        for words, word in ((claim, "SUPPORTS"), (wrong, "REFUTES")):
            rows[items.FEVER].append({"label": word, "claim": words, "evidence": text[0]})
        answers = {
            "question": f"When was the mill of {town} built?",
            "right_answer": claim,
            "hallucinated_answer": wrong,
        }
        for name in items.HALUEVAL.values():
            rows[name].append({"knowledge": " ".join(text), **answers})
    for name, found in rows.items():
        (tmp_path / name).write_text("\n".join(map(json.dumps, found)), encoding="utf-8")
    return tmp_path


def test_it_judges_measures_and_keeps_a_whole_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module, name, value in ((results, "FOLDER", tmp_path), (measures, "SAMPLES", 20), (timing, "MATERIALS", 1)):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(sys, "argv", ["evidence", "--data", str(folder)])
    evidence.main()
    kept = json.loads((tmp_path / "evidence.json").read_text(encoding="utf-8"))
    named = {figure["what"]: figure for figure in kept["figures"]}
    assert named["WiCE dev, supported against the rest, AUROC"]["value"] == 1
    assert named["FeverSymmetric dev, SUPPORTED that are right"]["value"] == 100
    assert {row["class"] for row in kept["details"]["rows"]} == {"unchanged", *figures.DETECTED}
    assert set(kept["details"]["data_sha256"]) == {"WiCE dev", "HaluEval-QA", "FeverSymmetric dev"}
    assert "mill" not in json.dumps(kept)
    assert "AUROC: 1" in capsys.readouterr().out


def test_a_missing_folder_ends_with_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["evidence", "--data", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"wice_dev\.jsonl is not in"):
        evidence.main()


def test_a_policy_without_calibration_is_not_measured() -> None:
    with pytest.raises(DataError, match="no calibration"):
        evidence.threshold_of(Bench(policy=GatePolicy(None)))


def test_every_class_has_a_goal() -> None:
    assert set(figures.DETECTED) == set(CLASSES)


def test_a_class_row_counts_verdicts_and_those_whose_unchanged_claim_stood() -> None:
    found = [
        changed("antonym", 0.2, Verdict.CONTRADICTED),
        changed("antonym", 0.9, Verdict.SUPPORTED),
        changed("antonym", 0.2, Verdict.INSUFFICIENT, base=Verdict.INSUFFICIENT),
    ]
    row = figures.class_row("antonym", found, least=0.5)
    assert (row["n"], row["unchanged SUPPORTED"], row["of these not SUPPORTED changed"]) == (3, 2, 0.5)
    assert (row["under the limit"], row["not SUPPORTED"], row["CONTRADICTED"]) == (0.667, 0.667, 0.333)


def test_decided_pairs_are_counted_apart_from_those_that_are_right() -> None:
    judged_ = [
        said(0.9, Verdict.SUPPORTED, supported=True),
        said(0.9, Verdict.SUPPORTED, supported=False),
        said(0.1, Verdict.CONTRADICTED, supported=False),
        said(0.1, Verdict.INSUFFICIENT, supported=True),
    ]
    assert [figure.value for figure in figures.decided("set", judged_)] == [50, 100, 75]


def test_a_share_just_under_its_goal_is_not_reached() -> None:
    assert figures.percent("x", 0.4499, least=0.45).met is False
    assert figures.percent("x", 0.45, least=0.45).met is True
    assert figures.share("x", 0.96, least=0.97).met is False


def test_draws_without_a_threshold_reach_no_goal() -> None:
    too_few = [Point(0.9 if number % 2 else 0.1, bool(number % 2), str(number)) for number in range(40)]
    kept, held = figures.bounded("set", too_few, least=0.45)
    assert (kept.value, kept.met, held.met) == (0, False, None)
    assert "0 of the 0 draws" in held.note


def test_a_thinned_curve_keeps_its_ends() -> None:
    found = [Point(number / 1000, number % 2 == 1, str(number)) for number in range(1000)]
    points = list(measures.curve(found, most_points=5))
    assert [point.threshold for point in points] == [0.999, 0.749, 0.499, 0.25, 0.0]
    assert (points[0].leak, points[-1].leak, points[-1].kept) == (0, 1, 1)


def test_ten_claims_are_timed_with_twenty_passages(folder: Path) -> None:
    found = timing.material(items.wice(folder) * 2, seed=1)
    assert (found.answer.count("\n\n"), len(found.passages)) == (9, 20)


def test_too_few_items_for_a_timing_are_counted() -> None:
    with pytest.raises(DataError, match="0 claims and 0 passages; 10 and 20"):
        timing.material([], seed=1)


def test_a_cold_call_finds_nothing_remembered() -> None:
    read("The mill of Northgate is old.")
    timing.forget()
    assert read.cache_info().currsize == 0


@pytest.mark.parametrize("module", [figures, evidence, timing, measures])
def test_the_score_of_a_claim_is_read_in_one_place_only(module: ModuleType) -> None:
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert not {"claim.score", "claim.p_supported", "claim.p_contradicted"} & set(re.findall(r"\w+\.\w+", source))
