"""Over HTTP: who asks, in which workspace, and whether the view's scope is theirs."""

from typing import Any, cast

import pytest
from django.contrib.auth.models import AnonymousUser, User
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from audit.models import ApiKey, Workspace
from audit.permissions import HasScope, actor_of_request
from audit.roles import Scope
from tests.conftest import Person


class Page(APIView):
    scopes = {"GET": Scope.RUNS_READ, "POST": Scope.APPROVALS_DECIDE}


def asked(method: str = "get", *, user: Any = None, auth: Any = None, workspace: str = "") -> Request:
    headers = {"X-Workspace": workspace} if workspace else {}
    made = getattr(APIRequestFactory(), method)("/", headers=headers)
    force_authenticate(made, user=user, token=auth)
    return APIView().initialize_request(made)


def allowed(request: Request, view: APIView | None = None) -> bool:
    return HasScope().has_permission(request, view or Page())


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_reading_needs_the_views_scope_for_reading(grace: Person, method: str) -> None:
    request = asked(method, user=grace.user)
    assert allowed(request)
    assert cast("Any", request).actor == grace.actor


def test_who_lacks_the_scope_is_told_which(grace: Person) -> None:
    permission = HasScope()
    assert not permission.has_permission(asked("post", user=grace.user), Page())
    assert permission.message.startswith("this needs the scope approvals:decide; you have appeals:decide, ")


def test_the_scope_for_a_change_lets_a_change_pass(alan: Person) -> None:
    assert allowed(asked("post", user=alan.user))


def test_a_method_or_a_view_without_a_scope_is_closed(ada: Person) -> None:
    assert not allowed(asked("delete", user=ada.user))
    assert not allowed(asked(user=ada.user), APIView())


@pytest.mark.parametrize("user", [None, AnonymousUser()])
def test_who_is_not_logged_in_is_nobody(user: object) -> None:
    assert actor_of_request(asked(user=user)) is None
    assert not allowed(asked(user=user))


@pytest.mark.django_db
def test_a_user_without_a_workspace_may_do_nothing() -> None:
    assert not allowed(asked(user=User.objects.create_user("lost", is_superuser=True)))


def test_a_key_asks_in_its_own_workspace_whatever_the_header_says(workspace: Workspace) -> None:
    key = ApiKey(workspace=workspace, prefix="abc", scopes=["runs:read"])
    request = asked(user=AnonymousUser(), auth=key, workspace="elsewhere")
    assert allowed(request)
    assert cast("Any", request).actor.workspace == workspace.pk


def test_a_key_without_any_scope_is_told_so(workspace: Workspace) -> None:
    permission = HasScope()
    assert not permission.has_permission(asked(user=AnonymousUser(), auth=ApiKey(workspace=workspace)), Page())
    assert permission.message == "this needs the scope runs:read; you have none"


def test_mallory_cannot_name_a_workspace_that_is_not_hers(grace: Person, mallory: Person) -> None:
    assert not allowed(asked(user=mallory.user, workspace="northgate"))
    assert allowed(asked(user=mallory.user, workspace="elsewhere"))
