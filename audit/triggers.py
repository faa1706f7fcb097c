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


def append_only(table: str) -> str:
    """Return SQL that refuses UPDATE, DELETE and TRUNCATE on ``table``."""
    return f"""
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION prometheus_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only;
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION prometheus_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate;
"""


def drop_append_only(table: str) -> str:
    return f"DROP TRIGGER {table}_append_only ON {table}; DROP TRIGGER {table}_no_truncate ON {table};"


def ends_once(table: str, *, live: str, ending: Sequence[str]) -> str:
    """Return SQL that lets a row of ``table`` change only while its state is ``live``, and only in ``ending``.

    DELETE and TRUNCATE are refused.
    """
    kept = ", ".join(f"'{column}'" for column in ending)
    return f"""
CREATE FUNCTION {table}_end_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> '{live}' OR to_jsonb(NEW) - ARRAY[{kept}] IS DISTINCT FROM to_jsonb(OLD) - ARRAY[{kept}] THEN
        RAISE EXCEPTION 'UPDATE on {table} is refused: a row ends once and changes in nothing else'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER {table}_ends_once BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_end_check();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_ends_once;
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION prometheus_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_delete;
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION prometheus_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate;
"""


def drop_ends_once(table: str) -> str:
    dropped = " ".join(f"DROP TRIGGER {table}_{name} ON {table};" for name in ("ends_once", "no_delete", "no_truncate"))
    return f"{dropped} DROP FUNCTION {table}_end_check();"


def frozen_after(table: str, *, live: str, frozen: Sequence[str]) -> str:
    """Return SQL that lets ``frozen`` columns of ``table`` change only while a row's state is ``live``.

    DELETE and TRUNCATE are refused.
    """
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in frozen)
    return f"""
CREATE FUNCTION {table}_frozen_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> '{live}' AND ({changed}) THEN
        RAISE EXCEPTION 'UPDATE on {table} is refused: only a {live} may change in what it says'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER {table}_frozen BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_frozen_check();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_frozen;
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION prometheus_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_delete;
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION prometheus_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate;
"""


def drop_frozen_after(table: str) -> str:
    dropped = " ".join(f"DROP TRIGGER {table}_{name} ON {table};" for name in ("frozen", "no_delete", "no_truncate"))
    return f"{dropped} DROP FUNCTION {table}_frozen_check();"


def legal_transitions(table: str, *, pairs: Collection[tuple[str, str]], entry: Sequence[str]) -> str:
    """Return SQL that lets ``table.state`` start only in ``entry`` and change only along ``pairs``."""
    allowed = ", ".join(f"'{source}>{target}'" for source, target in sorted(pairs))
    starts = ", ".join(f"'{state}'" for state in entry)
    return f"""
CREATE FUNCTION {table}_state_check() RETURNS trigger LANGUAGE plpgsql AS $$
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
END $$;
CREATE TRIGGER {table}_legal_state BEFORE INSERT OR UPDATE OF state ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_state_check();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_legal_state;
"""


def drop_legal_transitions(table: str) -> str:
    return f"DROP TRIGGER {table}_legal_state ON {table}; DROP FUNCTION {table}_state_check();"
