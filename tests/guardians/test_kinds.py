"""Kinds of findings: the page of detectors, the lists of the policy packs and the rules in code name the same ones."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from guardians import privacy
from guardians.facts import DECLARED
from guardians.guardian import Part, Piece
from guardians.privacy import Coverage, found_in
from guardians.privacyrules import identifiers, nationalids, readers

ROOT = Path(privacy.__file__).parent.parent
PAGE = (ROOT / "docs" / "reference" / "detectors.md").read_text(encoding="utf-8")
LISTS = yaml.safe_load((ROOT / "guardians" / "packs" / "lists.yaml").read_text(encoding="utf-8"))["lists"]
ROWS = re.findall(r"^\| `(\w+)` \|.*\| `([^`]+)` \|$", PAGE, re.MULTILINE)
ON_PAGE = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
# Not among the identifiers of 45 CFR 164.514(b)(2)(i): the name of an organisation, and an age, but for one over 89.
NO_IDENTIFIER = {"ORGANIZATION", "AGE"}


@cache
def named_in_code() -> frozenset[str]:
    """Return the kinds that the rules name: of shapes, and in calls of Sighting."""
    shapes = {shape.kind for shape in identifiers.SHAPES}
    modules = [ast.parse(path.read_text(encoding="utf-8")) for path in Path(nationalids.__file__).parent.glob("*.py")]
    calls = [node for module in modules for node in ast.walk(module) if isinstance(node, ast.Call)]
    seen = [call.args[1] for call in calls if getattr(call.func, "id", "") == "Sighting" and len(call.args) > 1]
    return frozenset(shapes | {str(kind.value) for kind in seen if isinstance(kind, ast.Constant)})


def of_packs(*names: str) -> set[str]:
    return {kind for name in names for kind in LISTS[name]}


def test_the_page_names_every_kind_that_a_rule_can_find_and_no_other() -> None:
    assert named_in_code() == ON_PAGE


@pytest.mark.parametrize(("kind", "text"), ROWS)
def test_each_text_of_the_page_gives_its_kind(kind: str, text: str) -> None:
    assert [finding.kind for finding in found_in([Piece(Part.ANSWER, "answer", text)])] == [kind]


def test_what_the_page_calls_everything_is_not_looked_for_otherwise() -> None:
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\| \*everything\*:.*\| `([^`]+)` \|$", PAGE, re.MULTILINE)
    pieces = [Piece(Part.ANSWER, kind, text) for kind, text in rows]
    assert len(rows) == 4
    assert list(found_in(pieces, coverage=Coverage.DIRECT)) == []


def test_kinds_of_packs_are_found_by_privacy_or_declared_by_others() -> None:
    known = of_packs("NOT_PERSONAL", "SPECIAL", "HIPAA18", "CPRA_SENSITIVE")
    assert known <= named_in_code() | DECLARED
    assert named_in_code().isdisjoint(DECLARED)


def test_what_privacy_finds_of_people_is_an_identifier_for_hipaa() -> None:
    assert named_in_code() - of_packs("HIPAA18", "NOT_PERSONAL") == NO_IDENTIFIER


def test_kinds_in_conditions_of_rules_are_found_or_declared() -> None:
    packs = [path.read_text(encoding="utf-8") for path in (ROOT / "guardians" / "packs").glob("*.yaml")]
    asked = {kind for pack in packs for kind in re.findall(r"\be == '(\w+)'", pack)}
    asked |= {
        kind for pack in packs for part in re.findall(r"\be in \[([^\]]*)\]", pack) for kind in part.split("'")[1::2]
    }
    assert {"CREDIT_CARD", "CVV", "CRIMINAL_RECORD"} <= asked
    assert asked <= named_in_code() | DECLARED


def test_readers_give_kinds_of_the_page() -> None:
    assert set(readers.KINDS.values()) <= ON_PAGE
