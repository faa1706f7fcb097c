"""Workspaces: found by their slug, and how their runs are driven, which an operator sets and the ledger keeps."""

from uuid import UUID

from django.db import transaction

from audit import ledger
from audit.access import require
from audit.actors import Actor
from audit.errors import Invalid, NotFound
from audit.events import EventType
from audit.flushing import FlushPolicy
from audit.models import Workspace
from audit.roles import Scope

RUNS_LIMIT = 10_000
NAMED = 20


def named(slug: str) -> Workspace:
    """Return the workspace that somebody at the command line names.

    Raises:
        NotFound: there is none of that slug; the message names some that there are.
    """
    found = Workspace.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(Workspace.objects.values_list("slug", flat=True)[:NAMED]) or "none yet"
        raise NotFound(f"no workspace {slug!r}; there is: {known}")
    return found


@transaction.atomic
def configure(workspace_id: UUID, *, flush_policy: str, max_active_runs: int, actor: Actor) -> Workspace:
    """Set when flushes wait for the disk and how many runs may be driven at once; 0 is the site's own number.

    Raises:
        Invalid: a value that does not exist, or is out of range.
        NotAllowed: the actor lacks workspace:write.
        NotFound: the workspace is not the actor's.
    """
    require(actor, Scope.WORKSPACE_WRITE)
    if flush_policy not in set(FlushPolicy):
        raise Invalid(f"flush_policy is {flush_policy[:20]!r}; use {' or '.join(FlushPolicy)}")
    if not 0 <= max_active_runs <= RUNS_LIMIT:
        raise Invalid(f"max_active_runs is {max_active_runs}; use 0 (the site's number) to {RUNS_LIMIT}")
    workspace = Workspace.objects.select_for_update().filter(pk=workspace_id).first()
    if workspace is None or workspace.pk != actor.workspace:
        raise NotFound(f"there is no workspace {workspace_id} of which you are the operator")
    workspace.flush_policy, workspace.max_active_runs = flush_policy, max_active_runs
    workspace.save(update_fields=["flush_policy", "max_active_runs"])
    data = {"flush_policy": str(flush_policy), "max_active_runs": max_active_runs}
    ledger.append(ledger.Event(EventType.WORKSPACE_CONFIGURED, actor, data), chain=f"workspace:{workspace.pk}")
    return workspace
