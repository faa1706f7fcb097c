"""Clients of the API, and every endpoint they may call with the scope it needs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from rest_framework.test import APIClient

from audit.roles import Scope
from tests.conftest import Person
from tests.orchestration.rows import BINDING, QUESTION, REASON

V1 = "/api/v1"
ASKED = {"question": QUESTION}
WORD = {"reason": REASON, "seen": BINDING}


ENDPOINTS: list[tuple[str, str, Scope]] = [
    ("GET", "/runs", Scope.RUNS_READ),
    ("POST", "/runs", Scope.RUNS_WRITE),
    ("POST", "/verify", Scope.RUNS_WRITE),
    ("GET", "/runs/{run}", Scope.RUNS_READ),
    ("GET", "/runs/{run}/claims", Scope.RUNS_READ),
    ("GET", "/runs/{run}/lineage", Scope.RUNS_READ),
    ("GET", "/runs/{run}/events", Scope.RUNS_READ),
    ("GET", "/runs/{run}/proof", Scope.LEDGER_READ),
    ("POST", "/runs/{run}/cancel", Scope.RUNS_WRITE),
    ("GET", "/runs/{run}/checkpoints", Scope.RUNS_READ),
    ("GET", "/runs/{run}/checkpoints/diff", Scope.RUNS_READ),
    ("POST", "/runs/{run}/restore", Scope.RUNS_WRITE),
    ("GET", "/runs/{run}/override", Scope.DENIALS_OVERRIDE),
    ("POST", "/runs/{run}/override", Scope.DENIALS_OVERRIDE),
    ("POST", "/overrides/{restore}/approve", Scope.DENIALS_OVERRIDE),
    ("POST", "/overrides/{restore}/reject", Scope.DENIALS_OVERRIDE),
    ("GET", "/restores", Scope.APPROVALS_READ),
    ("GET", "/restores/{restore}", Scope.APPROVALS_READ),
    ("POST", "/restores/{restore}/approve", Scope.APPROVALS_DECIDE),
    ("POST", "/restores/{restore}/reject", Scope.APPROVALS_DECIDE),
    ("GET", "/approvals", Scope.APPROVALS_READ),
    ("GET", "/approvals/{approval}", Scope.APPROVALS_READ),
    ("POST", "/approvals/{approval}/approve", Scope.APPROVALS_DECIDE),
    ("POST", "/approvals/{approval}/reject", Scope.APPROVALS_DECIDE),
    ("GET", "/inquiries", Scope.APPROVALS_READ),
    ("GET", "/inquiries/{inquiry}", Scope.APPROVALS_READ),
    ("POST", "/inquiries/{inquiry}/answer", Scope.APPROVALS_DECIDE),
    ("GET", "/runs/{run}/claims/{claim}/appeals", Scope.RUNS_READ),
    ("POST", "/runs/{run}/claims/{claim}/appeals", Scope.RUNS_WRITE),
    ("GET", "/appeals", Scope.RUNS_READ),
    ("GET", "/appeals/{appeal}", Scope.RUNS_READ),
    ("POST", "/appeals/{appeal}/decide", Scope.APPEALS_DECIDE),
    ("POST", "/appeals/{appeal}/withdraw", Scope.RUNS_WRITE),
    ("GET", "/tools", Scope.RUNS_READ),
    ("POST", "/tools/{tool}/approve", Scope.TOOLS_WRITE),
    ("POST", "/tools/{tool}/compensation", Scope.TOOLS_WRITE),
    ("DELETE", "/tools/{tool}/compensation", Scope.TOOLS_WRITE),
    ("POST", "/batches", Scope.RUNS_WRITE),
    ("GET", "/batches/{batch}", Scope.RUNS_READ),
    ("GET", "/batches/{batch}/runs", Scope.RUNS_READ),
    ("GET", "/batches/{batch}/events", Scope.RUNS_READ),
    ("POST", "/batches/{batch}/cancel", Scope.RUNS_WRITE),
    ("GET", "/ledger/checkpoint", Scope.LEDGER_READ),
    ("GET", "/documents", Scope.DOCUMENTS_READ),
    ("POST", "/documents", Scope.DOCUMENTS_WRITE),
]


def encoded(body: Any) -> Any:
    """Return texts and bytes as they are, nothing as nothing, and anything else as JSON."""
    if body is None or isinstance(body, bytes | str):
        return body or ""
    return json.dumps(body)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Caller:
    """A client that sends what it is told and never raises what the server raised."""

    client: APIClient

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        response = self.client.generic(
            method,
            path if path.startswith("/api") else V1 + path,
            encoded(body),
            content_type=headers.pop("content_type", "application/json"),
            **cast("Any", headers),
        )
        return Answer(response.status_code, json.loads(response.content or b"null"), response.headers)

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.send("POST", path, body, **headers)


def caller(who: Person | None) -> Caller:
    client = APIClient(raise_request_exception=False)
    if who is not None:
        client.force_authenticate(who.user)
    return Caller(client)


def by_key(text: str) -> Caller:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {text}")
    return Caller(client)


def is_problem(answer: Answer, status: int) -> bool:
    known = {"type", "title", "status", "detail"} <= set(answer.body)
    return answer.status == status and known and answer.headers["Content-Type"] == "application/problem+json"
