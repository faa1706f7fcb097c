"""Trials of policy packs on stored decisions, as rows. models.py shows them to Django, and to whoever uses them."""

from django.db import models
from django.db.models.functions import Now

from audit.ids import new_id
from audit.models import Workspace


class PackTrial(models.Model):
    """What a version of a pack would change: the decisions of a workspace, newest first, looked at once more.

    Attributes:
        on: the day whose law is applied.
        base: hash of the packs that the version stands beside; ``hash`` is of all of them together.
        total: how many decisions are looked at; ``done`` have been.
        changed: how many would come out otherwise; ``changes`` lists the newest of them.
        unknown: how many cannot be looked at: they are older than the record of facts, or were erased.
        last_at, last_run: where the look at the decisions has got to.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey("guardians.PackVersion", on_delete=models.PROTECT, related_name="trials")
    requested_by = models.CharField(max_length=80)
    on = models.DateField()
    base = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)
    changes = models.JSONField(default=list)
    last_at = models.DateTimeField(null=True)
    last_run = models.UUIDField(null=True)
    fault = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["version", "-created_at"], name="trial_newest"),
            models.Index(fields=["created_at"], name="trial_open", condition=models.Q(finished_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.changed} of {self.done}"
