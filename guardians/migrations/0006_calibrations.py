"""Calibrations of a guardian, which end once and change in nothing else. Safe: a new table, no row is touched."""

import audit.ids
import audit.models
import django.db.models.deletion
import django_fsm
from django.db import migrations, models

from audit.calibration import TRANSITIONS, CalibrationState
from audit.triggers import drop_ends_once, drop_legal_transitions, ends_once, legal_transitions

RECORD = "guardians_guardiancalibration"
ENDING = ("state", "ended_by", "ended_at")


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_workspace_driving"),
        ("guardians", "0005_counts_of_rules"),
    ]
    operations = [
        migrations.CreateModel(
            name='GuardianCalibration',
            fields=[
                ('id', models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('guardian', models.CharField(max_length=40)),
                ('state', django_fsm.FSMField(choices=audit.models.calibration_states, default='IN_FORCE', max_length=50, protected=True)),
                ('model_sha256', models.CharField(max_length=64)),
                ('threshold', models.FloatField()),
                ('n', models.PositiveIntegerField()),
                ('alarms', models.PositiveIntegerField()),
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
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'IN_FORCE')), fields=('workspace', 'guardian'), name='one_guardian_calibration')],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.RunSQL(
            legal_transitions(RECORD, pairs=TRANSITIONS, entry=[CalibrationState.IN_FORCE]),
            drop_legal_transitions(RECORD),
        ),
        migrations.RunSQL(ends_once(RECORD, live=CalibrationState.IN_FORCE.value, ending=ENDING), drop_ends_once(RECORD)),
    ]
