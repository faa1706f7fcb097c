"""Indexes in the order of the lists. Safe on large tables: they are built while rows are written (CONCURRENTLY)."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("evidence", "0007_what_the_gate_said")]
    operations = [
        AddIndexConcurrently(
            "source", models.Index(fields=["workspace", "-created_at", "-id"], name="source_newest")
        ),
        AddIndexConcurrently(
            "document",
            models.Index(
                fields=["source", "-created_at", "-id"],
                condition=models.Q(("current", True)),
                name="document_current_newest",
            ),
        ),
        AddIndexConcurrently(
            "calibrationrecord",
            models.Index(fields=["workspace", "-created_at", "-id"], name="calibration_newest"),
        ),
    ]
