"""All votes as consensus took them, sealed with the run's key; and policies by their hash. Safe: no row is rewritten."""

from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [
        ("guardians", "0003_versions_of_packs"),
    ]
    operations = [
        migrations.AddField(
            model_name="review",
            name="heard_sealed",
            field=models.BinaryField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name="Policy",
            fields=[
                ("hash", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("content", models.JSONField()),
                ("registered_at", models.DateTimeField(db_default=Now(), editable=False)),
            ],
            options={"verbose_name_plural": "policies"},
        ),
    ]
