"""Votes become rows that name places and never texts, and that fit their columns whatever a guardian says."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from audit.ids import new_id
from audit.spans import Span
from audit.stakes import Stakes
from guardians import models
from guardians.consensus import DEFAULT_CONSENSUS, Consensus, decide
from guardians.guardian import Ballot, Basis, Finding, Part, Vote
from guardians.records import ReviewRows, review_rows

pytestmark = pytest.mark.django_db

RUN = new_id()
PLACED = Finding("privacy.email", "EMAIL", Part.ANSWER, "answer", Span(3, 9), 0.99)
RULE = Finding("med.disclaimer", "annotate", Part.ACTION, "medical", None, 0.25, citation="Art. 50")
VOTE = Vote(
    guardian="privacy",
    ballot=Ballot.ALLOW_WITH_REDACTION,
    findings=(PLACED, RULE),
    score=0.99,
    basis=Basis.DETERMINISTIC,
    hard=False,
    reason="the answer holds EMAIL",
    backend="stdnum",
    version="1+abc",
    material="m" * 64,
    policy_hash="p" * 64,
    elapsed_us=1_234,
)


def joined(*votes: Vote) -> Consensus:
    return decide(votes, material="m" * 64, policy_hash="p" * 64, stakes=Stakes.LOW, policy=DEFAULT_CONSENSUS)


def rows_of(*votes: Vote, revision: int = 0) -> ReviewRows:
    return review_rows(
        RUN, votes, joined(*votes), revision=revision, stakes=Stakes.LOW, material="m" * 64, policy="p" * 64
    )


def save(rows: ReviewRows) -> models.Review:
    for row in (rows.review, *rows.votes, *rows.findings):
        row.save(force_insert=True)
    return models.Review.objects.get(pk=rows.review.pk)


def test_a_review_is_read_back_as_it_was_decided() -> None:
    votes = (VOTE, replace(VOTE, guardian="safety", ballot=Ballot.ALLOW, findings=(), score=0.0))
    review = save(rows_of(*votes))
    known = joined(*votes)
    assert (review.run, review.stakes, review.ballot, review.rule) == (RUN, "LOW", known.ballot.value, known.rule)
    assert (review.reasons, review.dissent) == (list(known.reasons), list(known.dissent))
    assert (review.needs_people, review.material, review.policy_hash) == (known.needs_people, "m" * 64, "p" * 64)
    assert sorted(review.votes.values_list("guardian", flat=True)) == ["privacy", "safety"]


def test_a_vote_is_read_back_with_all_it_said() -> None:
    row = save(rows_of(VOTE)).votes.get()
    assert (row.guardian, row.ballot, row.basis, row.hard) == (
        "privacy",
        "ALLOW_WITH_REDACTION",
        "DETERMINISTIC",
        False,
    )
    assert (row.score, row.reason, row.backend, row.version) == (0.99, VOTE.reason, "stdnum", "1+abc")
    assert (row.material, row.policy_hash, row.elapsed_us) == ("m" * 64, "p" * 64, 1_234)


def test_a_finding_names_its_place_or_none() -> None:
    found = save(rows_of(VOTE)).votes.get().findings
    placed, rule = found.get(rule="privacy.email"), found.get(rule="med.disclaimer")
    assert (placed.kind, placed.part, placed.ref, placed.start, placed.end) == ("EMAIL", "ANSWER", "answer", 3, 9)
    assert (rule.start, rule.end, rule.citation, rule.score) == (None, None, "Art. 50", 0.25)


def test_findings_stay_with_the_vote_that_made_them() -> None:
    other = replace(VOTE, guardian="safety", findings=(RULE,))
    rows = rows_of(VOTE, other)
    owners = [finding.vote_id for finding in rows.findings]
    assert owners == [rows.votes[0].pk, rows.votes[0].pk, rows.votes[1].pk]


def test_what_is_too_long_for_its_column_is_cut_and_kept() -> None:
    finding = replace(PLACED, ref="r" * 300, citation="c" * 400)
    row = save(rows_of(replace(VOTE, reason="x" * 400, findings=(finding,)))).votes.get()
    kept = row.findings.get()
    assert (len(row.reason), len(kept.ref), len(kept.citation)) == (300, 200, 300)


def test_one_revision_has_one_review_and_each_guardian_one_vote() -> None:
    save(rows_of(VOTE))
    with pytest.raises(IntegrityError, match="one_review_per_revision"), transaction.atomic():
        save(rows_of(VOTE))
    with pytest.raises(IntegrityError, match="one_vote_per_guardian"), transaction.atomic():
        save(rows_of(VOTE, VOTE, revision=1))
    save(rows_of(VOTE, revision=2))


def test_what_was_found_keeps_its_vote_from_being_deleted() -> None:
    review = save(rows_of(VOTE))
    with pytest.raises(ProtectedError):
        review.delete()


def test_rows_say_what_they_are() -> None:
    rows = rows_of(VOTE)
    pack = models.PolicyPack(hash="a" * 64, name="gdpr", rules=8, content={})
    assert str(rows.review) == f"{RUN} r0: {rows.review.ballot}"
    assert [str(rows.votes[0]), str(rows.findings[0])] == ["privacy: ALLOW_WITH_REDACTION", "privacy.email in ANSWER"]
    assert str(pack) == "gdpr aaaaaaaaaaaa"


def test_a_pack_is_registered_with_the_content_it_had() -> None:
    models.PolicyPack.objects.create(hash="b" * 64, name="gdpr", rules=8, content={"rules": ["gdpr.art9"]})
    kept = models.PolicyPack.objects.get(pk="b" * 64)
    assert kept.content == {"rules": ["gdpr.art9"]}
    assert kept.registered_at is not None
