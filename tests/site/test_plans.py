"""What the embedded servers run: where, as whom, with which settings."""

import os
import pwd
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from prometheus_site import plans
from prometheus_site.binaries import Binary, ServerMissing
from prometheus_site.keeper import Plan, ServerFailed

AS_ROOT = os.geteuid() == 0


@pytest.fixture
def common(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the place for what the servers' account must reach; it is not made yet."""
    folder = Path("/tmp") / f"prometheus-common-{uuid.uuid4().hex[:8]}"  # noqa: S108 - a name of our own
    monkeypatch.setattr(plans, "COMMON", folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(tmp_path: Path, common: Path) -> Path:
    return plans.settle(tmp_path / "data")


def options(command: tuple[str, ...]) -> dict[str, str]:
    """Return the settings on PostgreSQL's command line."""
    return dict(part.split("=", 1) for part in command if "=" in part)


def test_a_folder_is_made_with_its_place_for_logs(home: Path, tmp_path: Path) -> None:
    assert (home / "logs").is_dir()
    assert plans.settle(tmp_path / "data") == home


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(ServerFailed, match=f"belongs to user {owner}, not to user {owner + 1}.*set PROMETHEUS_DATA"):
        plans.settle(tmp_path)


def test_data_that_the_servers_account_cannot_reach_goes_elsewhere(home: Path, tmp_path: Path, common: Path) -> None:
    # Below pytest's folder, which is closed to others. Only root's servers run as another account.
    assert home.parent == (common if AS_ROOT else tmp_path)


def test_a_home_elsewhere_is_found_again_until_it_is_removed(tmp_path: Path, common: Path) -> None:
    first = plans._elsewhere(tmp_path / "home")
    assert plans._elsewhere(tmp_path / "home") == first
    first.rmdir()
    second = plans._elsewhere(tmp_path / "home")
    assert second != first
    assert second.parent == common
    assert [path.stat().st_mode & 0o777 for path in (common, second)] == [0o755, 0o711]


def test_sockets_lie_beside_the_data_where_the_path_is_short_and_plain(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "LONGEST_SOCKETS", 500)
    assert plans._sockets(home) == plans._sockets(home) == home / "run"


@pytest.mark.parametrize("name", ["x" * 90, "a folder", "caf\u00e9", "50%"])
def test_sockets_lie_elsewhere_where_it_is_long_or_not_plain(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    sockets = plans._sockets(tmp_path / name)
    try:
        assert len(str(sockets)) < 40
        assert not sockets.is_relative_to(tmp_path)
    finally:
        sockets.rmdir()


def test_sockets_of_an_earlier_start_are_removed(tmp_path: Path) -> None:
    home = tmp_path / "a folder"
    home.mkdir()
    earlier = plans._sockets(home)
    Plan("c", str(earlier), (), (), ()).save(home / "servers.json")
    later = plans._sockets(home)
    later.rmdir()
    assert not earlier.exists()


def test_roots_servers_run_as_nobody_and_everybody_elses_as_themselves(home: Path) -> None:
    plan = plans.make_plan(home, durable=True)
    nobody = pwd.getpwnam("nobody")
    assert (plan.uid, plan.gid) == ((nobody.pw_uid, nobody.pw_gid) if AS_ROOT else (None, None))
    assert Path(plan.sockets).stat().st_uid == (nobody.pw_uid if AS_ROOT else os.geteuid())


def test_an_ordinary_user_needs_no_copy_and_no_other_account(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    plan = plans.make_plan(home, durable=False)
    assert (plan.uid, plan.gid) == (None, None)


def test_the_servers_listen_on_sockets_only(home: Path) -> None:
    plan = plans.make_plan(home, durable=True)
    known = options(plan.postgres)
    assert (known["listen_addresses"], known["unix_socket_directories"]) == ("", plan.sockets)
    assert "--port 0" in " ".join(plan.redis)


@pytest.mark.parametrize(("durable", "safe"), [(True, "on"), (False, "off")])
def test_what_is_committed_survives_where_it_must(home: Path, safe: str, *, durable: bool) -> None:
    known = options(plans.make_plan(home, durable=durable).postgres)
    assert {known[name] for name in ("fsync", "synchronous_commit", "full_page_writes")} == {safe}


def test_no_statement_that_failed_is_logged(home: Path) -> None:
    known = options(plans.make_plan(home, durable=True).postgres)
    assert (known["log_min_error_statement"], known["log_error_verbosity"]) == ("panic", "terse")


def test_data_made_by_a_version_that_is_gone_is_not_touched(home: Path) -> None:
    (home / "postgres").mkdir()
    (home / "postgres" / "PG_VERSION").write_text("9\n", encoding="ascii")
    with pytest.raises(ServerMissing, match="PostgreSQL 9, which made the data, was not found"):
        plans.make_plan(home, durable=True)


@pytest.mark.parametrize(("major", "locale"), [(16, "--locale=C.UTF-8"), (17, "--builtin-locale=C.UTF-8")])
def test_the_cluster_sorts_the_same_on_every_machine(major: int, locale: str) -> None:
    assert locale in plans._initdb(Binary(Path("/bin/postgres"), major))


def test_a_plan_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    plan = Plan("c", "s", ("initdb", "-D"), ("postgres",), ("redis",), 65534, 65534)
    plan.save(tmp_path / "servers.json")
    assert Plan.load(tmp_path / "servers.json") == plan
