"""What manage.py's commands get: servers where they read rows, and keys that are made once."""

import base64
import shutil
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from prometheus_site import embedded
from prometheus_site.embedded import Servers, make_secrets, needs_servers, prepare


@pytest.mark.parametrize(
    "arguments",
    [
        ["manage.py"],
        ["manage.py", "help"],
        ["manage.py", "check"],
        ["manage.py", "--version"],
        ["manage.py", "migrate", "--help"],
        ["manage.py", "demo", "-h"],
    ],
)
def test_a_command_that_reads_no_row_starts_nothing(arguments: list[str], tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    assert prepare(arguments, environ, root=tmp_path) is None
    assert environ == {}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments", [["manage.py", "migrate"], ["manage.py", "demo"], ["manage.py", "check", "--database", "default"]]
)
def test_a_command_that_reads_rows_needs_them(arguments: list[str]) -> None:
    assert needs_servers(arguments)


def test_secrets_are_made_once_and_for_our_eyes_only(tmp_path: Path) -> None:
    first = make_secrets(tmp_path)
    values = {name: path.read_text(encoding="ascii") for name, path in first.items()}
    assert set(values) == {"DJANGO_SECRET_KEY", "PROMETHEUS_VAULT_KEY", "PROMETHEUS_SIGNING_KEY"}
    assert len(set(values.values())) == 3
    assert len(base64.b64decode(values["PROMETHEUS_VAULT_KEY"], validate=True)) == 32
    assert {stat.S_IMODE(path.stat().st_mode) for path in first.values()} == {0o600}
    assert {name: path.read_text(encoding="ascii") for name, path in make_secrets(tmp_path).items()} == values
    assert len(list((tmp_path / "secrets").iterdir())) == 3


def test_of_two_processes_that_make_a_key_at_once_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "key"

    def make() -> str:
        path.write_text("theirs", encoding="ascii")
        return "ours"

    assert embedded._secret(path, make).read_text(encoding="ascii") == "theirs"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def data() -> Iterator[Path]:
    """Return a folder that the servers' account can reach: pytest's own is closed, and the data would go elsewhere."""
    made = Path("/tmp") / f"prometheus-{uuid.uuid4().hex[:10]}"  # noqa: S108 - a name of our own
    made.mkdir()
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def environ(data: Path) -> dict[str, str]:
    return {"PROMETHEUS_DATA": str(data)}


@pytest.fixture
def stopped() -> Iterator[list[Servers]]:
    servers: list[Servers] = []
    yield servers
    for one in servers:
        one.stop()


def test_a_first_visit_gets_servers_and_keys(environ: dict[str, str], tmp_path: Path, stopped: list[Servers]) -> None:
    environ["REDIS_URL"] = "redis://elsewhere"
    servers = prepare(["manage.py", "migrate"], environ, root=tmp_path / "unused")
    assert servers is not None
    stopped.append(servers)
    assert environ["DATABASE_URL"] == servers.database_url
    assert environ["REDIS_URL"] == "redis://elsewhere"
    assert Path(environ["PROMETHEUS_VAULT_KEY_FILE"]).is_relative_to(environ["PROMETHEUS_DATA"])
    assert not (tmp_path / "unused").exists()


GIVEN = {"DATABASE_URL": "postgresql://x/y", "REDIS_URL_FILE": "/run/secrets/redis"}


def test_a_production_command_without_keys_gets_none_made(environ: dict[str, str], tmp_path: Path) -> None:
    environ |= GIVEN
    assert prepare(["manage.py", "migrate"], environ, root=tmp_path) is None
    assert "PROMETHEUS_VAULT_KEY_FILE" not in environ


def test_the_demo_on_servers_of_ones_own_gets_keys_that_are_not_there(environ: dict[str, str], tmp_path: Path) -> None:
    environ |= {**GIVEN, "PROMETHEUS_VAULT_KEY": "mine"}
    assert prepare(["manage.py", "demo"], environ, root=tmp_path) is None
    assert "PROMETHEUS_VAULT_KEY_FILE" not in environ
    assert Path(environ["PROMETHEUS_SIGNING_KEY_FILE"]).exists()


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "DATABASE_URL_FILE"])
def test_what_breaks_its_database_refuses_one_that_it_was_given(name: str, tmp_path: Path) -> None:
    with pytest.raises(embedded.ServerFailed, match=f"soak breaks the database .* {name.removesuffix('_FILE')} names"):
        prepare(["manage.py", "soak"], {name: "postgresql://ours/"}, root=tmp_path)
