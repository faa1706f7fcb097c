"""Only a SUPPORTED claim can become PUBLISHED, whoever writes. Safe: a trigger alone, no row is touched."""

from django.db import migrations

from audit.triggers import drop_legal_transitions, legal_transitions
from evidence.states import ENTRY, LEGAL


class Migration(migrations.Migration):
    dependencies = [("evidence", "0001_initial")]
    operations = [
        migrations.RunSQL(
            legal_transitions("evidence_claim", pairs=LEGAL, entry=ENTRY), drop_legal_transitions("evidence_claim")
        )
    ]
