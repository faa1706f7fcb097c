"""Bad input of every kind gets a problem that names it, and never breaks the server."""

import bz2
import json
from typing import Any

import pytest

from audit.ids import new_id
from orchestration.models import Run
from tests.conftest import Person
from tests.orchestration.calling import ASKED, ENDPOINTS, V1, caller, is_problem


def deep(levels: int) -> str:
    return '{"question":' + "[" * levels + "]" * levels + "}"


BODIES: dict[str, tuple[Any, int]] = {
    "nothing": ("", 400),
    "no object": ([], 400),
    "a text": ('"x"', 400),
    "null": ("null", 400),
    "not json": ("{", 400),
    "not a number": ('{"question": NaN}', 400),
    "not utf-8": (b'{"question": "\xff\xfe"}', 400),
    "an unknown field": ({"question": "x", "quesiton": "x"}, 400),
    "an unknown field of half a pair": ('{"\\ud800": 1}', 400),
    "unknown stakes": ({**ASKED, "stakes": "EXTREME"}, 400),
    "stakes as a list": ({**ASKED, "stakes": ["LOW"]}, 400),
    "an empty question": ({"question": " "}, 400),
    "an over-long question": ({"question": "x" * 8001}, 400),
    "a control character": ({"question": "a\x00b"}, 400),
    "half a surrogate pair": ('{"question": "\\ud800"}', 400),
    "a float argument": ({**ASKED, "actions": [{"tool": "t", "arguments": {"x": 1.5}}]}, 400),
    "a huge number": ('{"question": ' + "9" * 5000 + "}", 400),
    "deep arguments": ('{"question": "x", "facts": ' + '{"a":' * 500 + "1" + "}" * 501, 400),
    "very deep": (deep(100_000), 400),
    "seven megabytes": ({"question": "x" * 7_000_000}, 413),
    "too much for one record": ({**ASKED, "passages": [{"source": "s", "text": "語" * 200_000}] * 7}, 413),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_cannot_be_taken_is_refused(grace: Person, name: str) -> None:
    body, status = BODIES[name]
    assert is_problem(caller(grace).post("/runs", body), status)
    assert not Run.objects.exists()


def test_a_problem_names_its_field(grace: Person) -> None:
    answer = caller(grace).post("/runs", {**ASKED, "stakes": "EXTREME"})
    assert answer.body == {
        "type": "about:blank",
        "title": "The request cannot be taken",
        "status": 400,
        "detail": "stakes is 'EXTREME'; use LOW, MEDIUM or HIGH",
        "field": "stakes",
    }


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "x"]
)
def test_another_content_type_is_refused(grace: Person, kind: str) -> None:
    assert is_problem(caller(grace).post("/runs", json.dumps(ASKED), content_type=kind), 415)


@pytest.mark.parametrize("charset", ["bz2", "rot13", "base64", "zlib", "utf-16", "none such"])
def test_a_body_is_utf_8_whatever_its_header_says(grace: Person, charset: str) -> None:
    answer = caller(grace).post("/runs", ASKED, content_type=f"application/json; charset={charset}")
    assert answer.status == 202


def test_a_packed_body_is_not_unpacked(grace: Person) -> None:
    packed = bz2.compress(json.dumps(ASKED).encode())
    assert is_problem(caller(grace).post("/runs", packed, content_type="application/json; charset=bz2"), 400)


@pytest.mark.parametrize("wrong", ["PUT", "PATCH", "DELETE"])
def test_another_method_is_refused(grace: Person, wrong: str) -> None:
    rows = {name: new_id() for name in ("run", "approval", "restore", "batch", "inquiry", "tool", "claim", "appeal")}
    paths = [path.format(**rows) for _, path, _ in ENDPOINTS]
    assert {caller(grace).send(wrong, path, ASKED).status for path in paths} <= {403, 405}


@pytest.mark.parametrize("path", ["/nothing", "/runs/x", "/runs/1", f"/runs/{'0' * 32}", "/approvals/%00"])
def test_an_address_that_is_none_is_not_found(grace: Person, path: str) -> None:
    assert caller(grace).client.get(V1 + path).status_code == 404


VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    2**70,
    "",
    "x",
    "\x00",
    "\u202e",
    "<script>",
    "'; --",
    [],
    [[]],
    {},
    {"a": None},
]
HOSTILE = [
    (name, value)
    for name in ("question", "answer", "stakes", "passages", "actions", "facts", "subject")
    for value in VALUES
]


@pytest.mark.parametrize("path", ["/runs", "/verify"])
def test_no_value_of_any_field_breaks_the_server(grace: Person, path: str) -> None:
    client = caller(grace)
    answers = {
        (name, repr(value)): client.post(path, {"question": "Q?", "answer": "A.", name: value}).status
        for name, value in HOSTILE
    }
    answers |= {
        (name, repr(value)): client.post(path, {"question": "Q?", name: value}).status for name, value in HOSTILE
    }
    assert {case: status for case, status in answers.items() if status not in {202, 400}} == {}


ITEMS = [
    {name: value} | known
    for known in ({"source": "s", "text": "t"}, {"tool": "t", "arguments": {}})
    for name in ("source", "title", "text", "tool", "arguments")
    for value in VALUES
]


@pytest.mark.parametrize("field", ["passages", "actions"])
def test_no_value_inside_a_list_breaks_the_server(grace: Person, field: str) -> None:
    client = caller(grace)
    statuses = {client.post("/runs", {"question": "Q?", field: [item]}).status for item in ITEMS}
    statuses |= {
        client.post("/runs", {"question": "Q?", field: [{**item, "text": v}]}).status
        for item in ITEMS[:5]
        for v in VALUES
    }
    assert statuses <= {202, 400}
