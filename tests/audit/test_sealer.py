"""Sealing: entries become leaves under a signed root, and whoever kept one earlier root finds every change."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries, Settings

from audit import ledger, merkle, seal, sealer, tasks
from audit.actors import Actor, ActorKind
from audit.events import EventType
from audit.ids import new_id
from audit.ledger import Event, append, check_chains, run_chain
from audit.models import Entry, Leaf, SignedCheckpoint, TreeNode
from audit.sealer import Diverged, check_tree, kept_head, seal_all, seal_due
from tests.audit.tampering import flipped, overwrite, remove, unguard

ADA = Actor(ActorKind.USER, "7", new_id())
RUN = new_id()
pytestmark = pytest.mark.usefixtures("committed")
TABLES = ("audit_entry", "audit_leaf", "audit_treenode", "audit_signedcheckpoint")


def enter(count: int, *, chain: str = "") -> None:
    for number in range(count):
        append(Event(EventType.RUN_ADVANCED, ADA, {"number": number}, run=RUN), chain=chain or run_chain(RUN))


@pytest.fixture
def sealed() -> str:
    """Return the note that covers the first five of eleven sealed entries."""
    for count in (2, 3):
        enter(count)
        seal_due()
    kept = str(SignedCheckpoint.objects.get(size=5).note)
    enter(6)
    seal_due()
    return kept


@contextmanager
def another_connection() -> Iterator[BaseDatabaseWrapper]:
    other = connection.copy()
    try:
        yield other
    finally:
        other.close()


def faults(*kept: str) -> list[str]:
    return [str(fault) for fault in check_tree(kept=[kept_head(note) for note in kept])]


def ours() -> list[seal.Verifier]:
    return [sealer.signer().verifier]


def test_what_was_entered_is_sealed_once_and_in_order(sealed: str) -> None:
    assert list(Leaf.objects.order_by("index").values_list("index", "entry_id")) == list(
        enumerate(Entry.objects.order_by("id").values_list("id", flat=True))
    )
    assert list(SignedCheckpoint.objects.order_by("size").values_list("size", flat=True)) == [2, 5, 11]
    assert seal_due() == 0
    assert faults() == faults(sealed) == []


def test_the_signed_root_is_that_of_the_entries_bytes(sealed: str, settings: Settings) -> None:
    leaves = [merkle.leaf_hash(bytes(body)) for body in Entry.objects.order_by("id").values_list("body", flat=True)]
    last = sealer.latest()
    assert last is not None
    head = seal.parse_note(last.note, origin=settings.PROMETHEUS_ORIGIN, verifiers=ours())
    assert (head.size, head.root) == (11, merkle.root(leaves))


def test_a_later_checkpoint_is_consistent_with_an_earlier_one(sealed: str) -> None:
    last, kept = sealer.latest(), kept_head(sealed)
    assert last is not None
    proof = merkle.consistency_proof(kept.size, last.size, sealer.stored_node)
    merkle.verify_consistency(size1=kept.size, size2=last.size, root1=kept.root, root2=bytes(last.root), proof=proof)


def test_many_entries_are_sealed_in_portions() -> None:
    enter(5)
    assert [seal_due(limit=2), seal_due(limit=2), seal_due(limit=2), seal_due(limit=2)] == [2, 2, 1, 0]
    assert faults() == []


def test_the_task_seals_all_there_is() -> None:
    enter(3)
    tasks.seal()
    assert Leaf.objects.count() == 3
    assert seal_all() == 0


def test_nothing_is_signed_where_nothing_is_due() -> None:
    assert seal_due() == 0
    assert sealer.latest() is None
    assert faults() == []


def test_an_entry_of_a_transaction_still_open_is_not_passed_over() -> None:
    with another_connection() as other:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
            enter(2)
            assert seal_due() == 0
            late = ledger.open_chain("run:late").extend(Event(EventType.RUN_ADVANCED, ADA))
            cursor.execute(ledger.INSERT, [getattr(late, name) for name in INSERTED])
        other.commit()
        assert seal_due() == 3
    assert faults() == []


INSERTED = ("chain", "seq", "prev", "leaf_hash", "body", "type", "actor", "workspace", "run", "at")


def test_what_lies_below_the_horizon_is_not_looked_at_again(sealed: str) -> None:
    last = sealer.latest()
    assert last is not None
    oldest = Entry.objects.order_by("-xid").values_list("xid", flat=True)[0]
    assert last.horizon > int(oldest)
    enter(1)
    with CaptureQueriesContext(connection) as asked:
        assert seal_due() == 1
    [due] = [query["sql"] for query in asked if "LEFT JOIN audit_leaf" in query["sql"]]
    assert f" {last.horizon}::text::xid8" in due


def test_a_seal_that_was_cut_short_leaves_the_horizon_where_it_was() -> None:
    enter(5)
    assert (seal_due(limit=2), SignedCheckpoint.objects.get(size=2).horizon) == (2, 0)
    assert seal_all() == 3
    assert SignedCheckpoint.objects.get(size=5).horizon > 0
    assert faults() == []


def test_entries_restored_into_another_server_are_sealed_whatever_their_transaction_ids(sealed: str) -> None:
    unguard("audit_signedcheckpoint", "audit_entry")
    last = sealer.latest()
    assert last is not None
    overwrite(last, "horizon", 2**60)
    enter(2)
    overwrite(Entry.objects.latest("id"), "xid", str(2**60))
    assert sealer.unsealed_age() > 0
    assert (seal_due(), seal_due()) == (2, 0)
    assert faults() == []


def test_there_is_one_sealer_at_a_time() -> None:
    enter(2)
    with another_connection() as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [sealer.LOCK])
        assert seal_due() == 0
        cursor.execute("SELECT pg_advisory_unlock(%s)", [sealer.LOCK])
        assert seal_due() == 2


def test_nothing_more_is_signed_once_the_tree_has_diverged(sealed: str) -> None:
    unguard("audit_treenode")
    overwrite(TreeNode.objects.get(level=3, index=0), "hash", bytes(32))
    enter(1)
    with pytest.raises(Diverged, match="the tree of 11 entries no longer has the root that was signed"):
        seal_due()
    assert SignedCheckpoint.objects.count() == 3


def test_without_a_signing_key_nothing_is_sealed(settings: Settings) -> None:
    settings.PROMETHEUS_SIGNING_KEY = b""
    enter(1)
    with pytest.raises(ImproperlyConfigured, match="PROMETHEUS_SIGNING_KEY is not set; make one"):
        seal_due()
    assert not Leaf.objects.exists()


def test_the_age_of_what_is_not_sealed_is_told(sealed: str) -> None:
    assert sealer.unsealed_age() == 0
    old = ledger.open_chain("run:old").extend(Event(EventType.RUN_ADVANCED, ADA))
    old.at -= dt.timedelta(minutes=5)
    old.save()
    assert 299 < sealer.unsealed_age() < 330


def test_every_entry_of_a_run_can_be_proved_to_an_outsider(sealed: str, settings: Settings) -> None:
    proof = sealer.prove(RUN)
    head = seal.parse_note(proof.note, origin=settings.PROMETHEUS_ORIGIN, verifiers=ours())
    assert len(proof.entries) == head.size == proof.size == 11
    for entry in proof.entries:
        assert entry.index is not None
        leaf = merkle.leaf_hash(entry.body)
        merkle.verify_inclusion(index=entry.index, size=head.size, leaf=leaf, root=head.root, proof=entry.proof)


def test_an_entry_that_is_not_sealed_yet_has_no_proof(sealed: str) -> None:
    enter(1)
    last = sealer.prove(RUN).entries[-1]
    assert (last.index, last.proof) == (None, ())


def test_before_the_first_seal_there_is_no_note() -> None:
    enter(1)
    assert (sealer.prove(RUN).note, sealer.prove(RUN).size) == ("", 0)


def test_proofs_take_three_queries_however_many_entries(
    sealed: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3):
        sealer.prove(RUN)


def test_no_proof_is_made_from_a_tree_with_a_hole(sealed: str) -> None:
    unguard("audit_treenode")
    remove("audit_treenode", "level = 0 AND index = 4")
    with pytest.raises(Diverged, match="tree node 0/4 is missing"):
        sealer.prove(RUN)


def test_a_change_of_any_bit_of_a_nodes_hash_is_found(sealed: str) -> None:
    unguard("audit_treenode")
    for node in TreeNode.objects.all():
        overwrite(node, "hash", flipped(bytes(node.hash), at=node.pk % 32))
        assert faults() == [f"tree node {node.level}/{node.index}: it is not the hash of the entries below it"]
        overwrite(node, "hash", bytes(node.hash))


def test_a_changed_note_is_found(sealed: str) -> None:
    row = SignedCheckpoint.objects.get(size=5)
    unguard("audit_signedcheckpoint")
    for place in range(0, len(row.note), 9):
        overwrite(row, "note", row.note[:place] + "~" + row.note[place + 1 :])
        assert faults()[0].startswith("checkpoint 5: its note is refused: ")


@pytest.mark.parametrize(("column", "value"), [("root", bytes(32)), ("size", 4)])
def test_a_checkpoints_columns_must_be_those_of_its_note(sealed: str, column: str, value: object) -> None:
    unguard("audit_signedcheckpoint")
    overwrite(SignedCheckpoint.objects.get(size=5), column, value)
    where = value if column == "size" else 5
    assert f"checkpoint {where}: its columns differ from the signed note" in faults()


def test_a_changed_entry_no_longer_fits_any_checkpoint_above_it(sealed: str) -> None:
    entry = Entry.objects.get(seq=3)
    unguard("audit_entry")
    overwrite(entry, "body", flipped(bytes(entry.body), at=40))
    what = "the entries it covers no longer have the root that was signed"
    assert {f"checkpoint 5: {what}", f"checkpoint 11: {what}"} <= set(faults())
    assert "tree node 0/3: it is not the hash of the entries below it" in faults()


@pytest.mark.parametrize(
    ("table", "where", "fault"),
    [
        ("audit_leaf", "index = 4", "leaf 4: it is missing"),
        ("audit_leaf", "index = 10", "leaf 10: it is missing"),
        ("audit_treenode", "level = 1 AND index = 2", "tree node 1/2: it is missing"),
        ("audit_signedcheckpoint", "size = 11", "leaf 10: no signed checkpoint covers it"),
        ("audit_signedcheckpoint", "size = 11", "tree node 3/0: no signed checkpoint covers it"),
    ],
)
def test_a_row_that_is_missing_is_found(sealed: str, table: str, where: str, fault: str) -> None:
    unguard(table)
    remove(table, where)
    assert fault in faults()


def test_a_sealed_entry_that_is_missing_is_found_and_named(sealed: str) -> None:
    entry = Entry.objects.get(seq=4)
    unguard("audit_entry")
    remove("audit_entry", "seq = 4")
    assert f"leaf 4: its entry {entry.pk} is missing" in faults()


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("audit_leaf", "index", 20), ("audit_leaf", "index", -1), ("audit_treenode", "level", 9)],
)
def test_a_row_that_was_moved_is_found(sealed: str, table: str, column: str, value: int) -> None:
    unguard(table)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = {value} WHERE index = 5")  # noqa: S608
    assert any(fault.endswith("no signed checkpoint covers it") for fault in faults())
    assert any(fault.endswith("it is missing") for fault in faults())


def test_a_row_slipped_in_beyond_the_end_is_found(sealed: str) -> None:
    TreeNode.objects.create(level=2, index=2, hash=bytes(32))
    assert faults() == ["tree node 2/2: no signed checkpoint covers it"]


def cut_tail() -> None:
    """Remove everything after the first two entries, without a trace in the database."""
    unguard(*TABLES)
    remove("audit_signedcheckpoint", "size > 2")
    remove("audit_treenode", "(index + 1) << level > 2")
    remove("audit_leaf", "index >= 2")
    remove("audit_entry", "seq >= 2")


def test_a_cut_tail_is_found_by_a_kept_checkpoint_and_by_nothing_else(sealed: str) -> None:
    cut_tail()
    assert not list(check_chains())
    assert faults() == []
    assert faults(sealed) == ["kept checkpoint 5: it covers more than the 2 entries under seal"]


def test_another_history_by_the_holder_of_the_key_is_found_by_a_kept_checkpoint(sealed: str) -> None:
    cut_tail()
    enter(9)
    seal_due()
    assert not list(check_chains())
    assert faults() == []
    assert faults(sealed) == ["kept checkpoint 5: the entries it covers no longer have the root that was signed"]


def test_an_older_and_the_latest_checkpoint_may_both_be_kept(sealed: str) -> None:
    last = sealer.latest()
    assert last is not None
    assert faults(last.note, sealed) == []


def test_a_kept_checkpoint_of_another_key_is_refused(sealed: str, settings: Settings) -> None:
    settings.PROMETHEUS_SIGNING_KEY = b"o" * 32
    with pytest.raises(seal.NoteError, match="no valid signature"):
        kept_head(sealed)


def test_a_kept_checkpoint_of_nothing_is_refused(settings: Settings) -> None:
    nothing = sealer.signer().sign(seal.checkpoint(settings.PROMETHEUS_ORIGIN, 0, merkle.EMPTY_ROOT))
    with pytest.raises(seal.NoteError, match="covers no entry"):
        kept_head(nothing)


def test_a_ledger_larger_than_what_is_held_in_memory_is_checked_in_portions(
    sealed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer, "READ", 3)
    assert faults(sealed) == []
    unguard("audit_treenode")
    overwrite(TreeNode.objects.get(level=2, index=1), "hash", bytes(32))
    assert faults() == ["tree node 2/1: it is not the hash of the entries below it"]
