"""The admin: every page answers, facts are read-only for everybody, a key is shown once."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Model
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit import apikeys
from audit.actors import SYSTEM
from audit.admin import ApiKeyAdmin, CappedPaginator, KeptAdmin, ReadOnlyAdmin
from audit.events import EventType
from audit.ledger import Event, append
from audit.models import ApiKey, Entry, Membership, TreeNode, Workspace
from tests.audit.rows import Rows
from tests.conftest import Person

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
OURS = [model for model in MODELS if isinstance(admin.site._registry[model], ReadOnlyAdmin | KeptAdmin)]
FACTS = [model for model in OURS if isinstance(admin.site._registry[model], ReadOnlyAdmin)]
KEPT = [model for model in OURS if model not in FACTS]
QUERIES = 16


def page(model: type[Model], kind: str, *arguments: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{kind}", args=arguments)


@pytest.fixture
def as_ada(ada: Person, client: Client) -> Client:
    client.force_login(ada.user)
    return client


@pytest.fixture
def as_grace(grace: Person, client: Client) -> Client:
    client.force_login(grace.user)
    return client


@pytest.mark.parametrize("model", MODELS)
def test_every_list_answers_with_bounded_queries(as_ada: Client, model: type[Model]) -> None:
    Rows().of(model)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert as_ada.get(page(model, "changelist")).status_code == 200
    assert len(queries) <= QUERIES
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"] and model in FACTS]
    assert all("LIMIT" in count for count in counts)  # so far, and no further


@pytest.mark.parametrize("model", MODELS)
def test_every_row_has_a_page(as_ada: Client, model: type[Model]) -> None:
    row = Rows().of(model)
    with CaptureQueriesContext(connection) as queries:
        assert as_ada.get(page(model, "change", row.pk)).status_code == 200
    assert len(queries) <= QUERIES


def test_a_list_of_many_rows_takes_as_many_queries_as_one_of_few(as_ada: Client) -> None:
    for _ in range(60):
        append(Event(EventType.FIELDS_CHANGED, SYSTEM), chain="many")
    with CaptureQueriesContext(connection) as few:
        as_ada.get(page(Entry, "changelist"))
    for _ in range(60):
        append(Event(EventType.FIELDS_CHANGED, SYSTEM), chain="many")
    with CaptureQueriesContext(connection) as many:
        as_ada.get(page(Entry, "changelist"))
    assert len(many) == len(few)


@pytest.mark.parametrize("model", FACTS)
def test_facts_are_read_only_even_for_a_superuser(as_ada: Client, model: type[Model]) -> None:
    row = Rows().of(model)
    assert as_ada.get(page(model, "add")).status_code == 403
    assert as_ada.post(page(model, "add"), {}).status_code == 403
    assert as_ada.post(page(model, "change", row.pk), {}).status_code == 403
    assert as_ada.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", [model for model in KEPT if model is not Membership])
def test_what_operators_edit_is_never_deleted(as_ada: Client, model: type[Model]) -> None:
    row = Rows().of(model)
    assert as_ada.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403


def test_a_role_can_be_taken_away(as_ada: Client, grace: Person) -> None:
    membership = Membership.objects.get(user=grace.user)
    as_ada.post(page(Membership, "delete", membership.pk), {"post": "yes"})
    assert not Membership.objects.filter(user=grace.user).exists()
    assert Entry.objects.filter(chain="fields").latest("id").actor.startswith("user:")


@pytest.mark.parametrize("model", OURS)
def test_grace_has_no_rights_here(as_grace: Client, model: type[Model]) -> None:
    assert as_grace.get(page(model, "changelist")).status_code == 403
    assert as_grace.get(page(model, "add")).status_code == 403


def test_who_is_not_staff_is_sent_to_log_in(grace: Person, client: Client) -> None:
    User.objects.filter(pk=grace.user.pk).update(is_staff=False)
    client.force_login(grace.user)
    answer = client.get(page(Entry, "changelist"))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


def test_an_entry_is_found_by_its_chain_or_run_and_shown_to_the_byte(as_ada: Client, workspace: Workspace) -> None:
    append(Event(EventType.RUN_ADVANCED, SYSTEM, run=workspace.pk), chain="run:x")
    for search in ("run:x", str(workspace.pk)):
        assert b"run.advanced" in as_ada.get(page(Entry, "changelist"), {"q": search}).content
    assert b"run.advanced" not in as_ada.get(page(Entry, "changelist"), {"q": "run:"}).content
    entry = Entry.objects.get(chain="run:x")
    shown = as_ada.get(page(Entry, "change", entry.pk)).content.decode()
    assert bytes(entry.leaf_hash).hex() in shown
    assert "&quot;chain&quot;:&quot;run:x&quot;" in shown


def test_a_list_counts_to_ten_thousand_and_no_further() -> None:
    assert CappedPaginator([], 50).LIMIT == 10_000


def test_a_page_beyond_the_count_is_told_and_not_an_error(as_ada: Client) -> None:
    TreeNode.objects.create(level=0, index=0, hash=bytes(32))
    assert as_ada.get(page(TreeNode, "changelist"), {"p": 999}).status_code in {200, 302}


def made_key(client: Client) -> str:
    form = {"name": "ward system", "scopes": ["runs:read"], "expires_at_0": "", "expires_at_1": ""}
    shown = client.post(page(ApiKey, "add"), form, follow=True).content.decode()
    found = re.search(r"not shown again: (\w+\.[\w-]+)", shown)
    assert found, shown
    return found[1]


def test_a_key_is_shown_once_and_kept_as_a_digest(as_ada: Client, ada: Person) -> None:
    prefix, secret = made_key(as_ada).split(".")
    key = ApiKey.objects.get()
    assert (key.prefix, key.workspace_id, key.scopes) == (prefix, ada.actor.workspace, ["runs:read"])
    for address in (page(ApiKey, "changelist"), page(ApiKey, "change", key.pk)):
        assert secret not in as_ada.get(address).content.decode()
    assert Entry.objects.get(type="key.created").actor == str(ada.actor)


def test_a_key_with_more_scopes_than_ones_own_is_not_offered_and_not_taken(as_ada: Client) -> None:
    offered = as_ada.get(page(ApiKey, "add")).content.decode()
    assert "tools:write" in offered
    assert "approvals:decide" not in offered
    shown = as_ada.post(page(ApiKey, "add"), {"name": "x", "scopes": ["approvals:decide"]}).content.decode()
    assert "approvals:decide is not one of the available choices" in shown
    assert not ApiKey.objects.exists()


def test_a_key_cannot_be_changed(as_ada: Client, ada: Person) -> None:
    key = apikeys.create_key(name="x", scopes=["runs:read"], actor=ada.actor).key
    assert as_ada.post(page(ApiKey, "change", key.pk), {"name": "y", "scopes": ["runs:write"]}).status_code == 403


def test_who_belongs_to_no_workspace_makes_no_key(client: Client, workspace: Workspace) -> None:
    client.force_login(User.objects.create(username="lost", is_staff=True, is_superuser=True))
    assert client.get(page(ApiKey, "add")).status_code == 403


def test_a_key_is_revoked_in_ones_own_workspace_only(as_ada: Client, ada: Person, mallory: Person) -> None:
    ours = apikeys.create_key(name="ours", scopes=["runs:read"], actor=ada.actor).key
    theirs = apikeys.create_key(name="theirs", scopes=["runs:read"], actor=mallory.actor).key
    as_ada.post(page(ApiKey, "changelist"), {"action": "revoke", "_selected_action": [ours.pk, theirs.pk]})
    assert set(ApiKey.objects.filter(revoked_at__isnull=False)) == {ours}


def test_who_may_only_look_cannot_revoke(as_grace: Client, grace: Person, ada: Person) -> None:
    key = apikeys.create_key(name="ours", scopes=["runs:read"], actor=ada.actor).key
    grace.user.user_permissions.add(Permission.objects.get(codename="view_apikey"))
    assert as_grace.get(page(ApiKey, "changelist")).status_code == 200
    as_grace.post(page(ApiKey, "changelist"), {"action": "revoke", "_selected_action": [key.pk]})
    assert ApiKey.objects.get().revoked_at is None


def test_the_verbs_are_closed_to_who_acts_in_no_workspace(workspace: Workspace) -> None:
    request = RequestFactory().post("/")
    request.user = User.objects.create(username="lost", is_staff=True, is_superuser=True)
    shown = ApiKeyAdmin(ApiKey, admin.site)
    with pytest.raises(PermissionDenied):
        shown.revoke(request, ApiKey.objects.all())
    with pytest.raises(PermissionDenied):
        shown.save_model(request, ApiKey(), shown.get_form(request)(), change=False)
