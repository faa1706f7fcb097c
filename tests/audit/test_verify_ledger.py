"""The command that verifies the ledger."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from audit.actors import SYSTEM
from audit.events import EventType
from audit.ledger import Event, append
from audit.models import Entry, SignedCheckpoint
from audit.sealer import seal_all
from tests.audit.tampering import overwrite, remove, unguard

pytestmark = pytest.mark.usefixtures("committed")


def enter(count: int) -> None:
    for number in range(count):
        append(Event(EventType.POLICY_REGISTERED, SYSTEM, {"number": number}), chain="policies")
    seal_all()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Return the file of a checkpoint over two entries; a third is entered after it."""
    enter(2)
    file = tmp_path / "checkpoint"
    file.write_text(SignedCheckpoint.objects.get().note, encoding="utf-8")
    enter(1)
    return file


def test_a_ledger_that_verifies_is_told_with_its_size(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(Event(EventType.POLICY_REGISTERED, SYSTEM), chain="policies")
    call_command("verify_ledger", checkpoint=[kept])
    assert capsys.readouterr().out.splitlines() == [
        "The ledger verifies: 4 entries, 3 sealed under a signed checkpoint.",
        "It holds everything that 1 kept checkpoints cover.",
    ]


def test_an_empty_ledger_verifies(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_ledger")
    assert "verifies: 0 entries, 0 sealed" in capsys.readouterr().out


def test_every_row_that_does_not_fit_is_named_up_to_the_limit(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = Entry.objects.get(seq=1)
    unguard("audit_entry")
    overwrite(entry, "actor", "user:1")
    overwrite(entry, "type", "run.failed")
    with pytest.raises(CommandError, match="does not verify: 1 faults shown"):
        call_command("verify_ledger", limit=1)
    assert capsys.readouterr().err.startswith(f"entry {entry.pk} (policies#1): column type says 'run.failed'")


def test_a_cut_tail_is_told_by_a_kept_checkpoint(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unguard("audit_entry", "audit_leaf", "audit_treenode", "audit_signedcheckpoint")
    for table in ("audit_signedcheckpoint", "audit_treenode", "audit_leaf", "audit_entry"):
        remove(table, "true")
    call_command("verify_ledger")
    with pytest.raises(CommandError, match="does not verify"):
        call_command("verify_ledger", checkpoint=[kept])
    assert "kept checkpoint 2: it covers more than the 0 entries under seal" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a note\n\n\xe2\x80\x94 x AAAA\n"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "checkpoint"
    file.write_bytes(content)
    with pytest.raises(CommandError, match="checkpoint is not a checkpoint of this ledger"):
        call_command("verify_ledger", checkpoint=[file])


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("verify_ledger", checkpoint=[tmp_path / "missing"])


def test_without_the_signing_key_nothing_is_said_to_verify(kept: Path, settings: Settings) -> None:
    settings.PROMETHEUS_SIGNING_KEY = b""
    with pytest.raises(CommandError, match="PROMETHEUS_SIGNING_KEY is not set"):
        call_command("verify_ledger")
