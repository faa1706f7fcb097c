"""E-mails, forms, chats, clinical notes and logs: what is marked in them is found, and the rest is not."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from guardians.guardian import Part, Piece
from guardians.privacy import found_in

SUITE = yaml.safe_load((Path(__file__).parent / "suites" / "privacy.yaml").read_text(encoding="utf-8"))
HARMLESS = SUITE.pop("harmless")
TEXTS = [text for section in SUITE.values() for text in section]
MARK = re.compile(r"\[\[([A-Z_]+) (.*?)\]\]", re.DOTALL)
# No list and no cue is sure of these, and they may be missed in part.
UNSURE = {"PERSON", "ORGANIZATION", "LOCATION", "STREET_ADDRESS"}


@dataclass(frozen=True, slots=True)
class Marked:
    """A text without its marks, and what they stood around: kind, first and last place."""

    text: str
    spans: tuple[tuple[str, int, int], ...]


def read(marked: str) -> Marked:
    spans, removed = [], 0
    for found in MARK.finditer(marked):
        start = found.start() - removed
        spans.append((found[1], start, start + len(found[2])))
        removed += len(found.group()) - len(found[2])
    return Marked(MARK.sub(r"\2", marked), tuple(spans))


def seen(text: str) -> list[tuple[str, int, int]]:
    findings = found_in([Piece(Part.ANSWER, "answer", text)])
    return [(finding.kind, finding.span.start, finding.span.end) for finding in findings if finding.span]


def places(spans: list[tuple[str, int, int]] | tuple[tuple[str, int, int], ...]) -> set[int]:
    return {place for _, start, end in spans for place in range(start, end)}


@pytest.mark.parametrize("marked", TEXTS, ids=range(len(TEXTS)))
def test_what_proves_itself_or_has_its_name_before_it_is_found_as_what_it_is(marked: str) -> None:
    known = read(marked)
    wanted = {span for span in known.spans if span[0] not in UNSURE}
    assert wanted <= set(seen(known.text))


def test_nearly_all_characters_that_are_marked_are_masked_and_hardly_any_other() -> None:
    known = [read(marked) for marked in TEXTS]
    marked = {(n, place) for n, item in enumerate(known) for place in places(item.spans)}
    masked = {(n, place) for n, item in enumerate(known) for place in places(seen(item.text))}
    assert len(TEXTS) >= 80
    assert len(marked & masked) / len(marked) >= 0.95
    assert len(marked & masked) / len(masked) >= 0.98


@pytest.mark.parametrize("text", HARMLESS)
def test_versions_hashes_orders_chemistry_and_code_are_nobody(text: str) -> None:
    assert seen(text) == []
