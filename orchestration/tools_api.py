"""Tools over HTTP: what servers offer, and an operator's word on it, bound to the definition that was read."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.access import workspace_of
from audit.errors import Invalid, NotFound
from audit.roles import Scope
from guardians.toolrisk import Tier
from orchestration import registry, requests
from orchestration.api import PROBLEMS, actor_of, body_of
from orchestration.models import Tool
from orchestration.states import ToolState

# In the address: a body of DELETE has no meaning that proxies keep (RFC 9110, 9.3.5).
SEEN = OpenApiParameter("seen", str, required=True, description="the `compensation_hash` that was read")


class ToolOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    name = serializers.CharField(source="__str__")
    state = serializers.ChoiceField(choices=[s.value for s in ToolState])
    tier = serializers.SerializerMethodField(help_text="the tier that counts: registered, or raised by its hints")
    description = serializers.CharField()
    input_schema = serializers.JSONField()
    output_schema = serializers.JSONField()
    annotations = serializers.JSONField()
    argument_roles = serializers.JSONField(help_text="as registered; for other arguments they are guessed")
    definition_hash = serializers.CharField(help_text="hash of the definition; send it back as `seen`")
    approved_hash = serializers.CharField(allow_blank=True)
    compensated_by = serializers.UUIDField(source="compensated_by_id", allow_null=True)
    compensation_arguments = serializers.JSONField()
    compensation_hash = serializers.CharField(
        allow_blank=True, help_text="hash of what is registered; send it as `seen` to withdraw it"
    )

    def get_tier(self, tool: Tool) -> str:
        return registry.tier_of(tool).name


class ApproveIn(serializers.Serializer[object]):
    tier = serializers.ChoiceField(choices=[tier.name for tier in Tier])
    seen = serializers.CharField(max_length=64)
    roles = serializers.JSONField(
        required=False, help_text="argument name -> recipient, url, account, path, command, amount or text"
    )


class CompensationIn(serializers.Serializer[object]):
    by = serializers.UUIDField(help_text="the tool that undoes a call of this one")
    arguments = serializers.JSONField(help_text='name -> {"from": "result.id"} or {"value": …}')
    seen = serializers.CharField(max_length=64)
    seen_by = serializers.CharField(max_length=64)


class Tools(APIView):
    scopes = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="tools_list", responses={200: ToolOut(many=True), **PROBLEMS})
    def get(self, request: HttpRequest) -> Response:
        """List the workspace's tools by name, quarantined and retired ones too."""
        tools = registry.tools_of(workspace_of(actor_of(request))).values()
        return Response({"results": ToolOut(tools, many=True).data})


class ToolApprove(APIView):
    scopes = {"POST": Scope.TOOLS_WRITE}

    @extend_schema(operation_id="tools_approve", request=ApproveIn, responses={200: ToolOut, **PROBLEMS})
    def post(self, request: HttpRequest, tool_id: UUID) -> Response:
        """Let runs use a tool exactly as it was read."""
        registry.tool_in(tool_id, actor=actor_of(request))
        asked = body_of(request, {"tier", "seen", "roles"})
        tier = requests.clean(asked.get("tier"), "tier", limit=20)
        if tier not in Tier.__members__:
            raise Invalid(f"tier is {tier!r}; use one of {', '.join(Tier.__members__)}")
        seen = requests.clean(asked.get("seen"), "seen", limit=64)
        roles = asked.get("roles")
        tool = registry.approve_tool(tool_id, tier=Tier[tier], seen=seen, roles=roles, actor=actor_of(request))
        return Response(ToolOut(tool).data)


class ToolCompensation(APIView):
    scopes = {"POST": Scope.TOOLS_WRITE, "DELETE": Scope.TOOLS_WRITE}

    @extend_schema(operation_id="tools_compensation", request=CompensationIn, responses={200: ToolOut, **PROBLEMS})
    def post(self, request: HttpRequest, tool_id: UUID) -> Response:
        """Name the tool that undoes a call of this one; both are pinned as they were read."""
        registry.tool_in(tool_id, actor=actor_of(request))
        asked = body_of(request, {"by", "arguments", "seen", "seen_by"})
        seen, seen_by = (requests.clean(asked.get(name), name, limit=64) for name in ("seen", "seen_by"))
        tool = registry.register_compensation(
            tool_id,
            by=id_in(requests.clean(asked.get("by"), "by", limit=36)),
            arguments=asked.get("arguments"),
            seen=seen,
            seen_by=seen_by,
            actor=actor_of(request),
        )
        return Response(ToolOut(tool).data)

    @extend_schema(operation_id="tools_compensation_withdraw", parameters=[SEEN], responses={204: None, **PROBLEMS})
    def delete(self, request: HttpRequest, tool_id: UUID) -> Response:
        """Withdraw what was registered: from now on nothing undoes a call of this tool."""
        registry.tool_in(tool_id, actor=actor_of(request))
        seen = requests.clean(request.query_params.get("seen", ""), "seen", limit=64)
        registry.withdraw_compensation(tool_id, seen=seen, actor=actor_of(request))
        return Response(status=204)


def id_in(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(f"no tool {text} in this workspace") from error
