"""Inquiries over HTTP: effects of which nobody knows whether they happened, and a person's answer."""

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
from orchestration import inquiring, records, requests, runs
from orchestration.api import PROBLEMS, NewestFirst, actor_of, body_of, page
from orchestration.models import Inquiry
from orchestration.states import InquiryState


class OldestFirst(NewestFirst):
    ordering = ("created_at", "id")


class InquiryOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    run = serializers.UUIDField(source="run_id")
    action = serializers.UUIDField(source="action_id")
    tool = serializers.CharField(source="action.tool")
    state = serializers.ChoiceField(choices=[s.value for s in InquiryState])
    attempt = serializers.IntegerField(help_text="how often the call was, or may have been, sent")
    idempotency_key = serializers.CharField(source="action.idempotency_key")
    fault = serializers.CharField(help_text="how the call ended")
    detail = serializers.CharField(allow_blank=True)
    intended_at = serializers.DateTimeField(allow_null=True)
    elapsed_us = serializers.IntegerField(allow_null=True, help_text="null where the worker ended itself")
    binding = serializers.CharField(help_text="hash of exactly what is known; send it back as `seen`")
    requested_by = serializers.CharField()
    decided_by = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class InquiryDetailOut(InquiryOut):
    arguments = serializers.JSONField()
    said = serializers.CharField(help_text="what the server said, if anything; not to be trusted")


class AnswerIn(serializers.Serializer[object]):
    answer = serializers.ChoiceField(choices=[s.value for s in inquiring.ANSWERS])
    reason = serializers.CharField(min_length=runs.REASON_MIN, max_length=runs.REASON_LIMIT)
    seen = serializers.CharField(max_length=64)
    result = serializers.CharField(required=False, help_text="what it gave, where it happened")


class Inquiries(APIView):
    scopes = {"GET": Scope.APPROVALS_READ}

    @extend_schema(
        operation_id="inquiries_list",
        responses={200: InquiryOut(many=True), **PROBLEMS},
        parameters=[OpenApiParameter(name, str) for name in ("cursor", "limit", "state")],
    )
    def get(self, request: HttpRequest) -> Response:
        """List inquiries, by default those that wait for an answer, longest waiting first."""
        state = request.query_params.get("state", InquiryState.OPEN.value)
        if state not in set(InquiryState):
            raise Invalid(f"state is {state[:40]!r}; use one of {', '.join(InquiryState)}")
        rows = inquiring.inquiries_in(workspace_of(actor_of(request))).filter(state=state)
        return page(OldestFirst(), rows.select_related("action__tool__server"), InquiryOut, view=self)


class InquiryDetail(APIView):
    scopes = {"GET": Scope.APPROVALS_READ}

    @extend_schema(operation_id="inquiries_get", responses={200: InquiryDetailOut, **PROBLEMS})
    def get(self, request: HttpRequest, inquiry_id: UUID) -> Response:
        """Return one inquiry with all that is known of the call; the reading is recorded."""
        actor = actor_of(request)
        inquiry = inquiring.found_inquiry(inquiry_id, actor=actor)
        return Response(shown(inquiry, records.read_run(inquiry.run_id, actor=actor, via="api")))


def shown(inquiry: Inquiry, read: records.ReadRun) -> dict[str, Any]:
    action = next(item for item in read.actions if item.id == inquiry.action_id)
    said = next(item.said for item in read.inquiries if item.row.pk == inquiry.pk)
    return {**InquiryOut(inquiry).data, "arguments": action.arguments, "said": said}


class InquiryAnswer(APIView):
    scopes = {"POST": Scope.APPROVALS_DECIDE}

    @extend_schema(operation_id="inquiries_answer", request=AnswerIn, responses={200: InquiryOut, **PROBLEMS})
    def post(self, request: HttpRequest, inquiry_id: UUID) -> Response:
        """Say whether the effect happened: the run goes on with it, tries it once more, or fails."""
        inquiring.found_inquiry(inquiry_id, actor=actor_of(request))
        asked = body_of(request, {"answer", "reason", "seen", "result"})
        reason = requests.clean(asked.get("reason"), "reason", limit=runs.REASON_LIMIT)
        seen = requests.clean(asked.get("seen"), "seen", limit=64)
        result = requests.clean(asked["result"], "result", limit=inquiring.RESULT_LIMIT) if "result" in asked else ""
        word = inquiring.said(requests.clean(asked.get("answer"), "answer", limit=20))
        answered = inquiring.answer(
            inquiry_id, word=word, reason=reason, seen=seen, result=result, actor=actor_of(request)
        )
        return Response(InquiryOut(answered).data)
