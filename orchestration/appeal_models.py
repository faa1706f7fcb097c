"""Appeals against verdicts of the gate, as rows. models.py shows them to Django, and to whoever uses them."""

from django.db import models
from django.db.models.functions import Now
from django_fsm import FSMField, FSMModelMixin, transition

from audit.ids import new_id
from audit.models import Workspace
from evidence.verdicts import Verdict
from orchestration.states import AppealState

S = AppealState
DECIDED = (S.GRANTED.value, S.REJECTED.value)
# DISPUTED is what the gate says while sources disagree; whoever appeals says which of them is right.
WANTED = (Verdict.SUPPORTED, Verdict.CONTRADICTED, Verdict.INSUFFICIENT)


# Choices are callables, so that a new value does not churn migrations.
def appeal_states() -> list[tuple[str, str]]:
    return [(state.value, state.value) for state in AppealState]


def wanted_verdicts() -> list[tuple[str, str]]:
    return [(verdict.value, verdict.value) for verdict in WANTED]


class Appeal(FSMModelMixin, models.Model):
    """One person's word that a verdict is wrong, and another one's on that. The claim itself stays as it is."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey("orchestration.Run", on_delete=models.PROTECT, related_name="appeals")
    claim = models.ForeignKey("evidence.Claim", on_delete=models.PROTECT, related_name="appeals")
    # The run's, as an approval keeps it.
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, db_index=False, editable=False, related_name="+")
    state = FSMField(default=S.PENDING.value, choices=appeal_states, protected=True)
    wanted = models.CharField(max_length=12, choices=wanted_verdicts)
    passage = models.ForeignKey("evidence.Passage", on_delete=models.PROTECT, null=True, related_name="+")
    reason_sealed = models.BinaryField(editable=False)
    binding = models.CharField(max_length=64)
    requested_by = models.CharField(max_length=80)
    # Under the run's key, as every commitment to its texts.
    request_digest = models.CharField(max_length=64, editable=False)
    # Without a key an appeal is NULL here, which is not equal to another NULL.
    idempotency_key = models.CharField(max_length=120, null=True, editable=False)  # noqa: DJ001
    decided_by = models.CharField(max_length=80, blank=True, default="")
    word_sealed = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["claim"], condition=models.Q(state="PENDING"), name="one_pending_appeal_per_claim"
            ),
            models.UniqueConstraint(fields=["workspace", "idempotency_key"], name="one_appeal_per_idempotency_key"),
            models.CheckConstraint(
                condition=~models.Q(decided_by=models.F("requested_by")), name="nobody_decides_their_own_appeal"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=DECIDED, word_sealed__isnull=False, decided_at__isnull=False)
                & ~models.Q(decided_by="")
                | ~models.Q(state__in=DECIDED) & models.Q(decided_by="", word_sealed__isnull=True),
                name="appeals_are_decided_by_people",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="appeal_waiting", condition=models.Q(state="PENDING")),
            models.Index(fields=["workspace", "state", "created_at", "id"], name="appeal_listed"),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id} is {self.wanted}: {self.state}"

    @transition(field=state, source=S.PENDING.value, target=S.GRANTED.value)
    def grant(self) -> None: ...

    @transition(field=state, source=S.PENDING.value, target=S.REJECTED.value)
    def reject(self) -> None: ...

    @transition(field=state, source=S.PENDING.value, target=S.EXPIRED.value)
    def expire(self) -> None: ...

    @transition(field=state, source=S.PENDING.value, target=S.WITHDRAWN.value)
    def withdraw(self) -> None: ...
