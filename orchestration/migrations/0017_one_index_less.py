"""The index on a run's workspace alone goes: two others begin with it, and each costs something at every write."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0016_lists_by_index")]
    operations = [
        migrations.AlterField(
            model_name="run",
            name="workspace",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="audit.workspace",
            ),
        ),
    ]
