"""How the API knows clients by their keys. Bearer tokens and the console's session are the libraries' own work."""

import datetime as dt
import hashlib
import secrets
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.timezone import now
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from audit.access import usable
from audit.models import ApiKey

# How old the note of a key's last use may get. One written for each request would be a commit more to wait for, and
# the requests of one key would queue for its row.
NOTED = dt.timedelta(minutes=1)


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """``Authorization: Api-Key PREFIX.SECRET``; only a digest of the secret is kept."""

    keyword = "Api-Key"

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != self.keyword.lower():
            return None
        prefix, _, secret = presented.strip().partition(".")
        key = ApiKey.objects.filter(prefix=prefix).first() if prefix.isascii() and prefix.isalnum() else None
        digest = hashlib.sha256(secret.encode("utf-8", "replace")).digest()
        known = bytes(key.digest) if key else bytes(32)
        if not secrets.compare_digest(digest, known) or key is None or not usable(key):
            raise exceptions.AuthenticationFailed("this API key is unknown, revoked or expired")
        note_use(key, at=now())
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return self.keyword


def note_use(key: ApiKey, *, at: dt.datetime) -> None:
    if key.last_used_at is None or at - key.last_used_at >= NOTED:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=at)


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ANN401, ARG002
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Api-Key PREFIX.SECRET"}
