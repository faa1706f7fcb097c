"""The benchmark of the guardians: what is timed, and that what was not measured is said."""

import json
from pathlib import Path

import pytest

from benchmarks import guardians
from benchmarks.guardians import Area
from benchmarks.guarding import timing
from benchmarks.judging.items import DataError

SENTENCE = "Dr. Ada Lovelace of 12 Mill Lane wrote to ada@example.com about invoice 4711 on 3 May 2024. "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / timing.TEXTS
    path.parent.mkdir()
    path.write_text(json.dumps([{"full_text": f"{number} {SENTENCE}"} for number in range(1_200)]), encoding="utf-8")
    return tmp_path


def test_every_guardian_and_all_packs_are_timed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "TIMES", 4)
    monkeypatch.setattr(timing, "EVALUATIONS", 4)
    found = {figure.what: figure for figure in timing.figures(folder)}
    assert set(found) == {
        "all rule packs, one evaluation, p50",
        "Privacy, processor time per kB",
        "Safety, processor time per kB",
        "three guardians on 4 kB, p95",
    }
    assert all(figure.value > 0 and figure.goal for figure in found.values())


def test_no_text_is_timed_twice(folder: Path) -> None:
    texts = timing.texts_in(folder)
    assert len(set(texts)) == len(texts) == timing.TIMES
    assert {len(text) for text in texts} == {timing.LENGTH}


@pytest.mark.parametrize("text", ["", "[]", '[{"text": "a"}]', '[{"full_text": "short"}]'])
def test_a_folder_with_too_little_is_refused(folder: Path, text: str) -> None:
    (folder / timing.TEXTS).write_text(text, encoding="utf-8")
    with pytest.raises(DataError):
        timing.texts_in(folder)


def test_an_area_that_is_not_there_is_said_not_to_be_measured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "TIMES", 4)
    monkeypatch.setattr(timing, "EVALUATIONS", 4)
    _, missing = guardians.measured([Area("nothing", "Nothing at all", needs_data=True)], folder)
    assert missing == ["Not measured: Nothing at all."]
