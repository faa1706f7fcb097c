"""Batches, and a run's place in one. Safe: a new table, and new columns that are null for every row there is."""

import audit.ids
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only"), ("orchestration", "0004_legal_returns")]
    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("requested_by", models.CharField(max_length=80)),
                ("size", models.PositiveSmallIntegerField()),
                ("rejected", models.JSONField(default=list)),
                ("request_digest", models.CharField(max_length=64)),
                ("idempotency_key", models.CharField(max_length=120, null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("cancelled_at", models.DateTimeField(null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="batches", to="audit.workspace"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "batches",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "idempotency_key"), name="one_batch_per_idempotency_key"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="run",
            name="batch",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="orchestration.batch",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="place",
            field=models.PositiveSmallIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                condition=models.Q(("batch__isnull", False)), fields=("batch", "place"), name="one_run_per_place"
            ),
        ),
    ]
