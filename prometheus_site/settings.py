"""Every setting of the site, read from the environment. ``NAME_FILE`` names a file that holds the value of ``NAME``."""

import os
from base64 import b64decode
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from prometheus_site.logs import logging_configuration

BASE_DIR = Path(__file__).resolve().parent.parent


def text(name: str, default: str = "") -> str:
    """Return the value of ``NAME``, or the content of the file that ``NAME_FILE`` names."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE is {path!r}, which cannot be read: {error}") from error
    return os.environ.get(name, default)


def flag(name: str, *, default: bool) -> bool:
    value = text(name, str(default)).lower()
    if value not in {"true", "false", "1", "0"}:
        raise ImproperlyConfigured(f"{name} is {value!r}; use true or false")
    return value in {"true", "1"}


def number(name: str, default: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} is {value!r}; use a whole number")
    return int(value)


def listed(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def prefixed(prefix: str) -> dict[str, str]:
    """Return every setting whose name begins so."""
    names = {name.removesuffix("_FILE") for name in os.environ if name.startswith(prefix)}
    return {name: text(name) for name in sorted(names)}


def key(name: str) -> bytes:
    """Return a 32-byte key given in base64; empty when it is not set, which a system check reports."""
    try:
        raw = b64decode(text(name).strip(), validate=True)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not base64; make one: openssl rand -base64 32") from error
    if raw and len(raw) != 32:
        raise ImproperlyConfigured(f"{name} has {len(raw)} bytes; 32 are needed: openssl rand -base64 32")
    return raw


def broker(url: str) -> str:
    """Return Celery's form of a Redis URL: redis-py writes ``unix:///path?db=1``, kombu its own scheme and name."""
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    return f"redis+socket://{parts.path}?virtual_host={dict(parse_qsl(parts.query)).get('db', '0')}"


def database(url: str) -> dict[str, object]:
    """Turn a postgresql:// URL into Django's settings; ``?host=`` may name a socket directory."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(f"DATABASE_URL begins with {parts.scheme!r}; use postgresql://user@host/name")
    query = dict(parse_qsl(parts.query))
    pooled = flag("DATABASE_POOL", default=True)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "prometheus",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", "") or parts.hostname or "",
        "PORT": str(parts.port or query.pop("port", "")),
        "CONN_MAX_AGE": 0 if pooled else None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**query, **({"pool": {"min_size": 1, "max_size": 8, "timeout": 10}} if pooled else {})},
        "TEST": {"NAME": "test_prometheus"},
    }


DEBUG = flag("DJANGO_DEBUG", default=False)
SECRET_KEY = text("DJANGO_SECRET_KEY", "insecure-only-for-commands-that-need-no-secret")
ALLOWED_HOSTS = listed("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
SITE_URL = text("SITE_URL", "http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURE = SITE_URL.startswith("https://")

DATABASE_URL = text("DATABASE_OWNER_URL") or text("DATABASE_URL", "postgresql://localhost/prometheus")
DATABASES = {"default": database(DATABASE_URL)}
REDIS_URL = text("REDIS_URL", "redis://localhost:6379/0")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The vault's key wraps every run's data key; the signing key seals the ledger. Neither ever reaches the database.
PROMETHEUS_VAULT_KEY = key("PROMETHEUS_VAULT_KEY")
PROMETHEUS_SIGNING_KEY = key("PROMETHEUS_SIGNING_KEY")
PROMETHEUS_ORIGIN = text("PROMETHEUS_ORIGIN", "prometheus.localhost/audit")
PROMETHEUS_MULTIPROC_DIR = text("PROMETHEUS_MULTIPROC_DIR")
PROMETHEUS_METRICS_PORT = number("PROMETHEUS_METRICS_PORT", 0)
PROMETHEUS_LEASE_SECONDS = number("PROMETHEUS_LEASE_SECONDS", 10)
PROMETHEUS_SLICE_SECONDS = number("PROMETHEUS_SLICE_SECONDS", 60)
PROMETHEUS_STEP_SECONDS = number("PROMETHEUS_STEP_SECONDS", 120)
PROMETHEUS_DEADLINE_SECONDS = number("PROMETHEUS_DEADLINE_SECONDS", 3600)
PROMETHEUS_DEADLINE_LIMIT_SECONDS = number("PROMETHEUS_DEADLINE_LIMIT_SECONDS", 86_400)
PROMETHEUS_AGEING_SECONDS = number("PROMETHEUS_AGEING_SECONDS", 30)
PROMETHEUS_WORKSPACE_RUNS = number("PROMETHEUS_WORKSPACE_RUNS", 16)
# A worker that is shut down hands over a run whose step does not end by then; its process ends four seconds later.
PROMETHEUS_DRAIN_SECONDS = number("PROMETHEUS_DRAIN_SECONDS", 8)
PROMETHEUS_MAX_ATTEMPTS = number("PROMETHEUS_MAX_ATTEMPTS", 5)
# What verifiers said is remembered for so long, and so many claims of it, in Redis; 0 is not at all.
PROMETHEUS_CACHE_URL = text("PROMETHEUS_CACHE_URL", REDIS_URL)
PROMETHEUS_CACHE_SECONDS = number("PROMETHEUS_CACHE_SECONDS", 86_400)
PROMETHEUS_CACHE_ENTRIES = number("PROMETHEUS_CACHE_ENTRIES", 50_000)
PROMETHEUS_APPROVAL_MINUTES = number("PROMETHEUS_APPROVAL_MINUTES", 15)
PROMETHEUS_APPEAL_DAYS = number("PROMETHEUS_APPEAL_DAYS", 14)
# An event stream holds one thread of the web server for as long as it lasts; the other threads must stay free.
PROMETHEUS_STREAMS = number("PROMETHEUS_STREAMS", 2)
PROMETHEUS_WEBHOOK_ATTEMPTS = number("PROMETHEUS_WEBHOOK_ATTEMPTS", 10)
# For tests only: webhooks over plain http, and names whose addresses may be on loopback.
PROMETHEUS_WEBHOOK_HTTP = flag("PROMETHEUS_WEBHOOK_HTTP", default=False)
PROMETHEUS_WEBHOOK_LOOPBACK = listed("PROMETHEUS_WEBHOOK_LOOPBACK")
PROMETHEUS_PROVIDER = {
    "PROMETHEUS_PROVIDER": text("PROMETHEUS_PROVIDER", "extractive"),
    "OPENAI_BASE_URL": text("OPENAI_BASE_URL"),
    "OPENAI_API_KEY": text("OPENAI_API_KEY"),
    "OPENAI_MODEL": text("OPENAI_MODEL"),
    "OPENAI_TIMEOUT": text("OPENAI_TIMEOUT"),
    "OPENAI_PRICES": text("OPENAI_PRICES"),
}
# A folder with static word vectors, which help to find passages; without one, words alone do.
PROMETHEUS_VECTORS = text("PROMETHEUS_VECTORS")

# What Privacy looks for in runs, what reads beside its rules, and how each kind of personal data is masked.
PROMETHEUS_PRIVACY = text("PROMETHEUS_PRIVACY", "direct")
PROMETHEUS_PRIVACY_READER = text("PROMETHEUS_PRIVACY_READER")
PROMETHEUS_MASKING = text("PROMETHEUS_MASKING")

# A stronger verifier, asked about the claims that the built-in one leaves open. Nothing is loaded before one is named.
PROMETHEUS_VERIFIER = {
    "PROMETHEUS_VERIFIER": text("PROMETHEUS_VERIFIER"),
    "PROMETHEUS_VERIFIER_FOLDER": text("PROMETHEUS_VERIFIER_FOLDER"),
    "PROMETHEUS_VERIFIER_URL": text("PROMETHEUS_VERIFIER_URL"),
    "PROMETHEUS_VERIFIER_TOKEN": text("PROMETHEUS_VERIFIER_TOKEN"),
    "PROMETHEUS_VERIFIER_MODEL": text("PROMETHEUS_VERIFIER_MODEL"),
    "PROMETHEUS_VERIFIER_HTTP": str(flag("PROMETHEUS_VERIFIER_HTTP", default=False)),
    "PROMETHEUS_VERIFIER_PROVIDER": text("PROMETHEUS_VERIFIER_PROVIDER", "openai"),
}
PROMETHEUS_VERIFIER_SECONDS = number("PROMETHEUS_VERIFIER_SECONDS", 20)
PROMETHEUS_VERIFIERS = {
    "http": "orchestration.engine.endpoint:made",
    "judge": "orchestration.engine.judging:made",
    "nli": "evidence.verifiers.nli:made",
}

# Guardians of installed packages, and which of them have to vote: from the stakes where they are named upwards.
PROMETHEUS_GUARDIANS = listed("PROMETHEUS_GUARDIANS")
PROMETHEUS_REQUIRED = {
    "LOW": listed("PROMETHEUS_REQUIRED_LOW"),
    "MEDIUM": listed("PROMETHEUS_REQUIRED_MEDIUM"),
    "HIGH": listed("PROMETHEUS_REQUIRED_HIGH"),
}
PROMETHEUS_SECOND_SAFETY = text("PROMETHEUS_SECOND_SAFETY")
PROMETHEUS_GUARDIAN_SECONDS = number("PROMETHEUS_GUARDIAN_SECONDS", 10)
PROMETHEUS_GUARDIAN = prefixed("PROMETHEUS_GUARDIAN_")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "rest_framework",
    "drf_spectacular",
    "auditlog",
    "csp",
    "django_fsm",
    "django_htmx",
    "django_prometheus",
    "audit",
    "evidence",
    "guardians",
    "orchestration",
    "prometheus_site",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "prometheus_site.logs.RequestContext",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "auditlog.middleware.AuditlogMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "prometheus_site.urls"
WSGI_APPLICATION = "prometheus_site.wsgi.application"
ASGI_APPLICATION = "prometheus_site.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "orchestration.console.navigation.navigation",
            ]
        },
    }
]

# Widgets are looked for in templates/ first: the admin's date and time fields have labels there.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static_root"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/console/"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# One policy for console, admin, log-in and API pages alike.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = flag("SECURE_SSL_REDIRECT", default=SECURE)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_AGE = 8 * 3600
PASSWORD_RESET_TIMEOUT = 3600
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
# A document as a file, at most 20 MB, with the fields of its form.
FILE_UPLOAD_MAX_MEMORY_SIZE = 21_000_000
FILE_UPLOAD_HANDLERS = ["audit.uploads.BoundedUploads"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "prometheus_site.authentication.ApiKeyAuthentication",
        "rest_framework_simplejwt.authentication.JWTAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["audit.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["audit.problems.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "audit.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_VERSIONING_CLASS": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SIMPLE_JWT = {"ALGORITHM": "HS256", "ISSUER": SITE_URL, "AUDIENCE": "prometheus-api", "UPDATE_LAST_LOGIN": True}
SPECTACULAR_SETTINGS = {
    "TITLE": "PROMETHEUS",
    "DESCRIPTION": "Submit questions and answers, read verdicts with their evidence, decide approvals, fetch proofs.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Two fields called kind and two called state have values of their own; without names the schema numbers them.
    "ENUM_NAME_OVERRIDES": {
        "Kind": "orchestration.states.Kind",
        "RestoreKind": "orchestration.states.RestoreKind",
        "RunState": "orchestration.states.RunState",
        "RestoreState": "orchestration.states.RestoreState",
        "InquiryState": "orchestration.states.InquiryState",
        "AppealState": "orchestration.states.AppealState",
    },
}

CELERY_BROKER_URL = broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A process whose step hangs is ended once its run has long been handed over.
CELERY_TASK_TIME_LIMIT = PROMETHEUS_SLICE_SECONDS + PROMETHEUS_STEP_SECONDS + 30
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A wake-up may be lost, so nobody waits long for a broker that hangs: one try. The time-out has to be longer than the
# second for which a worker waits for a message in one call.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 1.5,
    "socket_timeout": 1.5,
    "max_retries": 0,
    # One list a level; lower is earlier (orchestration/priority.py). What names no level is the site's own work: 0.
    "priority_steps": list(range(8)),
}
CELERY_BEAT_SCHEDULE = {
    "wake-due-runs": {"task": "orchestration.wake_due", "schedule": 1.0, "options": {"expires": 4}},
    "seal-the-ledger": {"task": "audit.seal", "schedule": 1.0, "options": {"expires": 2}},
    "deliver-webhooks": {"task": "orchestration.deliver_due", "schedule": 2.0, "options": {"expires": 4}},
    "fail-overdue-runs": {"task": "orchestration.fail_overdue", "schedule": 2.0, "options": {"expires": 4}},
    "forget-erased": {"task": "orchestration.forget_erased", "schedule": 300.0, "options": {"expires": 240}},
    "count-rules": {"task": "orchestration.count_rules", "schedule": 60.0, "options": {"expires": 50}},
    "expire-approvals": {"task": "orchestration.expire_approvals", "schedule": 15.0, "options": {"expires": 20}},
}

AUDITLOG_INCLUDE_ALL_MODELS = False
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_configuration(level=text("LOG_LEVEL", "INFO"))
