"""System checks: what is missing before the site may serve, each with a cure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name

from evidence import vectors
from evidence.verifiers import registry
from evidence.verifiers.registry import NoVerifier

INSECURE = "insecure-only-for-commands-that-need-no-secret"


def keys_are_set(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ANN401, ARG001 - Django's signature
    """The three secrets exist, and differ."""
    found: list[CheckMessage] = []
    if settings.SECRET_KEY == INSECURE:
        found.append(Error("DJANGO_SECRET_KEY is not set", hint="openssl rand -base64 48", id="prometheus.E001"))
    if not settings.PROMETHEUS_VAULT_KEY:
        found.append(Error("PROMETHEUS_VAULT_KEY is not set", hint="openssl rand -base64 32", id="prometheus.E002"))
    if not settings.PROMETHEUS_SIGNING_KEY:
        found.append(Error("PROMETHEUS_SIGNING_KEY is not set", hint="openssl rand -base64 32", id="prometheus.E003"))
    elif settings.PROMETHEUS_SIGNING_KEY == settings.PROMETHEUS_VAULT_KEY:
        found.append(Error("vault and ledger share one key", hint="make two different keys", id="prometheus.E004"))
    return found


def addresses_fit(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ANN401, ARG001
    """A public address is served over https."""
    local = urlsplit(settings.SITE_URL).hostname in {"127.0.0.1", "::1", "localhost"}
    if settings.SITE_URL.startswith("http://") and not local:
        hint = "set SITE_URL to the https address that users open"
        return [Warning(f"SITE_URL is {settings.SITE_URL}, without TLS", hint=hint, id="prometheus.W001")]
    return []


def verifier_is_there(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ANN401, ARG001
    """The stronger verifier that is named can be loaded. Where none is named, nothing is."""
    try:
        registry.made(settings.PROMETHEUS_VERIFIER, built_in=settings.PROMETHEUS_VERIFIERS)
    except NoVerifier as error:
        hint = "correct it, or leave PROMETHEUS_VERIFIER empty; until then the built-in verifier decides alone"
        return [Error(str(error), hint=hint, id="prometheus.E005")]
    if settings.PROMETHEUS_VERIFIER_SECONDS < 1:
        hint = "use whole seconds from 1"
        return [Error("PROMETHEUS_VERIFIER_SECONDS is 0, so no verifier answers", hint=hint, id="prometheus.E006")]
    return []


def vectors_can_be_read(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ANN401, ARG001
    """Word vectors that are named are there, with the packages that read them."""
    folder = settings.PROMETHEUS_VECTORS
    try:
        if folder:
            vectors.load(Path(folder))
    except vectors.VectorsError as error:
        hint = "mend it, or leave PROMETHEUS_VECTORS empty; without it no worker drives a run"
        return [Error(f"PROMETHEUS_VECTORS is {folder!r}: {error}", hint=hint, id="prometheus.E007")]
    return []
