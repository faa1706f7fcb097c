"""What the measures of the gate say of scores whose answer is known, and how labelled data become what it gets."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.judging import items, judged, measures
from benchmarks.judging.items import DataError, Item
from benchmarks.judging.measures import Point
from evidence.gate import Verdict

HALUEVAL_ROW = {
    "knowledge": "The Alder Mill was built in 1901.It stands in Northgate.",
    "question": "In which town does the Alder Mill stand?",
    "right_answer": "Northgate",
    "hallucinated_answer": "The Alder Mill stands in Eastfield.",
}


def points(*scored: tuple[float, bool]) -> list[Point]:
    return [Point(score, supported, f"g{number}") for number, (score, supported) in enumerate(scored)]


def written(folder: Path, name: str, *rows: Any) -> Path:
    (folder / name).write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


def of_halueval(folder: Path) -> tuple[Item, ...]:
    for name in items.HALUEVAL.values():
        written(folder, name, HALUEVAL_ROW)
    return items.halueval(folder)


def test_auroc_counts_a_tie_half() -> None:
    assert measures.auroc(points((0.9, True), (0.5, True), (0.5, False), (0.1, False))) == 0.875


def test_auroc_of_one_class_tells_nothing_apart() -> None:
    assert measures.auroc(points((0.9, True))) == 0.5


def test_balanced_accuracy_gives_the_smaller_class_the_same_weight() -> None:
    found = points((0.9, True), (0.8, False), (0.1, False), (0.1, False), (0.1, False))
    assert measures.balanced_at(found, 0.7) == 0.875


def test_the_best_threshold_lies_between_the_classes() -> None:
    assert measures.best_threshold(points((0.2, False), (0.4, False), (0.6, True), (0.9, True))) == 0.5


def test_no_threshold_is_between_equal_scores() -> None:
    assert measures.best_threshold(points((0.5, False), (0.5, True))) < 0.5


def test_a_group_is_never_in_two_folds() -> None:
    found = [Point(0.1 * number, bool(number % 2), f"g{number // 4}") for number in range(40)]
    fold = measures.folds(found, seed=3)
    assert all(len({fold[place] for place in range(at, at + 4)}) == 1 for at in range(0, 40, 4))
    assert set(fold) == {0, 1, 2, 3, 4}


def test_a_threshold_is_never_chosen_on_what_it_is_tried_on() -> None:
    found = [
        Point(score, supported=supported, group=group)
        for score, supported, group in ((0.9, True, "a"), (0.8, False, "a"), (0.3, True, "b"), (0.2, False, "b"))
    ]
    assert measures.cross_validated(found) == [True, True, False, False]


def test_sure_scores_that_are_right_have_no_calibration_error() -> None:
    assert measures.ece(points(*[(1.0, True)] * 10, *[(0.0, False)] * 10)) == 0
    assert measures.ece(points(*[(1.0, False)] * 10)) == 1


def test_an_interval_draws_whole_groups() -> None:
    apart = points(*[(0.1, False), (0.9, True)] * 10)
    together = [Point(point.score, point.supported, "one") for point in points((0.1, True), (0.9, False))]
    assert measures.interval(apart, measures.auroc, samples=50) == measures.Interval(1.0, 1.0)
    assert measures.interval(together, measures.auroc, samples=50) == measures.Interval(0.0, 0.0)


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0 points.*at least 1"):
        measures.interval([], measures.auroc)


def test_at_most_one_in_twenty_of_the_unchanged_is_flagged() -> None:
    unchanged = [number / 100 for number in range(100)]
    least = measures.alarm(unchanged)
    assert measures.flagged(unchanged, least) == 0.05
    assert measures.flagged([0.04, 0.05, 0.9], least) == pytest.approx(1 / 3)


def test_ties_do_not_flag_more_of_the_unchanged() -> None:
    assert measures.flagged([0.2] * 50 + [0.9] * 50, measures.alarm([0.2] * 50 + [0.9] * 50)) == 0


def test_a_curve_goes_from_nothing_leaked_to_everything_kept() -> None:
    first, *_, last = measures.curve(points((0.9, True), (0.8, True), (0.7, False), (0.2, True), (0.1, False)))
    assert first.leak == 0
    assert first.kept == pytest.approx(1 / 3)
    assert (last.leak, last.kept, last.most) == (1, 1, 1)


def test_a_leak_is_bounded_above_what_was_seen() -> None:
    strictest = next(measures.curve(points(*[(0.9, True), (0.1, False)] * 45)))
    assert strictest.leak == 0
    assert strictest.most == pytest.approx(0.05, abs=0.001)


def test_too_few_unsupported_claims_bound_nothing_and_keep_nothing() -> None:
    found = measures.drawn(points(*[(0.9, True), (0.1, False)] * 20))
    assert (found.kept, found.none, found.held) == (0, 1, 1)


def test_what_is_told_apart_is_kept_and_its_bound_holds() -> None:
    found = measures.drawn(points(*[(0.9, True), (0.1, False)] * 200))
    assert (found.kept, found.leak, found.held, found.none) == (1, 0, 1, 0)


def test_pairs_that_share_a_text_are_one_group() -> None:
    groups = items.linked([("a", "x"), ("b", "y"), ("a", "y"), ("c", "z")])
    assert groups[0] == groups[1] == groups[2] != groups[3]


def test_wice_gives_the_title_all_sentences_and_those_that_support(tmp_path: Path) -> None:
    row = {
        "label": "partially_supported",
        "supporting_sentences": [[2], [1, 2]],
        "claim": "The mill is from 1901.",
        "evidence": ["(meta data) TITLE: Mills", "A page.", "It was built in 1901."],
    }
    (item,) = items.wice(written(tmp_path, items.WICE, row))
    assert (item.title, item.supported, item.gold) == ("Mills", False, ("It was built in 1901.",))
    assert len(item.evidence) == 3


def test_glued_sentences_are_parted_and_the_question_is_the_context(tmp_path: Path) -> None:
    right, *_ = of_halueval(tmp_path)
    assert right.evidence == ("The Alder Mill was built in 1901.", "It stands in Northgate.")
    assert (right.claim, right.context) == ("Northgate", HALUEVAL_ROW["question"])


def test_a_right_answer_that_two_files_hold_counts_once(tmp_path: Path) -> None:
    assert [item.label for item in of_halueval(tmp_path)] == ["right", "one-turn", "multi-turn"]


def test_an_initial_is_not_parted_from_its_name(tmp_path: Path) -> None:
    row = {"label": "SUPPORTS", "claim": "J.K. wrote it.", "evidence": "J.K. wrote it ."}
    (item,) = items.fever(written(tmp_path, items.FEVER, row))
    assert item.evidence == ("J.K. wrote it .",)
    assert items.GLUED.split("J.K. wrote it.Then") == ["J.K. wrote it.", "Then"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"wice_dev\.jsonl is not in .*--data"):
        items.wice(tmp_path)


@pytest.mark.parametrize(("text", "says"), [("{", "line 1 .* is no JSON"), ("[]", "is a list"), ("{}", "no 'claim'")])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / items.FEVER).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=says):
        items.fever(tmp_path)


def item(claim: str, *evidence: str, context: str = "") -> Item:
    return Item("i", "g", claim, evidence, supported=True, label="x", context=context)


def test_an_answer_is_worth_its_worst_statement() -> None:
    text = "The Alder Mill was built in 1901 in Northgate."
    good, bad = (judged.judge(item(claim, text), judged.Bench()) for claim in (text, f"{text} It burned in 1950."))
    assert (good.verdict, good.statements) == (Verdict.SUPPORTED, 1)
    assert bad.verdict is not Verdict.SUPPORTED
    assert bad.statements == 2
    assert bad.support < good.support


def test_an_answer_without_a_statement_is_not_supported() -> None:
    found = judged.judge(item("Yes", "The mill stands."), judged.Bench())
    assert (found.published, found.support, found.statements) == (False, 0.0, 0)


def test_other_data_have_another_hash() -> None:
    assert judged.data_sha256([item("a")]) != judged.data_sha256([item("b")])
