"""Which passages are looked at first."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.passages import Passage
from evidence.ranking import rank, terms_of

QUERY = "How long before surgery is warfarin stopped?"
STOPPED = "Warfarin is stopped 5 days before surgery."
REVERSED = "Warfarin is reversed by prothrombin complex concentrate."
STOCK = "The blood bank keeps forty units of red cells."


def passage(text: str, *, name: str = "", trusted: bool = True) -> Passage:
    return Passage(id=name or text, source="committee", text=text, sha256="", trusted=trusted)


def ranked(query: str, *texts: str, limit: int = 10) -> list[str]:
    return [found.passage.text for found in rank(query, [passage(text) for text in texts], limit=limit)]


def test_the_passage_that_shares_the_most_comes_first_and_one_that_shares_nothing_is_left_out() -> None:
    assert ranked(QUERY, STOCK, REVERSED, STOPPED) == [STOPPED, REVERSED]


def test_no_more_than_the_limit_is_returned() -> None:
    assert ranked(QUERY, REVERSED, STOPPED, limit=1) == [STOPPED]
    assert ranked(QUERY, REVERSED, STOPPED, limit=0) == []


def test_words_are_compared_by_what_their_forms_share() -> None:
    assert ranked("stopping", "It starts.", "It stops.") == ["It stops."]


def test_a_rare_word_weighs_more_than_a_frequent_one() -> None:
    frequent = [f"Warfarin number {number}." for number in range(5)]
    assert ranked("warfarin idarucizumab", *frequent, "Idarucizumab alone.")[0] == "Idarucizumab alone."


def test_of_two_passages_with_the_same_word_the_shorter_comes_first() -> None:
    assert ranked("warfarin", f"Warfarin, among others. {STOCK}", "Warfarin.") == [
        "Warfarin.",
        f"Warfarin, among others. {STOCK}",
    ]


def test_numbers_count_as_words() -> None:
    assert ranked("5 mg", "Give 5 mg.", "Give 6 mg.")[0] == "Give 5 mg."


def test_equal_scores_keep_the_order_in_which_passages_came() -> None:
    texts = [f"Warfarin {letter}-." for letter in "abc"]
    assert ranked("warfarin", *texts) == texts


def test_the_same_text_counts_once_and_the_trusted_one_stays() -> None:
    copies = [passage(STOPPED, name="newsletter", trusted=False), passage(STOPPED, name="guideline")]
    assert [found.passage.id for found in rank(QUERY, copies, limit=5)] == ["guideline"]
    assert [found.passage.id for found in rank(QUERY, copies[::-1], limit=5)] == ["guideline"]


def test_two_trusted_copies_are_the_first_of_them() -> None:
    copies = [passage(STOPPED, name="first"), passage(STOPPED, name="second")]
    assert [found.passage.id for found in rank(QUERY, copies, limit=5)] == ["first"]


def test_a_forged_hash_hides_no_passage() -> None:
    forged = Passage(id="m", source="mallory", text=STOCK, sha256="same", trusted=True)
    honest = Passage(id="h", source="committee", text=STOPPED, sha256="same", trusted=True)
    assert [found.passage.id for found in rank(QUERY, [forged, honest], limit=5)] == ["h"]


@pytest.mark.parametrize("query", ["", "  ", "the of and", "?!", "zyzzyva"])
def test_a_text_that_asks_for_nothing_finds_nothing(query: str) -> None:
    assert ranked(query, STOPPED, "", "?!") == []


def test_no_passages_are_ranked_without_an_error() -> None:
    assert rank(QUERY, [], limit=5) == ()


def test_two_hundred_passages_are_ranked_in_a_moment_once_they_are_known() -> None:
    passages = [passage(f"{STOPPED} {REVERSED} {STOCK} Number {number}.") for number in range(200)]
    rank(QUERY, passages, limit=20)
    started = time.process_time()
    rank(f"{QUERY} {REVERSED}", passages, limit=20)
    assert time.process_time() - started < 0.02


def test_what_is_kept_of_passages_is_bounded() -> None:
    assert terms_of.cache_info().maxsize is not None


@given(st.lists(st.text(max_size=60), max_size=6), st.text(max_size=60), st.integers(0, 5))
def test_scores_fall_and_are_above_nothing(texts: list[str], query: str, limit: int) -> None:
    scores = [found.score for found in rank(query, [passage(text) for text in texts], limit=limit)]
    assert scores == sorted(scores, reverse=True)
    assert all(score > 0 for score in scores)
    assert len(scores) <= limit
