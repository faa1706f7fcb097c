"""The model, the table of pairs and the database's triggers know exactly the same transitions."""

from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.utils.timezone import now
from django_fsm import TransitionNotAllowed

from audit.ids import new_id
from audit.models import Workspace
from evidence.models import Claim, ClaimBundle
from evidence.states import ENTRY, LEGAL, ClaimState
from orchestration.models import Approval, Restore, Run
from orchestration.states import (
    APPROVAL_TRANSITIONS,
    LIVE,
    RESTORE_TRANSITIONS,
    RETURNS,
    RUN_TRANSITIONS,
    TERMINAL,
    ApprovalState,
    RestoreState,
    RunState,
)
from tests.conftest import Person
from tests.orchestration.rows import bring, path_to, submitted, waiting


def pairs_of(model: type[models.Model]) -> set[tuple[str, str]]:
    transitions = model._meta.get_field("state").get_all_transitions(model)  # type: ignore[union-attr]
    return {(transition.source, transition.target) for transition in transitions}


def accepted(table: str, row: UUID, states: type[StrEnum]) -> set[str]:
    """Return the states that a row may be put into from where it is, by plain SQL."""
    return {state.value for state in states if goes(table, row, state.value)}


def goes(table: str, row: UUID, state: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET state = %s WHERE id = %s", [state, row])  # noqa: S608
            transaction.set_rollback(True)
    except IntegrityError:
        return False
    return True


def legal(pairs: Any, state: str) -> set[str]:
    return {target for source, target in pairs if source == state} | {state}


def test_the_run_has_exactly_the_transitions_of_the_table() -> None:
    assert pairs_of(Run) == RUN_TRANSITIONS | RETURNS


def test_the_approval_has_exactly_the_transitions_of_the_table() -> None:
    assert pairs_of(Approval) == set(APPROVAL_TRANSITIONS)


def test_the_claim_has_exactly_the_transitions_of_the_table() -> None:
    assert pairs_of(Claim) == set(LEGAL)


@pytest.mark.parametrize("state", RunState)
def test_the_database_lets_a_run_go_exactly_where_the_table_says(grace: Person, state: RunState) -> None:
    run = bring(submitted(grace.actor), state)
    assert accepted("orchestration_run", run.pk, RunState) == legal(RUN_TRANSITIONS, state)


@pytest.mark.parametrize("state", ApprovalState)
def test_the_database_lets_an_approval_go_exactly_where_the_table_says(grace: Person, state: ApprovalState) -> None:
    approval = waiting(submitted(grace.actor))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orchestration_approval SET state = %s WHERE id = %s", [state.value, approval.pk])
    assert accepted("orchestration_approval", approval.pk, ApprovalState) == legal(APPROVAL_TRANSITIONS, state)


def restore_of(run: Run, state: RestoreState, **columns: Any) -> Restore:
    """Return a restore in a state, brought there by plain SQL."""
    known = {"run_version": run.version, "checkpoint_id": "c", "kind": "CONTINUE", "reason_sealed": b"", **columns}
    restore = Restore.objects.create(
        run=run, workspace_id=run.workspace_id, binding="", requested_by="user:1", expires_at=now(), **known
    )
    source = next((s for s, target in sorted(RESTORE_TRANSITIONS) if target == state), state)
    for step in (source, state):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE orchestration_restore SET state = %s WHERE id = %s", [step.value, restore.pk])
    return restore


def test_the_restore_has_exactly_the_transitions_of_the_table() -> None:
    assert pairs_of(Restore) == set(RESTORE_TRANSITIONS)


@pytest.mark.parametrize("state", RestoreState)
def test_the_database_lets_a_restore_go_exactly_where_the_table_says(grace: Person, state: RestoreState) -> None:
    restore = restore_of(submitted(grace.actor), state)
    assert accepted("orchestration_restore", restore.pk, RestoreState) == legal(RESTORE_TRANSITIONS, state)


def test_a_failed_run_returns_where_an_approved_restore_lets_it(grace: Person) -> None:
    run = bring(submitted(grace.actor), RunState.FAILED)
    restore_of(run, RestoreState.APPROVED)
    assert accepted("orchestration_run", run.pk, RunState) == legal(RETURNS, RunState.FAILED)


@pytest.mark.parametrize(
    ("state", "columns"),
    [
        (RestoreState.PENDING, {}),
        (RestoreState.REJECTED, {}),
        (RestoreState.APPROVED, {"kind": "FORK"}),
        (RestoreState.APPROVED, {"run_version": 77}),
    ],
)
def test_no_other_restore_lets_a_failed_run_return(grace: Person, state: RestoreState, columns: Any) -> None:
    run = bring(submitted(grace.actor), RunState.FAILED)
    restore_of(run, state, **columns)
    assert accepted("orchestration_run", run.pk, RunState) == {"FAILED"}


def claim_in(state: ClaimState) -> Claim:
    bundle = ClaimBundle.objects.create(run=new_id(), revision=0, outcome="NO_CLAIMS", score=0)
    start = next((source for source, target in sorted(LEGAL) if target == state and source in ENTRY), state)
    claim = Claim(bundle=bundle, ordinal=0, state=start.value, kind="FACT", text_sealed=b"", why_sealed=b"", start=0)
    claim.end, claim.score, claim.reason = 1, 0, "NO_EVIDENCE"
    claim.save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE evidence_claim SET state = %s WHERE id = %s", [state.value, claim.pk])
    return claim


@pytest.mark.django_db
@pytest.mark.parametrize("state", ClaimState)
def test_the_database_lets_a_claim_go_exactly_where_the_table_says(state: ClaimState) -> None:
    assert accepted("evidence_claim", claim_in(state).pk, ClaimState) == legal(LEGAL, state)


@pytest.mark.parametrize("state", [state for state in RunState if state is not RunState.INITIALIZED])
def test_a_run_cannot_be_inserted_in_a_later_state(grace: Person, workspace: Workspace, state: RunState) -> None:
    run = Run(
        workspace=workspace, kind="QUESTION", state=state.value, stakes="LOW", request_sealed=b"", requested_by="x"
    )
    with pytest.raises(IntegrityError, match=f"may not start in state {state.value}"), transaction.atomic():
        run.save(force_insert=True)


def test_an_approval_cannot_be_inserted_as_approved(grace: Person) -> None:
    pending = waiting(submitted(grace.actor))
    forged = Approval(run=pending.run, workspace=pending.workspace, state="APPROVED", binding="0", requested_by="x")
    forged.expires_at = pending.expires_at
    with pytest.raises(IntegrityError, match="may not start in state APPROVED"), transaction.atomic():
        forged.save(force_insert=True)


def test_a_claim_cannot_be_inserted_as_published(db: None) -> None:
    claim = claim_in(ClaimState.PROPOSED)
    forged = Claim(bundle=claim.bundle, ordinal=1, state="PUBLISHED", kind="FACT", text_sealed=b"", why_sealed=b"")
    forged.start, forged.end, forged.score, forged.reason = 0, 1, 1, "MATCH"
    with pytest.raises(IntegrityError, match="may not start in state PUBLISHED"), transaction.atomic():
        forged.save(force_insert=True)


def test_the_trigger_holds_for_replicas_too(grace: Person) -> None:
    run = submitted(grace.actor)
    replica = "SET LOCAL session_replication_role = replica; UPDATE orchestration_run SET state = 'COMPLETED'"
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match=str(run.pk)):
        cursor.execute(replica)


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_nothing_leads_out_of_an_ended_run(state: RunState) -> None:
    assert legal(RUN_TRANSITIONS, state) == {state}


@pytest.mark.parametrize("state", LIVE)
def test_every_live_run_can_fail(state: RunState) -> None:
    assert (state, RunState.FAILED) in RUN_TRANSITIONS


def test_a_run_that_is_being_written_down_cannot_be_cancelled() -> None:
    assert (RunState.LOGGING, RunState.CANCELLED) not in RUN_TRANSITIONS


def test_a_claim_is_published_from_supported_only() -> None:
    assert {source for source, target in LEGAL if target is ClaimState.PUBLISHED} == {ClaimState.SUPPORTED}


def test_an_illegal_transition_is_refused_in_memory_already(grace: Person) -> None:
    with pytest.raises(TransitionNotAllowed):
        submitted(grace.actor).complete()


def test_the_state_cannot_be_assigned(grace: Person) -> None:
    with pytest.raises(AttributeError):
        submitted(grace.actor).state = "COMPLETED"


def test_the_seven_states_are_passed_in_order() -> None:
    way = [RunState.PROCESSING, RunState.GATING, RunState.DECISION, RunState.LOGGING, RunState.COMPLETED]
    assert path_to(RunState.COMPLETED) == way


def test_a_refused_run_carries_the_decision(grace: Person) -> None:
    run = bring(submitted(grace.actor), RunState.DECISION)
    run.refuse()
    assert (run.state, run.decision) == ("LOGGING", "REFUSE")
