"""Lines of batch work: each gets an answer or its error, in order, whatever the others are."""

import io
import json
from collections.abc import Mapping
from typing import Any

import pytest

from audit import jsonlines
from audit.errors import Invalid, Problem, TooLarge
from audit.jsonlines import Progress, answered, check_fields, lines, list_in, parsed, text_in, written


def shout(document: Mapping[str, Any]) -> dict[str, Any]:
    return {"said": text_in(document, "text", limit=5).upper()}


def test_an_answer_comes_with_the_id_of_its_line() -> None:
    assert answered(b'{"id": "a", "text": "yes"}', shout) == {"id": "a", "said": "YES"}


def test_a_line_that_cannot_be_judged_keeps_its_id_and_says_the_limit() -> None:
    said = answered(b'{"id": 7, "text": "too long"}', shout)
    assert (said["id"], "at most 5 are taken" in said["error"]) == (7, True)


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"\xff", b"{}", b'{"id": true}', b'{"id": 1.5}', b"[" * 100_000])
def test_a_line_without_an_id_is_refused(line: bytes) -> None:
    with pytest.raises(Invalid, match="send"):
        parsed(line)


def test_of_a_line_that_is_too_long_only_the_beginning_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonlines, "LINE_LIMIT", 100)
    first, second = lines(io.BytesIO(b'{"id": 1, "' + b"a" * 1000 + b'"}\n{"id": 2}\n'))
    assert (len(first), parsed(second)) == (101, {"id": 2})
    with pytest.raises(TooLarge, match="over 100 bytes"):
        parsed(first)


@pytest.mark.parametrize("text", ["ä", "\ud800", "\u2028", "\x00"])
def test_any_text_comes_back_from_its_line(text: str) -> None:
    line = written({"id": text})
    assert (line.count(b"\n"), json.loads(line)) == (1, {"id": text})


def test_unknown_fields_and_wrong_types_are_named() -> None:
    with pytest.raises(Problem, match="'txt' is not a field; known are id, text"):
        check_fields({"id": 1, "txt": "a"}, {"id", "text"})
    with pytest.raises(Problem, match="items is str; send a list"):
        list_in({"items": "a"}, "items", limit=1)


def test_the_progress_ends_with_what_was_counted() -> None:
    stream = io.StringIO()
    progress = Progress(stream, noun="texts", silent=False)
    progress.tell(failed=False)
    progress.tell(failed=True)
    progress.end()
    assert stream.getvalue().startswith("2 texts, 1 not judged, ")
