"""How often each rule fired, and what people made of it. Safe: new tables."""

import django.db.models.deletion
from django.db import migrations, models

import audit.ids


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_workspace_driving"),
        ("guardians", "0004_what_consensus_was_made_of"),
    ]
    operations = [
        migrations.CreateModel(
            name="RuleCount",
            fields=[
                ("id", models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("guardian", models.CharField(max_length=40)),
                ("rule", models.CharField(max_length=80)),
                ("fired", models.PositiveBigIntegerField(default=0)),
                ("overruled", models.PositiveBigIntegerField(default=0)),
                ("upheld", models.PositiveBigIntegerField(default=0)),
                ("last_fired_at", models.DateTimeField(null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audit.workspace"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="rulecount",
            constraint=models.UniqueConstraint(fields=("workspace", "guardian", "rule"), name="one_count_per_rule"),
        ),
        migrations.CreateModel(
            name="CountedUpTo",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("last", models.UUIDField()),
            ],
            options={"verbose_name_plural": "counted up to"},
        ),
    ]
