"""The guardians of a workspace beside each other: votes, the runs in which a rule fired, and what people said then.

However large an installation is, this looks at the last ``WINDOW`` runs of a period and says so: their votes are found
by indexes, run by run. What came before is asked for by its time.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from audit.access import require, workspace_of
from audit.actors import Actor
from audit.errors import Invalid
from audit.roles import Scope
from guardians.guardian import NAME_LIMITS, Ballot
from orchestration.states import ApprovalKind
from orchestration.tallies import Agreement, Bucket, Cast, Tally, Word, agreements, buckets, tallies

WINDOW = 500
FINDINGS = 100  # of a vote, among which its rules are looked for
RUNS = 20
BUCKETS = 24
DAYS = (30, 1, 7, 90, 365)
GUARDIAN_LIMIT = 40

# The last review of each run and people's word on it. What people say of an undoing is about no vote.
WITHIN = """
WITH run AS MATERIALIZED (
    SELECT id, created_at FROM orchestration_run
    WHERE workspace_id = %(workspace)s AND created_at >= %(since)s AND created_at < %(until)s
    ORDER BY created_at DESC, id DESC LIMIT %(window)s
), reviewed AS MATERIALIZED (
    SELECT run.id AS run, run.created_at AS at, review.id AS review, review.ballot, coalesce(word.state, '') AS word
    FROM run
    CROSS JOIN LATERAL (
        SELECT id, ballot FROM guardians_review WHERE run = run.id ORDER BY revision DESC LIMIT 1
    ) AS review
    LEFT JOIN LATERAL (
        SELECT state FROM orchestration_approval
        WHERE run_id = run.id AND kind = %(kind)s AND state IN ('APPROVED', 'REJECTED')
        ORDER BY created_at DESC LIMIT 1
    ) AS word ON true
)
"""
SEEN = "SELECT count(*), min(created_at) FROM run"
VOTES = """
SELECT reviewed.run, reviewed.at, vote.guardian, vote.ballot, reviewed.ballot, reviewed.word, vote.elapsed_us
FROM reviewed JOIN guardians_vote vote ON vote.review_id = reviewed.review
"""
# A vote may have thousands of findings, nearly all of them of few rules.
HITS = """
SELECT reviewed.run, reviewed.at, vote.guardian, vote.ballot, reviewed.ballot, reviewed.word, vote.elapsed_us
FROM reviewed JOIN guardians_vote vote ON vote.review_id = reviewed.review
WHERE %(guardian)s IN ('', vote.guardian) AND %(rule)s IN (
    SELECT rule FROM guardians_finding WHERE vote_id = vote.id LIMIT %(findings)s
)
ORDER BY reviewed.at DESC, reviewed.run LIMIT %(runs)s
"""


@dataclass(frozen=True, slots=True)
class Period:
    """``since <= created_at < until`` of runs; what is looked at of them, and of whom."""

    since: dt.datetime
    until: dt.datetime
    guardian: str = ""
    rule: str = ""


def period_in(asked: Mapping[str, str], *, now: dt.datetime) -> Period:
    """Return the period that an address names: ``days``, ``before`` (ISO 8601), ``guardian`` and ``rule``.

    Raises:
        Invalid: one of them is no such thing.
    """
    guardian, rule = chosen_in(asked)
    days, before = asked.get("days", str(DAYS[0])), asked.get("before", "")
    if days not in set(map(str, DAYS)):
        raise Invalid(f"days is {days[:40]!r}; use one of {', '.join(map(str, DAYS))}")
    try:
        until = dt.datetime.fromisoformat(before) if before else now
    except ValueError as error:
        raise Invalid(f"before is {before[:60]!r}; write a time like 2026-01-31T12:00:00+00:00") from error
    since = now - dt.timedelta(days=int(days))
    until = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    return Period(since, until, guardian, rule)


def chosen_in(asked: Mapping[str, str]) -> tuple[str, str]:
    """Return the guardian and the rule that an address names, '' for all.

    Raises:
        Invalid: one of them can be none.
    """
    for name, limit in (("guardian", GUARDIAN_LIMIT), ("rule", NAME_LIMITS["rule"])):
        if len(asked.get(name, "")) > limit or "\x00" in asked.get(name, ""):
            raise Invalid(f"{name} has over {limit} characters, or one that cannot be; use one that the list shows")
    return asked.get("guardian", ""), asked.get("rule", "")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the guardians of a workspace did in a period.

    Attributes:
        runs: how many were looked at; at most ``WINDOW``.
        reviewed: how many of them have a review.
        earliest: when the first of them was accepted; what came before it is not counted where ``more``.
        hits: of the rule that was asked for, the last runs in which it fired.
    """

    period: Period
    runs: int
    reviewed: int
    earliest: dt.datetime | None
    more: bool
    tallies: tuple[Tally, ...]
    agreements: tuple[Agreement, ...]
    buckets: tuple[Bucket, ...]
    hits: tuple[Cast, ...]


def compare(period: Period, *, actor: Actor) -> Comparison:
    """Return how the guardians of the actor's workspace did in a period. Holds no text.

    Raises:
        NotAllowed: the actor may not read the record.
    """
    require(actor, Scope.LEDGER_READ)
    asked = {
        "workspace": workspace_of(actor),
        "since": period.since,
        "until": period.until,
        "guardian": period.guardian,
        "rule": period.rule,
        "kind": ApprovalKind.DECISION.value,
        "window": WINDOW,
        "findings": FINDINGS,
        "runs": RUNS,
    }
    ((number, earliest),) = rows(SEEN, asked)
    casts = [cast_of(row) for row in rows(VOTES, asked)]
    shown = [cast for cast in casts if period.guardian in {"", cast.guardian}]
    return Comparison(
        period=period,
        runs=number,
        reviewed=len({cast.run for cast in casts}),
        earliest=earliest,
        more=number >= WINDOW,
        tallies=tallies(shown),
        agreements=agreements(casts),
        buckets=buckets(shown, BUCKETS),
        hits=tuple(cast_of(row) for row in rows(HITS, asked)) if period.rule else (),
    )


def rows(wanted: str, asked: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(WITHIN + wanted, asked)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def ballot_of(text: str) -> Ballot:
    """Return a ballot; one that nobody knows says nothing."""
    return Ballot(text) if text in set(Ballot) else Ballot.ABSTAIN


def cast_of(row: Sequence[Any]) -> Cast:
    run, at, guardian, ballot, outcome, word, elapsed = row
    return Cast(run, at, guardian, ballot_of(ballot), ballot_of(outcome), Word(word), elapsed)
