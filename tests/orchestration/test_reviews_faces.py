"""What people and clients read of a review: findings in their texts, rules, dissent, and the line that decided."""

from typing import Any

import pytest

from audit.events import EventType
from audit.models import Entry, Workspace
from audit.roles import Role, Scope
from evidence.models import Passage
from guardians.compliance import NOT_LEGAL_ADVICE
from guardians.models import Finding, Review, Vote
from orchestration.console.findings import Segment, segments, shipped
from orchestration.models import Run
from tests.conftest import Person, person
from tests.evidence.test_documents_api import client_of
from tests.orchestration import scenes
from tests.orchestration.looking import WARFARIN, look

pytestmark = pytest.mark.django_db
QUESTION = "May ada@example.com stop warfarin?"


def reviewed(who: Person) -> tuple[Run, Review]:
    """Return a run on which Privacy alone wants something masked, found in the request and in a passage."""
    run = scenes.completed(who, [WARFARIN], question=QUESTION)
    review = Review.objects.get(run=run.pk)
    review.ballot, review.reasons = "ALLOW_WITH_REDACTION", ["redact:privacy"]
    review.dissent = ["compliance:ALLOW", "safety:ALLOW"]
    review.save()
    vote = vote_of(review, "privacy")
    vote.ballot = "ALLOW_WITH_REDACTION"
    vote.save()
    scenes.found(vote, "REQUEST", "request", QUESTION, "ada@example.com")
    passage = Passage.objects.get(run=run.pk)
    text = WARFARIN.evidence[0].text
    scenes.found(vote, "DOCUMENT", str(passage.pk), text, "five days", rule="privacy.date", kind="DATE")
    return run, review


def vote_of(review: Review, name: str) -> Vote:
    return review.votes.get(guardian=name)


def reviews_of(who: Person, run: Run) -> dict[str, Any]:
    return dict(client_of(who, Scope.RUNS_READ).get(f"/api/v1/runs/{run.pk}/reviews").json())


def privacy_in(told: dict[str, Any]) -> dict[str, Any]:
    return next(vote for vote in told["results"][0]["votes"] if vote["guardian"] == "privacy")


def test_each_finding_is_marked_in_its_text_with_its_rule(grace: Person) -> None:
    run, _ = reviewed(grace)
    shown = look(grace, f"/console/runs/{run.pk}")
    assert "<mark>ada@example.com</mark>" in shown.text
    assert "<mark>five days</mark>" in shown.text
    assert "In the request" in shown.words
    assert "An e-mail address privacy.email EMAIL 99 % sure, characters 4 to 19" in shown.words
    assert "privacy.date DATE 99 %" in shown.words


def test_the_page_says_which_line_decided_and_who_dissents(grace: Person) -> None:
    run, review = reviewed(grace)
    review.ballot, review.reasons = "DENY", ["escalated:safety", "hard_deny:compliance"]
    review.save()
    words = look(grace, f"/console/runs/{run.pk}").words
    assert "Nothing may be published or done." in words
    assert "A fixed rule is a veto: no other vote can outweigh it." in words
    assert (
        "Line 1 decided: A DENY from a deterministic rule marked hard is a veto: DENY, or ESCALATE where two" in words
    )
    assert "1 more reason that does not make it stricter" in words
    assert "The Safety guardian voted to allow" in words


def test_a_rule_of_law_stands_with_its_words_its_citation_and_that_it_is_no_legal_advice(grace: Person) -> None:
    run, review = reviewed(grace)
    version, rules = shipped()
    rule = rules["gdpr.art6.lawful_basis"]
    vote = vote_of(review, "compliance")
    vote.version = version
    vote.save()
    Finding.objects.create(
        vote=vote, rule=rule.id, kind="deny", part="ACTION", ref="gdpr", score=1.0, citation=rule.citation
    )
    words = look(grace, f"/console/runs/{run.pk}").words
    assert rule.says in words
    assert rule.citation in words
    assert NOT_LEGAL_ADVICE in words
    vote.version = "1+another"
    vote.save()
    assert rule.says not in look(grace, f"/console/runs/{run.pk}").words


def test_a_client_reads_the_same_with_the_words_that_were_found(grace: Person) -> None:
    run, _ = reviewed(grace)
    told = reviews_of(grace, run)
    (review,) = told["results"]
    found = {one["rule"]: one for one in privacy_in(told)["findings"]}
    assert (review["outcome"], review["dissent"]) == ("ALLOW_WITH_REDACTION", ["compliance:ALLOW", "safety:ALLOW"])
    assert [(ground["code"], ground["line"], ground["decides"]) for ground in review["grounds"]] == [
        ("redact:privacy", 0, True)
    ]
    assert (found["privacy.email"]["text"], found["privacy.date"]["text"]) == ("ada@example.com", "five days")
    assert QUESTION[slice(*found["privacy.email"]["span"].values())] == "ada@example.com"
    assert told["notice"] == NOT_LEGAL_ADVICE


def test_reading_the_findings_of_a_run_is_on_record(grace: Person) -> None:
    run, _ = reviewed(grace)
    before = Entry.objects.filter(type=EventType.TEXT_READ.value).count()
    reviews_of(grace, run)
    assert Entry.objects.filter(type=EventType.TEXT_READ.value).count() == before + 1


def test_a_passage_of_another_workspace_is_not_shown_whatever_a_finding_names(grace: Person, mallory: Person) -> None:
    theirs, _ = reviewed(mallory)
    foreign = Passage.objects.get(run=theirs.pk)
    run, review = reviewed(grace)
    Finding.objects.filter(vote=vote_of(review, "privacy"), part="DOCUMENT").update(ref=str(foreign.pk))
    found = [one for one in privacy_in(reviews_of(grace, run))["findings"] if one["part"] == "DOCUMENT"]
    assert [one["text"] for one in found] == [""]


def test_reviews_of_another_workspace_are_not_there(grace: Person, mallory: Person) -> None:
    run, _ = reviewed(grace)
    assert client_of(mallory, Scope.RUNS_READ).get(f"/api/v1/runs/{run.pk}/reviews").status_code == 404


def test_a_key_without_the_scope_reads_none(workspace: Workspace, grace: Person) -> None:
    run, _ = reviewed(grace)
    ada = person("ada", workspace, Role.OPERATOR)
    assert client_of(ada, Scope.LEDGER_READ).get(f"/api/v1/runs/{run.pk}/reviews").status_code == 403


def at(start: int | None, end: int | None) -> Finding:
    return Finding(start=start, end=end)


def told(found: list[Segment]) -> list[tuple[str, tuple[int, ...]]]:
    return [("".join(part.text for part in one.parts), one.numbers) for one in found]


def test_overlapping_findings_are_cut_where_one_begins_or_ends() -> None:
    found = told(list(segments("call ada now", {1: at(0, 8), 2: at(5, 12)})))
    assert found == [("call ", (1,)), ("ada", (1, 2)), (" now", (2,))]


def test_far_apart_findings_are_shown_with_what_is_around_them() -> None:
    text = f"first {'x' * 1_000} last {'y' * 1_000}"
    found = told(list(segments(text, {1: at(0, 5), 2: at(1_007, 1_011)})))
    assert [words for words, numbers in found if numbers] == ["first", "last"]
    assert [words for words, _ in found].count(" … ") == 1
    assert sum(len(words) for words, _ in found) < 400


@pytest.mark.parametrize("place", [(None, None), (3, 3), (0, 13), (40, 50)])
def test_what_has_no_place_in_the_text_marks_nothing(place: tuple[int | None, int | None]) -> None:
    assert list(segments("call ada now", {1: at(*place)})) == []


def test_a_character_that_is_not_seen_is_named_inside_its_mark() -> None:
    (first,) = segments("\U000e0041", {1: at(0, 1)})
    assert [(part.text, part.mark, part.hidden) for part in first.parts] == [("U+E0041", True, True)]
