"""Every status as a badge: an icon and a word, so that colour never says anything alone."""

from dataclasses import dataclass
from enum import StrEnum

from evidence.verdicts import Stance, Verdict
from guardians.guardian import Ballot
from orchestration.models import Webhook
from orchestration.notices import DeliveryState
from orchestration.states import (
    ActionState,
    AppealState,
    ApprovalState,
    Decision,
    InquiryState,
    RestoreState,
    RunState,
)


class Icon(StrEnum):
    """Strokes on a field of 16 by 16."""

    CHECK = "M3 8.6 6.3 12 13 4.6"
    CROSS = "M4 4l8 8M12 4l-8 8"
    MINUS = "M3.5 8h9"
    ASK = "M5.4 6.1a2.6 2.6 0 1 1 3.6 2.3c-.7.3-1 .7-1 1.5M8 12.6v.1"
    SPLIT = "M2 8h3.2L9.5 4H14M5.2 8l4.3 4H14M12.2 2.2 14 4l-1.8 1.8M12.2 10.2 14 12l-1.8 1.8"
    CLOCK = "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 5v3.2l2.2 1.3"
    BAN = "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM4.2 4.2l7.6 7.6"
    PERSON = "M8 8a2.6 2.6 0 1 0 0-5.2A2.6 2.6 0 0 0 8 8zM3 13.6c.6-2.5 2.5-3.8 5-3.8s4.4 1.3 5 3.8"
    DOTS = "M3.2 8h.01M8 8h.01M12.8 8h.01"
    MASK = "M2 8c1.6-2.6 3.6-4 6-4s4.4 1.4 6 4c-1.6 2.6-3.6 4-6 4s-4.4-1.4-6-4zM3.2 12.8l9.6-9.6"
    SHIELD = "M8 2l5 1.8v3.7c0 3.2-2 5.3-5 6.5-3-1.2-5-3.3-5-6.5V3.8zM5.7 8l1.7 1.7 3-3.2"
    WARN = "M8 2.8 14 13H2zM8 6.6v2.9M8 11.4v.1"
    BARS_1 = "M3.2 12.8v-2.6"
    BARS_2 = "M3.2 12.8v-2.6M8 12.8V7.4"
    BARS_3 = "M3.2 12.8v-2.6M8 12.8V7.4M12.8 12.8V3.6"


class Tone(StrEnum):
    GOOD = "good"
    BAD = "bad"
    DOUBT = "doubt"
    SPLIT = "split"
    BUSY = "busy"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Badge:
    """What a status looks like. ``word`` is always shown."""

    word: str
    tone: Tone
    icon: Icon


STATES = {
    RunState.COMPLETED: Badge("Completed", Tone.GOOD, Icon.CHECK),
    RunState.FAILED: Badge("Failed", Tone.BAD, Icon.CROSS),
    RunState.CANCELLED: Badge("Cancelled", Tone.QUIET, Icon.BAN),
}
DECISIONS = {
    Decision.PUBLISH: Badge("Publish", Tone.GOOD, Icon.CHECK),
    Decision.PUBLISH_PARTIAL: Badge("Publish in part", Tone.DOUBT, Icon.MINUS),
    Decision.ESCALATE: Badge("Waits for a person", Tone.DOUBT, Icon.PERSON),
    Decision.REFUSE: Badge("Refuse", Tone.BAD, Icon.BAN),
}
RESTORES = {
    RestoreState.PENDING: Badge("Waits for a second person", Tone.DOUBT, Icon.PERSON),
    RestoreState.APPROVED: Badge("Approved, under way", Tone.BUSY, Icon.DOTS),
    RestoreState.REJECTED: Badge("Rejected", Tone.BAD, Icon.BAN),
    RestoreState.EXPIRED: Badge("Expired", Tone.QUIET, Icon.CLOCK),
    RestoreState.DONE: Badge("Done", Tone.GOOD, Icon.CHECK),
    RestoreState.REFUSED: Badge("Could not be carried out", Tone.BAD, Icon.CROSS),
}
VERIFIED = Badge("Verified", Tone.GOOD, Icon.SHIELD)
NOT_WRITTEN_SO = Badge("Not what was written", Tone.BAD, Icon.WARN)
STAKES = {
    "LOW": Badge("Low stakes", Tone.QUIET, Icon.BARS_1),
    "MEDIUM": Badge("Medium stakes", Tone.QUIET, Icon.BARS_2),
    "HIGH": Badge("High stakes", Tone.DOUBT, Icon.BARS_3),
}
VERDICTS = {
    Verdict.SUPPORTED: Badge("Supported", Tone.GOOD, Icon.CHECK),
    Verdict.CONTRADICTED: Badge("Contradicted", Tone.BAD, Icon.CROSS),
    Verdict.DISPUTED: Badge("Disputed", Tone.SPLIT, Icon.SPLIT),
    Verdict.INSUFFICIENT: Badge("Not proven", Tone.DOUBT, Icon.ASK),
}
STANCES = {
    Stance.SUPPORTS: Badge("Says so", Tone.GOOD, Icon.CHECK),
    Stance.CONTRADICTS: Badge("Says otherwise", Tone.BAD, Icon.CROSS),
    Stance.NEUTRAL: Badge("Does not say", Tone.QUIET, Icon.MINUS),
}
# What nobody says is no alarm.
NOBODY = {
    Stance.SUPPORTS: Badge("Nobody says so", Tone.QUIET, Icon.MINUS),
    Stance.CONTRADICTS: Badge("Nobody says otherwise", Tone.QUIET, Icon.MINUS),
}
BALLOTS = {
    Ballot.ALLOW: Badge("Allow", Tone.GOOD, Icon.CHECK),
    Ballot.ALLOW_WITH_REDACTION: Badge("Allow with redaction", Tone.DOUBT, Icon.MASK),
    Ballot.ESCALATE: Badge("Escalate", Tone.DOUBT, Icon.PERSON),
    Ballot.DENY: Badge("Deny", Tone.BAD, Icon.BAN),
    Ballot.ABSTAIN: Badge("Abstain", Tone.QUIET, Icon.ASK),
}
APPROVALS = {
    ApprovalState.PENDING: Badge("Waiting", Tone.DOUBT, Icon.CLOCK),
    ApprovalState.APPROVED: Badge("Approved", Tone.GOOD, Icon.CHECK),
    ApprovalState.REJECTED: Badge("Rejected", Tone.BAD, Icon.CROSS),
    ApprovalState.EXPIRED: Badge("Expired", Tone.QUIET, Icon.CLOCK),
    ApprovalState.VOID: Badge("Void", Tone.QUIET, Icon.BAN),
}
ACTIONS = {
    ActionState.PROPOSED: Badge("Proposed, not done", Tone.QUIET, Icon.CLOCK),
    ActionState.INTENDED: Badge("Under way", Tone.BUSY, Icon.DOTS),
    ActionState.DONE: Badge("Done", Tone.GOOD, Icon.CHECK),
    ActionState.FAILED: Badge("Failed", Tone.BAD, Icon.CROSS),
    ActionState.UNKNOWN: Badge("Outcome unknown", Tone.DOUBT, Icon.WARN),
    ActionState.REFUSED: Badge("Refused", Tone.BAD, Icon.BAN),
    ActionState.UNDONE: Badge("Done, then undone", Tone.QUIET, Icon.MINUS),
}
INQUIRIES = {
    InquiryState.OPEN: Badge("Nobody knows yet", Tone.DOUBT, Icon.ASK),
    InquiryState.HAPPENED: Badge("It happened", Tone.GOOD, Icon.CHECK),
    InquiryState.TRY_AGAIN: Badge("It did not happen: tried again", Tone.BUSY, Icon.DOTS),
    InquiryState.GIVEN_UP: Badge("It did not happen: given up", Tone.BAD, Icon.CROSS),
}
APPEALS = {
    AppealState.PENDING: Badge("Appeal waits", Tone.DOUBT, Icon.CLOCK),
    AppealState.GRANTED: Badge("Appeal granted", Tone.GOOD, Icon.CHECK),
    AppealState.REJECTED: Badge("Appeal rejected", Tone.QUIET, Icon.CROSS),
    AppealState.EXPIRED: Badge("Appeal expired", Tone.QUIET, Icon.CLOCK),
    AppealState.WITHDRAWN: Badge("Appeal withdrawn", Tone.QUIET, Icon.MINUS),
}
TRUSTED = Badge("Trusted source", Tone.QUIET, Icon.SHIELD)
UNTRUSTED = Badge("Untrusted source", Tone.DOUBT, Icon.WARN)
PUBLISHED = Badge("Published", Tone.GOOD, Icon.CHECK)
WITHHELD = Badge("Withheld", Tone.DOUBT, Icon.MINUS)
APPROVES = Badge("Approved", Tone.GOOD, Icon.CHECK)
REJECTS = Badge("Rejected", Tone.BAD, Icon.CROSS)
INTACT = Badge("Record verified", Tone.GOOD, Icon.SHIELD)
BROKEN = Badge("Record does not verify", Tone.BAD, Icon.WARN)
UNCHECKED = Badge("Record not checked", Tone.QUIET, Icon.ASK)
ANSWERED = Badge("Answered", Tone.QUIET, Icon.CHECK)
FAULT = Badge("Failed", Tone.BAD, Icon.CROSS)
UNDER_WAY = Badge("Under way", Tone.BUSY, Icon.DOTS)
WITH_FAILURES = Badge("Ended, not all of it well", Tone.DOUBT, Icon.WARN)
NOT_TAKEN = Badge("Not taken", Tone.DOUBT, Icon.BAN)
SWITCHED_ON = Badge("On", Tone.GOOD, Icon.CHECK)
SWITCHED_OFF = Badge("Off", Tone.QUIET, Icon.MINUS)
RETIRED = Badge("Retired", Tone.QUIET, Icon.BAN)
IN_FORCE = Badge("In force", Tone.GOOD, Icon.CHECK)
DRAFTED = Badge("Draft", Tone.QUIET, Icon.DOTS)
PROPOSED = Badge("Proposed", Tone.DOUBT, Icon.PERSON)
SUPERSEDED = Badge("Superseded", Tone.QUIET, Icon.MINUS)
LAPSED = Badge("Decides nothing", Tone.DOUBT, Icon.CLOCK)
TAKEN_BACK = Badge("Withdrawn", Tone.QUIET, Icon.BAN)
DELIVERIES = {
    DeliveryState.PENDING: Badge("Waits to be told", Tone.BUSY, Icon.CLOCK),
    DeliveryState.DELIVERED: Badge("Delivered", Tone.GOOD, Icon.CHECK),
    DeliveryState.GIVEN_UP: Badge("Given up", Tone.BAD, Icon.CROSS),
}
TRIED_AGAIN = Badge("Will be tried again", Tone.DOUBT, Icon.WARN)


def unknown(value: str) -> Badge:
    """Return the badge of a value that is not known: shown as it is, never as something good."""
    return Badge(value or "Not yet", Tone.QUIET, Icon.ASK)


def of_state(value: str) -> Badge:
    if value in STATES:
        return STATES[RunState(value)]
    return Badge(value.capitalize(), Tone.BUSY, Icon.DOTS) if value in set(RunState) else unknown(value)


def of_decision(value: str) -> Badge:
    return DECISIONS[Decision(value)] if value in set(Decision) else Badge("Not decided", Tone.QUIET, Icon.CLOCK)


def of_stakes(value: str) -> Badge:
    return STAKES.get(value) or unknown(value)


def of_verdict(value: str) -> Badge:
    return VERDICTS[Verdict(value)] if value in set(Verdict) else unknown(value)


def of_stance(value: str) -> Badge:
    return STANCES[Stance(value)] if value in set(Stance) else unknown(value)


def of_ballot(value: str) -> Badge:
    return BALLOTS[Ballot(value)] if value in set(Ballot) else unknown(value)


def of_approval(value: str) -> Badge:
    return APPROVALS[ApprovalState(value)] if value in set(ApprovalState) else unknown(value)


def of_action(value: str) -> Badge:
    return ACTIONS[ActionState(value)] if value in set(ActionState) else unknown(value)


def of_delivery(value: str, *, tried: bool) -> Badge:
    if value == DeliveryState.PENDING and tried:
        return TRIED_AGAIN
    return DELIVERIES[DeliveryState(value)] if value in set(DeliveryState) else unknown(value)


def of_webhook(webhook: Webhook) -> Badge:
    if webhook.retired_at is not None:
        return RETIRED
    return SWITCHED_ON if webhook.enabled else SWITCHED_OFF
