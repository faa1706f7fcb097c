"""What the guardians were shown, sealed with the run's key. Safe: a column that may be empty; no row is rewritten."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("guardians", "0001_initial"),
    ]
    operations = [
        migrations.AddField(
            model_name="review",
            name="shown_sealed",
            field=models.BinaryField(editable=False, null=True),
        ),
    ]
