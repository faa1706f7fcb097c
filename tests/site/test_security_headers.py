"""Every face of the site answers under one policy."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from tests.conftest import Person

ROOT = Path(__file__).resolve().parents[2]
FACES = ["/login", "/api/", "/api/v1/schema", "/api/v1/runs", "/console/runs", "/admin/", "/nowhere", "/health/live"]
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}


@pytest.mark.parametrize("path", FACES)
def test_every_face_has_the_same_headers(client: Client, ada: Person, path: str) -> None:
    client.force_login(ada.user)
    answer = client.get(path)
    assert set(answer["Content-Security-Policy"].split("; ")) == POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Request-Id"]


@pytest.mark.parametrize("path", ["/console/runs", "/admin/", "/login"])
def test_no_page_asks_for_what_the_policy_forbids(client: Client, ada: Person, path: str) -> None:
    client.force_login(ada.user)
    shown = client.get(path, follow=True).content.decode()
    assert "<style" not in shown
    assert " style=" not in shown
    assert " onclick=" not in shown
    assert "<script>" not in shown


TELL = """
import django, json
django.setup()
from django.conf import settings
settings.ALLOWED_HOSTS = ["testserver"]
from django.test import Client
plain, safe = Client().get("/health/live"), Client().get("/health/live", secure=True)
moved = Client().get("/login")
print(json.dumps([
    safe.headers.get("Strict-Transport-Security"), moved.status_code, moved.headers.get("Location"), plain.status_code,
    settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE,
]))
"""


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (
            "https://prometheus.example",
            '["max-age=31536000; includeSubDomains; preload", 301, "https://testserver/login", 200, true, true]',
        ),
        ("http://127.0.0.1:8000", "[null, 200, null, 200, false, false]"),
    ],
)
def test_an_encrypted_site_stays_encrypted(url: str, told: str) -> None:
    environment = {**os.environ, "SITE_URL": url, "DJANGO_SETTINGS_MODULE": "prometheus_site.settings"}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TELL], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert ran.stdout.strip() == told, ran.stderr[-2000:]


@pytest.mark.parametrize("name", ["wsgi", "asgi"])
def test_the_site_can_be_served_either_way(name: str) -> None:
    assert callable(importlib.import_module(f"prometheus_site.{name}").application)
