"""When a flush waits for the disk, as the transactions themselves tell."""

from collections.abc import Iterator

import pytest
from django.db import connection

from audit.models import Workspace
from orchestration.engine import bench, driver
from orchestration.models import Run
from tests.conftest import Person
from tests.orchestration.test_driver import asked

pytestmark = pytest.mark.usefixtures("committed")

PROBE = """
CREATE TABLE commits (id bigserial, run uuid, state text, waits text);
CREATE FUNCTION note_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO commits (run, state, waits) VALUES (NEW.id, NEW.state, current_setting('synchronous_commit'));
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER note_commit AFTER UPDATE ON orchestration_run DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION note_commit();
"""
AWAY = "DROP TRIGGER note_commit ON orchestration_run; DROP FUNCTION note_commit; DROP TABLE commits"


@pytest.fixture
def probe() -> Iterator[None]:
    """Note at the commit of every flush whether it waits."""
    with connection.cursor() as cursor:
        cursor.execute(PROBE)
        yield
        cursor.execute(AWAY)
    bench.close()


def commits(run: Run) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, waits FROM commits WHERE run = %s ORDER BY id", [run.pk])
        return [(state, waits) for state, waits in cursor.fetchall()]


@pytest.mark.usefixtures("probe")
def test_a_standard_workspace_waits_for_the_disk_at_barriers_only(grace: Person) -> None:
    run = asked(grace)
    driver.advance(run.pk)
    found = commits(run)
    assert {waits for state, waits in found if state in {"PROCESSING", "GATING"}} == {"off"}
    assert ("COMPLETED", "on") in found


@pytest.mark.usefixtures("probe")
def test_a_strict_workspace_waits_at_every_flush(grace: Person, workspace: Workspace) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(flush_policy="STRICT")
    run = asked(grace)
    driver.advance(run.pk)
    found = commits(run)
    assert (len(found) >= 6, {waits for _, waits in found}) == (True, {"on"})
