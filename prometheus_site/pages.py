"""Pages that belong to no app: the API's schema page and the error pages."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from audit import problems

METHODS = ("get", "post", "put", "patch", "delete")


def operations(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every operation of the schema, in the order of its addresses."""
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": known.get("description", ""),
            "parameters": known.get("parameters", []),
            "body": body_of(known),
            "responses": sorted(known.get("responses", {})),
        }
        for path, methods in schema["paths"].items()
        for method, known in methods.items()
        if method in METHODS
    ]


def body_of(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]


def fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every shape of the schema with its fields."""
    return [
        {
            "name": name,
            "fields": [
                {
                    "name": field,
                    "type": kind.get("type") or str(kind.get("$ref", "")).rpartition("/")[2],
                    "required": field in known.get("required", []),
                    "description": kind.get("description", ""),
                }
                for field, kind in known.get("properties", {}).items()
            ],
        }
        for name, known in sorted(schema.get("components", {}).get("schemas", {}).items())
        if known.get("properties")
    ]


@require_safe
def api_page(request: HttpRequest) -> HttpResponse:
    """Show the OpenAPI schema as a page of our own: the usual bundles break the content security policy."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return render(request, "api.html", {"operations": operations(schema), "shapes": fields(schema)})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    if request.path.startswith("/api/"):
        return problems.plain(status=404, title="Not found", detail="there is nothing at this address")
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        detail = "something failed on our side; it was recorded under the X-Request-Id of this answer"
        return problems.plain(status=500, title="Internal error", detail=detail)
    return render(request, "500.html", status=500)
