"""Indexes in the order of the lists. Safe on large tables: they are built while rows are written (CONCURRENTLY)."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("orchestration", "0015_decisions_have_a_workspace")]
    operations = [
        AddIndexConcurrently(
            "run", models.Index(fields=["workspace", "state", "-created_at", "-id"], name="run_state_newest")
        ),
        AddIndexConcurrently(
            "approval", models.Index(fields=["workspace", "state", "expires_at", "id"], name="approval_listed")
        ),
        AddIndexConcurrently(
            "restore", models.Index(fields=["workspace", "-created_at", "-id"], name="restore_newest")
        ),
    ]
