"""Sources and their passages; claims and the evidence they were judged by; calibrations of a workspace's own."""

from collections.abc import Mapping

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models.functions import Now
from django_fsm import FSMField, FSMModelMixin, transition

from audit.calibration import CalibrationState
from audit.canonical import JSON
from audit.events import EventType
from audit.ids import new_id
from audit.models import DataKey, OwnCalibration, Workspace
from evidence.calibration import Calibration
from evidence.states import JUDGED, ClaimState
from evidence.typed.scoring import EVEN


def weights() -> list[tuple[float, str]]:
    """Return what a source may weigh. Quarters, because their sums are exact."""
    return [
        (1.0, "1: counts in full"),
        (0.75, "0.75: four count as three"),
        (0.5, "0.5: two count as one"),
        (0.25, "0.25: four count as one"),
        (0.0, "0: proves nothing; still contradicts"),
    ]


class Source(models.Model):
    """Where reference documents come from, kept and indexed in clear; trust and weight are the operator's word."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="sources")
    name = models.CharField(max_length=120)
    trusted = models.BooleanField(default=True)
    weight = models.FloatField(default=1.0, db_default=1.0, choices=weights)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="one_source_per_name"),
            models.CheckConstraint(
                condition=models.Q(weight__in=[0.0, 0.25, 0.5, 0.75, 1.0]), name="weight_in_quarters"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-created_at", "-id"], name="source_newest")]

    def __str__(self) -> str:
        return self.name


class Document(models.Model):
    """One version of a document. A changed text is a new row; evidence keeps pointing to the old one.

    Rows that are older than ``media_type`` do not say how they were read: the text columns are empty, the size is 0.
    The database has the defaults too, for processes of the version before, which still write during an upgrade.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="documents")
    title = models.CharField(max_length=200)
    version = models.PositiveIntegerField(default=1)
    current = models.BooleanField(default=True)
    sha256 = models.CharField(max_length=64)
    text = models.TextField()
    media_type = models.CharField(max_length=40, blank=True, default="", db_default="")
    extractor = models.CharField(max_length=60, blank=True, default="", db_default="")
    original_sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")
    size = models.PositiveIntegerField(default=0, db_default=0)
    host = models.CharField(max_length=253, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "title", "version"], name="one_document_per_version"),
            models.UniqueConstraint(
                fields=["source", "title"], condition=models.Q(current=True), name="one_current_version"
            ),
        ]
        indexes = [
            models.Index(
                fields=["source", "-created_at", "-id"],
                condition=models.Q(current=True),
                name="document_current_newest",
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} v{self.version}"


class Passage(models.Model):
    """A piece of a document in clear, or, for one run only, of a text sent with it or returned by a tool, sealed.

    ``trusted`` is what its source was when it was added; what a claim was judged with stands in the evidence.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, related_name="passages")
    run = models.UUIDField(null=True, db_index=True)
    origin = models.CharField(max_length=200, blank=True)
    trusted = models.BooleanField(default=True)
    ordinal = models.PositiveIntegerField(default=0)
    start = models.PositiveIntegerField(default=0)
    end = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64)
    text = models.TextField(blank=True)
    text_sealed = models.BinaryField(null=True, editable=False)
    search = models.GeneratedField(
        expression=SearchVector("text", config="english"), output_field=SearchVectorField(), db_persist=True
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="in_clear_or_sealed",
                condition=models.Q(document__isnull=False, run__isnull=True, text_sealed__isnull=True)
                | models.Q(document__isnull=True, run__isnull=False, text="", text_sealed__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.origin or self.document_id}:{self.start}-{self.end}"


class Posting(models.Model):
    """A passage of a document that is in force, as the search finds it. ``evidence/search.py`` writes and deletes it.

    Attributes:
        terms: its words, as numbers of the workspace's own: the same word of another workspace is another number.
        length: how many words, each counted once.
    """

    passage = models.OneToOneField(Passage, on_delete=models.PROTECT, primary_key=True, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    length = models.PositiveIntegerField()
    terms = ArrayField(models.IntegerField())

    class Meta:
        indexes = [GinIndex(fields=["terms"], name="posting_terms", fastupdate=False)]

    def __str__(self) -> str:
        return str(self.passage_id)


class WordCount(models.Model):
    """In how many passages of a workspace's documents in force a word stands; the empty word stands in every one."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    word = models.TextField()
    passages = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "word"], name="one_count_per_word")]

    def __str__(self) -> str:
        return self.word


class ClaimBundle(models.Model):
    """The claims of one draft of a run, and what the gate said of them together.

    ``threshold`` is the least score that supported then; rows older than it, and those judged without one, have none.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.UUIDField()
    revision = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=20)
    score = models.FloatField()
    verifier = models.CharField(max_length=60)
    calibration = models.CharField(max_length=60)
    threshold = models.FloatField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "revision"], name="one_bundle_per_revision")]

    def __str__(self) -> str:
        return f"{self.run} r{self.revision}"


def claim_states() -> list[tuple[str, str]]:
    return [(state.value, state.value) for state in ClaimState]


class Claim(FSMModelMixin, models.Model):
    """One statement of an answer, its verdict and the reason for it.

    ``score`` is P(supported); what is left of it and ``p_contradicted`` is the probability of saying too little.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    bundle = models.ForeignKey(ClaimBundle, on_delete=models.PROTECT, related_name="claims")
    key = models.ForeignKey(DataKey, on_delete=models.SET_NULL, null=True, db_constraint=False)
    ordinal = models.PositiveSmallIntegerField()
    state = FSMField(default=ClaimState.PROPOSED.value, choices=claim_states, protected=True)
    verdict = models.CharField(max_length=12, blank=True)
    kind = models.CharField(max_length=10)
    text_sealed = models.BinaryField(editable=False)
    why_sealed = models.BinaryField(editable=False)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    score = models.FloatField()
    p_contradicted = models.FloatField(null=True)
    reason = models.CharField(max_length=30)
    rule = models.CharField(max_length=30, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bundle", "ordinal"], name="one_claim_per_place")]

    def __str__(self) -> str:
        return f"claim {self.ordinal} of {self.bundle_id}"

    @transition(field=state, source=ClaimState.PROPOSED.value, target=ClaimState.SUPPORTED.value)
    def support(self) -> None:
        self.verdict = ClaimState.SUPPORTED

    @transition(field=state, source=ClaimState.PROPOSED.value, target=ClaimState.CONTRADICTED.value)
    def contradict(self) -> None:
        self.verdict = ClaimState.CONTRADICTED

    @transition(field=state, source=ClaimState.PROPOSED.value, target=ClaimState.INSUFFICIENT.value)
    def find_insufficient(self) -> None:
        self.verdict = ClaimState.INSUFFICIENT

    @transition(field=state, source=ClaimState.PROPOSED.value, target=ClaimState.DISPUTED.value)
    def dispute(self) -> None:
        self.verdict = ClaimState.DISPUTED

    @transition(field=state, source=ClaimState.SUPPORTED.value, target=ClaimState.PUBLISHED.value)
    def publish(self) -> None: ...

    @transition(field=state, source=[s.value for s in JUDGED], target=ClaimState.WITHHELD.value)
    def withhold(self) -> None: ...


class Evidence(models.Model):
    """What a claim was compared with: both spans, the stance, the rule and the versions that decided.

    ``trusted`` and ``weight`` are the source's of that moment; older rows do not say whether it was trusted.
    ``voice`` is the independent voice it counted as, from 1; 0 where it did not count, or the row is older.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="evidence")
    passage = models.ForeignKey(Passage, on_delete=models.PROTECT, related_name="evidence")
    passage_sha256 = models.CharField(max_length=64)
    stance = models.CharField(max_length=12)
    trusted = models.BooleanField(null=True)
    weight = models.FloatField(default=1.0, db_default=1.0)
    score = models.FloatField()
    p_contradicted = models.FloatField(null=True)
    voice = models.PositiveSmallIntegerField(default=0, db_default=0)
    rule = models.CharField(max_length=30)
    claim_start = models.PositiveIntegerField()
    claim_end = models.PositiveIntegerField()
    passage_start = models.PositiveIntegerField()
    passage_end = models.PositiveIntegerField()
    verifier = models.CharField(max_length=60)
    calibration = models.CharField(max_length=60)

    class Meta:
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return f"{self.stance} {self.claim_id}"


class CalibrationRecord(OwnCalibration):
    """A workspace's own calibration of one verifier.

    Attributes:
        leaks, supported, kept: as in Calibration.
        appeals: how many of the labels came from appeals. Only doubted verdicts are appealed, so these are no sample
            of what the gate sees: the bound holds for claims like those that were labelled.
    """

    SCORER = "verifier"
    MADE, WITHDRAWN = EventType.CALIBRATION_MADE, EventType.CALIBRATION_WITHDRAWN

    verifier = models.CharField(max_length=60)
    leaks = models.PositiveIntegerField()
    supported = models.PositiveIntegerField()
    kept = models.PositiveIntegerField()
    appeals = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "verifier"],
                condition=models.Q(state=CalibrationState.IN_FORCE.value),
                name="one_calibration_in_force",
            ),
            models.CheckConstraint(
                condition=models.Q(threshold__gte=0.5, threshold__lte=1.0), name="no_threshold_below_even"
            ),
            models.CheckConstraint(
                condition=models.Q(state=CalibrationState.IN_FORCE.value, ended_at__isnull=True, ended_by="")
                | (
                    ~models.Q(state=CalibrationState.IN_FORCE.value)
                    & models.Q(ended_at__isnull=False)
                    & ~models.Q(ended_by="")
                ),
                name="who_ended_a_calibration",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-created_at", "-id"], name="calibration_newest")]

    @property
    def name(self) -> str:
        return f"record-{self.pk}"

    @property
    def hits(self) -> int:
        return self.leaks

    def measured(self) -> Mapping[str, JSON]:
        return {"leaks": self.leaks, "supported": self.supported, "kept": self.kept, "appeals": self.appeals}

    def fits(self) -> bool:
        return self.threshold >= EVEN

    def calibration(self) -> Calibration:
        """Return the record as the gate takes it."""
        return Calibration(
            id=self.name,
            verifier=self.verifier,
            created=self.created_at.date(),
            threshold=self.threshold,
            n=self.n,
            leaks=self.leaks,
            supported=self.supported,
            kept=self.kept,
            alpha=self.alpha,
            delta=self.delta,
            data_sha256=self.data_sha256,
            expires=self.expires_on,
        )
