"""Appeals against verdicts, with their legal transitions. Safe: a new table, no row of another one is touched."""

import audit.ids
import django.db.models.deletion
import django.db.models.functions.datetime
import django_fsm
import orchestration.appeal_models
from django.db import migrations, models

from audit.triggers import drop_legal_transitions, legal_transitions
from orchestration.states import APPEAL_TRANSITIONS, AppealState

APPEAL = "orchestration_appeal"


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0003_workspace_driving'),
        ('evidence', '0002_legal_claim_states'),
        ('orchestration', '0018_notices_of_waiting'),
    ]

    operations = [
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('state', django_fsm.FSMField(choices=orchestration.appeal_models.appeal_states, default='PENDING', max_length=50, protected=True)),
                ('wanted', models.CharField(choices=orchestration.appeal_models.wanted_verdicts, max_length=12)),
                ('reason_sealed', models.BinaryField()),
                ('binding', models.CharField(max_length=64)),
                ('requested_by', models.CharField(max_length=80)),
                ('request_digest', models.CharField(editable=False, max_length=64)),
                ('idempotency_key', models.CharField(editable=False, max_length=120, null=True)),
                ('decided_by', models.CharField(blank=True, default='', max_length=80)),
                ('word_sealed', models.BinaryField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('expires_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(editable=False, null=True)),
                ('claim', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appeals', to='evidence.claim')),
                ('passage', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='evidence.passage')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appeals', to='orchestration.run')),
                ('workspace', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='audit.workspace')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'PENDING')), fields=['expires_at'], name='appeal_waiting'), models.Index(fields=['workspace', 'state', 'created_at', 'id'], name='appeal_listed')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'PENDING')), fields=('claim',), name='one_pending_appeal_per_claim'), models.UniqueConstraint(fields=('workspace', 'idempotency_key'), name='one_appeal_per_idempotency_key'), models.CheckConstraint(condition=models.Q(('decided_by', models.F('requested_by')), _negated=True), name='nobody_decides_their_own_appeal'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', False), ('state__in', ('GRANTED', 'REJECTED')), ('word_sealed__isnull', False), models.Q(('decided_by', ''), _negated=True)), models.Q(models.Q(('state__in', ('GRANTED', 'REJECTED')), _negated=True), ('decided_by', ''), ('word_sealed__isnull', True)), _connector='OR'), name='appeals_are_decided_by_people')],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.RunSQL(
            legal_transitions(APPEAL, pairs=APPEAL_TRANSITIONS, entry=[AppealState.PENDING]),
            drop_legal_transitions(APPEAL),
        ),
    ]
