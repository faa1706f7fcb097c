"""Documents of the reference corpus over HTTP."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.access import workspace_of
from audit.actors import Actor
from audit.errors import Invalid
from audit.roles import Scope
from evidence import corpus
from evidence.models import Document

FIELDS = {"source", "title", "text", "trusted"}


class DocumentIn(serializers.Serializer[object]):
    source = serializers.CharField(max_length=120)  # type: ignore[assignment] # a field's own source is another
    title = serializers.CharField(max_length=200)
    text = serializers.CharField(help_text="plain text or Markdown, at most 5 MB")
    trusted = serializers.BooleanField(default=True, help_text="only the first document of a source sets this")


class DocumentOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    source = serializers.CharField(source="source.name")  # type: ignore[assignment] # as above
    title = serializers.CharField()
    version = serializers.IntegerField()
    current = serializers.BooleanField()
    sha256 = serializers.CharField()
    created_at = serializers.DateTimeField()


class NewestFirst(CursorPagination):
    page_size = 50
    ordering = ("-created_at", "-id")


class Documents(APIView):
    scopes = {"GET": Scope.DOCUMENTS_READ, "POST": Scope.DOCUMENTS_WRITE}

    @extend_schema(
        operation_id="documents_list",
        responses=DocumentOut(many=True),
        parameters=[OpenApiParameter("cursor", str)],
    )
    def get(self, request: Request) -> Response:
        """List the workspace's documents, newest first, without their texts."""
        workspace = workspace_of(actor_of(request))
        rows = Document.objects.filter(source__workspace_id=workspace).select_related("source").defer("text")
        paginator = NewestFirst()
        found = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response(DocumentOut(found, many=True).data)

    @extend_schema(operation_id="documents_add", request=DocumentIn, responses={201: DocumentOut})
    def post(self, request: Request) -> Response:
        """Add a document, or a new version of one. The same text again changes nothing."""
        asked = fields_of(request.data)
        document = corpus.add_document(
            source=short(asked, "source", limit=120),
            title=short(asked, "title", limit=200),
            text=asked["text"],
            trusted=asked.get("trusted", True),
            actor=actor_of(request),
        )
        return Response(DocumentOut(document).data, status=201)


def actor_of(request: Request) -> Actor:
    return cast("Actor", cast("Any", request).actor)


def fields_of(data: object) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Invalid(f"the body is {type(data).__name__}; send a JSON object")
    unknown = sorted(set(map(str, data)) - FIELDS)
    if unknown:
        raise Invalid(f"{unknown[0][:60]!r} is not a field; known are {', '.join(sorted(FIELDS))}")
    if not isinstance(data.get("text"), str):
        raise Invalid("text is missing; send the document's text")
    if not isinstance(data.get("trusted", True), bool):
        raise Invalid(f"trusted is {str(data['trusted'])[:60]!r}; send true or false")
    return data


def short(asked: dict[str, Any], name: str, *, limit: int) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Invalid(f"{name} must be a text of one line")
    if len(value) > limit:
        raise Invalid(f"{name} has {len(value)} characters; at most {limit} are taken")
    return value.strip()
