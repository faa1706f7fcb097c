"""The states of a run and of what it asks people, and which may follow which. The database holds the same pairs."""

from enum import StrEnum


class RunState(StrEnum):
    INITIALIZED = "INITIALIZED"
    PROCESSING = "PROCESSING"
    GATING = "GATING"
    DECISION = "DECISION"
    EXECUTION = "EXECUTION"
    LOGGING = "LOGGING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


TERMINAL = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED})
LIVE = tuple(state for state in RunState if state not in TERMINAL)

# Each pair is the source and target of one transition of orchestration.models.Run.
RUN_TRANSITIONS: frozenset[tuple[RunState, RunState]] = frozenset(
    {
        (RunState.INITIALIZED, RunState.PROCESSING),
        (RunState.PROCESSING, RunState.GATING),
        (RunState.GATING, RunState.PROCESSING),
        (RunState.GATING, RunState.DECISION),
        (RunState.DECISION, RunState.EXECUTION),
        (RunState.DECISION, RunState.LOGGING),
        (RunState.EXECUTION, RunState.LOGGING),
        (RunState.LOGGING, RunState.COMPLETED),
    }
    | {(state, RunState.FAILED) for state in LIVE}
    | {(state, RunState.CANCELLED) for state in LIVE if state is not RunState.LOGGING}
)

# How a failed run goes on: only by an approved restore, which a trigger of its own asks for.
RETURNS: frozenset[tuple[RunState, RunState]] = frozenset(
    (RunState.FAILED, state) for state in LIVE if state is not RunState.INITIALIZED
)


class ApprovalState(StrEnum):
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    VOID = "VOID"


APPROVAL_TRANSITIONS: frozenset[tuple[ApprovalState, ApprovalState]] = frozenset(
    {(ApprovalState.PENDING, state) for state in ApprovalState if state is not ApprovalState.PENDING}
    | {(ApprovalState.APPROVED, ApprovalState.VOID)}
)


class RestoreState(StrEnum):
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    DONE = "DONE"
    REFUSED = "REFUSED"


RESTORE_TRANSITIONS: frozenset[tuple[RestoreState, RestoreState]] = frozenset(
    {
        (RestoreState.PENDING, RestoreState.APPROVED),
        (RestoreState.PENDING, RestoreState.REJECTED),
        (RestoreState.PENDING, RestoreState.EXPIRED),
        (RestoreState.APPROVED, RestoreState.DONE),
        (RestoreState.APPROVED, RestoreState.REFUSED),
    }
)


class RestoreKind(StrEnum):
    """What a restore does: a failed run goes on itself, any other way back is a new run.

    An override is a fork of a run that was denied, in which the denial that two people saw is no veto.
    """

    CONTINUE = "CONTINUE"
    FORK = "FORK"
    OVERRIDE = "OVERRIDE"


class Decision(StrEnum):
    """What was decided about a run; where the run is, is its state."""

    PUBLISH = "PUBLISH"
    PUBLISH_PARTIAL = "PUBLISH_PARTIAL"
    ESCALATE = "ESCALATE"
    REFUSE = "REFUSE"


class Kind(StrEnum):
    QUESTION = "QUESTION"
    VERIFY = "VERIFY"


class ActionState(StrEnum):
    PROPOSED = "PROPOSED"
    INTENDED = "INTENDED"
    DONE = "DONE"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    REFUSED = "REFUSED"
    UNDONE = "UNDONE"


# Out of UNKNOWN leads a person's answer only, and from FAILED back an approved restore: the trigger asks for the row.
ACTION_TRANSITIONS: frozenset[tuple[ActionState, ActionState]] = frozenset(
    {
        (ActionState.PROPOSED, ActionState.INTENDED),
        (ActionState.PROPOSED, ActionState.DONE),
        (ActionState.PROPOSED, ActionState.REFUSED),
        (ActionState.INTENDED, ActionState.PROPOSED),  # withdrawn: nothing was sent
        (ActionState.INTENDED, ActionState.DONE),
        (ActionState.INTENDED, ActionState.FAILED),
        (ActionState.INTENDED, ActionState.UNKNOWN),
        (ActionState.UNKNOWN, ActionState.DONE),
        (ActionState.UNKNOWN, ActionState.PROPOSED),
        (ActionState.UNKNOWN, ActionState.FAILED),
        (ActionState.FAILED, ActionState.PROPOSED),
        (ActionState.DONE, ActionState.UNDONE),
    }
)


class ActionKind(StrEnum):
    """What an action is for: an effect that the request asked for, or undoing one."""

    EFFECT = "EFFECT"
    COMPENSATION = "COMPENSATION"


class ApprovalKind(StrEnum):
    """What an approval releases: a run's answer and actions, or the undoing of what was done."""

    DECISION = "DECISION"
    COMPENSATION = "COMPENSATION"


class InquiryState(StrEnum):
    """Whether anybody has said yet if an effect happened, and what was said."""

    OPEN = "OPEN"
    HAPPENED = "HAPPENED"
    TRY_AGAIN = "TRY_AGAIN"
    GIVEN_UP = "GIVEN_UP"


INQUIRY_TRANSITIONS: frozenset[tuple[InquiryState, InquiryState]] = frozenset(
    (InquiryState.OPEN, state) for state in InquiryState if state is not InquiryState.OPEN
)


class AppealState(StrEnum):
    PENDING = "PENDING"
    GRANTED = "GRANTED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


APPEAL_TRANSITIONS: frozenset[tuple[AppealState, AppealState]] = frozenset(
    (AppealState.PENDING, state) for state in AppealState if state is not AppealState.PENDING
)


class ToolState(StrEnum):
    ACTIVE = "ACTIVE"
    QUARANTINED = "QUARANTINED"
    RETIRED = "RETIRED"
