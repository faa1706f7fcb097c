"""Errors of the API as problem details (RFC 9457), and the parser that bounds what is read."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from audit.errors import Problem, TooLarge, Unavailable

CONTENT_TYPE = "application/problem+json"


def document(*, status: int, title: str, detail: str, field: str = "") -> dict[str, Any]:
    known: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return {**known, "field": field} if field else known


def response(*, status: int, title: str, detail: str, field: str = "") -> Response:
    body = document(status=status, title=title, detail=detail, field=field)
    return Response(body, status=status, content_type=CONTENT_TYPE)


def detail_of(error: exceptions.APIException) -> str:
    detail = error.detail
    return str(detail) if isinstance(detail, str) else "; ".join(f"{name}: {text}" for name, text in dict(detail).items())


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into a problem document; None for what nobody foresaw."""
    match error:
        case Problem():
            return response(status=error.status, title=error.title, detail=str(error), field=error.field)
        case OperationalError() | InterfaceError():
            away = Unavailable("the database is away; nothing was done, try again in a few seconds")
            return response(status=away.status, title=away.title, detail=str(away))
        case Http404():
            return response(status=404, title="Not found", detail="there is nothing at this address")
        case PermissionDenied():
            return response(status=403, title="Not allowed", detail=str(error) or "you may not do this")
        case exceptions.APIException():
            answer = response(status=error.status_code, title=str(error.default_detail), detail=detail_of(error))
            wait = getattr(error, "auth_header", None)
            if wait:
                answer["WWW-Authenticate"] = wait
            return answer
        case _:
            return None


def plain(request: HttpRequest, *, status: int, title: str, detail: str) -> JsonResponse:
    """Return a problem document outside of REST framework's views."""
    return JsonResponse(document(status=status, title=title, detail=detail), status=status, content_type=CONTENT_TYPE)


class BoundedJSONParser(JSONParser):
    """Reads at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes, whatever the client announces."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ANN401
        request: Request = parser_context["request"]
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
        if announced > limit:
            raise TooLarge(f"the body has {announced} bytes; at most {limit} are taken: send it in parts")
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise exceptions.ParseError("the JSON is nested too deeply; flatten it") from error
