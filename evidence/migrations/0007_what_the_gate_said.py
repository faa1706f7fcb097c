"""What the gate said is kept whole: both probabilities, the threshold, and which voice a passage counted as.

Safe: columns without a default or with a constant one, no row is rewritten. Older rows do not say.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evidence", "0006_search_by_rare_words")]
    operations = [
        migrations.AddField("claimbundle", "threshold", models.FloatField(null=True)),
        migrations.AddField("claim", "p_contradicted", models.FloatField(null=True)),
        migrations.AddField("evidence", "p_contradicted", models.FloatField(null=True)),
        migrations.AddField("evidence", "voice", models.PositiveSmallIntegerField(db_default=0, default=0)),
    ]
