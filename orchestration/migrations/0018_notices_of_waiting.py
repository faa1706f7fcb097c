"""Receivers are told whenever a run begins to wait for people, in EXECUTION too, and each time that it does.

Before, only the first wait of a decision was told. Safe: a trigger is made anew, no row is touched.
"""

from django.db import migrations

ENDS = """
(OLD.state, OLD.decision) IS DISTINCT FROM (NEW.state, NEW.decision)
AND NEW.state IN ('COMPLETED', 'FAILED', 'CANCELLED')
"""
BEGINS_TO_WAIT = """
NEW.due_at IS NULL AND OLD.due_at IS NOT NULL
AND (NEW.state = 'EXECUTION' OR (NEW.state = 'DECISION' AND NEW.decision = 'ESCALATE'))
"""
MAKE = f"""
DROP TRIGGER tell_receivers ON orchestration_run;
CREATE TRIGGER tell_receivers AFTER UPDATE OF state, decision, due_at ON orchestration_run FOR EACH ROW
WHEN (({ENDS}) OR ({BEGINS_TO_WAIT}))
EXECUTE FUNCTION orchestration_tell_receivers();
"""
BEFORE = """
DROP TRIGGER tell_receivers ON orchestration_run;
CREATE TRIGGER tell_receivers AFTER UPDATE OF state, decision ON orchestration_run FOR EACH ROW
WHEN (
    (OLD.state, OLD.decision) IS DISTINCT FROM (NEW.state, NEW.decision)
    AND (NEW.state IN ('COMPLETED', 'FAILED', 'CANCELLED') OR (NEW.state = 'DECISION' AND NEW.decision = 'ESCALATE'))
)
EXECUTE FUNCTION orchestration_tell_receivers();
"""


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0017_one_index_less")]
    operations = [migrations.RunSQL(MAKE, BEFORE)]
