"""The corpus is searched by its rare words (0006): nothing asks the index over all words of each passage any more."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("evidence", "0008_lists_of_the_corpus")]
    operations = [migrations.RemoveIndex(model_name="passage", name="passage_search")]
