"""An action changes state along legal pairs only, and where a person's word is needed, the row of that word is there.

Safe: triggers alone, no row is touched.
"""

from django.db import migrations

from audit.triggers import before, drop_before, drop_legal_transitions, legal_transitions
from orchestration.states import ACTION_TRANSITIONS, INQUIRY_TRANSITIONS, ActionState, InquiryState

ACTION, INQUIRY = "orchestration_action", "orchestration_inquiry"
ENTRY = [ActionState.PROPOSED, ActionState.REFUSED, ActionState.DONE]

# Pairs alone do not say who may take them: what nobody knows is settled by an answered inquiry, what failed is tried
# again by an approved restore, what is done without a call was done by a relative, and undone by a compensation.
WORD_CHECK = """
DECLARE
    was text := CASE TG_OP WHEN 'INSERT' THEN '' ELSE OLD.state END;
BEGIN
    IF was = NEW.state THEN
        RETURN NEW;
    END IF;
    IF NEW.state = 'DONE' AND was IN ('', 'PROPOSED') AND NEW.original_id IS NULL THEN
        RAISE EXCEPTION 'orchestration_action % is done by nobody: it has neither intent nor original', NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    IF was = 'UNKNOWN' AND NOT EXISTS (
        SELECT 1 FROM orchestration_inquiry
        WHERE action_id = NEW.id AND attempt = NEW.attempt AND state = CASE NEW.state
            WHEN 'DONE' THEN 'HAPPENED' WHEN 'PROPOSED' THEN 'TRY_AGAIN' WHEN 'FAILED' THEN 'GIVEN_UP' END
    ) THEN
        RAISE EXCEPTION 'orchestration_action % is UNKNOWN; no person answered that it is %', NEW.id, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    IF was = 'FAILED' AND NOT EXISTS (
        SELECT 1 FROM orchestration_restore
        WHERE run_id = NEW.run_id AND kind = 'CONTINUE' AND state IN ('APPROVED', 'DONE')
    ) THEN
        RAISE EXCEPTION 'orchestration_action % failed; no approved restore lets it be tried again', NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'UNDONE' AND NOT EXISTS (
        SELECT 1 FROM orchestration_action WHERE undoes_id = NEW.id AND state IN ('INTENDED', 'UNKNOWN', 'DONE')
    ) THEN
        RAISE EXCEPTION 'orchestration_action % was undone by nobody', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END"""


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0012_effects")]
    operations = [
        migrations.RunSQL(
            legal_transitions(ACTION, pairs=ACTION_TRANSITIONS, entry=ENTRY), drop_legal_transitions(ACTION)
        ),
        migrations.RunSQL(
            legal_transitions(INQUIRY, pairs=INQUIRY_TRANSITIONS, entry=[InquiryState.OPEN]),
            drop_legal_transitions(INQUIRY),
        ),
        migrations.RunSQL(
            before(ACTION, "word", when="INSERT OR UPDATE OF state", function="word_check", body=WORD_CHECK),
            drop_before(ACTION, "word", function="word_check"),
        ),
    ]
