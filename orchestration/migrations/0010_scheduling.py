"""Who is next and who is overdue: deadlines of runs, and indexes for the line of each workspace and for its leases.

None of the indexes names the state, so that most flushes of a run touch no index. Runs that are under way have no
deadline. Safe: columns with constant defaults; the indexes are small, since they hold runs that have not ended only.
"""

from django.db import migrations, models

DUE = models.Q(due_at__isnull=False)
LEASED = models.Q(lease_until__isnull=False)


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_workspace_driving"), ("orchestration", "0009_newest_batches")]
    operations = [
        migrations.AddField("run", "deadline_seconds", models.PositiveIntegerField(default=0, editable=False)),
        migrations.AddField("run", "deadline_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddIndex(
            "run", models.Index(fields=["workspace", "stakes", "due_at"], name="run_in_line", condition=DUE)
        ),
        migrations.AddIndex("run", models.Index(fields=["deadline_at"], name="run_overdue", condition=DUE)),
        migrations.AddIndex(
            "run", models.Index(fields=["workspace", "lease_until"], name="run_leased", condition=LEASED)
        ),
        migrations.RemoveIndex("run", "run_due"),
    ]
