"""Who asks: an API key, a token signed with the one algorithm, or the console's session with its CSRF token."""

import base64
import datetime as dt
import json
from typing import Any

import jwt
import pytest
from django.conf import settings as site
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from audit import apikeys
from audit.apikeys import NewKey
from audit.models import ApiKey
from tests.conftest import PASSWORD, Person

RUNS = "/api/v1/runs"


@pytest.fixture
def key(grace: Person) -> NewKey:
    return apikeys.create_key(name="ward system", scopes=["runs:read"], actor=grace.actor)


def status(client: Client, authorization: str) -> int:
    return client.get(RUNS, headers={"Authorization": authorization}).status_code


def test_a_key_lets_in(client: Client, key: NewKey) -> None:
    assert status(client, f"Api-Key {key.text}") == 200
    assert status(client, f"api-key {key.text}") == 200
    used = ApiKey.objects.get().last_used_at
    assert used is not None
    assert now() - used < dt.timedelta(minutes=1)


def test_the_last_use_of_a_key_is_noted_at_most_once_a_minute(client: Client, key: NewKey) -> None:
    for age, noted in [(dt.timedelta(seconds=30), False), (dt.timedelta(seconds=90), True)]:
        before = now() - age
        ApiKey.objects.update(last_used_at=before)
        assert status(client, f"Api-Key {key.text}") == 200
        assert (ApiKey.objects.get().last_used_at != before) is noted


def test_a_key_may_do_what_its_scopes_say_and_no_more(client: Client, key: NewKey) -> None:
    answer = client.post(
        RUNS, {"question": "x"}, content_type="application/json", headers={"Authorization": f"Api-Key {key.text}"}
    )
    assert answer.status_code == 403
    assert answer.json()["detail"] == "this needs the scope runs:write; you have runs:read"


def test_a_key_needs_no_csrf_token(grace: Person) -> None:
    made = apikeys.create_key(name="x", scopes=["runs:write"], actor=grace.actor)
    answer = Client(enforce_csrf_checks=True).post(
        RUNS,
        {"question": "What is the dose?", "stakes": "LOW"},
        content_type="application/json",
        headers={"Authorization": f"Api-Key {made.text}"},
    )
    assert answer.status_code == 202


def wrong_keys(text: str) -> list[str]:
    prefix, secret = text.split(".")
    return [
        "",
        text[:-1],
        prefix,
        f"{prefix}.",
        f".{secret}",
        f"{prefix}x.{secret}",
        f"{text}.{text}",
        "\0.x",
        "\xe9.\xe9",
    ]


def test_a_key_that_is_not_exactly_it_is_refused(client: Client, key: NewKey) -> None:
    assert {status(client, f"Api-Key {wrong}") for wrong in wrong_keys(key.text)} == {401}


@pytest.mark.parametrize("change", [{"revoked_at": now()}, {"expires_at": now() - dt.timedelta(seconds=1)}])
def test_a_revoked_or_expired_key_is_refused_and_told_how_to_log_in(
    client: Client, key: NewKey, change: dict[str, Any]
) -> None:
    ApiKey.objects.update(**change)
    answer = client.get(RUNS, headers={"Authorization": f"Api-Key {key.text}"})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Api-Key")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == "this API key is unknown, revoked or expired"


def test_nobody_gets_nothing(client: Client, db: None) -> None:
    assert client.get(RUNS).status_code == 401


def test_a_token_is_given_for_a_password_and_lets_in(client: Client, grace: Person) -> None:
    answer = client.post("/api/v1/token", {"username": "grace", "password": PASSWORD}, content_type="application/json")
    assert status(client, f"Bearer {answer.json()['access']}") == 200
    renewed = client.post(
        "/api/v1/token/refresh", {"refresh": answer.json()["refresh"]}, content_type="application/json"
    )
    assert status(client, f"Bearer {renewed.json()['access']}") == 200


def test_a_wrong_password_gives_no_token(client: Client, grace: Person) -> None:
    answer = client.post("/api/v1/token", {"username": "grace", "password": "wrong"}, content_type="application/json")
    assert answer.status_code == 401
    assert "token" not in answer.json()


def claims_of(person: Person) -> dict[str, Any]:
    return {**AccessToken.for_user(person.user).payload, "iss": site.SITE_URL, "aud": "prometheus-api"}


def unsigned(claims: dict[str, Any]) -> str:
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def test_a_token_signed_as_it_must_be_is_taken(client: Client, grace: Person) -> None:
    assert status(client, f"Bearer {jwt.encode(claims_of(grace), site.SECRET_KEY, algorithm='HS256')}") == 200


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_refused_though_the_key_is_right(client: Client, grace: Person, algorithm: str) -> None:
    assert status(client, f"Bearer {jwt.encode(claims_of(grace), site.SECRET_KEY, algorithm=algorithm)}") == 401


def test_an_unsigned_token_is_refused(client: Client, grace: Person) -> None:
    assert status(client, f"Bearer {unsigned(claims_of(grace))}") == 401


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another-api"},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"token_type": "refresh"},
        {"user_id": "0"},
        {"user_id": None},
    ],
)
def test_a_token_for_somebody_or_something_else_is_refused(
    client: Client, grace: Person, change: dict[str, Any]
) -> None:
    claims = {name: value for name, value in {**claims_of(grace), **change}.items() if value is not None}
    assert status(client, f"Bearer {jwt.encode(claims, site.SECRET_KEY, algorithm='HS256')}") == 401


def test_a_token_signed_with_another_key_is_refused(client: Client, grace: Person) -> None:
    assert status(client, f"Bearer {jwt.encode(claims_of(grace), 'x' * 64, algorithm='HS256')}") == 401


def test_a_refresh_token_does_not_let_in(client: Client, grace: Person) -> None:
    assert status(client, f"Bearer {RefreshToken.for_user(grace.user)}") == 401


def test_a_token_of_somebody_who_left_is_refused(client: Client, grace: Person) -> None:
    token = AccessToken.for_user(grace.user)
    User.objects.filter(pk=grace.user.pk).update(is_active=False)
    assert status(client, f"Bearer {token}") == 401


def test_the_consoles_session_reads(client: Client, grace: Person) -> None:
    client.force_login(grace.user)
    assert client.get(RUNS).status_code == 200


def test_the_consoles_session_changes_nothing_without_the_csrf_token(grace: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/login")
    client.force_login(grace.user)
    body = {"question": "What is the dose?", "stakes": "LOW"}
    token = {"X-CSRFToken": client.cookies["csrftoken"].value}
    assert client.post(RUNS, body, content_type="application/json").status_code == 403
    assert client.post(RUNS, body, content_type="application/json", headers=token).status_code == 202
