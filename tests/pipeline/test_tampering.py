"""One flipped byte in any encrypted field of the database is refused, and the message names the row."""

import hashlib
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models

from audit import keys, vault
from audit.fields import open_text, seal_text
from audit.models import Entry
from audit.vault import SealError
from evidence.models import Claim
from evidence.verdicts import Verdict
from orchestration import appealing, inquiry, restoring, runs
from orchestration.engine import driver
from orchestration.management.stage import Stage
from orchestration.models import Checkpoint, Run, Webhook
from orchestration.states import AppealState
from tests.pipeline.asking import CASES, ask, fresh, submit

# A receiver's secret is sealed under a key of its own, not under a run's; it is tested with the receivers.
SEALED = [
    (model, column.name)
    for app in ("orchestration", "evidence")
    for model in apps.get_app_config(app).get_models()
    for column in model._meta.concrete_fields
    if column.name.endswith("_sealed") and model is not Webhook
]


def flip(model: type[models.Model], column: str, row: Any) -> None:
    """Change one bit in the middle of a stored value, behind everybody's back."""
    table, key = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {column} = set_byte({column}, length({column}) / 2, "  # noqa: S608 - our own names
            f"get_byte({column}, length({column}) / 2) # 1) WHERE {key} = %s",
            [row],
        )


@pytest.fixture
def run(quick: Stage) -> Run:
    """Return a run that has something in every encrypted field."""
    run = ask(quick, CASES["c"])
    approval = run.approvals.get()
    runs.approve(approval.pk, actor=quick.actors["alan"], reason="Both texts compared.", seen=approval.binding)
    driver.advance(run.pk)
    restored(quick, run)
    asked_about(run)
    doubted(quick, run)
    return fresh(run)


def doubted(stage: Stage, run: Run) -> None:
    """Let a verdict be appealed and decided about: both give a reason."""
    claim = Claim.objects.filter(bundle__run=run.pk, verdict=Verdict.SUPPORTED.value).first()
    assert claim is not None
    told: dict[str, Any] = {"wanted": Verdict.INSUFFICIENT, "reason": "To have a row of each kind."}
    made = appealing.appeal(run.pk, claim.pk, actor=stage.actors["grace"], **told).appeal
    word: dict[str, Any] = {"word": AppealState.REJECTED, "reason": told["reason"], "seen": made.binding}
    appealing.decide(made.pk, actor=stage.actors["alan"], **word)


def asked_about(run: Run) -> None:
    """Leave a question about the run's effect, with what the server said and what a person did."""
    key = keys.load(run.key_id)
    asked = inquiry.unsaved(run.actions.get(), run, fault="DIED", key=key, said="The ticket is filed.")
    seal_text(key, asked, "reason_sealed", "To have a row of each kind.")
    asked.save(force_insert=True)


def restored(stage: Stage, run: Run) -> None:
    """Let a restore be asked for and approved: both give a reason."""
    checkpoint = Checkpoint.objects.filter(thread=str(run.pk)).latest("id").checkpoint_id
    reason = "To have a row of each kind."
    asked = restoring.request(run.pk, checkpoint, actor=stage.actors["grace"], reason=reason)
    restoring.approve(asked.pk, actor=stage.actors["alan"], reason=reason, seen=asked.binding)


def test_a_flipped_bit_in_any_encrypted_field_is_refused_by_the_rows_name(run: Run) -> None:
    key = keys.load(run.key_id)
    assert len(SEALED) >= 12
    for model, column in SEALED:
        row = model._default_manager.exclude(**{column: None}).first()
        assert row is not None, f"no {model.__name__} has a {column}"
        flip(model, column, row.pk)
        row.refresh_from_db()
        with pytest.raises(SealError, match=f"{model._meta.db_table}.{column} of row {row.pk}"):
            open_text(key, row, column)


def test_a_tampered_request_is_neither_shown_nor_driven(quick: Stage, client: Any) -> None:
    run = submit(quick, CASES["b"])
    flip(Run, "request_sealed", run.pk)
    driver.advance(run.pk)
    assert fresh(run).state == "FAILED"
    assert fresh(run).reason.startswith(f"refused: orchestration_run.request_sealed of row {run.pk}")
    client.force_login(quick.users["grace"])
    shown = client.get(f"/console/runs/{run.pk}").content.decode()
    assert f"orchestration_run.request_sealed of row {run.pk}" in shown
    assert CASES["b"]["answer"][:40] not in shown


def test_a_tampered_checkpoint_is_not_resumed_from(quick: Stage) -> None:
    run = ask(quick, CASES["c"])
    last = Checkpoint.objects.filter(thread=str(run.pk)).latest("id")
    flip(Checkpoint, "body", last.pk)
    approval = run.approvals.get()
    runs.approve(approval.pk, actor=quick.actors["alan"], reason="Both texts compared.", seen=approval.binding)
    driver.advance(run.pk)
    assert fresh(run).state == "FAILED"
    assert last.checkpoint_id in fresh(run).reason
    assert run.actions.get().state == "PROPOSED"


def test_no_hash_in_the_ledger_confirms_a_guess_at_a_text(run: Run) -> None:
    drafts = run.drafts.all()
    texts = [open_text(keys.load(run.key_id), draft, "text_sealed") for draft in drafts]
    guesses = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    ledger_text = b"".join(bytes(body) for body in Entry.objects.values_list("body", flat=True))
    kept = [vault.commitment(keys.load(run.key_id), text) for text in texts]
    assert not [guess for guess in guesses if guess.encode() in ledger_text]
    assert [known.encode() in ledger_text for known in kept] == [True] * len(texts)
