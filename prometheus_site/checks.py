"""System checks: what is missing before the site may serve, each with a cure."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name
from django.db import connection
from django.utils.timezone import now

from evidence import vectors
from evidence.verifiers import registry
from evidence.verifiers.registry import NoVerifier
from guardians import masking
from guardians import registry as guests
from guardians.packfile import PackError, pack_in
from guardians.packs import BUILT_IN
from guardians.privacy import Coverage
from guardians.privacyrules import readers
from guardians.states import PackState

REFUSED = "every run of the workspace is refused until a version is put in force that can be used"
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


def packs_are_reviewed(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ANN401, ARG001
    """No built-in policy pack is past the day on which its review was due."""
    return [found for path in sorted(BUILT_IN.glob("*.yaml")) for found in overdue(path.read_bytes(), path.name)]


def packs_in_force_are_reviewed(
    app_configs: Any,  # noqa: ANN401, ARG001
    databases: Collection[str] | None = None,
    **kwargs: Any,  # noqa: ANN401, ARG001
) -> Sequence[CheckMessage]:
    """No pack that a workspace put in force itself is past its review, and each is what was put in force.

    Asked with ``check --database default`` only, and by ``migrate``, which may be about to make their table.
    """
    model = apps.get_model("guardians", "PackVersion")
    if not databases or model._meta.db_table not in connection.introspection.table_names():
        return []
    rows = model.objects.filter(state=PackState.IN_FORCE.value)
    found = rows.order_by("workspace__slug", "name").values_list("text", "hash", "workspace__slug")
    return [told for text, digest, slug in found for told in overdue(text.encode(), f"workspace {slug}", digest)]


def overdue(raw: bytes, place: str, digest: str = "") -> Sequence[CheckMessage]:
    hint = "have its rules checked against the law of today, and put a version in force with a new review_due"
    try:
        pack = pack_in(raw, place=place)
    except PackError as error:
        return [Error(str(error), hint="put a version in force that can be used", id="prometheus.E008")]
    if digest not in {"", pack.hash}:
        return [Error(f"{place}: pack {pack.name!r} is not what was put in force", hint=REFUSED, id="prometheus.E008")]
    if pack.review_due >= now().date():
        return []
    told = f"{place}: pack {pack.name!r}: its review was due on {pack.review_due}"
    return [Warning(told, hint=hint, id="prometheus.W002")]


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


def privacy_can_read(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ANN401, ARG001
    """The settings of the Privacy guardian name a coverage, a reader that can be loaded, and ways to mask."""
    hint = "correct it; until then no worker drives a run"
    found: list[CheckMessage] = []
    if settings.PROMETHEUS_PRIVACY not in set(Coverage):
        told = f"PROMETHEUS_PRIVACY is {settings.PROMETHEUS_PRIVACY[:60]!r}; use one of {', '.join(Coverage)}"
        found.append(Error(told, hint=hint, id="prometheus.E009"))
    try:
        readers.made(settings.PROMETHEUS_PRIVACY_READER)
    except readers.NoReader as error:
        found.append(Error(str(error), hint=hint, id="prometheus.E010"))
    try:
        masking.parse(settings.PROMETHEUS_MASKING)
    except masking.MaskingError as error:
        found.append(Error(f"PROMETHEUS_MASKING: {error}", hint=hint, id="prometheus.E011"))
    return found


def guardians_are_there(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ANN401, ARG001
    """Guardians that are named can be loaded, and all that have to vote are named."""
    required = [*(name for names in settings.PROMETHEUS_REQUIRED.values() for name in names)]
    required += [settings.PROMETHEUS_SECOND_SAFETY] if settings.PROMETHEUS_SECOND_SAFETY else []
    seconds = settings.PROMETHEUS_GUARDIAN_SECONDS
    if seconds < 1:
        hint = "use whole seconds from 1"
        return [Error("PROMETHEUS_GUARDIAN_SECONDS is 0, so no guardian votes", hint=hint, id="prometheus.E021")]
    found = guests.faults(settings.PROMETHEUS_GUARDIANS, required, settings.PROMETHEUS_GUARDIAN, seconds=seconds)
    hint = "until then it abstains, and where it is required nothing is allowed without a person"
    return [Error(fault, hint=hint, id="prometheus.E020") for fault in found]
