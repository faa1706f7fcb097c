"""The statements that say who may drive a run and who is next. ``lease.py`` executes them."""

from dataclasses import dataclass
from uuid import UUID

from orchestration.states import TERMINAL

# Written out, not passed: only so can the planner see that an index holds all that is asked for.
UNDER_WAY = "state NOT IN ({})".format(", ".join(f"'{state.value}'" for state in sorted(TERMINAL)))
UNDRIVEN = "(lease_until IS NULL OR lease_until < now())"
READY = f"due_at <= now() AND {UNDER_WAY} AND {UNDRIVEN}"
# How many runs a workspace may have driven at once; 0 is any number.
ROOM = "COALESCE(NULLIF(w.max_active_runs, 0), %(site)s)"
LIVE = "(SELECT count(*) FROM orchestration_run l WHERE l.workspace_id = w.id AND l.lease_until > now())"
STAKES = "(VALUES ('HIGH', 0), ('MEDIUM', 1), ('LOW', 2)) AS s (stakes, rank)"


@dataclass(frozen=True, slots=True)
class Next:
    """A run whose turn it is, and the level of its wake-up."""

    run: UUID
    level: int


# The function (migrations/0011_claim.py) refuses where the workspace drives as many runs as it may.
CLAIM = "SELECT new_token, new_attempt FROM orchestration_claim(%(run)s, %(seconds)s, %(site)s)"

RENEW = f"""
UPDATE orchestration_run SET lease_until = now() + make_interval(secs => %s)
WHERE id = %s AND token = %s AND {UNDER_WAY}
"""  # noqa: S608

HOLDS = f"SELECT 1 FROM orchestration_run WHERE id = %s AND token = %s AND {UNDER_WAY}"  # noqa: S608

HAND_OVER = f"""
UPDATE orchestration_run SET token = token + 1, lease_until = NULL WHERE id = %s AND token = %s AND {UNDER_WAY}
"""  # noqa: S608

# A slice that ended well starts the count of attempts anew. The counts are of the moment before: with this lease.
RELEASE = f"""
WITH freed AS (
    UPDATE orchestration_run SET lease_until = NULL, attempt = 0 WHERE id = %(run)s AND token = %(token)s
    RETURNING workspace_id
)
SELECT c.id, c.stakes, extract(epoch FROM now() - c.due_at)::float
FROM freed JOIN audit_workspace w ON w.id = freed.workspace_id CROSS JOIN {STAKES}
CROSS JOIN LATERAL (
    SELECT r.id, r.stakes, r.due_at FROM orchestration_run r
    WHERE r.workspace_id = w.id AND r.stakes = s.stakes AND {READY} AND r.id <> %(run)s
    ORDER BY r.due_at LIMIT 1
) c
WHERE {ROOM} > 0 AND {LIVE} >= {ROOM}
ORDER BY c.due_at + s.rank * make_interval(secs => %(ageing)s) LIMIT 1
"""  # noqa: S608

# Workspaces with somebody in line, found by one probe of the index each, from a place that changes with every look:
# where there are more of them than are looked at, none is left out for ever.
IN_LINE = f"""
WITH RECURSIVE start AS (
    SELECT id FROM audit_workspace ORDER BY id
    OFFSET floor(random() * (SELECT count(*) FROM audit_workspace)) LIMIT 1
), after AS (
    (SELECT workspace_id FROM orchestration_run
     WHERE due_at IS NOT NULL AND workspace_id >= (SELECT id FROM start) ORDER BY 1 LIMIT 1)
    UNION ALL
    SELECT (SELECT r.workspace_id FROM orchestration_run r
            WHERE r.due_at IS NOT NULL AND r.workspace_id > a.workspace_id ORDER BY 1 LIMIT 1)
    FROM after a WHERE a.workspace_id IS NOT NULL
), before AS (
    (SELECT workspace_id FROM orchestration_run
     WHERE due_at IS NOT NULL AND workspace_id < (SELECT id FROM start) ORDER BY 1 LIMIT 1)
    UNION ALL
    SELECT (SELECT r.workspace_id FROM orchestration_run r
            WHERE r.due_at IS NOT NULL AND r.workspace_id > b.workspace_id
            AND r.workspace_id < (SELECT id FROM start) ORDER BY 1 LIMIT 1)
    FROM before b WHERE b.workspace_id IS NOT NULL
), asking AS MATERIALIZED (
    SELECT workspace_id FROM (SELECT * FROM after UNION ALL SELECT * FROM before) found
    WHERE workspace_id IS NOT NULL LIMIT 1 + %(limit)s / 2
), roomy AS MATERIALIZED (
    SELECT w.id, l.live, least(
        CASE WHEN {ROOM} = 0 THEN %(limit)s ELSE {ROOM} - l.live END, 1 + %(limit)s / (SELECT count(*) FROM asking)
    ) AS room
    FROM asking JOIN audit_workspace w ON w.id = asking.workspace_id
    CROSS JOIN LATERAL (SELECT {LIVE} AS live OFFSET 0) l
), line AS (
    SELECT c.id, s.stakes, c.due_at, c.line_at, roomy.room,
        roomy.live + row_number() OVER (PARTITION BY roomy.id ORDER BY c.line_at) AS turn, roomy.live
    FROM roomy CROSS JOIN {STAKES} CROSS JOIN LATERAL (
        SELECT r.id, r.due_at, r.due_at + s.rank * make_interval(secs => %(ageing)s) AS line_at
        FROM orchestration_run r
        WHERE r.workspace_id = roomy.id AND r.stakes = s.stakes AND {READY}
        ORDER BY r.due_at LIMIT greatest(roomy.room, 0)
    ) c
)
SELECT id, stakes, extract(epoch FROM now() - due_at)::float, turn FROM line
WHERE turn - live <= room ORDER BY turn, line_at LIMIT %(limit)s
"""  # noqa: S608
