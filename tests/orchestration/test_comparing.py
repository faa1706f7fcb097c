"""The guardians beside each other, on the page and over HTTP: what is counted, of whom, and who may look."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from audit.models import Workspace
from audit.roles import Role, Scope
from guardians.models import Finding, Review
from orchestration import comparing, counting
from orchestration.console.guardians import on_scale, words_of
from orchestration.models import Approval, Run
from tests.conftest import Person, person
from tests.evidence.test_documents_api import client_of
from tests.orchestration import scenes
from tests.orchestration.looking import WARFARIN, look

pytestmark = pytest.mark.django_db
PAGE, API, RULES = "/console/guardians", "/api/v1/guardians", "/api/v1/guardians/rules"
RULE = "safety.injection.override"


def objected(who: Person, *, word: str = "") -> Run:
    """Return a run on which all three guardians wanted a person, with what people said."""
    approval = scenes.waiting(who, [WARFARIN])
    if word:
        Approval.objects.filter(pk=approval.pk).update(state=word)
    return approval.run


def compared(who: Person, **asked: str) -> dict[str, Any]:
    return dict(client_of(who, Scope.LEDGER_READ).get(API, asked).json())


def safety_in(found: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in found["guardians"] if one["guardian"] == "safety")


def test_votes_are_counted_with_what_people_said_of_them(grace: Person) -> None:
    objected(grace, word="APPROVED")
    objected(grace, word="REJECTED")
    objected(grace)
    scenes.completed(grace, [WARFARIN])
    found = compared(grace)
    safety = safety_in(found)
    assert (found["runs"], found["reviewed"], safety["votes"]) == (4, 4, 4)
    assert safety["ballots"] == {"ESCALATE": 3, "ALLOW": 1}
    assert safety["overruled"] == {"part": 1, "whole": 2, "share": 0.5}
    assert safety["agreed"]["part"] == 4
    assert (safety["p50_us"], safety["p95_us"]) == (1_840, 1_840)


def counted(who: Person, **asked: str) -> list[dict[str, Any]]:
    while counting.count(until=now() + dt.timedelta(minutes=1)):
        pass
    return list(client_of(who, Scope.LEDGER_READ).get(RULES, asked).json()["results"])


def test_a_rule_says_how_often_it_fired_and_when_last_on_the_page_as_over_http(grace: Person) -> None:
    objected(grace)
    last = objected(grace)
    vote = Review.objects.get(run=last.pk).votes.get(guardian="safety")
    scenes.found(vote, "REQUEST", "request", "twice in one run", "twice", rule=RULE)
    (rule,) = counted(grace, guardian="safety", rule=RULE)
    assert (rule["fired"], rule["overruled"], rule["upheld"]) == (2, 0, 0)
    assert dt.datetime.fromisoformat(rule["last_fired_at"]) == Review.objects.get(run=last.pk).created_at
    assert f"{RULE} Safety 2 reviews" in look(grace, PAGE).words


def test_rules_come_in_pages_by_name(grace: Person) -> None:
    objected(grace)
    names = [(one["guardian"], one["rule"]) for one in counted(grace)]
    client = client_of(grace, Scope.LEDGER_READ)
    first = client.get(RULES, {"limit": 1}).json()
    (second,) = client.get(first["next"]).json()["results"]
    assert len(names) > 1
    assert names == sorted(names)
    assert (second["guardian"], second["rule"]) == names[1]


@pytest.mark.parametrize("asked", [{"rule": "r" * 81}, {"guardian": "\x00"}], ids=repr)
def test_a_name_that_no_rule_can_have_is_refused(grace: Person, asked: dict[str, str]) -> None:
    assert client_of(grace, Scope.LEDGER_READ).get(RULES, asked).status_code == 400


def test_rules_of_another_workspace_are_not_counted_and_a_key_without_the_scope_reads_none(
    grace: Person, mallory: Person
) -> None:
    objected(grace)
    assert (len(counted(grace)) > 0, counted(mallory)) == (True, [])
    assert client_of(grace, Scope.RUNS_READ).get(RULES).status_code == 403


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("injection.override", "Tells the model to ignore its instructions"),
        ("med.disclaimer", "A medical answer does not say that it is no substitute for professional advice."),
        ("house.rule", ""),
    ],
)
def test_a_rule_stands_with_what_it_says_where_that_is_known(rule: str, words: str) -> None:
    assert words_of(rule) == words


def test_one_rule_leads_to_the_runs_in_which_it_fired(grace: Person) -> None:
    run = objected(grace, word="APPROVED")
    scenes.completed(grace, [WARFARIN])
    found = compared(grace, rule=RULE, guardian="safety")
    assert [(hit["run"], hit["vote"], hit["people"]) for hit in found["hits"]] == [
        (str(run.pk), "ESCALATE", "APPROVED")
    ]
    assert f"/console/runs/{run.pk}#guardians" in look(grace, PAGE, rule=RULE).text


def test_only_the_last_draft_of_a_run_counts(grace: Person) -> None:
    run = scenes.completed(grace, [WARFARIN])
    Review.objects.filter(run=run.pk).update(revision=1)
    scenes.review(run, ballot="DENY")
    assert safety_in(compared(grace))["ballots"] == {"ALLOW": 1}


def test_what_people_say_of_an_undoing_is_about_no_vote(grace: Person) -> None:
    run = objected(grace, word="APPROVED")
    Approval.objects.filter(run=run).update(kind="COMPENSATION")
    assert safety_in(compared(grace))["overruled"]["whole"] == 0


def test_runs_before_the_period_and_after_the_time_asked_for_do_not_count(grace: Person) -> None:
    old, new = objected(grace), objected(grace)
    Run.objects.filter(pk=old.pk).update(created_at=now() - dt.timedelta(days=8))
    assert [compared(grace, days=days)["runs"] for days in ("7", "30")] == [1, 2]
    assert compared(grace, before=new.created_at.isoformat())["runs"] == 1


def test_no_more_than_a_window_of_runs_is_looked_at_and_what_came_before_can_be_asked_for(
    grace: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [objected(grace) for _ in range(3)]
    monkeypatch.setattr(comparing, "WINDOW", 2)
    found = compared(grace)
    assert (found["runs"], found["more"]) == (2, True)
    assert dt.datetime.fromisoformat(found["earliest"]) == runs[1].created_at
    earlier = compared(grace, before=found["earliest"])
    assert (earlier["runs"], earlier["more"]) == (1, False)
    assert "Count the runs before these" in look(grace, PAGE).words


def test_the_number_of_queries_does_not_grow_with_what_is_counted(grace: Person) -> None:
    counts = []
    for _ in range(2):
        objected(grace, word="APPROVED")
        with CaptureQueriesContext(
            connection,
        ) as captured:
            look(grace, PAGE)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_page_shows_the_same_as_a_client_reads(grace: Person) -> None:
    objected(grace, word="APPROVED")
    counted(grace)
    words = look(grace, PAGE).words
    assert "Safety Only this one : Safety 1 escalate" in words
    assert "100 % 1 of 1 that it objected to" in words
    assert RULE in words
    assert "1.84 ms, 1.84 ms" in words
    assert "not legal advice" in words


@pytest.mark.parametrize(
    ("microseconds", "place"), [(0, 0.0), (10, 0.0), (1_000, 33.33), (10_000_000, 100.0), (2**31, 100.0)]
)
def test_times_stand_on_one_scale_from_ten_microseconds_to_ten_seconds(microseconds: int, place: float) -> None:
    assert on_scale(microseconds) == place


def test_a_page_without_votes_says_so(grace: Person) -> None:
    assert "No votes here" in look(grace, PAGE).words


@pytest.mark.parametrize(
    "asked",
    [
        {"days": "8"},
        {"days": "x"},
        {"before": "yesterday"},
        {"guardian": "g" * 41},
        {"rule": "r" * 81},
        {"rule": "\x00"},
    ],
    ids=repr,
)
def test_what_no_address_of_ours_names_is_refused(grace: Person, asked: dict[str, str]) -> None:
    assert client_of(grace, Scope.LEDGER_READ).get(API, asked).status_code == 400
    assert look(grace, PAGE, **asked).status == 400


def test_a_vote_that_nobody_knows_counts_as_none(grace: Person) -> None:
    run = scenes.completed(grace, [WARFARIN])
    Review.objects.get(run=run.pk).votes.update(ballot="PERHAPS")
    assert safety_in(compared(grace))["abstained"]["part"] == 1


def test_a_rule_is_looked_for_among_the_first_findings_of_a_vote(
    grace: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = objected(grace)
    vote = Review.objects.get(run=run.pk).votes.get(guardian="safety")
    Finding.objects.bulk_create(
        Finding(vote=vote, rule=RULE, kind="INJECTION", part="DOCUMENT", ref="a", score=0.5) for _ in range(5)
    )
    monkeypatch.setattr(comparing, "FINDINGS", 3)
    assert [hit["run"] for hit in compared(grace, rule=RULE, guardian="safety")["hits"]] == [str(run.pk)]


def test_guardians_of_another_workspace_are_not_counted(grace: Person, mallory: Person) -> None:
    run = objected(grace, word="APPROVED")
    found = compared(mallory, rule=RULE)
    assert (found["runs"], found["guardians"], found["hits"]) == (0, [], [])
    assert str(run.pk) not in look(mallory, PAGE, rule=RULE).text


def test_a_viewer_and_a_key_without_the_scope_see_nothing(workspace: Workspace, grace: Person) -> None:
    objected(grace)
    viewer = person("vera", workspace, Role.VIEWER)
    assert look(viewer, PAGE).status == 403
    assert "/console/guardians" not in look(viewer, "/console/runs").text
    assert client_of(grace, Scope.RUNS_READ).get(API).status_code == 403


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR, Role.APPROVER])
def test_whoever_reads_the_record_finds_the_page(workspace: Workspace, role: Role) -> None:
    who = person("somebody", workspace, role)
    assert look(who, PAGE).status == 200
    assert "/console/guardians" in look(who, "/console/runs").text
