"""Approvals and restores know their workspace. Safe: a null column is added and filled in from the run."""

import django.db.models.deletion
from django.db import migrations, models

FILL = """
UPDATE orchestration_approval a SET workspace_id = r.workspace_id FROM orchestration_run r WHERE r.id = a.run_id;
UPDATE orchestration_restore s SET workspace_id = r.workspace_id FROM orchestration_run r WHERE r.id = s.run_id;
"""


def workspace() -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False,
        editable=False,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="audit.workspace",
    )


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0013_legal_effects"), ("audit", "0003_workspace_driving")]
    operations = [
        migrations.AddField(model_name="approval", name="workspace", field=workspace()),
        migrations.AddField(model_name="restore", name="workspace", field=workspace()),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
