"""What clients send is taken whole or refused with the field, the value, the limit and the cure."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.stakes import Stakes
from orchestration.requests import (
    ACTIONS_LIMIT,
    ANSWER_LIMIT,
    ARGUMENTS_LIMIT,
    FIELDS,
    PASSAGE_LIMIT,
    PASSAGES_LIMIT,
    QUESTION_LIMIT,
    TOTAL_LIMIT,
    Request,
    RequestError,
    clean,
    only,
    parse,
)
from orchestration.states import Kind

ASKED = {"question": "When?"}


def refused(**fields: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        parse({**ASKED, **fields}, kind=Kind.QUESTION)
    return caught.value


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = {"in": value}
    return value


def test_a_question_is_taken_with_its_defaults() -> None:
    assert parse(ASKED, kind=Kind.QUESTION) == Request(Kind.QUESTION, Stakes.MEDIUM, question="When?")


def test_an_answer_to_verify_needs_no_question() -> None:
    assert parse({"answer": "Now."}, kind=Kind.VERIFY).answer == "Now."


def test_ends_are_stripped() -> None:
    assert parse({"question": "  When?\n"}, kind=Kind.QUESTION).question == "When?"


def test_line_breaks_and_tabs_are_no_control_characters() -> None:
    text = "a\tb\nc\r\nd\x85e"
    assert parse({"question": text}, kind=Kind.QUESTION).question == text


def test_a_passage_without_a_title_is_called_after_its_source() -> None:
    request = parse({**ASKED, "passages": [{"source": "Trial", "text": "x"}]}, kind=Kind.QUESTION)
    assert request.passages[0].title == "Trial"


@pytest.mark.parametrize("body", [None, [], "text", 1.5, True])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    with pytest.raises(RequestError, match="send a JSON object") as caught:
        parse(body, kind=Kind.QUESTION)
    assert caught.value.field == "body"


@pytest.mark.parametrize("name", ["quesiton", "kind", "", "\ud800", "x" * 500])
def test_an_unknown_field_is_refused_and_named(name: str) -> None:
    error = refused(**{name: 1})
    assert "is not a field; known are actions" in str(error)
    error.field.encode()


@pytest.mark.parametrize("stakes", ["low", "EXTREME", "", None, 1, [], {}, ["LOW"]])
def test_stakes_that_do_not_exist_are_refused(stakes: object) -> None:
    assert "use LOW, MEDIUM or HIGH" in str(refused(stakes=stakes))


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
def test_an_empty_question_is_refused(question: str) -> None:
    assert str(refused(question=question)) == "question is empty; send a text"


@pytest.mark.parametrize("question", [None, 1, 1.5, [], {"text": "x"}, True])
def test_a_question_that_is_no_text_is_refused(question: object) -> None:
    assert "send a text" in str(refused(question=question))


@pytest.mark.parametrize("code", [0, 1, 8, 11, 12, 14, 27, 31, 127, 128, 155, 159])
def test_a_control_character_is_refused_and_placed(code: int) -> None:
    assert f"control character U+{code:04X} at 2" in str(refused(question=f"ab{chr(code)}c"))


@pytest.mark.parametrize("half", [chr(0xD800), chr(0xDFFF)])
def test_half_a_surrogate_pair_is_refused(half: str) -> None:
    assert "half a surrogate pair at 1" in str(refused(question=f"a{half}"))


def test_a_question_as_long_as_the_limit_is_taken() -> None:
    assert len(parse({"question": "x" * QUESTION_LIMIT}, kind=Kind.QUESTION).question) == QUESTION_LIMIT


def test_a_longer_question_is_refused() -> None:
    assert "8001 characters; at most 8000" in str(refused(question="x" * (QUESTION_LIMIT + 1)))


def test_a_longer_answer_is_refused() -> None:
    with pytest.raises(RequestError, match=f"at most {ANSWER_LIMIT}"):
        parse({"answer": "x" * (ANSWER_LIMIT + 1)}, kind=Kind.VERIFY)


def test_verifying_needs_an_answer() -> None:
    with pytest.raises(RequestError, match="answer is empty"):
        parse(ASKED, kind=Kind.VERIFY)


def test_a_question_brings_no_answer() -> None:
    assert "post to /api/v1/verify" in str(refused(answer="Now."))


@pytest.mark.parametrize("value", [None, {}, "x", 1, [1], [[]], [None]])
@pytest.mark.parametrize("name", ["passages", "actions"])
def test_lists_hold_objects_only(name: str, value: object) -> None:
    assert f"{name} must be a list of objects" in str(refused(**{name: value}))


@pytest.mark.parametrize(("name", "limit"), [("passages", PASSAGES_LIMIT), ("actions", ACTIONS_LIMIT)])
def test_lists_have_a_limit(name: str, limit: int) -> None:
    assert f"{name} has {limit + 1} items; at most {limit}" in str(refused(**{name: [{}] * (limit + 1)}))


@pytest.mark.parametrize(
    ("passage", "field"),
    [
        ({}, "passages[0].source"),
        ({"source": "s"}, "passages[0].text"),
        ({"source": "s", "text": " "}, "passages[0].text"),
        ({"source": "s\x00", "text": "x"}, "passages[0].source"),
        ({"source": "s" * 201, "text": "x"}, "passages[0].source"),
        ({"source": "s", "title": 5, "text": "x"}, "passages[0].title"),
        ({"source": "s", "text": "x" * (PASSAGE_LIMIT + 1)}, "passages[0].text"),
        ({"source": "s", "text": "x", "trusted": True}, "passages[0]"),
    ],
)
def test_a_passage_that_cannot_be_taken_is_named(passage: dict[str, Any], field: str) -> None:
    assert refused(passages=[passage]).field == field


def test_passages_have_a_limit_together() -> None:
    many = [{"source": "s", "text": "x" * PASSAGE_LIMIT}] * (TOTAL_LIMIT // PASSAGE_LIMIT)
    assert len(parse({**ASKED, "passages": many}, kind=Kind.QUESTION).passages) == len(many)
    assert "together; at most" in str(refused(passages=[*many, {"source": "s", "text": "x"}]))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (None, "send a JSON object"),
        ([], "send a JSON object"),
        ({"amount": 1.5}, "float 1.5"),
        ({"a": [{"b": float("nan")}]}, "float nan"),
        ({"n": 2**53}, "below 2**53"),
        ({"text": "\ud800"}, "surrogate"),
        ({"\ud800": 1}, "surrogate"),
        (nested(60), "nested deeper than 40"),
        ({"text": "x" * ARGUMENTS_LIMIT}, f"at most {ARGUMENTS_LIMIT} are taken"),
        ({"text": "x" * 5_000_000}, "cannot be recorded"),
    ],
)
def test_arguments_that_cannot_be_recorded_are_refused(arguments: object, said: str) -> None:
    error = refused(actions=[{"tool": "desk/file_ticket", "arguments": arguments}])
    assert error.field == "actions[0].arguments"
    assert said in str(error)
    assert len(str(error)) < 500


def test_an_action_without_a_tool_is_refused() -> None:
    assert refused(actions=[{"arguments": {}}]).field == "actions[0].tool"


def test_an_action_with_an_unknown_field_is_refused() -> None:
    assert "unknown field 'when'" in str(refused(actions=[{"tool": "t", "when": "now"}]))


@pytest.mark.parametrize("facts", [None, [], "x", {"age": 1.5}, nested(60)])
def test_facts_that_cannot_be_recorded_are_refused(facts: object) -> None:
    assert refused(facts=facts).field == "facts"


@pytest.mark.parametrize("subject", [None, 1, "x" * 201, "a\x00"])
def test_a_subject_that_is_no_short_text_is_refused(subject: object) -> None:
    assert refused(subject=subject).field == "subject"


def test_only_what_is_known_passes() -> None:
    only({"a": 1}, "thing", {"a", "b"})
    with pytest.raises(RequestError, match="unknown field 'c'"):
        only({"c": 1}, "thing", {"a", "b"})


HOSTILE = st.text() | st.text(alphabet="a\x00\ud800\x85\u202e🏥 \n") | st.sampled_from(["LOW", "HIGH", "x" * 9000])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(HOSTILE, inner, max_size=4),
    max_leaves=12,
)
ITEMS = st.lists(st.dictionaries(st.sampled_from(["source", "title", "text", "tool", "arguments"]), VALUES), max_size=3)
BODIES = st.dictionaries(st.sampled_from(sorted(FIELDS)) | HOSTILE, VALUES | ITEMS, max_size=6) | VALUES


@given(BODIES, st.sampled_from(Kind))
def test_whatever_is_sent_is_taken_or_refused_with_a_reason(body: object, kind: Kind) -> None:
    try:
        request = parse(body, kind=kind)
    except RequestError as error:
        str(error).encode()
        error.field.encode()
    else:
        assert request.kind is kind


@given(st.text(), st.booleans())
def test_a_clean_text_can_be_written_anywhere(text: str, required: bool) -> None:
    try:
        cleaned = clean(text, "text", limit=50, required=required)
    except RequestError:
        return
    assert "\x00" not in cleaned.encode().decode()
    assert cleaned == cleaned.strip()


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(str.strip)
PASSAGES = st.lists(st.fixed_dictionaries({"source": TEXTS, "text": TEXTS}, optional={"title": TEXTS}), max_size=3)
ACTIONS = st.lists(
    st.fixed_dictionaries(
        {"tool": TEXTS, "arguments": st.dictionaries(TEXTS.filter(lambda n: max(n) <= "\uffff"), TEXTS, max_size=3)}
    ),
    max_size=3,
)


@given(TEXTS, PASSAGES, ACTIONS, st.sampled_from(Stakes))
def test_what_was_taken_is_taken_again_from_its_canonical_form(
    text: str, passages: list[Any], actions: list[Any], stakes: Stakes
) -> None:
    body = {"question": text, "passages": passages, "actions": actions, "stakes": stakes.value}
    request = parse(body, kind=Kind.QUESTION)
    document = json.loads(json.dumps(request.document()))
    assert parse({n: v for n, v in document.items() if n != "kind"}, kind=Kind(document["kind"])) == request
