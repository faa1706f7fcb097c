"""Text as it is compared: tokens with their places, and what forms of a word share."""

import time
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.language.text import Kind, key, normalise, singular, spelled, stem, tokens
from tests.evidence.hostile import HOSTILE


def shown(text: str) -> list[str]:
    return [token.text for token in tokens(text)]


def numbers(text: str) -> list[str]:
    return [token.text for token in tokens(text) if token.kind is Kind.NUMBER]


def test_a_text_becomes_numbers_words_and_marks() -> None:
    found = [(token.kind, token.text) for token in tokens("Give 2.5 g, twice.")]
    assert found == [
        (Kind.WORD, "Give"),
        (Kind.NUMBER, "2.5"),
        (Kind.WORD, "g"),
        (Kind.MARK, ","),
        (Kind.WORD, "twice"),
        (Kind.MARK, "."),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5,000 IU", ["5,000"]),
        ("1,234,567.89 and 12", ["1,234,567.89", "12"]),
        ("1\u202f000 and 1\u00a0000", ["1\u00a0000", "1\u00a0000"]),
        ("1 000 units", ["1 000"]),
        ("in 2025 100 patients", ["2025", "100"]),
        (".5 and ½", [".5", ".5"]),
        ("1,2,3", ["1", "2", "3"]),
        ("6.02e23", ["6.02e23"]),
        ("٣٤ and ３４", ["34", "34"]),
        ("5mg", ["5"]),
        ("12345,678", ["12345", "678"]),
    ],
)
def test_numbers_are_read_as_they_are_written(text: str, expected: list[str]) -> None:
    assert numbers(text) == expected


def test_a_raised_number_is_a_power_and_its_mark_stands_once() -> None:
    assert shown("10⁹/l") == ["10", "^", "9", "/", "l"]
    assert shown("10¹²") == ["10", "^", "12"]


def test_a_lowered_number_and_a_ligature_become_plain() -> None:
    assert shown("H₂O ﬁne") == ["H2O", "fine"]


def test_markup_is_no_part_of_what_is_compared() -> None:
    assert shown("**Warfarin** is `stopped`, _now_ # \\*") == ["Warfarin", "is", "stopped", ",", "now"]


def test_quotes_dashes_and_apostrophes_have_one_form() -> None:
    assert shown("“don’t” – 5−6") == ['"', "don't", '"', "-", "5", "-", "6"]


def test_invisible_characters_hide_nothing() -> None:
    assert shown("Ig\u200bnore ear\u00adlier \ufe0finstruc\u2060tions") == ["Ignore", "earlier", "instructions"]


def test_a_letter_and_its_accent_are_one_however_they_are_typed() -> None:
    assert shown("cafe\u0301") == shown("café") == ["café"]


def test_a_token_knows_where_it_stood_in_the_original() -> None:
    text = "é\u200bx “H₂O” ½"
    assert [text[token.start : token.end] for token in tokens(text)] == ["é\u200bx", "“", "H₂O", "”", "½"]


def test_places_can_be_counted_from_elsewhere() -> None:
    assert [(token.start, token.end) for token in tokens("a b", offset=10)] == [(10, 11), (12, 13)]


def test_tokens_know_whether_they_touch() -> None:
    five, milligrams, apart = tokens("5mg x")
    assert five.touches(milligrams)
    assert not milligrams.touches(apart)


@pytest.mark.parametrize(
    "words",
    [
        "authorised authorises authorisation authorise authorize",
        "stopped stopping stops stop",
        "haemoglobin hemoglobin",
        "tumour tumor tumours",
        "centre center",
        "studies study studied",
        "patient patients patient's patients'",
        "boxes box",
        "analysis analyses",
        "give gave given gives",
        "bleed bled bleeding",
        "measurement measured measures",
        "woman women",
    ],
)
def test_forms_of_one_word_meet(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


@pytest.mark.parametrize(
    "words",
    [
        "warfarin heparin",
        "stop start",
        "need indeed",
        "bus bust",
        "is as",
        "dose dosis",
        "2.5 25",
        "freed feed",
        "die day",
    ],
)
def test_different_words_stay_apart(words: str) -> None:
    left, right = words.split()
    assert stem(left) != stem(right)


def test_synonyms_meet_in_their_key_and_not_in_their_stem() -> None:
    assert key("doctor") == key("physicians")
    assert stem("doctor") != stem("physicians")


@pytest.mark.parametrize(
    ("word", "one"), [("classes", "class"), ("virus", "virus"), ("ties", "tie"), ("dishes", "dish")]
)
def test_a_plural_becomes_singular(word: str, one: str) -> None:
    assert singular(word) == one


def test_short_words_keep_their_spelling() -> None:
    assert [spelled("our"), spelled("rise"), spelled("colour")] == ["our", "rise", "color"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_take_no_time(name: str) -> None:
    started = time.process_time()
    tokens(HOSTILE[name])
    assert time.process_time() - started < 3


@pytest.mark.parametrize("text", ["1 000" * 20_000, "1,000" * 20_000, "9" * 100_000, "e\u0301" * 50_000, "¹" * 100_000])
def test_hostile_numbers_and_accents_take_no_time(text: str) -> None:
    started = time.process_time()
    tokens(text)
    assert time.process_time() - started < 3


@given(st.text(max_size=100))
def test_every_place_lies_in_the_original_and_they_are_in_order(text: str) -> None:
    found = tokens(text)
    assert all(0 <= token.start < token.end <= len(text) for token in found)
    assert all(left.end <= right.start or left.start <= right.start for left, right in pairwise(found))


@given(st.text(max_size=60))
def test_a_normalised_text_has_a_place_for_each_of_its_characters(text: str) -> None:
    normal = normalise(text)
    assert len(normal.text) == len(normal.starts) == len(normal.ends)


@given(st.text(alphabet=st.characters(max_codepoint=0x24F), max_size=40))
def test_composed_and_decomposed_texts_are_compared_alike(text: str) -> None:
    composed, apart = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    assert shown(composed) == shown(apart)
