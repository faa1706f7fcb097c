"""Plain SQL of the triggers that hold whoever writes: append-only tables and legal transitions.

pgtrigger's Protect is not a border (it obeys a session setting), so the triggers are ENABLE ALWAYS: not even
``session_replication_role = replica`` passes them by.
"""

from collections.abc import Collection, Sequence

REFUSE_CHANGE = """
CREATE FUNCTION prometheus_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: its history is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
"""
DROP_REFUSE_CHANGE = "DROP FUNCTION prometheus_refuse_change();"


def before(table: str, trigger: str, *, when: str, function: str, body: str) -> str:
    """Return SQL of a trigger that runs ``body`` for each row of ``table``, whoever writes.

    Args:
        trigger, function: how the two are named, after the table's name.
        when: such as ``INSERT OR UPDATE OF state``.
        body: PL/pgSQL, from DECLARE or BEGIN to END.
    """
    return f"""
CREATE FUNCTION {table}_{function}() RETURNS trigger LANGUAGE plpgsql AS $$
{body.strip()} $$;
CREATE TRIGGER {table}_{trigger} BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_{function}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{trigger};
"""


def drop_before(table: str, trigger: str, *, function: str) -> str:
    return f"DROP TRIGGER {table}_{trigger} ON {table}; DROP FUNCTION {table}_{function}();"


def refused(table: str, trigger: str, *, when: str, each: str = "ROW") -> str:
    """Return SQL of a trigger that refuses what is to happen to ``table``."""
    return f"""
CREATE TRIGGER {table}_{trigger} BEFORE {when} ON {table} FOR EACH {each} EXECUTE FUNCTION prometheus_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{trigger};
"""


def never_emptied(table: str) -> str:
    return refused(table, "no_truncate", when="TRUNCATE", each="STATEMENT")


def never_deleted(table: str) -> str:
    return refused(table, "no_delete", when="DELETE") + never_emptied(table)


def append_only(table: str) -> str:
    """Return SQL that refuses UPDATE, DELETE and TRUNCATE on ``table``."""
    return refused(table, "append_only", when="UPDATE OR DELETE") + never_emptied(table)


def drop_append_only(table: str) -> str:
    return f"DROP TRIGGER {table}_append_only ON {table}; DROP TRIGGER {table}_no_truncate ON {table};"


def ends_once(table: str, *, live: str, ending: Sequence[str]) -> str:
    """Return SQL that lets a row of ``table`` change only while its state is ``live``, and only in ``ending``.

    DELETE and TRUNCATE are refused.
    """
    kept = ", ".join(f"'{column}'" for column in ending)
    body = f"""
BEGIN
    IF OLD.state <> '{live}' OR to_jsonb(NEW) - ARRAY[{kept}] IS DISTINCT FROM to_jsonb(OLD) - ARRAY[{kept}] THEN
        RAISE EXCEPTION 'UPDATE on {table} is refused: a row ends once and changes in nothing else'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END"""
    return before(table, "ends_once", when="UPDATE", function="end_check", body=body) + never_deleted(table)


def drop_ends_once(table: str) -> str:
    dropped = " ".join(f"DROP TRIGGER {table}_{name} ON {table};" for name in ("ends_once", "no_delete", "no_truncate"))
    return f"{dropped} DROP FUNCTION {table}_end_check();"


def frozen_after(table: str, *, live: str, frozen: Sequence[str]) -> str:
    """Return SQL that lets ``frozen`` columns of ``table`` change only while a row's state is ``live``.

    DELETE and TRUNCATE are refused.
    """
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in frozen)
    body = f"""
BEGIN
    IF OLD.state <> '{live}' AND ({changed}) THEN
        RAISE EXCEPTION 'UPDATE on {table} is refused: only a {live} may change in what it says'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END"""
    return before(table, "frozen", when="UPDATE", function="frozen_check", body=body) + never_deleted(table)


def drop_frozen_after(table: str) -> str:
    dropped = " ".join(f"DROP TRIGGER {table}_{name} ON {table};" for name in ("frozen", "no_delete", "no_truncate"))
    return f"{dropped} DROP FUNCTION {table}_frozen_check();"


def legal_transitions(table: str, *, pairs: Collection[tuple[str, str]], entry: Sequence[str]) -> str:
    """Return SQL that lets ``table.state`` start only in ``entry`` and change only along ``pairs``."""
    allowed = ", ".join(f"'{source}>{target}'" for source, target in sorted(pairs))
    starts = ", ".join(f"'{state}'" for state in entry)
    body = f"""
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ({starts}) THEN
            RAISE EXCEPTION '{table} % may not start in state %', NEW.id, NEW.state USING ERRCODE = 'check_violation';
        END IF;
    ELSIF NEW.state IS DISTINCT FROM OLD.state AND OLD.state || '>' || NEW.state NOT IN ({allowed}) THEN
        RAISE EXCEPTION '{table} % may not go from % to %', NEW.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END"""
    return before(table, "legal_state", when="INSERT OR UPDATE OF state", function="state_check", body=body)


def drop_legal_transitions(table: str) -> str:
    return drop_before(table, "legal_state", function="state_check")
