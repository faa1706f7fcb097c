"""Names of actors for people to read. The ledger keeps opaque ids; only pages say who that is."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth import get_user_model

from audit.models import ApiKey

SYSTEMS = {"worker:engine": "the engine", "system:prometheus": "the system"}


def names(actors: Iterable[str], *, workspace: UUID) -> dict[str, str]:
    """Return what to call each actor of a workspace; one that is not found keeps its id."""
    known = dict(SYSTEMS)
    wanted = set(actors)
    users = [int(a.removeprefix("user:")) for a in wanted if a.startswith("user:") and a[5:].isdecimal()]
    keys = [a.removeprefix("key:") for a in wanted if a.startswith("key:")]
    if users:
        rows = get_user_model().objects.filter(pk__in=users, memberships__workspace=workspace).distinct()
        known |= {f"user:{user.pk}": user.get_full_name() or user.get_username() for user in rows}
    if keys:
        rows_of_keys = ApiKey.objects.filter(prefix__in=keys, workspace_id=workspace).values_list("prefix", "name")
        known |= {f"key:{prefix}": f"{name} (key)" for prefix, name in rows_of_keys}
    return {actor: known.get(actor, actor) for actor in wanted}
