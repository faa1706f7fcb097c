"""The queue, and the page on which one person's word is taken."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from audit.models import DataKey, Entry, Workspace
from audit.roles import Role
from orchestration import registry
from orchestration import runs as verbs
from orchestration.console import navigation
from orchestration.models import Action, Approval, Tool
from orchestration.states import ApprovalState
from tests.conftest import Person, person
from tests.orchestration import scenes
from tests.orchestration.looking import ACID, REASON, WARFARIN, Shown, browser, look, send
from tests.orchestration.scenes import Said

QUEUE = "/console/approvals"
TICKET = {"queue": "committee", "title": "Two intervals", "copy_to": ["pharmacy", {"name": "ward 7"}], "urgent": True}


def page_of(approval: Approval) -> str:
    return f"{QUEUE}/{approval.pk}"


def word(who: Person, approval: Approval, word_: str = "approve", **changed: str) -> Shown:
    return send(who, page_of(approval), **{"word": word_, "reason": REASON, "seen": approval.binding, **changed})


def late(approval: Approval) -> None:
    Approval.objects.filter(pk=approval.pk).update(expires_at=now() - dt.timedelta(minutes=3))


def test_the_queue_shows_what_waits_soonest_first(grace: Person, alan: Person) -> None:
    later, sooner = scenes.waiting(grace, [WARFARIN], minutes=14), scenes.waiting(grace, [WARFARIN], minutes=3)
    shown = look(alan, QUEUE)
    assert shown.text.index(page_of(sooner)) < shown.text.index(page_of(later))
    assert "2 minutes left" in shown.words
    assert "It calls desk/file_ticket, which changes what is there" in shown.words


def test_the_queue_says_which_requests_are_ones_own(alan: Person) -> None:
    scenes.waiting(alan, [WARFARIN])
    assert "that is you: somebody else has to decide" in look(alan, QUEUE).words


def test_an_empty_queue_says_what_would_come_here(alan: Person) -> None:
    assert "Nothing waits" in look(alan, QUEUE).text


def test_decided_approvals_have_tabs_of_their_own(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN])
    word(alan, approval)
    assert page_of(approval) not in look(alan, QUEUE).text
    assert page_of(approval) in look(alan, QUEUE, state="APPROVED").text
    assert "None here" in look(alan, QUEUE, state="REJECTED").text


def test_a_tab_that_does_not_exist_is_refused(alan: Person) -> None:
    assert look(alan, QUEUE, state="MAYBE").status == 400


def test_the_navigation_counts_what_waits(grace: Person, alan: Person) -> None:
    scenes.waiting(grace, [WARFARIN])
    assert "Approvals , 1 waiting" in look(alan, "/console/runs").words


def test_the_navigation_does_not_count_for_ever(grace: Person, alan: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigation, "CAP", 1)
    for _ in range(2):
        scenes.waiting(grace, [WARFARIN])
    assert "1+ waiting" in look(alan, "/console/runs").words.replace("1+  waiting", "1+ waiting")


def test_the_decision_shows_exactly_what_would_be_done(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN, ACID], actions=[TICKET], stakes="HIGH")
    shown = look(alan, page_of(approval))
    assert "copy_to[0] pharmacy text" in shown.words
    assert "copy_to[1].name ward 7 text" in shown.words
    assert "urgent yes yes or no" in shown.words
    assert "{" not in shown.words
    assert "What would be published Warfarin is stopped five days before planned surgery." in shown.words
    assert "1 of 2 claims would be withheld." in shown.words


def test_the_decision_shows_why_and_who_dissents(grace: Person, alan: Person) -> None:
    words = look(alan, page_of(scenes.waiting(grace, [WARFARIN], quorum=2))).words
    assert "Why a person is asked It calls desk/file_ticket" in words
    assert "Dissent. The Privacy guardian voted to allow" in words
    assert "Needs 2 people, 0 so far" in words


def test_approving_lets_the_run_go_on_and_says_so(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN])
    client = browser(alan)
    form = {"word": "approve", "reason": REASON, "seen": approval.binding}
    response = client.post(page_of(approval), form, follow=True)
    assert response.redirect_chain == [(f"/console/runs/{approval.run_id}", 302)]
    assert b"Approved. The run goes on with exactly what you saw." in response.content
    approval.refresh_from_db(fields=["decided_at"])
    assert Approval.objects.get(pk=approval.pk).state == ApprovalState.APPROVED


def test_the_reason_is_kept_and_shown_with_the_run(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN])
    word(alan, approval)
    assert f"alan Approved {now():%-d %b %Y}" in look(grace, f"/console/runs/{approval.run_id}").words
    assert REASON in look(grace, f"/console/runs/{approval.run_id}").words


def test_rejecting_says_what_follows(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN])
    response = browser(alan).post(
        page_of(approval), {"word": "reject", "reason": REASON, "seen": approval.binding}, follow=True
    )
    assert b"Rejected. The run ends refused" in response.content
    assert Approval.objects.get(pk=approval.pk).state == ApprovalState.REJECTED


def test_the_first_of_two_approvals_waits_for_the_second(grace: Person, alan: Person, barbara: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN], quorum=2)
    word(alan, approval)
    assert "You have approved this. Another person has to agree" in look(alan, page_of(approval)).words
    assert "Needs 2 people, 1 so far" in look(barbara, page_of(approval)).words
    word(barbara, approval)
    assert Approval.objects.get(pk=approval.pk).state == ApprovalState.APPROVED


def test_the_first_of_two_is_told_that_another_has_to_agree(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN], quorum=2)
    form = {"word": "approve", "reason": REASON, "seen": approval.binding}
    response = browser(alan).post(page_of(approval), form, follow=True)
    assert b"Your approval is recorded: 1 of 2." in response.content


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"reason": "too short"}, "at least 10 are needed"), ({"word_": "maybe"}, "Choose Approve or Reject.")],
)
def test_an_error_keeps_what_was_typed(grace: Person, alan: Person, changed: dict[str, str], said: str) -> None:
    approval = scenes.waiting(grace, [WARFARIN])
    shown = word(alan, approval, **changed)
    assert shown.status == 400
    assert said in shown.words
    assert changed.get("reason", REASON) in shown.text
    assert 'aria-invalid="true"' in shown.text


def test_a_page_that_is_no_longer_true_is_a_conflict_that_keeps_the_reason(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN])
    shown = word(alan, approval, seen="0" * 64)
    assert shown.status == 409
    assert "what you saw is not what would be done now" in shown.words
    assert REASON in shown.words
    assert page_of(approval) in shown.text


def test_a_decision_after_its_time_is_a_conflict(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN])
    late(approval)
    assert word(alan, approval).status == 409
    assert "The time to decide has ended" in look(alan, page_of(approval)).words


def test_deciding_twice_is_a_conflict(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN])
    word(alan, approval)
    assert word(alan, approval, "reject").status == 409
    assert Approval.objects.get(pk=approval.pk).state == ApprovalState.APPROVED


def test_nobody_decides_on_their_own_request(alan: Person) -> None:
    approval = scenes.waiting(alan, [WARFARIN])
    shown = look(alan, page_of(approval))
    assert "You requested this run, so somebody else has to decide it." in shown.words
    assert '<button class="button approve"' not in shown.text
    assert word(alan, approval).status == 403


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.AUDITOR])
def test_whoever_may_not_decide_reads_without_buttons(grace: Person, workspace: Workspace, role: Role) -> None:
    approval, reader = scenes.waiting(grace, [WARFARIN]), person("rita", workspace, role)
    shown = look(reader, page_of(approval))
    assert "Deciding needs the role of an approver" in shown.words
    assert 'value="approve"' not in shown.text
    assert word(reader, approval).status == 403
    assert Approval.objects.get(pk=approval.pk).state == ApprovalState.PENDING


def test_a_viewer_may_not_even_read_it(grace: Person, workspace: Workspace) -> None:
    approval, viewer = scenes.waiting(grace, [WARFARIN]), person("vera", workspace, Role.VIEWER)
    assert look(viewer, page_of(approval)).status == 403
    assert look(viewer, QUEUE).status == 403


def test_what_is_stored_must_be_what_the_decision_is_bound_to(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN], actions=[TICKET])
    Action.objects.update(definition_hash="e" * 64)
    shown = look(alan, page_of(approval))
    assert "What is stored is not what this decision is bound to" in shown.words
    assert 'value="approve"' not in shown.text


def test_a_decision_whose_texts_are_gone_cannot_be_shown(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN])
    DataKey.objects.all().delete()
    shown = look(alan, page_of(approval))
    assert shown.status == 409
    assert "cannot be read" in shown.words


def test_a_decision_of_another_workspace_is_not_there(grace: Person, mallory: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN])
    assert look(mallory, page_of(approval)).status == 404
    assert word(mallory, approval).status == 404
    assert page_of(approval) not in look(mallory, QUEUE).text
    assert not Entry.objects.filter(run=approval.run_id, type="text.read", actor=str(mallory.actor)).exists()


def test_a_form_from_elsewhere_is_refused(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN])
    client = Client(enforce_csrf_checks=True)
    client.force_login(alan.user)
    response = client.post(page_of(approval), {"word": "approve", "reason": REASON, "seen": approval.binding})
    assert response.status_code == 403
    assert b"This form was not taken" in response.content


def test_a_void_decision_says_that_it_no_longer_stands(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN])
    verbs.cancel(approval.run_id, actor=grace.actor)
    assert "This no longer stands" in look(alan, page_of(approval)).words


def test_a_decision_without_actions_and_claims_says_so(grace: Person, alan: Person) -> None:
    said = Said("The family is told.", "INSUFFICIENT", "No passage says this.")
    words = look(alan, page_of(scenes.waiting(grace, [said]))).words
    assert "No tool with an effect would be called." in words
    assert "No claim is supported, so nothing would be published." in words


def test_hostile_arguments_are_shown_as_text(grace: Person, alan: Person) -> None:
    hostile: dict[str, Any] = {
        "<b>to</b>": "<script>alert(1)</script>",
        "empty": "",
        "none": None,
        "list": [],
        "object": {},
        "n": 3,
    }
    shown = look(alan, page_of(scenes.waiting(grace, [WARFARIN], actions=[hostile])))
    assert "<script>alert" not in shown.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown.text
    assert "list empty list" in shown.words
    assert "n 3 number" in shown.words


def test_more_arguments_than_a_page_takes_are_called_out(grace: Person, alan: Person) -> None:
    many = {f"name{n}": n for n in range(450)}
    assert (
        "50 further values are not shown"
        in look(alan, page_of(scenes.waiting(grace, [WARFARIN], actions=[many]))).words
    )


def undoable(by: Person, approval: Approval) -> Tool:
    """Register which tool undoes the call that waits, and return that tool."""
    filing = Tool.objects.get(name="file_ticket")
    closing = scenes.tool(approval.run, "close_ticket")
    found = {"ticket": {"from": "result.ticket"}, "why": {"value": "It failed."}}
    seen = {"seen": filing.definition_hash, "seen_by": closing.definition_hash}
    registry.register_compensation(filing.pk, by=closing.pk, arguments=found, actor=by.actor, **seen)
    return closing


def test_whoever_decides_sees_what_undoes_a_call(grace: Person, alan: Person, ada: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN], actions=[TICKET])
    undoable(ada, approval)
    shown = look(alan, page_of(approval)).words
    assert "Can be undone by desk/close_ticket , as it is registered now" in shown
    assert "ticket from result.ticket , why is &quot;It failed.&quot;" in shown


def test_whoever_decides_sees_that_a_call_cannot_be_undone(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN], actions=[TICKET])
    assert "Cannot be undone: no compensation is registered." in look(alan, page_of(approval)).words


def test_a_compensation_that_no_longer_stands_is_not_promised(grace: Person, alan: Person, ada: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN], actions=[TICKET])
    closing = undoable(ada, approval)
    Tool.objects.filter(pk=closing.pk).update(definition_hash="e" * 64)
    shown = look(alan, page_of(approval)).words
    assert "Cannot be undone: its compensation changed since it was registered." in shown


def test_what_another_run_of_the_family_did_is_not_promised_to_be_undone(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN], actions=[TICKET])
    earlier = scenes.action(scenes.submit(grace), TICKET)
    Action.objects.filter(run=approval.run).update(original=earlier)
    shown = look(alan, page_of(approval)).words
    assert "Cannot be undone: it was done by another run of the family." in shown


def test_the_page_of_the_run_says_what_undoes_its_calls(grace: Person, ada: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN], actions=[TICKET])
    undoable(ada, approval)
    assert "Can be undone by desk/close_ticket" in look(grace, f"/console/runs/{approval.run_id}").words


def test_a_run_that_has_ended_promises_no_undoing(grace: Person, ada: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN], actions=[TICKET])
    undoable(ada, approval)
    verbs.cancel(approval.run_id, actor=grace.actor)
    assert "undone" not in look(grace, f"/console/runs/{approval.run_id}").words
