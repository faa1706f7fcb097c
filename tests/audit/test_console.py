"""The page of the ledger."""

import re
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django.test import override_settings

from audit import console, ledger, sealer
from audit.actors import SYSTEM
from audit.errors import NotAllowed
from audit.events import EventType
from audit.models import TreeNode
from tests.conftest import Person
from tests.orchestration.looking import look, send

PAGE = "/console/ledger"


def enter(who: Person, run: object = None, *, times: int = 1, type_: EventType = EventType.RUN_ADVANCED) -> str:
    """Append entries to the chain of one run; return the run's id."""
    run_id = run or uuid4()
    for _ in range(times):
        event = ledger.Event(type_, who.actor, {"before": "GATING", "after": "DECISION"}, run=run_id)  # type: ignore[arg-type]
        ledger.append(event, chain=f"run:{run_id}")
    return str(run_id)


def test_an_empty_ledger_says_when_it_begins(grace: Person) -> None:
    assert "Nothing is sealed yet" in look(grace, PAGE).text


def test_the_newest_entries_come_first(grace: Person) -> None:
    first, second = enter(grace), enter(grace)
    text = look(grace, PAGE).text
    assert text.index(second) < text.index(first)


def test_an_entry_shows_what_happened_and_where_it_stands(grace: Person) -> None:
    enter(grace)
    words = look(grace, PAGE).words
    assert f"run.advanced {grace.actor} before GATING after DECISION" in words
    assert "place 0 of its chain" in words
    assert "not yet" in words


def test_entries_can_be_asked_for_by_run_and_type(grace: Person) -> None:
    wanted, other = enter(grace), enter(grace, type_=EventType.RUN_GATED)
    assert other not in look(grace, PAGE, run=wanted).text
    assert wanted not in look(grace, PAGE, type="run.gated").text


@pytest.mark.parametrize("query", [{"run": "12"}, {"type": "run.exploded"}, {"before": "now"}, {"before": "9" * 19}])
def test_a_query_that_cannot_be_is_refused(grace: Person, query: dict[str, str]) -> None:
    assert look(grace, PAGE, **query).status == 400


def test_pages_follow_each_other(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "ENTRIES", 2)
    enter(grace, times=3)
    first = look(grace, PAGE)
    older = re.search(r'href="(\?[^"]+)">Older', first.text)
    assert older
    second = look(grace, PAGE + older.group(1).replace("&amp;", "&"))
    assert len(re.findall("entry-", first.text)) == 2
    assert len(re.findall("entry-", second.text)) == 1
    assert "Older entries" not in second.text


def test_a_rare_type_looks_at_a_window_only(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "WINDOW", 2)
    enter(grace, type_=EventType.RUN_GATED)
    enter(grace, times=2)
    shown = look(grace, PAGE, type="run.gated")
    assert "older ones can be looked at next" in shown.words
    assert "Older entries" in shown.text


def test_long_particulars_are_cut_and_counted(grace: Person) -> None:
    data = {"text": "x" * 400, "list": ["a", "b", "c", "d", "e"], "none": None, "nothing": []}
    event = ledger.Event(EventType.RUN_DECIDED, grace.actor, data)
    ledger.append(event, chain="test")
    words = look(grace, PAGE).words
    assert "4 particulars" in words
    assert "a, b, c, d and 1 more" in words
    assert "x" * 301 not in words


def test_entries_of_another_workspace_are_not_there(grace: Person, mallory: Person) -> None:
    run = enter(grace)
    assert run not in look(mallory, PAGE).text
    assert "No entry fits" in look(mallory, PAGE, run=run).text
    assert send(mallory, PAGE, run=run).status == 404


def test_a_run_is_verified_on_request(grace: Person) -> None:
    words = send(grace, PAGE, run=enter(grace, times=3)).words
    assert "Verified: 3 entries of this run’s chain." in words
    assert "None is sealed yet." in words


def test_verifying_needs_a_run(grace: Person) -> None:
    assert send(grace, PAGE, run="").status == 400


def test_verifying_is_bounded(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "CHECK_LIMIT", 2)
    shown = send(grace, PAGE, run=enter(grace, times=3))
    assert shown.status == 400
    assert "verify_ledger" in shown.text


def test_an_entry_that_was_changed_is_named(grace: Person) -> None:
    run = enter(grace, times=3)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
        cursor.execute("UPDATE audit_entry SET type = 'run.gated' WHERE run = %s AND seq = 1", [run])
    words = send(grace, PAGE, run=run).words
    assert "The record does not verify." in words
    assert f"run:{run}#1" in words


@pytest.fixture
def sealed(committed: None, grace: Person) -> str:
    """A run whose three entries are sealed, in a database that really commits."""
    sealer.seal_all()
    run = enter(grace, times=3)
    sealer.seal_all()
    return run


def size() -> int:
    last = sealer.latest()
    assert last is not None
    return last.size


def test_sealed_entries_are_proven_under_the_signed_checkpoint(sealed: str, grace: Person) -> None:
    assert f"3 are proven to be under the signed checkpoint of {size()}." in send(grace, PAGE, run=sealed).words
    assert f"leaf {size() - 1}" in look(grace, PAGE, run=sealed).words


def test_the_latest_checkpoint_can_be_kept(sealed: str, grace: Person) -> None:
    response = look(grace, PAGE, download="checkpoint").response
    last = sealer.latest()
    assert last is not None
    assert response.content.decode() == last.note
    assert response["Content-Disposition"] == f'attachment; filename="checkpoint-{last.size}.txt"'


def test_there_is_no_checkpoint_to_keep_before_the_first(grace: Person) -> None:
    assert look(grace, PAGE, download="checkpoint").status == 404


def test_a_tree_that_was_changed_is_found(sealed: str, grace: Person) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_treenode DISABLE TRIGGER ALL")
    TreeNode.objects.filter(level=0, index=size() - 2).update(hash=bytes(32))
    assert f"leaf {size() - 3} is not under the signed root" in send(grace, PAGE, run=sealed).words


def test_a_checkpoint_by_another_key_is_refused(sealed: str, grace: Person) -> None:
    with override_settings(PROMETHEUS_SIGNING_KEY=b"k" * 32):
        assert f"the checkpoint of {size()} entries is refused" in send(grace, PAGE, run=sealed).words


def test_an_entry_sealed_after_the_head_was_read_is_no_fault(sealed: str, grace: Person) -> None:
    older = sealer.latest()
    assert older is not None
    assert console.seal_faults(older, [(b"sealed a moment later", older.size)]) == []


def test_an_actor_without_a_workspace_has_no_pages() -> None:
    with pytest.raises(NotAllowed, match="belongs to no workspace"):
        console.workspace_of(SYSTEM)


def test_a_database_that_is_away_is_said(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(sealer, "latest", away)
    shown = look(grace, PAGE)
    assert shown.status == 503
    assert "try again in a few seconds" in shown.words
