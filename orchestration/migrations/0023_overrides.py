"""An override counts by the word of a second person only. Safe: no row of before is an override."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0022_tool_limits")]
    operations = [
        migrations.AddConstraint(
            model_name="restore",
            constraint=models.CheckConstraint(
                condition=~models.Q(kind="OVERRIDE", state__in=["APPROVED", "DONE", "REFUSED"])
                | models.Q(word_sealed__isnull=False)
                & ~models.Q(decided_by="")
                & ~models.Q(decided_by=models.F("requested_by")),
                name="overrides_are_two_peoples",
            ),
        ),
    ]
