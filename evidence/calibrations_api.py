"""A workspace's own calibrations over HTTP: listed, with what each rests on."""

import datetime as dt

from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.access import workspace_of
from audit.roles import Scope
from evidence.api import NewestFirst, actor_of
from evidence.models import CalibrationRecord


class CalibrationOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    calibration = serializers.SerializerMethodField(help_text="as bundles and evidence name it")
    verifier = serializers.CharField()
    state = serializers.CharField(help_text="IN_FORCE, SUPERSEDED or WITHDRAWN")
    decides = serializers.SerializerMethodField(help_text="whether runs are judged with it today (UTC)")
    threshold = serializers.FloatField(help_text="the least score that supports")
    n = serializers.IntegerField(help_text="labels of unsupported claims")
    leaks = serializers.IntegerField(help_text="how many of those reach the threshold")
    bound = serializers.SerializerMethodField(help_text="the share that leaks at most, with confidence 1 - delta")
    supported = serializers.IntegerField(help_text="labels of supported claims")
    kept = serializers.IntegerField(help_text="how many of those reach the threshold")
    appeals = serializers.IntegerField(help_text="labels from appeals, which are of doubted verdicts: no fair sample")
    alpha = serializers.FloatField(help_text="the share that may leak")
    delta = serializers.FloatField()
    data_sha256 = serializers.CharField(help_text="over claim id, score and label of all of them")
    made_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_on = serializers.DateField(help_text="the first day on which it no longer holds (UTC)")
    ended_by = serializers.CharField()
    ended_at = serializers.DateTimeField(allow_null=True)

    def get_calibration(self, record: CalibrationRecord) -> str:
        return record.name

    def get_decides(self, record: CalibrationRecord) -> bool:
        return record.decides(on=now().astimezone(dt.UTC).date())

    def get_bound(self, record: CalibrationRecord) -> float:
        return record.bound()


class Calibrations(APIView):
    scopes = {"GET": Scope.DOCUMENTS_READ}

    @extend_schema(
        operation_id="calibrations_list",
        responses=CalibrationOut(many=True),
        parameters=[OpenApiParameter("cursor", str)],
    )
    def get(self, request: Request) -> Response:
        """List the workspace's own calibrations, newest first. Without one that decides, the built-in one does."""
        workspace = workspace_of(actor_of(request))
        paginator = NewestFirst()
        rows = CalibrationRecord.objects.filter(workspace_id=workspace)
        found = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response(CalibrationOut(found, many=True).data)
