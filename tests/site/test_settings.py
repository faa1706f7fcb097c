"""Every setting comes from the environment; what cannot be meant is refused with a cure."""

import base64
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from prometheus_site import settings

KEY = base64.b64encode(bytes(range(32))).decode()


def test_a_text_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_NAME", "value")
    assert settings.text("SOME_NAME", "default") == "value"
    assert settings.text("ANOTHER_NAME", "default") == "default"


def test_a_file_named_in_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n", encoding="utf-8")
    monkeypatch.setenv("SOME_NAME", "value")
    monkeypatch.setenv("SOME_NAME_FILE", str(tmp_path / "secret"))
    assert settings.text("SOME_NAME") == "from the file"


def test_a_file_that_cannot_be_read_is_told_with_its_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOME_NAME_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match=r"SOME_NAME_FILE is '.*missing', which cannot be read"):
        settings.text("SOME_NAME")


@pytest.mark.parametrize(("value", "meant"), [("true", True), ("1", True), ("FALSE", False), ("0", False)])
def test_a_flag_is_true_or_false(monkeypatch: pytest.MonkeyPatch, value: str, *, meant: bool) -> None:
    monkeypatch.setenv("SOME_FLAG", value)
    assert settings.flag("SOME_FLAG", default=not meant) is meant


@pytest.mark.parametrize("value", ["yes", "", "2"])
def test_a_flag_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SOME_FLAG", value)
    with pytest.raises(ImproperlyConfigured, match=f"SOME_FLAG is '{value}'; use true or false"):
        settings.flag("SOME_FLAG", default=False)


def test_a_number_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.number("SOME_NUMBER", 7) == 7
    monkeypatch.setenv("SOME_NUMBER", "1.5")
    with pytest.raises(ImproperlyConfigured, match=r"SOME_NUMBER is '1\.5'; use a whole number"):
        settings.number("SOME_NUMBER", 7)


def test_a_list_is_parted_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_HOSTS", "a.example, b.example,,")
    assert settings.listed("SOME_HOSTS") == ["a.example", "b.example"]


def test_a_key_has_32_bytes_in_base64(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.key("SOME_KEY") == b""
    monkeypatch.setenv("SOME_KEY", KEY)
    assert settings.key("SOME_KEY") == bytes(range(32))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (base64.b64encode(bytes(16)).decode(), "SOME_KEY has 16 bytes; 32 are needed: openssl rand -base64 32"),
        ("not a key!", "SOME_KEY is not base64; make one: openssl rand -base64 32"),
        ("!!!!", "SOME_KEY is not base64"),
        (KEY[:-1], "SOME_KEY is not base64"),
        ("ключ", "SOME_KEY is not base64"),
    ],
)
def test_a_key_that_is_none_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, value: str, message: str) -> None:
    monkeypatch.setenv("SOME_KEY", value)
    with pytest.raises(ImproperlyConfigured, match=message) as caught:
        settings.key("SOME_KEY")
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "brokers"),
    [
        ("redis://redis.example:6379/2", "redis://redis.example:6379/2"),
        ("rediss://:secret@redis.example/0", "rediss://:secret@redis.example/0"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3"),
    ],
)
def test_celery_gets_its_own_form_of_a_redis_address(url: str, brokers: str) -> None:
    assert settings.broker(url) == brokers


def test_a_database_address_is_taken_apart() -> None:
    known = settings.database("postgresql://app%40x:p%2Fw@db.example:5433/prod%20db?sslmode=verify-full")
    assert [known[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")] == [
        "prod db",
        "app@x",
        "p/w",
        "db.example",
        "5433",
    ]
    assert known["OPTIONS"]["sslmode"] == "verify-full"  # type: ignore[index]


def test_a_socket_directory_may_be_named() -> None:
    known = settings.database("postgres://prometheus@/?host=%2Frun%2Fpg&port=5444")
    assert [known[name] for name in ("NAME", "HOST", "PORT")] == ["prometheus", "/run/pg", "5444"]


@pytest.mark.parametrize(("pooled", "age"), [("true", 0), ("false", None)])
def test_connections_are_pooled_or_kept(monkeypatch: pytest.MonkeyPatch, pooled: str, age: int | None) -> None:
    monkeypatch.setenv("DATABASE_POOL", pooled)
    known = settings.database("postgresql://localhost/x")
    assert known["CONN_MAX_AGE"] == age
    assert ("pool" in known["OPTIONS"]) is (pooled == "true")  # type: ignore[operator]


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite:///x.db", "localhost/x", ""])
def test_another_database_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="use postgresql://user@host/name"):
        settings.database(url)
