"""Who asks over HTTP, and whether the view's scope is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

from audit.access import actor_of_key, actor_of_user
from audit.models import ApiKey

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from audit.actors import Actor


def actor_of_request(request: Request) -> Actor | None:
    """Return who asks: the API key's actor, or the user's in the workspace that the header X-Workspace names."""
    if isinstance(request.auth, ApiKey):
        return actor_of_key(request.auth)
    if not getattr(request.user, "is_authenticated", False):  # UNAUTHENTICATED_USER is None
        return None
    return actor_of_user(request.user, workspace=request.headers.get("X-Workspace", ""))


class HasScope(BasePermission):
    """Let a request pass when its actor has the scope that the view names for the method, and a workspace."""

    message = "this needs a scope that you do not have"

    def has_permission(self, request: Request, view: APIView) -> bool:
        actor = actor_of_request(request)
        if actor is None:
            return False
        setattr(request, "actor", actor)  # noqa: B010 - REST framework's request has no such attribute to type
        scopes: dict[str, str] = getattr(view, "scopes", {})
        scope = scopes.get("GET" if request.method in {"HEAD", "OPTIONS"} else str(request.method))
        if scope is None or not actor.may(scope):
            self.message = f"this needs the scope {scope}; you have {', '.join(sorted(actor.scopes)) or 'none'}"
            return False
        return True
