"""Documents say what their original was and what read it. Safe: columns with constant defaults, no row is rewritten."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evidence", "0002_legal_claim_states")]
    operations = [
        migrations.AddField("document", "media_type", models.CharField(blank=True, default="", max_length=40), preserve_default=False),
        migrations.AddField("document", "extractor", models.CharField(blank=True, default="", max_length=60), preserve_default=False),
        migrations.AddField("document", "original_sha256", models.CharField(blank=True, default="", max_length=64), preserve_default=False),
        migrations.AddField("document", "size", models.PositiveIntegerField(default=0)),
        migrations.AddField("document", "host", models.CharField(blank=True, default="", max_length=253), preserve_default=False),
    ]
