"""The files that operate the site agree with the code they operate, and with the tools that read them."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django_prometheus.middleware import Metrics
from prometheus_client import REGISTRY

from audit.models import Workspace
from orchestration.engine.driver import Ended
from prometheus_site.health import LedgerCollector

ROOT = settings.BASE_DIR
BIN = Path(sys.executable).parent
DEPLOY = ROOT / "deploy"
OURS = {"web", "worker", "beat", "migrate"}
LEDGER = {"audit_entry": "actor", "audit_leaf": "index", "audit_treenode": "hash", "audit_signedcheckpoint": "note"}
READERS = {"text", "flag", "number", "listed", "key"}
PROMQL = re.compile(r"\b(?:prometheus|django)_[a-z0-9_]+|\bup\b")


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture
def compose() -> dict[str, Any]:
    document: dict[str, Any] = read_yaml(ROOT / "docker-compose.yml")
    return document


def names_read(source: str) -> set[str]:
    """Return the names of the settings that a module reads from the environment."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args)
    return {
        first.value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in READERS
        for first in call.args[:1]
        if isinstance(first, ast.Constant) and isinstance(first.value, str)
    }


def names_in_example(text: str) -> set[str]:
    return set(re.findall(r"(?m)^#?([A-Z][A-Z_]+)=", text))


def ran(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True, timeout=60, **options)


def test_the_dockerfile_has_nothing_that_hadolint_minds() -> None:
    linted = ran(BIN / "hadolint", "--no-color", "Dockerfile")
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_image_takes_every_room_and_nothing_that_holds_a_secret() -> None:
    taken = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = set(re.findall(r"(?m)^COPY ([\w./-]+) ", (ROOT / "Dockerfile").read_text()))
    assert taken == copied
    assert {"prometheus_site", "orchestration", "evidence", "guardians", "audit"} <= taken
    assert all((ROOT / name).exists() for name in taken)


def test_the_image_runs_as_an_account_without_rights() -> None:
    users = re.findall(r"(?m)^USER (\S+)", (ROOT / "Dockerfile").read_text())
    assert users == ["10001:10001"]


def test_compose_accepts_the_file() -> None:
    checked = ran(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")
    assert checked.returncode == 0, checked.stdout


def test_compose_has_every_part_and_each_says_whether_it_is_well(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {*OURS, "grants", "postgres", "redis", "prometheus"} == set(services)
    once = {name for name, service in services.items() if service.get("restart") == "no"}
    assert once == {"migrate", "grants"}
    assert all("test" in services[name]["healthcheck"] for name in set(services) - once)


def test_nothing_starts_before_what_it_needs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"] == {
            "grants": {"condition": "service_completed_successfully"},
            "redis": {"condition": "service_healthy"},
        }
    assert services["grants"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_a_service_runs_exists(compose: dict[str, Any], name: str) -> None:
    command = compose["services"][name]["command"]
    programs = {"gunicorn", "celery", "python"} & set(" ".join(command).split())
    assert programs
    assert all((BIN / program).exists() for program in programs)


def test_gunicorn_takes_what_compose_gives_it(compose: dict[str, Any]) -> None:
    command = [re.sub(r"\$\{\w+:-(\w+)\}", r"\1", part) for part in compose["services"]["web"]["command"]]
    checked = ran(BIN / command[0], "--check-config", *command[1:])
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("name", ["worker", "beat"])
def test_celery_knows_every_option_that_compose_gives_it(compose: dict[str, Any], name: str) -> None:
    options = {part.partition("=")[0] for part in compose["services"][name]["command"] if part.startswith("--")}
    known = ran(BIN / "celery", "--app=prometheus_site", name, "--help").stdout
    assert {option for option in options - {"--app"} if option not in known} == set()


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_can_write_nowhere_and_gain_nothing(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_compose_passes_only_settings_that_are_read(compose: dict[str, Any], name: str) -> None:
    read = names_read((ROOT / "prometheus_site" / "settings.py").read_text())
    passed = {key.removesuffix("_FILE") for key in compose["services"][name]["environment"]}
    assert passed <= read


def test_every_secret_is_a_file_that_the_script_makes(compose: dict[str, Any], tmp_path: Path) -> None:
    made = ran("sh", DEPLOY / "make_secrets.sh", tmp_path / "secrets")
    assert made.returncode == 0, made.stderr
    wanted = {Path(secret["file"]).name for secret in compose["secrets"].values()}
    assert wanted == {path.name for path in (tmp_path / "secrets").iterdir()}
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0


def test_no_secret_stands_in_the_compose_file(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        in_clear = {key for key in service.get("environment", {}) if not key.endswith("_FILE")}
        secret = {key for key in in_clear if re.search("PASSWORD|SECRET|_KEY|_URL$", key)}
        assert secret <= {"SITE_URL", "OPENAI_BASE_URL"}, name
        mounted = {f"/run/secrets/{secret}" for secret in service.get("secrets", ())}
        files = {value for key, value in service.get("environment", {}).items() if key.endswith("_FILE")}
        assert files <= mounted, name


def test_secrets_made_twice_stay_the_same_and_are_keys(tmp_path: Path) -> None:
    ran("sh", DEPLOY / "make_secrets.sh", tmp_path, check=True)
    first = {path.name: path.read_text() for path in tmp_path.iterdir()}
    ran("sh", DEPLOY / "make_secrets.sh", tmp_path, check=True)
    assert first == {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert len({first["vault.key"], first["signing.key"], first["django.key"]}) == 3
    assert first["app.password"] in first["app.url"]


def test_the_example_names_every_setting_and_no_other() -> None:
    example = names_in_example((ROOT / ".env.example").read_text())
    assert example == names_read((ROOT / "prometheus_site" / "settings.py").read_text())


def test_every_setting_in_the_example_is_explained() -> None:
    blocks = re.split(r"\n\s*\n", (ROOT / ".env.example").read_text())
    unexplained = [block for block in blocks if names_in_example(block) and not re.match("# [A-Za-z]", block)]
    assert unexplained == []


def exposed() -> set[str]:
    """Return the names that may follow from what the code counts, as /metrics writes them."""
    Metrics.get_instance()
    families = [*REGISTRY.collect(), *LedgerCollector().collect()]
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    return {family.name + suffix for family in families for suffix in suffixes.get(family.type, ("",))} | {"up"}


@pytest.mark.usefixtures("db")
def test_alerts_name_only_metrics_that_exist() -> None:
    rules = read_yaml(DEPLOY / "prometheus" / "alerts.yml")["groups"][0]["rules"]
    named = {name for rule in rules for name in PROMQL.findall(rule["expr"])}
    assert {"prometheus_unsealed_age_seconds", "prometheus_checkpoint_refusals_total"} <= named
    assert named <= exposed()


def test_alerts_watch_labels_that_a_worker_writes() -> None:
    rules = read_yaml(DEPLOY / "prometheus" / "alerts.yml")["groups"][0]["rules"]
    labels = {found for rule in rules for found in re.findall(r'ended[=~!]+"([^"]+)"', rule["expr"])}
    assert {word for label in labels for word in label.split("|")} <= set(Ended)


@pytest.mark.parametrize("field", ["summary", "cure"])
def test_every_alert_says_what_is_wrong_and_what_to_do(field: str) -> None:
    rules = read_yaml(DEPLOY / "prometheus" / "alerts.yml")["groups"][0]["rules"]
    assert all(rule["annotations"][field] and rule["labels"]["severity"] in {"page", "ticket"} for rule in rules)


def test_prometheus_looks_where_compose_shows_metrics(compose: dict[str, Any]) -> None:
    jobs = {job["job_name"]: job for job in read_yaml(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"]}
    assert jobs["web"]["static_configs"] == [{"targets": ["web:8000"]}]
    port = compose["services"]["worker"]["environment"]["PROMETHEUS_METRICS_PORT"]
    assert str(jobs["worker"]["dns_sd_configs"][0]["port"]) == port


@pytest.mark.parametrize("path", sorted(DEPLOY.glob("prometheus/*.yml")), ids=lambda path: path.name)
def test_what_prometheus_reads_is_yaml(path: Path) -> None:
    assert isinstance(read_yaml(path), dict)


def test_the_gate_of_a_fresh_machine_calls_the_tests_with_a_browser_required() -> None:
    script = ROOT / ".ci" / "run"
    lines = script.read_text().splitlines()
    assert ran("bash", "-n", script).returncode == 0
    assert script.stat().st_mode & 0o111
    assert lines[-1] == "exec python3 run.py test"
    assert "export PROMETHEUS_BROWSER=required" in lines
    assert "set -euo pipefail" in lines


@pytest.fixture
def app_role(workspace: Workspace) -> Workspace:
    """Become the application's role in the middle of a transaction; rolled back with it."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE prometheus_app")
        cursor.execute((DEPLOY / "postgres" / "grants.sql").read_text(encoding="utf-8"))
        cursor.execute("SET LOCAL ROLE prometheus_app")
    return workspace


@pytest.mark.parametrize("table", LEDGER)
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = NULL", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_applications_role_has_no_right_to_change_the_ledger(app_role: Workspace, table: str, change: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied") as refused, transaction.atomic():
        connection.cursor().execute(change.format(table, f'"{LEDGER[table]}"'))
    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)


def test_the_applications_role_may_work(app_role: Workspace) -> None:
    Workspace.objects.create(slug="new", name="New")
    assert Workspace.objects.filter(pk=app_role.pk).update(name="Renamed") == 1


def test_the_applications_role_owns_no_table_whose_trigger_it_could_drop(app_role: Workspace) -> None:
    with pytest.raises(ProgrammingError, match="must be owner"), transaction.atomic():
        connection.cursor().execute("ALTER TABLE audit_entry DISABLE TRIGGER ALL")


def test_shell_scripts_are_written_for_a_plain_shell() -> None:
    scripts = sorted(DEPLOY.rglob("*.sh"))
    assert [ran("sh", "-n", script).returncode for script in scripts] == [0] * len(scripts)


def test_the_roles_are_made_by_a_script_of_its_own() -> None:
    # The image of PostgreSQL runs what is executable and sources what is not: `set -eu` would then end its own start.
    assert (DEPLOY / "postgres" / "roles.sh").stat().st_mode & 0o111
