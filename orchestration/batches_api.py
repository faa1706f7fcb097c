"""Batches over HTTP: submitted, followed, read run by run, cancelled."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.roles import Scope
from orchestration import batches
from orchestration import serializers as shapes
from orchestration.api import IDEMPOTENCY, PROBLEMS, NewestFirst, actor_of, body_of, page
from orchestration.models import Batch

NOT_TAKEN = "this request was not taken; why stood in the answer to the batch. Mend it and send it in another"


class InPlace(NewestFirst):
    ordering = ("place",)


def shown(batch: Batch) -> dict[str, Any]:
    now = batches.progress(batch)
    failed = [{"index": run.place, "run": str(run.pk), "reason": run.reason} for run in batches.failures(batch)]
    return {
        "id": str(batch.pk),
        "size": batch.size,
        "accepted": now.accepted,
        "rejected": [{**item, "message": NOT_TAKEN} for item in batch.rejected],
        "states": now.states,
        "decisions": now.decisions,
        "done": now.done,
        "failures": failed,
        "created_at": batch.created_at,
        "cancelled_at": batch.cancelled_at,
    }


class Batches(APIView):
    scopes = {"POST": Scope.RUNS_WRITE}

    @extend_schema(
        operation_id="batches_submit",
        request=shapes.BatchIn,
        parameters=[IDEMPOTENCY],
        responses={202: shapes.BatchAcceptedOut, **PROBLEMS},
    )
    def post(self, request: HttpRequest) -> Response:
        """Submit 1 to 1,000 requests. Those that cannot be taken are reported one by one; the others run."""
        asked = body_of(request, {"requests"})
        key = request.headers.get("Idempotency-Key")
        accepted = batches.submit(asked.get("requests"), actor=actor_of(request), idempotency_key=key)
        batch = Batch.objects.get(pk=accepted.batch.pk)
        told = [{"index": item.index, "field": item.field, "message": item.message} for item in accepted.rejected]
        made = [{"index": index, "run": str(run)} for index, run in accepted.runs]
        body = {**shown(batch), "rejected": told, "runs": made}
        return Response(shapes.BatchAcceptedOut(body).data, 202, headers={"Location": f"/api/v1/batches/{batch.pk}"})


class BatchDetail(APIView):
    scopes = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="batches_get", responses={200: shapes.BatchOut, **PROBLEMS})
    def get(self, request: HttpRequest, batch_id: UUID) -> Response:
        """Return how far a batch is, and its first failures."""
        return Response(shapes.BatchOut(shown(batches.found(batch_id, actor=actor_of(request)))).data)


class BatchRuns(APIView):
    scopes = {"GET": Scope.RUNS_READ}

    @extend_schema(
        operation_id="batches_runs",
        responses={200: shapes.BatchRunOut(many=True), **PROBLEMS},
        parameters=[OpenApiParameter(name, str) for name in ("cursor", "limit")],
    )
    def get(self, request: HttpRequest, batch_id: UUID) -> Response:
        """List the batch's runs in the order of its requests."""
        batch = batches.found(batch_id, actor=actor_of(request))
        return page(InPlace(), batch.runs.all(), shapes.BatchRunOut, view=self)


class BatchCancel(APIView):
    scopes = {"POST": Scope.RUNS_WRITE}

    @extend_schema(operation_id="batches_cancel", request=None, responses={200: shapes.BatchCancelledOut, **PROBLEMS})
    def post(self, request: HttpRequest, batch_id: UUID) -> Response:
        """Stop every run of the batch that has not ended; what is being written down completes."""
        actor = actor_of(request)
        cancelled = batches.cancel(batch_id, actor=actor)
        body = {**shown(batches.found(batch_id, actor=actor)), "cancelled": cancelled}
        return Response(shapes.BatchCancelledOut(body).data)
