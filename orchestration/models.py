"""A run from question to proven answer: its drafts, checkpoints, tool calls, actions and approvals."""

from enum import StrEnum

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django_fsm import FSMField, FSMModelMixin, transition

from audit.ids import new_id
from audit.models import DataKey, Workspace
from audit.stakes import Stakes
from guardians.facts import FactError, check_server
from orchestration.action_models import Action as Action
from orchestration.action_models import Approval as Approval
from orchestration.action_models import ApprovalVote as ApprovalVote
from orchestration.action_models import Inquiry as Inquiry
from orchestration.action_models import action_states as action_states
from orchestration.action_models import approval_states as approval_states
from orchestration.appeal_models import Appeal as Appeal
from orchestration.limit_models import Spending as Spending
from orchestration.limit_models import ToolBudget as ToolBudget
from orchestration.limit_models import ToolPermission as ToolPermission
from orchestration.states import (
    LIVE,
    Decision,
    Kind,
    RestoreKind,
    RestoreState,
    RunState,
    ToolState,
)
from orchestration.trial_models import PackTrial as PackTrial
from orchestration.webhook_models import Delivery as Delivery
from orchestration.webhook_models import Webhook as Webhook

R = RunState
DUE = models.Q(due_at__isnull=False)
LEASED = models.Q(lease_until__isnull=False)


def pairs(values: type[StrEnum]) -> list[tuple[str, str]]:
    return [(value.value, value.value) for value in values]


# Choices are callables, so that a new value does not churn migrations.
def run_states() -> list[tuple[str, str]]:
    return pairs(RunState)


def stakes_choices() -> list[tuple[str, str]]:
    return pairs(Stakes)


def decisions() -> list[tuple[str, str]]:
    return pairs(Decision)


def kinds() -> list[tuple[str, str]]:
    return pairs(Kind)


def restore_states() -> list[tuple[str, str]]:
    return pairs(RestoreState)


def restore_kinds() -> list[tuple[str, str]]:
    return pairs(RestoreKind)


def tool_states() -> list[tuple[str, str]]:
    return pairs(ToolState)


class Batch(models.Model):
    """Requests that came together. Each accepted one is a run of its own, at its place in the batch."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="batches")
    requested_by = models.CharField(max_length=80)
    size = models.PositiveSmallIntegerField()
    rejected = models.JSONField(default=list)
    request_digest = models.CharField(max_length=64)
    # Without a key a batch is NULL here, which is not equal to another NULL.
    idempotency_key = models.CharField(max_length=120, null=True)  # noqa: DJ001
    created_at = models.DateTimeField(db_default=Now())
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "idempotency_key"], name="one_batch_per_idempotency_key")
        ]
        indexes = [models.Index(fields=["workspace", "-created_at", "-id"], name="batch_newest")]

    def __str__(self) -> str:
        return str(self.id)


class Run(FSMModelMixin, models.Model):
    """The truth about one piece of work. Only runs.py and engine/journal.py write its state."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # Indexes that begin with the workspace are below.
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="runs", db_index=False)
    key = models.ForeignKey(DataKey, on_delete=models.SET_NULL, null=True, db_constraint=False, editable=False)
    kind = models.CharField(max_length=10, choices=kinds)
    state = FSMField(default=R.INITIALIZED.value, choices=run_states, protected=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    decision = models.CharField(max_length=16, choices=decisions, blank=True)
    stakes = models.CharField(max_length=6, choices=stakes_choices)
    reason = models.CharField(max_length=300, blank=True)
    request_sealed = models.BinaryField(editable=False)
    request_digest = models.CharField(max_length=64, editable=False)
    question_sealed = models.BinaryField(null=True, editable=False)
    answer_sealed = models.BinaryField(null=True, editable=False)
    subject = models.CharField(max_length=64, blank=True, editable=False)
    # Without a key a run is NULL here, which is not equal to another NULL.
    idempotency_key = models.CharField(max_length=120, null=True, blank=True, editable=False)  # noqa: DJ001
    requested_by = models.CharField(max_length=80, editable=False)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    deadline_seconds = models.PositiveIntegerField(default=0, editable=False)
    deadline_at = models.DateTimeField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    token = models.BigIntegerField(default=0, editable=False)
    attempt = models.PositiveSmallIntegerField(default=0, editable=False)
    revision = models.PositiveSmallIntegerField(default=0, editable=False)
    supported = models.PositiveSmallIntegerField(default=0, editable=False)
    withheld = models.PositiveSmallIntegerField(default=0, editable=False)
    policy_hash = models.CharField(max_length=64, blank=True, editable=False)
    graph_version = models.CharField(max_length=20, blank=True, editable=False)
    provider = models.CharField(max_length=40, blank=True, editable=False)
    model = models.CharField(max_length=80, blank=True, editable=False)
    tokens_in = models.PositiveIntegerField(default=0, editable=False)
    tokens_out = models.PositiveIntegerField(default=0, editable=False)
    cost_micros = models.PositiveBigIntegerField(default=0, editable=False)
    retention_class = models.CharField(max_length=20, default="standard", editable=False)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, editable=False)
    # The run at the root of all forks of forks; null for a run that is no fork.
    family = models.UUIDField(null=True, blank=True, editable=False, db_index=True)
    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="runs", db_index=False
    )
    place = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "idempotency_key"], name="one_run_per_idempotency_key"),
            models.UniqueConstraint(
                fields=["batch", "place"], condition=models.Q(batch__isnull=False), name="one_run_per_place"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="run_newest"),
            models.Index(fields=["workspace", "state", "-created_at", "-id"], name="run_state_newest"),
            models.Index(fields=["workspace", "stakes", "due_at"], name="run_in_line", condition=DUE),
            models.Index(fields=["deadline_at"], name="run_overdue", condition=DUE),
            models.Index(fields=["workspace", "lease_until"], name="run_leased", condition=LEASED),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @transition(field=state, source=[R.INITIALIZED.value, R.GATING.value], target=R.PROCESSING.value)
    def process(self) -> None:
        """Start work, or start again with the gate's reasons (revise)."""

    @transition(field=state, source=R.PROCESSING.value, target=R.GATING.value)
    def gate(self) -> None: ...

    @transition(field=state, source=R.GATING.value, target=R.DECISION.value)
    def consider(self) -> None: ...

    @transition(field=state, source=R.DECISION.value, target=R.EXECUTION.value)
    def execute(self) -> None: ...

    @transition(field=state, source=R.DECISION.value, target=R.LOGGING.value)
    def refuse(self) -> None:
        self.decision = Decision.REFUSE

    @transition(field=state, source=R.EXECUTION.value, target=R.LOGGING.value)
    def record(self) -> None: ...

    @transition(field=state, source=R.LOGGING.value, target=R.COMPLETED.value)
    def complete(self) -> None: ...

    @transition(field=state, source=[s.value for s in LIVE], target=R.FAILED.value)
    def fail(self) -> None: ...

    @transition(field=state, source=[s.value for s in LIVE if s is not R.LOGGING], target=R.CANCELLED.value)
    def cancel(self) -> None: ...

    @transition(field=state, source=R.FAILED.value, target=R.PROCESSING.value)
    def return_to_processing(self) -> None: ...

    @transition(field=state, source=R.FAILED.value, target=R.GATING.value)
    def return_to_gating(self) -> None: ...

    @transition(field=state, source=R.FAILED.value, target=R.DECISION.value)
    def return_to_decision(self) -> None: ...

    @transition(field=state, source=R.FAILED.value, target=R.EXECUTION.value)
    def return_to_execution(self) -> None: ...

    @transition(field=state, source=R.FAILED.value, target=R.LOGGING.value)
    def return_to_logging(self) -> None: ...


class Draft(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="drafts")
    revision = models.PositiveSmallIntegerField()
    text_sealed = models.BinaryField(editable=False)
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=80)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    cost_micros = models.PositiveBigIntegerField(default=0)
    attempts = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "revision"], name="one_draft_per_revision")]

    def __str__(self) -> str:
        return f"{self.run_id} r{self.revision}"


class Checkpoint(models.Model):
    """A LangGraph checkpoint: sealed body and metadata, digest over parent, metadata and blobs."""

    thread = models.CharField(max_length=200)
    namespace = models.CharField(max_length=200, blank=True)
    checkpoint_id = models.CharField(max_length=60)
    parent_id = models.CharField(max_length=60, null=True)  # noqa: DJ001 - the first checkpoint has none
    step = models.IntegerField()
    source = models.CharField(max_length=10)
    # LangGraph's run_id, as a hash keyed by the thread's data key (docs/decisions/0008).
    run = models.CharField(max_length=64, blank=True, db_default="")
    body = models.BinaryField()
    metadata = models.BinaryField()
    digest = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["thread", "namespace", "checkpoint_id"], name="one_checkpoint_per_id")
        ]
        indexes = [models.Index(fields=["run"], name="checkpoint_run", condition=~models.Q(run=""))]

    def __str__(self) -> str:
        return f"{self.thread}/{self.checkpoint_id}"


class CheckpointBlob(models.Model):
    """One version of one channel, shared by every checkpoint that has not changed it."""

    thread = models.CharField(max_length=200)
    namespace = models.CharField(max_length=200, blank=True)
    channel = models.CharField(max_length=200)
    version = models.CharField(max_length=80)
    body = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["thread", "namespace", "channel", "version"], name="one_blob_per_version")
        ]

    def __str__(self) -> str:
        return f"{self.thread}/{self.channel}@{self.version}"


class CheckpointWrite(models.Model):
    """A task's pending write: an interrupt, a resume value, an error, or a step that was not yet joined."""

    thread = models.CharField(max_length=200)
    namespace = models.CharField(max_length=200, blank=True)
    checkpoint_id = models.CharField(max_length=60)
    task_id = models.CharField(max_length=80)
    idx = models.IntegerField()
    task_path = models.CharField(max_length=400, blank=True)
    channel = models.CharField(max_length=200)
    body = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["thread", "namespace", "checkpoint_id", "task_id", "idx"], name="one_write_per_index"
            )
        ]

    def __str__(self) -> str:
        return f"{self.thread}/{self.checkpoint_id}/{self.channel}"


def check_server_facts(value: object) -> None:
    """Refuse what the policy packs would: a validator of a column."""
    try:
        check_server(value)
    except FactError as error:
        raise ValidationError(str(error)) from error


class ToolServer(models.Model):
    """An MCP server that the operator has registered."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="tool_servers")
    name = models.SlugField(max_length=60)
    transport = models.CharField(max_length=5, choices=[("stdio", "stdio"), ("http", "streamable HTTP")])
    command = models.JSONField(default=list, blank=True)
    url = models.URLField(blank=True)
    environment = models.JSONField(default=dict, blank=True)
    timeout_seconds = models.PositiveSmallIntegerField(default=10)
    enabled = models.BooleanField(default=True)
    policy_facts = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        validators=[check_server_facts],
        help_text='What the policy packs should know of it, such as {"external": false, "region": "EU"}; '
        "what is not said counts as the worst.",
    )
    discovered_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="one_server_per_name")]

    def __str__(self) -> str:
        return self.name


class Tool(models.Model):
    """A tool as its server defines it, and as a person has approved it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    server = models.ForeignKey(ToolServer, on_delete=models.PROTECT, related_name="tools")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    input_schema = models.JSONField(default=dict)
    output_schema = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    definition_hash = models.CharField(max_length=64)
    approved_hash = models.CharField(max_length=64, blank=True)
    registered_tier = models.PositiveSmallIntegerField(null=True, blank=True)
    state = models.CharField(max_length=12, choices=tool_states, default=ToolState.QUARANTINED.value)
    # What its arguments decide, by name, as an operator registered it; for the others it is guessed.
    argument_roles = models.JSONField(default=dict, editable=False)
    # What undoes a call of this tool, how its arguments are found, and the hash over all that a person approved of it.
    compensated_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, editable=False)
    compensation_arguments = models.JSONField(default=dict, editable=False)
    compensation_hash = models.CharField(max_length=64, blank=True, editable=False)
    discovered_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["server", "name"], name="one_tool_per_name")]

    def __str__(self) -> str:
        return f"{self.server}/{self.name}"


class ToolCall(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="tool_calls")
    tool = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="calls")
    definition_hash = models.CharField(max_length=64)
    arguments_sealed = models.BinaryField(editable=False)
    result_sealed = models.BinaryField(null=True, editable=False)
    fault = models.CharField(max_length=12, blank=True)
    elapsed_us = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"{self.tool} for {self.run_id}"


class Restore(FSMModelMixin, models.Model):
    """A run's way back to a checkpoint: asked for by one person, approved by another, carried out by a worker."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="restores")
    # The run's, as an approval keeps it.
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, db_index=False, editable=False, related_name="+")
    run_version = models.PositiveIntegerField()
    checkpoint_id = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=restore_kinds)
    state = FSMField(default=RestoreState.PENDING.value, choices=restore_states, protected=True)
    plan = models.JSONField(default=dict)
    binding = models.CharField(max_length=64)
    requested_by = models.CharField(max_length=80)
    reason_sealed = models.BinaryField(editable=False)
    decided_by = models.CharField(max_length=80, blank=True)
    word_sealed = models.BinaryField(null=True, editable=False)
    refusal = models.CharField(max_length=300, blank=True)
    fork = models.OneToOneField(Run, on_delete=models.PROTECT, null=True, related_name="forked_by")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run"], condition=models.Q(state__in=["PENDING", "APPROVED"]), name="one_open_restore_per_run"
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="OVERRIDE", state__in=["APPROVED", "DONE", "REFUSED"])
                | models.Q(word_sealed__isnull=False)
                & ~models.Q(decided_by="")
                & ~models.Q(decided_by=models.F("requested_by")),
                name="overrides_are_two_peoples",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], name="restore_open", condition=models.Q(state__in=["PENDING", "APPROVED"])
            ),
            models.Index(fields=["workspace", "-created_at", "-id"], name="restore_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} to {self.checkpoint_id}: {self.state}"

    @transition(field=state, source=RestoreState.PENDING.value, target=RestoreState.APPROVED.value)
    def grant(self) -> None: ...

    @transition(field=state, source=RestoreState.PENDING.value, target=RestoreState.REJECTED.value)
    def reject(self) -> None: ...

    @transition(field=state, source=RestoreState.PENDING.value, target=RestoreState.EXPIRED.value)
    def expire(self) -> None: ...

    @transition(field=state, source=RestoreState.APPROVED.value, target=RestoreState.DONE.value)
    def finish(self) -> None: ...

    @transition(field=state, source=RestoreState.APPROVED.value, target=RestoreState.REFUSED.value)
    def refuse(self) -> None: ...
