"""Effects of a run's relatives: what happened in one run of a family is taken over by its forks, never fired again."""

from audit import keys
from audit.events import EventType
from audit.fields import open_text, seal_text
from orchestration.engine.journal import Journal
from orchestration.models import Action, Run
from orchestration.states import ActionState

# Of these at most one exists for an effect in a whole family: the database holds it by a unique index.
HAPPENED = (ActionState.INTENDED.value, ActionState.DONE.value, ActionState.UNKNOWN.value)


def effect_of(run: Run, *, ordinal: int, tool: str, arguments: str) -> str:
    """Return what names the same call in a run and in all its forks (64 hex digits), made with the vault's key."""
    root = run.family or run.pk
    return keys.reference(f"effect:{root}:{ordinal}:{tool}:{arguments}")


def elsewhere(action: Action) -> Action | None:
    """Return the same effect of another run of the family, if it was begun there."""
    rows = Action.objects.filter(effect=action.effect, state__in=HAPPENED, original=None).exclude(effect="")
    return rows.exclude(run=action.run_id).select_related("run").first()


def take_over(journal: Journal, action: Action, earlier: Action) -> None:
    """Mark an action as done by a relative, with the result it had there, sealed under this run's key."""
    result = ""
    if earlier.result_sealed is not None:
        result = open_text(keys.load(earlier.run.key_id), earlier, "result_sealed")
    action.state, action.original_id = ActionState.DONE, earlier.pk
    seal_text(journal.key, action, "result_sealed", result)
    journal.enter(
        EventType.EFFECT_TAKEN_OVER,
        action=str(action.pk),
        done_in=str(earlier.run_id),
        original=str(earlier.pk),
        key=earlier.idempotency_key,
    )
