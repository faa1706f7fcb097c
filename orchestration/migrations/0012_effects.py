"""Inquiries about effects, compensations, and what an approval is made of. Safe: new columns are null, empty or constant."""

import audit.ids
import django.db.models.deletion
import django.db.models.functions.datetime
import django_fsm
import orchestration.action_models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orchestration', '0011_claim'),
    ]

    operations = [
        migrations.AddField(
            model_name='action',
            name='attempt',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='action',
            name='intended_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='action',
            name='kind',
            field=models.CharField(choices=orchestration.action_models.action_kinds, default='EFFECT', max_length=12),
        ),
        migrations.AddField(
            model_name='action',
            name='undoes',
            field=models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='undone_by', to='orchestration.action'),
        ),
        migrations.AddField(
            model_name='approval',
            name='changed',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='approval',
            name='kind',
            field=models.CharField(choices=orchestration.action_models.approval_kinds, default='DECISION', max_length=12),
        ),
        migrations.AddField(
            model_name='approval',
            name='parts',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='tool',
            name='compensated_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='orchestration.tool'),
        ),
        migrations.AddField(
            model_name='tool',
            name='compensation_arguments',
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddField(
            model_name='tool',
            name='compensation_hash',
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.CreateModel(
            name='Inquiry',
            fields=[
                ('id', models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('state', django_fsm.FSMField(choices=orchestration.action_models.inquiry_states, default='OPEN', max_length=50, protected=True)),
                ('attempt', models.PositiveSmallIntegerField()),
                ('fault', models.CharField(max_length=12)),
                ('detail', models.CharField(blank=True, max_length=300)),
                ('said_sealed', models.BinaryField(null=True)),
                ('intended_at', models.DateTimeField(null=True)),
                ('elapsed_us', models.PositiveBigIntegerField(null=True)),
                ('binding', models.CharField(max_length=64)),
                ('requested_by', models.CharField(max_length=80)),
                ('decided_by', models.CharField(blank=True, max_length=80)),
                ('reason_sealed', models.BinaryField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('decided_at', models.DateTimeField(editable=False, null=True)),
                ('action', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='inquiries', to='orchestration.action')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='inquiries', to='orchestration.run')),
            ],
            options={
                'verbose_name_plural': 'inquiries',
                'indexes': [models.Index(condition=models.Q(('state', 'OPEN')), fields=['created_at', 'id'], name='inquiry_open')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'OPEN')), fields=('action',), name='one_open_inquiry_per_action')],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
    ]
