"""A claim in one round trip: place in the workspace, lock, count and update, each statement with a snapshot of its own.

In one plain statement the snapshot is taken before the lock is, so two workers could both count the last place free.
Safe: a function alone, no row is touched.
"""

from django.db import migrations

MAKE = """
CREATE FUNCTION orchestration_claim(wanted uuid, seconds double precision, site_room integer)
RETURNS TABLE (new_token bigint, new_attempt smallint) LANGUAGE plpgsql AS $$
DECLARE
    tenant uuid;
    room integer;
BEGIN
    SELECT w.id, COALESCE(NULLIF(w.max_active_runs, 0), site_room) INTO tenant, room
    FROM orchestration_run r JOIN audit_workspace w ON w.id = r.workspace_id WHERE r.id = wanted;
    IF room > 0 THEN
        -- Claims of one workspace wait for each other until they have committed.
        PERFORM pg_advisory_xact_lock(20, hashtext(tenant::text));
        IF room <= (SELECT count(*) FROM orchestration_run l WHERE l.workspace_id = tenant AND l.lease_until > now()) THEN
            RETURN;
        END IF;
    END IF;
    RETURN QUERY
    UPDATE orchestration_run AS run SET
        token = run.token + 1,
        attempt = run.attempt + 1,
        lease_until = clock_timestamp() + make_interval(secs => seconds)
    WHERE run.id = (
        SELECT r.id FROM orchestration_run r
        WHERE r.id = wanted AND r.due_at <= now() AND r.state NOT IN ('CANCELLED', 'COMPLETED', 'FAILED')
        AND (r.lease_until IS NULL OR r.lease_until < now())
        FOR UPDATE SKIP LOCKED
    ) RETURNING run.token, run.attempt;
END $$;
"""
DROP = "DROP FUNCTION orchestration_claim(uuid, double precision, integer);"


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0010_scheduling")]
    operations = [migrations.RunSQL(MAKE, DROP)]
