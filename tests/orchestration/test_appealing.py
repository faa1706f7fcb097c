"""Verdicts are appealed by whoever reads them and decided by somebody else, bound to what was seen."""

import datetime as dt
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils.timezone import now

from audit import apikeys, keys
from audit.access import actor_of_key, workspace_of
from audit.actors import SYSTEM
from audit.canonical import parse
from audit.errors import Conflict, Invalid, NotAllowed, NotFound
from audit.fields import seal_text
from audit.ids import new_id
from audit.keys import KeyUnavailable
from audit.models import DataKey, Entry, Workspace
from audit.roles import Role
from audit.vault import SealError
from evidence.calibration import Labelled, Origin
from evidence.models import Claim, ClaimBundle, Evidence, Passage
from evidence.verdicts import Verdict
from orchestration import appealing
from orchestration.appealing import AppealChanged
from orchestration.models import Appeal, Run
from orchestration.runs import ApprovalExpired, OwnRequest
from orchestration.states import APPEAL_TRANSITIONS, AppealState, RunState
from tests.conftest import Person, person
from tests.orchestration import scenes
from tests.orchestration.contesting import (
    DOUBT,
    WORD,
    answered,
    appealed,
    decided,
    passage_of,
    published,
    withheld,
)
from tests.orchestration.looking import ACID, WARFARIN
from tests.orchestration.rows import bring, entries, fresh, submitted
from tests.orchestration.test_states import accepted, pairs_of


@pytest.fixture
def run(grace: Person) -> Run:
    return answered(grace)


def last_entry(appeal: Appeal) -> dict[str, Any]:
    entry = Entry.objects.filter(chain=f"appeal:{appeal.pk}").latest("id")
    known: Any = parse(bytes(entry.body))
    return {"type": entry.type, "actor": entry.actor, **known["data"]}


# Making


def test_whoever_asks_for_runs_may_appeal_and_the_ledger_holds_no_text(run: Run, ada: Person) -> None:
    appeal = appealed(run, ada, passage=passage_of(withheld(run)).pk)
    assert (appeal.state, appeal.wanted, appeal.requested_by) == ("PENDING", "SUPPORTED", str(ada.actor))
    said = last_entry(appeal)
    assert (said["type"], said["claim"], said["verdict"]) == ("appeal.made", str(appeal.claim_id), "CONTRADICTED")
    assert (said["binding"], said["passage"]) == (appeal.binding, str(appeal.passage_id))
    assert not any(DOUBT.encode() in bytes(entry.body) for entry in Entry.objects.all())
    assert DOUBT.encode() not in bytes(Appeal.objects.get().reason_sealed)


def test_an_appeal_changes_neither_claim_nor_answer(run: Run, alan: Person, grace: Person) -> None:
    decided(appealed(run, grace), alan)
    claim, after = withheld(run), fresh(run)
    assert (claim.state, claim.verdict) == ("WITHHELD", "CONTRADICTED")
    assert (after.state, after.version, after.decision) == ("COMPLETED", run.version, "PUBLISH_PARTIAL")


def test_who_may_only_read_runs_may_not_appeal(run: Run, grace: Person) -> None:
    made = apikeys.create_key(name="k", scopes=["runs:read"], actor=grace.actor)
    with pytest.raises(NotAllowed, match="runs:write is needed"):
        appealing.appeal(run.pk, withheld(run).pk, wanted=Verdict.SUPPORTED, reason=DOUBT, actor=actor_of_key(made.key))


def test_one_appeal_on_a_claim_waits_at_a_time(run: Run, grace: Person, alan: Person) -> None:
    first = appealed(run, grace)
    with pytest.raises(Conflict, match=f"appeal {first.pk} on this claim waits"):
        appealed(run, alan)
    appealed(run, alan, claim=published(run), wanted=Verdict.INSUFFICIENT)
    appealing.withdraw(first.pk, actor=grace.actor)
    assert appealed(run, alan).state == "PENDING"


def test_the_database_knows_one_pending_appeal_a_claim_too(run: Run, grace: Person) -> None:
    appeal = appealed(run, grace)
    appeal.pk = new_id()
    with pytest.raises(IntegrityError, match="one_pending_appeal_per_claim"), transaction.atomic():
        appeal.save(force_insert=True)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"wanted": Verdict.CONTRADICTED}, "the claim is CONTRADICTED already"),
        ({"wanted": Verdict.DISPUTED}, "use one of SUPPORTED, CONTRADICTED, INSUFFICIENT"),
        ({"reason": "No."}, "at least 10 are needed"),
        ({"reason": "x" * 2001}, "reason"),
        ({"reason": "a\x00bcdefghijkl"}, "reason"),
        ({"passage": new_id()}, "is not in the evidence of run"),
        ({"idempotency_key": "x" * 121}, "Idempotency-Key"),
    ],
)
def test_an_appeal_that_cannot_be_taken_leaves_nothing(
    run: Run, grace: Person, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        appealed(run, grace, **asked)
    assert not Appeal.objects.exists()
    assert "appeal.made" not in entries(run)


def test_a_passage_of_another_run_is_no_evidence_of_this_one(run: Run, grace: Person) -> None:
    other = passage_of(withheld(answered(grace)))
    with pytest.raises(Invalid, match="is not in the evidence"):
        appealed(run, grace, passage=other.pk)


def test_a_passage_of_the_corpus_is_evidence_where_a_claim_was_compared_with_it(run: Run, grace: Person) -> None:
    known = scenes.reference(run, before="", sentence="Tranexamic acid: 1 g.", after="")
    with pytest.raises(Invalid, match="is not in the evidence"):
        appealed(run, grace, passage=known.pk)
    scenes.link(published(run), known, WARFARIN, scenes.Seen("Tranexamic acid: 1 g."))
    assert appealed(run, grace, passage=known.pk).passage_id == known.pk


@pytest.mark.parametrize("state", sorted(set(RunState) - {RunState.COMPLETED}))
def test_a_verdict_is_appealed_once_its_run_is_completed(grace: Person, state: RunState) -> None:
    run = bring(submitted(grace.actor), state)
    scenes.claims(run, [ACID])
    with pytest.raises(Conflict, match="once its run is COMPLETED"):
        appealed(run, grace, claim=Claim.objects.get())


def test_a_claim_of_an_earlier_draft_or_of_another_run_is_not_there(run: Run, grace: Person) -> None:
    revised, elsewhere = withheld(run), withheld(answered(grace))
    ClaimBundle.objects.create(run=run.pk, revision=7, outcome="NO_CLAIMS", score=0)
    for claim in (revised, elsewhere):
        with pytest.raises(NotFound, match="in the last draft of run"):
            appealed(run, grace, claim=claim)


def test_an_erased_run_cannot_be_appealed_nor_its_appeals_decided(run: Run, grace: Person, alan: Person) -> None:
    appeal = appealed(run, grace)
    keys.destroy(run.key_id)
    with pytest.raises(KeyUnavailable):
        appealed(run, grace, claim=published(run), wanted=Verdict.INSUFFICIENT)
    with pytest.raises(KeyUnavailable):
        decided(appeal, alan)
    assert appealing.withdraw(appeal.pk, actor=grace.actor).state == "WITHDRAWN"


def test_the_same_key_gives_the_same_appeal_and_another_one_is_a_conflict(run: Run, grace: Person) -> None:
    first = appealed(run, grace, idempotency_key="one")
    assert appealed(run, grace, idempotency_key="one").pk == first.pk
    assert entries(run).count("appeal.made") == 1
    with pytest.raises(Conflict, match="which says something else; use a new key"):
        appealed(run, grace, idempotency_key="one", reason="Another reason altogether.")
    with pytest.raises(Conflict, match="use a new key"):
        appealed(answered(grace), grace, idempotency_key="one")


# Withdrawing


def test_an_appeal_is_withdrawn_by_whoever_made_it(run: Run, grace: Person, alan: Person) -> None:
    appeal = appealed(run, grace)
    with pytest.raises(NotAllowed, match="somebody else made this appeal"):
        appealing.withdraw(appeal.pk, actor=alan.actor)
    assert appealing.withdraw(appeal.pk, actor=grace.actor).state == "WITHDRAWN"
    assert last_entry(appeal)["type"] == "appeal.withdrawn"
    with pytest.raises(Conflict, match="is WITHDRAWN"):
        decided(appeal, alan)


def test_what_a_key_made_its_owner_withdraws_and_does_not_decide(run: Run, grace: Person) -> None:
    made = apikeys.create_key(name="k", scopes=["runs:write"], actor=grace.actor)
    appeal = appealed(run, Person(grace.user, actor_of_key(made.key)))
    with pytest.raises(OwnRequest):
        decided(appeal, grace)
    assert appealing.withdraw(appeal.pk, actor=grace.actor).state == "WITHDRAWN"


# Deciding


@pytest.mark.parametrize(("word", "right"), [("GRANTED", "SUPPORTED"), ("REJECTED", "CONTRADICTED")])
def test_a_decision_is_recorded_with_its_label_and_no_text(
    run: Run, grace: Person, alan: Person, word: str, right: str
) -> None:
    appeal = decided(appealed(run, grace), alan, AppealState(word))
    stored = Appeal.objects.get(pk=appeal.pk)
    assert (stored.state, stored.decided_by, stored.decided_at is None) == (word, str(alan.actor), False)
    assert WORD.encode() not in bytes(stored.word_sealed or b"")
    said = last_entry(appeal)
    assert (said["type"], said["label"], said["binding"]) == (f"appeal.{word.lower()}", right, appeal.binding)
    assert not any(WORD.encode() in bytes(entry.body) for entry in Entry.objects.all())


def test_a_reviewer_decides_and_nobody_decides_their_own(run: Run, grace: Person, alan: Person) -> None:
    appeal = appealed(run, alan)
    with pytest.raises(OwnRequest, match="somebody else has to decide"):
        decided(appeal, alan)
    assert decided(appeal, grace).state == "GRANTED"


def test_the_database_lets_nobody_decide_their_own_appeal(run: Run, grace: Person, alan: Person) -> None:
    appeal = decided(appealed(run, grace), alan)
    with pytest.raises(IntegrityError, match="nobody_decides_their_own_appeal"), transaction.atomic():
        Appeal.objects.filter(pk=appeal.pk).update(decided_by=appeal.requested_by)


def test_the_database_knows_no_decision_without_a_person(run: Run, grace: Person) -> None:
    appeal = appealed(run, grace)
    appeal.grant()
    with pytest.raises(IntegrityError, match="appeals_are_decided_by_people"), transaction.atomic():
        appeal.save()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR, Role.OPERATOR])
def test_who_lacks_the_scope_does_not_decide(run: Run, grace: Person, workspace: Workspace, role: Role) -> None:
    with pytest.raises(NotAllowed, match="appeals:decide is needed"):
        decided(appealed(run, grace), person("vera", workspace, role))


@pytest.mark.parametrize(
    ("told", "error", "words"),
    [
        ({"reason": "Yes."}, Invalid, "at least 10 are needed"),
        ({"reason": "x" * 2001}, Invalid, "reason"),
        ({"seen": "0" * 64}, AppealChanged, "is not what is on record"),
        ({"word": AppealState.EXPIRED}, Invalid, "is no decision"),
        ({"word": AppealState.PENDING}, Invalid, "is no decision"),
    ],
)
def test_a_decision_that_cannot_be_taken_changes_nothing(
    run: Run, grace: Person, alan: Person, told: dict[str, Any], error: type[Exception], words: str
) -> None:
    appeal = appealed(run, grace)
    known: dict[str, Any] = {"word": AppealState.GRANTED, "reason": WORD, "seen": appeal.binding, **told}
    with pytest.raises(error, match=words):
        appealing.decide(appeal.pk, actor=alan.actor, **known)
    assert Appeal.objects.get().state == "PENDING"
    assert entries(run).count("appeal.made") == entries(run)[-1:].count("appeal.made") == 1


def test_an_appeal_is_decided_once(run: Run, grace: Person, alan: Person, barbara: Person) -> None:
    appeal = decided(appealed(run, grace), alan)
    with pytest.raises(Conflict, match="is GRANTED; it was closed before"):
        decided(appeal, barbara, AppealState.REJECTED)
    with pytest.raises(Conflict, match="is GRANTED"):
        appealing.withdraw(appeal.pk, actor=grace.actor)


def test_an_appeal_of_another_workspace_is_not_there(run: Run, grace: Person, mallory: Person) -> None:
    appeal = appealed(run, grace)
    with pytest.raises(NotFound):
        decided(appeal, mallory)
    with pytest.raises(NotFound):
        appealing.withdraw(appeal.pk, actor=mallory.actor)
    with pytest.raises(NotFound):
        appealed(run, mallory)
    with pytest.raises(NotFound):
        appealing.appeals_on(withheld(run).pk, run_id=run.pk, actor=mallory.actor)


# The binding

CHANGES: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "its verdict": (Claim, {"verdict": "INSUFFICIENT"}),
    "its score": (Claim, {"score": 0.99}),
    "its reason": (Claim, {"reason": "DATE"}),
    "the verifier": (ClaimBundle, {"verifier": "other"}),
    "the calibration": (ClaimBundle, {"calibration": "typed-3"}),
    "the hash of a passage": (Evidence, {"passage_sha256": "0" * 64}),
    "the stance of a passage": (Evidence, {"stance": "NEUTRAL"}),
    "the place in a passage": (Evidence, {"passage_end": 1}),
    "the verifier of a comparison": (Evidence, {"verifier": "other"}),
    "the verdict that is wanted": (Appeal, {"wanted": "INSUFFICIENT"}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changed_since_the_appeal_is_not_decided(run: Run, grace: Person, alan: Person, what: str) -> None:
    appeal = appealed(run, grace)
    model, values = CHANGES[what]
    model.objects.update(**values)
    with pytest.raises(AppealChanged):
        decided(appeal, alan)


def test_another_text_of_the_claim_is_not_decided(run: Run, grace: Person, alan: Person) -> None:
    appeal = appealed(run, grace)
    claim = withheld(run)
    seal_text(keys.load(run.key_id), claim, "text_sealed", "Tranexamic acid is given as a bolus of 1 g.")
    claim.save(update_fields=["text_sealed"])
    with pytest.raises(AppealChanged):
        decided(appeal, alan)


def test_a_text_that_is_not_what_was_written_is_refused(run: Run, grace: Person, alan: Person) -> None:
    appeal = appealed(run, grace)
    sealed = bytearray(withheld(run).text_sealed)
    sealed[-1] ^= 1
    Claim.objects.filter(pk=appeal.claim_id).update(text_sealed=bytes(sealed))
    with pytest.raises(SealError):
        decided(appeal, alan)


def test_a_passage_of_the_corpus_that_was_changed_is_not_what_was_seen(run: Run, grace: Person, alan: Person) -> None:
    known = scenes.reference(run, before="", sentence="Tranexamic acid: 1 g.", after="")
    scenes.link(withheld(run), known, ACID, scenes.Seen("Tranexamic acid: 1 g."))
    appeal = appealed(run, grace)
    Passage.objects.filter(pk=known.pk).update(text="Tranexamic acid: 2 g.")
    with pytest.raises(AppealChanged):
        decided(appeal, alan)


# Expiring


def test_an_appeal_that_nobody_decided_in_time_expires_once(run: Run, grace: Person, alan: Person) -> None:
    appeal = appealed(run, grace)
    assert appealing.expire_due(actor=SYSTEM) == 0
    Appeal.objects.update(expires_at=now() - dt.timedelta(seconds=1))
    with pytest.raises(ApprovalExpired):
        decided(appeal, alan)
    assert [appealing.expire_due(actor=SYSTEM) for _ in range(2)] == [1, 0]
    assert (Appeal.objects.get().state, last_entry(appeal)["type"]) == ("EXPIRED", "appeal.expired")


def test_an_appeal_on_an_erased_run_expires_all_the_same(run: Run, grace: Person) -> None:
    appealed(run, grace)
    DataKey.objects.all().delete()
    Appeal.objects.update(expires_at=now() - dt.timedelta(seconds=1))
    assert appealing.expire_due(actor=SYSTEM) == 1


# States


def test_the_appeal_has_exactly_the_transitions_of_the_table() -> None:
    assert pairs_of(Appeal) == set(APPEAL_TRANSITIONS)


@pytest.mark.parametrize("word", ["GRANTED", "REJECTED"])
def test_a_decision_is_never_taken_back(run: Run, grace: Person, alan: Person, word: str) -> None:
    appeal = decided(appealed(run, grace), alan, AppealState(word))
    assert accepted(Appeal._meta.db_table, appeal.pk, AppealState) == {word}


def test_what_was_withdrawn_stays_so(run: Run, grace: Person) -> None:
    appeal = appealing.withdraw(appealed(run, grace).pk, actor=grace.actor)
    assert accepted(Appeal._meta.db_table, appeal.pk, AppealState) == {"WITHDRAWN"}


def test_an_appeal_begins_by_waiting(run: Run, grace: Person) -> None:
    appeal = appealing.withdraw(appealed(run, grace).pk, actor=grace.actor)
    appeal.pk = new_id()
    with pytest.raises(IntegrityError, match="may not start in state WITHDRAWN"), transaction.atomic():
        appeal.save(force_insert=True)


# Labels


def test_a_granted_appeal_is_a_label_and_a_rejected_one_confirms_the_gate(
    run: Run, grace: Person, alan: Person, workspace: Workspace
) -> None:
    decided(appealed(run, grace), alan)
    doubted = appealed(run, grace, claim=published(run), wanted=Verdict.INSUFFICIENT)
    decided(doubted, alan, AppealState.REJECTED)
    found = {label.claim: label for label in appealing.labels(workspace.pk)}
    label = partial(Labelled, "typed", supported=True, origin=Origin.APPEAL)
    assert found == {
        str(row.pk): label(score=score, claim=str(row.pk))
        for row, score in ((withheld(run), 0.0), (published(run), 0.93))
    }


def test_the_last_decision_on_a_claim_is_its_label(run: Run, grace: Person, alan: Person, workspace: Workspace) -> None:
    decided(appealed(run, grace), alan)
    decided(appealed(run, grace, wanted=Verdict.INSUFFICIENT), alan)
    assert [label.supported for label in appealing.labels(workspace.pk)] == [False]


def test_what_waits_was_withdrawn_or_expired_is_no_label(run: Run, grace: Person, workspace: Workspace) -> None:
    appealing.withdraw(appealed(run, grace).pk, actor=grace.actor)
    appealed(run, grace)
    assert list(appealing.labels(workspace.pk)) == []


def test_labels_are_of_one_workspace_and_outlive_the_texts(
    run: Run, grace: Person, alan: Person, mallory: Person, workspace: Workspace
) -> None:
    decided(appealed(run, grace), alan)
    DataKey.objects.all().delete()
    assert len(list(appealing.labels(workspace.pk))) == 1
    assert list(appealing.labels(workspace_of(mallory.actor))) == []


def test_labels_read_no_sealed_column(run: Run, grace: Person, alan: Person, workspace: Workspace) -> None:
    decided(appealed(run, grace), alan)
    with connection.execute_wrapper(refuse_sealed):
        assert len(list(appealing.labels(workspace.pk))) == 1


def refuse_sealed(execute: Any, sql: str, *rest: Any) -> Any:
    assert "_sealed" not in sql
    return execute(sql, *rest)
