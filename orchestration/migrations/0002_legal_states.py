"""Runs and approvals change state along legal pairs only, whoever writes. Safe: triggers alone, no row is touched."""

from django.db import migrations

from audit.triggers import drop_legal_transitions, legal_transitions
from orchestration.states import APPROVAL_TRANSITIONS, RUN_TRANSITIONS, ApprovalState, RunState

RUN, APPROVAL = "orchestration_run", "orchestration_approval"


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0001_initial")]
    operations = [
        migrations.RunSQL(
            legal_transitions(RUN, pairs=RUN_TRANSITIONS, entry=[RunState.INITIALIZED]), drop_legal_transitions(RUN)
        ),
        migrations.RunSQL(
            legal_transitions(APPROVAL, pairs=APPROVAL_TRANSITIONS, entry=[ApprovalState.PENDING]),
            drop_legal_transitions(APPROVAL),
        ),
    ]
