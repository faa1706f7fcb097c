"""Spans are half-open ranges of code points."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.spans import Span

SPANS = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda pair: Span(min(pair), max(pair)))


def test_a_span_cuts_its_text_out() -> None:
    assert Span(4, 9).of("The \u00e9\U0001f600dose is 5 mg") == "\u00e9\U0001f600dos"


@given(SPANS, SPANS)
def test_spans_overlap_where_they_share_a_code_point(one: Span, other: Span) -> None:
    shared = set(range(one.start, one.end)) & set(range(other.start, other.end))
    assert not shared or one.overlaps(other)
    assert one.overlaps(other) == other.overlaps(one)


def test_neighbours_do_not_overlap() -> None:
    assert not Span(0, 3).overlaps(Span(3, 6))


@given(SPANS, st.integers(0, 50))
def test_a_shifted_span_is_as_long(span: Span, distance: int) -> None:
    assert span.shift(distance) == Span(span.start + distance, span.end + distance)


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (4, 3)])
def test_what_is_not_a_range_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=f"span {start}..{end} is not a range"):
        Span(start, end)
