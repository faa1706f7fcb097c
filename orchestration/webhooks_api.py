"""Webhooks over HTTP: registered, listed, switched, rotated, retired, and what became of their deliveries."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.access import workspace_of
from audit.roles import Scope
from orchestration import serializers as shapes
from orchestration import webhooks
from orchestration.api import PROBLEMS, NewestFirst, actor_of, body_of, page
from orchestration.models import Webhook

PAGED = [OpenApiParameter(name, str) for name in ("cursor", "limit")]


class Webhooks(APIView):
    scopes = {"GET": Scope.WEBHOOKS_WRITE, "POST": Scope.WEBHOOKS_WRITE}

    @extend_schema(
        operation_id="webhooks_list", parameters=PAGED, responses={200: shapes.WebhookOut(many=True), **PROBLEMS}
    )
    def get(self, request: HttpRequest) -> Response:
        """List the workspace's webhooks that are not retired, newest first."""
        rows = Webhook.objects.filter(workspace_id=workspace_of(actor_of(request)), retired_at=None)
        return page(NewestFirst(), rows, shapes.WebhookOut, view=self)

    @extend_schema(
        operation_id="webhooks_register", request=shapes.WebhookIn, responses={201: shapes.WebhookMadeOut, **PROBLEMS}
    )
    def post(self, request: HttpRequest) -> Response:
        """Register a receiver. The secret that signs its notices is shown now and never again."""
        asked = body_of(request, {"url", "events"})
        made = webhooks.register(url=asked.get("url"), events=asked.get("events"), actor=actor_of(request))
        return Response(with_secret(made), status=201)


def with_secret(made: webhooks.Registered) -> dict[str, Any]:
    stored = Webhook.objects.get(pk=made.webhook.pk)
    return {**shapes.WebhookOut(stored).data, "secret": made.secret}


class WebhookDetail(APIView):
    scopes = {"GET": Scope.WEBHOOKS_WRITE, "DELETE": Scope.WEBHOOKS_WRITE}

    @extend_schema(operation_id="webhooks_get", responses={200: shapes.WebhookOut, **PROBLEMS})
    def get(self, request: HttpRequest, webhook_id: UUID) -> Response:
        """Return one webhook, a retired one too."""
        return Response(shapes.WebhookOut(webhooks.found(webhook_id, actor=actor_of(request))).data)

    @extend_schema(operation_id="webhooks_retire", responses={204: None, **PROBLEMS})
    def delete(self, request: HttpRequest, webhook_id: UUID) -> Response:
        """Retire a webhook for good. What it was told can still be read; it no longer counts towards the limit."""
        webhooks.retire(webhook_id, actor=actor_of(request))
        return Response(status=204)


class WebhookRotation(APIView):
    scopes = {"POST": Scope.WEBHOOKS_WRITE}

    @extend_schema(operation_id="webhooks_rotate", request=None, responses={200: shapes.WebhookMadeOut, **PROBLEMS})
    def post(self, request: HttpRequest, webhook_id: UUID) -> Response:
        """Give a webhook a new secret, shown now and never again. For 24 hours the former one signs too."""
        return Response(with_secret(webhooks.rotate(webhook_id, actor=actor_of(request))))


class WebhookDeliveries(APIView):
    scopes = {"GET": Scope.WEBHOOKS_WRITE}

    @extend_schema(
        operation_id="webhooks_deliveries", parameters=PAGED, responses={200: shapes.DeliveryOut(many=True), **PROBLEMS}
    )
    def get(self, request: HttpRequest, webhook_id: UUID) -> Response:
        """List what a receiver was told, or is going to be, newest first."""
        webhook = webhooks.found(webhook_id, actor=actor_of(request))
        return page(NewestFirst(), webhook.deliveries.all(), shapes.DeliveryOut, view=self)


class WebhookSwitch(APIView):
    """Switch a webhook; the address says which way."""

    scopes = {"POST": Scope.WEBHOOKS_WRITE}
    on = True

    @extend_schema(request=None, responses={200: shapes.WebhookOut, **PROBLEMS})
    def post(self, request: HttpRequest, webhook_id: UUID) -> Response:
        """Switch a webhook on or off. Switched off, it gives up what waits to be told."""
        verb = webhooks.enable if self.on else webhooks.disable
        return Response(shapes.WebhookOut(verb(webhook_id, actor=actor_of(request))).data)
