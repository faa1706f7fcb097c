"""Where the servers are found, and how root makes them reachable for the account they drop to."""

import shutil
from pathlib import Path

import pytest

from prometheus_site import binaries
from prometheus_site.binaries import Binary, ServerMissing, find_postgres, find_redis


def program(path: Path, says: str, *, status: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def cluster(folder: Path, version: str) -> Path:
    """Make a folder that holds PostgreSQL's programs as far as the search looks at them."""
    program(folder / "initdb", "")
    program(folder / "postgres", f"postgres (PostgreSQL) {version}")
    return folder


def test_the_servers_of_this_environment_are_found() -> None:
    assert find_postgres().major >= binaries.OLDEST_POSTGRES
    assert find_redis().major >= binaries.OLDEST_REDIS


def test_the_first_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    folders = [
        cluster(tmp_path / "old", "14.9"),
        cluster(tmp_path / "new", "16.3"),
        cluster(tmp_path / "newer", "18.1"),
    ]
    assert find_postgres(folders=folders).path == tmp_path / "new" / "postgres"


def test_data_is_opened_by_the_version_that_made_it(tmp_path: Path) -> None:
    folders = [cluster(tmp_path / "new", "16.3"), cluster(tmp_path / "newer", "18.1")]
    assert find_postgres(major=18, folders=folders).path == tmp_path / "newer" / "postgres"
    with pytest.raises(ServerMissing, match=r"PostgreSQL 17, which made the data, was not found \(found: 16, 18\)"):
        find_postgres(major=17, folders=folders)


def test_a_folder_without_initdb_does_not_count(tmp_path: Path) -> None:
    program(tmp_path / "postgres", "postgres (PostgreSQL) 18.1")
    with pytest.raises(ServerMissing, match=r"15 or newer was not found \(found: none\). Install it .*DATABASE_URL"):
        find_postgres(folders=[tmp_path])


def test_a_redis_that_is_too_old_or_missing_is_told_with_the_cure(tmp_path: Path) -> None:
    old = program(tmp_path / "redis-server", "Redis server v=5.0.7 sha=0")
    with pytest.raises(ServerMissing, match=r"Redis 6 or newer was not found.*apt-get install redis-server.*REDIS_URL"):
        find_redis(files=[old, tmp_path / "missing"])


@pytest.mark.parametrize(
    ("says", "status", "major"),
    [
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-0)", 0, 15),
        ("Redis server v=6.2.14 sha=00000000:0", 0, 6),
        ("postgres (PostgreSQL) 15.18", 1, 0),
        ("something else", 0, 0),
    ],
)
def test_a_version_is_read_off_what_the_program_says(tmp_path: Path, says: str, status: int, major: int) -> None:
    assert binaries.major_version(program(tmp_path / "server", says, status=status)) == major


def test_what_cannot_be_run_has_no_version(tmp_path: Path) -> None:
    (tmp_path / "server").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "server").chmod(0o755)
    assert binaries.major_version(tmp_path / "server") == 0
    assert binaries.major_version(tmp_path / "missing") == 0


def test_servers_on_the_path_come_after_those_of_the_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster(tmp_path / "bin", "18.1")
    redis = program(tmp_path / "bin" / "valkey-server", "Redis server v=8.0.1")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert tmp_path / "bin" in list(binaries.postgres_folders())[1:]
    assert redis in list(binaries.redis_files())[1:]


def test_a_package_that_is_not_there_holds_no_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(binaries.in_wheel("no_such_package", "bin")) == []
    monkeypatch.setenv("PATH", "/nowhere")
    assert len(list(binaries.redis_files())) == 1


@pytest.fixture
def closed(tmp_path: Path) -> Binary:
    """Return a server with its libraries below a folder that only its owner may enter."""
    folder = cluster(tmp_path / "home" / "packages" / "pgserver" / "pginstall18" / "bin", "18.1")
    (folder.parent / "lib").mkdir()
    (folder.parent / "lib" / "a.so").write_bytes(b"library")
    (folder.parent / "lib" / "a.so.1").symlink_to("a.so")
    (folder.parent / "include").mkdir()
    (tmp_path / "home" / "packages" / "pgserver.libs").mkdir(mode=0o700)
    (tmp_path / "home").chmod(0o700)
    return Binary(folder / "postgres", 18, binaries.trees_of_wheel(folder))


def test_a_server_takes_the_wheels_own_libraries_with_it(closed: Binary) -> None:
    assert [tree.name for tree in closed.trees] == ["pginstall18", "pgserver.libs"]


def test_what_is_open_to_all_is_used_where_it_is() -> None:
    shell = Path(shutil.which("sh") or "/bin/sh").resolve()
    assert binaries.publish(Binary(shell, 18, (shell,)), cache=Path("/nowhere")).path == shell


def test_what_is_closed_is_copied_once_with_all_it_needs(closed: Binary, tmp_path: Path) -> None:
    first = binaries.publish(closed, cache=tmp_path / "cache")
    again = binaries.publish(closed, cache=tmp_path / "cache")
    installation = first.path.parents[1]
    assert first == again
    assert first.path.is_relative_to(tmp_path / "cache")
    assert first.path.read_bytes() == closed.path.read_bytes()
    assert (installation / "lib" / "a.so.1").is_symlink()
    assert not (installation / "include").exists()
    assert (installation.parents[1] / "pgserver.libs").stat().st_mode & 0o777 == 0o755
    assert first.path.stat().st_mode & 0o777 == 0o755
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_single_file_is_copied_too(tmp_path: Path) -> None:
    redis = program(tmp_path / "home" / "redis-server", "Redis server v=6.2.14")
    (tmp_path / "home").chmod(0o700)
    published = binaries.publish(Binary(redis, 6, (redis,)), cache=tmp_path / "cache")
    assert published.path.read_bytes() == redis.read_bytes()


def test_who_comes_second_uses_the_copy_of_the_first(
    closed: Binary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = binaries.publish(closed, cache=tmp_path / "cache")
    (target,) = (tmp_path / "cache").iterdir()
    aside, copy = target.rename(tmp_path / "aside"), binaries._copy

    def meanwhile(source: Path, into: Path) -> None:
        copy(source, into)
        if aside.exists():
            aside.rename(target)

    monkeypatch.setattr(binaries, "_copy", meanwhile)
    assert binaries.publish(closed, cache=tmp_path / "cache") == first
    assert list((tmp_path / "cache").iterdir()) == [target]
