"""Restores, forks and what forks know of their family's effects. Safe: new columns are null or empty, no row changes."""

import audit.ids
import django.db.models.deletion
import django.db.models.functions.datetime
import django_fsm
import orchestration.models
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0003_checkpoint_run")]
    operations = [
        migrations.AddField(
            model_name="run",
            name="family",
            field=models.UUIDField(blank=True, db_index=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="action",
            name="effect",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="action",
            name="original",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="orchestration.action",
            ),
        ),
        migrations.AddConstraint(
            model_name="action",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("original__isnull", True),
                    ("state__in", ["INTENDED", "DONE", "UNKNOWN"]),
                    models.Q(("effect", ""), _negated=True),
                ),
                fields=("effect",),
                name="one_effect_per_family",
            ),
        ),
        migrations.CreateModel(
            name="Restore",
            fields=[
                (
                    "id",
                    models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("run_version", models.PositiveIntegerField()),
                ("checkpoint_id", models.CharField(max_length=60)),
                ("kind", models.CharField(choices=orchestration.models.restore_kinds, max_length=8)),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=orchestration.models.restore_states, default="PENDING", max_length=50, protected=True
                    ),
                ),
                ("plan", models.JSONField(default=dict)),
                ("binding", models.CharField(max_length=64)),
                ("requested_by", models.CharField(max_length=80)),
                ("reason_sealed", models.BinaryField()),
                ("decided_by", models.CharField(blank=True, max_length=80)),
                ("word_sealed", models.BinaryField(null=True)),
                ("refusal", models.CharField(blank=True, max_length=300)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("expires_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(editable=False, null=True)),
                ("finished_at", models.DateTimeField(editable=False, null=True)),
                (
                    "fork",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="forked_by",
                        to="orchestration.run",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="restores", to="orchestration.run"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["PENDING", "APPROVED"])),
                        fields=["expires_at"],
                        name="restore_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["PENDING", "APPROVED"])),
                        fields=("run",),
                        name="one_open_restore_per_run",
                    )
                ],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
    ]
