"""A workspace's own calibrations over HTTP, whatever they are of: listed, with what each rests on."""

import datetime as dt
from typing import cast

from django.core.exceptions import ValidationError
from django.utils.timezone import now
from rest_framework import serializers
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.access import workspace_of
from audit.actors import Actor
from audit.errors import Invalid
from audit.models import OwnCalibration


class OwnCalibrationOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    calibration = serializers.CharField(source="name", help_text="as whatever it decided names it")
    state = serializers.CharField(help_text="IN_FORCE, SUPERSEDED or WITHDRAWN")
    decides = serializers.SerializerMethodField(help_text="whether runs are judged with it today (UTC)")
    threshold = serializers.FloatField(help_text="what a score has to reach")
    n = serializers.IntegerField(help_text="how many were measured that should not reach it")
    bound = serializers.FloatField(help_text="the share of those that does at most, with confidence 1 - delta")
    alpha = serializers.FloatField(help_text="the share that may")
    delta = serializers.FloatField()
    data_sha256 = serializers.CharField(help_text="over all that was measured")
    made_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_on = serializers.DateField(help_text="the first day on which it no longer holds (UTC)")
    ended_by = serializers.CharField()
    ended_at = serializers.DateTimeField(allow_null=True)

    def get_decides(self, record: OwnCalibration) -> bool:
        return record.decides(on=now().astimezone(dt.UTC).date())


class NewestFirst(CursorPagination):
    page_size = 50
    ordering = ("-created_at", "-id")


class OwnCalibrations(APIView):
    """A list of this kind says of which records it is, and what it takes to read it."""

    model: type[OwnCalibration]
    shape: type[OwnCalibrationOut]

    def get(self, request: Request) -> Response:
        """List the workspace's own records, newest first."""
        actor = cast("Actor", getattr(request, "actor"))  # noqa: B009 - put there by the permission
        rows = self.model._default_manager.filter(workspace_id=workspace_of(actor))  # noqa: SLF001 - as documented
        paginator = NewestFirst()
        try:
            found = paginator.paginate_queryset(rows, request, view=self)
        except (ValidationError, ValueError) as error:
            made_up = request.query_params.get("cursor", "")[:40]
            raise Invalid(f"cursor is {made_up!r}, which no page named; start again without it") from error
        return paginator.get_paginated_response(self.shape(found, many=True).data)
