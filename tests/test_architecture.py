"""The house keeps its shape: what is pure stays pure, arrows point one way, web processes stay slim."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parent.parent
APPS = ("prometheus_site", "orchestration", "evidence", "guardians", "audit")
SHELL = frozenset(
    {
        "access", "action_models", "activating", "admin", "api", "apikeys", "appeal", "appeal_models", "appealing",
        "appeals_api", "apps", "batches", "batches_api", "bindings", "calibrating", "calibrations_api", "checkpoints",
        "comparing", "console", "corpus", "counting", "deliveries", "engine", "fields", "guardians_api",
        "inquiries_api", "inquiring", "inquiry", "insertion", "keys", "ledger", "library", "limit_models", "limits",
        "lineage", "management", "metrics", "migrations", "mirror", "models", "outcomes", "overriding", "packs_api",
        "permissions", "pieces", "problems", "records", "registry", "restores_api", "restoring", "reviews_api", "runs",
        "sealer", "search", "selection", "serializers", "snapshots", "streams", "tasks", "tools_api", "trial_models",
        "trials", "uploads", "verification_store", "verifications", "wakeups", "webhook_models", "webhooks",
        "webhooks_api", "workspaces",
    }
)  # fmt: skip
IMPURE = ("django", "celery", "langgraph", "langchain", "mcp", "rest_framework", "psycopg", "redis", "auditlog")
RANK = {"prometheus_site": 3, "orchestration": 2, "evidence": 1, "guardians": 1, "audit": 0}


def modules(app: str) -> Iterator[Path]:
    return (path for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts)


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def pure_modules() -> list[Path]:
    return [
        path
        for app in APPS[1:]
        for path in modules(app)
        if path.name != "__init__.py" and not SHELL & {*path.relative_to(ROOT).parts, path.stem}
    ]


@pytest.mark.parametrize("path", pure_modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_pure_module_knows_no_framework(path: Path) -> None:
    roots = {name.partition(".")[0] for name in imports(path)}
    assert not {root for root in roots if root.startswith(IMPURE)}


@pytest.mark.parametrize("path", pure_modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_pure_module_imports_pure_modules_only(path: Path) -> None:
    own = {name for name in imports(path) if name.partition(".")[0] in APPS}
    assert not {name for name in own if SHELL & set(name.split(".")[1:])}


def test_foreign_keys_point_down() -> None:
    upward = [
        f"{model._meta.label}.{field.name}"
        for app in RANK
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.get_fields()
        if field.many_to_one and field.related_model and RANK.get(field.related_model._meta.app_label, -1) > RANK[app]
    ]
    assert not upward


def test_no_function_imports_except_where_django_needs_it() -> None:
    late = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for app in APPS
        for path in modules(app)
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert {place.partition(":")[0] for place in late} <= {"audit/apps.py"}


def test_nobody_updates_a_state_behind_the_machine() -> None:
    written = [
        str(path.relative_to(ROOT))
        for app in APPS
        for path in modules(app)
        if re.search(r"\.update\([^)]*\bstate=", path.read_text(encoding="utf-8"))
    ]
    assert not written


def test_files_are_under_five_hundred_lines() -> None:
    long = {str(p.relative_to(ROOT)): n for app in (*APPS, "tests") for p in modules(app) if (n := lines(p)) > 500}
    assert not long


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_web_processes_load_no_engine() -> None:
    code = (
        "import sys, django; from django.conf import settings; django.setup(); import prometheus_site.wsgi, "
        "prometheus_site.urls; print([m for m in ('langgraph', 'mcp', 'openai', 'langchain_core', "
        "'orchestration.engine.graph', 'orchestration.tasks') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]", ran.stderr


def test_no_pattern_makes_a_group_possessive() -> None:
    """CPython before 3.11.5 raises "The span of capturing group is wrong" on some texts then."""
    possessive = re.compile(r"\)(?:[*+?]|\{\{?\d*,?\d*\}?\})\+")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for app in APPS
        for path in modules(app)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if possessive.search(line)
    ]
    assert not found
