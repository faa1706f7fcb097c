"""What agents may do with tools, and how much of it, as rows that an operator edits.

models.py shows them to Django, and to whoever uses them.
"""

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Now

from audit.ids import new_id
from audit.models import Workspace
from guardians.expressions import ExpressionError, call_language
from guardians.toolrisk import Tier

PERIODS = [("RUN", "a run"), ("DAY", "a day, UTC")]


def tiers() -> list[tuple[int, str]]:
    return [(tier.value, tier.name) for tier in Tier]


class ToolPermission(models.Model):
    """A line of an allow-list: which agent may call which tool, up to which tier, with which arguments.

    A workspace with a single line is closed: what no line in force allows is refused. It stays closed when all its
    lines are switched off.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="tool_permissions")
    agent = models.CharField(max_length=80, blank=True, help_text="such as key:…; empty for everybody")
    tool = models.ForeignKey("orchestration.Tool", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    highest_tier = models.PositiveSmallIntegerField(choices=tiers)
    condition = models.CharField(max_length=2_000, blank=True, help_text="CEL over arguments, tool and tier")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"{self.agent or 'everybody'}: {self.tool or 'every tool'} up to {Tier(self.highest_tier).name}"

    def clean(self) -> None:
        """Refuse a condition that does not compile."""
        if self.condition:
            try:
                call_language().compile(self.condition)
            except ExpressionError as error:
                raise ValidationError({"condition": f"The condition {error}."}) from error


class ToolBudget(models.Model):
    """How many calls, or how much in the unit that the tool takes, in one run or one day. Empty: not bounded."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="tool_budgets")
    agent = models.CharField(max_length=80, blank=True, help_text="such as key:…; empty for all together")
    tool = models.ForeignKey("orchestration.Tool", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    per = models.CharField(max_length=3, choices=PERIODS)
    calls = models.PositiveIntegerField(null=True, blank=True)
    amount = models.DecimalField(
        max_digits=20, decimal_places=6, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"{self.agent or 'all'}: {self.tool or 'every tool'} per {self.per.lower()}"

    def clean(self) -> None:
        """Refuse a budget that bounds nothing."""
        if self.calls is None and self.amount is None:
            raise ValidationError("The budget bounds neither calls nor an amount; give one of the two.")


class Spending(models.Model):
    """What one action took of one budget. Written with the action's intent; a trigger refuses what is over."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    budget = models.ForeignKey(ToolBudget, on_delete=models.PROTECT, related_name="spendings")
    action = models.ForeignKey("orchestration.Action", on_delete=models.PROTECT, related_name="spendings")
    run_id = models.UUIDField()
    # The run, or the day by the database's clock: the trigger writes it.
    period = models.CharField(max_length=36, blank=True)
    amount = models.DecimalField(max_digits=20, decimal_places=6)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["budget", "action"], name="one_spending_per_action")]
        indexes = [models.Index(fields=["budget", "period"], name="spending_period")]

    def __str__(self) -> str:
        return f"{self.action_id} of {self.budget_id}"
