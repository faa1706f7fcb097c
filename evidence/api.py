"""Documents of the reference corpus over HTTP."""

from typing import Any, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.access import workspace_of
from audit.actors import Actor
from audit.errors import Invalid
from audit.problems import BoundedJSONParser
from audit.roles import Scope
from audit.uploads import FormParser
from evidence import corpus
from evidence.documents.origins import host_of
from evidence.models import Document

FIELDS = {"source", "title", "text", "trusted"}
FORM_FIELDS = {"source", "title", "trusted", "url", "file"}
TRUST = {"true": True, "false": False}


class DocumentIn(serializers.Serializer[object]):
    source = serializers.CharField(max_length=120)  # type: ignore[assignment] # a field's own source is another
    title = serializers.CharField(max_length=200)
    text = serializers.CharField(help_text="plain text or Markdown, at most 5 MB")
    trusted = serializers.BooleanField(default=True, help_text="only the first document of a source sets this")


class FileIn(serializers.Serializer[object]):
    source = serializers.CharField(max_length=120)  # type: ignore[assignment] # as above
    title = serializers.CharField(max_length=200)
    file = serializers.FileField(
        help_text="text/plain, text/markdown, text/html or application/json of at most 5 MB, or application/pdf of at "
        "most 20 MB; the part's own Content-Type says which"
    )
    trusted = serializers.BooleanField(default=True, help_text="only the first document of a source sets this")
    url = serializers.URLField(required=False, help_text="where it was published; only its host is kept")


class DocumentOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    source = serializers.CharField(source="source.name")  # type: ignore[assignment] # as above
    title = serializers.CharField()
    version = serializers.IntegerField()
    current = serializers.BooleanField()
    sha256 = serializers.CharField()
    media_type = serializers.CharField(help_text="of the original; empty for documents of before it was kept")
    extractor = serializers.CharField(help_text="what read the original, with versions")
    original_sha256 = serializers.CharField(help_text="of the original's bytes")
    size = serializers.IntegerField(help_text="of the original, in bytes")
    host = serializers.CharField(help_text="the web host it was published on, where that is known")
    created_at = serializers.DateTimeField()


class NewestFirst(CursorPagination):
    page_size = 50
    ordering = ("-created_at", "-id")


class Documents(APIView):
    scopes = {"GET": Scope.DOCUMENTS_READ, "POST": Scope.DOCUMENTS_WRITE}
    parser_classes = [BoundedJSONParser, FormParser]

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

    @extend_schema(
        operation_id="documents_add",
        request={"application/json": DocumentIn, "multipart/form-data": FileIn},
        responses={201: DocumentOut},
    )
    def post(self, request: Request) -> Response:
        """Add a document, or a new version of one, as a text or as a file. The same again changes nothing."""
        data = request.data
        document = add_form(data, request) if isinstance(data, QueryDict) else add_text(data, request)
        return Response(DocumentOut(document).data, status=201)


def add_text(data: object, request: Request) -> Document:
    asked = fields_of(data)
    return corpus.add_document(
        source=short(asked, "source", limit=120),
        title=short(asked, "title", limit=200),
        text=asked["text"],
        trusted=asked.get("trusted", True),
        actor=actor_of(request),
    )


def add_form(data: QueryDict, request: Request) -> Document:
    asked = form_of(data)
    return corpus.add_file(
        file_of(asked),
        source=short(asked, "source", limit=120),
        title=short(asked, "title", limit=200),
        trusted=TRUST[asked.get("trusted", "true")],
        actor=actor_of(request),
    )


def actor_of(request: Request) -> Actor:
    return cast("Actor", cast("Any", request).actor)


def fields_of(data: object) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Invalid(f"the body is {type(data).__name__}; send a JSON object")
    refuse_unknown(set(map(str, data)) - FIELDS, known=FIELDS)
    if not isinstance(data.get("text"), str):
        raise Invalid("text is missing; send the document's text")
    if not isinstance(data.get("trusted", True), bool):
        raise Invalid(f"trusted is {str(data['trusted'])[:60]!r}; send true or false")
    return data


def form_of(data: QueryDict) -> dict[str, Any]:
    """Return the fields of a form, each of which may be there once."""
    refuse_unknown(set(data) - FORM_FIELDS, known=FORM_FIELDS)
    for name, values in data.lists():
        if len(values) > 1:
            raise Invalid(f"{name} is there {len(values)} times; send it once")
    asked: dict[str, Any] = data.dict()
    if asked.get("trusted", "true") not in TRUST:
        raise Invalid(f"trusted is {str(asked['trusted'])[:60]!r}; send true or false")
    return asked


def file_of(asked: dict[str, Any]) -> corpus.File:
    sent = asked.get("file")
    if not isinstance(sent, UploadedFile):
        raise Invalid("file is missing; send the document as a file with its Content-Type")
    url = asked.get("url", "")
    if url and not (isinstance(url, str) and host_of(url)):
        raise Invalid("url is no http or https address with a host; leave it out or send where it was published")
    charset: str | bytes = sent.charset or ""  # Django's parser of forms leaves it in bytes
    if isinstance(charset, bytes):
        charset = charset.decode("ascii", "replace")
    return corpus.File(sent.read(), sent.content_type or "", charset, url)


def refuse_unknown(unknown: set[str], *, known: set[str]) -> None:
    if unknown:
        raise Invalid(f"{min(unknown)[:60]!r} is not a field; known are {', '.join(sorted(known))}")


def short(asked: dict[str, Any], name: str, *, limit: int) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Invalid(f"{name} must be a text of one line")
    if len(value) > limit:
        raise Invalid(f"{name} has {len(value)} characters; at most {limit} are taken")
    return value.strip()
