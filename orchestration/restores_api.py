"""Checkpoints, restores and overrides over HTTP: list and compare, plan, ask, approve, reject."""

import json
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
from orchestration import requests, restoring, runs
from orchestration import serializers as shapes
from orchestration.api import PROBLEMS, NewestFirst, actor_of, body_of, page
from orchestration.differences import Change
from orchestration.models import Restore
from orchestration.snapshots import Snapshot
from orchestration.states import RestoreKind, RestoreState, RunState

ID_LIMIT = 60
VALUE_LIMIT = 4000


class CheckpointOut(serializers.Serializer[object]):
    id = serializers.CharField()
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    step = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment]
    created_at = serializers.DateTimeField()
    digest = serializers.CharField()
    verified = serializers.BooleanField(help_text="digest, parent, blobs and columns are what was written")
    fault = serializers.CharField(help_text="what is not, when it is not verified")
    state = serializers.ChoiceField(choices=[s.value for s in RunState], allow_blank=True)
    next = serializers.CharField(help_text="the node that comes next; empty at the end")


class ChangeOut(serializers.Serializer[object]):
    path = serializers.CharField(help_text="JSON path, RFC 9535")
    how = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    clipped = serializers.BooleanField()


class DifferenceOut(serializers.Serializer[object]):
    changes = ChangeOut(many=True)
    complete = serializers.BooleanField()


class PlanOut(serializers.Serializer[object]):
    run = serializers.UUIDField()
    checkpoint = serializers.CharField()
    kind = serializers.ChoiceField(choices=[k.value for k in RestoreKind])
    state = serializers.ChoiceField(choices=[s.value for s in RunState], help_text="the state it would return to")
    base = serializers.CharField(help_text="the checkpoint it would go on from; empty when it begins anew")
    steps = serializers.ListField(child=serializers.CharField(), help_text="what would be computed again")
    done = serializers.ListField(child=serializers.JSONField(), help_text="effects that will not be fired again")
    open = serializers.ListField(child=serializers.JSONField(), help_text="effects that are not done")
    binding = serializers.CharField()


class DenialOut(serializers.Serializer[object]):
    rules = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="by the guardian that denies"
    )
    parts = serializers.DictField(
        child=serializers.CharField(), help_text="hashes of the answer, claims, arguments, policy and material"
    )


class OverridePlanOut(PlanOut):
    denial = DenialOut()


class RestoreIn(serializers.Serializer[object]):
    checkpoint = serializers.CharField(max_length=ID_LIMIT)
    dry_run = serializers.BooleanField(default=False)
    reason = serializers.CharField(min_length=10, max_length=2000, required=False, help_text="not for a dry run")


class RestoreOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    run = serializers.UUIDField(source="run_id")
    checkpoint = serializers.CharField(source="checkpoint_id")
    kind = serializers.ChoiceField(choices=[k.value for k in RestoreKind])
    state = serializers.ChoiceField(choices=[s.value for s in RestoreState])
    plan = serializers.JSONField()
    binding = serializers.CharField(help_text="hash of exactly what would be done; send it back as `seen`")
    requested_by = serializers.CharField()
    decided_by = serializers.CharField(allow_blank=True)
    fork = serializers.UUIDField(source="fork_id", allow_null=True)
    refusal = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


def listed(snapshot: Snapshot) -> dict[str, Any]:
    point = snapshot.point
    known = {"state": point.state.value if point else "", "next": point.next if point else ""}
    names = ("id", "parent", "step", "source", "created_at", "digest", "verified", "fault")
    return {name: getattr(snapshot, name) for name in names} | known


def clipped(value: Any) -> tuple[Any, bool]:  # noqa: ANN401 - any JSON value
    """Return a value, or the beginning of its JSON when it is long, and whether it was."""
    text = json.dumps(value, ensure_ascii=False)
    return (value, False) if len(text) <= VALUE_LIMIT else (f"{text[:VALUE_LIMIT]}…", True)


def compared(change: Change) -> dict[str, Any]:
    (before, long_before), (after, long_after) = clipped(change.before), clipped(change.after)
    known = {"path": change.path, "how": change.how.value, "before": before, "after": after}
    return {**known, "clipped": long_before or long_after}


def word_in(request: HttpRequest) -> tuple[str, str]:
    """Return the reason of somebody's word and the hash of what they saw, in this order."""
    asked = body_of(request, {"reason", "seen"})
    reason = requests.clean(asked.get("reason"), "reason", limit=runs.REASON_LIMIT)
    return reason, requests.clean(asked.get("seen"), "seen", limit=64)


class RunCheckpoints(APIView):
    scopes = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="runs_checkpoints", responses={200: CheckpointOut(many=True), **PROBLEMS})
    def get(self, request: HttpRequest, run_id: UUID) -> Response:
        """List the run's checkpoints, newest first, each verified while it is listed."""
        found = restoring.checkpoints(run_id, actor=actor_of(request))
        return Response({"results": [listed(snapshot) for snapshot in found]})


class RunCheckpointsDiff(APIView):
    scopes = {"GET": Scope.RUNS_READ}

    @extend_schema(
        operation_id="runs_checkpoints_diff",
        parameters=[OpenApiParameter(name, str, required=True) for name in ("from", "to")],
        responses={200: DifferenceOut, **PROBLEMS},
    )
    def get(self, request: HttpRequest, run_id: UUID) -> Response:
        """Compare the channels of two checkpoints, values in clear; the reading is recorded."""
        runs.found(run_id, actor=actor_of(request))
        before, after = (
            requests.clean(request.query_params.get(name), name, limit=ID_LIMIT) for name in ("from", "to")
        )
        found = restoring.compare(run_id, before=before, after=after, actor=actor_of(request), via="api")
        return Response({"changes": [compared(change) for change in found.changes], "complete": found.complete})


class RunRestore(APIView):
    scopes = {"POST": Scope.RUNS_WRITE}

    @extend_schema(
        operation_id="runs_restore", request=RestoreIn, responses={200: PlanOut, 202: RestoreOut, **PROBLEMS}
    )
    def post(self, request: HttpRequest, run_id: UUID) -> Response:
        """Ask for a restore, which a second person has to approve; with `dry_run`, only say what it would do."""
        runs.found(run_id, actor=actor_of(request))
        asked = body_of(request, {"checkpoint", "dry_run", "reason"})
        checkpoint = requests.clean(asked.get("checkpoint"), "checkpoint", limit=ID_LIMIT)
        match asked.get("dry_run", False):
            case True:
                plan = restoring.dry_run(run_id, checkpoint, actor=actor_of(request))
                return Response({**plan.document(), "binding": plan.binding()})
            case False:
                reason = requests.clean(asked.get("reason"), "reason", limit=runs.REASON_LIMIT)
                restore = restoring.request(run_id, checkpoint, actor=actor_of(request), reason=reason)
                return Response(RestoreOut(restore).data, status=202)
            case other:
                raise Invalid(f"dry_run is {str(other)[:40]!r}; send true or false")


class Restores(APIView):
    scopes = {"GET": Scope.APPROVALS_READ}

    @extend_schema(
        operation_id="restores_list",
        responses={200: RestoreOut(many=True), **PROBLEMS},
        parameters=[OpenApiParameter(name, str) for name in ("cursor", "limit", "state")],
    )
    def get(self, request: HttpRequest) -> Response:
        """List restores, newest first."""
        rows = Restore.objects.filter(workspace_id=workspace_of(actor_of(request)))
        state = request.query_params.get("state")
        if state is not None:
            if state not in set(RestoreState):
                raise Invalid(f"state is {state[:40]!r}; use one of {', '.join(RestoreState)}")
            rows = rows.filter(state=state)
        return page(NewestFirst(), rows, RestoreOut, view=self)


class RestoreDetail(APIView):
    scopes = {"GET": Scope.APPROVALS_READ}

    @extend_schema(operation_id="restores_get", responses={200: RestoreOut, **PROBLEMS})
    def get(self, request: HttpRequest, restore_id: UUID) -> Response:
        """Return one restore with what it would do, or did."""
        return Response(RestoreOut(restoring.found_restore(restore_id, actor=actor_of(request))).data)


class RestoreWord(APIView):
    """The second person's word; the address says which."""

    scopes = {"POST": Scope.APPROVALS_DECIDE}
    approve = True

    @extend_schema(request=shapes.DecisionIn, responses={200: RestoreOut, **PROBLEMS})
    def post(self, request: HttpRequest, restore_id: UUID) -> Response:
        """Approve or reject exactly what was seen, with a reason."""
        reason, seen = word_in(request)
        verb = restoring.approve if self.approve else restoring.reject
        return Response(RestoreOut(verb(restore_id, actor=actor_of(request), reason=reason, seen=seen)).data)


class RunOverride(APIView):
    scopes = {"GET": Scope.DENIALS_OVERRIDE, "POST": Scope.DENIALS_OVERRIDE}

    @extend_schema(operation_id="runs_override_plan", responses={200: OverridePlanOut, **PROBLEMS})
    def get(self, request: HttpRequest, run_id: UUID) -> Response:
        """Say what overriding the run's hard denial would do, and change nothing."""
        plan = restoring.dry_override(run_id, actor=actor_of(request))
        return Response({**plan.document(), "binding": plan.binding()})

    @extend_schema(operation_id="runs_override", request=shapes.DecisionIn, responses={202: RestoreOut, **PROBLEMS})
    def post(self, request: HttpRequest, run_id: UUID) -> Response:
        """Ask for the denial that was seen to be overridden; a second person who may override has to agree."""
        reason, seen = word_in(request)
        restore = restoring.request_override(run_id, actor=actor_of(request), reason=reason, seen=seen)
        return Response(RestoreOut(restore).data, status=202)


class OverrideWord(RestoreWord):
    """The second person's word on an override."""

    scopes = {"POST": Scope.DENIALS_OVERRIDE}
