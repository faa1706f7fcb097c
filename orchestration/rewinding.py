"""Where a run can go back to, and what going back means: computed from its checkpoints and from what is on record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from audit import canonical
from audit.canonical import JSON
from orchestration.states import ActionState, RestoreKind, RunState

# The nodes in the order in which a run passes them, and the state that a run has before each.
STATE_BEFORE: Mapping[str, RunState] = {
    "gather": RunState.PROCESSING,
    "draft": RunState.PROCESSING,
    "gate": RunState.GATING,
    "decide": RunState.DECISION,
    "hold": RunState.DECISION,
    "execute": RunState.EXECUTION,
    "log": RunState.LOGGING,
}
NODES = tuple(STATE_BEFORE)
# Where a fork may enter. It decides for itself, so that no verdict, vote or approval of another run holds in it.
ENTRIES = ("draft", "gate")


class NoWayBack(Exception):
    """The run cannot be restored as it stands; the message says why and what helps."""


@dataclass(frozen=True, slots=True)
class Point:
    """A checkpoint as a place to go back to: the node that comes next ('' at the end), and the draft's revision."""

    id: str
    parent: str | None
    digest: str
    next: str
    revision: int

    @property
    def state(self) -> RunState:
        """Return the state a run has at this point."""
        if self.next == "__start__":
            return RunState.INITIALIZED
        return STATE_BEFORE[self.next] if self.next else RunState.COMPLETED


@dataclass(frozen=True, slots=True)
class Effect:
    """An action of the run, or of a run that it shares its origin with."""

    run: str
    tool: str
    state: ActionState
    arguments: str
    effect: str


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What a run's rows say: the highest revision drafted and judged (-1: none), and how far it was decided."""

    state: RunState
    version: int
    drafted: int
    judged: int
    decided: bool
    approved: bool
    answered: bool
    own: tuple[Effect, ...]
    relatives: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a restore would do.

    Attributes:
        state: the state the run, or the fork, would be in.
        base: the checkpoint it would go on from; '' when a fork begins anew.
        steps: the nodes that would be computed again; ``hold`` only when people are needed.
        done: effects that are done and will not be fired again.
        open: effects that are not done; they may be fired, once each, if the run comes to it.
        denial: what an override is about (``overriding.Denial``); empty for any other restore.
    """

    run: str
    version: int
    checkpoint: str
    digest: str
    kind: RestoreKind
    state: RunState
    base: str
    steps: tuple[str, ...]
    done: tuple[Effect, ...]
    open: tuple[Effect, ...]
    denial: Mapping[str, JSON] = field(default_factory=dict)

    def document(self) -> dict[str, JSON]:
        """Return the plan without texts: ids, names and hashes."""
        return {
            "run": self.run,
            "version": self.version,
            "checkpoint": self.checkpoint,
            "digest": self.digest,
            "kind": self.kind.value,
            "state": self.state.value,
            "base": self.base,
            "steps": list(self.steps),
            "done": [shown(effect) for effect in self.done],
            "open": [shown(effect) for effect in self.open],
            **({"denial": dict(self.denial)} if self.denial else {}),
        }

    def binding(self) -> str:
        """Return the hash that the second person's word is bound to (64 hex digits)."""
        return binding_of(self.document())


def binding_of(document: Mapping[str, JSON]) -> str:
    """Return the hash of a plan as it was kept (64 hex digits)."""
    return canonical.digest(canonical.encode(dict(document))).hex()


def shown(effect: Effect) -> JSON:
    return {"run": effect.run, "tool": effect.tool, "state": effect.state.value, "arguments": effect.arguments}


def plan(run: str, points: Sequence[Point], *, chosen: str, on_record: OnRecord) -> Plan:
    """Return what restoring a run to a checkpoint would do. Points are verified checkpoints of the run.

    Raises:
        NoWayBack: the run is under way, or nobody knows yet whether one of its effects happened.
    """
    by_id = {point.id: point for point in points}
    point = by_id[chosen]
    check(on_record)
    done = tuple(e for e in (*on_record.own, *on_record.relatives) if e.state is ActionState.DONE)
    known = {effect.effect for effect in done}
    waiting = tuple(e for e in on_record.own if e.state is not ActionState.DONE and e.effect not in known)
    going_on = continues(point, on_record)
    base = point if going_on else entry_before(point, by_id)
    return Plan(
        run=run,
        version=on_record.version,
        checkpoint=point.id,
        digest=point.digest,
        kind=RestoreKind.CONTINUE if going_on else RestoreKind.FORK,
        state=RunState.INITIALIZED if base is None else base.state,
        base="" if base is None else base.id,
        steps=NODES if base is None else NODES[NODES.index(base.next) :],
        done=done,
        open=waiting,
    )


def check(on_record: OnRecord) -> None:
    """Raise NoWayBack where no checkpoint could be restored."""
    if on_record.state not in {RunState.FAILED, RunState.COMPLETED, RunState.CANCELLED}:
        raise NoWayBack(f"the run is {on_record.state}; only a run that has ended can be restored: cancel it first")
    for effect in (*on_record.own, *on_record.relatives):
        match effect.state:
            case ActionState.INTENDED | ActionState.UNKNOWN:
                raise NoWayBack(
                    f"nobody knows whether {effect.tool} of run {effect.run} happened ({effect.state}); "
                    "answer the question about it first, else it could happen twice"
                )
            case (
                ActionState.DONE | ActionState.FAILED | ActionState.PROPOSED | ActionState.REFUSED | ActionState.UNDONE
            ):
                pass
            case _:
                assert_never(effect.state)


def continues(point: Point, on_record: OnRecord) -> bool:
    """Tell whether the run itself can go on: it failed, and nothing is on record that comes after this point."""
    if on_record.state is not RunState.FAILED:
        return False
    if any(effect.state is ActionState.UNDONE for effect in on_record.own):
        return False  # its key was used for what was undone: only a fork may do it again, under a key of its own
    match point.next:
        case "gather":
            return on_record.drafted < 0
        case "draft":
            return on_record.drafted < point.revision
        case "gate":
            return on_record.judged < point.revision
        case "decide":
            return on_record.judged == point.revision and not (on_record.decided or on_record.answered)
        case "hold":
            return on_record.approved
        case "execute":
            return not on_record.answered
        case "log":
            return True
        case _:
            return False


def entry_before(point: Point, by_id: Mapping[str, Point]) -> Point | None:
    """Return the last point at or before this one where a fork may enter; None when it has to begin anew."""
    here: Point | None = point
    while here is not None and here.next not in ENTRIES:
        here = by_id.get(here.parent) if here.parent else None
    return here
