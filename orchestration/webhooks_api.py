"""Webhooks over HTTP: registered, listed, switched on and off, and what became of their deliveries."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.access import workspace_of
from audit.errors import Invalid
from audit.roles import Scope
from orchestration import requests, webhooks
from orchestration import serializers as shapes
from orchestration.api import PROBLEMS, NewestFirst, actor_of, page
from orchestration.models import Webhook

PAGED = [OpenApiParameter(name, str) for name in ("cursor", "limit")]


class Webhooks(APIView):
    scopes = {"GET": Scope.WEBHOOKS_WRITE, "POST": Scope.WEBHOOKS_WRITE}

    @extend_schema(
        operation_id="webhooks_list", parameters=PAGED, responses={200: shapes.WebhookOut(many=True), **PROBLEMS}
    )
    def get(self, request: HttpRequest) -> Response:
        """List the workspace's webhooks, newest first."""
        rows = Webhook.objects.filter(workspace_id=workspace_of(actor_of(request)))
        return page(NewestFirst(), rows, shapes.WebhookOut, view=self)

    @extend_schema(
        operation_id="webhooks_register", request=shapes.WebhookIn, responses={201: shapes.WebhookMadeOut, **PROBLEMS}
    )
    def post(self, request: HttpRequest) -> Response:
        """Register a receiver. The secret that signs its notices is shown now and never again."""
        asked = request.data
        if not isinstance(asked, dict):
            raise Invalid(f"the body is {type(asked).__name__}; send a JSON object")
        requests.only(asked, "body", {"url", "events"})
        made = webhooks.register(url=asked.get("url"), events=asked.get("events"), actor=actor_of(request))
        stored = Webhook.objects.get(pk=made.webhook.pk)
        return Response({**shapes.WebhookOut(stored).data, "secret": made.secret}, status=201)


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
