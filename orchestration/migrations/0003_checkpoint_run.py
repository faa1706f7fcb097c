"""Checkpoints are found by LangGraph's run_id. Safe: a column with a constant default, and an index that is empty."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0002_legal_states")]
    operations = [
        migrations.AddField("checkpoint", "run", models.CharField(max_length=64, blank=True, db_default="")),
        migrations.AddIndex(
            "checkpoint", models.Index(fields=["run"], name="checkpoint_run", condition=~models.Q(run=""))
        ),
    ]
