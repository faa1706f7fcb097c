"""From features to probabilities: the direction of each coefficient, and a file that must fit."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.typed import head
from evidence.typed.features import AGAINST, FOUND, NAMES, longest_gap
from evidence.typed.head import FILE, HeadError, built_in
from evidence.typed.scoring import TYPED

HEAD = built_in()
ROOT = Path(__file__).resolve().parents[2]
VALUES = st.lists(st.floats(0, 1), min_size=len(NAMES), max_size=len(NAMES))


def put(values: list[float], name: str, value: float) -> list[float]:
    return [value if known == name else old for known, old in zip(NAMES, values, strict=True)]


def supported(values: list[float]) -> float:
    return HEAD.likely(values) * HEAD.leaves(values)


@given(values=VALUES, name=st.sampled_from(FOUND))
def test_more_that_is_found_never_makes_support_less_likely(values: list[float], name: str) -> None:
    assert supported(put(values, name, 1.0)) >= supported(put(values, name, 0.0))


@given(values=VALUES, name=st.sampled_from(AGAINST))
def test_a_difference_never_makes_support_likelier_nor_contradiction_less_so(values: list[float], name: str) -> None:
    differing, agreeing = put(values, name, 1.0), put(values, name, 0.0)
    assert supported(differing) <= supported(agreeing)
    assert HEAD.opposed(differing) >= HEAD.opposed(agreeing)


def test_a_difference_weighs_most_where_the_rest_is_found() -> None:
    all_found = [float(name in FOUND) for name in NAMES]
    alike, unlike = all_found, [0.0] * len(NAMES)
    lost = [supported(values) - supported(put(values, "contradicts", 1.0)) for values in (alike, unlike)]
    assert lost[0] > lost[1] > 0
    assert supported(put(alike, "contradicts", 1.0)) < 0.5 < supported(alike)


@given(values=VALUES)
def test_both_probabilities_together_are_at_most_one(values: list[float]) -> None:
    share = supported(values)
    assert 0 <= share <= share + HEAD.contradicted(values, share) <= 1


def changed(tmp_path: Path, **coefficients: object) -> Path:
    document = json.loads(FILE.read_text(encoding="utf-8"))
    for name, value in coefficients.items():
        document["left" if name in AGAINST else "found"][name] = value
    file = tmp_path / "head.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "wrong",
    [
        {"carried": -0.1},
        {"contradicts": 1.1},
        {"contradicts": -0.1},
        {"carried": float("nan")},
        {"carried": "2"},
        {"bias": None},
        {"length": 1.0},
    ],
    ids=repr,
)
def test_coefficients_that_turn_a_meaning_round_are_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(HeadError, match="fit the head anew"):
        head.load(changed(tmp_path, **wrong))


def test_the_head_is_known_by_the_hash_of_its_file(tmp_path: Path) -> None:
    assert head.load(changed(tmp_path, carried=9.0)).sha256 != HEAD.sha256
    assert replace(head.load(FILE)) == HEAD


def test_a_detail_that_was_added_is_one_stretch() -> None:
    assert [longest_gap(held) for held in ([], [True], [False, False, True, False])] == [0, 0, 2]


def test_other_coefficients_are_another_verifier() -> None:
    # Scores that a workspace has calibrated mean something else then: with the hash, the id has to change.
    assert (TYPED.id, HEAD.sha256[:16]) == ("typed-3", "a18c0c61e292aea7")


def test_a_claim_that_no_source_says_in_full_needs_a_persons_word_in_finance() -> None:
    pack = (ROOT / "guardians/packs/finance.yaml").read_text(encoding="utf-8")
    asked = float(pack.partition("c.support < ")[2].partition(")")[0])
    full = [float(name in FOUND) for name in NAMES]
    assert supported(put(full, "says_all", 0.0)) < asked < supported(full)
