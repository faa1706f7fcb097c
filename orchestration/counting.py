"""How often each guardian's rules fire, and how often people overrule them: counted in steps, a few minutes behind.

A rule is overruled where its guardian voted ESCALATE or DENY and people approved the decision all the same, and upheld
where they rejected it. Rows are counted once, in the order of their ids, which begin with the time (UUIDv7).
"""

import datetime as dt
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from audit.access import require, workspace_of
from audit.actors import Actor
from audit.roles import Scope
from guardians.models import CountedUpTo, RuleCount

STEP = 1_000
# A row's id is made before its transaction ends: what is younger may still be followed by an earlier one.
BEHIND = dt.timedelta(minutes=5)

NEXT = {
    "reviews": "SELECT id FROM guardians_review WHERE id > %s AND id < %s ORDER BY id LIMIT %s",
    "words": "SELECT id FROM orchestration_approvalvote WHERE id > %s AND id < %s ORDER BY id LIMIT %s",
}
FIRED = """
INSERT INTO guardians_rulecount (id, workspace_id, guardian, rule, fired, overruled, upheld, last_fired_at)
SELECT gen_random_uuid(), run.workspace_id, vote.guardian, finding.rule, count(DISTINCT review.id), 0, 0,
       max(review.created_at)
FROM guardians_review review JOIN orchestration_run run ON run.id = review.run
JOIN guardians_vote vote ON vote.review_id = review.id JOIN guardians_finding finding ON finding.vote_id = vote.id
WHERE review.id = ANY(%s) GROUP BY 2, 3, 4
ON CONFLICT (workspace_id, guardian, rule) DO UPDATE SET fired = guardians_rulecount.fired + excluded.fired,
    last_fired_at = greatest(guardians_rulecount.last_fired_at, excluded.last_fired_at)"""
# The word that ended an approval is the last one on it; the review is the last one of the run.
DECIDED = """
INSERT INTO guardians_rulecount (id, workspace_id, guardian, rule, fired, overruled, upheld, last_fired_at)
SELECT gen_random_uuid(), approval.workspace_id, vote.guardian, finding.rule, 0,
       count(DISTINCT approval.id) FILTER (WHERE word.approve),
       count(DISTINCT approval.id) FILTER (WHERE NOT word.approve), NULL
FROM orchestration_approvalvote word JOIN orchestration_approval approval ON approval.id = word.approval_id
JOIN LATERAL (SELECT id FROM guardians_review WHERE run = approval.run_id ORDER BY revision DESC LIMIT 1) review ON true
JOIN guardians_vote vote ON vote.review_id = review.id AND vote.ballot IN ('ESCALATE', 'DENY')
JOIN guardians_finding finding ON finding.vote_id = vote.id
WHERE word.id = ANY(%s) AND approval.kind = 'DECISION' AND approval.decided_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM orchestration_approvalvote later
                  WHERE later.approval_id = approval.id AND later.id > word.id)
GROUP BY 2, 3, 4
ON CONFLICT (workspace_id, guardian, rule) DO UPDATE SET
    overruled = guardians_rulecount.overruled + excluded.overruled,
    upheld = guardians_rulecount.upheld + excluded.upheld"""
COUNTED = {"reviews": FIRED, "words": DECIDED}


def count(*, until: dt.datetime | None = None) -> int:
    """Count the next rows of each kind; return how many there were. None are left once it returns 0."""
    bound = UUID(int=int((until or now() - BEHIND).timestamp() * 1000) << 80)
    return sum(step(name, bound) for name in NEXT)


@transaction.atomic
def step(name: str, bound: UUID) -> int:
    CountedUpTo.objects.get_or_create(name=name, defaults={"last": UUID(int=0)})
    mark = CountedUpTo.objects.select_for_update().get(name=name)
    with connection.cursor() as cursor:
        cursor.execute(NEXT[name], [mark.last, bound, STEP])
        ids = [row[0] for row in cursor.fetchall()]
        if ids:
            cursor.execute(COUNTED[name], [ids])
            mark.last = ids[-1]
            mark.save()
    return len(ids)


def counted(actor: Actor, *, guardian: str = "", rule: str = "") -> QuerySet[RuleCount]:
    """Return how rules did in the actor's workspace since its first run, of one guardian or rule where it is named.

    Raises:
        NotAllowed: the actor may not read the record.
    """
    require(actor, Scope.LEDGER_READ)
    chosen = {name: value for name, value in (("guardian", guardian), ("rule", rule)) if value}
    return RuleCount.objects.filter(workspace_id=workspace_of(actor), **chosen)
