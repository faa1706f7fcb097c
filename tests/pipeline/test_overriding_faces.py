"""Overrides over HTTP and in the console, from the denied run to its fork."""

from typing import Any

from django.contrib.auth.models import User

from audit.apikeys import create_key
from audit.models import Entry
from orchestration.engine import restorer
from orchestration.management.stage import Stage
from orchestration.models import Restore, Run
from tests.pipeline.overruling import WHY, agreed, denied, fork_of, overriders, requested


def test_the_api_goes_the_whole_way(quick: Stage, client: Any) -> None:
    run, (first, second) = denied(quick), overriders(quick)
    barbara, dorothy = (
        {"Authorization": f"Api-Key {create_key(name='k', scopes=['denials:override'], actor=actor).text}"}
        for actor in (first, second)
    )
    here = f"/api/v1/runs/{run.pk}/override"
    plan = client.get(here, headers=barbara).json()
    assert (plan["kind"], plan["state"], "compliance" in plan["denial"]["rules"]) == ("OVERRIDE", "GATING", True)
    word = {"reason": WHY, "seen": plan["binding"]}
    unseen = client.post(here, {**word, "seen": "0" * 64}, content_type="application/json", headers=barbara)
    asked = client.post(here, word, content_type="application/json", headers=barbara)
    assert (unseen.status_code, asked.status_code, asked.json()["binding"]) == (409, 202, plan["binding"])
    there = f"/api/v1/overrides/{asked.json()['id']}/approve"
    own = client.post(there, word, content_type="application/json", headers=barbara)
    given = client.post(there, word, content_type="application/json", headers=dorothy)
    assert (own.status_code, given.status_code, given.json()["state"]) == (403, 200, "APPROVED")
    restorer.carry_out(asked.json()["id"])
    assert Run.objects.get(parent=run).decision == ""


def test_who_may_only_approve_does_not_override_by_another_address(quick: Stage, client: Any) -> None:
    override = requested(denied(quick), by=overriders(quick)[0])
    alan = create_key(name="k", scopes=["approvals:decide"], actor=quick.actors["alan"]).text
    word = {"reason": WHY, "seen": override.binding}
    address = f"/api/v1/restores/{override.pk}/approve"
    answer = client.post(address, word, content_type="application/json", headers={"Authorization": f"Api-Key {alan}"})
    assert (answer.status_code, "denials:override" in answer.json()["detail"]) == (403, True)


def test_a_run_that_cannot_be_overridden_is_said_with_the_cure(quick: Stage, client: Any) -> None:
    run, (first, _) = denied(quick, answer="The moon is made of cheese.", kind="verify"), overriders(quick)
    key = create_key(name="k", scopes=["denials:override"], actor=first).text
    answer = client.get(f"/api/v1/runs/{run.pk}/override", headers={"Authorization": f"Api-Key {key}"})
    assert (answer.status_code, "ask otherwise" in answer.json()["detail"]) == (409, True)


def test_the_console_goes_the_whole_way(quick: Stage, client: Any) -> None:
    run, _ = denied(quick), overriders(quick)
    barbara, dorothy = (User.objects.get(username=name) for name in ("barbara", "dorothy"))
    here = f"/console/runs/{run.pk}/override"
    client.force_login(barbara)
    assert here.encode() in client.get(f"/console/runs/{run.pk}").content
    shown = client.get(here)
    seen = shown.context["plan"]["binding"]
    assert all(
        words in shown.content for words in (b"ecoa.adverse_action", b"Ask for this override", b"not legal advice")
    )
    assert client.post(here, {"reason": "short", "seen": seen}).status_code == 400
    asked = client.post(here, {"reason": WHY, "seen": seen})
    assert b"a second person has to agree" in client.get(asked.url).content
    client.force_login(dorothy)
    assert asked.url.encode() in client.get("/console/approvals").content
    assert WHY.encode() in client.get(asked.url).content
    assert client.post(asked.url, {"word": "perhaps", "reason": WHY, "seen": seen}).status_code == 400
    client.post(asked.url, {"word": "approve", "reason": WHY, "seen": seen})
    restorer.carry_out(Restore.objects.get().pk)
    assert str(Run.objects.get(parent=run).pk).encode() in client.get(asked.url).content


def test_showing_what_was_denied_leaves_an_access_entry(quick: Stage, client: Any) -> None:
    run, (first, _) = denied(quick), overriders(quick)
    client.force_login(User.objects.get(username="barbara"))
    client.get(f"/console/runs/{run.pk}/override")
    assert Entry.objects.filter(run=run.pk, type="text.read", actor=str(first)).exists()


def test_who_may_not_override_finds_no_way_there(quick: Stage, client: Any) -> None:
    run, two = denied(quick), overriders(quick)
    override = requested(run, by=two[0])
    client.force_login(quick.users["alan"])
    assert f"/console/runs/{run.pk}/override".encode() not in client.get(f"/console/runs/{run.pk}").content
    assert client.get(f"/console/runs/{run.pk}/override").status_code == 403
    page = client.get(f"/console/overrides/{override.pk}")
    assert (b"needs the role of an overrider" in page.content, b'value="approve"' in page.content) == (True, False)
    word = {"word": "approve", "reason": WHY, "seen": override.binding}
    assert client.post(f"/console/overrides/{override.pk}", word).status_code == 403
    assert Restore.objects.get().state == "PENDING"


def test_the_page_of_restores_leads_to_the_override(quick: Stage, client: Any) -> None:
    override = requested(denied(quick), by=overriders(quick)[0])
    client.force_login(quick.users["alan"])
    assert client.get(f"/console/restores/{override.pk}").url == f"/console/overrides/{override.pk}"


def test_whoever_asked_for_the_denied_run_is_told_on_the_forks_page(quick: Stage, client: Any) -> None:
    fork = fork_of(agreed(denied(quick), by=overriders(quick)))
    client.force_login(quick.users["alan"])
    page = client.get(f"/console/approvals/{fork.approvals.get().pk}").content
    assert b"two people overrode that" in page
    assert b'value="approve"' in page
