"""What the guardians said of a run, over HTTP: votes with the words they found, and why the outcome is what it is."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.roles import Scope
from guardians.compliance import NOT_LEGAL_ADVICE
from guardians.lines import grounds
from guardians.models import Finding, Review, Vote
from orchestration import records
from orchestration import serializers as shapes
from orchestration.api import PROBLEMS, actor_of
from orchestration.pieces import Pieces, place_of


class FoundOut(serializers.Serializer[object]):
    rule = serializers.CharField()
    type = serializers.CharField(help_text="an entity type such as EMAIL, or what a rule of a policy pack demands")
    part = serializers.CharField(help_text="REQUEST, DOCUMENT, TOOL_RESULT, TOOL_DESCRIPTION, ANSWER or ACTION")
    ref = serializers.CharField(help_text="which text of its part: a passage's id, a tool's name, a pack's name")
    span = shapes.SpanOut(allow_null=True, help_text="code points of that text")
    text = serializers.CharField(help_text="what stands there; empty where there is no place or no text is kept")
    score = serializers.FloatField(help_text="how sure the rule is, 0 to 1")
    citation = serializers.CharField(allow_blank=True)


class VoteOut(serializers.Serializer[object]):
    guardian = serializers.CharField()
    vote = serializers.CharField(help_text="ALLOW, ALLOW_WITH_REDACTION, ESCALATE, DENY or ABSTAIN")
    dissents = serializers.BooleanField()
    basis = serializers.CharField()
    hard = serializers.BooleanField(help_text="with a DENY: a veto")
    score = serializers.FloatField(help_text="how grave the gravest finding is, 0 to 1")
    reason = serializers.CharField()
    backend = serializers.CharField()
    version = serializers.CharField()
    material = serializers.CharField(help_text="what exactly was judged, committed to under the run's key")
    policy_hash = serializers.CharField()
    elapsed_us = serializers.IntegerField()
    findings = FoundOut(many=True)


class GroundOut(serializers.Serializer[object]):
    code = serializers.CharField()
    line = serializers.IntegerField(help_text="of the rule; 0 where the rule as a whole speaks")
    says = serializers.CharField(help_text="that line")
    decides = serializers.BooleanField(help_text="no demand was stricter")


class ReviewOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    revision = serializers.IntegerField(help_text="of the draft that was judged, from 0")
    stakes = serializers.CharField()
    outcome = serializers.CharField()
    rule = serializers.CharField(help_text="the consensus rule and its version")
    grounds = GroundOut(many=True, help_text="why, those that decide first; none for ALLOW")
    dissent = serializers.ListField(child=serializers.CharField(), help_text="guardian:vote, other than the outcome")
    needs_people = serializers.IntegerField()
    votes = VoteOut(many=True)
    created_at = serializers.DateTimeField()


class ReviewsOut(serializers.Serializer[object]):
    results = ReviewOut(many=True, help_text="of the newest draft first")
    notice = serializers.CharField(help_text="what the rules of the policy packs are not")


class RunReviews(APIView):
    scopes = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="runs_reviews", responses={200: ReviewsOut, **PROBLEMS})
    def get(self, request: HttpRequest, run_id: UUID) -> Response:
        """Return every guardian's vote with its findings and their words, and why consensus came to its outcome."""
        read = records.read_reviews(run_id, actor=actor_of(request), via="api")
        results = [review_document(review, read.pieces) for review in read.reviews]
        return Response({"results": results, "notice": NOT_LEGAL_ADVICE})


def review_document(review: Review, pieces: Pieces) -> dict[str, Any]:
    votes = [vote_document(review, vote, pieces) for vote in sorted(review.votes.all(), key=lambda vote: vote.guardian)]
    why = grounds(map(str, review.reasons), ballot=review.ballot, stakes=review.stakes)
    known = {"outcome": review.ballot, "grounds": why, "votes": votes}
    names = ("id", "revision", "stakes", "rule", "dissent", "needs_people", "created_at")
    return dict(ReviewOut({**{name: getattr(review, name) for name in names}, **known}).data)


def vote_document(review: Review, vote: Vote, pieces: Pieces) -> dict[str, Any]:
    names = ("guardian", "basis", "hard", "score", "reason", "backend", "version", "material", "policy_hash")
    return {
        **{name: getattr(vote, name) for name in (*names, "elapsed_us")},
        "vote": vote.ballot,
        "dissents": f"{vote.guardian}:{vote.ballot}" in review.dissent,
        "findings": list(findings_of(review, vote, pieces)),
    }


def findings_of(review: Review, vote: Vote, pieces: Pieces) -> Iterator[dict[str, Any]]:
    for finding in vote.findings.all():
        piece = pieces.get(place_of(review, finding))
        yield {
            **{name: getattr(finding, name) for name in ("rule", "part", "ref", "score", "citation")},
            "type": finding.kind,
            "span": None if finding.start is None else {"start": finding.start, "end": finding.end},
            "text": words_of(finding, piece.text if piece else ""),
        }


def words_of(finding: Finding, text: str) -> str:
    """Return what stands at a finding's place; nothing where the place ends outside the text."""
    if finding.start is None or finding.end is None or finding.end > len(text):
        return ""
    return text[finding.start : finding.end]
