"""What the benchmark of Privacy counts: the parts of an address as one, and a find only of the same kind and place."""

import json
from pathlib import Path

import pytest

from audit.spans import Span
from benchmarks.guarding import privacy
from benchmarks.guarding.privacy import Counted, Labelled, Typed
from benchmarks.judging.items import DataError

TEXT = "Dr. Ada King, 12 Mill Lane\n Suite 3\n Leeds"


def span(kind: str, value: str) -> dict[str, object]:
    start = TEXT.index(value)
    return {"entity_type": kind, "start_position": start, "end_position": start + len(value)}


ROW = {
    "full_text": TEXT,
    "spans": [
        span("LOCATION", "Leeds"),
        span("ADDRESS", "12 Mill Lane"),
        span("ADDRESS", "Suite 3"),
        span("PREFIX", "Dr."),
        span("PERSON", "Ada King"),
    ],
}


def test_the_parts_of_a_name_and_of_an_address_are_one() -> None:
    item = privacy.item_of(ROW)
    assert [(one.kind, one.span.of(TEXT)) for one in item.spans] == [
        ("PERSON", "Dr. Ada King"),
        ("STREET_ADDRESS", "12 Mill Lane\n Suite 3\n Leeds"),
    ]


def test_a_find_counts_once_and_only_of_its_kind_and_place() -> None:
    item = Labelled("x" * 40, (Typed("PERSON", Span(0, 10)), Typed("EMAIL", Span(20, 30))))
    ours = (Typed("PERSON", Span(0, 9)), Typed("PERSON", Span(1, 10)), Typed("EMAIL", Span(24, 40)))
    counts = privacy.counted([item], [ours])
    assert counts["PERSON"] == Counted(right=1, wrong=1, missed=0)
    assert counts["EMAIL"] == Counted(right=0, wrong=1, missed=1)
    assert privacy.characters([item], [ours]) == Counted(right=16, wrong=10, missed=4)


def test_a_folder_is_measured_as_production_finds(tmp_path: Path) -> None:
    (tmp_path / "privacy").mkdir()
    rows = [ROW | {"full_text": TEXT}] * 100
    (tmp_path / privacy.FILE).write_text(json.dumps(rows), encoding="utf-8")
    figures = {figure.what: figure for figure in privacy.figures(tmp_path)}
    assert figures["privacy, PERSON, F1"].value == 1
    assert figures["privacy, STREET_ADDRESS, F1"].met
    assert figures["privacy, processor time"].unit == "ms/kB"
    assert 0 < figures["privacy, memory added"].value <= privacy.MEMORY_LIMIT
    assert not {"privacy, AGE, F1", "privacy, TITLE, F1", "privacy, IBAN, F1"} & set(figures)


@pytest.mark.parametrize("content", [None, "[{}]", "no JSON", '[{"full_text": 1, "spans": []}]'])
def test_a_folder_of_another_form_is_told(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "privacy").mkdir()
    if content is not None:
        (tmp_path / privacy.FILE).write_text(content, encoding="utf-8")
    with pytest.raises(DataError):
        privacy.figures(tmp_path)
