"""What stands at the top of every page: where one can go, and how many decisions wait."""

from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from audit.console import actor_in_console, workspace_of
from audit.models import Membership, Workspace
from audit.roles import Scope
from orchestration.models import Appeal, Approval, Inquiry, Restore
from orchestration.states import AppealState, ApprovalState, InquiryState, RestoreKind, RestoreState

CAP = 99


@dataclass(frozen=True, slots=True)
class Item:
    label: str
    address: str
    current: bool
    waiting: str = ""


@dataclass(frozen=True, slots=True)
class Navigation:
    """Empty for whoever has not logged in."""

    items: tuple[Item, ...] = ()
    workspace: Workspace | None = None
    others: tuple[Workspace, ...] = ()


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Give templates ``navigation``; nothing is asked of the database until a template uses it."""
    return {"navigation": SimpleLazyObject(partial(navigation_for, request))}


def navigation_for(request: HttpRequest) -> Navigation:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return Navigation()
    actor = actor_in_console(request)
    here = request.path
    items = []
    if actor is not None:
        items.append(item("Runs", reverse("console:runs"), here))
        items.append(item("Batches", reverse("console:batches"), here))
        if actor.may(Scope.APPROVALS_READ):
            items.append(item("Approvals", reverse("console:approvals"), here, waiting=waiting_in(workspace_of(actor))))
        if actor.may(Scope.DOCUMENTS_READ):
            items.append(item("Evidence", reverse("console:evidence"), here))
        if actor.may(Scope.RUNS_READ):
            items.append(item("Policies", reverse("console:packs"), here))
        if actor.may(Scope.LEDGER_READ):
            items.append(item("Guardians", reverse("console:guardians"), here))
            items.append(item("Ledger", reverse("console:ledger"), here))
        if actor.may(Scope.WEBHOOKS_WRITE):
            items.append(item("Webhooks", reverse("console:webhooks"), here))
    items.append(item("API", reverse("api"), here))
    if user.is_staff:
        items.append(item("Admin", reverse("admin:index"), here))
    rows = Membership.objects.filter(user_id=user.pk).select_related("workspace").order_by("workspace__slug")
    workspaces = {row.workspace_id: row.workspace for row in rows}
    chosen = workspaces.pop(workspace_of(actor), None) if actor else None
    return Navigation(tuple(items), chosen, tuple(workspaces.values()))


def item(label: str, address: str, here: str, *, waiting: str = "") -> Item:
    return Item(label, address, here.startswith(address), waiting)


def waiting_in(workspace: UUID) -> str:
    """Return how many approvals, inquiries, appeals and overrides wait, at most '99+'; empty for none."""
    approvals = Approval.objects.filter(workspace_id=workspace, state=ApprovalState.PENDING.value)
    inquiries = Inquiry.objects.filter(run__workspace_id=workspace, state=InquiryState.OPEN.value)
    appeals = Appeal.objects.filter(workspace_id=workspace, state=AppealState.PENDING.value)
    overrides = Restore.objects.filter(
        workspace_id=workspace, state=RestoreState.PENDING.value, kind=RestoreKind.OVERRIDE.value
    )
    number = sum(len(rows.values_list("pk")[: CAP + 1]) for rows in (approvals, inquiries, appeals, overrides))
    if number > CAP:
        return f"{CAP}+"
    return str(number) if number else ""
