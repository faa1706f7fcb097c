"""Trials of policy packs on stored decisions. Safe: a new table, no row is touched."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import audit.ids


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_workspace_driving"),
        ("guardians", "0003_versions_of_packs"),
        ("orchestration", "0020_policy_facts_of_servers"),
    ]
    operations = [
        migrations.CreateModel(
            name='PackTrial',
            fields=[
                ('id', models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('requested_by', models.CharField(max_length=80)),
                ('on', models.DateField()),
                ('base', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
                ('total', models.PositiveIntegerField()),
                ('done', models.PositiveIntegerField(default=0)),
                ('changed', models.PositiveIntegerField(default=0)),
                ('unknown', models.PositiveIntegerField(default=0)),
                ('changes', models.JSONField(default=list)),
                ('last_at', models.DateTimeField(null=True)),
                ('last_run', models.UUIDField(null=True)),
                ('fault', models.CharField(blank=True, default='', max_length=300)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('finished_at', models.DateTimeField(null=True)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='trials', to='guardians.packversion')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='audit.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['version', '-created_at'], name='trial_newest'), models.Index(condition=models.Q(('finished_at__isnull', True)), fields=['created_at'], name='trial_open')],
            },
        ),
    ]
