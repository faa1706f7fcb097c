"""What people and clients do to a run, and what the ledger says of it."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now
from pytest_django import DjangoCaptureOnCommitCallbacks

from audit import keys, ledger
from audit.access import actor_of_key
from audit.actors import SYSTEM, Actor, ActorKind
from audit.apikeys import create_key
from audit.errors import Conflict, Invalid, NotAllowed, NotFound, TooLarge
from audit.fields import open_text
from audit.ids import new_id
from audit.models import DataKey, Entry
from orchestration import runs
from orchestration.models import Approval, ApprovalVote
from orchestration.requests import RequestError
from orchestration.states import LIVE, TERMINAL, ApprovalState, RunState
from tests.conftest import Person
from tests.orchestration.rows import BINDING, QUESTION, REASON, bring, entries, fresh, question, submitted, waiting


def approve(approval: Approval, who: Person, **changed: Any) -> Approval:
    return runs.approve(approval.pk, **{"actor": who.actor, "reason": REASON, "seen": BINDING, **changed})


def reject(approval: Approval, who: Person, **changed: Any) -> Approval:
    return runs.reject(approval.pk, **{"actor": who.actor, "reason": REASON, "seen": BINDING, **changed})


WORDS = pytest.mark.parametrize("word", [approve, reject])
Word = Callable[..., Approval]


# Submitting


def test_a_request_is_accepted_sealed_and_due(grace: Person) -> None:
    run = submitted(grace.actor, stakes="HIGH")
    stored = fresh(run)
    assert (stored.state, stored.stakes, stored.kind, stored.version) == ("INITIALIZED", "HIGH", "QUESTION", 0)
    assert stored.due_at is not None
    assert stored.due_at <= now()
    assert QUESTION.encode() not in bytes(stored.request_sealed)
    assert QUESTION in open_text(keys.load(run.key_id), stored, "request_sealed")


def test_an_accepted_request_has_its_entry(grace: Person) -> None:
    run = submitted(grace.actor)
    assert entries(run) == ["run.submitted"]
    assert Entry.objects.get(run=run.pk).actor == str(grace.actor)


def test_the_ledger_knows_the_request_by_a_keyed_hash_only(grace: Person) -> None:
    body = bytes(Entry.objects.get(run=submitted(grace.actor).pk).body)
    assert QUESTION.encode() not in body
    assert keys.reference(QUESTION).encode() not in body


def test_the_subject_is_kept_as_a_keyed_hash(grace: Person, mallory: Person) -> None:
    hashes = {submitted(who.actor, subject="Rosalind").subject for who in (grace, mallory, grace)}
    assert len(hashes) == 2
    assert "Rosalind" not in hashes


def test_every_run_has_a_key_of_its_own(grace: Person) -> None:
    assert submitted(grace.actor).key_id != submitted(grace.actor).key_id


def test_the_same_key_and_body_are_the_same_run(grace: Person) -> None:
    first = runs.submit(question(), actor=grace.actor, idempotency_key="one")
    again = runs.submit(question(), actor=grace.actor, idempotency_key=" one ")
    assert (first.created, again.created) == (True, False)
    assert first.run == again.run


def test_the_same_key_with_another_body_is_a_conflict(grace: Person) -> None:
    run = runs.submit(question(), actor=grace.actor, idempotency_key="one").run
    with pytest.raises(Conflict, match=str(run.pk)):
        runs.submit(question(stakes="HIGH"), actor=grace.actor, idempotency_key="one")


def test_one_key_in_two_workspaces_is_two_runs(grace: Person, mallory: Person) -> None:
    found = {runs.submit(question(), actor=who.actor, idempotency_key="one").run.pk for who in (grace, mallory)}
    assert len(found) == 2


@pytest.mark.parametrize("key", ["", "  ", "x" * 121, "a\x00b"])
def test_a_key_that_cannot_be_taken_is_refused(grace: Person, key: str) -> None:
    with pytest.raises(RequestError, match="Idempotency-Key"):
        runs.submit(question(), actor=grace.actor, idempotency_key=key)


def test_who_lacks_the_scope_submits_nothing(grace: Person) -> None:
    reader = replace(grace.actor, scopes=frozenset({"runs:read"}))
    with pytest.raises(NotAllowed, match="runs:write is needed"):
        runs.submit(question(), actor=reader)
    assert not DataKey.objects.exists()


def test_the_system_itself_submits_nothing(db: None) -> None:
    with pytest.raises(NotAllowed, match="acts in no workspace"):
        runs.submit(question(), actor=replace(SYSTEM, scopes=frozenset({"runs:write"})), idempotency_key="one")


def test_a_request_too_large_for_one_record_is_refused(grace: Person) -> None:
    passages = [{"source": "s", "text": "語" * 200_000} for _ in range(7)]
    with pytest.raises(TooLarge, match="send less"):
        submitted(grace.actor, passages=passages)


def test_the_workers_are_woken_when_the_run_is_there(
    grace: Person, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        submitted(grace.actor)
    assert len(callbacks) == 1


# Cancelling and failing


@pytest.mark.parametrize("state", [state for state in LIVE if state is not RunState.LOGGING])
def test_a_run_under_way_can_be_cancelled(grace: Person, state: RunState) -> None:
    run = bring(submitted(grace.actor), state)
    runs.cancel(run.pk, actor=grace.actor)
    stored = fresh(run)
    assert (stored.state, stored.version, stored.due_at) == ("CANCELLED", 1, None)
    assert stored.finished_at is not None
    assert entries(run) == ["run.submitted", "run.cancelled"]


@pytest.mark.parametrize("state", [*sorted(TERMINAL), RunState.LOGGING])
def test_an_ended_run_cannot_be_cancelled(grace: Person, state: RunState) -> None:
    run = bring(submitted(grace.actor), state)
    with pytest.raises(Conflict, match=f"is {state.value}"):
        runs.cancel(run.pk, actor=grace.actor)
    assert entries(run) == ["run.submitted"]


def test_cancelling_voids_what_waits_for_people(grace: Person, alan: Person) -> None:
    approval = waiting(submitted(grace.actor))
    runs.cancel(approval.run_id, actor=grace.actor)
    with pytest.raises(Conflict, match="is VOID"):
        approve(approval, alan)
    assert fresh(approval.run).due_at is None


def test_a_run_of_another_workspace_is_not_there(grace: Person, mallory: Person) -> None:
    run = submitted(grace.actor)
    with pytest.raises(NotFound):
        runs.cancel(run.pk, actor=mallory.actor)
    assert fresh(run).state == "INITIALIZED"


def test_who_may_only_read_cancels_nothing(grace: Person) -> None:
    with pytest.raises(NotAllowed):
        runs.cancel(submitted(grace.actor).pk, actor=replace(grace.actor, scopes=frozenset({"runs:read"})))


def test_a_failed_run_says_why_at_most_at_length(grace: Person) -> None:
    run = submitted(grace.actor)
    worker = Actor(ActorKind.WORKER, "engine", run.workspace_id)
    runs.fail(run.pk, actor=worker, reason="key: " + "x" * 400)
    assert (fresh(run).state, len(fresh(run).reason)) == ("FAILED", 300)
    assert Entry.objects.get(run=run.pk, type="run.failed").chain == f"control:{run.pk}"


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_a_run_that_has_ended_does_not_fail(grace: Person, state: RunState) -> None:
    run = bring(submitted(grace.actor), state)
    runs.fail(run.pk, actor=grace.actor, reason="late")
    assert (fresh(run).state, fresh(run).reason) == (state.value, "")


# Deciding


def test_an_approval_lets_the_run_go_on(grace: Person, alan: Person) -> None:
    approval = approve(waiting(submitted(grace.actor)), alan)
    assert (approval.state, fresh(approval.run).due_at is not None) == ("APPROVED", True)
    assert approval.decided_at is not None


def test_a_refusal_lets_the_run_go_on_to_its_end(grace: Person, alan: Person) -> None:
    approval = reject(waiting(submitted(grace.actor)), alan)
    assert (approval.state, fresh(approval.run).due_at is not None) == ("REJECTED", True)


def test_a_word_has_its_entry_bound_to_what_was_seen(grace: Person, alan: Person) -> None:
    approval = approve(waiting(submitted(grace.actor)), alan)
    entry = Entry.objects.get(run=approval.run_id, type="approval.given")
    assert (entry.chain, entry.actor) == (f"approval:{approval.pk}", str(alan.actor))
    assert BINDING.encode() in bytes(entry.body)
    assert REASON.encode() not in bytes(entry.body)


def test_a_refusal_has_its_entry(grace: Person, alan: Person) -> None:
    approval = reject(waiting(submitted(grace.actor)), alan)
    assert entries(approval.run) == ["run.submitted", "approval.refused"]


def test_the_reason_is_sealed(grace: Person, alan: Person) -> None:
    approval = approve(waiting(submitted(grace.actor)), alan)
    vote = ApprovalVote.objects.get(approval=approval)
    assert REASON.encode() not in bytes(vote.reason_sealed)
    assert open_text(keys.load(approval.run.key_id), vote, "reason_sealed") == REASON


@WORDS
def test_nobody_decides_their_own_request(alan: Person, word: Word) -> None:
    approval = waiting(submitted(alan.actor))
    with pytest.raises(runs.OwnRequest):
        word(approval, alan)
    assert not approval.votes.exists()


@WORDS
def test_nobody_decides_twice(grace: Person, alan: Person, word: Word) -> None:
    approval = waiting(submitted(grace.actor), quorum=2)
    approve(approval, alan)
    with pytest.raises(Conflict, match="decided this before"):
        word(approval, alan)


def by_key(person: Person) -> Person:
    """Return the person as a client with an API key of their own."""
    key = create_key(name="laptop", scopes=person.actor.scopes, actor=person.actor).key
    return Person(person.user, actor_of_key(key))


@WORDS
def test_a_person_and_their_api_key_are_not_two_people(alan: Person, word: Word) -> None:
    approval = waiting(submitted(by_key(alan).actor))
    with pytest.raises(runs.OwnRequest):
        word(approval, alan)


@WORDS
def test_nobody_decides_twice_by_way_of_an_api_key(grace: Person, alan: Person, word: Word) -> None:
    approval = waiting(submitted(grace.actor), quorum=2)
    approve(approval, alan)
    with pytest.raises(Conflict, match="decided this before"):
        word(approval, by_key(alan))


@WORDS
def test_what_is_decided_is_decided(grace: Person, alan: Person, barbara: Person, word: Word) -> None:
    approval = waiting(submitted(grace.actor))
    approve(approval, alan)
    with pytest.raises(Conflict, match="is APPROVED"):
        word(approval, barbara)


def test_two_people_have_to_agree_where_two_are_asked_for(grace: Person, alan: Person, barbara: Person) -> None:
    approval = waiting(submitted(grace.actor), quorum=2)
    assert approve(approval, alan).state == "PENDING"
    assert fresh(approval.run).due_at is None
    assert approve(approval, barbara).state == "APPROVED"


def test_one_refusal_is_enough(grace: Person, alan: Person, barbara: Person) -> None:
    approval = waiting(submitted(grace.actor), quorum=2)
    approve(approval, alan)
    assert reject(approval, barbara).state == "REJECTED"


@WORDS
def test_after_its_time_nobody_decides(grace: Person, alan: Person, word: Word) -> None:
    with pytest.raises(runs.ApprovalExpired, match="the time to decide ended"):
        word(waiting(submitted(grace.actor), minutes=-1), alan)


@WORDS
def test_what_was_not_seen_is_not_decided(grace: Person, alan: Person, word: Word) -> None:
    with pytest.raises(runs.ApprovalChanged, match="bbbbbbbbbbbb"):
        word(waiting(submitted(grace.actor)), alan, seen="c" * 64)


@WORDS
def test_a_reviewer_decides_nothing(grace: Person, alan: Person, word: Word) -> None:
    with pytest.raises(NotAllowed, match="approvals:decide is needed"):
        word(waiting(submitted(alan.actor)), grace)


@WORDS
def test_an_approval_of_another_workspace_is_not_there(grace: Person, mallory: Person, word: Word) -> None:
    with pytest.raises(NotFound):
        word(waiting(submitted(grace.actor)), mallory)


@WORDS
@pytest.mark.parametrize("reason", ["", "too short", "x" * 2001, "nul\x00 in the reason"])
def test_a_word_without_a_reason_does_not_count(grace: Person, alan: Person, word: Word, reason: str) -> None:
    approval = waiting(submitted(grace.actor))
    with pytest.raises(Invalid, match="reason"):
        word(approval, alan, reason=reason)
    assert (approval.votes.count(), Approval.objects.get(pk=approval.pk).state) == (0, "PENDING")


# Expiring


def test_what_nobody_decided_in_time_expires_and_its_run_goes_on(grace: Person) -> None:
    approval = waiting(submitted(grace.actor), minutes=-1)
    assert runs.expire_due(actor=SYSTEM) == 1
    approval.refresh_from_db()
    assert (approval.state, fresh(approval.run).due_at is not None) == ("EXPIRED", True)
    assert entries(approval.run) == ["run.submitted", "approval.expired"]


def test_what_has_time_left_does_not_expire(grace: Person) -> None:
    approval = waiting(submitted(grace.actor))
    assert runs.expire_due(actor=SYSTEM) == 0
    assert not runs.expire(approval.pk, actor=SYSTEM)


def test_what_was_decided_does_not_expire(grace: Person, alan: Person) -> None:
    approval = approve(waiting(submitted(grace.actor)), alan)
    Approval.objects.filter(pk=approval.pk).update(expires_at=now() - dt.timedelta(minutes=1))
    assert not runs.expire(approval.pk, actor=SYSTEM)


def test_at_most_so_many_expire_at_once(grace: Person) -> None:
    for _ in range(3):
        waiting(submitted(grace.actor), minutes=-1)
    assert [runs.expire_due(actor=SYSTEM, limit=2), runs.expire_due(actor=SYSTEM, limit=2)] == [2, 1]


def test_an_approval_that_is_not_there_does_not_expire(db: None) -> None:
    assert not runs.expire(new_id(), actor=SYSTEM)


@pytest.mark.parametrize("state", [state for state in ApprovalState if state is not ApprovalState.PENDING])
def test_people_decide_only_what_waits(grace: Person, alan: Person, state: ApprovalState) -> None:
    approval = waiting(submitted(grace.actor))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orchestration_approval SET state = %s WHERE id = %s", [state.value, approval.pk])
    with pytest.raises(Conflict, match=f"is {state.value}"):
        approve(approval, alan)


def test_all_chains_verify_after_all_verbs(grace: Person, alan: Person) -> None:
    approve(waiting(submitted(grace.actor)), alan)
    reject(waiting(submitted(grace.actor)), alan)
    runs.cancel(submitted(grace.actor).pk, actor=grace.actor)
    assert list(ledger.check_chains()) == []
