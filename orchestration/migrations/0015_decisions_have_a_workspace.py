"""No approval or restore without its workspace. Safe: the migration before this one has filled it in."""

import django.db.models.deletion
from django.db import migrations, models


def workspace() -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="audit.workspace",
    )


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0014_workspace_of_decisions")]
    operations = [
        migrations.AlterField(model_name="approval", name="workspace", field=workspace()),
        migrations.AlterField(model_name="restore", name="workspace", field=workspace()),
    ]
