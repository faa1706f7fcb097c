"""Workspaces and who belongs to them, keys, and the ledger's rows. Only ledger.py and sealer.py write the latter.

And what all calibrations of a workspace's own have in common.
"""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django_fsm import FSMField, FSMModelMixin, transition

from audit.bounds import upper_bound
from audit.calibration import CalibrationState
from audit.canonical import JSON
from audit.events import EventType
from audit.flushing import FlushPolicy
from audit.ids import new_id
from audit.roles import Role

if TYPE_CHECKING:  # only the stubs know it as generic
    AnyBigIntegerField = models.BigIntegerField[int, int]
else:
    AnyBigIntegerField = models.BigIntegerField


def role_choices() -> list[tuple[str, str]]:
    return [(role.value, role.value) for role in Role]


def flush_policies() -> list[tuple[str, str]]:
    return [(policy.value, policy.value) for policy in FlushPolicy]


class Workspace(models.Model):
    """The border that no row is read across."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    flush_policy = models.CharField(
        max_length=8,
        choices=flush_policies,
        default=FlushPolicy.STANDARD.value,
        help_text="STANDARD: steps that only compute wait for no disk. STRICT: every step does.",
    )
    max_active_runs = models.PositiveSmallIntegerField(
        default=0, help_text="how many of its runs are driven at once; 0: as PROMETHEUS_WORKSPACE_RUNS says"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=role_choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "workspace", "role"], name="one_membership_per_role")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} in {self.workspace_id}"


class ApiKey(models.Model):
    """A key of a client. Only its prefix and a digest of it are kept; the key itself is shown once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.BinaryField(editable=False)
    scopes = models.JSONField(default=list)
    owner = models.CharField(max_length=80, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class DataKey(models.Model):
    """The key of one run's texts, wrapped. Destroying this row makes them unreadable."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, null=True, related_name="data_keys")
    wrapped = models.BinaryField(editable=False)
    kek = models.CharField(max_length=40, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return str(self.id)


class Xid8Field(AnyBigIntegerField):
    """PostgreSQL's 64-bit transaction id: the sealer's watermark (nothing can appear behind it)."""

    def db_type(self, connection: object) -> str:  # noqa: ARG002
        return "xid8"


class CurrentXid(models.Func):
    function = "pg_current_xact_id"
    template = "%(function)s()"
    output_field = Xid8Field()


class Entry(models.Model):
    """One event: canonical bytes, chained to the entry before it in its chain."""

    chain = models.CharField(max_length=120)
    seq = models.IntegerField()
    prev = models.BinaryField()
    leaf_hash = models.BinaryField()
    body = models.BinaryField()
    type = models.CharField(max_length=40)
    actor = models.CharField(max_length=80)
    workspace = models.UUIDField(null=True)
    run = models.UUIDField(null=True)
    at = models.DateTimeField()
    xid = Xid8Field(db_default=CurrentXid())

    class Meta:
        verbose_name_plural = "entries"
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="one_entry_per_place")]
        indexes = [
            models.Index(fields=["run", "id"], name="entry_run"),
            models.Index(fields=["xid"], name="entry_xid"),
            models.Index(fields=["workspace", "-id"], name="entry_workspace"),
        ]

    def __str__(self) -> str:
        return f"{self.chain}#{self.seq}"


class Leaf(models.Model):
    """The place of a sealed entry in the Merkle tree."""

    index = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="leaf")

    class Meta:
        verbose_name_plural = "leaves"

    def __str__(self) -> str:
        return str(self.index)


class TreeNode(models.Model):
    """A complete subtree's hash; level 0 holds the leaves."""

    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="one_node_per_place")]

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class SignedCheckpoint(models.Model):
    """A signed tree head (C2SP tlog-checkpoint)."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    # Transaction id below which no entry was left unsealed.
    horizon = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.size} entries"


def calibration_states() -> list[tuple[str, str]]:
    return [(state.value, state.value) for state in CalibrationState]


class OwnCalibration(FSMModelMixin, models.Model):
    """A workspace's own calibration of what scores. The database lets it end once, and change in nothing else.

    Attributes:
        SCORER: the column that names what scores; MADE and WITHDRAWN are what the ledger calls it.
        threshold: the score from which on something passes.
        n: how many were measured that should not pass; ``hits`` of them did.
        alpha: the largest share of those that may pass, with confidence ``1 - delta``.
        expires_on: the first day on which it no longer holds (UTC).
    """

    SCORER: ClassVar[str]
    MADE: ClassVar[EventType]
    WITHDRAWN: ClassVar[EventType]

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    state = FSMField(default=CalibrationState.IN_FORCE.value, choices=calibration_states, protected=True)
    threshold = models.FloatField()
    n = models.PositiveIntegerField()
    alpha = models.FloatField()
    delta = models.FloatField()
    data_sha256 = models.CharField(max_length=64)
    made_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(editable=False)
    expires_on = models.DateField()
    ended_by = models.CharField(max_length=80, blank=True, default="")
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.scorer} at {self.threshold:.4f}"

    @transition(field="state", source=CalibrationState.IN_FORCE.value, target=CalibrationState.SUPERSEDED.value)
    def supersede(self) -> None: ...

    @transition(field="state", source=CalibrationState.IN_FORCE.value, target=CalibrationState.WITHDRAWN.value)
    def withdraw(self) -> None: ...

    @property
    def scorer(self) -> str:
        return str(getattr(self, self.SCORER))

    @property
    def name(self) -> str:
        """What the record is called wherever it decided."""
        return str(self.pk)

    @property
    def hits(self) -> int:
        raise NotImplementedError

    def measured(self) -> Mapping[str, JSON]:
        """Return what the ledger has to know beside what all calibrations have."""
        raise NotImplementedError

    def fits(self) -> bool:
        """Tell whether it is of what scores now, and not laxer than that may be."""
        raise NotImplementedError

    def bound(self) -> float:
        """Return the share that passes though it should not, at most, with confidence ``1 - delta``."""
        return upper_bound(self.hits, self.n, delta=self.delta)

    def decides(self, *, on: date) -> bool:
        """Tell whether it decides on a day (UTC), whoever wrote it.

        It does not once it has ended or expired, nor where its bound cannot be stated.
        """
        in_force = self.state == CalibrationState.IN_FORCE and on < self.expires_on
        return in_force and self.fits() and self.bound() <= self.alpha
