"""Passages are found by their rarest words: what is searched, and in how many passages each word stands.

Safe: two new tables, filled from documents that nobody changes meanwhile; readers and writers go on. What a process of
the version before adds after that is found once ``manage.py index_documents`` has run.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

# A number for a word of a workspace: the same word of another one has another number, so that a search reads what its
# own workspace holds. Numbers may coincide, so a search compares the workspace too. Never change it: rows are kept by it.
TERM = """
CREATE FUNCTION evidence_term(workspace uuid, word text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ('x' || left(md5(workspace::text || word), 8))::bit(32)::integer
$$;
"""
# Each count changes with every document that holds the word; with room on its page no index changes with it.
ROOM = "ALTER TABLE evidence_wordcount SET (fillfactor = 70)"
FILL = """
INSERT INTO evidence_posting (passage_id, workspace_id, length, terms)
SELECT p.id, s.workspace_id, length(p.search),
    ARRAY(SELECT evidence_term(s.workspace_id, word) FROM unnest(tsvector_to_array(p.search)) AS word)
FROM evidence_passage p
JOIN evidence_document d ON d.id = p.document_id
JOIN evidence_source s ON s.id = d.source_id
WHERE d.current;
INSERT INTO evidence_wordcount (workspace_id, word, passages)
SELECT s.workspace_id, word, count(*)
FROM evidence_passage p
JOIN evidence_document d ON d.id = p.document_id
JOIN evidence_source s ON s.id = d.source_id
CROSS JOIN LATERAL unnest(tsvector_to_array(p.search) || ''::text) AS word
WHERE d.current
GROUP BY s.workspace_id, word;
-- The checks of the new rows' foreign keys are due now, so that the index can be built.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_workspace_driving"), ("evidence", "0005_calibrations")]
    operations = [
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("passage", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="+", serialize=False, to="evidence.passage")),
                ("length", models.PositiveIntegerField()),
                ("terms", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ("workspace", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audit.workspace")),
            ],
        ),
        migrations.CreateModel(
            name="WordCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.TextField()),
                ("passages", models.IntegerField()),
                ("workspace", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audit.workspace")),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("workspace", "word"), name="one_count_per_word")]},
        ),
        migrations.RunSQL(TERM, "DROP FUNCTION evidence_term(uuid, text);"),
        migrations.RunSQL(ROOM, migrations.RunSQL.noop),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="posting",
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=["terms"], name="posting_terms"),
        ),
    ]
