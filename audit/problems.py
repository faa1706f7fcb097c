"""Errors of the API as problem details (RFC 9457), and the parser of its bodies."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.response import Response

from audit.errors import Invalid, Problem, TooLarge, Unavailable
from audit.keys import KeyUnavailable
from audit.uploads import UploadTooBig
from audit.vault import SealError

CONTENT_TYPE = "application/problem+json"


def document(*, status: int, title: str, detail: str, field: str = "") -> dict[str, Any]:
    known: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return {**known, "field": field} if field else known


def response(*, status: int, title: str, detail: str, field: str = "") -> Response:
    body = document(status=status, title=title, detail=detail, field=field)
    return Response(body, status=status, content_type=CONTENT_TYPE)


def detail_of(error: exceptions.APIException) -> str:
    match error.detail:
        case str() as text:
            return text
        case list() as texts:
            return "; ".join(map(str, texts))
        case named:
            return "; ".join(f"{name}: {text}" for name, text in named.items())


def refused_body(error: RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent) -> Response:
    """Return the problem document of a body that was not read to its end."""
    match error:
        case UploadTooBig():
            problem: Problem = TooLarge(str(error))
        case RequestDataTooBig():
            problem = TooLarge(f"the body has over {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes: send it in parts")
        case _:
            problem = Invalid("the form has too many fields; send one document")
    return response(status=problem.status, title=problem.title, detail=str(problem))


def handle(error: Exception, context: dict[str, Any]) -> Response | None:  # noqa: ARG001
    """Turn what a view raised into a problem document; None for what nobody foresaw."""
    match error:
        case Problem():
            return response(status=error.status, title=error.title, detail=str(error), field=error.field)
        case OperationalError() | InterfaceError():
            away = Unavailable("the database is away; nothing was done, try again in a few seconds")
            return response(status=away.status, title=away.title, detail=str(away))
        case KeyUnavailable():
            return response(status=410, title="Its texts cannot be read", detail=str(error))
        case SealError():
            # Somebody changed the row behind our back: it is refused, and nothing of it is shown.
            return response(status=409, title="A stored text is not what was written", detail=str(error))
        case RequestDataTooBig() | TooManyFieldsSent() | TooManyFilesSent():
            return refused_body(error)
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


def plain(*, status: int, title: str, detail: str) -> JsonResponse:
    """Return a problem document outside of REST framework's views."""
    return JsonResponse(document(status=status, title=title, detail=detail), status=status, content_type=CONTENT_TYPE)


class BoundedJSONParser(JSONParser):
    """Reads JSON that is not nested too deeply. How long a body may be, Django checks before (see ``handle``)."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ANN401
        try:
            # JSON is UTF-8 (RFC 8259, 8.1). A charset that the client names could be any codec, such as bz2.
            return super().parse(stream, media_type, {**parser_context, "encoding": "utf-8"})
        except RecursionError as error:
            raise exceptions.ParseError("the JSON is nested too deeply; flatten it") from error
