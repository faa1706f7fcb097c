"""The structural difference of two documents: every place, its path, and what stood there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.differences import Change, How, difference

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.text(max_size=4), VALUES, max_size=4)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ({}, {"a": 1}, Change("$.a", How.ADDED, after=1)),
        ({"a": 1}, {}, Change("$.a", How.REMOVED, before=1)),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, Change("$.a.b", How.CHANGED, 1, 2)),
        ({"a": [1, 2]}, {"a": [1, 3]}, Change("$.a[1]", How.CHANGED, 2, 3)),
        ({"a": [1]}, {"a": [1, 2]}, Change("$.a[1]", How.ADDED, after=2)),
        ({"a": [1, 2]}, {"a": [1]}, Change("$.a[1]", How.REMOVED, before=2)),
        ({"a b": 1}, {"a b": 2}, Change('$["a b"]', How.CHANGED, 1, 2)),
        ({"a": 1}, {"a": True}, Change("$.a", How.CHANGED, before=1, after=True)),
        ({"a": [1]}, {"a": "1"}, Change("$.a", How.CHANGED, [1], "1")),
    ],
)
def test_a_change_names_its_place(before: Any, after: Any, change: Change) -> None:
    assert difference(before, after).changes == (change,)


@given(DOCUMENTS)
def test_a_document_does_not_differ_from_itself(document: dict[str, Any]) -> None:
    assert difference(document, document).changes == ()


@given(DOCUMENTS, DOCUMENTS)
def test_the_way_back_undoes_the_way_there(before: dict[str, Any], after: dict[str, Any]) -> None:
    undone = {How.ADDED: How.REMOVED, How.REMOVED: How.ADDED, How.CHANGED: How.CHANGED}
    there, back = difference(before, after).changes, difference(after, before).changes
    assert {(c.path, undone[c.how], c.before is c.after) for c in there} == {
        (c.path, c.how, c.before is c.after) for c in back
    }


def test_what_goes_over_the_limit_is_said_to_be_missing() -> None:
    found = difference({}, {str(n): n for n in range(6)}, limit=5)
    assert (len(found.changes), found.complete) == (5, False)


def test_a_long_name_does_not_make_a_long_path() -> None:
    assert len(difference({}, {"x" * 10_000: 1}).changes[0].path) < 140
