"""How the runs of a workspace are driven. Safe: columns with constant defaults, no row is written."""

from django.db import migrations, models

import audit.models


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]
    operations = [
        migrations.AddField(
            "workspace",
            "flush_policy",
            models.CharField(
                choices=audit.models.flush_policies,
                default="STANDARD",
                help_text="STANDARD: steps that only compute wait for no disk. STRICT: every step does.",
                max_length=8,
            ),
        ),
        migrations.AddField(
            "workspace",
            "max_active_runs",
            models.PositiveSmallIntegerField(
                default=0, help_text="how many of its runs are driven at once; 0: as PROMETHEUS_WORKSPACE_RUNS says"
            ),
        ),
    ]
