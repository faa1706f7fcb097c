"""Documents that arrive at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from evidence import corpus
from evidence.models import Document
from tests.conftest import Person

pytestmark = pytest.mark.usefixtures("committed")


def test_clients_that_add_one_document_at_once_make_one_version_each(ada: Person) -> None:
    def add(number: int) -> int:
        try:
            text = f"Warfarin is stopped {number} days before surgery."
            return corpus.add_document(source="Committee", title="Stopping", text=text, actor=ada.actor).version
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, range(4))) == [1, 2, 3, 4]
    assert Document.objects.get(current=True).version == 4
