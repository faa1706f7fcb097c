"""A workspace's own thresholds of guardians over HTTP: listed, with what each rests on."""

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers

from audit.calibrations_api import OwnCalibrationOut, OwnCalibrations
from audit.roles import Scope
from guardians.models import GuardianCalibration


class GuardianCalibrationOut(OwnCalibrationOut):
    guardian = serializers.CharField()
    model_sha256 = serializers.CharField(help_text="of the text model whose log odds were measured; no other's")
    alarms = serializers.IntegerField(help_text="how many of the n harmless documents reach the threshold")


@extend_schema_view(
    get=extend_schema(
        operation_id="guardians_calibrations_list",
        description="List the workspace's own thresholds of Safety, newest first. Without one that decides, the "
        "shipped one does.",
        responses=GuardianCalibrationOut(many=True),
        parameters=[OpenApiParameter("cursor", str)],
    )
)
class GuardianCalibrations(OwnCalibrations):
    scopes = {"GET": Scope.LEDGER_READ}
    model = GuardianCalibration
    shape = GuardianCalibrationOut
