"""A failed run goes on only by a restore that was approved for it as it is now. Safe: triggers alone."""

from django.db import migrations

from audit.triggers import before, drop_before, drop_legal_transitions, legal_transitions
from orchestration.states import RESTORE_TRANSITIONS, RETURNS, RUN_TRANSITIONS, RestoreState, RunState

RUN, RESTORE = "orchestration_run", "orchestration_restore"

# The version makes one approval good for one return: whatever writes the run raises it.
RETURN_CHECK = """
BEGIN
    IF OLD.state = 'FAILED' AND NEW.state <> 'FAILED' AND NOT EXISTS (
        SELECT 1 FROM orchestration_restore
        WHERE run_id = NEW.id AND run_version = OLD.version AND kind = 'CONTINUE' AND state IN ('APPROVED', 'DONE')
    ) THEN
        RAISE EXCEPTION 'orchestration_run % failed at version %; no approved restore lets it go on', NEW.id, OLD.version
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END"""


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0003_restores")]
    operations = [
        migrations.RunSQL(drop_legal_transitions(RUN), migrations.RunSQL.noop),
        migrations.RunSQL(
            legal_transitions(RUN, pairs=RUN_TRANSITIONS | RETURNS, entry=[RunState.INITIALIZED]),
            drop_legal_transitions(RUN) + legal_transitions(RUN, pairs=RUN_TRANSITIONS, entry=[RunState.INITIALIZED]),
        ),
        migrations.RunSQL(
            legal_transitions(RESTORE, pairs=RESTORE_TRANSITIONS, entry=[RestoreState.PENDING]),
            drop_legal_transitions(RESTORE),
        ),
        migrations.RunSQL(
            before(RUN, "return", when="UPDATE OF state", function="return_check", body=RETURN_CHECK),
            drop_before(RUN, "return", function="return_check"),
        ),
    ]
