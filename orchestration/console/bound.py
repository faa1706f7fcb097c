"""What would be done, as an approver sees it, and whether it is what the approval is bound to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audit import canonical
from audit.canonical import JSON
from orchestration import decision
from orchestration.console import badges, wording
from orchestration.console.badges import Badge
from orchestration.console.highlight import Part, plain, visible
from orchestration.console.undoing import Undoing, undoings_of
from orchestration.records import ReadAction, ReadRun
from orchestration.states import ActionKind, ActionState

ROWS_LIMIT = 400


@dataclass(frozen=True, slots=True)
class Argument:
    """One value of an action's arguments: where it stands and what it is."""

    name: str
    kind: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class ShownAction:
    number: int
    undoes: int
    undoing: Undoing | None
    attempt: int
    tool: str
    tier: str
    state: Badge
    arguments: tuple[Argument, ...]
    left_out: int
    definition: str
    key: str
    result: tuple[Part, ...]


def binding_of(read: ReadRun) -> str:
    """Return the hash of what a page shows of a run, made from the rows shown as the engine made it from its state."""
    review = read.reviews[0] if read.reviews else None
    return decision.binding(
        run=str(read.run.pk),
        answer=read.commitment(read.draft),
        claims=[
            decision.bound_claim(
                text=read.commitment(c.text), verdict=c.verdict, evidence=[item.sha256 for item in c.evidence]
            )
            for c in read.claims
        ],
        actions=[bound_action(read, action) for action in read.actions if action.kind == ActionKind.EFFECT],
        policy_hash=review.policy_hash if review else "",
        material=review.material if review else "",
    )


def undoing_of(read: ReadRun) -> str:
    """Return the hash of the calls that would undo what was done, made from the rows shown."""
    waiting = [a for a in read.actions if a.kind == ActionKind.COMPENSATION and a.state == ActionState.PROPOSED]
    calls: list[JSON] = [{**bound_action(read, action), "undoes": str(action.undoes)} for action in waiting]
    return decision.bound_to({"run": str(read.run.pk), "arguments": decision.digest_of(calls)})


def bound_action(read: ReadRun, action: ReadAction) -> dict[str, JSON]:
    return decision.bound_action(
        tool=action.tool,
        definition=action.definition_hash,
        digest=read.commitment(canonical.encode(dict(action.arguments)).decode()),
        tier=action.tier,
    )


def shown_actions(read: ReadRun) -> tuple[ShownAction, ...]:
    numbers = {action.id: number for number, action in enumerate(read.actions, start=1)}
    known = undoings_of(read.run)
    return tuple(
        shown_action(
            action,
            number=number,
            undoes=numbers.get(action.undoes, 0) if action.undoes else 0,
            undoing=known.get(action.id),
        )
        for number, action in enumerate(read.actions, start=1)
    )


def shown_action(action: ReadAction, *, number: int, undoes: int, undoing: Undoing | None) -> ShownAction:
    rows = list(arguments(action.arguments))
    return ShownAction(
        number=number,
        undoes=undoes,
        undoing=undoing,
        attempt=action.attempt,
        tool=visible(action.tool),
        tier=wording.tier(action.tier),
        state=badges.of_action(action.state),
        arguments=tuple(rows[:ROWS_LIMIT]),
        left_out=max(0, len(rows) - ROWS_LIMIT),
        definition=action.definition_hash,
        key=action.idempotency_key,
        result=plain(action.result) if action.result else (),
    )


def arguments(value: object, name: str = "") -> Iterator[Argument]:
    """Yield every value of a JSON document with its place in it, such as ``to[0].address``."""
    match value:
        case Mapping() if value:
            for key, item in value.items():
                yield from arguments(item, f"{name}.{key}" if name else str(key))
        case list() if value:
            for position, item in enumerate(value):
                yield from arguments(item, f"{name}[{position}]")
        case _:
            kind, text = described(value)
            yield Argument(visible(name) or "(no arguments)", kind, plain(text))


def described(value: Any) -> tuple[str, str]:  # noqa: ANN401 - any JSON value
    """Return the kind of a JSON value that has no parts, and the value as text."""
    match value:
        case None:
            return "nothing", ""
        case bool():
            return "yes or no", "yes" if value else "no"
        case int() | float():
            return "number", str(value)
        case str():
            return ("text", value) if value else ("empty text", "")
        case Mapping():
            return "empty object", ""
        case _:
            return "empty list", ""
