"""How the API knows who asks: an API key, a bearer token, or the console's session."""

import hashlib
import secrets
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils.timezone import now
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from audit.access import usable
from audit.models import ApiKey


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """``Authorization: Api-Key PREFIX.SECRET``; only a digest of the secret is kept."""

    keyword = "Api-Key"

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
        if scheme != self.keyword:
            return None
        prefix, _, secret = presented.strip().partition(".")
        key = ApiKey.objects.filter(prefix=prefix[:12]).first()
        digest = hashlib.sha256(secret.encode("utf-8", "replace")).digest()
        known = bytes(key.digest) if key else bytes(32)
        if not secrets.compare_digest(digest, known) or key is None or not usable(key):
            raise exceptions.AuthenticationFailed("this API key is unknown, revoked or expired")
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now())
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


class BearerAuthentication(JWTAuthentication):
    """``Authorization: Bearer TOKEN``, signed with the one algorithm that the settings pin."""


class SessionAuthentication(authentication.SessionAuthentication):
    """The console's session, with the CSRF token on every change."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, None] | None:
        return super().authenticate(request)


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ANN401
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Api-Key PREFIX.SECRET"}
