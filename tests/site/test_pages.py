"""The API's schema, its page, and the error pages."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.http import Http404
from django.test import Client, RequestFactory
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings

from prometheus_site import pages

SCHEMA = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


def test_the_schema_is_served_to_everybody(client: Client) -> None:
    answer = client.get("/api/v1/schema", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/vnd.oai.openapi+json")
    assert set(answer.json()["paths"]) >= {"/api/v1/runs", "/api/v1/verify", "/api/v1/approvals/{approval_id}/approve"}


def test_the_schema_names_the_three_ways_to_say_who_one_is() -> None:
    assert set(SCHEMA["components"]["securitySchemes"]) == {"apiKey", "jwtAuth", "cookieAuth"}


def test_the_schema_is_valid_and_every_enum_has_a_name_of_its_own() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


def test_the_page_shows_every_operation_and_every_shape_of_the_schema(client: Client) -> None:
    shown = client.get("/api/").content.decode()
    assert all(operation["path"] in shown for operation in pages.operations(SCHEMA))
    assert all(shape["name"] in shown for shape in pages.fields(SCHEMA))


def test_an_operation_is_told_with_its_body_and_answers() -> None:
    submit = next(o for o in pages.operations(SCHEMA) if (o["method"], o["path"]) == ("POST", "/api/v1/runs"))
    assert submit["body"]
    assert {"200", "202", "400"} <= set(submit["responses"])
    assert [p["name"] for p in submit["parameters"] if p["in"] == "header"] == ["Idempotency-Key", "Prefer"]


def test_a_shape_is_told_with_its_fields() -> None:
    (shape,) = (shape for shape in pages.fields(SCHEMA) if shape["name"] == "DocumentIn")
    assert [(field["name"], field["type"], field["required"]) for field in shape["fields"]] == [
        ("source", "string", True),
        ("title", "string", True),
        ("text", "string", True),
        ("trusted", "boolean", False),
    ]


def test_an_address_that_is_not_there_is_a_page_for_people_and_a_problem_for_clients(client: Client) -> None:
    page = client.get("/console/nowhere")
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
    problem = client.get("/api/v1/nowhere")
    assert (problem.status_code, problem["Content-Type"]) == (404, "application/problem+json")
    assert problem.json()["detail"] == "there is nothing at this address"


@pytest.mark.parametrize(
    ("path", "kind"), [("/console/runs", "text/html; charset=utf-8"), ("/api/v1/runs", "application/problem+json")]
)
def test_a_failure_tells_no_particulars(path: str, kind: str) -> None:
    answer = pages.server_error(RequestFactory().get(path))
    assert (answer.status_code, answer["Content-Type"]) == (500, kind)
    assert b"Traceback" not in answer.content


def test_what_nobody_foresaw_ends_in_a_problem_with_its_request_id(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the client's text")

    monkeypatch.setattr(pages, "operations", broken)
    client.raise_request_exception = False
    answer = client.get("/api/")
    assert answer.status_code == 500
    assert answer["X-Request-Id"]
    assert b"the client's text" not in answer.content


def test_a_missing_page_needs_no_exception_text() -> None:
    answer = pages.not_found(RequestFactory().get("/x"), Http404("a path with a name in it"))
    assert answer.status_code == 404
    assert b"a name in it" not in answer.content
