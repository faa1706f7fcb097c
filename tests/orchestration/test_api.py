"""The API over real PostgreSQL: every endpoint, who may, whose rows, and bad input of every kind."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from audit import apikeys
from audit.actors import Actor, ActorKind
from audit.canonical import parse
from audit.ids import new_id
from audit.models import DataKey, Entry
from audit.roles import Scope
from evidence.models import Claim
from evidence.verdicts import Verdict
from orchestration import api, appealing, runs
from orchestration.models import Appeal, Approval, Run
from orchestration.states import RunState
from tests.conftest import PASSWORD, Person
from tests.orchestration.calling import ASKED, ENDPOINTS, V1, WORD, by_key, caller, is_problem
from tests.orchestration.rows import BINDING, REASON, bring, fresh, inquiry, submitted, tool, waiting
from tests.orchestration.test_records import ANSWER, TEXTS, full, judged

# Submitting


def test_a_question_is_accepted(grace: Person) -> None:
    answer = caller(grace).post("/runs", ASKED)
    assert (answer.status, answer.body["state"], answer.body["kind"]) == (202, "INITIALIZED", "QUESTION")
    assert answer.headers["Location"] == f"{V1}/runs/{answer.body['id']}"


def test_an_answer_to_verify_is_accepted(grace: Person) -> None:
    answer = caller(grace).post("/verify", {"answer": "Five days.", "stakes": "HIGH"})
    assert (answer.status, answer.body["kind"], answer.body["stakes"]) == (202, "VERIFY", "HIGH")


def test_the_same_key_gives_the_same_run(grace: Person) -> None:
    ids = {caller(grace).post("/runs", ASKED, HTTP_IDEMPOTENCY_KEY="one").body["id"] for _ in range(2)}
    assert len(ids) == 1


def test_the_same_key_with_another_body_is_a_conflict(grace: Person) -> None:
    caller(grace).post("/runs", ASKED, HTTP_IDEMPOTENCY_KEY="one")
    answer = caller(grace).post("/runs", {"question": "Why?"}, HTTP_IDEMPOTENCY_KEY="one")
    assert is_problem(answer, 409)
    assert "use a new key" in answer.body["detail"]


def test_the_same_key_with_another_kind_is_a_conflict(grace: Person) -> None:
    caller(grace).post("/runs", ASKED, HTTP_IDEMPOTENCY_KEY="one")
    answer = caller(grace).post("/verify", {**ASKED, "answer": "Five."}, HTTP_IDEMPOTENCY_KEY="one")
    assert is_problem(answer, 409)


def test_a_key_that_is_too_long_is_refused(grace: Person) -> None:
    assert is_problem(caller(grace).post("/runs", ASKED, HTTP_IDEMPOTENCY_KEY="x" * 121), 400)


def test_who_prefers_to_wait_waits_that_long_and_no_longer(grace: Person) -> None:
    answer = caller(grace).post("/runs", ASKED, HTTP_PREFER="respond-async, wait=1")
    assert (answer.status, answer.headers["Preference-Applied"]) == (202, "wait=1")


@pytest.mark.parametrize(("state", "decision", "is_settled"), [
    (RunState.PROCESSING, "", False), (RunState.DECISION, "", False), (RunState.DECISION, "ESCALATE", True),
    (RunState.COMPLETED, "REFUSE", True), (RunState.FAILED, "", True),
])  # fmt: skip
def test_waiting_is_over_when_a_run_has_ended_or_needs_people(
    grace: Person, state: RunState, decision: str, *, is_settled: bool
) -> None:
    run = submitted(grace.actor)
    bring(run, state, decision=decision)
    Run.objects.filter(pk=run.pk, decision="ESCALATE").update(due_at=None)  # as whoever asks people does
    assert api.settled(run.pk) is is_settled


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=-1", "wait=soon", "wait=1.5", "handling=strict"])
def test_a_preference_that_is_not_understood_is_ignored(grace: Person, prefer: str) -> None:
    answer = caller(grace).post("/runs", ASKED, HTTP_PREFER=prefer)
    assert answer.status == 202
    assert "Preference-Applied" not in answer.headers


def test_a_run_that_has_ended_is_answered_at_once_with_its_answer(grace: Person) -> None:
    run = Run.objects.get(pk=caller(grace).post("/runs", ASKED, HTTP_IDEMPOTENCY_KEY="one").body["id"])
    bring(run, RunState.COMPLETED)
    answer = caller(grace).post("/runs", ASKED, HTTP_IDEMPOTENCY_KEY="one", HTTP_PREFER="wait=30")
    assert (answer.status, answer.body["state"], answer.body["answer"]) == (200, "COMPLETED", None)


def test_a_run_that_waits_for_people_is_answered_at_once(grace: Person) -> None:
    run = Run.objects.get(pk=caller(grace).post("/runs", ASKED, HTTP_IDEMPOTENCY_KEY="one").body["id"])
    waiting(run)
    answer = caller(grace).post("/runs", ASKED, HTTP_IDEMPOTENCY_KEY="one", HTTP_PREFER="wait=30")
    assert (answer.status, answer.body["decision"]) == (202, "ESCALATE")


# Reading


def test_a_run_is_read_with_its_answer(grace: Person) -> None:
    run = bring(full(grace), RunState.COMPLETED)
    answer = caller(grace).get(f"/runs/{run.pk}")
    assert (answer.status, answer.body["answer"]) == (200, ANSWER)


def test_reading_over_the_api_is_recorded(grace: Person) -> None:
    run = full(grace)
    caller(grace).get(f"/runs/{run.pk}")
    assert Entry.objects.filter(run=run.pk, type="text.read").count() == 1


def test_claims_are_read_with_their_evidence(grace: Person) -> None:
    answer = caller(grace).get(f"/runs/{full(grace).pk}/claims")
    [claim] = answer.body["results"]
    assert (claim["text"], claim["why"], claim["verdict"]) == (TEXTS[1], TEXTS[2], "SUPPORTED")
    assert claim["evidence"][0]["passage_span"] == {"start": 10, "end": 19}
    assert {"claim_span", "weight", "trusted", "voice", "twins", "host"} <= set(claim["evidence"][0])
    assert {"reason", "why", "score", "p_contradicted", "threshold", "span"} <= set(claim)


def test_the_lineage_is_read(grace: Person) -> None:
    answer = caller(grace).get(f"/runs/{full(grace).pk}/lineage")
    assert {node["kind"] for node in answer.body["nodes"]} >= {"request", "draft", "claim", "passage", "answer"}


def test_an_empty_ledger_has_no_checkpoint_yet(grace: Person) -> None:
    assert caller(grace).get("/ledger/checkpoint").body == {"checkpoint": "", "tree_size": 0}


def test_a_run_whose_key_was_destroyed_is_gone(grace: Person) -> None:
    run = submitted(grace.actor)
    DataKey.objects.all().delete()
    assert is_problem(caller(grace).get(f"/runs/{run.pk}"), 410)


def test_a_changed_text_is_refused_with_its_row(grace: Person) -> None:
    run = bring(full(grace), RunState.COMPLETED)
    assert run.answer_sealed is not None
    sealed = bytes(run.answer_sealed)
    Run.objects.filter(pk=run.pk).update(answer_sealed=sealed[:-1] + bytes([sealed[-1] ^ 1]))
    answer = caller(grace).get(f"/runs/{run.pk}")
    assert is_problem(answer, 409)
    assert str(run.pk) in answer.body["detail"]


# Listing


def test_runs_are_listed_newest_first_page_by_page(grace: Person) -> None:
    ids = [str(submitted(grace.actor).pk) for _ in range(5)]
    first = caller(grace).get("/runs?limit=3").body
    second = caller(grace).get("/" + first["next"].partition(f"{V1}/")[2]).body
    assert [row["id"] for row in first["results"] + second["results"]] == ids[::-1]
    assert second["next"] is None


def test_a_page_stays_where_it_is_while_runs_arrive(grace: Person) -> None:
    ids = [str(submitted(grace.actor).pk) for _ in range(3)]
    first = caller(grace).get("/runs?limit=2").body
    submitted(grace.actor)
    second = caller(grace).get("/" + first["next"].partition(f"{V1}/")[2]).body
    assert [row["id"] for row in second["results"]] == ids[:1]


def test_runs_are_filtered(grace: Person) -> None:
    wanted = bring(submitted(grace.actor, stakes="HIGH"), RunState.DECISION, decision="ESCALATE")
    bring(submitted(grace.actor), RunState.DECISION)
    answer = caller(grace).get("/runs?state=DECISION&decision=ESCALATE&stakes=HIGH")
    assert [row["id"] for row in answer.body["results"]] == [str(wanted.pk)]


@pytest.mark.parametrize("query", ["state=DONE", "decision=", "stakes=low", "state=%00"])
def test_an_unknown_filter_value_is_refused_with_the_known_ones(grace: Person, query: str) -> None:
    answer = caller(grace).get(f"/runs?{query}")
    assert is_problem(answer, 400)
    assert "use one of" in answer.body["detail"]


@pytest.mark.parametrize("cursor", ["x", "%ff", "cD1mb28=", "bz0tNSZwPXg=", "cD0lMDA=", "A" * 3000, "cj0xJnA9OTk5OTk="])
@pytest.mark.parametrize("path", ["/runs", "/approvals"])
def test_a_cursor_that_no_page_named_is_refused(grace: Person, path: str, cursor: str) -> None:
    submitted(grace.actor)
    answer = caller(grace).get(f"{path}?cursor={cursor}")
    assert answer.status in {200, 400, 404}


@pytest.mark.parametrize("limit", ["0", "-1", "x", "99999999999999999999", "%00"])
def test_a_limit_that_cannot_be_kept_is_bounded(grace: Person, limit: str) -> None:
    submitted(grace.actor)
    assert len(caller(grace).get(f"/runs?limit={limit}").body["results"]) == 1


def test_approvals_that_wait_are_listed_soonest_first(grace: Person, alan: Person) -> None:
    late = waiting(submitted(grace.actor), minutes=30)
    soon = waiting(submitted(grace.actor), minutes=5)
    runs.approve(waiting(submitted(grace.actor)).pk, actor=alan.actor, reason=REASON, seen=BINDING)
    assert [row["id"] for row in caller(alan).get("/approvals").body["results"]] == [str(soon.pk), str(late.pk)]
    assert len(caller(alan).get("/approvals?state=APPROVED").body["results"]) == 1


def test_an_unknown_state_of_approvals_is_refused(alan: Person) -> None:
    assert is_problem(caller(alan).get("/approvals?state=MAYBE"), 400)


# Acting


def test_a_run_is_cancelled(grace: Person) -> None:
    run = submitted(grace.actor)
    assert caller(grace).post(f"/runs/{run.pk}/cancel").body["state"] == "CANCELLED"
    assert is_problem(caller(grace).post(f"/runs/{run.pk}/cancel"), 409)


def test_an_approval_is_read_with_what_it_would_release(grace: Person, alan: Person) -> None:
    approval = waiting(full(grace))
    answer = caller(alan).get(f"/approvals/{approval.pk}")
    assert (answer.body["binding"], answer.body["actions"][0]["arguments"]) == (BINDING, {"queue": "queue"})


def test_an_approval_is_given(grace: Person, alan: Person) -> None:
    approval = waiting(submitted(grace.actor))
    assert caller(alan).post(f"/approvals/{approval.pk}/approve", WORD).body["state"] == "APPROVED"
    assert is_problem(caller(alan).post(f"/approvals/{approval.pk}/approve", WORD), 409)


def test_an_approval_is_refused(grace: Person, alan: Person) -> None:
    approval = waiting(submitted(grace.actor))
    assert caller(alan).post(f"/approvals/{approval.pk}/reject", WORD).body["state"] == "REJECTED"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": REASON},
        {"seen": BINDING},
        {**WORD, "reason": "short"},
        {**WORD, "reason": 5},
        {**WORD, "seen": None},
        {**WORD, "seen": "x" * 65},
        {**WORD, "force": True},
        [],
        "approve",
        5,
    ],
)
def test_a_word_that_cannot_be_taken_is_refused(grace: Person, alan: Person, body: object) -> None:
    approval = waiting(submitted(grace.actor))
    assert is_problem(caller(alan).post(f"/approvals/{approval.pk}/approve", body), 400)
    assert Approval.objects.get().state == "PENDING"


def test_ones_own_run_something_unseen_and_after_its_time(alan: Person, grace: Person) -> None:
    own, unseen, late = waiting(submitted(alan.actor)), waiting(submitted(grace.actor)), waiting(submitted(grace.actor))
    Approval.objects.filter(pk=late.pk).update(expires_at=late.created_at)
    word = f"/approvals/{own.pk}/approve"
    assert is_problem(caller(alan).post(word, WORD), 403)
    assert is_problem(caller(alan).post(f"/approvals/{unseen.pk}/approve", {**WORD, "seen": "0"}), 409)
    assert is_problem(caller(alan).post(f"/approvals/{late.pk}/approve", WORD), 409)


# Who


KINDS = ("run", "approval", "restore", "batch", "inquiry", "tool", "claim", "appeal")
WITH_ID = [(method, path) for method, path, _ in ENDPOINTS if "{" in path]


def at(path: str, approval: Approval) -> str:
    known = {"inquiry": new_id(), "tool": new_id(), "claim": new_id(), "appeal": new_id()}
    if "{inquiry}" in path:
        asked = inquiry(submitted(Actor(ActorKind.USER, "1", approval.run.workspace_id, frozenset(Scope))))
        known |= {"inquiry": asked.pk, "tool": asked.action.tool_id}
    elif "{claim}" in path or "{appeal}" in path:
        known |= {"claim": Claim.objects.latest("bundle__revision").pk, "appeal": appeal_on(approval.run).pk}
    elif "{tool}" in path:
        known["tool"] = tool(approval.run.workspace, "asked_about").pk
    return path.format(run=approval.run_id, approval=approval.pk, restore=new_id(), batch=new_id(), **known)


def appeal_on(run: Run) -> Appeal:
    """Return an appeal that waits, of somebody who reads another completed run of the workspace."""
    asker = Actor(ActorKind.USER, "1", run.workspace_id, frozenset(Scope))
    asked = submitted(asker)
    judged(asked, 0)
    claim = Claim.objects.get(bundle__run=asked.pk)
    bring(asked, RunState.COMPLETED)
    return appealing.appeal(asked.pk, claim.pk, wanted=Verdict.INSUFFICIENT, reason=REASON, actor=asker).appeal


def key_with(who: Person, *scopes: str) -> str:
    return apikeys.create_key(name="k", scopes=scopes, actor=who.actor).text


@pytest.mark.parametrize(("method", "path"), WITH_ID)
def test_nothing_of_another_workspace_is_there(grace: Person, mallory: Person, method: str, path: str) -> None:
    approval = waiting(full(grace))
    answer = caller(mallory).send(method, at(path, approval), WORD)
    assert is_problem(answer, 404)
    assert fresh(approval.run).state == "DECISION"


@pytest.mark.parametrize(("method", "path"), WITH_ID)
def test_what_does_not_exist_is_answered_just_the_same(mallory: Person, method: str, path: str) -> None:
    answer = caller(mallory).send(
        method,
        path.format_map(dict.fromkeys(KINDS, new_id())),
        WORD,
    )
    assert is_problem(answer, 404)


def test_lists_hold_the_own_workspace_only(grace: Person, mallory: Person) -> None:
    waiting(full(grace))
    inquiry(submitted(grace.actor))
    appeal_on(Run.objects.latest("created_at"))
    lists = ("/runs", "/approvals", "/documents", "/restores", "/inquiries", "/tools", "/appeals")
    assert [caller(mallory).get(path).body["results"] for path in lists] == [[]] * 7


@pytest.mark.parametrize(("method", "path", "scope"), ENDPOINTS)
def test_without_a_name_nobody_gets_anywhere(grace: Person, method: str, path: str, scope: Scope) -> None:
    answer = caller(None).send(method, at(path, waiting(full(grace))), ASKED)
    assert is_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(("method", "path", "scope"), ENDPOINTS)
def test_every_endpoint_needs_its_scope(
    grace: Person, ada: Person, alan: Person, method: str, path: str, scope: Scope
) -> None:
    approval = waiting(full(grace))
    others = [s for s in (ada.actor.scopes | alan.actor.scopes) if s != scope]
    able = Person(ada.user, type(ada.actor)(ada.actor.kind, "x", ada.actor.workspace, frozenset(others)))
    answer = by_key(key_with(able, *others)).send(method, at(path, approval), ASKED)
    assert is_problem(answer, 403)
    assert scope.value in answer.body["detail"]


def test_a_key_does_what_its_scopes_say(grace: Person) -> None:
    key = by_key(key_with(grace, "runs:read", "runs:write"))
    run = key.post("/runs", ASKED).body["id"]
    assert key.get(f"/runs/{run}").status == 200
    assert Run.objects.get(pk=run).requested_by.startswith("key:")


@pytest.mark.parametrize(
    "value", ["", "Api-Key", "Api-Key x", "Api-Key a.b", "Bearer x.y.z", "Basic eDp5", "Api-Key \xff.\xff"]
)
def test_a_credential_that_is_none_is_refused(grace: Person, value: str) -> None:
    assert is_problem(caller(None).get("/runs", HTTP_AUTHORIZATION=value), 401)


def test_a_revoked_key_is_refused(grace: Person) -> None:
    made = apikeys.create_key(name="k", scopes=["runs:read"], actor=grace.actor)
    apikeys.revoke_key(made.key, actor=grace.actor)
    assert is_problem(by_key(made.text).get("/runs"), 401)


def test_a_token_is_given_for_a_password_and_taken(grace: Person) -> None:
    answer = caller(None).post("/token", {"username": "grace", "password": PASSWORD})
    assert caller(None).get("/runs", HTTP_AUTHORIZATION=f"Bearer {answer.body['access']}").status == 200
    again = caller(None).post("/token/refresh", {"refresh": answer.body["refresh"]})
    assert again.status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "grace"},
        {"username": "grace", "password": "no"},
        [],
        "x",
        {"username": "\ud800", "password": "\x00"},
    ],
)
def test_no_token_is_given_for_anything_else(grace: Person, body: object) -> None:
    assert caller(None).post("/token", body).status in {400, 401}


def test_a_session_reads_and_needs_its_token_to_write(grace: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(grace.user)
    assert client.get(f"{V1}/runs").status_code == 200
    answer = client.post(f"{V1}/runs", json.dumps(ASKED), content_type="application/json")
    assert (answer.status_code, Run.objects.count()) == (403, 0)


@pytest.mark.parametrize("name", ["elsewhere", "no such", "x" * 500, "\xff"])
def test_a_workspace_one_does_not_belong_to_cannot_be_named(grace: Person, mallory: Person, name: str) -> None:
    assert is_problem(caller(grace).get("/runs", HTTP_X_WORKSPACE=name), 403)


def test_the_schema_describes_every_endpoint(db: None) -> None:
    answer = APIClient().get(f"{V1}/schema", HTTP_ACCEPT="application/vnd.oai.openapi+json")
    paths: dict[str, Any] = json.loads(answer.content)["paths"]
    described = {(method.upper(), re.sub(r"_id}", "}", path.removeprefix(V1)))
                 for path, methods in paths.items() for method in methods}  # fmt: skip
    assert {(method, path) for method, path, _ in ENDPOINTS} <= described


@pytest.mark.parametrize(("path", "fields"), [("", ["answer"]), ("/claims", ["claims", "passages"])])
def test_what_a_client_reads_is_what_the_ledger_says_it_read(grace: Person, path: str, fields: list[str]) -> None:
    run = full(grace)
    assert caller(grace).get(f"/runs/{run.pk}{path}").status == 200
    said: Any = parse(bytes(Entry.objects.get(run=run.pk, type="text.read").body))["data"]
    assert said == {"via": "api", "fields": fields}


def test_a_run_is_submitted_and_read_with_few_statements(grace: Person, django_assert_max_num_queries: Any) -> None:
    run = full(grace)
    with django_assert_max_num_queries(9):
        caller(grace).get(f"/runs/{run.pk}")
    with django_assert_max_num_queries(11):
        caller(grace).post("/runs", ASKED)
