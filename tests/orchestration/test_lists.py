"""Lists of many rows: each page looks at a bounded number of them, in an order that an index has."""

import datetime as dt

import pytest
from django.contrib import admin
from django.db import connection, models
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import admin as lists
from audit.access import workspace_of
from orchestration import api
from orchestration.console import paging
from orchestration.console.navigation import waiting_in
from orchestration.models import Appeal, Approval, Restore, Run
from orchestration.states import Decision, RunState
from prometheus_site import health
from tests.conftest import Person
from tests.orchestration.calling import caller
from tests.orchestration.rows import bring, submitted, waiting
from tests.orchestration.test_records import full

LISTED = [model for model in admin.site._registry if model._meta.app_label in {"audit", "evidence", "guardians"}]
LISTED += [model for model in admin.site._registry if model._meta.app_label == "orchestration"]
MOST_QUERIES = 10


@pytest.fixture
def client(ada: Person) -> Client:
    client = Client()
    client.force_login(ada.user)
    return client


def plan(rows: QuerySet[models.Model]) -> str:
    """Return the plan on tables so small that only a plan without an index would be cheaper, were it allowed."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    return rows.explain()


def test_runs_of_one_state_are_listed_by_their_index(ada: Person) -> None:
    with connection.cursor() as cursor:
        # On a table of a few rows this one costs as much, and statistics of other tests decide between the two.
        cursor.execute("DROP INDEX run_newest")
        cursor.execute("SET LOCAL enable_sort = off")
    rows = Run.objects.filter(workspace=workspace_of(ada.actor), state=RunState.FAILED.value)
    found = plan(rows.order_by("-created_at", "-id")[:51])
    assert "run_state_newest" in found
    assert "Sort" not in found


def test_the_queue_of_a_workspace_is_listed_by_its_index(ada: Person) -> None:
    rows = Approval.objects.filter(workspace=workspace_of(ada.actor), state="PENDING")
    found = plan(rows.order_by("expires_at", "id")[:51])
    assert "approval_listed" in found
    assert "Sort" not in found


def test_the_restores_of_a_workspace_are_listed_by_their_index(ada: Person) -> None:
    found = plan(Restore.objects.filter(workspace=workspace_of(ada.actor)).order_by("-created_at", "-id")[:51])
    assert "restore_newest" in found
    assert "Sort" not in found


def test_the_appeals_of_a_workspace_are_listed_by_their_index(ada: Person) -> None:
    rows = Appeal.objects.filter(workspace=workspace_of(ada.actor), state="PENDING")
    found = plan(rows.order_by("created_at", "id")[:51])
    assert "appeal_listed" in found
    assert "Sort" not in found


def test_what_waits_is_counted_without_a_look_at_runs(grace: Person) -> None:
    waiting(submitted(grace.actor))
    with CaptureQueriesContext(connection) as asked:
        assert waiting_in(workspace_of(grace.actor)) == "1"
    assert "orchestration_run" not in asked[0]["sql"]


def test_a_rare_decision_is_looked_for_a_window_at_a_time(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "WINDOW", 2)
    rare = aged(submitted(grace.actor), days=9, decision=Decision.REFUSE)
    for days in (1, 2, 3):
        aged(submitted(grace.actor), days=days)
    first = caller(grace).get("/runs?decision=REFUSE").body
    second = caller(grace).get(first["next"].removeprefix("http://testserver")).body
    assert first["results"] == []
    assert [row["id"] for row in second["results"]] == [str(rare.pk)]


def test_a_list_within_windows_ends(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "WINDOW", 2)
    for days in (1, 2, 3):
        aged(submitted(grace.actor), days=days)
    first = caller(grace).get("/runs?stakes=HIGH").body
    second = caller(grace).get(first["next"].removeprefix("http://testserver")).body
    assert (first["results"], second["results"], second["next"]) == ([], [], None)


def test_no_run_is_missed_or_repeated_where_many_are_of_one_instant(
    grace: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "WINDOW", 3)
    made = {str(aged(submitted(grace.actor), days=day, decision="REFUSE").pk) for day in (1, 1, 1, 1, 1, 2, 3)}
    seen, address = [], "/runs?decision=REFUSE&limit=2"
    while address:
        body = caller(grace).get(address).body
        seen += [row["id"] for row in body["results"]]
        address = (body["next"] or "").removeprefix("http://testserver")
    assert sorted(seen) == sorted(made)


def aged(run: Run, *, days: int, decision: str = "") -> Run:
    at = dt.datetime(2026, 1, 31, tzinfo=dt.UTC) - dt.timedelta(days=days)
    return bring(run, RunState.FAILED, decision=decision, created_at=at)


def test_the_admin_shows_the_newest_and_says_that_there_are_more(
    client: Client, grace: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "WINDOW", 2)
    old, *_ = [submitted(grace.actor) for _ in range(4)]
    shown = client.get("/admin/orchestration/run/").content.decode()
    assert "2+ runs" in shown
    assert str(old.pk) not in shown


def test_the_admin_finds_an_old_row_by_its_id(client: Client, grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "WINDOW", 2)
    old, *_ = [submitted(grace.actor) for _ in range(4)]
    with CaptureQueriesContext(connection) as asked:
        assert str(old.pk) in client.get(f"/admin/orchestration/run/?q={old.pk}").content.decode()
    assert not any("UPPER" in query["sql"] for query in asked)


def test_a_search_for_no_id_finds_nothing(client: Client, grace: Person) -> None:
    submitted(grace.actor)
    assert "0 runs" in client.get("/admin/orchestration/run/?q=warfarin").content.decode()


def test_the_admin_sorts_by_no_column_that_no_index_covers(client: Client, grace: Person) -> None:
    submitted(grace.actor)
    with CaptureQueriesContext(connection) as asked:
        client.get("/admin/orchestration/run/?o=2")
    assert not any('ORDER BY "orchestration_run"."state"' in query["sql"] for query in asked)


def test_a_list_of_runs_reads_no_sealed_text(client: Client, grace: Person) -> None:
    submitted(grace.actor)
    with CaptureQueriesContext(connection) as asked:
        client.get("/admin/orchestration/run/")
    assert not any("request_sealed" in query["sql"] for query in asked)


@pytest.mark.parametrize("model", LISTED, ids=lambda model: model.__name__)
def test_every_list_of_the_admin_asks_few_questions_however_many_rows(
    client: Client, grace: Person, model: type[models.Model]
) -> None:
    waiting(full(grace))
    with CaptureQueriesContext(connection) as asked:
        assert client.get(f"/admin/{model._meta.app_label}/{model._meta.model_name}/").status_code == 200
    assert len(asked) <= MOST_QUERIES


def test_metrics_count_to_a_limit(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "MOST", 2)
    for _ in range(3):
        submitted(grace.actor)
    assert health.counted(Run.objects.all()) == 2


def test_a_window_of_the_console_is_a_range_of_the_index(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "WINDOW", 2)
    for days in (1, 2, 3):
        aged(submitted(ada.actor), days=days)
    rows = Run.objects.filter(workspace=workspace_of(ada.actor))
    with CaptureQueriesContext(connection) as asked:
        paging.page(rows, after=None, column="created_at", filters={"stakes": "HIGH"})
    assert "IN (SELECT" not in asked[-1]["sql"]
    assert '"created_at" >=' in asked[-1]["sql"]


def test_windows_neither_miss_nor_repeat_runs_of_one_instant(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "WINDOW", 3)
    made = [aged(submitted(grace.actor), days=day, decision="REFUSE").pk for day in (1, 1, 1, 1, 1, 2, 3)]
    rows, seen, place = Run.objects.filter(workspace=workspace_of(grace.actor)), [], ""
    for _ in range(4):
        found = paging.page(rows, after=paging.place_in(place), column="created_at", filters={"decision": "REFUSE"})
        seen += [run.pk for run in found.rows]
        place = found.next
        if not place:
            break
    assert sorted(seen) == sorted(made)


def test_the_admin_counts_no_facets_and_names_what_it_finds(client: Client, grace: Person) -> None:
    submitted(grace.actor)
    shown = client.get("/admin/orchestration/draft/?_facets=True").content.decode()
    assert "Looks in the whole table for an exact run" in shown
    assert "Show counts" not in shown
