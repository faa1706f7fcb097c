"""Field changes that django-auditlog noticed, mirrored into the ledger: which row and fields, never the values."""

from typing import Any

from audit import ledger
from audit.actors import SYSTEM, Actor, ActorKind
from audit.events import EventType


def mirror(sender: Any, instance: Any, action: Any, changes: Any, log_entry: Any, **kwargs: Any) -> None:  # noqa: ANN401, ARG001
    """Receive auditlog's post_log signal."""
    if log_entry is None:
        return
    user = log_entry.actor_id
    actor = Actor(ActorKind.USER, str(user), None) if user else SYSTEM
    data = {
        "model": instance._meta.label,
        "row": str(instance.pk),
        "action": str(log_entry.get_action_display()),
        "fields": sorted(changes or {}),
    }
    ledger.append(ledger.Event(EventType.FIELDS_CHANGED, actor, data), chain="fields")
