"""Effects and the people who allow them: actions, approvals, and inquiries about what nobody knows, as rows.

models.py shows them to Django, and to whoever uses them.
"""

from enum import StrEnum

from django.db import models
from django.db.models.functions import Now
from django_fsm import FSMField, FSMModelMixin, transition

from audit.ids import new_id
from audit.models import Workspace
from orchestration.states import ActionKind, ActionState, ApprovalKind, ApprovalState, InquiryState


def pairs(values: type[StrEnum]) -> list[tuple[str, str]]:
    return [(value.value, value.value) for value in values]


# Choices are callables, so that a new value does not churn migrations.
def action_states() -> list[tuple[str, str]]:
    return pairs(ActionState)


def action_kinds() -> list[tuple[str, str]]:
    return pairs(ActionKind)


def approval_states() -> list[tuple[str, str]]:
    return pairs(ApprovalState)


def approval_kinds() -> list[tuple[str, str]]:
    return pairs(ApprovalKind)


def inquiry_states() -> list[tuple[str, str]]:
    return pairs(InquiryState)


class Action(models.Model):
    """A call with a side effect: intent before, outcome after, at most once without a person's word."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey("orchestration.Run", on_delete=models.PROTECT, related_name="actions")
    tool = models.ForeignKey("orchestration.Tool", on_delete=models.PROTECT, related_name="actions")
    ordinal = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=action_kinds, default=ActionKind.EFFECT.value)
    # What a compensation undoes. It exists once, whatever became of it.
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, editable=False, related_name="undone_by")
    state = models.CharField(max_length=10, choices=action_states, default=ActionState.PROPOSED.value)
    tier = models.PositiveSmallIntegerField()
    definition_hash = models.CharField(max_length=64)
    arguments_sealed = models.BinaryField(editable=False)
    arguments_digest = models.CharField(max_length=64)
    idempotency_key = models.CharField(max_length=64, unique=True)
    result_sealed = models.BinaryField(null=True, editable=False)
    fault = models.CharField(max_length=12, blank=True)
    # How often the call was, or may have been, sent. Every attempt has the same idempotency key.
    attempt = models.PositiveSmallIntegerField(default=0)
    intended_at = models.DateTimeField(null=True, editable=False)
    # The same for the same call in a run and all its forks; an effect that happened in one is taken over by the others.
    effect = models.CharField(max_length=64, blank=True, editable=False)
    original = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "ordinal"], name="one_action_per_place"),
            models.UniqueConstraint(
                fields=["effect"],
                condition=models.Q(state__in=["INTENDED", "DONE", "UNKNOWN"], original__isnull=True)
                & ~models.Q(effect=""),
                name="one_effect_per_family",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tool} for {self.run_id}: {self.state}"


class Approval(FSMModelMixin, models.Model):
    """A decision that waits for people, bound to the hash of exactly what they are shown."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey("orchestration.Run", on_delete=models.PROTECT, related_name="approvals")
    # The run's, kept here so that a small workspace's queue is not looked for among everybody's.
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, db_index=False, editable=False, related_name="+")
    kind = models.CharField(max_length=12, choices=approval_kinds, default=ApprovalKind.DECISION.value)
    state = FSMField(default=ApprovalState.PENDING.value, choices=approval_states, protected=True)
    binding = models.CharField(max_length=64)
    # The hashes that the binding is made of, by name; and what made it void, as codes.
    parts = models.JSONField(default=dict)
    changed = models.JSONField(default=list)
    reasons = models.JSONField(default=list)
    quorum = models.PositiveSmallIntegerField(default=1)
    requested_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run"], condition=models.Q(state="PENDING"), name="one_pending_approval_per_run"
            )
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="approval_waiting", condition=models.Q(state="PENDING")),
            models.Index(fields=["workspace", "state", "expires_at", "id"], name="approval_listed"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.state}"

    @transition(field=state, source=ApprovalState.PENDING.value, target=ApprovalState.APPROVED.value)
    def grant(self) -> None: ...

    @transition(field=state, source=ApprovalState.PENDING.value, target=ApprovalState.REJECTED.value)
    def reject(self) -> None: ...

    @transition(field=state, source=ApprovalState.PENDING.value, target=ApprovalState.EXPIRED.value)
    def expire(self) -> None: ...

    @transition(
        field=state,
        source=[ApprovalState.PENDING.value, ApprovalState.APPROVED.value],
        target=ApprovalState.VOID.value,
    )
    def void(self) -> None: ...


class ApprovalVote(models.Model):
    """One person's word on an approval."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="votes")
    actor = models.CharField(max_length=80)
    approve = models.BooleanField()
    reason_sealed = models.BinaryField(editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["approval", "actor"], name="one_vote_per_person")]

    def __str__(self) -> str:
        return f"{self.actor} on {self.approval_id}"


class Inquiry(FSMModelMixin, models.Model):
    """The question to a person whether an effect happened. It does not expire: time answers nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey("orchestration.Run", on_delete=models.PROTECT, related_name="inquiries")
    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="inquiries")
    state = FSMField(default=InquiryState.OPEN.value, choices=inquiry_states, protected=True)
    attempt = models.PositiveSmallIntegerField()
    fault = models.CharField(max_length=12)
    # Our own words on it, never the server's: those are sealed.
    detail = models.CharField(max_length=300, blank=True)
    said_sealed = models.BinaryField(null=True, editable=False)
    intended_at = models.DateTimeField(null=True)
    elapsed_us = models.PositiveBigIntegerField(null=True)
    binding = models.CharField(max_length=64)
    requested_by = models.CharField(max_length=80)
    decided_by = models.CharField(max_length=80, blank=True)
    reason_sealed = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name_plural = "inquiries"
        constraints = [
            models.UniqueConstraint(
                fields=["action"], condition=models.Q(state="OPEN"), name="one_open_inquiry_per_action"
            )
        ]
        indexes = [models.Index(fields=["created_at", "id"], name="inquiry_open", condition=models.Q(state="OPEN"))]

    def __str__(self) -> str:
        return f"{self.action_id}: {self.state}"

    @transition(field=state, source=InquiryState.OPEN.value, target=InquiryState.HAPPENED.value)
    def happened(self) -> None: ...

    @transition(field=state, source=InquiryState.OPEN.value, target=InquiryState.TRY_AGAIN.value)
    def try_again(self) -> None: ...

    @transition(field=state, source=InquiryState.OPEN.value, target=InquiryState.GIVEN_UP.value)
    def give_up(self) -> None: ...
