"""A workspace's own versions of policy packs, and which were in force together. Safe: new tables, no row is touched."""

import django.db.models.deletion
import django.db.models.functions.datetime
import django_fsm
from django.db import migrations, models

import audit.ids
import guardians.models
from audit.triggers import drop_frozen_after, drop_legal_transitions, frozen_after, legal_transitions
from guardians.states import PACK_TRANSITIONS, PackState

VERSION = "guardians_packversion"
SAID = ("workspace_id", "name", "text", "hash", "why", "made_by")


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_workspace_driving"),
        ("guardians", "0002_what_the_guardians_were_shown"),
    ]
    operations = [
        migrations.CreateModel(
            name='PolicySet',
            fields=[
                ('hash', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('packs', models.JSONField()),
                ('registered_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='PackVersion',
            fields=[
                ('id', models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(editable=False, max_length=40)),
                ('state', django_fsm.FSMField(choices=guardians.models.pack_states, default='DRAFT', max_length=50, protected=True)),
                ('text', models.TextField(help_text='a pack in YAML; it is checked when you save it. Not legal advice', max_length=256000)),
                ('hash', models.CharField(editable=False, max_length=64)),
                ('why', models.CharField(help_text='what this version is for; people read it before they agree', max_length=500)),
                ('made_by', models.CharField(editable=False, max_length=80)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('proposed_by', models.CharField(blank=True, default='', editable=False, max_length=80)),
                ('proposed_at', models.DateTimeField(editable=False, null=True)),
                ('activated_by', models.CharField(blank=True, default='', editable=False, max_length=80)),
                ('activated_at', models.DateTimeField(editable=False, null=True)),
                ('ended_by', models.CharField(blank=True, default='', editable=False, max_length=80)),
                ('ended_at', models.DateTimeField(editable=False, null=True)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='packs', to='audit.workspace')),
            ],
            options={
                'verbose_name': 'version of a policy pack',
                'verbose_name_plural': 'versions of policy packs',
                'indexes': [models.Index(fields=['workspace', '-created_at', '-id'], name='pack_newest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'IN_FORCE')), fields=('workspace', 'name'), name='one_version_in_force'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['IN_FORCE', 'SUPERSEDED']), _negated=True), models.Q(models.Q(('proposed_by', ''), _negated=True), models.Q(('activated_by', ''), _negated=True), models.Q(('activated_by', models.F('proposed_by')), _negated=True)), _connector='OR'), name='two_people_put_in_force')],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.RunSQL(
            legal_transitions(VERSION, pairs=PACK_TRANSITIONS, entry=[PackState.DRAFT]), drop_legal_transitions(VERSION)
        ),
        migrations.RunSQL(frozen_after(VERSION, live=PackState.DRAFT.value, frozen=SAID), drop_frozen_after(VERSION)),
    ]
