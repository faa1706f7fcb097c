"""What the policy packs should know of a tool server. Safe: a column with a default of the database's own."""

from django.db import migrations, models

import orchestration.models


class Migration(migrations.Migration):
    dependencies = [
        ("orchestration", "0019_appeals"),
    ]
    operations = [
        migrations.AddField(
            model_name="toolserver",
            name="policy_facts",
            field=models.JSONField(
                blank=True,
                db_default={},
                default=dict,
                help_text='What the policy packs should know of it, such as {"external": false, "region": "EU"}; '
                "what is not said counts as the worst.",
                validators=[orchestration.models.check_server_facts],
            ),
        ),
    ]
