"""Appeals over the API: made, listed, read, decided and withdrawn."""

from typing import Any

import pytest

from audit.ids import new_id
from audit.models import DataKey, Entry
from evidence.verdicts import Verdict
from orchestration.models import Appeal, Run
from tests.conftest import Person
from tests.orchestration.calling import V1, caller, is_problem
from tests.orchestration.contesting import DOUBT, WORD, answered, appealed, decided, passage_of, published, withheld

ASKED = {"wanted": "SUPPORTED", "reason": DOUBT}


@pytest.fixture
def run(grace: Person) -> Run:
    return answered(grace)


def place(run: Run) -> str:
    return f"/runs/{run.pk}/claims/{withheld(run).pk}/appeals"


def word(appeal: Appeal, said: str = "GRANTED") -> dict[str, str]:
    return {"word": said, "reason": WORD, "seen": appeal.binding}


def test_a_verdict_is_appealed_and_the_appeal_read_decided_and_seen_beside_the_claim(
    run: Run, grace: Person, alan: Person
) -> None:
    passage = str(passage_of(withheld(run)).pk)
    made = caller(grace).post(place(run), {**ASKED, "passage": passage})
    assert (made.status, made.body["state"], made.body["verdict"]) == (201, "PENDING", "CONTRADICTED")
    read = caller(alan).get(made.headers["Location"].removeprefix(V1))
    assert (read.body["reason"], read.body["decided_because"], read.body["passage"]) == (DOUBT, "", passage)
    said = {"word": "GRANTED", "reason": WORD, "seen": read.body["binding"]}
    told = caller(alan).post(f"/appeals/{made.body['id']}/decide", said)
    assert (told.status, told.body["state"], told.body["decided_by"]) == (200, "GRANTED", str(alan.actor))
    _, claim = caller(grace).get(f"/runs/{run.pk}/claims").body["results"]
    assert (claim["state"], claim["verdict"]) == ("WITHHELD", "CONTRADICTED")
    [beside] = claim["appeals"]
    assert (beside["state"], beside["wanted"], beside["decided_by"]) == ("GRANTED", "SUPPORTED", str(alan.actor))
    assert beside["decided_at"] is not None
    assert caller(alan).get(f"/appeals/{made.body['id']}").body["decided_because"] == WORD


def test_reading_an_appeal_is_recorded_and_listing_shows_no_text(run: Run, grace: Person, alan: Person) -> None:
    appeal = appealed(run, grace)
    listed = caller(alan).get("/appeals").body["results"]
    assert [row["id"] for row in listed] == [str(appeal.pk)]
    assert "reason" not in listed[0]
    before = Entry.objects.filter(run=run.pk, type="text.read").count()
    caller(alan).get(f"/appeals/{appeal.pk}")
    last = Entry.objects.filter(run=run.pk, type="text.read").latest("id")
    assert Entry.objects.filter(run=run.pk, type="text.read").count() == before + 1
    assert b'"fields":["appeals"]' in bytes(last.body)


def test_the_same_key_makes_one_appeal(run: Run, grace: Person) -> None:
    first, second = (caller(grace).post(place(run), ASKED, HTTP_IDEMPOTENCY_KEY="one") for _ in range(2))
    assert (first.status, second.status, first.body["id"] == second.body["id"]) == (201, 200, True)
    other = {**ASKED, "reason": "Another reason altogether."}
    assert is_problem(caller(grace).post(place(run), other, HTTP_IDEMPOTENCY_KEY="one"), 409)
    assert is_problem(caller(grace).post(place(run), ASKED, HTTP_IDEMPOTENCY_KEY="x" * 121), 400)


def test_a_second_appeal_on_a_claim_is_a_conflict(run: Run, grace: Person, alan: Person) -> None:
    appealed(run, grace)
    assert is_problem(caller(alan).post(place(run), ASKED), 409)


BODIES: list[Any] = [
    {},
    {"wanted": "SUPPORTED"},
    {"reason": DOUBT},
    {**ASKED, "wanted": "DISPUTED"},
    {**ASKED, "wanted": "CONTRADICTED"},
    {**ASKED, "wanted": ["SUPPORTED"]},
    {**ASKED, "wanted": None},
    {**ASKED, "reason": "No."},
    {**ASKED, "reason": "x" * 2001},
    {**ASKED, "reason": "half a pair \ud800"},
    {**ASKED, "passage": "x"},
    {**ASKED, "passage": None},
    {**ASKED, "passage": 5},
    {**ASKED, "passage": "0" * 41},
    {**ASKED, "passage": str(new_id())},
    {**ASKED, "more": 1},
    [],
    "appeal",
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_an_appeal_that_cannot_be_taken_is_refused(run: Run, grace: Person, body: object) -> None:
    assert is_problem(caller(grace).post(place(run), body), 400)
    assert not Appeal.objects.exists()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"word": "EXPIRED"}, 400),
        ({"word": "yes"}, 400),
        ({"word": None}, 400),
        ({"reason": "No."}, 400),
        ({"reason": 5}, 400),
        ({"seen": "x" * 65}, 400),
        ({"seen": "0" * 64}, 409),
        ({"force": True}, 400),
    ],
)
def test_a_decision_that_cannot_be_taken_changes_nothing(
    run: Run, grace: Person, alan: Person, change: dict[str, Any], status: int
) -> None:
    appeal = appealed(run, grace)
    assert is_problem(caller(alan).post(f"/appeals/{appeal.pk}/decide", {**word(appeal), **change}), status)
    assert Appeal.objects.get().state == "PENDING"


def test_nobody_decides_their_own_appeal_or_withdraws_anothers(run: Run, grace: Person, alan: Person) -> None:
    appeal = appealed(run, grace)
    assert is_problem(caller(grace).post(f"/appeals/{appeal.pk}/decide", word(appeal)), 403)
    assert is_problem(caller(alan).post(f"/appeals/{appeal.pk}/withdraw"), 403)
    assert caller(grace).post(f"/appeals/{appeal.pk}/withdraw").body["state"] == "WITHDRAWN"
    assert is_problem(caller(grace).post(f"/appeals/{appeal.pk}/withdraw"), 409)


def test_appeals_are_listed_longest_waiting_first_page_by_page(run: Run, grace: Person, alan: Person) -> None:
    ids = [str(appealed(answered(grace), grace).pk) for _ in range(3)]
    decided(appealed(run, grace), alan)
    first = caller(alan).get("/appeals?limit=2").body
    second = caller(alan).get("/" + first["next"].partition(f"{V1}/")[2]).body
    assert [row["id"] for row in first["results"] + second["results"]] == ids
    assert [row["run"] for row in caller(alan).get("/appeals?state=GRANTED").body["results"]] == [str(run.pk)]
    assert is_problem(caller(alan).get("/appeals?state=DONE"), 400)


@pytest.mark.parametrize("cursor", ["x", "%ff", "cD1mb28=", "cD0lMDA=", "A" * 3000])
def test_a_cursor_that_no_page_named_is_refused(run: Run, grace: Person, cursor: str) -> None:
    appealed(run, grace)
    assert caller(grace).get(f"/appeals?cursor={cursor}").status in {200, 400, 404}


def test_the_appeals_on_a_claim_are_its_own(run: Run, grace: Person, alan: Person) -> None:
    first = decided(appealed(run, grace), alan)
    second = appealed(run, alan)
    appealed(run, grace, claim=published(run), wanted=Verdict.INSUFFICIENT)
    assert [row["id"] for row in caller(grace).get(place(run)).body["results"]] == [str(first.pk), str(second.pk)]


def test_what_is_said_of_an_erased_run_is_gone_and_its_list_remains(run: Run, grace: Person, alan: Person) -> None:
    appeal = appealed(run, grace)
    DataKey.objects.all().delete()
    assert is_problem(caller(alan).get(f"/appeals/{appeal.pk}"), 410)
    assert is_problem(caller(alan).post(f"/appeals/{appeal.pk}/decide", word(appeal)), 410)
    assert is_problem(caller(grace).post(f"/runs/{run.pk}/claims/{published(run).pk}/appeals", ASKED), 410)
    assert len(caller(alan).get("/appeals").body["results"]) == 1


def test_a_list_of_appeals_takes_few_statements(
    run: Run, grace: Person, alan: Person, django_assert_max_num_queries: Any
) -> None:
    appealed(run, grace)
    appealed(run, grace, claim=published(run), wanted=Verdict.INSUFFICIENT)
    with django_assert_max_num_queries(3):
        caller(alan).get("/appeals")
