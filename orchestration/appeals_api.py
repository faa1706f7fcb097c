"""Appeals over HTTP: made on a claim, listed, read, decided by somebody else, withdrawn."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.access import workspace_of
from audit.errors import Invalid
from audit.roles import Scope
from orchestration import appealing, records, requests, runs
from orchestration import serializers as shapes
from orchestration.api import IDEMPOTENCY, PROBLEMS, NewestFirst, actor_of, body_of, page
from orchestration.appeal_models import WANTED
from orchestration.models import Appeal
from orchestration.states import AppealState

ID_LIMIT = 40
SEALED = ("reason_sealed", "word_sealed")


class OldestFirst(NewestFirst):
    ordering = ("created_at", "id")


class AppealOut(shapes.AppealNoteOut):
    run = serializers.UUIDField(source="run_id")
    claim = serializers.UUIDField(source="claim_id")
    verdict = serializers.CharField(source="claim.verdict", help_text="the gate's")
    passage = serializers.UUIDField(source="passage_id", allow_null=True)
    binding = serializers.CharField(help_text="hash of exactly what is decided about; send it back as `seen`")
    expires_at = serializers.DateTimeField()


class AppealDetailOut(AppealOut):
    reason = serializers.CharField(help_text="what whoever appealed says")
    decided_because = serializers.CharField(allow_blank=True, help_text="what whoever decided says")


class AppealIn(serializers.Serializer[object]):
    wanted = serializers.ChoiceField(choices=[v.value for v in WANTED], help_text="the verdict that would be right")
    reason = serializers.CharField(min_length=runs.REASON_MIN, max_length=runs.REASON_LIMIT)
    passage = serializers.UUIDField(required=False, help_text="one of the run's evidence that shows it")


class AppealDecisionIn(serializers.Serializer[object]):
    word = serializers.ChoiceField(choices=[w.value for w in appealing.WORDS])
    reason = serializers.CharField(min_length=runs.REASON_MIN, max_length=runs.REASON_LIMIT)
    seen = serializers.CharField(max_length=64)


def passage_in(asked: dict[str, Any]) -> UUID | None:
    """Return the passage that a body names, or None where it names none.

    Raises:
        Invalid: it is no id.
    """
    if "passage" not in asked:
        return None
    text = requests.clean(asked["passage"], "passage", limit=ID_LIMIT)
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid(f"passage is {text!r}; send the id of one of the run's evidence, or leave it out") from error


class ClaimAppeals(APIView):
    scopes = {"GET": Scope.RUNS_READ, "POST": Scope.RUNS_WRITE}

    @extend_schema(
        operation_id="claims_appeals_list",
        responses={200: AppealOut(many=True), **PROBLEMS},
        parameters=[OpenApiParameter(name, str) for name in ("cursor", "limit")],
    )
    def get(self, request: HttpRequest, run_id: UUID, claim_id: UUID) -> Response:
        """List the appeals on a claim, oldest first."""
        rows = appealing.appeals_on(claim_id, run_id=run_id, actor=actor_of(request))
        return page(OldestFirst(), rows.select_related("claim").defer(*SEALED), AppealOut, view=self)

    @extend_schema(
        operation_id="claims_appeal",
        request=AppealIn,
        parameters=[IDEMPOTENCY],
        responses={200: AppealOut, 201: AppealOut, **PROBLEMS},
    )
    def post(self, request: HttpRequest, run_id: UUID, claim_id: UUID) -> Response:
        """Say that the verdict on a claim is wrong. Answers 201, or 200 where the Idempotency-Key was used for it."""
        runs.found(run_id, actor=actor_of(request))
        asked = body_of(request, {"wanted", "reason", "passage"})
        made = appealing.appeal(
            run_id,
            claim_id,
            wanted=appealing.wanted_verdict(requests.clean(asked.get("wanted"), "wanted", limit=20)),
            reason=requests.clean(asked.get("reason"), "reason", limit=runs.REASON_LIMIT),
            passage=passage_in(asked),
            actor=actor_of(request),
            idempotency_key=request.headers.get("Idempotency-Key"),
        )
        response = Response(AppealOut(made.appeal).data, status=201 if made.created else 200)
        response["Location"] = f"/api/v1/appeals/{made.appeal.pk}"
        return response


class Appeals(APIView):
    scopes = {"GET": Scope.RUNS_READ}

    @extend_schema(
        operation_id="appeals_list",
        responses={200: AppealOut(many=True), **PROBLEMS},
        parameters=[OpenApiParameter(name, str) for name in ("cursor", "limit", "state")],
    )
    def get(self, request: HttpRequest) -> Response:
        """List appeals, by default those that wait, longest waiting first."""
        state = request.query_params.get("state", AppealState.PENDING.value)
        if state not in set(AppealState):
            raise Invalid(f"state is {state[:40]!r}; use one of {', '.join(AppealState)}")
        rows = appealing.appeals_in(workspace_of(actor_of(request))).filter(state=state)
        return page(OldestFirst(), rows.select_related("claim").defer(*SEALED), AppealOut, view=self)


class AppealDetail(APIView):
    scopes = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="appeals_get", responses={200: AppealDetailOut, **PROBLEMS})
    def get(self, request: HttpRequest, appeal_id: UUID) -> Response:
        """Return one appeal with what was said; the reading is recorded. The claim is read with its run."""
        actor = actor_of(request)
        return Response(detailed(appealing.found_appeal(appeal_id, actor=actor), request))


def detailed(appeal: Appeal, request: HttpRequest) -> dict[str, Any]:
    read = records.read_appeal(appeal, actor=actor_of(request), via="api")
    return {**AppealOut(appeal).data, "reason": read.reason, "decided_because": read.word}


class AppealDecision(APIView):
    scopes = {"POST": Scope.APPEALS_DECIDE}

    @extend_schema(operation_id="appeals_decide", request=AppealDecisionIn, responses={200: AppealOut, **PROBLEMS})
    def post(self, request: HttpRequest, appeal_id: UUID) -> Response:
        """Grant or reject exactly what was seen, with a reason. The published answer stays as it is."""
        appealing.found_appeal(appeal_id, actor=actor_of(request))
        asked = body_of(request, {"word", "reason", "seen"})
        word = appealing.said(requests.clean(asked.get("word"), "word", limit=20))
        reason = requests.clean(asked.get("reason"), "reason", limit=runs.REASON_LIMIT)
        seen = requests.clean(asked.get("seen"), "seen", limit=64)
        decided = appealing.decide(appeal_id, word=word, reason=reason, seen=seen, actor=actor_of(request))
        return Response(AppealOut(decided).data)


class AppealWithdrawal(APIView):
    scopes = {"POST": Scope.RUNS_WRITE}

    @extend_schema(operation_id="appeals_withdraw", request=None, responses={200: AppealOut, **PROBLEMS})
    def post(self, request: HttpRequest, appeal_id: UUID) -> Response:
        """Take one's own appeal back."""
        return Response(AppealOut(appealing.withdraw(appeal_id, actor=actor_of(request))).data)
