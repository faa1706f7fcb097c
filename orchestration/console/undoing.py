"""Whether a call of a run can be undone, and by what: as it is registered at the moment of looking."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from audit.canonical import JSON
from orchestration import registry
from orchestration.compensation import CompensationError
from orchestration.console.highlight import clipped, visible
from orchestration.models import Action, Run
from orchestration.states import TERMINAL, ActionKind, ActionState

UNDOABLE = (ActionState.PROPOSED, ActionState.INTENDED, ActionState.UNKNOWN, ActionState.DONE)
VALUE_LIMIT = 80


@dataclass(frozen=True, slots=True)
class Undoing:
    """The tool that undoes a call, and where its arguments are found; without one, why nothing does."""

    tool: str = ""
    arguments: tuple[str, ...] = ()
    trouble: str = ""


def undoings_of(run: Run) -> dict[UUID, Undoing]:
    """Return what undoes each effect of a run, by the action's id.

    What failed or was undone is left out, and so is what a run that has ended did: nothing of it is undone any more.
    """
    if run.state in TERMINAL:
        return {}
    rows = Action.objects.filter(run=run, kind=ActionKind.EFFECT.value, state__in=UNDOABLE, undone_by__isnull=True)
    known = rows.select_related("tool__server", "tool__compensated_by__server")
    return {action.pk: undoing_of(action) for action in known.defer("arguments_sealed", "result_sealed")}


def undoing_of(action: Action) -> Undoing:
    if action.original_id is not None:
        return Undoing(trouble="it was done by another run of the family")
    try:
        tool = registry.compensating(action.tool)
    except CompensationError as error:
        return Undoing(trouble=str(error))
    return Undoing(visible(str(tool)), found_in(action.tool.compensation_arguments))


def found_in(mapping: Mapping[str, JSON]) -> tuple[str, ...]:
    """Return in words where each argument is found: ``ticket from result.ticket``."""
    return tuple(visible(f"{name} {worded(source)}") for name, source in sorted(mapping.items()))


def worded(source: Mapping[str, JSON]) -> str:
    if "from" in source:
        return f"from {source['from']}"
    return f"is {clipped(json.dumps(source['value'], ensure_ascii=False), VALUE_LIMIT)}"
