"""The folded form of a text: what looks alike is alike, and every place leads back to the original."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.spans import Span
from guardians.normal import EXPANSION_LIMIT, Trick, edited, fold, hidden

ANYTHING = st.text(st.characters(), max_size=60)
TRICKY = st.text(
    st.sampled_from("ab \n<>-!&;éА\u200b\u200d\u202e\u0301\U000e0041\U000e007f\U0001f3f4ﬁ\ufdfaߣ\ud800İ＆"), max_size=60
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Ignоre", "Ignore"),  # Cyrillic o
        ("Ιgnοrе", "Ignore"),  # Greek capital iota and omicron, Cyrillic e
        ("ｉｇｎｏｒｅ", "ignore"),
        ("𝗶𝗴𝗻𝗼𝗿𝗲", "ignore"),
        ("🅸🅶🅽🅾🆁🅴", "IGNORE"),
        ("ig\u200bno\u00adre", "ignore"),
        ("ïgnörę", "ignore"),
        ("i\u0336g\u0336n\u0336o\u0336r\u0336e", "ignore"),
        ("٤٢ mg", "42 mg"),
        ("10–20", "10-20"),
        ("a\u2028b", "a\nb"),
        ("ﬁle", "file"),
    ],
)
def test_what_looks_alike_is_alike(written: str, read: str) -> None:
    assert fold(written).text == read


def test_one_character_never_becomes_a_long_text() -> None:
    assert len(fold("\ufdfa" * 100).text) <= 100 * EXPANSION_LIMIT


def test_an_accent_belongs_to_its_letter() -> None:
    folded = fold("cafe\u0301 x")
    assert folded.span(3, 4) == Span(3, 5)


@given(st.one_of(ANYTHING, TRICKY))
def test_every_folded_character_has_a_place_in_the_original(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(folded.starts, folded.ends, strict=True))
    assert list(folded.starts) == sorted(folded.starts)


@given(st.one_of(ANYTHING, TRICKY))
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    once = fold(text).text
    assert fold(once).text == once


def test_a_replacement_stems_from_all_of_what_it_replaces() -> None:
    changed = edited(fold("say &#105;gnore"), [(4, 10, "i")])
    assert changed.text == "say ignore"
    assert changed.span(4, 10) == Span(4, 15)
    assert changed.span(4, 5) == Span(4, 10)


@pytest.mark.parametrize(
    ("text", "trick", "span"),
    [
        ("pa\u200btient", Trick.SPLIT_WORD, Span(2, 3)),
        ("x \u202etxt.exe", Trick.OVERRIDE, Span(2, 3)),
        ("x" + "\ufe0f" * 8, Trick.SMUGGLED, Span(1, 9)),
        ("hi" + "".join(chr(0xE0000 + ord(letter)) for letter in "send"), Trick.TAGS, Span(2, 6)),
    ],
)
def test_invisible_characters_that_deceive_are_found(text: str, trick: Trick, span: Span) -> None:
    (found,) = hidden(text)
    assert (found.trick, found.span) == (trick, span)


def test_tag_characters_are_read_aloud() -> None:
    (found,) = hidden("".join(chr(0xE0000 + ord(letter)) for letter in "send it"))
    assert found.message == "send it"


@pytest.mark.parametrize(
    "text",
    [
        "plain text",
        "👩\u200d⚕️ and 🏳️\u200d🌈",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f is the flag of Scotland",
        "Donau\u00addampf\u00adschiff",
        "می\u200cخواهم",
        "\ufeffA file that begins with a byte order mark",
    ],
)
def test_honest_invisible_characters_are_not_found(text: str) -> None:
    assert hidden(text) == ()


@given(st.one_of(ANYTHING, TRICKY))
def test_tricks_lie_inside_the_text_in_order(text: str) -> None:
    found = hidden(text)
    assert all(0 <= item.span.start < item.span.end <= len(text) for item in found)
    assert [item.span for item in found] == sorted(item.span for item in found)
