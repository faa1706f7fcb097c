"""What changed claims must be: changed in what they say, from words of the benchmark's own, and the same every time."""

import json
import random
from pathlib import Path

import pytest

from benchmarks import perturbing
from benchmarks.judging import items, lists
from benchmarks.judging.edits import CLASSES, Base, Change, tail_of
from benchmarks.judging.names import names_in
from tests.evidence import perturbations

EVIDENCE = (
    "Grace Howell opened the Alder Mill on 4 March 1901 with 12 looms, which cost $40,000. "
    "In 1907 her rival Ada Crane owned 31 looms in Northgate. The public mill is 9 miles from some of the farms."
)
FOREIGN = tuple(names_in("He met Maria Silva in Lisbon near the Green Harbour."))


def made(kind: str, claim: str, evidence: str = EVIDENCE) -> list[str]:
    base = Base(claim, evidence, FOREIGN, ("at the Green Harbour",))
    dice = [random.Random(seed) for seed in range(20)]  # noqa: S311 - repeatable, not secret
    return sorted({change.text for one in dice for change in CLASSES[kind](base, one)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    wice = {
        "label": "supported",
        "supporting_sentences": [[0]],
        "claim": "Grace Howell opened the Alder Mill in March 1901 with 12 looms.",
        "evidence": [EVIDENCE, "The mill had stood empty for 20 years before the town of Northgate sold it."],
    }
    fever = {"label": "SUPPORTS", "claim": "Ada Crane owned 31 looms .", "evidence": "Ada Crane owned 31 looms ."}
    for name, row in ((items.WICE, wice), (items.FEVER, fever)):
        (tmp_path / name).write_text(json.dumps(row), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "claim", "changed"),
    [
        ("number changed", "The mill had 12 looms.", "The mill had 120 looms."),
        ("number from the same evidence", "The mill had 12 looms.", "The mill had 31 looms."),
        ("number from the same evidence", "It opened in 1901.", "It opened in 1907."),
        ("unit changed", "The mill is 9 miles away.", "The mill is 9 yards away."),
        ("unit changed", "The looms cost $40,000.", "The looms cost €40,000."),
        ("negation flipped", "The mill is public.", "The mill isn't public."),
        ("negation flipped", "Ada Crane did not have looms.", "Ada Crane had looms."),
        ("negation flipped", "Grace Howell opened the mill.", "Grace Howell did not open the mill."),
        ("antonym", "The mill is public.", "The mill is private."),
        ("entity from outside", "Ada Crane owned looms.", "Maria Silva owned looms."),
        ("entity from the same evidence", "Ada Crane owned looms.", "Grace Howell owned looms."),
        ("roles swapped", "Grace Howell opened the Alder Mill.", "Alder Mill opened the Grace Howell."),
        ("quantifier or modality", "It is near some of the farms.", "It is near all of the farms."),
        ("quantifier or modality", "It was a mill.", "It was the only mill."),
        ("detail added", "The mill opened.", "The mill opened at the Green Harbour."),
    ],
)
def test_a_claim_is_changed_in_one_detail(kind: str, claim: str, changed: str) -> None:
    assert changed in made(kind, claim)


def test_a_month_moves_to_one_that_the_evidence_does_not_name() -> None:
    found = made("date changed", "It opened in March 1901.")
    assert found
    assert not any("March 1901" in text for text in found)


@pytest.mark.parametrize("kind", CLASSES)
def test_what_cannot_be_changed_is_left_out(kind: str) -> None:
    claim = 'It hums "and hums"'
    assert made(kind, claim) == []


@pytest.mark.parametrize(
    "claim", ["The mill had more than 12 looms.", "The mill had about 12 looms.", "It had 57 looms."]
)
def test_a_number_that_may_be_another_one_too_is_left_as_it_is(claim: str) -> None:
    assert made("number changed", claim) == []


def test_names_that_stand_side_by_side_are_not_exchanged() -> None:
    evidence = "The mill was run by Grace Howell , Ada Crane and Maria Silva ."
    assert made("entity from the same evidence", "Ada Crane ran the mill.", evidence) == []


def test_a_claim_that_denies_already_is_not_denied_twice() -> None:
    assert made("negation flipped", "The mill is without looms.") == []


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It had 13 looms.", True),
        ("it had 12 looms", False),  # the claim itself
        ("In 1907 her rival Ada Crane owned 31 looms in Northgate!", False),  # the evidence says so
        ("Another known claim.", False),
    ],
)
def test_what_is_said_elsewhere_is_no_edit(text: str, kept: bool) -> None:
    base = Base("It had 12 looms.", EVIDENCE)
    assert perturbing.is_edit(Change(text, "", ""), base, {"another known claim"}) is kept


def test_the_same_folder_gives_the_same_suite_and_its_items_are_not_supported(folder: Path) -> None:
    first, again = perturbing.suite(folder), perturbing.suite(folder)
    assert first == again
    assert len(first.unchanged) == 2
    assert first.changed
    assert not any(one.item.supported for one in first.changed)
    assert all(one.item.group == one.base.group for one in first.changed)


def test_sentences_are_quoted_only_where_claims_of_people_give_too_few(folder: Path) -> None:
    of_units = perturbing.suite(folder).of("unit changed")
    assert [(one.quoted, one.change.was) for one in of_units] == [(True, "years")]


def test_an_unknown_class_is_named_with_those_there_are(folder: Path) -> None:
    with pytest.raises(SystemExit, match="'spelling' is no class; there are 'number changed'"):
        perturbing.show(perturbing.suite(folder), "spelling", 3)


def test_no_pair_is_one_by_which_the_gate_was_calibrated() -> None:
    tables = (
        perturbations.UNITS, perturbations.BOUNDS, perturbations.DIRECTIONS, perturbations.ANTONYMS,
        perturbations.FORCE, perturbations.AMOUNT, {o.strip(): n.strip() for o, n in perturbations.DENIED.items()},
    )  # fmt: skip
    theirs = {(old, new) for table in tables for old, new in table.items()}
    own = (lists.UNITS, lists.OPPOSITES, lists.AUXILIARIES, lists.AFFIRMED, lists.FORCES, lists.SOLE)
    assert not theirs & {(old, new) for table in own for old, news in table.items() for new in news}


def test_names_are_runs_of_capitals_without_months_and_first_words() -> None:
    found = [name.text for name in names_in("In March Grace Howell of Northgate met Ada Crane's brother.")]
    assert found == ["Grace Howell of Northgate", "Ada Crane"]


def test_a_claim_lends_the_place_it_ends_in() -> None:
    assert tail_of("It was shown at the Green Harbour.") == "at the Green Harbour"
    assert tail_of("It was shown.") is None
