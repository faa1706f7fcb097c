"""Receivers registered, listed and switched: who may, whose they are, where they may lead, and their secret."""

from typing import Any

import pytest
from django.db import IntegrityError

from audit import apikeys, keys
from audit.errors import Conflict, NotAllowed, NotFound
from audit.fields import open_text
from audit.ids import new_id
from audit.models import DataKey, Entry
from audit.roles import Scope
from audit.vault import SealError
from orchestration import receivers, webhooks
from orchestration.models import Delivery, Webhook
from orchestration.notices import NoticeType
from orchestration.receivers import ReceiverRefused, ReceiverUnknown
from orchestration.requests import RequestError
from orchestration.states import RunState
from tests.conftest import Person
from tests.orchestration.calling import Caller, by_key, caller, is_problem
from tests.orchestration.rows import bring, submitted
from tests.orchestration.test_receivers import CLOSED, failing, resolving

PUBLIC = "https://8.8.8.8/hook"
EVENTS = [notice.value for notice in NoticeType]
ASKED = {"url": PUBLIC, "events": EVENTS}


def registered(who: Person, url: object = PUBLIC, events: object = EVENTS, **how: Any) -> webhooks.Registered:
    return webhooks.register(url=url, events=events, actor=who.actor, **how)


def entries(who: Person) -> list[str]:
    rows = Entry.objects.filter(workspace=who.actor.workspace, type__startswith="webhook.").order_by("id")
    return list(rows.values_list("type", flat=True))


# Registering


def test_an_operator_registers_a_receiver(ada: Person) -> None:
    answer = caller(ada).post("/webhooks", ASKED)
    assert answer.status == 201
    shown = {name: answer.body[name] for name in ("url", "events", "enabled", "registered_by")}
    assert shown == {**ASKED, "enabled": True, "registered_by": str(ada.actor)}
    assert entries(ada) == ["webhook.registered"]


def test_the_secret_is_shown_once(ada: Person) -> None:
    made = caller(ada).post("/webhooks", ASKED).body
    assert made["secret"].startswith("whsec_")
    assert len(made["secret"]) >= 48
    listed = caller(ada).get("/webhooks").body
    switched = caller(ada).post(f"/webhooks/{made['id']}/disable").body
    assert made["secret"] not in f"{listed}{switched}"
    assert "secret" not in {*listed["results"][0], *switched}


def test_each_receiver_has_a_secret_and_a_key_of_its_own(ada: Person) -> None:
    first, second = registered(ada), registered(ada)
    assert first.secret != second.secret
    assert first.webhook.key_id != second.webhook.key_id


def test_the_secret_is_stored_sealed(ada: Person) -> None:
    made = registered(ada)
    row = Webhook.objects.get()
    assert made.secret.encode() not in bytes(row.secret_sealed)
    assert open_text(keys.load(row.key_id), row, "secret_sealed") == made.secret


def test_a_flipped_bit_in_the_sealed_secret_is_refused_by_the_rows_name(ada: Person) -> None:
    row = registered(ada).webhook
    sealed = bytearray(row.secret_sealed)
    sealed[len(sealed) // 2] ^= 1
    Webhook.objects.filter(pk=row.pk).update(secret_sealed=bytes(sealed))
    row.refresh_from_db()
    with pytest.raises(SealError, match=f"orchestration_webhook.secret_sealed of row {row.pk}"):
        open_text(keys.load(row.key_id), row, "secret_sealed")


def test_one_receivers_secret_does_not_open_in_anothers_row(ada: Person) -> None:
    first, second = registered(ada).webhook, registered(ada).webhook
    second.secret_sealed, second.key_id = first.secret_sealed, first.key_id
    with pytest.raises(SealError):
        open_text(keys.load(second.key_id), second, "secret_sealed")


def test_neither_url_nor_secret_stands_in_the_ledger(ada: Person) -> None:
    made = registered(ada, "https://8.8.8.8/a-path-that-is-a-secret")
    written = b"".join(bytes(body) for body in Entry.objects.values_list("body", flat=True))
    assert str(made.webhook.pk).encode() in written
    assert b"a-path-that-is-a-secret" not in written
    assert made.secret.encode() not in written


def test_events_are_kept_once_and_in_one_order(ada: Person) -> None:
    made = registered(ada, events=["run.failed", "run.completed", "run.failed"])
    assert made.webhook.events == ["run.completed", "run.failed"]


@pytest.mark.parametrize("events", [None, "run.failed", [], {}, ["run.born"], [7], [None], [["run.failed"]]])
def test_events_that_are_none_are_refused(ada: Person, events: object) -> None:
    answer = caller(ada).post("/webhooks", {"url": PUBLIC, "events": events})
    assert is_problem(answer, 400)
    assert answer.body["field"] == "events"
    with pytest.raises(RequestError):
        registered(ada, events=events)


@pytest.mark.parametrize("body", [[], "text", 7, {**ASKED, "secret": "mine"}, {"events": EVENTS}])
def test_a_body_that_is_none_is_refused(ada: Person, body: object) -> None:
    assert is_problem(caller(ada).post("/webhooks", body), 400)
    assert not Webhook.objects.exists()


def test_a_workspace_has_no_more_receivers_than_it_may(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "WEBHOOKS_LIMIT", 2)
    registered(ada)
    registered(ada)
    with pytest.raises(Conflict, match="has 2 webhooks; at most 2 are kept"):
        registered(ada)


# Where it may lead


@pytest.mark.parametrize("address", [known for known in CLOSED if "%" not in known])
def test_an_address_inside_a_network_is_refused_and_nothing_is_kept(ada: Person, address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    answer = caller(ada).post("/webhooks", {**ASKED, "url": f"https://{host}/"})
    assert is_problem(answer, 400)
    assert answer.body["field"] == "url"
    assert (Webhook.objects.count(), entries(ada)) == (0, [])


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fe80::1", "fd00::1"])
def test_a_name_that_leads_inside_is_refused(ada: Person, address: str) -> None:
    with pytest.raises(ReceiverRefused, match="leads to an address inside a network"):
        registered(ada, "https://hooks.example.org/", resolve=resolving("8.8.8.8", address))


def test_a_name_that_leads_outside_is_taken(ada: Person) -> None:
    made = registered(ada, "https://hooks.example.org/", resolve=resolving("8.8.8.8", "2606:4700::1"))
    assert made.webhook.enabled


def test_a_name_without_an_address_is_refused(ada: Person) -> None:
    with pytest.raises(ReceiverUnknown):
        registered(ada, "https://hooks.example.org/", resolve=failing(OSError("no such name")))


def test_plain_http_is_refused_unless_the_setting_allows_it(ada: Person, settings: Any) -> None:
    assert is_problem(caller(ada).post("/webhooks", {**ASKED, "url": "http://8.8.8.8/"}), 400)
    settings.PROMETHEUS_WEBHOOK_HTTP = True
    assert caller(ada).post("/webhooks", {**ASKED, "url": "http://8.8.8.8/"}).status == 201


def test_loopback_is_refused_unless_the_setting_names_it(ada: Person, settings: Any) -> None:
    asked = {**ASKED, "url": "https://LOCALHOST:1/"}
    assert is_problem(caller(ada).post("/webhooks", asked), 400)
    settings.PROMETHEUS_WEBHOOK_LOOPBACK = ["LocalHost"]
    assert caller(ada).post("/webhooks", asked).status == 201


def test_what_is_allowed_is_nothing_unless_it_is_set() -> None:
    assert webhooks.rules() == receivers.Rules(http=False, loopback=frozenset())


# Who may, and whose they are


def calls(who: Caller, webhook: object) -> list[int]:
    return [
        who.get("/webhooks").status,
        who.post("/webhooks", ASKED).status,
        who.get(f"/webhooks/{webhook}/deliveries").status,
        who.post(f"/webhooks/{webhook}/disable").status,
        who.post(f"/webhooks/{webhook}/enable").status,
        who.get(f"/webhooks/{webhook}").status,
        who.post(f"/webhooks/{webhook}/rotate").status,
        who.send("DELETE", f"/webhooks/{webhook}").status,
    ]


def test_who_is_nobody_may_nothing(ada: Person) -> None:
    assert calls(caller(None), registered(ada).webhook.pk) == [401] * 8


def test_neither_reviewer_nor_approver_may_anything(ada: Person, grace: Person, alan: Person) -> None:
    webhook = registered(ada).webhook.pk
    assert [calls(caller(who), webhook) for who in (grace, alan)] == [[403] * 8] * 2
    assert Webhook.objects.get().enabled


def test_a_key_needs_the_scope(ada: Person) -> None:
    webhook = registered(ada).webhook.pk
    others = sorted(ada.actor.scopes - {Scope.WEBHOOKS_WRITE})
    without = apikeys.create_key(name="without", scopes=others, actor=ada.actor).text
    within = apikeys.create_key(name="within", scopes=["webhooks:write"], actor=ada.actor).text
    assert calls(by_key(without), webhook) == [403] * 8
    assert calls(by_key(within), webhook) == [200, 201, 200, 200, 200, 200, 200, 204]


def test_another_workspaces_receiver_is_not_there(ada: Person, mallory: Person) -> None:
    webhook = registered(ada).webhook.pk
    assert calls(caller(mallory), webhook) == [200, 201, *[404] * 6]
    assert [row["registered_by"] for row in caller(mallory).get("/webhooks").body["results"]] == [str(mallory.actor)]
    assert Webhook.objects.get(pk=webhook).enabled


def test_the_verbs_ask_for_the_scope_themselves(ada: Person, grace: Person, mallory: Person) -> None:
    webhook = registered(ada).webhook.pk
    with pytest.raises(NotAllowed, match="webhooks:write is needed"):
        registered(grace)
    with pytest.raises(NotAllowed):
        webhooks.disable(webhook, actor=grace.actor)
    with pytest.raises(NotFound, match=f"no webhook {webhook} in this workspace"):
        webhooks.enable(webhook, actor=mallory.actor)


def test_a_receiver_that_never_was_is_not_found(ada: Person) -> None:
    assert is_problem(caller(ada).get(f"/webhooks/{new_id()}/deliveries"), 404)


# Switching, and what became of it


def test_switching_twice_changes_it_once(ada: Person) -> None:
    webhook = registered(ada).webhook.pk
    states = [
        caller(ada).post(f"/webhooks/{webhook}/{way}").body["enabled"] for way in ("disable", "disable", "enable")
    ]
    assert states == [False, False, True]
    assert entries(ada) == ["webhook.registered", "webhook.disabled", "webhook.enabled"]


def test_switched_off_it_gives_up_what_waits(ada: Person, grace: Person) -> None:
    webhook = registered(ada).webhook.pk
    bring(submitted(grace.actor), RunState.CANCELLED)
    webhooks.disable(webhook, actor=ada.actor)
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.fault, delivery.ended_at is None) == ("GIVEN_UP", "DISABLED", False)
    assert b'"given_up":1' in bytes(Entry.objects.get(type="webhook.disabled").body)


def test_its_deliveries_are_listed_newest_first(ada: Person, grace: Person) -> None:
    webhook = registered(ada).webhook.pk
    for _ in range(3):
        bring(submitted(grace.actor), RunState.CANCELLED)
    listed = caller(ada).get(f"/webhooks/{webhook}/deliveries").body["results"]
    known = Delivery.objects.order_by("-created_at", "-id").values_list("id", flat=True)
    assert [row["id"] for row in listed] == [str(pk) for pk in known]
    assert {(row["event"], row["state"], row["status"]) for row in listed} == {
        ("run.cancelled", "CANCELLED", "PENDING")
    }


def test_a_receiver_and_a_delivery_are_named_by_what_they_are(ada: Person, grace: Person) -> None:
    webhook, run = registered(ada).webhook, bring(submitted(grace.actor), RunState.CANCELLED)
    assert str(webhook) == str(webhook.pk)
    assert str(Delivery.objects.get()) == f"run.cancelled of {run.pk}: PENDING"


# Rotating and retiring


def test_rotating_shows_a_new_secret_once_and_is_recorded(ada: Person) -> None:
    made = registered(ada)
    answer = caller(ada).post(f"/webhooks/{made.webhook.pk}/rotate")
    row = Webhook.objects.get()
    assert (answer.status, answer.body["secret"] != made.secret) == (200, True)
    assert webhooks.secrets_of(row) == [answer.body["secret"], made.secret]
    assert answer.body["secret"] not in str(caller(ada).get("/webhooks").body)
    assert entries(ada) == ["webhook.registered", "webhook.rotated"]


def test_rotating_twice_keeps_the_last_two_secrets(ada: Person) -> None:
    made = registered(ada)
    second, third = (webhooks.rotate(made.webhook.pk, actor=ada.actor).secret for _ in range(2))
    assert webhooks.secrets_of(Webhook.objects.get()) == [third, second]


def test_rotating_mends_a_secret_that_does_not_open(ada: Person) -> None:
    made = registered(ada)
    Webhook.objects.update(secret_sealed=b"forged")
    with pytest.raises(webhooks.SecretUnavailable):
        webhooks.secrets_of(Webhook.objects.get())
    assert webhooks.secrets_of(webhooks.rotate(made.webhook.pk, actor=ada.actor).webhook)[1:] == []


def test_rotating_and_retiring_destroy_the_key_of_the_secret_before(ada: Person) -> None:
    webhook = registered(ada).webhook
    before = Webhook.objects.get()
    webhooks.rotate(webhook.pk, actor=ada.actor)
    with pytest.raises(webhooks.SecretUnavailable):
        webhooks.secrets_of(before)
    assert [key.pk for key in DataKey.objects.all()] == [Webhook.objects.get().key_id]
    webhooks.retire(webhook.pk, actor=ada.actor)
    assert not DataKey.objects.exists()


def test_a_retired_receiver_makes_room_and_keeps_what_it_was_told(
    ada: Person, grace: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "WEBHOOKS_LIMIT", 1)
    webhook = registered(ada).webhook.pk
    bring(submitted(grace.actor), RunState.CANCELLED)
    assert caller(ada).send("DELETE", f"/webhooks/{webhook}").status == 204
    registered(ada)
    [told] = caller(ada).get(f"/webhooks/{webhook}/deliveries").body["results"]
    assert (told["status"], told["fault"]) == ("GIVEN_UP", "DISABLED")
    assert str(webhook) not in {row["id"] for row in caller(ada).get("/webhooks").body["results"]}
    assert caller(ada).get(f"/webhooks/{webhook}").body["retired_at"]


def test_retiring_takes_the_secrets_away_and_is_for_good(ada: Person) -> None:
    webhook = registered(ada).webhook.pk
    webhooks.rotate(webhook, actor=ada.actor)
    for _ in range(2):
        retired = webhooks.retire(webhook, actor=ada.actor)
    assert (bytes(retired.secret_sealed), retired.former_sealed, retired.enabled) == (b"", None, False)
    for way in ("enable", "disable", "rotate"):
        assert is_problem(caller(ada).post(f"/webhooks/{webhook}/{way}"), 409)
    assert entries(ada) == ["webhook.registered", "webhook.rotated", "webhook.retired"]


def test_the_database_lets_no_retired_receiver_be_switched_on(ada: Person) -> None:
    webhook = webhooks.retire(registered(ada).webhook.pk, actor=ada.actor)
    with pytest.raises(IntegrityError, match="retired_is_disabled"):
        Webhook.objects.filter(pk=webhook.pk).update(enabled=True)
