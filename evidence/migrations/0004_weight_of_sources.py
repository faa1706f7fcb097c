"""Sources weigh, and evidence says what its source weighed.

Safe: constant defaults that the database keeps, as in 0003; one scan of the few sources.
"""

from django.db import migrations, models

import evidence.models


class Migration(migrations.Migration):
    dependencies = [("evidence", "0003_how_documents_were_read")]
    operations = [
        migrations.AddField("source", "weight", models.FloatField(choices=evidence.models.weights, db_default=1.0, default=1.0)),
        migrations.AddConstraint(
            "source",
            models.CheckConstraint(
                condition=models.Q(("weight__in", [0.0, 0.25, 0.5, 0.75, 1.0])), name="weight_in_quarters"
            ),
        ),
        migrations.AddField("evidence", "trusted", models.BooleanField(null=True)),
        migrations.AddField("evidence", "weight", models.FloatField(db_default=1.0, default=1.0)),
    ]
