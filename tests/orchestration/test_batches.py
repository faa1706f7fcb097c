"""Batches: what is taken and what is not, keys, progress, cancelling, and that no batch of others is there."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import ledger
from audit.ids import new_id
from audit.models import Entry
from orchestration import batches, requests, runs
from orchestration.insertion import insert
from orchestration.models import Batch, Run
from orchestration.requests import RequestError
from orchestration.states import TERMINAL, Kind, RunState
from tests.conftest import Person
from tests.orchestration.calling import caller, is_problem
from tests.orchestration.rows import QUESTION, bring, entries, submitted

ASK: dict[str, Any] = {"kind": "QUESTION", "question": QUESTION}


def asked(count: int) -> list[dict[str, Any]]:
    return [{**ASK, "question": f"{QUESTION} ({number})"} for number in range(count)]


def written(batch: Batch) -> list[str]:
    """Return the types of the entries about the batch itself, after checking that they are of its workspace."""
    rows = Entry.objects.filter(workspace=batch.workspace_id, type__startswith="batch.").order_by("id")
    return list(rows.values_list("type", flat=True))


# Submitting


def test_each_request_becomes_a_run_of_its_own(ada: Person) -> None:
    answer = caller(ada).post("/batches", {"requests": asked(3)})
    assert answer.status == 202
    assert answer.headers["Location"] == f"/api/v1/batches/{answer.body['id']}"
    assert [item["index"] for item in answer.body["runs"]] == [0, 1, 2]
    assert (answer.body["size"], answer.body["accepted"], answer.body["rejected"]) == (3, 3, [])
    made = Run.objects.filter(batch_id=answer.body["id"]).order_by("place")
    assert [str(run.pk) for run in made] == [item["run"] for item in answer.body["runs"]]
    assert len({run.key_id for run in made}) == 3


def test_a_run_of_a_batch_begins_in_the_ledger_like_any_other(ada: Person) -> None:
    accepted = batches.submit([ASK], actor=ada.actor)
    alone = submitted(ada.actor)
    run = Run.objects.get(batch=accepted.batch)
    assert entries(run) == entries(alone) == ["run.submitted"]
    assert written(accepted.batch) == ["batch.submitted"]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ("a text", "body"),
        (None, "body"),
        ({"question": QUESTION}, "kind"),
        ({**ASK, "kind": "POEM"}, "kind"),
        ({**ASK, "question": ""}, "question"),
        ({**ASK, "question": "x" * 8001}, "question"),
        ({**ASK, "idempotency_key": ""}, "idempotency_key"),
        ({**ASK, "idempotency_key": 7}, "idempotency_key"),
        ({**ASK, "surprise": 1}, "surprise"),
    ],
)
def test_one_that_cannot_be_taken_spoils_no_other(ada: Person, document: object, field: str) -> None:
    answer = caller(ada).post("/batches", {"requests": [ASK, document, asked(1)[0]]})
    assert answer.status == 202
    assert [item["index"] for item in answer.body["runs"]] == [0, 2]
    assert [(item["index"], item["field"]) for item in answer.body["rejected"]] == [(1, field)]
    assert answer.body["rejected"][0]["message"]


def test_what_a_client_wrote_wrongly_is_told_once_and_not_kept(ada: Person) -> None:
    secret = "patient Jane Roe"
    batch = batches.submit([ASK, {**ASK, "kind": secret}, {**ASK, secret: 1}], actor=ada.actor).batch
    assert batch.rejected == [{"index": 1, "field": "kind"}, {"index": 2, "field": "body"}]
    said = bytes(Entry.objects.get(type="batch.submitted").body).decode()
    assert secret not in f"{batch.rejected}{said}{caller(ada).get(f'/batches/{batch.pk}').body}"


@pytest.mark.parametrize("documents", [None, {}, "x", [], [ASK] * 1001])
def test_no_list_an_empty_one_and_one_too_long_are_refused(ada: Person, documents: object) -> None:
    with pytest.raises(RequestError, match="requests"):
        batches.submit(documents, actor=ada.actor)
    assert is_problem(caller(ada).post("/batches", {"requests": documents}), 400)
    assert not Run.objects.exists()
    assert not Batch.objects.exists()


def test_the_body_holds_nothing_but_requests(ada: Person) -> None:
    assert is_problem(caller(ada).post("/batches", [ASK]), 400)
    assert is_problem(caller(ada).post("/batches", {"requests": [ASK], "priority": 1}), 400)


def test_a_thousand_are_taken_in_one_transaction(ada: Person, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(60):
        accepted = batches.submit(asked(1000), actor=ada.actor)
    assert len(accepted.runs) == Run.objects.count() == 1000


def test_when_the_ledger_cannot_take_it_nothing_is_stored(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(ledger, "append", broken)
    with pytest.raises(OSError, match="disk full"):
        batches.submit(asked(3), actor=ada.actor)
    assert not Run.objects.exists()
    assert not Batch.objects.exists()


def test_all_may_be_refused_and_the_batch_has_ended(ada: Person) -> None:
    batch = batches.submit([{"kind": "POEM"}], actor=ada.actor).batch
    now = batches.progress(batch)
    assert (now.accepted, now.done, now.ended) == (0, 1.0, True)


# Keys


def test_the_same_batch_again_is_the_first_one(ada: Person) -> None:
    body = {"requests": [*asked(2), {"kind": "POEM"}]}
    first = caller(ada).post("/batches", body, HTTP_IDEMPOTENCY_KEY="night")
    again = caller(ada).post("/batches", body, HTTP_IDEMPOTENCY_KEY="night")
    assert (again.status, again.body) == (202, first.body)
    assert (Run.objects.count(), Batch.objects.count()) == (2, 1)


def test_a_key_with_other_requests_is_a_conflict(ada: Person) -> None:
    caller(ada).post("/batches", {"requests": asked(1)}, HTTP_IDEMPOTENCY_KEY="night")
    assert is_problem(caller(ada).post("/batches", {"requests": asked(2)}, HTTP_IDEMPOTENCY_KEY="night"), 409)
    assert Run.objects.count() == 1


def test_a_key_of_another_workspace_is_free(ada: Person, mallory: Person) -> None:
    batches.submit(asked(1), actor=ada.actor, idempotency_key="night")
    assert batches.submit(asked(1), actor=mallory.actor, idempotency_key="night").created


def test_two_requests_with_one_key_are_a_conflict(ada: Person) -> None:
    twice = [{**item, "idempotency_key": "k"} for item in asked(2)]
    answer = caller(ada).post("/batches", {"requests": twice})
    assert is_problem(answer, 409)
    assert "requests[0] and requests[1]" in answer.body["detail"]
    assert not Run.objects.exists()


def test_a_request_whose_key_belongs_to_a_run_is_named_and_not_run_again(ada: Person) -> None:
    known = batches.submit([{**ASK, "idempotency_key": "k"}], actor=ada.actor).runs[0][1]
    accepted = batches.submit([ASK, {**ASK, "idempotency_key": "k"}], actor=ada.actor)
    assert [index for index, _ in accepted.runs] == [0]
    [refused] = accepted.rejected
    assert (refused.index, refused.field) == (1, "idempotency_key")
    assert str(known) in refused.message


# Following


def test_progress_counts_runs_by_state_and_decision(ada: Person) -> None:
    accepted = batches.submit([*asked(3), {"kind": "POEM"}], actor=ada.actor)
    first, second, _ = Run.objects.filter(batch=accepted.batch).order_by("place")
    bring(first, RunState.COMPLETED, decision="PUBLISH", due_at=None)
    bring(second, RunState.FAILED, reason="the model is away", due_at=None)
    body = caller(ada).get(f"/batches/{accepted.batch.pk}").body
    assert body["states"] == {"COMPLETED": 1, "FAILED": 1, "INITIALIZED": 1}
    assert body["decisions"] == {"PUBLISH": 1}
    assert body["done"] == 0.75
    assert body["failures"] == [{"index": 1, "run": str(second.pk), "reason": "the model is away"}]


def test_its_runs_are_listed_in_order_page_by_page(ada: Person) -> None:
    batch = batches.submit(asked(5), actor=ada.actor).batch
    path = f"/batches/{batch.pk}/runs"
    first = caller(ada).get(f"{path}?limit=3").body
    assert [item["index"] for item in first["results"]] == [0, 1, 2]
    rest = caller(ada).client.get(first["next"]).json()
    assert [item["index"] for item in rest["results"]] == [3, 4]


def test_a_worker_wakes_those_that_nobody_has_begun(ada: Person) -> None:
    batch = batches.submit(asked(3), actor=ada.actor).batch
    first, second, third = Run.objects.filter(batch=batch).order_by("place")
    bring(second, RunState.PROCESSING)
    assert [run for run, _ in batches.waiting(batch.pk)] == [first.pk, third.pk]


@pytest.mark.parametrize("cursor", ["cD14", "cD0xZTk5OQ==", "cD0xMDAwMDAwMDAwMDAwMDAwMDAwMDAw"])
def test_a_cursor_that_no_page_named_is_refused_or_leads_past_the_end(ada: Person, cursor: str) -> None:
    batch = batches.submit(asked(2), actor=ada.actor).batch
    answer = caller(ada).get(f"/batches/{batch.pk}/runs?cursor={cursor}")
    assert answer.body.get("results") == [] or is_problem(answer, 400)


def test_a_made_up_cursor_is_named_in_the_refusal(ada: Person) -> None:
    batch = batches.submit(asked(1), actor=ada.actor).batch
    answer = caller(ada).get(f"/batches/{batch.pk}/runs?cursor=cD14")  # p=x, where a place is expected
    assert is_problem(answer, 400)
    assert answer.body["detail"] == "cursor is 'cD14', which no page named; start again without it"


# Cancelling


def test_cancelling_stops_what_has_not_ended(ada: Person) -> None:
    batch = batches.submit(asked(4), actor=ada.actor).batch
    done, logging, *_ = Run.objects.filter(batch=batch).order_by("place")
    bring(done, RunState.COMPLETED, due_at=None)
    bring(logging, RunState.LOGGING)
    answer = caller(ada).post(f"/batches/{batch.pk}/cancel")
    assert answer.status == 200
    assert answer.body["cancelled"] == 2
    assert answer.body["states"] == {"COMPLETED": 1, "LOGGING": 1, "CANCELLED": 2}
    assert written(batch) == ["batch.submitted", "batch.cancelled"]
    for run in Run.objects.filter(batch=batch, state=RunState.CANCELLED.value):
        assert entries(run)[-1] == "run.cancelled"


def test_cancelling_again_changes_nothing(ada: Person) -> None:
    batch = batches.submit(asked(2), actor=ada.actor).batch
    first = caller(ada).post(f"/batches/{batch.pk}/cancel").body
    again = caller(ada).post(f"/batches/{batch.pk}/cancel").body
    assert (first["cancelled"], again["cancelled"]) == (2, 0)
    assert first["cancelled_at"] == again["cancelled_at"]
    assert written(batch) == ["batch.submitted", "batch.cancelled"]


def test_more_than_are_taken_together_are_all_cancelled(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CANCELLED_TOGETHER", 2)
    batch = batches.submit(asked(5), actor=ada.actor).batch
    assert batches.cancel(batch.pk, actor=ada.actor) == 5
    assert {run.state for run in batch.runs.all()} <= TERMINAL


# Whose


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/runs"), ("POST", "/cancel"), ("GET", "/events")])
def test_a_batch_of_another_workspace_is_not_there(ada: Person, mallory: Person, method: str, path: str) -> None:
    batch = batches.submit(asked(1), actor=ada.actor).batch
    theirs = caller(mallory).send(method, f"/batches/{batch.pk}{path}")
    nobodys = caller(mallory).send(method, f"/batches/{new_id()}{path}")
    assert is_problem(theirs, 404)
    assert is_problem(nobodys, 404)
    assert not Run.objects.filter(state=RunState.CANCELLED.value).exists()


# At work


def test_a_batch_takes_the_same_few_statements_whatever_its_size(ada: Person) -> None:
    counts = []
    for size in (2, 60):
        items = [{**item, "idempotency_key": f"{size}-{n}"} for n, item in enumerate(asked(size))]
        with CaptureQueriesContext(connection) as asked_of:
            batches.submit(items, actor=ada.actor)
        counts.append(len(asked_of))
    assert counts[0] == counts[1] <= 16


def test_rows_written_together_are_what_would_be_written_one_by_one(ada: Person) -> None:
    accepted = batches.submit([{**ASK, "idempotency_key": "k", "stakes": "HIGH"}], actor=ada.actor)
    run = Run.objects.get()
    alone = runs.submit(
        requests.parse({"question": QUESTION, "stakes": "HIGH"}, kind=Kind.QUESTION), actor=ada.actor
    ).run
    alone.refresh_from_db()
    own = {"id", "key_id", "request_sealed", "idempotency_key", "batch_id", "place", "due_at", "deadline_at"}
    own.add("created_at")
    columns = {field.attname for field in Run._meta.concrete_fields} - own
    assert {name: getattr(run, name) for name in columns} == {name: getattr(alone, name) for name in columns}
    assert (run.batch_id, run.place, run.idempotency_key, run.due_at is None) == (accepted.batch.pk, 0, "k", False)


def test_no_row_at_all_writes_nothing(ada: Person) -> None:
    with CaptureQueriesContext(connection) as asked_of:
        insert([])
    assert len(asked_of) == 0
