"""What agents may do with tools and how much of it, and a trigger that lets no spending over its budget.

Safe: new tables, and a column with a default. The trigger locks the budget's row, so that of two spendings at once the
second sees the first; what is over is refused with the whole statement, the intent included.
"""

import audit.ids
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import orchestration.limit_models
from django.db import migrations, models

from audit.triggers import append_only, before, drop_append_only, drop_before

SPENDING = "orchestration_spending"
WITHIN = """
DECLARE
    budget orchestration_toolbudget;
    taken bigint;
    total numeric;
BEGIN
    SELECT * INTO STRICT budget FROM orchestration_toolbudget WHERE id = NEW.budget_id FOR UPDATE;
    NEW.period := CASE budget.per WHEN 'RUN' THEN NEW.run_id::text
        ELSE to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD') END;
    IF EXISTS (SELECT 1 FROM orchestration_spending WHERE budget_id = NEW.budget_id AND action_id = NEW.action_id) THEN
        RETURN NULL;
    END IF;
    SELECT count(*), coalesce(sum(amount), 0) INTO taken, total FROM orchestration_spending
        WHERE budget_id = NEW.budget_id AND period = NEW.period;
    IF budget.enabled AND (NEW.amount < 0 OR taken + 1 > budget.calls OR total + NEW.amount > budget.amount) THEN
        RAISE EXCEPTION 'orchestration_toolbudget % is used up for %', budget.id, NEW.period USING ERRCODE = 'PB001';
    END IF;
    RETURN NEW;
END"""


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0003_workspace_driving'),
        ('orchestration', '0021_trials_of_packs'),
    ]

    operations = [
        migrations.AddField(
            model_name='tool',
            name='argument_roles',
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.CreateModel(
            name='ToolBudget',
            fields=[
                ('id', models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('agent', models.CharField(blank=True, help_text='such as key:…; empty for all together', max_length=80)),
                ('per', models.CharField(choices=[('RUN', 'a run'), ('DAY', 'a day, UTC')], max_length=3)),
                ('calls', models.PositiveIntegerField(blank=True, null=True)),
                ('amount', models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True, validators=[django.core.validators.MinValueValidator(0)])),
                ('enabled', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('tool', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orchestration.tool')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tool_budgets', to='audit.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='ToolPermission',
            fields=[
                ('id', models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('agent', models.CharField(blank=True, help_text='such as key:…; empty for everybody', max_length=80)),
                ('highest_tier', models.PositiveSmallIntegerField(choices=orchestration.limit_models.tiers)),
                ('condition', models.CharField(blank=True, help_text='CEL over arguments, tool and tier', max_length=2000)),
                ('enabled', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('tool', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orchestration.tool')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tool_permissions', to='audit.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Spending',
            fields=[
                ('id', models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('run_id', models.UUIDField()),
                ('period', models.CharField(blank=True, max_length=36)),
                ('amount', models.DecimalField(decimal_places=6, max_digits=20)),
                ('action', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='spendings', to='orchestration.action')),
                ('budget', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='spendings', to='orchestration.toolbudget')),
            ],
            options={
                'indexes': [models.Index(fields=['budget', 'period'], name='spending_period')],
                'constraints': [models.UniqueConstraint(fields=('budget', 'action'), name='one_spending_per_action')],
            },
        ),
        migrations.RunSQL(
            before(SPENDING, "within", when="INSERT", function="check", body=WITHIN) + append_only(SPENDING),
            drop_append_only(SPENDING) + drop_before(SPENDING, "within", function="check"),
        ),
    ]
