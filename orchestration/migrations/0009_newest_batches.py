"""Batches are listed newest first. Safe: an index of a table with a row for up to a thousand runs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0008_webhook_ends")]
    operations = [
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["workspace", "-created_at", "-id"], name="batch_newest"),
        ),
    ]
