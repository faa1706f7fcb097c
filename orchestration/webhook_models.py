"""Webhooks and their deliveries, as rows. models.py shows them to Django, and to whoever uses them."""

from django.db import models
from django.db.models.functions import Now

from audit.ids import new_id
from audit.models import DataKey, Workspace
from orchestration.notices import DeliveryState
from orchestration.states import RunState


# Choices are callables, so that a new value does not churn migrations.
def run_states() -> list[tuple[str, str]]:
    return [(state.value, state.value) for state in RunState]


def delivery_states() -> list[tuple[str, str]]:
    return [(state.value, state.value) for state in DeliveryState]


class Webhook(models.Model):
    """A receiver that is told how a workspace's runs end. Its secret signs what it is told."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="webhooks")
    url = models.CharField(max_length=2000)
    events = models.JSONField(default=list)
    enabled = models.BooleanField(default=True, editable=False)
    key = models.ForeignKey(DataKey, on_delete=models.SET_NULL, null=True, db_constraint=False, editable=False)
    secret_sealed = models.BinaryField(editable=False)
    # The secret before the last rotation: notices are signed with it too until then.
    former_sealed = models.BinaryField(null=True, editable=False)
    former_until = models.DateTimeField(null=True, editable=False)
    registered_by = models.CharField(max_length=80, editable=False)
    # Until then one sender has it to itself; afterwards, when it was last served.
    served_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # Retired for good: its row stays, since what it was told names it.
    retired_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(retired_at__isnull=True) | models.Q(enabled=False), name="retired_is_disabled"
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class Delivery(models.Model):
    """One notice for one receiver. A trigger writes the row in the transaction that changes the run."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    run = models.ForeignKey("orchestration.Run", on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=20)
    state = models.CharField(max_length=12, choices=run_states)
    decision = models.CharField(max_length=16, blank=True)
    status = models.CharField(max_length=10, choices=delivery_states, default=DeliveryState.PENDING.value)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(db_default=Now())
    fault = models.CharField(max_length=12, blank=True)
    answered = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["webhook", "next_at"],
                name="delivery_due",
                condition=models.Q(status=DeliveryState.PENDING.value),
            ),
            models.Index(fields=["webhook", "-created_at", "-id"], name="delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.event} of {self.run_id}: {self.status}"
