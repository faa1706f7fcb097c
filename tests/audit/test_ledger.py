"""The ledger: entries are chained, nobody's chain waits for another's, and any change is found and named."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from audit import canonical, ledger, merkle
from audit.actors import SYSTEM, Actor, ActorKind
from audit.canonical import CanonicalError
from audit.events import EventType
from audit.ids import new_id
from audit.ledger import Chain, Event, append, check_chains, genesis, open_chain, run_chain
from audit.models import Entry
from tests.audit.tampering import flipped, overwrite, remove, unguard

NORTHGATE = new_id()
ADA = Actor(ActorKind.USER, "7", NORTHGATE)
RUN = new_id()


def event(number: int = 0, *, actor: Actor = ADA, run: UUID | None = RUN) -> Event:
    return Event(EventType.RUN_ADVANCED, actor, {"number": number}, run=run)


@pytest.fixture
def chain(db: None) -> str:
    """Return the name of a chain of three entries."""
    for number in range(3):
        append(event(number), chain=run_chain(RUN))
    return run_chain(RUN)


def faults() -> list[str]:
    return [str(fault) for fault in check_chains()]


@pytest.mark.django_db
def test_an_entry_says_who_did_what_where_and_when() -> None:
    append(event(41), chain="run:x")
    entry = Entry.objects.get()
    document = canonical.parse(bytes(entry.body))
    assert document == {
        "v": 1,
        "chain": "run:x",
        "seq": 0,
        "prev": genesis("run:x").hex(),
        "type": "run.advanced",
        "actor": "user:7",
        "workspace": str(NORTHGATE),
        "run": str(RUN),
        "at": entry.at.isoformat(timespec="microseconds"),
        "data": {"number": 41},
    }
    assert abs(entry.at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


def test_each_entry_points_to_the_one_before_it(chain: str) -> None:
    first, second, third = Entry.objects.order_by("seq")
    assert [first.seq, second.seq, third.seq] == [0, 1, 2]
    assert bytes(first.prev) == genesis(chain)
    assert bytes(second.prev) == bytes(first.leaf_hash) == merkle.leaf_hash(bytes(first.body))
    assert bytes(third.prev) == bytes(second.leaf_hash)
    assert faults() == []


def test_chains_do_not_know_each_other(chain: str) -> None:
    append(Event(EventType.TEXT_READ, ADA), chain="access:user:7:2026-11-24")
    entry = Entry.objects.get(chain="access:user:7:2026-11-24")
    assert (entry.seq, bytes(entry.prev)) == (0, genesis(entry.chain))
    assert entry.run is None
    assert faults() == []


@pytest.mark.django_db
def test_the_system_acts_in_no_workspace() -> None:
    append(Event(EventType.FIELDS_CHANGED, SYSTEM), chain="fields")
    assert Entry.objects.get().workspace is None
    assert faults() == []


def test_a_chain_in_memory_goes_on_where_the_stored_one_ends(chain: str) -> None:
    end = open_chain(chain)
    end.extend(event(3)).save()
    end.extend(event(4)).save()
    assert Entry.objects.filter(chain=chain).count() == end.size == 5
    assert faults() == []


def test_a_second_holder_of_the_same_end_is_refused(chain: str) -> None:
    one, other = open_chain(chain), open_chain(chain)
    one.extend(event(3)).save()
    with pytest.raises(IntegrityError, match="one_entry_per_place"), transaction.atomic():
        other.extend(event(4)).save()


@pytest.mark.django_db
def test_a_value_that_is_not_canonical_is_refused_and_nothing_written() -> None:
    with pytest.raises(CanonicalError, match=r"\$\.data\.score is the float"):
        append(Event(EventType.RUN_GATED, ADA, {"score": 0.5}), chain="run:x")
    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_what_is_rolled_back_was_never_entered() -> None:
    with transaction.atomic():
        append(event(), chain="run:x")
        transaction.set_rollback(True)
    assert open_chain("run:x") == Chain("run:x", 0, genesis("run:x"))


@pytest.mark.usefixtures("committed")
def test_writers_of_one_chain_take_turns() -> None:
    def write(who: int) -> None:
        try:
            for number in range(40):
                append(event(number, actor=Actor(ActorKind.KEY, str(who), NORTHGATE)), chain="documents:x")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    assert Entry.objects.filter(chain="documents:x").count() == 160
    assert faults() == []


CHANGES: dict[str, Callable[[Any], Any]] = {
    "chain": lambda name: name.replace("run:", "ruo:"),
    "seq": lambda seq: seq + 8,
    "prev": lambda prev: flipped(bytes(prev)),
    "leaf_hash": lambda hash_: flipped(bytes(hash_), at=31),
    "body": lambda body: flipped(bytes(body), at=30),
    "type": lambda name: name[:-1] + "e",
    "actor": lambda name: name[:-1] + "8",
    "workspace": lambda id_: UUID(bytes=flipped(id_.bytes)),
    "run": lambda id_: UUID(bytes=flipped(id_.bytes, at=15)),
    "at": lambda at: at + dt.timedelta(microseconds=1),
}


@pytest.mark.parametrize("seq", [0, 1, 2])
@pytest.mark.parametrize("column", CHANGES)
def test_a_change_in_any_column_is_found_and_its_row_is_named(chain: str, column: str, seq: int) -> None:
    entry = Entry.objects.get(chain=chain, seq=seq)
    unguard("audit_entry")
    overwrite(entry, column, CHANGES[column](getattr(entry, column)))
    assert any(fault.startswith(f"entry {entry.pk} (") for fault in faults())


@pytest.mark.parametrize("column", ["workspace", "run"])
def test_a_column_that_was_emptied_is_found(chain: str, column: str) -> None:
    entry = Entry.objects.get(chain=chain, seq=1)
    unguard("audit_entry")
    overwrite(entry, column, None)
    assert faults() == [
        f"entry {entry.pk} ({chain}#1): column {column} says None, the entry says '{getattr(entry, column)}'"
    ]


def test_a_flip_of_any_byte_of_a_body_is_found_and_its_row_is_named(chain: str) -> None:
    entry = Entry.objects.get(chain=chain, seq=1)
    body = bytes(entry.body)
    unguard("audit_entry")
    for place in range(len(body)):
        overwrite(entry, "body", flipped(body, at=place))
        assert f"entry {entry.pk} ({chain}#1): its bytes do not have the hash it was recorded with" in faults()


def test_a_body_whose_hash_was_made_to_fit_breaks_the_next_entry(chain: str) -> None:
    entry, after = Entry.objects.filter(chain=chain)[1:3]
    body = bytes(entry.body).replace(b'"number":1', b'"number":9')
    unguard("audit_entry")
    overwrite(entry, "body", body)
    overwrite(entry, "leaf_hash", merkle.leaf_hash(body))
    assert faults() == [f"entry {after.pk} ({chain}#2): it does not follow the entry before it"]


def test_an_entry_cut_out_of_the_middle_is_found(chain: str) -> None:
    last = Entry.objects.get(chain=chain, seq=2)
    unguard("audit_entry")
    remove("audit_entry", "seq = 1")
    assert f"entry {last.pk} ({chain}#2): place 1 of the chain is missing" in faults()


def test_bytes_that_are_no_longer_canonical_are_told(chain: str) -> None:
    entry = Entry.objects.get(chain=chain, seq=2)
    unguard("audit_entry")
    overwrite(entry, "body", bytes(entry.body) + b"\n")
    assert any("its bytes are not canonical" in fault for fault in faults())


def test_one_runs_chain_can_be_checked_alone(chain: str) -> None:
    append(event(), chain="run:y")
    unguard("audit_entry")
    overwrite(Entry.objects.get(chain="run:y"), "type", "run.failed")
    assert not list(check_chains(run=RUN))
    assert len(faults()) == 1


def test_an_events_workspace_is_its_actors() -> None:
    assert event().workspace == NORTHGATE


def test_pages_go_back_through_a_workspaces_entries(chain: str) -> None:
    append(event(9, actor=Actor(ActorKind.USER, "8", new_id())), chain="run:y")
    newest, before = ledger.read_page(workspace=NORTHGATE, limit=2, window=100)
    oldest, end = ledger.read_page(workspace=NORTHGATE, before=before, limit=2, window=100)
    assert [entry.data["number"] for entry in (*newest, *oldest)] == [2, 1, 0]
    assert end is None


def test_an_entry_that_is_not_canonical_is_shown_without_particulars(chain: str) -> None:
    unguard("audit_entry")
    overwrite(Entry.objects.get(chain=chain, seq=0), "body", b"{")
    assert [entry.data for entry in ledger.read_run(RUN, limit=2)] == [{}, {"number": 1}]
