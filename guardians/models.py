"""What the guardians said of a run: reviews, votes, findings; and the policy packs that were in force."""

from django.db import models
from django.db.models.functions import Now

from audit.ids import new_id


class Review(models.Model):
    """All votes on one draft, and what consensus made of them.

    ``shown_sealed`` holds what the guardians were shown: which texts, by reference, and the facts. Rows that are older
    than the column have none.
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


class PolicyPack(models.Model):
    """A pack as it was when it first took part in a decision, by its hash."""

    hash = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=60)
    rules = models.PositiveIntegerField()
    content = models.JSONField()
    registered_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"{self.name} {self.hash[:12]}"
