"""Documents over HTTP: who may, what is refused and how, and that a workspace sees only its own."""

import datetime as dt
import json
from typing import Any

import pytest
from django.utils.timezone import now
from rest_framework.test import APIClient

from audit.apikeys import create_key, revoke_key
from audit.roles import Scope
from evidence import corpus
from evidence.models import Document
from tests.conftest import Person

pytestmark = pytest.mark.django_db

URL = "/api/v1/documents"
STOPPED = "Warfarin is stopped 5 days before surgery."
DOCUMENT = {"source": "Committee", "title": "Stopping warfarin", "text": STOPPED}


def client_of(person: Person, *scopes: str) -> APIClient:
    key = create_key(
        name="ward system", scopes=scopes or (Scope.DOCUMENTS_READ, Scope.DOCUMENTS_WRITE), actor=person.actor
    )
    return holding(key.text)


def holding(text: str, *, scheme: str = "Api-Key") -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"{scheme} {text}")
    return client


def posted(client: Any, body: bytes, *, content_type: str = "application/json") -> Any:
    return client.generic("POST", URL, body, content_type=content_type)


def titles(client: APIClient) -> list[str]:
    return [document["title"] for document in client.get(URL).json()["results"]]


def test_a_client_adds_a_document_and_finds_it_in_the_list(ada: Person) -> None:
    client = client_of(ada)
    answer = client.post(URL, DOCUMENT)
    assert answer.status_code == 201
    assert client.get(URL).json()["results"] == [answer.json()]


def test_an_answer_names_the_document_and_not_its_text(ada: Person) -> None:
    answer = client_of(ada).post(URL, DOCUMENT).json()
    assert (answer["source"], answer["title"], answer["version"], answer["current"]) == (
        "Committee", "Stopping warfarin", 1, True,
    )  # fmt: skip
    assert "text" not in answer


def test_the_same_text_again_is_the_same_document_and_another_one_is_a_new_version(ada: Person) -> None:
    client = client_of(ada)
    first, again = client.post(URL, DOCUMENT).json(), client.post(URL, DOCUMENT).json()
    changed = client.post(URL, DOCUMENT | {"text": "Warfarin is stopped 4 days before surgery."}).json()
    assert (first["id"], changed["version"]) == (again["id"], 2)


def test_a_document_may_come_from_an_untrusted_source(ada: Person) -> None:
    client_of(ada).post(URL, DOCUMENT | {"trusted": False})
    assert not Document.objects.get().source.trusted


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_is_let_in_without_a_key(db: None, method: str) -> None:
    answer = getattr(APIClient(), method)(URL)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Api-Key")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "text", ["", "nonsense", "000000000000.x", ".", "a.b.c", "ab\u00e9", "x" * 5000, "' OR 1=1 --.x", "%00.%00"]
)
def test_a_key_that_does_not_exist_opens_nothing(db: None, text: str) -> None:
    assert holding(text).get(URL).status_code == 401


def test_another_secret_with_a_known_prefix_opens_nothing(ada: Person) -> None:
    made = create_key(name="k", scopes=[Scope.DOCUMENTS_READ], actor=ada.actor)
    assert holding(f"{made.key.prefix}.{'x' * 43}").get(URL).status_code == 401
    assert holding(made.key.prefix).get(URL).status_code == 401
    assert holding(made.text, scheme="Basic").get(URL).status_code == 401


def test_a_revoked_key_opens_nothing(ada: Person) -> None:
    made = create_key(name="k", scopes=[Scope.DOCUMENTS_READ], actor=ada.actor)
    revoke_key(made.key, actor=ada.actor)
    assert holding(made.text).get(URL).status_code == 401


def test_an_expired_key_opens_nothing(ada: Person) -> None:
    past = now() - dt.timedelta(seconds=1)
    made = create_key(name="k", scopes=[Scope.DOCUMENTS_READ], actor=ada.actor, expires_at=past)
    assert holding(made.text).get(URL).status_code == 401


@pytest.mark.parametrize(
    ("scope", "method", "needed"),
    [(Scope.DOCUMENTS_READ, "post", Scope.DOCUMENTS_WRITE), (Scope.DOCUMENTS_WRITE, "get", Scope.DOCUMENTS_READ)],
)
def test_a_key_does_what_its_scopes_say_and_no_more(ada: Person, scope: Scope, method: str, needed: Scope) -> None:
    answer = getattr(client_of(ada, scope), method)(URL, DOCUMENT)
    assert answer.status_code == 403
    assert needed in answer.json()["detail"]
    assert Document.objects.count() == 0


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_documents_are_neither_changed_nor_deleted_over_http(ada: Person, method: str) -> None:
    assert getattr(client_of(ada), method)(URL, DOCUMENT).status_code in {403, 405}


def test_there_is_nothing_at_an_address_that_does_not_exist(ada: Person) -> None:
    assert client_of(ada).get(f"{URL}/00000000-0000-0000-0000-000000000000").status_code == 404


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"text": ""}, "no word of text"),
        ({"text": " \n\t "}, "no word of text"),
        ({"text": "---\ntitle: nothing else\n---\n"}, "no word of text"),
        ({"text": "Warfarin \u0000 is"}, "U+0000"),
        ({"text": "Warfarin\u001b[31m is"}, "U+001B"),
        ({"text": "half a pair \ud800"}, "not UTF-8"),
        ({"text": None}, "text is missing"),
        ({"text": 5}, "text is missing"),
        ({"text": ["a"]}, "text is missing"),
        ({"title": ""}, "title must be a text of one line"),
        ({"title": "two\nlines"}, "title must be a text of one line"),
        ({"title": 7}, "title must be a text of one line"),
        ({"title": "a" * 201}, "title has 201 characters; at most 200"),
        ({"source": "   "}, "source must be a text of one line"),
        ({"source": "a" * 121}, "source has 121 characters; at most 120"),
        ({"source": "\u202eevil"}, "source must be a text of one line"),
        ({"source": "\ud800"}, "source must be a text of one line"),
        ({"trusted": "false"}, "trusted is 'false'; send true or false"),
        ({"trusted": None}, "trusted is 'None'; send true or false"),
        ({"owner": "mallory"}, "'owner' is not a field; known are source, text, title, trusted"),
        ({"z" * 5000: 1}, "is not a field"),
    ],
    ids=range(21),
)
def test_a_document_that_cannot_be_taken_is_refused_with_the_cure(
    ada: Person, changes: dict[str, Any], detail: str
) -> None:
    answer = posted(client_of(ada), json.dumps(DOCUMENT | changes).encode())
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert detail in answer.json()["detail"]
    assert len(answer.content) < 500
    assert Document.objects.count() == 0


@pytest.mark.parametrize("missing", ["source", "title", "text"])
def test_a_document_needs_a_source_a_title_and_a_text(ada: Person, missing: str) -> None:
    body = {name: value for name, value in DOCUMENT.items() if name != missing}
    answer = client_of(ada).post(URL, body)
    assert answer.status_code == 400
    assert missing in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b"5",
        b"null",
        b"{",
        b"\xff\xfe",
        '{"text": "Ä"}'.encode("latin-1"),
        b"[" * 100_000,
        b'{"a": NaN}',
    ],
    ids=range(10),
)
def test_a_body_that_is_no_json_object_is_refused(ada: Person, body: bytes) -> None:
    answer = posted(client_of(ada), body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_form_is_refused_by_its_type(ada: Person) -> None:
    answer = posted(client_of(ada), b"text=a", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 415


def test_a_document_of_fifty_megabytes_is_too_large(ada: Person) -> None:
    answer = client_of(ada).post(URL, DOCUMENT | {"text": "a" * 50_000_000})
    assert (answer.status_code, answer.json()["title"]) == (413, "Too large")
    assert "send it in parts" in answer.json()["detail"]


def test_a_document_over_its_own_limit_is_too_large(ada: Person) -> None:
    answer = client_of(ada).post(URL, DOCUMENT | {"text": "a" * 5_000_001})
    assert (answer.status_code, answer.json()["title"]) == (413, "Too large")
    assert "5,000,001 bytes; at most 5,000,000 are taken: split it" in answer.json()["detail"]


def test_a_list_is_paged_newest_first_by_a_cursor(ada: Person) -> None:
    for number in range(51):
        corpus.add_document(source="s", title=f"Title {number}", text=STOPPED, actor=ada.actor)
    client = client_of(ada)
    first = client.get(URL).json()
    second = client.get(first["next"]).json()
    assert sorted(row["title"] for row in first["results"] + second["results"]) == sorted(
        f"Title {n}" for n in range(51)
    )
    assert (len(first["results"]), second["next"]) == (50, None)


def test_a_cursor_that_nobody_gave_out_is_refused(ada: Person) -> None:
    assert client_of(ada).get(URL, {"cursor": "nonsense"}).status_code == 404


def test_each_workspace_sees_its_own_documents_only(ada: Person, mallory: Person) -> None:
    ours, theirs = client_of(ada), client_of(mallory)
    ours.post(URL, DOCUMENT)
    theirs.post(URL, DOCUMENT | {"title": "Elsewhere"})
    assert (titles(ours), titles(theirs)) == (["Stopping warfarin"], ["Elsewhere"])


def test_naming_another_workspace_opens_no_door(ada: Person, mallory: Person) -> None:
    client_of(ada).post(URL, DOCUMENT)
    key = create_key(name="k", scopes=[Scope.DOCUMENTS_READ], actor=mallory.actor)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {key.text}", HTTP_X_WORKSPACE="northgate")
    assert titles(client) == []


def test_the_same_title_elsewhere_makes_no_version_here(ada: Person, mallory: Person) -> None:
    client_of(mallory).post(URL, DOCUMENT)
    answer = client_of(ada).post(URL, DOCUMENT | {"text": "Another text."})
    assert answer.json()["version"] == 1


def test_a_reviewer_in_a_session_reads_but_does_not_write(grace: Person, ada: Person) -> None:
    client_of(ada).post(URL, DOCUMENT)
    client = APIClient()
    client.force_login(grace.user)
    assert titles(client) == ["Stopping warfarin"]
    assert client.post(URL, DOCUMENT).status_code == 403


def test_a_session_needs_its_token_to_write(ada: Person) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(ada.user)
    answer = client.post(URL, DOCUMENT)
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]
