"""The shapes of the API's documents. They describe and check form; what a text may be is decided in requests.py."""

from rest_framework import serializers

from audit.stakes import Stakes
from evidence.sources import Tie
from orchestration.notices import DeliveryState, NoticeType
from orchestration.states import AppealState, ApprovalKind, Decision, Kind, RunState


class PassageIn(serializers.Serializer[object]):
    source = serializers.CharField(max_length=200)  # type: ignore[assignment]
    title = serializers.CharField(max_length=200, required=False)
    text = serializers.CharField()


class ActionIn(serializers.Serializer[object]):
    tool = serializers.CharField(help_text="server/tool, as the tools list names it")
    arguments = serializers.JSONField()


class RequestIn(serializers.Serializer[object]):
    question = serializers.CharField(max_length=8000)
    stakes = serializers.ChoiceField(choices=[s.value for s in Stakes], default="MEDIUM")
    passages = PassageIn(many=True, required=False)
    actions = ActionIn(many=True, required=False)
    facts = serializers.JSONField(required=False, help_text="what the policy packs should know, such as jurisdiction")
    deadline_seconds = serializers.IntegerField(
        required=False, min_value=0, help_text="after which the run has FAILED; waiting for people does not count"
    )
    subject = serializers.CharField(required=False, help_text="whom the texts are about; kept as a keyed hash only")


class VerifyIn(RequestIn):
    question = serializers.CharField(max_length=8000, required=False)
    answer = serializers.CharField(max_length=100_000)


class RunOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=[s.value for s in RunState])
    decision = serializers.ChoiceField(choices=[d.value for d in Decision], allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    stakes = serializers.ChoiceField(choices=[s.value for s in Stakes])
    supported = serializers.IntegerField()
    withheld = serializers.IntegerField()
    provider = serializers.CharField(allow_blank=True)
    model = serializers.CharField(allow_blank=True)
    policy_hash = serializers.CharField(allow_blank=True)
    tokens_in = serializers.IntegerField()
    tokens_out = serializers.IntegerField()
    cost_micros = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    deadline_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class SpanOut(serializers.Serializer[object]):
    start = serializers.IntegerField()
    end = serializers.IntegerField()


class TwinOut(serializers.Serializer[object]):
    passage = serializers.UUIDField()
    tie = serializers.ChoiceField(choices=[t.value for t in Tie], help_text="why both are one voice")


class EvidenceOut(serializers.Serializer[object]):
    passage = serializers.UUIDField()
    source = serializers.CharField()  # type: ignore[assignment]
    title = serializers.CharField()
    trusted = serializers.BooleanField(help_text="whether the source was trusted when the claim was judged")
    weight = serializers.FloatField(help_text="how much of a voice the source was then, 0 to 1")
    host = serializers.CharField(help_text="the web host of its document; empty where that is not known")
    original = serializers.CharField(help_text="hash of its document's bytes; empty where that is not known")
    voice = serializers.IntegerField(help_text="the independent voice it counted as, from 1; 0 if it did not count")
    twins = TwinOut(many=True, help_text="passages beside the claim that counted as the same voice")
    text = serializers.CharField()
    sha256 = serializers.CharField(help_text="of the passage's text; of a run's own passage under the run's key")
    intact = serializers.BooleanField(help_text="the passage still is the text that the claim was judged by")
    stance = serializers.CharField()
    score = serializers.FloatField(help_text="P(supported), 0 to 1")
    p_contradicted = serializers.FloatField(allow_null=True, help_text="0 to 1; null for claims of before it was kept")
    rule = serializers.CharField()
    claim_span = SpanOut()
    passage_span = SpanOut()
    verifier = serializers.CharField(help_text="what compared them")


class ClaimOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    text = serializers.CharField()
    span = SpanOut(help_text="in the draft that was judged")
    kind = serializers.CharField()
    state = serializers.CharField()
    verdict = serializers.CharField()
    score = serializers.FloatField(help_text="P(supported), 0 to 1")
    p_contradicted = serializers.FloatField(allow_null=True, help_text="as in evidence; the rest says too little")
    threshold = serializers.FloatField(allow_null=True, help_text="the least score that supported then")
    reason = serializers.CharField()
    rule = serializers.CharField()
    why = serializers.CharField(help_text="one sentence for people")
    verifier = serializers.CharField(allow_blank=True, help_text="whose verdict it is")
    evidence = EvidenceOut(many=True)


class AppealNoteOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=[s.value for s in AppealState])
    wanted = serializers.CharField(help_text="the verdict that would be right, as whoever appealed says")
    requested_by = serializers.CharField()
    decided_by = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class AppealedClaimOut(ClaimOut):
    appeals = AppealNoteOut(many=True, help_text="what people said of the verdict; the claim stays as it is")


class RunDetailOut(RunOut):
    answer = serializers.JSONField(allow_null=True, help_text="text, sentences and citations; null before COMPLETED")


class BatchItemIn(RequestIn):
    kind = serializers.ChoiceField(choices=[k.value for k in Kind])
    question = serializers.CharField(max_length=8000, required=False)
    answer = serializers.CharField(max_length=100_000, required=False, help_text="for VERIFY")
    idempotency_key = serializers.CharField(max_length=120, required=False)


class BatchIn(serializers.Serializer[object]):
    requests = BatchItemIn(many=True, help_text="1 to 1,000")


class RejectedOut(serializers.Serializer[object]):
    index = serializers.IntegerField(help_text="place in the batch, from 0")
    field = serializers.CharField()
    message = serializers.CharField()


class BatchFailureOut(serializers.Serializer[object]):
    index = serializers.IntegerField()
    run = serializers.UUIDField()
    reason = serializers.CharField()


class BatchPlaceOut(serializers.Serializer[object]):
    index = serializers.IntegerField()
    run = serializers.UUIDField()


class BatchOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    size = serializers.IntegerField()
    accepted = serializers.IntegerField()
    rejected = RejectedOut(many=True)
    states = serializers.DictField(child=serializers.IntegerField(), help_text="runs by state")
    decisions = serializers.DictField(child=serializers.IntegerField(), help_text="runs by decision")
    done = serializers.FloatField(help_text="share of the requests that need nothing more, 0 to 1")
    failures = BatchFailureOut(many=True, help_text="the first 20")
    created_at = serializers.DateTimeField()
    cancelled_at = serializers.DateTimeField(allow_null=True)


class BatchAcceptedOut(BatchOut):
    runs = BatchPlaceOut(many=True)


class BatchCancelledOut(BatchOut):
    cancelled = serializers.IntegerField(help_text="runs that this call has stopped")


class BatchRunOut(RunOut):
    index = serializers.IntegerField(source="place")


class WebhookIn(serializers.Serializer[object]):
    url = serializers.CharField(max_length=2000, help_text="https, to a public address")
    events = serializers.ListField(child=serializers.ChoiceField(choices=[n.value for n in NoticeType]))


class WebhookOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    enabled = serializers.BooleanField()
    registered_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    retired_at = serializers.DateTimeField(allow_null=True)
    former_until = serializers.DateTimeField(allow_null=True, help_text="until then the former secret signs too")


class WebhookMadeOut(WebhookOut):
    secret = serializers.CharField(help_text="shown once")


class DeliveryOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    event = serializers.CharField()
    run = serializers.UUIDField(source="run_id")
    state = serializers.CharField()
    decision = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=[d.value for d in DeliveryState])
    attempts = serializers.IntegerField()
    next_at = serializers.DateTimeField()
    fault = serializers.CharField(allow_blank=True)
    answered = serializers.IntegerField(allow_null=True, help_text="HTTP status of the last answer")
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class ApprovalOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    run = serializers.UUIDField(source="run_id")
    kind = serializers.ChoiceField(choices=[k.value for k in ApprovalKind])
    state = serializers.CharField()
    changed = serializers.ListField(child=serializers.CharField(), help_text="what made it void")
    binding = serializers.CharField(help_text="hash of exactly what would be done; send it back as `seen`")
    reasons = serializers.ListField(child=serializers.CharField())
    quorum = serializers.IntegerField()
    requested_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class DecisionIn(serializers.Serializer[object]):
    reason = serializers.CharField(min_length=10, max_length=2000)
    seen = serializers.CharField(max_length=64)


class ProblemOut(serializers.Serializer[object]):
    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    field = serializers.CharField(required=False)
