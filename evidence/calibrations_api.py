"""A workspace's own calibrations of verifiers over HTTP: listed, with what each rests on."""

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers

from audit.calibrations_api import OwnCalibrationOut, OwnCalibrations
from audit.roles import Scope
from evidence.models import CalibrationRecord


class CalibrationOut(OwnCalibrationOut):
    verifier = serializers.CharField()
    leaks = serializers.IntegerField(help_text="how many of the n unsupported claims reach the threshold")
    supported = serializers.IntegerField(help_text="labels of supported claims")
    kept = serializers.IntegerField(help_text="how many of those reach the threshold")
    appeals = serializers.IntegerField(help_text="labels from appeals, which are of doubted verdicts: no fair sample")


@extend_schema_view(
    get=extend_schema(
        operation_id="calibrations_list",
        description="List the workspace's own calibrations, newest first. Without one that decides, the built-in does.",
        responses=CalibrationOut(many=True),
        parameters=[OpenApiParameter("cursor", str)],
    )
)
class Calibrations(OwnCalibrations):
    scopes = {"GET": Scope.DOCUMENTS_READ}
    model = CalibrationRecord
    shape = CalibrationOut
