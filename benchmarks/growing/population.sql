-- Runs :first < n <= :last with what belongs to them, in the proportions of a busy installation after a year.
-- Triggers are off (session_replication_role) and indexes not ready: they are built afterwards, which is timed.
-- What is sealed is random bytes of a usual size; the runs whose pages are opened come from the engine itself.

CREATE FUNCTION pg_temp.id_of(kind int, n bigint, stem text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
SELECT (stem || overlay(overlay(substr(md5(kind || ':' || n), 1, 20) PLACING '7' FROM 1) PLACING '8' FROM 5))::uuid $$;

CREATE FUNCTION pg_temp.chance(salt int, n bigint, out_of int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
SELECT mod(hashint8(n * 64 + salt) & 2147483647, out_of) $$;

CREATE FUNCTION pg_temp.sealed(n bigint, size int) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
SELECT int8send(hashint8extended(n, 1)) || substring(decode(repeat('5aa5', 128), 'hex'), 1, size - 8) $$;

CREATE FUNCTION pg_temp.digest(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT encode(sha256(int8send(n)), 'hex') $$;

-- A year of runs, one after the other; five workspaces of very different size, and every tenth block of 1,000 a batch.
CREATE TEMP TABLE grown AS
SELECT n, at, stem, pg_temp.id_of(1, n, stem) AS id, w.id AS workspace, pg_temp.id_of(2, n, stem) AS key,
       CASE WHEN s < 700 THEN 'COMPLETED' WHEN s < 800 THEN 'FAILED' WHEN s < 870 THEN 'CANCELLED'
            WHEN s < 920 THEN 'DECISION' WHEN s < 950 THEN 'INITIALIZED' WHEN s < 985 THEN 'PROCESSING'
            WHEN s < 995 THEN 'GATING' WHEN s < 999 THEN 'EXECUTION' ELSE 'LOGGING' END AS state,
       'user:' || 2 + pg_temp.chance(2, n, 40) AS requested_by, batch, d, mod(n, 10) = 0 AS whole,
       n > %(last)s - 5000 AS recent -- what the comparison of guardians looks at has a review each
FROM (
    SELECT n, at, lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') AS stem, pg_temp.chance(0, n, 1000) AS s, pg_temp.chance(1, n, 100) AS d,
           CASE WHEN mod(n, 10000) < 1000 THEN n / 10000 END AS batch,
           CASE WHEN mod(n, 10000) < 1000 THEN 0 ELSE pg_temp.chance(3, n, 1000) END AS h
    FROM generate_series(%(first)s + 1, %(last)s) AS n
    CROSS JOIN LATERAL (SELECT now() - interval '365 days' + n * interval '31.536 seconds' AS at) AS moment
) AS drawn
JOIN audit_workspace w ON w.slug = CASE WHEN h < 600 THEN 'huge' WHEN h < 850 THEN 'large' WHEN h < 950 THEN 'middle'
                                        WHEN h < 999 THEN 'small' ELSE 'tiny' END;

CREATE INDEX ON grown (n);

ANALYZE grown;

INSERT INTO audit_datakey (id, workspace_id, wrapped, kek, created_at)
SELECT key, workspace, pg_temp.sealed(n, 60), 'growth', at FROM grown;

INSERT INTO orchestration_batch (id, workspace_id, requested_by, size, rejected, request_digest, created_at)
SELECT pg_temp.id_of(3, batch, min(stem)), min(workspace::text)::uuid, min(requested_by), count(*), '[]',
       pg_temp.digest(batch), min(at)
FROM grown WHERE batch IS NOT NULL GROUP BY batch
HAVING NOT EXISTS (SELECT 1 FROM orchestration_batch b WHERE b.request_digest = pg_temp.digest(batch));

INSERT INTO orchestration_run (id, workspace_id, key_id, kind, state, version, decision, stakes, reason, request_sealed,
    request_digest, question_sealed, answer_sealed, subject, requested_by, due_at, lease_until, token, attempt, revision,
    supported, withheld, policy_hash, graph_version, provider, model, tokens_in, tokens_out, cost_micros,
    retention_class, batch_id, place, idempotency_key, created_at, finished_at, deadline_seconds, deadline_at)
SELECT g.id, workspace, key, CASE WHEN d < 80 THEN 'QUESTION' ELSE 'VERIFY' END, state, 7,
    CASE WHEN state = 'DECISION' THEN 'ESCALATE' WHEN state <> 'COMPLETED' THEN '' WHEN d < 70 THEN 'PUBLISH'
         WHEN d < 95 THEN 'PUBLISH_PARTIAL' ELSE 'REFUSE' END,
    CASE WHEN mod(d, 10) < 3 THEN 'LOW' WHEN mod(d, 10) < 9 OR w.slug = 'large' THEN 'MEDIUM' ELSE 'HIGH' END,
    CASE WHEN state = 'FAILED' THEN 'the provider gave no draft in 5 attempts' ELSE '' END,
    pg_temp.sealed(n, 240), pg_temp.digest(n), pg_temp.sealed(n, 140),
    CASE WHEN state = 'COMPLETED' THEN pg_temp.sealed(n, 250) END, '', g.requested_by,
    CASE WHEN state IN ('COMPLETED', 'FAILED', 'CANCELLED', 'DECISION') THEN NULL ELSE at END,
    CASE WHEN state IN ('PROCESSING', 'GATING') AND d < 50 THEN now() + interval '1 day' END,
    1, 1, 0, mod(d, 5) + 1, CASE WHEN d >= 70 THEN 1 ELSE 0 END, pg_temp.digest(7), 'v1', 'extractive', '', 900, 120, 0,
    'standard', b.id, CASE WHEN b.id IS NOT NULL THEN mod(n, 10000) END,
    CASE WHEN d < 30 THEN 'order-' || n END, at,
    CASE WHEN state IN ('COMPLETED', 'FAILED', 'CANCELLED') THEN at + d * interval '7 ms' END,
    3600, now() + interval '1 day'
FROM grown g JOIN audit_workspace w ON w.id = workspace
LEFT JOIN orchestration_batch b ON b.request_digest = pg_temp.digest(batch) AND batch IS NOT NULL
ORDER BY n;

INSERT INTO orchestration_approval (id, run_id, workspace_id, kind, parts, changed, state, binding, reasons, quorum,
    requested_by, created_at, expires_at, decided_at)
SELECT pg_temp.id_of(4, n, stem), id, workspace, 'DECISION', '{}', '[]',
    CASE WHEN state = 'DECISION' THEN 'PENDING' WHEN d < 7 THEN 'APPROVED' WHEN d < 8 THEN 'REJECTED'
         WHEN d < 9 THEN 'EXPIRED' ELSE 'VOID' END,
    pg_temp.digest(n), '["stakes:HIGH"]', 1, requested_by, at,
    CASE WHEN state = 'DECISION' THEN now() + interval '1 hour' + n * interval '20 ms' ELSE at + interval '15 minutes' END,
    CASE WHEN state <> 'DECISION' THEN at + interval '5 minutes' END
FROM grown WHERE state = 'DECISION' OR (state = 'COMPLETED' AND d < 10);

INSERT INTO orchestration_approvalvote (id, approval_id, actor, approve, reason_sealed, created_at)
SELECT pg_temp.id_of(5, n, stem), pg_temp.id_of(4, n, stem), 'user:1', d < 7, pg_temp.sealed(n, 90), at
FROM grown WHERE state = 'COMPLETED' AND d < 8;

INSERT INTO orchestration_restore (id, run_id, workspace_id, run_version, checkpoint_id, kind, state, plan, binding,
    requested_by, reason_sealed, decided_by, refusal, created_at, expires_at, decided_at, finished_at)
SELECT pg_temp.id_of(6, n, stem), id, workspace, 7, 'c' || n, 'CONTINUE', CASE WHEN mod(n, 100) < 5 THEN 'PENDING' ELSE 'DONE' END,
    '{}', pg_temp.digest(n), requested_by, pg_temp.sealed(n, 90), 'user:1', '', at, now() + interval '1 day', at, at
FROM grown WHERE state = 'FAILED' AND d < 10;

INSERT INTO orchestration_draft (id, run_id, revision, text_sealed, provider, model, tokens_in, tokens_out, cost_micros,
    attempts, created_at)
SELECT pg_temp.id_of(7, n, stem), id, 0, pg_temp.sealed(n, 250), 'extractive', '', 900, 120, 0, '[]', at FROM grown WHERE whole;

INSERT INTO orchestration_checkpoint (thread, namespace, checkpoint_id, parent_id, step, source, run, body, metadata,
    digest, created_at)
SELECT id::text, '', md5(n || ':' || step), CASE WHEN step > 0 THEN md5(n || ':' || step - 1) END, step, 'loop', '',
    pg_temp.sealed(n + step, 250), pg_temp.sealed(n, 90), sha256(int8send(n + step)), at
FROM grown CROSS JOIN generate_series(0, 5) AS step WHERE whole;

INSERT INTO orchestration_checkpointblob (thread, namespace, channel, version, body)
SELECT id::text, '', 'channel' || part, '1', pg_temp.sealed(n + part, 250)
FROM grown CROSS JOIN generate_series(1, 8) AS part WHERE whole;

INSERT INTO orchestration_checkpointwrite (thread, namespace, checkpoint_id, task_id, idx, task_path, channel, body)
SELECT id::text, '', md5(n || ':5'), md5(n::text), 0, '', '__interrupt__', pg_temp.sealed(n, 120)
FROM grown WHERE whole AND state = 'DECISION';

INSERT INTO orchestration_toolcall (id, run_id, tool_id, definition_hash, arguments_sealed, result_sealed, fault,
    elapsed_us, created_at)
SELECT pg_temp.id_of(8, n, stem), g.id, t.id, t.definition_hash, pg_temp.sealed(n, 90), pg_temp.sealed(n, 250), '', 4000, at
FROM grown g CROSS JOIN (SELECT id, definition_hash FROM orchestration_tool WHERE name = 'search_corpus') AS t WHERE whole;

INSERT INTO orchestration_action (id, run_id, tool_id, ordinal, kind, attempt, state, tier, definition_hash, arguments_sealed,
    arguments_digest, idempotency_key, fault, effect)
SELECT pg_temp.id_of(9, n, stem), g.id, t.id, 0, 'EFFECT', 1, CASE WHEN state = 'DECISION' THEN 'PROPOSED' WHEN d < 7 THEN 'DONE' ELSE 'REFUSED' END,
    2, t.definition_hash, pg_temp.sealed(n, 120), pg_temp.digest(n), pg_temp.digest(n), '', pg_temp.digest(n + 1)
FROM grown g CROSS JOIN (SELECT id, definition_hash FROM orchestration_tool WHERE name = 'file_ticket') AS t
WHERE state = 'DECISION' OR (state = 'COMPLETED' AND d < 10);

INSERT INTO orchestration_delivery (id, webhook_id, run_id, event, state, decision, status, attempts, next_at, fault,
    answered, created_at, ended_at)
SELECT pg_temp.id_of(10, n, stem), w.id, g.id, CASE WHEN state = 'FAILED' THEN 'run.failed' ELSE 'run.completed' END, state, '', CASE WHEN d = 0 THEN 'PENDING' ELSE 'DELIVERED' END, 1,
    CASE WHEN d = 0 THEN now() + interval '1 day' ELSE at END, '', 200, at, CASE WHEN d > 0 THEN at END
FROM grown g JOIN orchestration_webhook w ON w.workspace_id = g.workspace
WHERE state IN ('COMPLETED', 'FAILED') AND d < 20;

INSERT INTO evidence_claimbundle (id, run, revision, outcome, score, verifier, calibration, created_at)
SELECT pg_temp.id_of(11, n, stem), id, 0, 'ACCEPT', 0.9, 'typed/v1', 'none', at FROM grown WHERE whole;

INSERT INTO evidence_claim (id, bundle_id, key_id, ordinal, state, verdict, kind, text_sealed, why_sealed, start, "end",
    score, reason, rule)
SELECT pg_temp.id_of(12, n * 4 + part, stem), pg_temp.id_of(11, n, stem), key, part, 'PUBLISHED', 'SUPPORTED', 'FACT',
    pg_temp.sealed(n, 160), pg_temp.sealed(n, 120), 0, 100, 0.9, 'stated', ''
FROM grown CROSS JOIN generate_series(0, 2) AS part WHERE whole;

INSERT INTO evidence_passage (id, run, origin, trusted, ordinal, start, "end", sha256, text, text_sealed)
SELECT pg_temp.id_of(13, n * 2 + part, stem), id, 'sent', false, part, 0, 400, pg_temp.digest(n * 2 + part), '',
    pg_temp.sealed(n, 250)
FROM grown CROSS JOIN generate_series(0, 1) AS part WHERE whole;

INSERT INTO evidence_evidence (id, claim_id, passage_id, passage_sha256, stance, score, rule, claim_start, claim_end,
    passage_start, passage_end, verifier, calibration)
SELECT pg_temp.id_of(14, n * 8 + part * 2 + p, stem), pg_temp.id_of(12, n * 4 + part, stem), pg_temp.id_of(13, n * 2 + p, stem),
    pg_temp.digest(n * 2 + p), 'SUPPORTS', 0.9, 'stated', 0, 100, 0, 100, 'typed/v1', 'none'
FROM grown CROSS JOIN generate_series(0, 2) AS part CROSS JOIN generate_series(0, 1) AS p WHERE whole;

INSERT INTO orchestration_appeal (id, run_id, claim_id, workspace_id, state, wanted, reason_sealed, binding, requested_by,
    request_digest, decided_by, word_sealed, created_at, expires_at, decided_at)
SELECT pg_temp.id_of(18, n, stem), id, pg_temp.id_of(12, n * 4, stem), workspace,
    CASE WHEN d < 10 THEN 'PENDING' WHEN d < 30 THEN 'GRANTED' ELSE 'REJECTED' END, 'INSUFFICIENT', pg_temp.sealed(n, 90),
    pg_temp.digest(n), requested_by, pg_temp.digest(n), CASE WHEN d < 10 THEN '' ELSE 'user:1' END,
    CASE WHEN d >= 10 THEN pg_temp.sealed(n, 90) END, at, now() + interval '1 day' + n * interval '20 ms',
    CASE WHEN d >= 10 THEN at + interval '5 minutes' END
FROM grown WHERE whole AND state = 'COMPLETED' AND d < 50 AND requested_by <> 'user:1';

INSERT INTO guardians_review (id, run, revision, stakes, ballot, rule, reasons, dissent, needs_people, material,
    policy_hash, created_at)
SELECT pg_temp.id_of(15, n, stem), id, 0, 'MEDIUM', 'ALLOW', 'consensus/v1', '[]', '[]', 0, pg_temp.digest(n),
    pg_temp.digest(7), at
FROM grown WHERE whole OR recent;

INSERT INTO guardians_vote (id, review_id, guardian, ballot, basis, hard, score, reason, backend, version, material,
    policy_hash, elapsed_us)
SELECT pg_temp.id_of(16, n * 4 + part, stem), pg_temp.id_of(15, n, stem), (ARRAY ['safety', 'privacy', 'compliance'])[part],
    'ALLOW', 'RULES', false, 0.1, 'nothing found', 'rules', 'v1', pg_temp.digest(n), pg_temp.digest(7), 900
FROM grown CROSS JOIN generate_series(1, 3) AS part WHERE whole OR recent;

INSERT INTO guardians_finding (id, vote_id, rule, kind, part, ref, start, "end", score, citation)
SELECT pg_temp.id_of(17, n, stem), pg_temp.id_of(16, n * 4 + 2, stem), 'email', 'EMAIL', 'passage', '0', 10, 30, 0.4, ''
FROM grown WHERE whole OR recent;

CREATE FUNCTION pg_temp.body_of(actor text, at timestamptz, run uuid, facts text, prev bytea, seq int, type text, workspace uuid)
RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
SELECT convert_to('{"actor":"' || actor || '","at":"' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
    || '+00:00","chain":"run:' || run || '","data":' || facts || ',"prev":"' || encode(prev, 'hex') || '","run":"' || run
    || '","seq":' || seq || ',"type":"' || type || '","v":1,"workspace":"' || workspace || '"}', 'UTF8') $$;

-- Five entries a run, each chained to the one before it by the hash of its bytes, as the ledger does it.
-- OFFSET 0 keeps the planner from writing a body out again wherever its hash is needed.
INSERT INTO audit_entry (chain, seq, prev, leaf_hash, body, type, actor, workspace, run, at)
SELECT 'run:' || g.id, e.seq, e.prev, e.hash, e.body, e.type, e.actor, g.workspace, g.id, g.at + e.seq * interval '20 ms'
FROM grown g
CROSS JOIN LATERAL (SELECT sha256(convert_to('run:' || id, 'UTF8')) AS h OFFSET 0) AS z
CROSS JOIN LATERAL (SELECT pg_temp.body_of(requested_by, at, id,
    '{"key":"' || key || '","kind":"QUESTION","request":"' || pg_temp.digest(n) || '","stakes":"MEDIUM"}', z.h, 0, 'run.submitted', workspace) AS b OFFSET 0) AS a0
CROSS JOIN LATERAL (SELECT sha256('\x00' || a0.b) AS h OFFSET 0) AS h0
CROSS JOIN LATERAL (SELECT pg_temp.body_of('worker:engine', at + interval '20 ms', id,
    '{"from":"INITIALIZED","to":"PROCESSING"}', h0.h, 1, 'run.advanced', workspace) AS b OFFSET 0) AS a1
CROSS JOIN LATERAL (SELECT sha256('\x00' || a1.b) AS h OFFSET 0) AS h1
CROSS JOIN LATERAL (SELECT pg_temp.body_of('worker:engine', at + interval '40 ms', id,
    '{"bundle":"' || pg_temp.digest(n + 1) || '","outcome":"ACCEPT","supported":3,"withheld":0}', h1.h, 2, 'run.gated', workspace) AS b OFFSET 0) AS a2
CROSS JOIN LATERAL (SELECT sha256('\x00' || a2.b) AS h OFFSET 0) AS h2
CROSS JOIN LATERAL (SELECT pg_temp.body_of('worker:engine', at + interval '60 ms', id,
    '{"decision":"PUBLISH","material":"' || pg_temp.digest(n + 2) || '","policy":"' || pg_temp.digest(7) || '"}', h2.h, 3, 'run.decided', workspace) AS b OFFSET 0) AS a3
CROSS JOIN LATERAL (SELECT sha256('\x00' || a3.b) AS h OFFSET 0) AS h3
CROSS JOIN LATERAL (SELECT pg_temp.body_of('worker:engine', at + interval '80 ms', id,
    '{"answer":"' || pg_temp.digest(n + 3) || '"}', h3.h, 4, CASE WHEN state = 'FAILED' THEN 'run.failed' ELSE 'run.completed' END, workspace) AS b OFFSET 0) AS a4
CROSS JOIN LATERAL (VALUES
    (0, z.h, h0.h, a0.b, 'run.submitted', requested_by), (1, h0.h, h1.h, a1.b, 'run.advanced', 'worker:engine'),
    (2, h1.h, h2.h, a2.b, 'run.gated', 'worker:engine'), (3, h2.h, h3.h, a3.b, 'run.decided', 'worker:engine'),
    (4, h3.h, sha256('\x00' || a4.b), a4.b, CASE WHEN state = 'FAILED' THEN 'run.failed' ELSE 'run.completed' END, 'worker:engine')
) AS e (seq, prev, hash, body, type, actor);

DROP TABLE grown;

DROP FUNCTION pg_temp.body_of, pg_temp.id_of, pg_temp.chance, pg_temp.sealed, pg_temp.digest
