"""The guardians of a workspace beside each other, over HTTP: as the console's page compares them. No texts."""

from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.roles import Scope
from guardians.compliance import NOT_LEGAL_ADVICE
from orchestration import comparing, counting
from orchestration.api import PROBLEMS, NewestFirst, actor_of, page
from orchestration.comparing import DAYS, RUNS, WINDOW, Comparison


class ShareOut(serializers.Serializer[object]):
    part = serializers.IntegerField()
    whole = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True, help_text="null where there is nothing to count")


class TallyOut(serializers.Serializer[object]):
    guardian = serializers.CharField()
    votes = serializers.IntegerField()
    ballots = serializers.DictField(child=serializers.IntegerField(), help_text="votes by what they were")
    agreed = ShareOut(help_text="votes equal to the outcome, of those that were no abstention")
    overruled = ShareOut(help_text="people approved, of the objections on which people decided")
    missed = ShareOut(help_text="people rejected, of what it let pass and people decided on")
    abstained = ShareOut()
    p50_us = serializers.IntegerField(help_text="time taken, microseconds")
    p95_us = serializers.IntegerField()


class AgreementOut(serializers.Serializer[object]):
    first = serializers.CharField()
    second = serializers.CharField()
    same = ShareOut(help_text="reviews in which both object or both do not, of those in which both spoke")


class RuleCountOut(serializers.Serializer[object]):
    guardian = serializers.CharField()
    rule = serializers.CharField()
    fired = serializers.IntegerField(help_text="in how many reviews, of every draft")
    overruled = serializers.IntegerField(help_text="people approved although its guardian objected")
    upheld = serializers.IntegerField(help_text="people rejected what its guardian objected to")
    last_fired_at = serializers.DateTimeField(allow_null=True)


class HitOut(serializers.Serializer[object]):
    run = serializers.UUIDField()
    at = serializers.DateTimeField()
    guardian = serializers.CharField()
    vote = serializers.CharField(source="ballot")
    outcome = serializers.CharField()
    people = serializers.CharField(source="word", allow_blank=True, help_text="APPROVED, REJECTED or empty")


class ComparisonOut(serializers.Serializer[object]):
    since = serializers.DateTimeField(source="period.since")
    until = serializers.DateTimeField(source="period.until")
    runs = serializers.IntegerField(help_text=f"that were looked at: the last {WINDOW:,} of the period at most")
    reviewed = serializers.IntegerField(help_text="how many of them have a review")
    earliest = serializers.DateTimeField(allow_null=True, help_text="of the first of them; send it as `before`")
    more = serializers.BooleanField(help_text="the period has runs before `earliest` that are not counted")
    guardians = TallyOut(many=True, source="tallies")
    agreements = AgreementOut(many=True)
    hits = HitOut(many=True, help_text=f"with `rule`: the last {RUNS} runs in which it fired")
    notice = serializers.SerializerMethodField(help_text="what the rules of the policy packs are not")

    def get_notice(self, _: Comparison) -> str:
        return NOT_LEGAL_ADVICE


class Guardians(APIView):
    scopes = {"GET": Scope.LEDGER_READ}

    @extend_schema(
        operation_id="guardians_compare",
        responses={200: ComparisonOut, **PROBLEMS},
        parameters=[
            OpenApiParameter("days", int, enum=sorted(DAYS)),
            OpenApiParameter("before", str, description="an ISO 8601 time: runs accepted before it"),
            OpenApiParameter("guardian", str),
            OpenApiParameter("rule", str),
        ],
    )
    def get(self, request: HttpRequest) -> Response:
        """Compare the guardians over a period: votes, agreement, what people overruled, time taken."""
        period = comparing.period_in(request.query_params.dict(), now=now())
        return Response(ComparisonOut(comparing.compare(period, actor=actor_of(request))).data)


class ByName(NewestFirst):
    ordering = ("guardian", "rule")


class GuardianRules(APIView):
    scopes = {"GET": Scope.LEDGER_READ}

    @extend_schema(
        operation_id="guardians_rules",
        responses={200: RuleCountOut(many=True), **PROBLEMS},
        parameters=[*(OpenApiParameter(name, str) for name in ("guardian", "rule", "cursor"))],
    )
    def get(self, request: HttpRequest) -> Response:
        """List how often each rule fired and was overruled since the first run; some minutes behind."""
        guardian, rule = comparing.chosen_in(request.query_params.dict())
        found = counting.counted(actor_of(request), guardian=guardian, rule=rule)
        return page(ByName(), found, RuleCountOut, view=self)
