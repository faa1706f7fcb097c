"""A version of a pack judges runs once two people agreed, and before that shows what it would have changed."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from audit.access import workspace_of
from audit.canonical import parse
from audit.errors import Invalid, NotAllowed, NotFound
from audit.models import Entry
from audit.stakes import Stakes
from guardians.models import Review, Vote
from orchestration import trials
from orchestration.engine import bench, driver, policies
from orchestration.models import PackTrial, Run
from tests.conftest import Person
from tests.guardians.packing import HOUSE, activated, drafted
from tests.orchestration.rows import fresh, submitted

pytestmark = pytest.mark.usefixtures("committed")

LEAFLET = "Warfarin is stopped 5 days before surgery."


def judged(who: Person, **facts: object) -> Run:
    run = submitted(who.actor, passages=[{"source": "leaflet", "text": LEAFLET}], facts=facts)
    driver.advance(run.pk)
    return fresh(run)


def ended(trial: PackTrial) -> PackTrial:
    while trials.step(trial.pk):
        pass
    return PackTrial.objects.get(pk=trial.pk)


def test_a_pack_in_force_judges_the_runs_of_its_workspace(ada: Person, alan: Person, grace: Person) -> None:
    before = judged(grace, lawful_basis="consent")
    activated(ada, alan)
    after = judged(grace, lawful_basis="consent")
    assert (before.decision, after.decision) == ("PUBLISH", "REFUSE")
    assert before.policy_hash == bench.parts().policy_hash != after.policy_hash
    vote = Vote.objects.get(review__run=after.pk, guardian="compliance")
    assert (vote.ballot, vote.findings.filter(rule="house.consent").count()) == ("DENY", 1)


def test_what_a_run_waits_with_is_void_once_packs_change(ada: Person, alan: Person) -> None:
    def hash_now() -> str:
        return policies.of_workspace(bench.parts(), workspace_of(ada.actor)).policy_hash

    before = hash_now()
    activated(ada, alan)
    assert hash_now() != before


def test_a_trial_counts_and_lists_the_decisions_that_would_change(ada: Person, grace: Person) -> None:
    consenting, other = judged(grace, lawful_basis="consent"), judged(grace)
    trial = ended(trials.ask(drafted(ada).pk, actor=ada.actor))
    assert (trial.done, trial.changed, trial.unknown, trial.fault) == (2, 1, 0, "")
    assert trial.changes == [
        {
            "run": str(consenting.pk),
            "before": "PUBLISH (ALLOW)",
            "after": "REFUSE (DENY)",
            "rules": ["house.consent"],
        }
    ]
    assert fresh(other).decision == "PUBLISH"


def test_a_trial_goes_on_in_steps_and_sees_every_decision_once(
    ada: Person, grace: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = {str(judged(grace, lawful_basis="consent").pk) for _ in range(3)}
    monkeypatch.setattr(trials, "TOGETHER", 1)
    trial = trials.ask(drafted(ada).pk, actor=ada.actor)
    assert trials.step(trial.pk)
    assert PackTrial.objects.get(pk=trial.pk).done == 1
    done = ended(trial)
    assert (done.done, done.changed) == (3, 3)
    assert {change["run"] for change in done.changes} == runs


def test_a_version_that_changes_nothing_changes_no_outcome(ada: Person, grace: Person) -> None:
    judged(grace, lawful_basis="consent")
    version = drafted(ada, HOUSE.replace("'consent'", "'contract'"))
    trial = ended(trials.ask(version.pk, actor=ada.actor))
    assert (trial.done, trial.changed) == (1, 0)


def test_a_rule_that_begins_later_is_tried_as_of_that_day(ada: Person, grace: Person) -> None:
    judged(grace, lawful_basis="consent")
    version = drafted(ada, HOUSE.replace("2026-01-01", "2099-01-01"))
    trial = ended(trials.ask(version.pk, actor=ada.actor))
    assert (trial.on, trial.changed) == (dt.date(2099, 1, 1), 1)


@pytest.mark.parametrize("column", ["shown_sealed", "heard_sealed"])
def test_decisions_whose_facts_were_not_kept_are_counted_as_unknown(ada: Person, grace: Person, column: str) -> None:
    judged(grace, lawful_basis="consent")
    Review.objects.update(**{column: None})
    trial = ended(trials.ask(drafted(ada).pk, actor=ada.actor))
    assert (trial.done, trial.changed, trial.unknown) == (1, 0, 1)


def test_a_decision_is_looked_at_under_the_consensus_that_was_in_force(
    ada: Person, grace: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = bench.parts()
    stricter = replace(known.consensus, required=dict.fromkeys(Stakes, ("safety", "privacy", "compliance", "tone")))
    monkeypatch.setattr(driver, "parts", lambda: replace(known, consensus=stricter))
    run = judged(grace, lawful_basis="consent")
    trial = ended(trials.ask(drafted(ada).pk, actor=ada.actor))
    assert run.decision == "ESCALATE"
    assert [(change["before"], change["after"]) for change in trial.changes] == [
        ("ESCALATE (ESCALATE)", "REFUSE (DENY)")
    ]


def test_who_tried_what_on_how_many_decisions_is_in_the_ledger(ada: Person, grace: Person) -> None:
    judged(grace, lawful_basis="consent")
    version = drafted(ada)
    trial = ended(trials.ask(version.pk, actor=ada.actor))
    entry = Entry.objects.get(type="policy.tried", workspace=trial.workspace_id)
    known: Any = parse(bytes(entry.body))
    assert (entry.workspace, entry.chain) == (trial.workspace_id, f"workspace:{trial.workspace_id}")
    assert known["data"] == {
        "trial": str(trial.pk),
        "asked_by": str(ada.actor),
        "version": str(version.pk),
        "pack": version.name,
        "hash": version.hash,
        "packs": trial.hash,
        "on": trial.on.isoformat(),
        "decisions": 1,
        "changed": 1,
        "unknown": 0,
        "complete": True,
    }


def test_a_trial_ends_when_the_packs_beside_it_change(ada: Person, alan: Person, grace: Person) -> None:
    judged(grace)
    trial = trials.ask(drafted(ada).pk, actor=ada.actor)
    activated(ada, alan, HOUSE.replace("house", "other"))
    assert "changed meanwhile" in ended(trial).fault
    known: Any = parse(bytes(Entry.objects.get(type="policy.tried", workspace=trial.workspace_id).body))
    assert (known["data"]["decisions"], known["data"]["complete"]) == (0, False)


def test_a_trial_is_of_its_workspace_and_for_those_who_may(ada: Person, grace: Person, mallory: Person) -> None:
    version = drafted(ada)
    with pytest.raises(NotFound):
        trials.ask(version.pk, actor=mallory.actor)
    with pytest.raises(NotAllowed):
        trials.ask(version.pk, actor=grace.actor)
    with pytest.raises(Invalid, match="use 1 to 10000"):
        trials.ask(version.pk, actor=ada.actor, limit=0)
