"""A run is read in clear only with an access entry, and its lineage holds no text at all."""

import json
from dataclasses import replace
from typing import Any

import pytest

from audit import keys
from audit.errors import NotAllowed, NotFound
from audit.fields import seal_text
from audit.ids import new_id
from audit.models import DataKey, Entry
from audit.vault import SealError
from evidence.models import Claim, ClaimBundle, Evidence, Passage
from guardians.models import Review, Vote
from orchestration import lineage, records, runs
from orchestration.models import Action, Draft, Run, ToolCall
from orchestration.records import ReadRun
from orchestration.states import RunState
from tests.conftest import Person
from tests.orchestration.rows import BINDING, QUESTION, REASON, bring, fresh, submitted, tool, waiting

ANSWER = {"text": "Five days. [1]", "sentences": [], "citations": []}
TEXTS = ("Five days, says the leaflet.", "Five days", "The leaflet says so.", "Warfarin: five days.", "queue")


def sealed(row: Any, run: Run, **texts: str) -> Any:
    for column, text in texts.items():
        seal_text(keys.load(run.key_id), row, column, text)
    row.save(force_insert=True)
    return row


def full(who: Person) -> Run:
    """Return a completed run with one of everything."""
    run = submitted(who.actor)
    for revision in (0, 1):
        draft = Draft(run=run, revision=revision, provider="scripted", model="m")
        sealed(draft, run, text_sealed=TEXTS[0] if revision else "Four days.")
        judged(run, revision)
    known = tool(run.workspace)
    call = ToolCall(run=run, tool=known, definition_hash="d" * 64, elapsed_us=5)
    sealed(call, run, arguments_sealed=json.dumps({"query": "masked"}), result_sealed="found")
    sealed(ToolCall(run=run, tool=known, definition_hash="d", fault="TIMEOUT"), run, arguments_sealed="{}")
    action = Action(run=run, tool=known, ordinal=0, tier=1, definition_hash="d" * 64)
    action.arguments_digest, action.idempotency_key = "a" * 64, new_id().hex
    sealed(action, run, arguments_sealed=json.dumps({"queue": TEXTS[4]}))
    seal_text(keys.load(run.key_id), run, "question_sealed", "masked")
    seal_text(keys.load(run.key_id), run, "answer_sealed", json.dumps(ANSWER))
    Run.objects.filter(pk=run.pk).update(question_sealed=run.question_sealed, answer_sealed=run.answer_sealed)
    return fresh(run)


def judged(run: Run, revision: int) -> None:
    bundle = ClaimBundle.objects.create(run=run.pk, revision=revision, outcome="ALL_SUPPORTED", score=1)
    claim = Claim(bundle=bundle, key_id=run.key_id, ordinal=0, state="SUPPORTED", verdict="SUPPORTED", kind="FACT")
    claim.start, claim.end, claim.score, claim.reason = 0, 9, 1.0, "SUPPORTED"
    sealed(claim, run, text_sealed=TEXTS[1], why_sealed=TEXTS[2])
    passage = Passage(run=run.pk, origin="leaflet", end=20, sha256="f" * 64)
    sealed(passage, run, text_sealed=TEXTS[3])
    found = Evidence(claim=claim, passage=passage, passage_sha256="f" * 64, stance="SUPPORTS", score=1, rule="MATCH")
    found.claim_start, found.claim_end, found.passage_start, found.passage_end = 0, 9, 10, 19
    found.save()
    Evidence.objects.create(
        claim=claim, passage=passage, passage_sha256="f" * 64, stance="NEUTRAL", score=0, rule="TOPIC",
        claim_start=0, claim_end=1, passage_start=0, passage_end=1,
    )  # fmt: skip
    if revision:
        claim.publish()
        claim.save()
    review = Review.objects.create(run=run.pk, revision=revision, stakes="MEDIUM", ballot="ALLOW", rule="all")
    Vote.objects.create(
        review=review, guardian="safety", ballot="ALLOW", basis="DETERMINISTIC", hard=False, score=0, elapsed_us=1
    )


def read(run: Run, who: Person) -> ReadRun:
    return records.read_run(run.pk, actor=who.actor, via="api")


def test_a_run_is_read_with_all_its_texts(grace: Person) -> None:
    found = read(full(grace), grace)
    assert (found.request["question"], found.masked_question, found.draft) == (QUESTION, "masked", TEXTS[0])
    assert [(claim.text, claim.why, claim.state) for claim in found.claims] == [(TEXTS[1], TEXTS[2], "PUBLISHED")]
    assert found.claims[0].evidence[0].text == TEXTS[3]


def test_the_calls_and_actions_of_a_run_are_read(grace: Person) -> None:
    found = read(full(grace), grace)
    assert [(call.fault, call.result) for call in found.calls] == [("", "found"), ("TIMEOUT", "")]
    assert (found.actions[0].tool, found.actions[0].arguments) == ("desk/search_corpus", {"queue": "queue"})
    assert found.actions[0].result == ""


def test_the_reviews_come_newest_first(grace: Person) -> None:
    assert [review.revision for review in read(full(grace), grace).reviews] == [1, 0]


def test_what_people_said_is_read(grace: Person, alan: Person) -> None:
    approval = waiting(submitted(grace.actor))
    runs.approve(approval.pk, actor=alan.actor, reason=REASON, seen=BINDING)
    found = read(approval.run, grace)
    assert [(word.actor, word.approve, word.reason) for word in found.words] == [(str(alan.actor), True, REASON)]
    assert [row.pk for row in found.approvals] == [approval.pk]


def test_a_run_that_has_just_begun_can_be_read(grace: Person) -> None:
    found = read(submitted(grace.actor), grace)
    assert (found.masked_question, found.draft, found.answer, found.claims) == ("", "", None, ())


def test_the_answer_is_acknowledged_only_when_the_run_is_completed(grace: Person) -> None:
    run = full(grace)
    assert read(run, grace).answer is None
    bring(run, RunState.COMPLETED)
    assert read(run, grace).answer == ANSWER


def test_every_reading_has_its_entry(grace: Person) -> None:
    run = submitted(grace.actor)
    read(run, grace)
    entry = Entry.objects.get(type="text.read")
    assert (entry.run, entry.actor) == (run.pk, str(grace.actor))
    assert b'"via":"api"' in bytes(entry.body)


def test_a_reading_that_fails_was_still_recorded_before(grace: Person) -> None:
    run = submitted(grace.actor)
    DataKey.objects.all().delete()
    with pytest.raises(keys.KeyUnavailable, match="no longer exists"):
        read(run, grace)
    assert Entry.objects.filter(type="text.read", run=run.pk).count() == 1


def test_a_changed_text_is_refused_and_its_row_named(grace: Person) -> None:
    run = submitted(grace.actor)
    changed = bytearray(run.request_sealed)
    changed[40] ^= 1
    Run.objects.filter(pk=run.pk).update(request_sealed=bytes(changed))
    with pytest.raises(SealError, match=f"request_sealed of row {run.pk}"):
        read(run, grace)


def test_a_run_of_another_workspace_is_not_read_and_leaves_no_entry(grace: Person, mallory: Person) -> None:
    run = submitted(grace.actor)
    with pytest.raises(NotFound):
        read(run, mallory)
    assert not Entry.objects.filter(type="text.read").exists()


def test_who_may_not_read_reads_nothing(grace: Person) -> None:
    writer = Person(grace.user, replace(grace.actor, scopes=frozenset({"runs:write"})))
    with pytest.raises(NotAllowed):
        read(submitted(grace.actor), writer)


# Lineage


def graph(run: Run) -> dict[str, Any]:
    return lineage.of_run(run).document()


def edges(run: Run) -> set[tuple[str, str, str]]:
    kinds = ("draft", "answer", "request")
    found = [(e["source"], e["relation"], e["target"]) for e in graph(run)["edges"]]
    return {tuple(part if part.startswith(kinds) else part.partition(":")[0] for part in edge) for edge in found}


def test_the_lineage_of_a_new_run_leads_from_the_request_to_the_answer(grace: Person) -> None:
    assert [node["kind"] for node in graph(submitted(grace.actor))["nodes"]] == ["request", "answer"]


def test_the_lineage_joins_each_claim_and_review_to_its_own_draft(grace: Person) -> None:
    run = full(grace)
    assert edges(run) >= {
        (f"request:{run.pk}", "led_to", "draft:0"),
        ("draft:0", "led_to", "draft:1"),
        ("draft:0", "states", "claim"),
        ("draft:1", "states", "claim"),
        ("draft:0", "reviewed_by", "review"),
        ("draft:1", "reviewed_by", "review"),
        ("passage", "supports", "claim"),
        ("claim", "published_in", f"answer:{run.pk}"),
        ("vote", "counted_in", "review"),
        ("draft:1", "asked_for", "action"),
        (f"request:{run.pk}", "asked", "call"),
    }


def test_the_lineage_names_who_decided(grace: Person, alan: Person) -> None:
    approval = waiting(full(grace))
    runs.approve(approval.pk, actor=alan.actor, reason=REASON, seen=BINDING)
    [node] = [node for node in graph(approval.run)["nodes"] if node["kind"] == "approval"]
    assert node["people"] == [{"actor": str(alan.actor), "approve": True}]


def test_every_end_of_an_edge_is_a_node(grace: Person) -> None:
    document = graph(waiting(full(grace)).run)
    ids = [node["id"] for node in document["nodes"]]
    assert len(ids) == len(set(ids))
    assert {edge[end] for edge in document["edges"] for end in ("source", "target")} <= set(ids)


def test_the_lineage_holds_no_text(grace: Person) -> None:
    shown = json.dumps(graph(full(grace)))
    assert not [text for text in (*TEXTS[:4], QUESTION, "masked", "found") if text in shown]
