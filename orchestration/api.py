"""Runs and approvals over HTTP. Every endpoint names its scopes; every row is looked up in the actor's workspace."""

import base64
import datetime as dt
import time
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import close_old_connections, connection
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import sealer
from audit.access import workspace_of
from audit.actors import Actor
from audit.errors import Invalid
from audit.roles import Scope
from audit.stakes import Stakes
from orchestration import appealing, lineage, records, requests, runs
from orchestration import serializers as shapes
from orchestration.models import Approval, Run
from orchestration.states import TERMINAL, ApprovalState, Decision, Kind, RunState

WAIT_LIMIT = 30
# A rare value in a filter must not cost a scan of a million rows: so many are looked at for one page, no more.
WINDOW = 1_000
TEXTS = ("request_sealed", "question_sealed", "answer_sealed")
# Seconds between two looks at a run that a client waits for: a share of how long it has waited, so that looking adds
# little to a short wait and costs little in a long one.
QUICKEST, SLOWEST, PACE = 0.01, 0.25, 0.1
IDEMPOTENCY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="at most 120 characters")
PREFER = OpenApiParameter("Prefer", str, OpenApiParameter.HEADER, description=f"wait=N, at most {WAIT_LIMIT} seconds")
PROBLEMS = dict.fromkeys((400, 401, 403, 404, 409, 413), shapes.ProblemOut)


def actor_of(request: HttpRequest) -> Actor:
    return cast("Actor", cast("Any", request).actor)


class NewestFirst(CursorPagination):
    """Keyset paging: no count, and a page stays where it is while rows arrive."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering: tuple[str, ...] = ("-created_at", "-id")


class WithinWindow(NewestFirst):
    """Pages of what no index covers: each looks at the next WINDOW rows only, so a page may hold fewer than it might.

    ``next`` is there as long as there are rows to look at; there is no way back but from the first page on.
    """

    edge: dt.datetime | None = None

    def paginate_within(
        self, rows: QuerySet[Any], request: HttpRequest, *, filters: dict[str, str], view: APIView
    ) -> list[Any]:
        """Return a page of ``rows``, which an index covers, that fits ``filters``, which none covers."""
        cursor = self.decode_cursor(request)
        if cursor is not None and cursor.reverse:
            raise Invalid(
                "a list with these filters is read from the newest to the oldest; begin again without a cursor"
            )
        ordered = rows.order_by(*self.ordering)
        if cursor is not None and cursor.position is not None:
            ordered = ordered.filter(created_at__lt=cursor.position)
        begin = cursor.offset if cursor is not None else 0
        last = begin + WINDOW - 1
        self.edge = ordered.values_list("created_at", flat=True)[last : last + 1].first()
        within = rows.filter(created_at__gte=self.edge) if self.edge else rows
        return list(self.paginate_queryset(within.filter(**filters), request, view=view) or [])

    def get_next_link(self) -> str | None:
        link = super().get_next_link()
        if link is not None or self.edge is None:
            return link
        edge = cast("Any", str(self.edge))  # the stubs take every position for a number
        return self.encode_cursor(Cursor(offset=0, reverse=False, position=edge))

    def get_previous_link(self) -> str | None:
        return None


class WaitingFirst(NewestFirst):
    ordering = ("expires_at", "id")


def page(
    paginator: CursorPagination,
    rows: QuerySet[Any],
    shape: type[Any],
    *,
    view: APIView,
    filters: dict[str, str] | None = None,
) -> Response:
    """Return a page of rows; ``filters``, which no index covers, are for a WithinWindow."""
    try:
        found: list[Any] | None
        if isinstance(paginator, WithinWindow):
            found = paginator.paginate_within(rows, view.request, filters=filters or {}, view=view)
        else:
            found = paginator.paginate_queryset(rows, view.request, view=view)
    except (ValidationError, ValueError) as error:  # where a date was expected, and where a number was
        made_up = view.request.query_params.get("cursor", "")[:40]
        raise Invalid(f"cursor is {made_up!r}, which no page named; start again without it") from error
    return paginator.get_paginated_response(shape(found, many=True).data)


def body_of(request: HttpRequest, names: set[str]) -> dict[str, Any]:
    """Return a request's body.

    Raises:
        Invalid: it is no JSON object, or has a field that is none of ``names``.
    """
    asked = request.data
    if not isinstance(asked, dict):
        raise Invalid(f"the body is {type(asked).__name__}; send a JSON object")
    requests.only(asked, "body", names)
    return asked


def seconds_to_wait(request: HttpRequest) -> int:
    """Return N of ``Prefer: wait=N`` (RFC 7240), at most WAIT_LIMIT."""
    for part in request.headers.get("Prefer", "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "wait" and value.isdecimal():
            return min(int(value[:4]), WAIT_LIMIT)
    return 0


def wait_for(run_id: UUID, *, seconds: int) -> Run:
    """Return the run once it has ended or waits for people, or when the time is over."""
    began = time.monotonic()
    while not settled(run_id):
        waited = time.monotonic() - began
        if waited >= seconds:
            break
        # No connection is held while nothing is asked: more clients may wait than there are connections.
        if not connection.in_atomic_block:
            close_old_connections()
        time.sleep(min(max(QUICKEST, PACE * waited), SLOWEST))
    return Run.objects.get(pk=run_id)


def settled(run_id: UUID) -> bool:
    """Tell whether a run has ended or waits for people. Plain SQL: this is asked more often than anything else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, due_at IS NULL FROM orchestration_run WHERE id = %s", [run_id])
        row: tuple[str, bool] | None = cursor.fetchone()
    return row is None or row[0] in TERMINAL or (row[0] in runs.ASKING and row[1])


def accept(request: HttpRequest, *, kind: Kind) -> Response:
    asked = requests.parse(request.data, kind=kind)
    submitted = runs.submit(asked, actor=actor_of(request), idempotency_key=request.headers.get("Idempotency-Key"))
    seconds = seconds_to_wait(request)
    run = wait_for(submitted.run.pk, seconds=seconds) if seconds else submitted.run
    ended = run.state in TERMINAL
    body = detail(run.pk, request) if ended else shapes.RunOut(run).data
    response = Response(body, status=200 if ended else 202)
    response["Location"] = f"/api/v1/runs/{run.pk}"
    if seconds:
        response["Preference-Applied"] = f"wait={seconds}"
    return response


def detail(run_id: UUID, request: HttpRequest) -> dict[str, Any]:
    read = records.read_answer(run_id, actor=actor_of(request), via="api")
    return {**shapes.RunOut(read.run).data, "answer": read.answer}


def filters_of(request: HttpRequest) -> dict[str, str]:
    """Return the filters of a list of runs.

    Raises:
        Invalid: one has a value that does not exist.
    """
    filters = {}
    for name, known in {"state": RunState, "decision": Decision, "stakes": Stakes}.items():
        value = request.query_params.get(name)
        if value is None:
            continue
        if value not in {item.value for item in known}:
            raise Invalid(f"{name} is {value[:40]!r}; use one of {', '.join(item.value for item in known)}")
        filters[name] = value
    return filters


class Runs(APIView):
    scopes = {"GET": Scope.RUNS_READ, "POST": Scope.RUNS_WRITE}

    @extend_schema(
        operation_id="runs_list",
        responses={200: shapes.RunOut(many=True), **PROBLEMS},
        parameters=[OpenApiParameter(name, str) for name in ("cursor", "limit", "state", "decision", "stakes")],
    )
    def get(self, request: HttpRequest) -> Response:
        """List the workspace's runs, newest first.

        With `decision` or `stakes` each page looks at the next 1,000 runs only: it may hold few or none, and as long as
        `next` is there the list goes on.
        """
        rows = Run.objects.filter(workspace_id=workspace_of(actor_of(request))).defer(*TEXTS)
        filters = filters_of(request)
        if "state" in filters:
            rows = rows.filter(state=filters.pop("state"))
        return page(WithinWindow() if filters else NewestFirst(), rows, shapes.RunOut, view=self, filters=filters)

    @extend_schema(
        operation_id="runs_submit",
        request=shapes.RequestIn,
        parameters=[IDEMPOTENCY, PREFER],
        responses={200: shapes.RunDetailOut, 202: shapes.RunOut, **PROBLEMS},
    )
    def post(self, request: HttpRequest) -> Response:
        """Submit a question. Answers 202 at once, or 200 when the run ended within `Prefer: wait=N`."""
        return accept(request, kind=Kind.QUESTION)


class Verify(APIView):
    scopes = {"POST": Scope.RUNS_WRITE}

    @extend_schema(
        operation_id="verify",
        request=shapes.VerifyIn,
        parameters=[IDEMPOTENCY, PREFER],
        responses={200: shapes.RunDetailOut, 202: shapes.RunOut, **PROBLEMS},
    )
    def post(self, request: HttpRequest) -> Response:
        """Submit a finished answer; what is not proven is withheld."""
        return accept(request, kind=Kind.VERIFY)


class RunDetail(APIView):
    scopes = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="runs_get", responses={200: shapes.RunDetailOut, **PROBLEMS})
    def get(self, request: HttpRequest, run_id: UUID) -> Response:
        """Return one run; its answer once it is completed."""
        return Response(detail(run_id, request))


class RunClaims(APIView):
    scopes = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="runs_claims", responses={200: shapes.AppealedClaimOut(many=True), **PROBLEMS})
    def get(self, request: HttpRequest, run_id: UUID) -> Response:
        """Return the claims with their verdicts, reasons, evidence and appeals."""
        read = records.read_claims(run_id, actor=actor_of(request), via="api")
        beside = appealing.appeals_by_claim(run_id, actor=actor_of(request))
        appeals = (shapes.AppealNoteOut(beside.get(claim.id, ()), many=True).data for claim in read)
        shown = zip(shapes.ClaimOut(read, many=True).data, appeals, strict=True)
        return Response({"results": [{**claim, "appeals": known} for claim, known in shown]})


class RunLineage(APIView):
    scopes = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="runs_lineage", responses={200: OpenApiTypes.OBJECT, **PROBLEMS})
    def get(self, request: HttpRequest, run_id: UUID) -> Response:
        """Return how the answer came about, as nodes and edges without texts."""
        return Response(lineage.of_run(runs.found(run_id, actor=actor_of(request))).document())


class RunProof(APIView):
    scopes = {"GET": Scope.LEDGER_READ}

    @extend_schema(operation_id="runs_proof", responses={200: OpenApiTypes.OBJECT, **PROBLEMS})
    def get(self, request: HttpRequest, run_id: UUID) -> Response:
        """Return every ledger entry of the run with its inclusion proof under the latest signed checkpoint."""
        proof = sealer.prove(runs.found(run_id, actor=actor_of(request)).pk)
        entries = [
            {
                "entry": base64.b64encode(item.body).decode(),
                "leaf_index": item.index,
                "proof": [base64.b64encode(node).decode() for node in item.proof],
            }
            for item in proof.entries
        ]
        return Response({"checkpoint": proof.note, "tree_size": proof.size, "entries": entries})


class RunCancel(APIView):
    scopes = {"POST": Scope.RUNS_WRITE}

    @extend_schema(operation_id="runs_cancel", request=None, responses={200: shapes.RunOut, **PROBLEMS})
    def post(self, request: HttpRequest, run_id: UUID) -> Response:
        """Stop a run that has not ended."""
        return Response(shapes.RunOut(runs.cancel(run_id, actor=actor_of(request))).data)


class Approvals(APIView):
    scopes = {"GET": Scope.APPROVALS_READ}

    @extend_schema(
        operation_id="approvals_list",
        responses={200: shapes.ApprovalOut(many=True), **PROBLEMS},
        parameters=[OpenApiParameter(name, str) for name in ("cursor", "limit", "state")],
    )
    def get(self, request: HttpRequest) -> Response:
        """List approvals, by default those that wait, soonest to expire first."""
        state = request.query_params.get("state", ApprovalState.PENDING.value)
        if state not in set(ApprovalState):
            raise Invalid(f"state is {state[:40]!r}; use one of {', '.join(ApprovalState)}")
        rows = Approval.objects.filter(workspace_id=workspace_of(actor_of(request)), state=state)
        return page(WaitingFirst(), rows, shapes.ApprovalOut, view=self)


class ApprovalDetail(APIView):
    scopes = {"GET": Scope.APPROVALS_READ}

    @extend_schema(operation_id="approvals_get", responses={200: shapes.ApprovalOut, **PROBLEMS})
    def get(self, request: HttpRequest, approval_id: UUID) -> Response:
        """Return one approval with the actions it would release."""
        actor = actor_of(request)
        approval = runs.found_approval(approval_id, actor=actor)
        read = records.read_run(approval.run_id, actor=actor, via="api")
        names = ("tool", "kind", "tier", "arguments", "state")
        actions = [{name: getattr(action, name) for name in names} for action in read.actions]
        return Response({**shapes.ApprovalOut(approval).data, "actions": actions})


class ApprovalWord(APIView):
    """One person's word; the address says which."""

    scopes = {"POST": Scope.APPROVALS_DECIDE}
    approve = True

    @extend_schema(request=shapes.DecisionIn, responses={200: shapes.ApprovalOut, **PROBLEMS})
    def post(self, request: HttpRequest, approval_id: UUID) -> Response:
        """Approve or reject exactly what was seen, with a reason."""
        asked = body_of(request, {"reason", "seen"})
        reason = requests.clean(asked.get("reason"), "reason", limit=runs.REASON_LIMIT)
        seen = requests.clean(asked.get("seen"), "seen", limit=64)
        verb = runs.approve if self.approve else runs.reject
        return Response(shapes.ApprovalOut(verb(approval_id, actor=actor_of(request), reason=reason, seen=seen)).data)


class Checkpoint(APIView):
    scopes = {"GET": Scope.LEDGER_READ}

    @extend_schema(operation_id="ledger_checkpoint", responses={200: OpenApiTypes.OBJECT, **PROBLEMS})
    def get(self, request: HttpRequest) -> Response:  # noqa: ARG002 - one ledger for all
        """Return the latest signed checkpoint. Keep one: it finds any later change to the past."""
        last = sealer.latest()
        return Response({"checkpoint": last.note if last else "", "tree_size": last.size if last else 0})
