"""The ledger's tables take inserts only. Safe: triggers alone, no row is touched."""

from django.db import migrations

from audit.triggers import DROP_REFUSE_CHANGE, REFUSE_CHANGE, append_only, drop_append_only

TABLES = ("audit_entry", "audit_leaf", "audit_treenode", "audit_signedcheckpoint")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(REFUSE_CHANGE, DROP_REFUSE_CHANGE),
        *[migrations.RunSQL(append_only(table), drop_append_only(table)) for table in TABLES],
    ]
