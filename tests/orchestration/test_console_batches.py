"""The pages of batches: how far one is, what was not taken and why, its runs, cancelling, and whose they are."""

import pytest

from audit.models import Workspace
from audit.roles import Role
from orchestration import batches, runs
from orchestration.models import Batch, Run
from orchestration.states import TERMINAL, RunState
from tests.conftest import Person, person
from tests.orchestration.looking import look, send
from tests.orchestration.rows import QUESTION, bring

LIST = "/console/batches"
ASK = {"kind": "QUESTION", "question": QUESTION}


def made(who: Person, count: int = 4, **extra: object) -> Batch:
    wrong = [{**ASK, "passages": "none"}] if extra.get("wrong") else []
    return batches.submit([*([ASK] * count), *wrong], actor=who.actor).batch


def page_of(batch: Batch) -> str:
    return f"{LIST}/{batch.pk}"


def test_an_empty_list_says_what_to_do_next(grace: Person) -> None:
    assert "/api/v1/batches" in look(grace, LIST).text


def test_a_viewer_of_an_empty_list_is_not_told_to_send(workspace: Workspace) -> None:
    assert "Your role lets you read them" in look(person("vera", workspace, Role.VIEWER), LIST).text


def test_a_batch_is_listed_with_how_far_it_is(grace: Person) -> None:
    batch = made(grace, wrong=True)
    bring(batch.runs.get(place=0), RunState.COMPLETED, due_at=None)
    shown = look(grace, LIST)
    assert page_of(batch) in shown.text
    assert "Under way 40 % 5, 1 not taken grace" in shown.words


def test_a_batch_shows_its_states_its_runs_and_what_was_not_taken(grace: Person) -> None:
    batch = made(grace, wrong=True)
    bring(batch.runs.get(place=1), RunState.FAILED, reason="provider:TIMEOUT: 3 attempts", due_at=None)
    words = look(grace, page_of(batch)).words
    assert "5 requests, 4 taken, 3 under way" in words
    assert "Failed 1" in words
    assert "4 passages One of its passages is incomplete or too long" in words


def test_a_batch_holds_no_text_of_a_client(grace: Person) -> None:
    batch = batches.submit([{**ASK, "question": "Who is Rosalind Achterberg?"}], actor=grace.actor).batch
    assert "Achterberg" not in look(grace, LIST).text + look(grace, page_of(batch)).text


def test_its_runs_of_one_state_can_be_asked_for(grace: Person) -> None:
    batch = made(grace)
    failed = bring(batch.runs.get(place=2), RunState.FAILED, reason="x", due_at=None)
    text = look(grace, page_of(batch), state="FAILED").text
    assert f"/console/runs/{failed.pk}" in text
    assert f"/console/runs/{batch.runs.get(place=0).pk}" not in text


def test_its_runs_follow_each_other_page_by_page(grace: Person) -> None:
    batch = made(grace, 60)
    first, second = look(grace, page_of(batch)), look(grace, page_of(batch), **{"from": "50"})
    assert "?state=&amp;from=50#runs" in first.text
    assert (first.text.count('class="id"'), second.text.count('class="id"')) == (50, 10)


@pytest.mark.parametrize("query", [{"state": "DONE"}, {"from": "x"}, {"from": "-1"}, {"from": "9999"}])
def test_a_query_that_cannot_be_is_refused(grace: Person, query: dict[str, str]) -> None:
    assert look(grace, page_of(made(grace)), **query).status == 400


def test_only_a_batch_that_moves_is_asked_for_again(grace: Person) -> None:
    batch = made(grace)
    assert "hx-get" in look(grace, page_of(batch)).text
    batches.cancel(batch.pk, actor=grace.actor)
    assert "hx-get" not in look(grace, page_of(batch)).text


def test_a_poll_is_answered_with_nothing_the_head_or_the_whole_page(grace: Person) -> None:
    batch = made(grace)
    mark = str(batches.progress(batch).version)
    assert look(grace, page_of(batch), part="live", mark=mark).status == 204
    runs.cancel(batch.runs.get(place=0).pk, actor=grace.actor)
    moved = look(grace, page_of(batch), part="live", mark=mark)
    assert (moved.status, "25 %" in moved.text, "<html" in moved.text) == (200, True, False)
    batches.cancel(batch.pk, actor=grace.actor)
    ended = look(grace, page_of(batch), part="live", mark=mark)
    assert ended.response["HX-Redirect"] == page_of(batch)


def test_cancelling_is_confirmed_and_stops_what_has_not_ended(grace: Person) -> None:
    batch = made(grace)
    bring(batch.runs.get(place=0), RunState.COMPLETED, due_at=None)
    assert "This cannot be taken back" in look(grace, page_of(batch)).text
    assert send(grace, page_of(batch)).response["Location"] == page_of(batch)
    assert set(Run.objects.filter(batch=batch).values_list("state", flat=True)) == {"COMPLETED", "CANCELLED"}
    assert "Cancel the batch" not in look(grace, page_of(batch)).text


def test_who_may_only_read_is_offered_no_cancelling_and_refused_it(grace: Person, workspace: Workspace) -> None:
    viewer, batch = person("vera", workspace, Role.VIEWER), made(grace)
    assert "Cancel the batch" not in look(viewer, page_of(batch)).text
    assert send(viewer, page_of(batch)).status == 403
    assert not Run.objects.filter(state__in=TERMINAL).exists()


def test_a_batch_of_another_workspace_is_neither_listed_nor_shown_nor_cancelled(grace: Person, mallory: Person) -> None:
    batch = made(grace)
    assert page_of(batch) not in look(mallory, LIST).text
    assert look(mallory, page_of(batch)).status == 404
    assert look(mallory, page_of(batch), part="live").status == 404
    assert send(mallory, page_of(batch)).status == 404
    assert not Run.objects.filter(state__in=TERMINAL).exists()


@pytest.mark.parametrize("address", [LIST, f"{LIST}/01a20f31-d558-7146-8d8f-0d898cf2f5a4"])
def test_the_pages_ask_for_a_log_in(db: None, address: str) -> None:
    assert look(None, address).response["Location"] == f"/login?next={address}"
