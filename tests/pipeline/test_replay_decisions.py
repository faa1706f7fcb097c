"""All decisions since a day in one pass: what differs and what cannot be computed again, with an exit code."""

import io
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from guardians.models import Review
from orchestration.management.stage import Stage
from tests.pipeline.asking import CASES, ask


def told(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("replay_decisions", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def forget(column: str, value: Any, run: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE guardians_review SET {column} = %s WHERE run = %s", [value, run])  # noqa: S608


def test_every_decision_of_the_demonstration_comes_out_again(quick: Stage) -> None:
    runs = [ask(quick, case) for case in CASES.values()]
    out, err = told("--since", "2020-01-01")
    assert out == "4 decisions: 0 do not come out as they are on record, 0 cannot be replayed.\n"
    assert "4 of 4" in err
    forget("heard_sealed", None, runs[0].pk)
    assert f"{runs[0].pk} cannot be replayed: it was decided by a version" in told("--since", "2020-01-01")[0]
    forget("needs_people", 9, runs[1].pk)
    with pytest.raises(CommandError, match="1 decisions differ"):
        told("--since", "2020-01-01")
    assert told("--since", "2999-01-01")[0].startswith("0 decisions: 0 do not")


def test_a_known_policy_is_tried_on_all_and_differences_are_no_fault(quick: Stage) -> None:
    run = ask(quick, CASES["b"])
    known = Review.objects.get(run=run.pk).policy_hash
    assert told("--since", "2020-01-01", "--policy", known)[0].startswith("1 decisions: 0 would be decided differently")


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="'yesterday' is no day; write it like 2026-01-31"):
        told("--since", "yesterday")
