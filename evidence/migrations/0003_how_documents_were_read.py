"""Documents say what their original was and what read it.

Safe: columns with constant defaults, no row is rewritten. The database keeps the defaults, since processes of the
version before still write while this runs.
"""

from django.db import migrations, models


def text(length: int) -> models.CharField:
    return models.CharField(blank=True, db_default="", default="", max_length=length)


class Migration(migrations.Migration):
    dependencies = [("evidence", "0002_legal_claim_states")]
    operations = [
        migrations.AddField("document", "media_type", text(40)),
        migrations.AddField("document", "extractor", text(60)),
        migrations.AddField("document", "original_sha256", text(64)),
        migrations.AddField("document", "size", models.PositiveIntegerField(db_default=0, default=0)),
        migrations.AddField("document", "host", text(253)),
    ]
