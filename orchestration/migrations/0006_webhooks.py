"""Webhooks and their deliveries. Safe: new tables alone."""

import audit.ids
import django.db.models.deletion
import django.db.models.functions.datetime
import orchestration.webhook_models
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only"), ("orchestration", "0005_batches")]
    operations = [
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("url", models.CharField(max_length=2000)),
                ("events", models.JSONField(default=list)),
                ("enabled", models.BooleanField(default=True, editable=False)),
                ("secret_sealed", models.BinaryField()),
                ("registered_by", models.CharField(editable=False, max_length=80)),
                ("served_until", models.DateTimeField(editable=False, null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "key",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="audit.datakey",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="webhooks", to="audit.workspace"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("event", models.CharField(max_length=20)),
                ("state", models.CharField(choices=orchestration.webhook_models.run_states, max_length=12)),
                ("decision", models.CharField(blank=True, max_length=16)),
                (
                    "status",
                    models.CharField(
                        choices=orchestration.webhook_models.delivery_states, default="PENDING", max_length=10
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("fault", models.CharField(blank=True, max_length=12)),
                ("answered", models.PositiveSmallIntegerField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="orchestration.run"
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="orchestration.webhook",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "PENDING")), fields=["webhook", "next_at"], name="delivery_due"
                    ),
                    models.Index(fields=["webhook", "-created_at", "-id"], name="delivery_newest"),
                ],
            },
        ),
    ]
