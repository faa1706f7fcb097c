"""What happens to runs when many act at once, or a part is away: everything here really commits."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import kombu.pools
import pytest
from celery import current_app
from django.db import connection

from audit import sealer
from audit.actors import SYSTEM
from audit.errors import Conflict
from audit.ids import new_id
from audit.models import Entry, Workspace
from orchestration import inquiring, runs
from orchestration.models import Appeal, Approval, Inquiry, Run
from orchestration.states import AppealState, InquiryState
from tests.conftest import Person
from tests.orchestration.calling import caller
from tests.orchestration.contesting import answered, appealed, decided
from tests.orchestration.rows import BINDING, REASON, entries, fresh, inquiry, question, submitted, waiting

pytestmark = pytest.mark.usefixtures("committed")


def approve(approval: Approval, who: Person) -> Approval:
    return runs.approve(approval.pk, actor=who.actor, reason=REASON, seen=BINDING)


def reject(approval: Approval, who: Person) -> Approval:
    return runs.reject(approval.pk, actor=who.actor, reason=REASON, seen=BINDING)


def test_fifty_clients_with_one_key_make_one_run(grace: Person) -> None:
    gate = threading.Barrier(10)

    def send(number: int) -> tuple[str, bool]:
        gate.wait(20)
        try:
            accepted = runs.submit(question(), actor=grace.actor, idempotency_key="one")
            return str(accepted.run.pk), accepted.created
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as clients:
        answers = list(clients.map(send, range(50)))
    assert len({run for run, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1
    assert Run.objects.filter(workspace=grace.actor.workspace).count() == 1
    assert Entry.objects.filter(workspace=grace.actor.workspace, type="run.submitted").count() == 1


@pytest.fixture
def broker_away() -> Iterator[None]:
    """Point Celery at a port where nobody listens."""
    known = current_app.conf.broker_url, current_app.conf.broker_write_url
    set_broker("redis://127.0.0.1:1/0", "redis://127.0.0.1:1/0")
    yield
    set_broker(*known)


def set_broker(url: str, write_url: str) -> None:
    current_app.conf.broker_url, current_app.conf.broker_write_url = url, write_url
    kombu.pools.reset()  # type: ignore[no-untyped-call]
    current_app.amqp._producer_pool = None


def test_a_run_is_accepted_although_the_broker_is_away(grace: Person, broker_away: None) -> None:
    run = submitted(grace.actor)
    assert (fresh(run).state, entries(run)) == ("INITIALIZED", ["run.submitted"])


def test_a_request_that_fails_leaves_nothing(grace: Person) -> None:
    elsewhere = replace(grace.actor, workspace=new_id())
    with pytest.raises(Workspace.DoesNotExist):
        runs.submit(question(), actor=elsewhere)
    assert not Entry.objects.filter(workspace=elsewhere.workspace).exists()


def decide_in_thread(action: Callable[[], object]) -> str:
    try:
        action()
    except Conflict as error:
        return type(error).__name__
    finally:
        connection.close()
    return "done"


def test_of_two_approvers_at_once_one_decides(grace: Person, alan: Person, barbara: Person) -> None:
    approval = waiting(submitted(grace.actor))
    words = [lambda: approve(approval, alan), lambda: reject(approval, barbara)]
    with ThreadPoolExecutor(2) as people:
        assert sorted(people.map(decide_in_thread, words)) == ["Conflict", "done"]


@pytest.mark.parametrize("attempt", range(5))
def test_approving_and_cancelling_at_once_is_no_deadlock(grace: Person, alan: Person, attempt: int) -> None:
    approval = waiting(submitted(grace.actor))
    words = [lambda: approve(approval, alan), lambda: runs.cancel(approval.run_id, actor=grace.actor)]
    with ThreadPoolExecutor(2) as people:
        ended = list(people.map(decide_in_thread, words))
    assert ended in (["done", "done"], ["Conflict", "done"])
    assert fresh(approval.run).state == "CANCELLED"


def answer(asked: Inquiry, who: Person, word: InquiryState) -> Inquiry:
    return inquiring.answer(asked.pk, word=word, reason=REASON, seen=asked.binding, actor=who.actor)


def test_of_two_people_who_answer_at_once_one_is_heard(grace: Person, alan: Person, barbara: Person) -> None:
    asked = inquiry(submitted(grace.actor))
    words = [
        lambda: answer(asked, alan, InquiryState.HAPPENED),
        lambda: answer(asked, barbara, InquiryState.TRY_AGAIN),
    ]
    with ThreadPoolExecutor(2) as people:
        assert sorted(people.map(decide_in_thread, words)) == ["Conflict", "done"]
    settled = {"HAPPENED": "DONE", "TRY_AGAIN": "PROPOSED"}
    asked.action.refresh_from_db()
    assert asked.action.state == settled[Inquiry.objects.get(pk=asked.pk).state]
    assert entries(asked.run).count("effect.answered") == 1


@pytest.mark.parametrize("attempt", range(5))
def test_answering_and_cancelling_at_once_is_no_deadlock_and_loses_no_answer(
    grace: Person, alan: Person, attempt: int
) -> None:
    asked = inquiry(submitted(grace.actor))
    words = [
        lambda: answer(asked, alan, InquiryState.HAPPENED),
        lambda: runs.cancel(asked.run_id, actor=grace.actor),
    ]
    with ThreadPoolExecutor(2) as people:
        assert list(people.map(decide_in_thread, words)) == ["done", "done"]
    asked.action.refresh_from_db()
    assert (fresh(asked.run).state, fresh(asked.run).due_at, asked.action.state) == ("CANCELLED", None, "DONE")


def test_of_two_people_who_decide_an_appeal_at_once_one_is_heard(grace: Person, alan: Person, barbara: Person) -> None:
    run = answered(grace)
    appeal = appealed(run, grace)
    words = [lambda: decided(appeal, alan), lambda: decided(appeal, barbara, AppealState.REJECTED)]
    with ThreadPoolExecutor(2) as people:
        assert sorted(people.map(decide_in_thread, words)) == ["Conflict", "done"]
    assert {"appeal.granted", "appeal.rejected"} & set(entries(run)) == {
        f"appeal.{Appeal.objects.get(pk=appeal.pk).state.lower()}"
    }


def test_of_two_people_who_appeal_at_once_one_is_heard(grace: Person, alan: Person) -> None:
    run = answered(grace)
    words = [lambda: appealed(run, grace), lambda: appealed(run, alan)]
    with ThreadPoolExecutor(2) as people:
        assert sorted(people.map(decide_in_thread, words)) == ["Conflict", "done"]
    assert Appeal.objects.filter(run=run.pk).count() == 1


def test_a_client_that_appeals_twice_at_once_makes_one_appeal(grace: Person) -> None:
    run = answered(grace)
    words = [lambda: appealed(run, grace, idempotency_key="once")] * 4
    with ThreadPoolExecutor(4) as clients:
        assert list(clients.map(decide_in_thread, words)) == ["done"] * 4
    assert entries(run).count("appeal.made") == 1


def test_two_beats_expire_an_approval_once(grace: Person) -> None:
    approval = waiting(submitted(grace.actor), minutes=-1)
    beats = [lambda: runs.expire(approval.pk, actor=SYSTEM)] * 4

    def beat(action: Callable[[], bool]) -> bool:
        try:
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as beating:
        assert sum(beating.map(beat, beats)) == 1
    assert entries(approval.run).count("approval.expired") == 1


def test_a_proof_holds_the_entries_of_the_run(grace: Person) -> None:
    run = submitted(grace.actor)
    sealer.seal_all()
    answer = caller(grace).get(f"/runs/{run.pk}/proof")
    assert (answer.status, len(answer.body["entries"])) == (200, 1)
    assert answer.body["entries"][0]["leaf_index"] is not None
    assert caller(grace).get("/ledger/checkpoint").body["checkpoint"] == answer.body["checkpoint"]
