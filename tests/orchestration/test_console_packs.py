"""The pages of policies: what is in force, what a version would change, and the words of two people on it."""

import pytest
from rest_framework.test import APIClient

from audit.models import Workspace
from audit.roles import Role
from guardians import activating
from guardians.models import PackVersion
from guardians.packs import NOT_LEGAL_ADVICE
from orchestration import trials
from tests.conftest import Person, person
from tests.guardians.packing import HOUSE, WHY, activated, drafted, proposed
from tests.orchestration.looking import browser, look, send

pytestmark = pytest.mark.django_db

PAGE = "/console/policies"
NOTICE = NOT_LEGAL_ADVICE.replace("'", "&#x27;")


def page_of(version: PackVersion) -> str:
    return f"{PAGE}/{version.pk}"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR, Role.APPROVER])
def test_everybody_of_a_workspace_sees_each_rule_with_its_citation(workspace: Workspace, role: Role) -> None:
    words = look(person("somebody", workspace, role), PAGE).words
    assert all(item.rule.id in words for item in activating.built_in().rules)
    assert "Denies The answer is to be used for a prohibited practice. euaia.art5.prohibited" in words
    assert "Regulation (EU) 2024/1689 Art. 5(1)" in words
    assert NOTICE in words


def test_a_denial_that_is_no_veto_is_told_from_one_that_is(ada: Person, alan: Person) -> None:
    activated(ada, alan, HOUSE.replace("effect: deny", "effect: deny\n    hard: false"))
    words = look(ada, PAGE).words
    assert "Advises against The house takes no consent. house.consent" in words
    assert "Denies Personal data is processed without a stated lawful basis. gdpr.art6.lawful_basis" in words


def test_a_version_is_proposed_by_one_and_put_in_force_by_another(ada: Person, alan: Person) -> None:
    version = drafted(ada)
    assert "Propose it" in look(ada, page_of(version)).words
    send(ada, page_of(version), word="propose")
    assert "Put it in force" not in look(ada, page_of(version)).words
    assert "Put it in force" in look(alan, page_of(version)).words
    send(alan, page_of(version), word="activate", seen=version.hash)
    assert PackVersion.objects.get(pk=version.pk).state == "IN_FORCE"
    assert "house.consent" in look(ada, PAGE).words


def test_what_was_not_shown_is_not_put_in_force(ada: Person, alan: Person) -> None:
    version = proposed(ada)
    assert send(alan, page_of(version), word="activate", seen="0" * 64).status == 409
    assert PackVersion.objects.get(pk=version.pk).state == "PROPOSED"


def test_a_word_nobody_knows_does_nothing(ada: Person) -> None:
    assert send(ada, page_of(drafted(ada)), word="destroy").status == 400


def test_a_version_says_how_many_outcomes_would_change_and_that_it_is_no_legal_advice(ada: Person) -> None:
    version = drafted(ada)
    assert "It was not tried" in look(ada, page_of(version)).words
    send(ada, page_of(version), word="try")
    trial = trials.newest(version)
    assert trial is not None
    trials.step(trial.pk)
    words = look(ada, page_of(version)).words
    assert "0 of 0 outcomes would change" in words
    assert NOTICE in words
    assert WHY in words


def test_the_way_back_is_proposed_on_the_page(ada: Person, alan: Person) -> None:
    activated(ada, alan)
    activated(ada, alan, HOUSE.replace("deny", "annotate"))
    send(ada, PAGE, back="house")
    assert PackVersion.objects.filter(state="PROPOSED").get().why.startswith("Back to what was in force")


def test_versions_of_another_workspace_are_not_there(ada: Person, mallory: Person) -> None:
    version = drafted(ada)
    assert look(mallory, page_of(version)).status == 404
    assert str(version.pk) not in look(mallory, PAGE).text


def test_a_draft_is_written_in_the_admin_from_the_pack_in_force(ada: Person) -> None:
    client = browser(ada)
    address = "/admin/guardians/packversion/add/"
    assert "tool.destructive" in client.get(address, {"pack": "tools"}).content.decode()
    refused = client.post(address, {"text": HOUSE.replace("lawful_basis", "basis"), "why": WHY})
    assert "rule house.consent" in refused.content.decode()
    assert not PackVersion.objects.exists()
    client.post(address, {"text": HOUSE, "why": WHY})
    version = PackVersion.objects.get()
    assert (version.name, version.state, version.made_by) == ("house", "DRAFT", str(ada.actor))


def test_only_a_draft_is_changed_in_the_admin(ada: Person) -> None:
    client, version = browser(ada), drafted(ada)
    address = f"/admin/guardians/packversion/{version.pk}/change/"
    client.post(address, {"text": HOUSE.replace("deny", "annotate"), "why": WHY})
    assert "annotate" in PackVersion.objects.get(pk=version.pk).text
    activating.propose(version.pk, actor=ada.actor)
    assert client.post(address, {"text": HOUSE, "why": WHY}).status_code == 403


def test_the_api_shows_the_packs_in_force_of_the_clients_workspace(ada: Person, alan: Person, mallory: Person) -> None:
    activated(ada, alan)
    shown = {}
    for who in (ada, mallory):
        client = APIClient()
        client.force_login(who.user)
        shown[who.user.username] = client.get("/api/v1/policies").json()
    assert {pack["name"] for pack in shown["ada"]["packs"]} - {pack["name"] for pack in shown["mallory"]["packs"]} == {
        "house"
    }
    assert shown["ada"]["notice"] == NOT_LEGAL_ADVICE
    rule = next(p for p in shown["ada"]["packs"] if p["name"] == "house")["rules"][0]
    assert (rule["id"], rule["effect"], rule["citation"]) == ("house.consent", "deny", "house rule")
