"""The page on performance is what the benchmarks kept, nothing else."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import charts, report, results
from benchmarks.results import Figure


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", report.files())
def test_the_committed_page_and_charts_are_made_of_the_committed_results(name: str) -> None:
    assert (report.DOCS / name).read_text(encoding="utf-8") == report.files()[name], "run python -m benchmarks.report"


def test_no_chart_is_left_over() -> None:
    assert {path.name for path in report.DOCS.glob("*.svg")} <= set(report.files())


def test_what_falls_short_is_said_first(kept: Path) -> None:
    results.save("engine", [Figure("runs/s beside the peer", 0.5, "x", ">= 1", met=False)], command="c")
    top = report.files()["performance.md"].partition("## The engine")[0]
    assert "runs/s beside the peer: 0.5 x, goal >= 1" in top


def test_what_was_not_measured_is_said(kept: Path) -> None:
    assert "Not measured yet: The engine beside its peers" in report.files()["performance.md"]


def test_a_figure_stands_beside_what_it_was_before(kept: Path) -> None:
    for name, value in (("growth-before", 755.0), ("growth", 2.2)):
        details = {"stages": [{"runs": 10, "pages": [{"area": "admin", "query_ms": value, "page_ms": value}]}]}
        results.save(name, [Figure("slowest query", value, "ms")], command="c", details=details)
    assert "| slowest query | 755 ms | 2.2 ms |" in report.files()["performance.md"]


def test_a_chart_is_well_formed_and_says_in_words_what_it_shows() -> None:
    curve = charts.Curve("a <b>", ((10.0, 1.0), (1000.0, 5.0)))
    picture = ET.fromstring(charts.curves("Title", [curve], x="runs", y="ms", goal=10, says="a & b"))  # noqa: S314 - ours
    assert [child.text for child in picture[:2]] == ["Title", "a & b"]


def test_a_point_is_drawn_where_its_value_is() -> None:
    axis = charts.over([10, 1000], begin=100, end=300)
    assert [axis.at(10), axis.at(100), axis.at(1000)] == [100, 200, 300]


def test_a_table_keeps_its_columns_whatever_a_note_says() -> None:
    assert report.row(["a|b", "c\nd"]) == "| a\\|b | c d |"


def test_results_are_kept_as_they_were_given(kept: Path) -> None:
    path = results.save("load", [Figure("p95", 40.0, "ms")], command="python -m benchmarks.load")
    found = json.loads(path.read_text(encoding="utf-8"))
    assert (found["command"], found["figures"][0]["value"]) == ("python -m benchmarks.load", 40.0)


def test_the_page_on_evidence_stands_by_itself(kept: Path) -> None:
    figures = [Figure("antonym, found at 5 % false positives", 0.4, "", ">= 0.92", met=False)]
    curve = {"set": [[0.04, 0.01, 0.2], [0.2, 0.1, 0.6]]}
    results.save("evidence", figures, command="c", details={"curves": curve})
    made = report.files()
    assert "antonym, found at 5 % false positives: 0.4, goal >= 0.92" in made["evidence.md"]
    assert "antonym" not in made["performance.md"]
    assert "set 20 %" in made["evidence-kept.svg"]
    assert "antonym 0.4 (goal 0.92)" in made["evidence-classes.svg"]


def test_a_bar_has_its_own_goal() -> None:
    picture = charts.bars("Title", [("a", 0.5), ("b", 0.2)], unit="", says="a and b", goals={"a": 0.9})
    assert picture.count('class="goal"') == 1


def test_a_share_is_drawn_where_it_is() -> None:
    assert [charts.Shares(0.2, 100, 300).at(share) for share in (0, 0.05, 0.2)] == [100, 150, 300]
