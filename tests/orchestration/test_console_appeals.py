"""The console's form that appeals a verdict, the queue, and the page on which somebody else decides."""

from typing import Any

import pytest

from audit.ids import new_id
from audit.models import DataKey, Entry, Workspace
from audit.roles import Role
from evidence.models import Claim, ClaimBundle
from evidence.verdicts import Verdict
from orchestration.console.navigation import waiting_in
from orchestration.models import Appeal, Run
from orchestration.states import AppealState, RunState
from tests.conftest import Person, person
from tests.orchestration import scenes
from tests.orchestration.contesting import DOUBT, WORD, answered, appealed, decided, passage_of, published, withheld
from tests.orchestration.looking import ACID, WARFARIN, look, send


@pytest.fixture
def run(grace: Person) -> Run:
    return answered(grace)


def form_of(claim: Claim) -> str:
    return f"/console/runs/{claim.bundle.run}/claims/{claim.pk}/appeal"


def page_of(appeal: Appeal) -> str:
    return f"/console/appeals/{appeal.pk}"


# Making one


def test_each_claim_of_a_completed_run_leads_to_its_appeal(run: Run, grace: Person) -> None:
    shown = look(grace, f"/console/runs/{run.pk}")
    assert all(form_of(claim) in shown.text for claim in (withheld(run), published(run)))
    appealed(run, grace)
    assert form_of(withheld(run)) not in look(grace, f"/console/runs/{run.pk}").text


def test_a_run_under_way_offers_no_appeal(grace: Person) -> None:
    run = scenes.judged(grace, [WARFARIN, ACID])
    assert "Appeal this verdict" not in look(grace, f"/console/runs/{run.pk}").text
    shown = look(grace, form_of(Claim.objects.filter(bundle__run=run.pk)[0]))
    assert "once its run is completed" in shown.words
    assert "<textarea" not in shown.text


def test_the_form_shows_the_claim_beside_its_evidence_and_the_other_verdicts(run: Run, grace: Person) -> None:
    shown = look(grace, form_of(withheld(run)))
    assert all(words in shown.words for words in ("Tranexamic acid is given as a bolus", ACID.why, "as a bolus."))
    assert "<mark>1 g</mark>" in shown.text
    assert 'value="SUPPORTED"' in shown.text
    assert 'value="CONTRADICTED"' not in shown.text
    assert f'value="{passage_of(published(run)).pk}"' in shown.text


def test_who_may_only_read_is_offered_no_appeal_and_can_make_none(run: Run, workspace: Workspace) -> None:
    viewer = person("vera", workspace, Role.VIEWER)
    assert "Appeal this verdict" not in look(viewer, f"/console/runs/{run.pk}").text
    assert send(viewer, form_of(withheld(run)), wanted="SUPPORTED", reason=DOUBT).status == 403


def test_the_form_makes_an_appeal_and_leads_to_it(run: Run, ada: Person) -> None:
    passage = passage_of(withheld(run)).pk
    sent = send(ada, form_of(withheld(run)), wanted="SUPPORTED", reason=DOUBT, passage=str(passage))
    made = Appeal.objects.get()
    assert (sent.status, sent.response["Location"]) == (302, page_of(made))
    assert (made.wanted, made.passage_id, made.requested_by) == ("SUPPORTED", passage, str(ada.actor))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"wanted": ""}, "use one of SUPPORTED"),
        ({"wanted": "DISPUTED"}, "use one of SUPPORTED"),
        ({"wanted": "CONTRADICTED"}, "CONTRADICTED already"),
        ({"reason": "Because"}, "at least 10 are needed"),
        ({"passage": "x"}, "choose one of the list"),
        ({"passage": str(new_id())}, "is not in the evidence"),
    ],
)
def test_what_was_typed_is_shown_again_when_it_cannot_be_taken(
    run: Run, grace: Person, change: dict[str, str], words: str
) -> None:
    form = {"wanted": "SUPPORTED", "reason": DOUBT, **change}
    again = send(grace, form_of(withheld(run)), **form)
    assert (again.status, words in again.words, form["reason"] in again.words) == (400, True, True)
    assert not Appeal.objects.exists()


def test_a_second_appeal_is_told_of_the_first(run: Run, grace: Person, alan: Person) -> None:
    appealed(run, grace)
    assert "An appeal on this verdict waits" in look(alan, form_of(withheld(run))).words
    again = send(alan, form_of(withheld(run)), wanted="SUPPORTED", reason=DOUBT)
    assert (again.status, DOUBT in again.words) == (409, True)


# The queue


def test_the_queue_shows_what_waits_and_the_top_counts_it(
    run: Run, grace: Person, alan: Person, workspace: Workspace
) -> None:
    appeal = appealed(run, grace)
    shown = look(alan, "/console/approvals")
    assert page_of(appeal) in shown.text
    assert "Is the verdict right?" in shown.words
    assert DOUBT not in shown.words
    assert "that is you" in look(grace, "/console/approvals").words
    assert waiting_in(workspace.pk) == "1"
    decided(appeal, alan)
    assert page_of(appeal) not in look(alan, "/console/approvals").text
    assert waiting_in(workspace.pk) == ""


def test_the_queue_of_another_workspace_does_not_show_it(run: Run, grace: Person, mallory: Person) -> None:
    appeal = appealed(run, grace)
    assert page_of(appeal) not in look(mallory, "/console/approvals").text


# Deciding


def test_the_page_shows_claim_evidence_reason_and_passage(run: Run, grace: Person, alan: Person) -> None:
    appeal = appealed(run, grace, passage=passage_of(published(run)).pk)
    before = Entry.objects.filter(run=run.pk, type="text.read").count()
    shown = look(alan, page_of(appeal))
    told = (ACID.why, DOUBT, "Stop warfarin five days before planned surgery.", "Appealed by grace")
    assert all(words in shown.words for words in told)
    assert "<mark>1 g</mark>" in shown.text
    assert f'name="seen" value="{appeal.binding}"' in shown.text
    assert Entry.objects.filter(run=run.pk, type="text.read").count() == before + 1


@pytest.mark.parametrize(("word", "said"), [("GRANTED", "Appeal granted"), ("REJECTED", "Appeal rejected")])
def test_a_decision_is_taken_and_stands_beside_the_claim(
    run: Run, grace: Person, alan: Person, word: str, said: str
) -> None:
    appeal = appealed(run, grace)
    sent = send(alan, page_of(appeal), word=word, reason=WORD, seen=appeal.binding)
    assert (sent.status, sent.response["Location"]) == (302, f"/console/runs/{run.pk}#claim-2")
    shown = look(grace, f"/console/runs/{run.pk}").words
    assert all(words in shown for words in (said, "Decided by alan", DOUBT, WORD, "Withheld"))
    after = look(alan, page_of(appeal))
    assert "<textarea" not in after.text
    assert WORD in after.words


@pytest.mark.parametrize(
    ("change", "status"),
    [({"word": ""}, 400), ({"word": "EXPIRED"}, 400), ({"reason": "Yes"}, 400), ({"seen": "0" * 64}, 409)],
)
def test_a_decision_that_cannot_be_taken_changes_nothing(
    run: Run, grace: Person, alan: Person, change: dict[str, str], status: int
) -> None:
    appeal = appealed(run, grace)
    form = {"word": "GRANTED", "reason": WORD, "seen": appeal.binding, **change}
    again = send(alan, page_of(appeal), **form)
    assert (again.status, form["reason"] in again.words, Appeal.objects.get().state) == (status, True, "PENDING")


def test_ones_own_appeal_is_withdrawn_and_not_decided(run: Run, grace: Person) -> None:
    appeal = appealed(run, grace)
    shown = look(grace, page_of(appeal))
    assert "somebody else has to decide" in shown.words
    assert "<textarea" not in shown.text
    assert send(grace, page_of(appeal), word="GRANTED", reason=WORD, seen=appeal.binding).status == 403
    assert send(grace, page_of(appeal), word="WITHDRAWN").status == 302
    assert Appeal.objects.get().state == "WITHDRAWN"


def test_nobody_withdraws_what_somebody_else_made(run: Run, grace: Person, alan: Person) -> None:
    appeal = appealed(run, grace)
    assert "Withdraw" not in look(alan, page_of(appeal)).words
    assert send(alan, page_of(appeal), word="WITHDRAWN").status == 403
    assert Appeal.objects.get().state == "PENDING"


def test_who_may_not_decide_reads_only(run: Run, grace: Person, workspace: Workspace) -> None:
    viewer = person("vera", workspace, Role.VIEWER)
    appeal = appealed(run, grace)
    assert "Deciding needs the role of a reviewer or an approver" in look(viewer, page_of(appeal)).words
    assert send(viewer, page_of(appeal), word="GRANTED", reason=WORD, seen=appeal.binding).status == 403


def test_what_is_stored_must_be_what_the_appeal_is_bound_to(run: Run, grace: Person, alan: Person) -> None:
    appeal = appealed(run, grace)
    ClaimBundle.objects.update(verifier="other")
    shown = look(alan, page_of(appeal))
    assert "is not what this appeal is bound to" in shown.words
    assert "<textarea" not in shown.text


@pytest.mark.parametrize("state", [AppealState.EXPIRED, AppealState.WITHDRAWN])
def test_a_closed_appeal_says_what_became_of_it(run: Run, grace: Person, alan: Person, state: AppealState) -> None:
    appeal = appealed(run, grace)
    appeal.expire() if state is AppealState.EXPIRED else appeal.withdraw()
    appeal.save(update_fields=["state"])
    assert "The verdict of the gate stands." in look(alan, page_of(appeal)).words


def test_an_erased_run_shows_neither_form_nor_appeal(run: Run, grace: Person, alan: Person) -> None:
    appeal = appealed(run, grace)
    DataKey.objects.all().delete()
    told: tuple[Any, ...] = (
        look(alan, page_of(appeal)),
        look(alan, form_of(withheld(run))),
        send(alan, page_of(appeal), word="GRANTED", reason=WORD, seen=appeal.binding),
        send(alan, form_of(published(run)), wanted="INSUFFICIENT", reason=DOUBT),
    )
    assert [(shown.status, "cannot be read" in shown.words) for shown in told] == [(409, True)] * 4
    assert look(alan, f"/console/runs/{run.pk}").status == 200


def test_nothing_of_another_workspace_is_there(run: Run, grace: Person, mallory: Person) -> None:
    appeal = appealed(run, grace)
    asked = {"wanted": "INSUFFICIENT", "reason": DOUBT}
    told = (
        look(mallory, page_of(appeal)),
        look(mallory, form_of(withheld(run))),
        send(mallory, page_of(appeal), word="GRANTED", reason=WORD, seen=appeal.binding),
        send(mallory, form_of(published(run)), **asked),
    )
    assert [shown.status for shown in told] == [404] * 4
    assert Appeal.objects.get().state == "PENDING"


def test_who_has_not_logged_in_is_sent_to_the_log_in(run: Run, grace: Person) -> None:
    appeal = appealed(run, grace)
    assert look(None, page_of(appeal)).response["Location"].startswith("/login")
    assert look(None, form_of(published(run))).response["Location"].startswith("/login")


def test_a_hostile_reason_is_shown_and_never_obeyed(run: Run, grace: Person, alan: Person) -> None:
    appeal = appealed(run, grace, reason="<script>alert(1)</script> \u202e and more of it")
    shown = look(alan, page_of(appeal)).text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;" in shown
    assert "\u202e" not in shown


def test_a_claim_that_was_judged_anew_is_not_appealed(run: Run, grace: Person) -> None:
    claim = withheld(run)
    ClaimBundle.objects.create(run=run.pk, revision=9, outcome="NO_CLAIMS", score=0)
    assert look(grace, form_of(claim)).status == 404
    assert Run.objects.get(pk=run.pk).state == RunState.COMPLETED


def test_the_admin_lists_appeals_and_changes_none(run: Run, grace: Person, ada: Person) -> None:
    appeal = appealed(run, grace, wanted=Verdict.INSUFFICIENT)
    place = f"/admin/orchestration/appeal/{appeal.pk}"
    assert str(run.pk) in look_at_admin(ada, "/admin/orchestration/appeal/")
    assert "INSUFFICIENT" in look_at_admin(ada, f"{place}/change/")
    assert "Save" not in look_at_admin(ada, f"{place}/change/")


def look_at_admin(who: Person, address: str) -> str:
    return look(who, address).text
