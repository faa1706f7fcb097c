"""What the guardians said of a run: reviews, votes, findings; policy packs; calibrations of Safety."""

from collections.abc import Mapping

from django.db import models
from django.db.models.functions import Now
from django_fsm import FSMField, FSMModelMixin, transition

from audit.calibration import CalibrationState
from audit.canonical import JSON
from audit.events import EventType
from audit.ids import new_id
from audit.models import OwnCalibration, Workspace
from guardians.safetyrules.textmodel import shipped
from guardians.safetyrules.weightedrules import Head
from guardians.states import PackState


class Review(models.Model):
    """All votes on one draft, and what consensus made of them.

    ``shown_sealed`` holds what the guardians were shown: which texts, by reference, and the facts. Rows that are older
    than the column have none. ``heard_sealed`` likewise holds all that consensus was made of.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.UUIDField()
    revision = models.PositiveSmallIntegerField()
    stakes = models.CharField(max_length=6)
    ballot = models.CharField(max_length=20)
    rule = models.CharField(max_length=20)
    reasons = models.JSONField(default=list)
    dissent = models.JSONField(default=list)
    needs_people = models.PositiveSmallIntegerField(default=0)
    material = models.CharField(max_length=64)
    policy_hash = models.CharField(max_length=64)
    shown_sealed = models.BinaryField(null=True, editable=False)
    heard_sealed = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "revision"], name="one_review_per_revision")]

    def __str__(self) -> str:
        return f"{self.run} r{self.revision}: {self.ballot}"


class Vote(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="votes")
    guardian = models.CharField(max_length=40)
    ballot = models.CharField(max_length=20)
    basis = models.CharField(max_length=13)
    hard = models.BooleanField()
    score = models.FloatField()
    reason = models.CharField(max_length=300)
    backend = models.CharField(max_length=60)
    version = models.CharField(max_length=80)
    material = models.CharField(max_length=64)
    policy_hash = models.CharField(max_length=64)
    elapsed_us = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["review", "guardian"], name="one_vote_per_guardian")]

    def __str__(self) -> str:
        return f"{self.guardian}: {self.ballot}"


class Finding(models.Model):
    """Where in what was judged a rule fired. It names the place, never the text."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    vote = models.ForeignKey(Vote, on_delete=models.PROTECT, related_name="findings")
    rule = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    part = models.CharField(max_length=20)
    ref = models.CharField(max_length=200)
    start = models.PositiveIntegerField(null=True)
    end = models.PositiveIntegerField(null=True)
    score = models.FloatField()
    citation = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.rule} in {self.part}"


class Policy(models.Model):
    """What decided under one policy hash: the consensus policy, the set of packs, the guardians' versions."""

    hash = models.CharField(max_length=64, primary_key=True)
    content = models.JSONField()
    registered_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.hash[:12]


class PolicyPack(models.Model):
    """A pack as it was when it first took part in a decision, by its hash."""

    hash = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=60)
    rules = models.PositiveIntegerField()
    content = models.JSONField()
    registered_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"{self.name} {self.hash[:12]}"


class PolicySet(models.Model):
    """Packs that were in force together, by the hash over their names and hashes."""

    hash = models.CharField(max_length=64, primary_key=True)
    packs = models.JSONField()
    registered_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.hash[:12]


# A callable, so that a new value does not churn migrations.
def pack_states() -> list[tuple[str, str]]:
    return [(state.value, state.value) for state in PackState]


class PackVersion(FSMModelMixin, models.Model):
    """A workspace's own version of a policy pack: drafted, proposed by one person, put in force by another.

    The database lets only a draft change in what it says.

    Attributes:
        text: the pack in YAML, as it was written.
        hash: of the pack in it, as ``guardians.packfile`` makes it.
        why: what it is for, in the words of whoever drafted it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="packs")
    name = models.CharField(max_length=40, editable=False)
    state = FSMField(default=PackState.DRAFT.value, choices=pack_states, protected=True)
    text = models.TextField(
        max_length=256_000, help_text="a pack in YAML; it is checked when you save it. Not legal advice"
    )
    hash = models.CharField(max_length=64, editable=False)
    why = models.CharField(max_length=500, help_text="what this version is for; people read it before they agree")
    made_by = models.CharField(max_length=80, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    proposed_by = models.CharField(max_length=80, blank=True, default="", editable=False)
    proposed_at = models.DateTimeField(null=True, editable=False)
    activated_by = models.CharField(max_length=80, blank=True, default="", editable=False)
    activated_at = models.DateTimeField(null=True, editable=False)
    ended_by = models.CharField(max_length=80, blank=True, default="", editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "version of a policy pack"
        verbose_name_plural = "versions of policy packs"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"],
                condition=models.Q(state=PackState.IN_FORCE.value),
                name="one_version_in_force",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=[PackState.IN_FORCE.value, PackState.SUPERSEDED.value])
                | (
                    ~models.Q(proposed_by="")
                    & ~models.Q(activated_by="")
                    & ~models.Q(activated_by=models.F("proposed_by"))
                ),
                name="two_people_put_in_force",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-created_at", "-id"], name="pack_newest")]

    def __str__(self) -> str:
        return f"{self.name} {self.hash[:12]}"

    @transition(field=state, source=PackState.DRAFT.value, target=PackState.PROPOSED.value)
    def propose(self) -> None: ...

    @transition(field=state, source=PackState.PROPOSED.value, target=PackState.IN_FORCE.value)
    def activate(self) -> None: ...

    @transition(field=state, source=PackState.IN_FORCE.value, target=PackState.SUPERSEDED.value)
    def supersede(self) -> None: ...

    @transition(field=state, source=[PackState.DRAFT.value, PackState.PROPOSED.value], target=PackState.WITHDRAWN.value)
    def withdraw(self) -> None: ...


class RuleCount(models.Model):
    """How often a rule fired in a workspace, and what people decided where its guardian's vote was no ALLOW.

    Kept up by ``orchestration.counting`` some minutes behind, so that reading it costs the same however much there is.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    guardian = models.CharField(max_length=40)
    rule = models.CharField(max_length=80)
    fired = models.PositiveBigIntegerField(default=0)
    overruled = models.PositiveBigIntegerField(default=0)
    upheld = models.PositiveBigIntegerField(default=0)
    last_fired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "guardian", "rule"], name="one_count_per_rule")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.fired}"


class CountedUpTo(models.Model):
    """The last row that was counted, of each kind of row that is."""

    name = models.CharField(max_length=20, primary_key=True)
    last = models.UUIDField()

    class Meta:
        verbose_name_plural = "counted up to"

    def __str__(self) -> str:
        return f"{self.name}: {self.last}"


class GuardianCalibration(OwnCalibration):
    """A workspace's own threshold of a guardian, in log odds, measured on harmless documents: ``alarms`` reached it.

    Attributes:
        model_sha256: of the text model whose odds were measured; it holds for no other.
    """

    SCORER = "guardian"
    MADE, WITHDRAWN = EventType.GUARDIAN_CALIBRATED, EventType.GUARDIAN_CALIBRATION_WITHDRAWN

    guardian = models.CharField(max_length=40)
    model_sha256 = models.CharField(max_length=64)
    alarms = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "guardian"],
                condition=models.Q(state=CalibrationState.IN_FORCE.value),
                name="one_guardian_calibration",
            ),
        ]

    @property
    def hits(self) -> int:
        return self.alarms

    def measured(self) -> Mapping[str, JSON]:
        return {"model_sha256": self.model_sha256, "alarms": self.alarms}

    def fits(self) -> bool:
        model = shipped()
        return self.model_sha256 == model.sha256 and self.threshold >= model.heads[Head.INDIRECT].support
