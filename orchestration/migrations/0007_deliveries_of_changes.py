"""A run that ends, or begins to wait for people, leaves a delivery for each receiver that asked to be told.

The row is written in the transaction that changes the run, whoever writes it: journal, verb or a command of the future.
Safe: a function and a trigger alone, no row is touched.
"""

from django.db import migrations

MAKE = """
CREATE FUNCTION orchestration_tell_receivers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    what text := CASE NEW.state
        WHEN 'COMPLETED' THEN 'run.completed'
        WHEN 'FAILED' THEN 'run.failed'
        WHEN 'CANCELLED' THEN 'run.cancelled'
        ELSE 'run.escalated' END;
BEGIN
    INSERT INTO orchestration_delivery
        (id, webhook_id, run_id, event, state, decision, status, attempts, next_at, fault, created_at)
    SELECT gen_random_uuid(), w.id, NEW.id, what, NEW.state, NEW.decision, 'PENDING', 0, now(), '', now()
    FROM orchestration_webhook w
    WHERE w.workspace_id = NEW.workspace_id AND w.enabled AND w.events @> to_jsonb(what);
    RETURN NULL;
END $$;
CREATE TRIGGER tell_receivers AFTER UPDATE OF state, decision ON orchestration_run FOR EACH ROW
WHEN (
    (OLD.state, OLD.decision) IS DISTINCT FROM (NEW.state, NEW.decision)
    AND (NEW.state IN ('COMPLETED', 'FAILED', 'CANCELLED') OR (NEW.state = 'DECISION' AND NEW.decision = 'ESCALATE'))
)
EXECUTE FUNCTION orchestration_tell_receivers();
"""
DROP = """
DROP TRIGGER tell_receivers ON orchestration_run;
DROP FUNCTION orchestration_tell_receivers();
"""


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0006_webhooks")]
    operations = [migrations.RunSQL(MAKE, DROP)]
