"""Texts are cut into marked parts, and never change on the way."""

from hypothesis import given
from hypothesis import strategies as st

from audit.spans import Span
from orchestration.console.highlight import (
    HIDDEN,
    Part,
    clipped,
    excerpt,
    marked,
    plain,
    unheaded,
    unheaded_around,
    visible,
)


@given(st.text(st.characters(exclude_characters=HIDDEN), max_size=60), st.integers(0, 70), st.integers(0, 70))
def test_the_parts_are_the_text(text: str, one: int, other: int) -> None:
    parts = marked(text, Span(min(one, other), max(one, other)))
    assert "".join(part.text for part in parts) == text


def test_the_span_is_marked_and_nothing_else() -> None:
    parts = marked("a bolus of 2 g over 10 minutes", Span(11, 14))
    assert parts == (Part("a bolus of "), Part("2 g", mark=True), Part(" over 10 minutes"))


def test_a_span_outside_the_text_marks_nothing() -> None:
    assert marked("short", Span(3, 40)) == (Part("short"),)


def test_an_empty_span_marks_nothing() -> None:
    assert marked("short", Span(2, 2)) == (Part("short"),)


def test_a_span_at_the_very_end_is_marked() -> None:
    assert marked("2 g", Span(0, 3)) == (Part("2 g", mark=True),)


def test_an_excerpt_of_a_long_text_is_around_the_mark() -> None:
    parts = excerpt("a" * 5_000 + "2 g" + "b" * 5_000, Span(5_000, 5_003), limit=700)
    assert [part.text for part in parts if part.mark] == ["2 g"]
    assert parts[0].text == "… "
    assert parts[-1].text == " …"


@given(st.integers(0, 4_000), st.integers(0, 4_000), st.integers(0, 4_000))
def test_an_excerpt_is_bounded_wherever_its_mark_is(length: int, one: int, other: int) -> None:
    parts = excerpt("x" * length, Span(min(one, other), max(one, other)), limit=500)
    assert sum(len(part.text) for part in parts) <= 504


def test_an_excerpt_begins_and_ends_with_whole_words() -> None:
    parts = excerpt("word " * 400 + "2 g " + "more " * 400, Span(2_000, 2_003), limit=200)
    assert parts[1].text.startswith("word ")
    assert parts[-2].text.endswith(" more")


def test_a_span_outside_a_long_text_shows_its_beginning() -> None:
    assert excerpt("x" * 900, Span(800, 950), limit=500) == (Part("x" * 500), Part(" …"))


def test_a_text_in_one_piece_is_visible_too() -> None:
    assert visible("a\u202eb") == "aU+202Eb"


def test_a_short_text_is_whole() -> None:
    assert excerpt("all of it", Span(0, 3)) == (Part("all", mark=True), Part(" of it"))


def test_a_mark_longer_than_the_excerpt_is_cut_with_it() -> None:
    parts = excerpt("x" * 2_000, Span(0, 2_000), limit=500)
    assert parts == (Part("x" * 500, mark=True), Part(" …"))


def test_characters_that_reorder_or_hide_are_named() -> None:
    assert plain("a\u202egpj.exe") == (Part("a"), Part("U+202E", hidden=True), Part("gpj.exe"))


def test_a_hidden_character_keeps_the_mark_of_its_place() -> None:
    assert marked("ab\u200bcd", Span(1, 4)) == (
        Part("a"),
        Part("b", mark=True),
        Part("U+200B", mark=True, hidden=True),
        Part("c", mark=True),
        Part("d"),
    )


def test_a_clipped_text_says_so() -> None:
    assert clipped("one two", 5) == "one…"
    assert clipped("one", 5) == "one"


def test_headings_stand_before_what_follows_them() -> None:
    assert unheaded("# Warfarin\n\n## When to stop\n\nStop # 5 days before.") == (
        "Warfarin › When to stop › Stop # 5 days before."
    )


def test_what_is_marked_keeps_its_marks_of_layout() -> None:
    parts = (Part("# Dose\n\n"), Part("# 2 g\n", mark=True), Part(" daily"))
    assert unheaded_around(parts) == (Part("Dose › "), Part("# 2 g\n", mark=True), Part(" daily"))
