"""How a webhook's secret and the webhook itself end. Safe: columns that are null in every row, and a check of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0007_deliveries_of_changes")]
    operations = [
        migrations.AddField(
            model_name="webhook", name="former_sealed", field=models.BinaryField(null=True, editable=False)
        ),
        migrations.AddField(
            model_name="webhook", name="former_until", field=models.DateTimeField(null=True, editable=False)
        ),
        migrations.AddField(
            model_name="webhook", name="retired_at", field=models.DateTimeField(null=True, editable=False)
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.CheckConstraint(
                condition=models.Q(retired_at__isnull=True) | models.Q(enabled=False), name="retired_is_disabled"
            ),
        ),
    ]
