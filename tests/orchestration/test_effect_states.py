"""The database lets an action change state along legal pairs only, and asks for the row of the word that it needs."""

import pytest
from django.db import IntegrityError, transaction

from orchestration import inquiring
from orchestration.models import Action, Inquiry
from orchestration.states import ACTION_TRANSITIONS, INQUIRY_TRANSITIONS, ActionState, InquiryState
from tests.conftest import Person
from tests.orchestration.rows import REASON, inquiry, submitted
from tests.orchestration.test_states import accepted, pairs_of

TABLE = Action._meta.db_table


@pytest.fixture
def asked(grace: Person) -> Inquiry:
    return inquiry(submitted(grace.actor))


def settled(asked: Inquiry, word: InquiryState, who: Person) -> Action:
    inquiring.answer(asked.pk, word=word, reason=REASON, seen=asked.binding, actor=who.actor)
    return Action.objects.get(pk=asked.action_id)


def reachable(action: Action) -> set[str]:
    return accepted(TABLE, action.pk, ActionState) - {action.state}


def test_the_inquiry_has_exactly_the_transitions_of_the_table() -> None:
    assert pairs_of(Inquiry) == INQUIRY_TRANSITIONS


def test_an_answer_is_never_taken_back(asked: Inquiry, alan: Person) -> None:
    settled(asked, InquiryState.HAPPENED, alan)
    assert accepted(Inquiry._meta.db_table, asked.pk, InquiryState) == {"HAPPENED"}


def test_nobody_but_an_answered_inquiry_takes_an_action_out_of_unknown(asked: Inquiry) -> None:
    assert reachable(asked.action) == set()


def test_an_action_takes_legal_pairs_only(asked: Inquiry, alan: Person) -> None:
    proposed = settled(asked, InquiryState.TRY_AGAIN, alan)
    assert reachable(proposed) == {"INTENDED", "REFUSED"}
    proposed.state = ActionState.INTENDED.value
    proposed.save()
    assert reachable(proposed) == {t for s, t in ACTION_TRANSITIONS if s == ActionState.INTENDED}


def test_an_action_that_is_done_never_goes_back(asked: Inquiry, alan: Person) -> None:
    assert reachable(settled(asked, InquiryState.HAPPENED, alan)) == set()


def test_an_action_that_failed_is_tried_again_by_a_restore_only(asked: Inquiry, alan: Person) -> None:
    assert reachable(settled(asked, InquiryState.GIVEN_UP, alan)) == set()


def test_an_answer_holds_for_its_attempt_only(asked: Inquiry, alan: Person) -> None:
    action = settled(asked, InquiryState.TRY_AGAIN, alan)
    action.attempt = 2
    for state in (ActionState.INTENDED, ActionState.UNKNOWN):
        action.state = state.value
        action.save()
    assert reachable(action) == set()


@pytest.mark.parametrize("state", sorted(set(ActionState) - {ActionState.PROPOSED, ActionState.REFUSED}))
def test_an_action_begins_where_nothing_has_happened(asked: Inquiry, state: ActionState) -> None:
    action = asked.action
    action.pk, action.ordinal, action.idempotency_key, action.state = asked.pk, 9, "1" * 64, state.value
    with pytest.raises(IntegrityError), transaction.atomic():
        action.save(force_insert=True)
