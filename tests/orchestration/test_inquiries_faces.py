"""Inquiries and tools over the API, in the queue and on their page."""

from typing import Any

import pytest
from django.test import Client

from audit.models import Entry
from orchestration import runs
from orchestration.models import Inquiry
from orchestration.states import RunState
from tests.conftest import Person
from tests.orchestration.calling import caller, is_problem
from tests.orchestration.rows import REASON, fresh, inquiry, submitted, tool


def asked(who: Person) -> Inquiry:
    return inquiry(submitted(who.actor))


def answer(known: Inquiry, word: str, **more: str) -> dict[str, str]:
    return {"answer": word, "reason": REASON, "seen": known.binding, **more}


@pytest.mark.parametrize(("word", "state"), [("HAPPENED", "DONE"), ("TRY_AGAIN", "PROPOSED"), ("GIVEN_UP", "FAILED")])
def test_an_answer_settles_the_action_and_wakes_the_run(grace: Person, alan: Person, word: str, state: str) -> None:
    known = asked(grace)
    told = caller(alan).post(f"/inquiries/{known.pk}/answer", answer(known, word))
    assert (told.status, told.body["state"], told.body["decided_by"]) == (200, word, str(alan.actor))
    known.action.refresh_from_db()
    assert (known.action.state, fresh(known.run).due_at is not None) == (state, True)


def test_an_inquiry_is_read_with_all_that_is_known_and_the_reading_is_recorded(grace: Person, alan: Person) -> None:
    known = asked(grace)
    body = caller(alan).get(f"/inquiries/{known.pk}").body
    assert (body["arguments"], body["said"], body["fault"]) == ({"title": "Ask the pharmacy."}, "It was here.", "DIED")
    assert (body["attempt"], body["elapsed_us"], body["binding"]) == (1, 1_200_000, known.binding)
    assert Entry.objects.filter(run=known.run_id, type="text.read").count() == 1


def test_open_inquiries_are_listed_longest_waiting_first(grace: Person, alan: Person) -> None:
    first, second = asked(grace), asked(grace)
    found = caller(alan).get("/inquiries").body["results"]
    assert [row["id"] for row in found] == [str(first.pk), str(second.pk)]
    assert caller(alan).get("/inquiries?state=HAPPENED").body["results"] == []
    assert is_problem(caller(alan).get("/inquiries?state=DONE"), 400)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"answer": "OPEN"}, 400),
        ({"answer": "perhaps"}, 400),
        ({"reason": "yes"}, 400),
        ({"seen": "0" * 64}, 409),
        ({"answer": "GIVEN_UP", "result": "It is there."}, 400),
        ({"more": "x"}, 400),
    ],
)
def test_an_answer_that_cannot_be_taken_changes_nothing(
    grace: Person, alan: Person, change: dict[str, Any], status: int
) -> None:
    known = asked(grace)
    assert is_problem(
        caller(alan).post(f"/inquiries/{known.pk}/answer", {**answer(known, "HAPPENED"), **change}), status
    )
    assert (Inquiry.objects.get(pk=known.pk).state, fresh(known.run).due_at) == ("OPEN", None)


def test_an_action_whose_key_was_changed_is_not_what_was_seen(grace: Person, alan: Person) -> None:
    known = asked(grace)
    type(known.action).objects.filter(pk=known.action_id).update(idempotency_key="0" * 64)
    assert is_problem(caller(alan).post(f"/inquiries/{known.pk}/answer", answer(known, "HAPPENED")), 409)


def test_the_answers_reason_and_result_are_sealed_and_the_ledger_holds_hashes(grace: Person, alan: Person) -> None:
    known = asked(grace)
    caller(alan).post(f"/inquiries/{known.pk}/answer", answer(known, "HAPPENED", result="Ticket 7 is there."))
    body = bytes(Entry.objects.get(type="effect.answered").body)
    assert REASON.encode() not in body
    assert b"Ticket 7" not in body
    stored = Inquiry.objects.get(pk=known.pk).reason_sealed
    assert stored is not None
    assert REASON.encode() not in bytes(stored)


def test_a_run_that_waits_for_an_answer_answers_a_waiting_client_at_once(grace: Person) -> None:
    known = asked(grace)
    assert runs.waits(fresh(known.run))
    assert fresh(known.run).state == RunState.EXECUTION


# The console


@pytest.fixture
def page(alan: Person) -> Client:
    client = Client()
    client.force_login(alan.user)
    return client


def test_the_queue_shows_what_waits_with_its_age(grace: Person, page: Client) -> None:
    known = asked(grace)
    shown = page.get("/console/approvals").content.decode()
    assert f"/console/inquiries/{known.pk}" in shown
    assert "Did it happen?" in shown
    assert "just now" in shown


def test_the_page_shows_the_call_and_takes_the_answer(grace: Person, page: Client) -> None:
    known = asked(grace)
    shown = page.get(f"/console/inquiries/{known.pk}").content.decode()
    assert all(words in shown for words in ("Ask the pharmacy.", "It was here.", "1.2 s", known.binding))
    word = {"word": "HAPPENED", "reason": REASON, "seen": known.binding, "result": "Ticket 7."}
    answered = page.post(f"/console/inquiries/{known.pk}", word)
    assert (answered.status_code, answered["Location"]) == (302, f"/console/runs/{known.run_id}")
    assert Inquiry.objects.get(pk=known.pk).state == "HAPPENED"
    assert REASON in page.get(f"/console/runs/{known.run_id}").content.decode()
    assert "This was answered." in page.get(f"/console/inquiries/{known.pk}").content.decode()


def test_what_was_typed_is_shown_again_when_it_cannot_be_taken(grace: Person, page: Client) -> None:
    known = asked(grace)
    again = page.post(f"/console/inquiries/{known.pk}", {"word": "GIVEN_UP", "reason": "no", "seen": known.binding})
    assert (again.status_code, "at least 10 are needed" in again.content.decode()) == (400, True)


def test_what_changed_meanwhile_is_not_answered_on_the_page(grace: Person, page: Client) -> None:
    known = asked(grace)
    again = page.post(f"/console/inquiries/{known.pk}", {"word": "HAPPENED", "reason": REASON, "seen": "0" * 64})
    assert (again.status_code, Inquiry.objects.get(pk=known.pk).state) == (409, "OPEN")


def test_the_page_of_the_run_leads_to_the_question(grace: Person, page: Client) -> None:
    known = asked(grace)
    shown = page.get(f"/console/runs/{known.run_id}").content.decode()
    assert f"/console/inquiries/{known.pk}" in shown
    assert "Waits for a person" in shown


def test_an_inquiry_of_another_workspace_is_not_there(mallory: Person, page: Client) -> None:
    assert page.get(f"/console/inquiries/{asked(mallory).pk}").status_code == 404


def test_whoever_requested_the_run_is_told_that_somebody_else_answers(alan: Person, page: Client) -> None:
    assert "somebody else has to answer" in page.get(f"/console/inquiries/{asked(alan).pk}").content.decode()


# Tools


def test_a_tool_is_approved_as_it_was_read(grace: Person, ada: Person) -> None:
    known = tool(ada.user.memberships.get().workspace)
    read = caller(ada).get("/tools").body["results"][0]
    assert (read["id"], read["state"]) == (str(known.pk), "QUARANTINED")
    word = {"tier": "READ_ONLY", "seen": read["definition_hash"]}
    assert caller(ada).post(f"/tools/{known.pk}/approve", word).body["state"] == "ACTIVE"
    assert is_problem(caller(ada).post(f"/tools/{known.pk}/approve", {**word, "seen": "0" * 64}), 409)
    assert is_problem(caller(ada).post(f"/tools/{known.pk}/approve", {**word, "tier": "ROOT"}), 400)


def test_a_compensation_is_registered_over_the_api(ada: Person) -> None:
    workspace = ada.user.memberships.get().workspace
    active = {"state": "ACTIVE", "approved_hash": "d" * 64, "registered_tier": 1}
    note, strike = tool(workspace, "note", **active), tool(workspace, "strike", **active)
    word = {"by": str(strike.pk), "arguments": {"id": {"from": "result.id"}}, "seen": "d" * 64, "seen_by": "d" * 64}
    told = caller(ada).post(f"/tools/{note.pk}/compensation", word)
    assert (told.status, told.body["compensated_by"]) == (200, str(strike.pk))
    assert is_problem(caller(ada).post(f"/tools/{note.pk}/compensation", {**word, "by": "x"}), 404)
    assert is_problem(caller(ada).post(f"/tools/{note.pk}/compensation", {**word, "arguments": []}), 400)


def test_a_compensation_is_withdrawn_over_the_api_as_it_was_read(ada: Person) -> None:
    workspace = ada.user.memberships.get().workspace
    strike = tool(workspace, "strike")
    note = tool(workspace, "note", compensated_by=strike, compensation_hash="c" * 64)
    place = f"/tools/{note.pk}/compensation"
    assert caller(ada).get("/tools").body["results"][0]["compensation_hash"] == "c" * 64
    assert is_problem(caller(ada).send("DELETE", place), 400)
    assert is_problem(caller(ada).send("DELETE", f"{place}?seen={'0' * 64}"), 409)
    assert caller(ada).send("DELETE", f"{place}?seen={'c' * 64}").status == 204
    assert caller(ada).get("/tools").body["results"][0]["compensated_by"] is None
