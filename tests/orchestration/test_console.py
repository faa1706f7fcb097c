"""The list of runs and the page of one run."""

import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from audit import apikeys
from audit.access import actor_of_key
from audit.models import DataKey, Entry, Membership, Workspace
from audit.roles import Role
from evidence.models import Claim
from orchestration import runs as verbs
from orchestration.console import detail, paging
from orchestration.models import Run
from tests.conftest import Person, person
from tests.orchestration import scenes
from tests.orchestration.looking import ACID, WARFARIN, browser, look
from tests.orchestration.scenes import Said, Seen

RUNS = "/console/runs"


def page_of(run: Run) -> str:
    return f"{RUNS}/{run.pk}"


@pytest.mark.parametrize(
    "address", [RUNS, f"{RUNS}/01a20f31-d558-7146-8d8f-0d898cf2f5a4", "/console/approvals", "/console/ledger"]
)
def test_every_page_asks_for_a_log_in(db: None, address: str) -> None:
    assert look(None, address).response["Location"] == f"/login?next={address}"


def test_somebody_without_a_workspace_is_told_so(db: None) -> None:
    stranger = User.objects.create_user("eve")
    client = browser(None)
    client.force_login(stranger)
    response = client.get(RUNS)
    assert response.status_code == 403
    assert b"belong to no workspace" in response.content


def test_an_empty_list_says_what_to_do_next(grace: Person) -> None:
    assert "/api/v1/runs" in look(grace, RUNS).text


def test_a_viewer_of_an_empty_list_is_not_told_to_send(workspace: Workspace) -> None:
    viewer = person("vera", workspace, Role.VIEWER)
    assert "Your role lets you read them" in look(viewer, RUNS).text


def test_a_run_is_listed_as_soon_as_it_is_accepted(grace: Person) -> None:
    run = scenes.submit(grace)
    shown = look(grace, RUNS)
    assert page_of(run) in shown.text
    assert "Initialized" in shown.words


def test_a_list_holds_no_text_of_a_client(grace: Person) -> None:
    scenes.submit(grace, question="Who is Rosalind Achterberg?")
    assert "Achterberg" not in look(grace, RUNS).text


def test_a_row_says_what_became_of_a_run(grace: Person) -> None:
    scenes.completed(grace, [WARFARIN, ACID], stakes="HIGH")
    words = look(grace, RUNS).words
    assert "Completed Publish in part 1 supported, 1 withheld High Question grace" in words


@pytest.mark.parametrize(
    "query", [{"state": "COMPLETED"}, {"decision": "PUBLISH"}, {"stakes": "LOW"}, {"kind": "VERIFY"}]
)
def test_filters_leave_only_what_fits(grace: Person, query: dict[str, str]) -> None:
    wanted = scenes.completed(grace, [WARFARIN], stakes="LOW", answer=WARFARIN.text)
    other = scenes.submit(grace)
    shown = look(grace, RUNS, **query)
    assert page_of(wanted) in shown.text
    assert page_of(other) not in shown.text


def test_a_cell_is_a_link_to_its_filter(grace: Person) -> None:
    scenes.completed(grace, [WARFARIN])
    text = look(grace, RUNS, kind="QUESTION").text
    assert 'href="?kind=QUESTION&amp;state=COMPLETED"' in text or 'href="?state=COMPLETED&amp;kind=QUESTION"' in text


def test_runs_of_one_requester_can_be_asked_for(grace: Person, alan: Person) -> None:
    hers, his = scenes.submit(grace), scenes.submit(alan)
    shown = look(grace, RUNS, actor=str(alan.actor))
    assert page_of(his) in shown.text
    assert page_of(hers) not in shown.text


def test_a_run_sent_with_a_key_names_the_key(grace: Person, ada: Person) -> None:
    key = apikeys.create_key(name="Ward app", scopes=["runs:write"], actor=ada.actor).key
    scenes.submit(Person(ada.user, actor_of_key(key)))
    assert "Ward app (key)" in look(grace, RUNS).words


@pytest.mark.parametrize(
    "query",
    [{"state": "DONE"}, {"after": "yesterday"}, {"id": "zz"}, {"id": "0192"}, {"id": "0" * 33}, {"actor": "x" * 81}],
)
def test_a_query_that_cannot_be_is_refused_with_the_cure(grace: Person, query: dict[str, str]) -> None:
    shown = look(grace, RUNS, **query)
    assert shown.status == 400
    assert "The request cannot be taken" in shown.text


def test_the_list_says_why_a_run_waits_and_shows_no_text_with_it(grace: Person) -> None:
    scenes.waiting(grace, [WARFARIN], reasons=("consensus:escalated:safety", "consensus:people_required:1"))
    scenes.waiting(grace, [WARFARIN], reasons=("call:desk/file_ticket:tainted:body:content:1-2:A secret title",))
    words = look(grace, RUNS).words
    assert "Waits for a person The Safety guardian wants a person to decide" in words
    assert "A secret title" not in words


def test_no_run_fits_is_said(grace: Person) -> None:
    assert "No run fits" in look(grace, RUNS, state="FAILED").text


@pytest.mark.parametrize("digits", [8, 13, 36])
def test_a_run_is_found_by_its_id_or_the_beginning_of_it(grace: Person, digits: int) -> None:
    run = scenes.submit(grace)
    assert look(grace, RUNS, id=str(run.pk)[:digits]).response["Location"] == page_of(run)


def test_pages_follow_each_other_without_a_gap(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "LIMIT", 2)
    made = [scenes.submit(grace) for _ in range(5)]
    Run.objects.update(created_at=now())
    seen = []
    address = RUNS
    for _ in range(3):
        text = look(grace, address).text
        seen += re.findall(rf'class="id" href="{RUNS}/([0-9a-f-]+)"', text)
        older = re.search(r'href="(\?after=[^"]+)">Older', text)
        address = f"{RUNS}{older.group(1).replace('&amp;', '&')}" if older else ""
    assert seen == [str(run.pk) for run in sorted(made, key=lambda run: run.pk, reverse=True)]
    assert not address


def test_a_rare_filter_looks_at_a_window_and_says_how_far(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "WINDOW", 2)
    rare = scenes.submit(grace)
    Run.objects.filter(pk=rare.pk).update(stakes="HIGH")
    for _ in range(2):
        scenes.submit(grace)
    first = look(grace, RUNS, stakes="HIGH")
    further = re.search(r'href="(\?[^"]+)">Look further back', first.text)
    assert page_of(rare) not in first.text
    assert further
    assert page_of(rare) in look(grace, RUNS + further.group(1).replace("&amp;", "&")).text


def test_a_rare_state_is_found_however_far_back(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "WINDOW", 2)
    failed = scenes.submit(grace)
    verbs.fail(failed.pk, actor=grace.actor, reason="x")
    for _ in range(3):
        scenes.submit(grace)
    assert page_of(failed) in look(grace, RUNS, state="FAILED").text


def test_no_page_counts_rows(grace: Person) -> None:
    scenes.completed(grace, [WARFARIN])
    client = browser(grace)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        client.get(RUNS, {"state": "COMPLETED"})
    assert not [query["sql"] for query in asked.captured_queries if "COUNT(" in query["sql"].upper()]
    assert len(asked.captured_queries) < 14


def test_a_run_shows_claims_beside_their_evidence(grace: Person) -> None:
    shown = look(grace, page_of(scenes.completed(grace, [WARFARIN, ACID])))
    assert "Stop warfarin <mark>five days before planned surgery</mark>." in shown.text
    assert "bolus of <mark>2 g</mark>." in shown.text
    assert "Tranexamic acid: <mark>1 g</mark> as a bolus." in shown.text
    assert "The source says 1 g, the claim says 2 g." in shown.words


def test_a_contradiction_is_said_in_words(grace: Person) -> None:
    words = look(grace, page_of(scenes.completed(grace, [WARFARIN, ACID]))).words
    assert "Claim 2 Contradicted Withheld" in words
    assert "Says otherwise Pharmacy" in words


def test_a_run_shows_answer_guardians_tools_and_checkpoints(grace: Person) -> None:
    run = scenes.completed(grace, [WARFARIN])
    scenes.call(run)
    scenes.call(run, fault="TIMEOUT")
    scenes.checkpoint(run, 1)
    words = look(grace, page_of(run)).words
    assert "Answered: 1 of 1 claim supported by evidence." in words
    assert "Consensus Allow" in words
    assert "desk/search_corpus Failed reads only 12 ms TIMEOUT" in words
    assert "1 checkpoint of the engine" in words


def test_the_words_around_a_reference_passage_are_shown(grace: Person) -> None:
    run = scenes.judged(grace, [Said("Restart after 48 hours.")])
    passage = scenes.reference(
        run, before="After a hip replacement. ", sentence="Restart after 48 hours.", after=" Not before."
    )
    claim = Claim.objects.get(bundle__run=run.pk)
    scenes.link(claim, passage, Said("Restart after 48 hours."), Seen("Restart after 48 hours.", words="48 hours"))
    words = look(grace, page_of(run)).words
    assert "… After a hip replacement. Restart after 48 hours . Not before. …" in words


def test_a_passage_that_was_changed_since_is_called_out(grace: Person) -> None:
    run = scenes.judged(grace, [Said("Restart after 48 hours.")])
    passage = scenes.reference(run, before="", sentence="Restart after 48 hours.", after="")
    scenes.link(Claim.objects.get(bundle__run=run.pk), passage, Said("x"), Seen("Restart after 48 hours."))
    type(passage).objects.filter(pk=passage.pk).update(text="Restart after 24 hours.")
    assert "changed since it was judged" in look(grace, page_of(run)).text


def test_the_record_is_verified_while_the_page_is_made(grace: Person) -> None:
    words = look(grace, page_of(scenes.completed(grace, [WARFARIN]))).words
    assert "Record verified 7 entries, 0 sealed" in words


def test_a_record_of_very_many_entries_is_left_to_the_ledger_page(
    grace: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detail, "ENTRIES", 3)
    assert "Record not checked" in look(grace, page_of(scenes.completed(grace, [WARFARIN]))).words


def test_a_record_that_was_changed_is_shown_with_the_row(grace: Person) -> None:
    run = scenes.completed(grace, [WARFARIN])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
        cursor.execute("UPDATE audit_entry SET actor = 'user:666' WHERE run = %s AND seq = 2", [run.pk])
    shown = look(grace, page_of(run))
    assert "Record does not verify" in shown.words
    assert f"run:{run.pk}#2" in shown.text


def test_reading_a_run_leaves_an_access_entry(grace: Person) -> None:
    run = scenes.completed(grace, [WARFARIN])
    look(grace, page_of(run))
    assert Entry.objects.filter(run=run.pk, type="text.read", actor=str(grace.actor)).count() == 1


def test_asking_whether_a_run_moved_reads_no_text(grace: Person) -> None:
    run = scenes.judged(grace, [WARFARIN])
    shown = look(grace, page_of(run), part="live", version="0")
    assert shown.status == 200
    assert "warfarin" not in shown.text.lower()
    assert not Entry.objects.filter(run=run.pk, type="text.read").exists()


def test_a_run_that_has_not_moved_answers_nothing(grace: Person) -> None:
    run = scenes.judged(grace, [WARFARIN])
    assert look(grace, page_of(run), part="live", version=str(run.version)).status == 204


def test_a_run_that_ended_has_its_page_loaded_again(grace: Person) -> None:
    run = scenes.completed(grace, [WARFARIN])
    assert look(grace, page_of(run), part="live", version="1").response["HX-Redirect"] == page_of(run)


def test_only_a_run_that_moves_is_asked_for_again(grace: Person) -> None:
    assert "hx-get" in look(grace, page_of(scenes.judged(grace, [WARFARIN]))).text
    assert "hx-get" not in look(grace, page_of(scenes.completed(grace, [WARFARIN]))).text


def test_a_run_whose_texts_were_erased_keeps_its_record(grace: Person) -> None:
    run = scenes.completed(grace, [WARFARIN])
    DataKey.objects.all().delete()
    shown = look(grace, page_of(run))
    assert shown.status == 200
    assert "cannot be read any more" in shown.words
    assert "Record verified" in shown.words
    assert "Warfarin" not in shown.text


def test_a_forged_text_is_refused_and_the_row_named(grace: Person) -> None:
    run = scenes.completed(grace, [WARFARIN])
    Run.objects.filter(pk=run.pk).update(request_sealed=b"forged")
    shown = look(grace, page_of(run))
    assert "is not what was written" in shown.words
    assert f"orchestration_run.request_sealed of row {run.pk}" in shown.text


def test_a_refused_run_says_why(grace: Person) -> None:
    run = scenes.judged(grace, [Said("The family is told.", "INSUFFICIENT", "No passage says this.")])
    run.reason = "gate:NONE_SUPPORTED"
    scenes.move(run, "refuse")
    scenes.move(run, "complete", finished_at=now())
    words = look(grace, page_of(run)).words
    assert "Refused: nothing was published and nothing was done. No claim is supported by evidence." in words
    assert "No passage bears on this claim." in words


def test_a_run_shows_in_one_line_how_it_came_to_its_decision(grace: Person) -> None:
    run = scenes.waiting(grace, [WARFARIN, ACID]).run
    words = look(grace, page_of(run)).words
    way = words[words.index("How it came to this") : words.index("About this run")]
    steps = ("1 supported, 1 contradicted of 2 claims", "Privacy Allow", "A person has to decide", "0 of 1 agreed")
    places = [way.index(step) for step in (*steps, "Decision Waits for a person")]
    assert places == sorted(places)


def test_without_texts_the_way_to_a_decision_is_still_shown(grace: Person) -> None:
    run = scenes.completed(grace, [WARFARIN, ACID])
    DataKey.objects.all().delete()
    assert "Evidence 1 supported, 1 not" in look(grace, page_of(run)).words


def test_a_failed_and_a_cancelled_run_say_where_they_stopped(grace: Person) -> None:
    failed, cancelled = scenes.submit(grace), scenes.submit(grace)
    verbs.fail(failed.pk, actor=grace.actor, reason="provider:TIMEOUT: 3 attempts")
    verbs.cancel(cancelled.pk, actor=grace.actor)
    assert "stopped here: failed" in look(grace, page_of(failed)).words
    assert "Cancelled: nothing was published." in look(grace, page_of(cancelled)).words


def test_claims_come_in_pages(grace: Person) -> None:
    run = scenes.judged(grace, [Said(f"Claim number {n} of many.") for n in range(90)])
    first, last = look(grace, page_of(run)), look(grace, page_of(run), **{"from": "81"})
    assert "Claims 1 to 40 of 90" in first.words
    assert "Claims 81 to 90 of 90" in last.words
    assert "Claim number 89 of many." in last.words


def test_claims_of_one_verdict_can_be_asked_for(grace: Person) -> None:
    shown = look(grace, page_of(scenes.completed(grace, [WARFARIN, ACID])), verdict="CONTRADICTED")
    assert "Claim 2" in shown.words
    assert 'id="claim-1"' not in shown.text


@pytest.mark.parametrize("address", ["", "?part=live"])
def test_a_run_of_another_workspace_is_not_there(grace: Person, mallory: Person, address: str) -> None:
    run = scenes.completed(grace, [WARFARIN])
    shown = look(mallory, page_of(run) + address)
    assert shown.status == 404
    assert "Warfarin" not in shown.text
    assert not Entry.objects.filter(run=run.pk, type="text.read").exists()


def test_no_list_shows_rows_of_another_workspace(grace: Person, mallory: Person) -> None:
    run = scenes.completed(grace, [WARFARIN])
    for query in ({}, {"id": str(run.pk)}, {"actor": str(grace.actor)}, {"state": "COMPLETED"}):
        assert page_of(run) not in look(mallory, RUNS, **query).text


def test_somebody_in_two_workspaces_chooses_one_by_a_link(grace: Person, mallory: Person) -> None:
    elsewhere = Workspace.objects.get(slug="elsewhere")
    Membership.objects.create(user=grace.user, workspace=elsewhere, role=Role.REVIEWER.value)
    run = scenes.submit(mallory)
    client = browser(grace)
    client.get(RUNS, {"workspace": "elsewhere"})
    assert page_of(run) in client.get(RUNS).content.decode()
    assert "Go to" in client.get(RUNS).content.decode()


def test_a_workspace_one_is_not_in_cannot_be_chosen(grace: Person, mallory: Person) -> None:
    run = scenes.submit(mallory)
    assert page_of(run) not in look(grace, RUNS, workspace="elsewhere").text


HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(1)>\u202egpj.exe " + "W" * 10_000


def test_hostile_texts_are_shown_and_never_obeyed(grace: Person) -> None:
    said = Said(
        HOSTILE[:6_000],
        "CONTRADICTED",
        f"It says {HOSTILE[:200]}",
        words="alert(1)",
        evidence=(Seen(HOSTILE, "CONTRADICTS", "alert(1)", source="<b>Pharmacy</b>"),),
    )
    shown = look(grace, page_of(scenes.completed(grace, [said, Said(HOSTILE[:90])], question=HOSTILE[:7_000])))
    assert shown.status == 200
    assert "<script>alert" not in shown.text
    assert "<img" not in shown.text
    assert "\u202e" not in shown.text
    assert '<span class="unseen">U+202E</span>' in shown.text


def test_500_claims_with_long_words_make_a_bounded_page(grace: Person) -> None:
    run = scenes.judged(grace, [Said("W" * 2_000, evidence=(Seen("W" * 9_000),)) for _ in range(500)])
    assert len(look(grace, page_of(run)).text) < 600_000


def test_pages_are_not_kept_by_browsers(grace: Person) -> None:
    assert "no-store" in look(grace, page_of(scenes.submit(grace))).response["Cache-Control"]


def test_only_staff_see_the_admin(grace: Person) -> None:
    assert ">Admin" in look(grace, RUNS).text
    grace.user.is_staff = False
    grace.user.save()
    assert ">Admin" not in look(grace, RUNS).text


def test_a_viewer_sees_neither_approvals_nor_ledger(workspace: Workspace, grace: Person) -> None:
    viewer = person("vera", workspace, Role.VIEWER)
    run = scenes.waiting(grace, [WARFARIN]).run
    text = look(viewer, page_of(run)).text
    assert "/console/approvals" not in text
    assert "/console/ledger" not in text


def test_what_is_not_there_has_a_page(grace: Person) -> None:
    shown = look(grace, "/console/nothing")
    assert shown.status == 404
    assert "Nothing at this address" in shown.text


def test_the_api_page_lists_operations_and_shapes(grace: Person) -> None:
    shown = look(grace, "/api/")
    assert "/api/v1/runs" in shown.text
    assert 'id="shape-Request' in shown.text
