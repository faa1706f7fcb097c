"""What goes wrong is told as a problem document (RFC 9457), and nothing is told of what nobody foresaw."""

import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from pytest_django import Settings
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from audit import errors, problems
from audit.keys import KeyUnavailable
from audit.problems import BoundedJSONParser
from audit.vault import SealError

AWAY = "the database is away; nothing was done, try again in a few seconds"


class Lost(errors.NotFound):
    field = "run"


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (errors.Invalid("stakes is 'HUGE'; use LOW"), 400, "stakes is 'HUGE'; use LOW"),
        (errors.NotAllowed("runs:read is needed"), 403, "runs:read is needed"),
        (errors.NotFound("no such run"), 404, "no such run"),
        (errors.Conflict("it has ended"), 409, "it has ended"),
        (errors.TooLarge("over 5 MB"), 413, "over 5 MB"),
        (errors.Unavailable("later"), 503, "later"),
        (OperationalError("FATAL: password of 10.0.0.1"), 503, AWAY),
        (InterfaceError("closed"), 503, AWAY),
        (KeyUnavailable("data key 7 no longer exists"), 410, "data key 7 no longer exists"),
        (SealError("run.request of row 7 was changed"), 409, "run.request of row 7 was changed"),
        (Http404("No Run matches"), 404, "there is nothing at this address"),
        (PermissionDenied("staff only"), 403, "staff only"),
        (PermissionDenied(), 403, "you may not do this"),
        (exceptions.ParseError("JSON parse error"), 400, "JSON parse error"),
        (exceptions.MethodNotAllowed("PUT"), 405, 'Method "PUT" not allowed.'),
        (exceptions.ValidationError("too long"), 400, "too long"),
        (exceptions.ValidationError({"title": "too long"}), 400, "title: too long"),
    ],
)  # fmt: skip
def test_each_error_has_its_status_and_says_what_to_do(error: Exception, status: int, detail: str) -> None:
    answer = problems.handle(error, {})
    assert answer is not None
    assert (answer.status_code, answer.data["status"], answer.data["detail"]) == (status, status, detail)
    assert answer.data["title"]
    assert answer.content_type == "application/problem+json"


def test_the_field_is_named_where_there_is_one() -> None:
    answer = problems.handle(Lost("no such run"), {})
    assert answer is not None
    assert answer.data["field"] == "run"


def test_who_is_not_known_is_told_how_to_say_who_they_are() -> None:
    error = exceptions.NotAuthenticated()
    error.auth_header = "Api-Key"  # type: ignore[attr-defined]
    answer = problems.handle(error, {})
    assert answer is not None
    assert answer["WWW-Authenticate"] == "Api-Key"


def test_what_nobody_foresaw_is_left_to_the_error_page() -> None:
    assert problems.handle(ZeroDivisionError("the client's text"), {}) is None


def test_a_problem_outside_of_rest_framework_looks_the_same() -> None:
    answer = problems.plain(status=404, title="Not found", detail="nothing here")
    assert json.loads(answer.content) == {
        "type": "about:blank",
        "title": "Not found",
        "status": 404,
        "detail": "nothing here",
    }
    assert answer["Content-Type"] == "application/problem+json"


def read(body: bytes) -> Any:
    request = Request(
        APIRequestFactory().post("/", body, content_type="application/json"), parsers=[BoundedJSONParser()]
    )
    return request.data


def test_a_body_is_read_up_to_the_limit(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 13
    assert read(b'{"a":"bcdef"}') == {"a": "bcdef"}
    with pytest.raises(RequestDataTooBig) as caught:
        read(b'{"a":"bcdefg"}')
    answer = problems.handle(caught.value, {})
    assert answer is not None
    assert (answer.status_code, answer.data["detail"]) == (413, "the body has over 13 bytes: send it in parts")


def test_json_that_is_nested_too_deeply_is_refused(settings: Settings) -> None:
    with pytest.raises(exceptions.ParseError, match="nested too deeply"):
        read(b"[" * 100_000)


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"a":NaN}', b'{"a":Infinity}'])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    assert issubclass(BoundedJSONParser, JSONParser)
    with pytest.raises(exceptions.ParseError):
        read(body)
