"""Overriding a hard denial: two people who did not request the run; then a person is asked about its fork."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection
from django.utils.timezone import now

from audit import keys, ledger
from audit.actors import SYSTEM
from audit.apikeys import create_key
from audit.errors import Conflict, Invalid, NotAllowed, NotFound
from audit.fields import open_text
from audit.models import ApiKey, DataKey, Workspace
from audit.roles import Role
from audit.spans import Span
from evidence.models import Document
from guardians.guardian import Ballot, Finding, Part
from guardians.guest import voted
from guardians.models import Review
from guardians.safety import Safety
from orchestration import overriding, records, restoring, runs
from orchestration.engine import driver, restorer
from orchestration.engine.redeciding import replay
from orchestration.management.stage import Stage
from orchestration.models import Restore, Run
from orchestration.restoring import RestoreChanged
from orchestration.runs import OwnRequest
from tests.conftest import person
from tests.guardians.packing import HOUSE
from tests.pipeline.asking import CASES, ask, fresh
from tests.pipeline.overruling import DENIED, WHY, activated, agreed, denied, fork_of, overriders, requested
from tests.pipeline.returning import approved, restored, types


def test_the_denied_run_stays_and_its_fork_publishes_once_a_person_approved(quick: Stage) -> None:
    run, two = denied(quick), overriders(quick)
    assert (run.state, run.decision, run.reason) == ("COMPLETED", "REFUSE", "consensus:hard_deny:compliance")
    before = Run.objects.filter(pk=run.pk).values().get()
    fork = fork_of(agreed(run, by=two))
    assert (fork.state, fork.decision) == ("DECISION", "ESCALATE")
    assert fork.approvals.get().reasons == ["consensus:overridden:compliance", "consensus:people_required:1"]
    assert "compliance:DENY" in Review.objects.get(run=fork.pk).dissent
    fork = approved(quick, fork)
    assert (fork.state, fork.decision) == ("COMPLETED", "PUBLISH")
    assert records.read_run(fork.pk, actor=quick.actors["grace"], via="api").answer is not None
    assert Run.objects.filter(pk=run.pk).values().get() == before


def test_every_step_is_in_the_ledger_with_what_was_denied_and_no_text(quick: Stage) -> None:
    run, two = denied(quick), overriders(quick)
    override = agreed(run, by=two)
    fork = fork_of(override)
    asked, given = (e for e in ledger.read_run(run.pk, limit=50) if e.type.startswith("override."))
    assert (asked.type, asked.actor, given.type, given.actor) == (
        "override.requested",
        str(two[0]),
        "override.approved",
        str(two[1]),
    )
    assert asked.data["denial"] == override.plan["denial"]
    assert override.plan["denial"]["rules"] == {"compliance": ["ecoa.adverse_action", "med.disclaimer"]}
    assert set(override.plan["denial"]["parts"]) == {"run", "answer", "claims", "arguments", "policy", "material"}
    assert (asked.data["binding"], given.data["binding"]) == (override.binding, override.binding)
    first = ledger.read_run(fork.pk, limit=1)[0]
    assert (first.data["denial"], first.data["restore"]) == (override.plan["denial"], str(override.pk))
    assert WHY not in str([entry.data for entry in (asked, given, first)])
    assert list(ledger.check_chains()) == []


def test_a_word_and_its_entry_are_kept_together_or_not_at_all(quick: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("disk")

    run, two = denied(quick), overriders(quick)
    override = requested(run, by=two[0])
    before = types(run)
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "append", broken)
        with pytest.raises(OSError, match="disk"):
            restoring.approve(override.pk, actor=two[1], reason=WHY, seen=override.binding)
    assert (Restore.objects.get().state, types(run)) == ("PENDING", before)


def test_the_forks_decision_is_computed_again_to_the_bit(quick: Stage) -> None:
    fork = fork_of(agreed(denied(quick), by=overriders(quick)))
    assert [known.cannot or known.differences for known in replay([fork.pk])] == [()]


def test_what_another_guardian_says_still_counts_at_low_stakes_too(quick: Stage) -> None:
    fork = fork_of(agreed(denied(quick, stakes="LOW"), by=overriders(quick)))
    assert (fork.state, fork.decision) == ("DECISION", "ESCALATE")


def test_an_effect_of_the_fork_waits_for_the_approval(quick: Stage) -> None:
    case = {**CASES["c"], "facts": DENIED["facts"]}
    run, two = denied(quick, **case), overriders(quick)
    assert [(run.decision, action.state) for action in run.actions.all()] == [("REFUSE", "PROPOSED")]
    fork = fork_of(agreed(run, by=two))
    assert [(fork.decision, action.state) for action in fork.actions.all()] == [("ESCALATE", "PROPOSED")]
    assert approved(quick, fork).actions.get().state == "DONE"


# Who


def test_the_second_person_is_another_one(quick: Stage) -> None:
    first, _ = overriders(quick)
    override = requested(denied(quick), by=first)
    with pytest.raises(OwnRequest, match="somebody else"):
        restoring.approve(override.pk, actor=first, reason=WHY, seen=override.binding)


def test_a_key_of_the_first_person_is_no_second_one(quick: Stage) -> None:
    first, _ = overriders(quick)
    override = requested(denied(quick), by=first)
    key = create_key(name="robot", scopes=["denials:override"], actor=first).key
    robot = type(first)(type(first.kind)("key"), key.prefix, first.workspace, frozenset(key.scopes))
    with pytest.raises(OwnRequest, match="somebody else"):
        restoring.approve(override.pk, actor=robot, reason=WHY, seen=override.binding)
    assert ApiKey.objects.count() == 1


def test_whoever_requested_the_run_is_neither_of_the_two(quick: Stage) -> None:
    run, two = denied(quick), overriders(quick)
    grace = type(two[0])(two[0].kind, quick.actors["grace"].id, two[0].workspace, two[0].scopes)
    with pytest.raises(OwnRequest, match="you requested this run"):
        restoring.request_override(run.pk, actor=grace, reason=WHY, seen="0" * 64)
    override = requested(run, by=two[0])
    with pytest.raises(OwnRequest, match="you requested this run"):
        restoring.approve(override.pk, actor=grace, reason=WHY, seen=override.binding)
    assert Restore.objects.get().state == "PENDING"


def test_whoever_requested_the_denied_run_does_not_approve_its_fork(quick: Stage) -> None:
    fork = fork_of(agreed(denied(quick), by=overriders(quick)))
    approval, grace = fork.approvals.get(), quick.actors["grace"]
    able = type(grace)(grace.kind, grace.id, grace.workspace, grace.scopes | {"approvals:decide"})
    with pytest.raises(OwnRequest, match="a run that this one stems from"):
        runs.approve(approval.pk, actor=able, reason=WHY, seen=approval.binding)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OVERRIDER])
def test_no_other_role_overrides(quick: Stage, role: Role) -> None:
    run, two = denied(quick), overriders(quick)
    other = person("somebody", quick.workspace, role).actor
    with pytest.raises(NotAllowed, match="denials:override is needed"):
        restoring.request_override(run.pk, actor=other, reason=WHY, seen="0" * 64)
    override = requested(run, by=two[0])
    for verb in (restoring.approve, restoring.reject):
        with pytest.raises(NotAllowed, match="denials:override is needed"):
            verb(override.pk, actor=other, reason=WHY, seen=override.binding)


def test_an_overrider_approves_no_other_restore_and_no_run(quick: Stage) -> None:
    two, run = overriders(quick), ask(quick, CASES["c"])
    approval = run.approvals.get()
    with pytest.raises(NotAllowed, match="approvals:decide is needed"):
        runs.approve(approval.pk, actor=two[1], reason=WHY, seen=approval.binding)


def test_another_workspace_finds_neither_run_nor_override(quick: Stage) -> None:
    run, two = denied(quick), overriders(quick)
    override = requested(run, by=two[0])
    elsewhere = Workspace.objects.create(slug="elsewhere", name="Elsewhere")
    eve = person("mallory", elsewhere, Role.OVERRIDER).actor
    with pytest.raises(NotFound):
        restoring.dry_override(run.pk, actor=eve)
    with pytest.raises(NotFound):
        restoring.request_override(run.pk, actor=eve, reason=WHY, seen="0" * 64)
    with pytest.raises(NotFound):
        restoring.approve(override.pk, actor=eve, reason=WHY, seen=override.binding)


def test_the_database_takes_no_override_without_a_second_person(quick: Stage) -> None:
    requested(denied(quick), by=overriders(quick)[0])
    with pytest.raises(IntegrityError, match="overrides_are_two_peoples"), connection.cursor() as cursor:
        cursor.execute("UPDATE orchestration_restore SET state = 'APPROVED', decided_by = requested_by")


# What, and how long


def test_a_reason_has_to_say_something(quick: Stage) -> None:
    run, two = denied(quick), overriders(quick)
    with pytest.raises(Invalid, match="at least 10 are needed"):
        restoring.request_override(run.pk, actor=two[0], reason="because", seen="0" * 64)


def test_what_was_not_seen_is_not_overridden(quick: Stage) -> None:
    run, two = denied(quick), overriders(quick)
    with pytest.raises(RestoreChanged, match="reload"):
        restoring.request_override(run.pk, actor=two[0], reason=WHY, seen="0" * 64)
    override = requested(run, by=two[0])
    with pytest.raises(RestoreChanged, match="reload"):
        restoring.approve(override.pk, actor=two[1], reason=WHY, seen="0" * 64)


@pytest.mark.parametrize(
    ("case", "message"), [("a", "COMPLETED PUBLISH; only a run"), ("c", "DECISION ESCALATE; only")]
)
def test_a_run_that_was_not_refused_is_not_overridden(quick: Stage, case: str, message: str) -> None:
    run, two = ask(quick, CASES[case]), overriders(quick)
    with pytest.raises(Conflict, match=message):
        restoring.dry_override(run.pk, actor=two[0])


def test_a_run_that_a_person_rejected_is_not_overridden(quick: Stage) -> None:
    run, two = ask(quick, CASES["c"]), overriders(quick)
    approval = run.approvals.get()
    runs.reject(approval.pk, actor=quick.actors["alan"], reason=WHY, seen=approval.binding)
    driver.advance(run.pk)
    with pytest.raises(Conflict, match="no hard denial refused run"):
        restoring.dry_override(run.pk, actor=two[0])


def test_where_nothing_is_proven_there_is_nothing_to_override(quick: Stage) -> None:
    run, two = denied(quick, kind="verify", answer="The moon is made of green cheese."), overriders(quick)
    with pytest.raises(Conflict, match="an override would publish nothing"):
        restoring.dry_override(run.pk, actor=two[0])


def test_a_rule_without_an_answer_is_mended_and_not_overridden(quick: Stage) -> None:
    activated(quick, HOUSE.replace("request.lawful_basis == 'consent'", "1 / subject.age == 5"))
    run, two = ask(quick, CASES["a"]), overriders(quick)
    with pytest.raises(Conflict, match="a rule gave no answer"):
        restoring.dry_override(run.pk, actor=two[0])


def test_an_erased_run_is_not_overridden(quick: Stage) -> None:
    run, two = denied(quick), overriders(quick)
    DataKey.objects.filter(run=run).delete()
    with pytest.raises(keys.KeyUnavailable):
        restoring.dry_override(run.pk, actor=two[0])


def test_evidence_that_was_changed_since_is_not_overridden_on(quick: Stage) -> None:
    run, two = denied(quick), overriders(quick)
    for document in Document.objects.filter(passages__evidence__claim__bundle__run=run.pk).distinct():
        Document.objects.filter(pk=document.pk).update(text=document.text.replace("a", "b"))
        document.passages.update(text="Something else.")
    with pytest.raises(Conflict, match="not the text that was judged"):
        restoring.dry_override(run.pk, actor=two[0])


def test_an_override_is_good_for_one_fork(quick: Stage) -> None:
    override = agreed(denied(quick), by=overriders(quick))
    fork = fork_of(override)
    restorer.carry_out(override.pk)
    assert Run.objects.filter(parent=override.run_id).count() == 1
    runs.cancel(fork.pk, actor=quick.actors["grace"])
    again = restored(quick, fresh(fork), "gate").fork
    assert again is not None
    driver.advance(again.pk)
    assert (fresh(again).decision, fresh(again).reason) == ("REFUSE", "consensus:hard_deny:compliance")


def test_an_override_that_nobody_decides_expires(quick: Stage) -> None:
    run, two = denied(quick), overriders(quick)
    override = requested(run, by=two[0])
    Restore.objects.update(expires_at=now() - dt.timedelta(seconds=1))
    with pytest.raises(Conflict, match="ask for it again"):
        restoring.approve(override.pk, actor=two[1], reason=WHY, seen=override.binding)
    assert restoring.expire_due(actor=SYSTEM) == 1
    assert types(run)[-1] == "override.expired"


def test_a_rejected_override_leaves_the_denial_and_another_may_be_asked_for(quick: Stage) -> None:
    run, two = denied(quick), overriders(quick)
    override = requested(run, by=two[0])
    with pytest.raises(Conflict, match="decide it before asking"):
        requested(run, by=two[1])
    restoring.reject(override.pk, actor=two[1], reason=WHY, seen=override.binding)
    restorer.carry_out(override.pk)
    assert (types(run)[-1], Run.objects.filter(parent=run).count()) == ("override.rejected", 0)
    assert requested(run, by=two[1]).state == "PENDING"


# In the fork nothing but that denial falls


def test_under_another_policy_the_denial_stands(quick: Stage) -> None:
    override = agreed(denied(quick), by=overriders(quick))
    activated(quick, HOUSE)
    fork = fork_of(override)
    assert (fork.decision, fork.reason) == ("REFUSE", "consensus:hard_deny:compliance")


def test_a_rule_that_was_not_shown_still_denies(quick: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    override = agreed(denied(quick), by=overriders(quick))
    restorer.carry_out(override.pk)
    stranger = Finding("harm.weapon", "HARM", Part.REQUEST, "request", Span(0, 3), 1.0)
    monkeypatch.setattr(Safety, "review", lambda self, shown: voted(self, shown, Ballot.DENY, [stranger], hard=True))
    fork = Restore.objects.get(pk=override.pk).fork
    assert fork is not None
    driver.advance(fork.pk)
    assert fresh(fork).reason == "consensus:hard_deny:safety; consensus:overridden:compliance"


@pytest.mark.parametrize("change", ["plan", "key"])
def test_where_the_record_of_the_two_words_is_not_whole_the_denial_stands(quick: Stage, change: str) -> None:
    override = agreed(denied(quick), by=overriders(quick))
    restorer.carry_out(override.pk)
    known = Restore.objects.get(pk=override.pk)
    if change == "plan":
        known.plan["denial"]["rules"]["safety"] = ["harm.weapon"]
        known.save()
    else:
        DataKey.objects.filter(run=override.run_id).delete()
    assert known.fork is not None
    driver.advance(known.fork.pk)
    assert fresh(known.fork).reason == "consensus:hard_deny:compliance"


def test_another_answer_than_the_one_that_was_seen_is_denied(quick: Stage) -> None:
    override = agreed(denied(quick), by=overriders(quick))
    restorer.carry_out(override.pk)
    fork = Run.objects.get(parent=override.run_id)
    heard = overriding.votes_on(override.run, key=keys.load(override.run.key_id))
    policy = override.plan["denial"]["parts"]["policy"]
    answer = open_text(keys.load(fork.key_id), fork.drafts.get(), "text_sealed")
    assert overriding.lifted(fork, heard, answer=answer, policy_hash=policy) == ("compliance",)
    assert overriding.lifted(fork, heard, answer=f"{answer} ", policy_hash=policy) == ()
    assert overriding.lifted(override.run, heard, answer=answer, policy_hash=policy) == ()
