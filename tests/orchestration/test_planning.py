"""Which tools are asked a question before anything untrusted was read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.planning import CALLS_LIMIT, PlannedCall, plan, takes_a_query

SEARCH = {"properties": {"query": {"type": "string"}, "limit": {"type": "integer"}}, "required": ["query"]}


def test_a_search_tool_is_asked_the_question() -> None:
    assert plan("When?", {"desk/search": SEARCH}) == (PlannedCall("desk/search", {"query": "When?"}),)


def test_without_a_question_nothing_is_asked() -> None:
    assert plan("", {"desk/search": SEARCH}) == ()


def test_a_limited_number_of_tools_is_asked() -> None:
    schemas = {f"desk/search{n}": SEARCH for n in range(CALLS_LIMIT + 3)}
    assert [call.tool for call in plan("When?", schemas)] == [f"desk/search{n}" for n in range(CALLS_LIMIT)]


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": []},
        {"properties": {}, "required": ["query"]},
        {"properties": {"query": {"type": "integer"}}, "required": ["query"]},
        {"properties": {"query": "string"}, "required": ["query"]},
        {"properties": {"query": {"type": "string"}}, "required": []},
        {"properties": {"query": {"type": "string"}, "to": {"type": "string"}}, "required": ["query", "to"]},
    ],
)
def test_a_tool_that_needs_anything_else_is_left_out(schema: dict[str, Any]) -> None:
    assert plan("When?", {"desk/tool": schema}) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["properties", "required", "query", "type"]), inner)
    ),
)


@given(st.dictionaries(st.sampled_from(["properties", "required", "type"]), JSON))
def test_no_schema_of_a_server_breaks_the_plan(schema: dict[str, Any]) -> None:
    assert takes_a_query(schema) in {True, False}
