"""One-time links: made on the command line, good for one use and one hour."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from prometheus_site.onetime import link_for
from tests.conftest import Person


def logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_link_logs_in_and_leads_to_the_runs(client: Client, grace: Person) -> None:
    answer = client.get(link_for(grace.user))
    assert (answer.status_code, answer["Location"]) == (302, "/console/runs")
    assert client.session["_auth_user_id"] == str(grace.user.pk)
    assert "no-store" in answer["Cache-Control"]


def test_a_link_is_good_for_one_use(client: Client, grace: Person) -> None:
    link = link_for(grace.user)
    Client().get(link)
    answer = client.get(link)
    assert answer.status_code == 403
    assert b"This link is no longer good" in answer.content
    assert not logged_in(client)


def test_any_other_log_in_voids_it(client: Client, grace: Person) -> None:
    link = link_for(grace.user)
    Client().post("/login", {"username": "grace", "password": "correct horse battery"})
    assert client.get(link).status_code == 403


def test_a_look_ahead_does_not_use_it_up(client: Client, grace: Person) -> None:
    link = link_for(grace.user)
    assert client.head(link).status_code == 405
    assert client.get(link).status_code == 302


def test_a_link_is_good_for_one_hour(client: Client, grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    link = link_for(grace.user)
    later = dt.datetime.now() + dt.timedelta(minutes=61)  # noqa: DTZ005 - Django's tokens count naively
    monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda _: later)
    assert client.get(link).status_code == 403
    assert not logged_in(client)


def test_a_link_tells_one_user_only(client: Client, grace: Person, alan: Person) -> None:
    uid, token = link_for(grace.user).split("/")[-2:]
    other = link_for(alan.user).split("/")[-2]
    wrong = [
        (other, token),
        (uid, token[:-1] + "x"),
        ("!!", token),
        ("_w", token),
        ("OTk5OTk5OTk5OTk5OTk5OTk5OTk", token),
    ]
    assert {client.get(reverse("one-time-login", args=link)).status_code for link in wrong} == {403}
    assert not logged_in(client)


def test_somebody_who_left_does_not_come_back_by_a_link(client: Client, grace: Person) -> None:
    link = link_for(grace.user)
    User.objects.filter(pk=grace.user.pk).update(is_active=False)
    assert client.get(link).status_code == 403


def test_the_command_prints_a_link_that_works(
    client: Client, grace: Person, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.SITE_URL = "http://127.0.0.1:8123"
    call_command("login_link", "grace")
    link = capsys.readouterr().out.strip()
    assert link.startswith("http://127.0.0.1:8123/login/once/")
    assert client.get(link).status_code == 302


def test_the_command_may_be_told_where_the_site_is(grace: Person, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("login_link", "grace", site="https://prometheus.example")
    assert capsys.readouterr().out.startswith("https://prometheus.example/login/once/")


@pytest.mark.django_db
def test_the_command_names_who_it_does_not_find() -> None:
    with pytest.raises(CommandError, match="no active user 'nobody'"):
        call_command("login_link", "nobody")
