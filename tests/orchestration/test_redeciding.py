"""A stored decision comes out again to the bit, from what was kept and nobody asked; and so it would under others."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit import keys
from audit.stakes import Stakes
from evidence import gate as evidence_gate
from guardians import activating, models, packfile, packs, records
from guardians.consensus import DEFAULT_CONSENSUS, ConsensusPolicy
from guardians.guardian import Ballot
from guardians.models import Review
from guardians.packfile import Pack
from orchestration.engine import bench, driver
from orchestration.engine.redeciding import CannotReplay, Policy, Replayed, decided_since, policy_named, replay
from orchestration.models import Run
from tests.conftest import Person
from tests.orchestration.rows import fresh, submitted

pytestmark = pytest.mark.usefixtures("committed")

LEAFLET = "Warfarin is stopped 5 days before surgery. Write to Mr. Alan Whitfield at alan@example.org."


@pytest.fixture
def judged(grace: Person) -> Callable[..., Run]:
    bench.close()

    def drive(**fields: Any) -> Run:
        leaflet = [{"source": "leaflet", "text": fields.pop("text", LEAFLET)}]
        run = submitted(grace.actor, **{"stakes": "MEDIUM", "passages": leaflet, **fields})
        driver.advance(run.pk)
        return fresh(run)

    return drive


def again(run: Run, under: Policy | None = None) -> Replayed:
    (known,) = replay([run.pk], under=under)
    return known


def policy(**changes: Any) -> Policy:
    known: ConsensusPolicy = replace(DEFAULT_CONSENSUS, **changes)
    return Policy(known, bench.parts().packs)


def told(name: str, *arguments: object) -> str:
    out = io.StringIO()
    call_command(name, *map(str, arguments), stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.mark.parametrize("stakes", Stakes)
def test_a_decision_comes_out_again_as_it_is_on_record(judged: Callable[..., Run], stakes: Stakes) -> None:
    run = judged(stakes=stakes.value)
    assert run.decision
    assert again(run) == Replayed(run.pk)
    assert told("replay_decision", run.pk) == f"Run {run.pk} comes out as it is on record.\n"


def test_no_guardian_and_no_gate_is_asked_again(judged: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    run = judged()
    for name in ("safety.Safety", "privacy.Privacy", "compliance.Compliance"):
        monkeypatch.setattr(f"guardians.{name}.review", None)
    monkeypatch.setattr(evidence_gate, "judge", None)
    assert again(run) == Replayed(run.pk)


def test_both_rounds_of_a_redacted_answer_are_kept(judged: Callable[..., Run]) -> None:
    run = judged(question="Where can Mr. Alan Whitfield be written to?")
    review = Review.objects.get(run=run.pk)
    heard = records.open_heard(review, key=bench_key(run))
    assert heard is not None
    assert review.ballot == "ALLOW_WITH_REDACTION"
    assert [vote.guardian for vote in heard[0].second.votes] == ["safety", "privacy", "compliance"]  # type: ignore[union-attr]
    assert again(run) == Replayed(run.pk)


def bench_key(run: Run) -> Any:
    return keys.load(run.key_id)


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_a_review_that_was_changed_does_not_come_out(judged: Callable[..., Run]) -> None:
    run = judged()
    sql("UPDATE guardians_review SET ballot = 'DENY', needs_people = 7 WHERE run = %s", run.pk)
    assert [text.partition(":")[0] for text in again(run).differences] == ["review", "review's people"]
    with pytest.raises(CommandError, match="does not come out as it is on record"):
        told("replay_decision", run.pk)


def test_votes_that_were_swapped_for_others_under_the_same_key_are_not_the_ledgers(judged: Callable[..., Run]) -> None:
    run = judged()
    key, review = bench_key(run), Review.objects.get(run=run.pk)
    heard = records.open_heard(review, key=key)
    assert heard is not None
    first = heard[0].first
    harsher = tuple(replace(vote, ballot=Ballot.DENY, hard=True) for vote in first.votes)
    records.seal_heard(review, replace(heard[0], first=replace(first, votes=harsher)), key=key)
    review.save()
    differences = again(run).differences
    assert differences[:2] == (
        "record: what is stored is not what the ledger names",
        f"decision: {run.decision} -> REFUSE",
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            "UPDATE guardians_review SET heard_sealed = NULL WHERE run = %s",
            "did not keep all that a decision is made of",
        ),
        (
            "UPDATE guardians_review SET shown_sealed = NULL WHERE run = %s",
            "did not keep all that a decision is made of",
        ),
        ("UPDATE guardians_review SET heard_sealed = shown_sealed WHERE run = %s", "what was kept of it was changed"),
        (
            "DELETE FROM audit_datakey WHERE id = (SELECT key_id FROM orchestration_run WHERE id = %s)",
            "its key is not available",
        ),
    ],
)
def test_what_cannot_be_computed_again_says_why(judged: Callable[..., Run], change: str, reason: str) -> None:
    run = judged()
    sql(change, run.pk)
    assert reason in again(run).cannot
    with pytest.raises(CommandError, match=f"run {run.pk} cannot be replayed: "):
        told("replay_decision", run.pk)


def test_a_run_that_was_not_decided_cannot_be_replayed(grace: Person) -> None:
    assert again(submitted(grace.actor)).cannot == "it has not been decided"


def test_another_consensus_policy_shows_what_would_change(judged: Callable[..., Run]) -> None:
    run = judged()
    required = {**DEFAULT_CONSENSUS.required, Stakes.MEDIUM: ("safety", "privacy", "compliance", "tone")}
    assert again(run, policy(required=required)).differences == (
        f"decision: {run.decision} -> ESCALATE",
        f"reasons: gate:{outcome(run)} -> consensus:people_required:1, consensus:required_guardian_abstained:tone",
        "people: 0 -> 1",
        "consensus: ALLOW -> ESCALATE",
        "consensus reasons: none -> people_required:1, required_guardian_abstained:tone",
        "dissent: none -> compliance:ALLOW, privacy:ALLOW, safety:ALLOW",
    )


def outcome(run: Run) -> str:
    return {"PUBLISH": "ALL_SUPPORTED", "PUBLISH_PARTIAL": "SOME_WITHHELD"}[run.decision]


def test_the_policy_in_force_is_on_record_with_its_packs_and_changes_nothing(judged: Callable[..., Run]) -> None:
    run = judged()
    known = bench.parts()
    stored = policy_named(known.policy_hash[:12])
    assert (stored.consensus, stored.packs.hash) == (known.consensus, known.packs.hash)
    assert "would be decided the same" in told("replay_decision", run.pk, "--policy", known.policy_hash)


def test_other_packs_are_asked_about_the_recorded_facts(judged: Callable[..., Run]) -> None:
    run = judged(facts={"jurisdiction": "EU", "lawful_basis": "consent"})
    mine = bench.parts().packs
    strict = [pack_with(pack, "true") if pack.name == "medical" else pack for pack in mine.packs]
    other = packs.assembled(strict)
    activating.register(other)
    content = models.Policy.objects.get(pk=bench.parts().policy_hash).content
    models.Policy.objects.create(hash="e" * 64, content={**content, "packs": other.hash})
    assert f"decision: {run.decision} -> REFUSE" in told("replay_decision", run.pk, "--policy", "e" * 64)


def pack_with(pack: Pack, condition: str) -> Pack:
    """Return a pack with one rule more, which denies."""
    rules: Any = pack.content["rules"]
    rule = {**rules[0], "id": "med.more", "when": condition, "effect": "deny"}
    return packfile.pack_of({**pack.content, "rules": [*rules, rule]}, place=pack.name)


@pytest.mark.parametrize(
    ("named", "reason"), [("zz", "is no policy hash"), ("0" * 64, "no policy begins so; the newest are ")]
)
def test_a_policy_that_is_not_known_is_named_with_its_cure(judged: Callable[..., Run], named: str, reason: str) -> None:
    judged()
    with pytest.raises(CannotReplay, match=reason):
        policy_named(named)


def test_packs_that_are_no_longer_kept_are_named(judged: Callable[..., Run]) -> None:
    judged()
    content = models.Policy.objects.get(pk=bench.parts().policy_hash).content
    models.Policy.objects.create(hash="d" * 64, content={**content, "packs": "c" * 64})
    with pytest.raises(CannotReplay, match="its packs cannot be had: no policy packs with the hash c"):
        policy_named("d" * 64)


def test_decisions_are_read_in_groups(judged: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.engine.redeciding.GROUP", 1)
    runs = [judged().pk, judged().pk]
    total, groups = decided_since(Run.objects.get(pk=runs[0]).created_at)
    assert (total, list(groups)) == (2, [[runs[0]], [runs[1]]])
