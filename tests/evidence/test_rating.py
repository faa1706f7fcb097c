"""Trust and weight of sources: who sets them, what is recorded, and what they are for claims judged afterwards."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from audit import canonical
from audit.errors import Invalid, NotAllowed, NotFound
from audit.ids import new_id
from audit.models import Entry, Workspace
from audit.stakes import Stakes
from evidence import corpus, records
from evidence.gate import DEFAULT_POLICY, judge
from evidence.models import Claim, Document, Source
from evidence.verdicts import Reason, Verdict
from tests.conftest import Person
from tests.evidence.material import statement

pytestmark = pytest.mark.django_db

STOPPED = "Warfarin is stopped 5 days before surgery."


@pytest.fixture
def source(ada: Person) -> Source:
    return corpus.add_document(source="Committee", title="Stopping", text=STOPPED, actor=ada.actor).source


def rated() -> list[dict[str, Any]]:
    rows = Entry.objects.filter(type="source.rated").order_by("seq")
    return [dict(canonical.parse(bytes(row.body))["data"]) for row in rows]


def test_an_operator_rates_a_source_and_the_ledger_says_from_what_to_what(ada: Person, source: Source) -> None:
    corpus.rate_source(source.pk, trusted=False, weight=0.5, actor=ada.actor)
    assert Source.objects.values_list("trusted", "weight").get() == (False, 0.5)
    assert rated() == [
        {
            "source": str(source.pk),
            "before": {"trusted": True, "weight": "1.0"},
            "after": {"trusted": False, "weight": "0.5"},
        }
    ]


def test_the_same_rating_again_leaves_no_entry(ada: Person, source: Source) -> None:
    corpus.rate_source(source.pk, trusted=True, weight=1, actor=ada.actor)
    assert rated() == []


@pytest.mark.parametrize("weight", [0.3, -0.25, 1.25, float("nan"), float("inf")])
def test_a_weight_that_is_no_quarter_is_refused(ada: Person, source: Source, weight: float) -> None:
    with pytest.raises(Invalid, match=r"use 0, 0.25, 0.5, 0.75 or 1"):
        corpus.rate_source(source.pk, trusted=True, weight=weight, actor=ada.actor)
    with pytest.raises(IntegrityError, match="weight_in_quarters"), transaction.atomic():
        Source.objects.update(weight=weight)


def test_only_the_operator_of_its_workspace_rates_a_source(grace: Person, mallory: Person, source: Source) -> None:
    with pytest.raises(NotAllowed, match="workspace:write is needed"):
        corpus.rate_source(source.pk, trusted=False, weight=1.0, actor=grace.actor)
    with pytest.raises(NotFound, match="no source"):
        corpus.rate_source(source.pk, trusted=False, weight=1.0, actor=mallory.actor)
    assert (Source.objects.get().trusted, rated()) == (True, [])


def test_a_rating_holds_for_documents_that_are_there_already(ada: Person, workspace: Workspace, source: Source) -> None:
    corpus.rate_source(source.pk, trusted=False, weight=0.25, actor=ada.actor)
    found = corpus.candidates(workspace.pk, ["warfarin"])[0]
    assert (found.trusted, found.weight) == (False, 0.25)


def test_a_claim_that_only_a_light_source_carries_is_not_supported(
    ada: Person, workspace: Workspace, source: Source
) -> None:
    corpus.rate_source(source.pk, trusted=True, weight=0.75, actor=ada.actor)
    report = judged(workspace)
    assert (report.claims[0].verdict, report.claims[0].reason) == (Verdict.INSUFFICIENT, Reason.TOO_FEW_SOURCES)


def judged(workspace: Workspace) -> Any:
    found = corpus.candidates(workspace.pk, [STOPPED])
    return judge([statement(STOPPED)], found, stakes=Stakes.LOW, policy=DEFAULT_POLICY)


def test_evidence_keeps_the_trust_and_weight_it_was_judged_with(
    ada: Person, workspace: Workspace, source: Source
) -> None:
    corpus.rate_source(source.pk, trusted=True, weight=0.5, actor=ada.actor)
    row = next(records.evidence_rows(Claim(pk=new_id()), judged(workspace).claims[0], policy=DEFAULT_POLICY))
    corpus.rate_source(source.pk, trusted=False, weight=1.0, actor=ada.actor)
    assert (row.trusted, row.weight) == (True, 0.5)


def form(person: Person, source: Source, **fields: str) -> Any:
    client = Client()
    client.force_login(person.user)
    return client.post(f"/admin/evidence/source/{source.pk}/change/", {"name": source.name} | fields)


def test_the_admin_rates_through_the_verb(ada: Person, source: Source) -> None:
    assert form(ada, source, weight="0.5").status_code == 302
    assert Source.objects.values_list("trusted", "weight").get() == (False, 0.5)
    assert [entry["after"] for entry in rated()] == [{"trusted": False, "weight": "0.5"}]


def test_the_admin_refuses_a_weight_that_is_none(ada: Person, source: Source) -> None:
    assert form(ada, source, trusted="on", weight="0.6").status_code == 200
    assert Source.objects.get().weight == 1.0


def test_the_operator_of_another_workspace_rates_nothing_in_the_admin(mallory: Person, source: Source) -> None:
    form(mallory, source, weight="0.5")
    assert Source.objects.values_list("trusted", "weight").get() == (True, 1.0)
    assert rated() == []


def test_nobody_makes_a_source_without_a_document(ada: Person) -> None:
    client = Client()
    client.force_login(ada.user)
    assert client.get("/admin/evidence/source/add/").status_code == 403


def test_the_lists_of_the_admin_show_type_size_and_weight(ada: Person, source: Source) -> None:
    client = Client()
    client.force_login(ada.user)
    shown = client.get("/admin/evidence/document/").content.decode()
    assert "text/markdown" in shown
    assert f">{len(STOPPED)}<" in shown
    assert "two count as one" in client.get("/admin/evidence/source/").content.decode()


def test_a_process_of_the_version_before_still_writes_during_an_upgrade(workspace: Workspace) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO evidence_source (id, workspace_id, name, trusted) VALUES (%s, %s, %s, true)",
            [new_id(), workspace.pk, "Old"],
        )
        cursor.execute(
            "INSERT INTO evidence_document (id, source_id, title, version, current, sha256, text) "
            "SELECT %s, id, 'Old', 1, true, '', '' FROM evidence_source",
            [new_id()],
        )
    assert Document.objects.values_list("media_type", "size", "host", "source__weight").get() == ("", 0, "", 1.0)
