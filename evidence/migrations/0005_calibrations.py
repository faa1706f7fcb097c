"""Calibrations of a workspace's own, which end once and change in nothing else. Safe: a new table, no row is touched."""

import audit.ids
import audit.models
import django.db.models.deletion
import django_fsm
from django.db import migrations, models

from audit.calibration import TRANSITIONS, CalibrationState
from audit.triggers import drop_ends_once, drop_legal_transitions, ends_once, legal_transitions

RECORD = "evidence_calibrationrecord"
ENDING = ("state", "ended_by", "ended_at")


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_workspace_driving"),
        ("evidence", "0004_weight_of_sources"),
    ]
    operations = [
        migrations.CreateModel(
            name='CalibrationRecord',
            fields=[
                ('id', models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('verifier', models.CharField(max_length=60)),
                ('state', django_fsm.FSMField(choices=audit.models.calibration_states, default='IN_FORCE', max_length=50, protected=True)),
                ('threshold', models.FloatField()),
                ('n', models.PositiveIntegerField()),
                ('leaks', models.PositiveIntegerField()),
                ('supported', models.PositiveIntegerField()),
                ('kept', models.PositiveIntegerField()),
                ('appeals', models.PositiveIntegerField()),
                ('alpha', models.FloatField()),
                ('delta', models.FloatField()),
                ('data_sha256', models.CharField(max_length=64)),
                ('made_by', models.CharField(max_length=80)),
                ('created_at', models.DateTimeField(editable=False)),
                ('expires_on', models.DateField()),
                ('ended_by', models.CharField(blank=True, default='', max_length=80)),
                ('ended_at', models.DateTimeField(editable=False, null=True)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='audit.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'IN_FORCE')), fields=('workspace', 'verifier'), name='one_calibration_in_force'), models.CheckConstraint(condition=models.Q(('threshold__gte', 0.5), ('threshold__lte', 1.0)), name='no_threshold_below_even'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('ended_by', ''), ('state', 'IN_FORCE')), models.Q(models.Q(('state', 'IN_FORCE'), _negated=True), ('ended_at__isnull', False), models.Q(('ended_by', ''), _negated=True)), _connector='OR'), name='who_ended_a_calibration')],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.RunSQL(
            legal_transitions(RECORD, pairs=TRANSITIONS, entry=[CalibrationState.IN_FORCE]),
            drop_legal_transitions(RECORD),
        ),
        migrations.RunSQL(ends_once(RECORD, live=CalibrationState.IN_FORCE.value, ending=ENDING), drop_ends_once(RECORD)),
    ]
