"""How much a tool can do: its tier, the hash that pins its definition, and the check of its arguments.

A tool server describes itself, so nothing it says makes its tools look more harmless: annotations, names and schemas
may raise the tier that an operator gave, never lower it.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from enum import IntEnum

from jsonschema import ValidationError

from audit.canonical import JSON
from guardians.schemas import UnsafeSchemaError, prepare

ARGUMENTS_LIMIT = 20_000
VALUES_LIMIT = 2_000
DEPTH_LIMIT = 20
WORK_LIMIT = 1_000_000
NAME_LIMIT = 200
SCAN_LIMIT = 2_000


class ArgumentError(ValueError):
    """Arguments that do not fit the tool's schema. The message names place, limit and cure, never a value."""


class DefinitionError(ValueError):
    """A tool definition that cannot be pinned."""


class Tier(IntEnum):
    """What a call can do at worst."""

    READ_ONLY = 0
    WRITE_LIMITED = 1
    MODIFY = 2
    DELETE = 3
    PRIVILEGE = 4


UNCLASSIFIED = Tier.DELETE
READING = frozenset(
    {"analyze", "browse", "calculate", "check", "compare", "compute", "count", "describe", "fetch", "find", "get"}
    | {"inspect", "list", "lookup", "preview", "query", "read", "retrieve", "search", "show", "summarize", "view"}
)
# A verb of the first two tiers counts wherever it stands in a name; of the others unless the name begins with reading.
VERBS: Mapping[Tier, frozenset[str]] = {
    Tier.PRIVILEGE: frozenset(
        {
            "exec",
            "execute",
            "eval",
            "shell",
            "bash",
            "sudo",
            "spawn",
            "grant",
            "impersonate",
            "chmod",
            "chown",
            "elevate",
        }
    ),
    Tier.DELETE: frozenset(
        {"delete", "destroy", "drop", "erase", "kill", "purge", "remove", "rm", "revoke", "terminate", "truncate"}
        | {"uninstall", "unlink", "wipe"}
    ),
    Tier.MODIFY: frozenset(
        {"approve", "archive", "assign", "ban", "block", "cancel", "change", "disable", "edit", "enable", "merge"}
        | {"modify", "move", "overwrite", "patch", "pay", "refund", "rename", "replace", "reschedule", "reset"}
        | {"restart", "rewrite", "suspend", "transfer", "update", "withdraw", "write"}
    ),
    Tier.WRITE_LIMITED: frozenset(
        {"add", "append", "attach", "buy", "create", "forward", "insert", "invite", "notify", "post", "publish"}
        | {"push", "put", "register", "reply", "reserve", "save", "schedule", "send", "set", "share", "submit"}
        | {"subscribe", "upload"}
    ),
}
PARAMETERS: Mapping[Tier, frozenset[str]] = {
    Tier.PRIVILEGE: frozenset({"cmd", "command", "shell_command", "sudo"}),
    Tier.DELETE: frozenset({"delete", "hard_delete", "purge"}),
    Tier.MODIFY: frozenset({"force", "new_password", "overwrite", "sql", "statement"}),
    Tier.WRITE_LIMITED: frozenset({"amount", "bcc", "iban", "recipient", "recipients"}),
}
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def effective_tier(
    registered: Tier | None, annotations: Mapping[str, JSON], name: str, schema: Mapping[str, JSON]
) -> Tier:
    """Return the highest tier that the operator, the annotations, the name or the parameters call for.

    Args:
        registered: what the operator classified the tool as; None counts as DELETE.
        annotations: hints of the Model Context Protocol. Untrusted: they may only raise the tier.
        name: as the server calls the tool.
        schema: of its arguments.
    """
    return max(UNCLASSIFIED if registered is None else registered, evident_tier(registered, annotations, name, schema))


def hinted(annotations: Mapping[str, JSON]) -> Tier:
    """Return what explicit hints admit to; a hint that is neither true nor false counts as the worst."""
    read_only, destructive = annotations.get("readOnlyHint"), annotations.get("destructiveHint")
    if not all(hint is None or isinstance(hint, bool) for hint in (read_only, destructive)):
        return Tier.DELETE
    # The protocol gives destructiveHint a meaning only where readOnlyHint is not true.
    if destructive and not read_only:
        return Tier.DELETE
    return Tier.WRITE_LIMITED if read_only is False else Tier.READ_ONLY


def suggested_by_name(name: str) -> Tier:
    """Return the tier of the strongest verb in a name such as ``delete_file`` or ``getAndDelete``, or DELETE."""
    if len(name) > NAME_LIMIT or not name.isascii():
        # The protocol asks for short ASCII names; letters that only look like others would hide a verb.
        return Tier.DELETE
    words = words_of(name)
    reads = bool(words) and words[0] in READING
    for tier, verbs in VERBS.items():
        if not verbs.isdisjoint(words) and (tier >= Tier.DELETE or not reads):
            return tier
    return Tier.READ_ONLY


def only_reads(name: str, annotations: Mapping[str, JSON], schema: Mapping[str, JSON]) -> bool:
    """Tell whether all that a server says of a tool is that it reads. Its word alone: it lowers no tier."""
    words = words_of(name)
    says = annotations.get("readOnlyHint") is True or (bool(words) and words[0] in READING)
    rest = words[words.index("and") + 1 :] if "and" in words else []
    doing = not frozenset().union(*VERBS.values()).isdisjoint(rest)
    return says and not doing and evident_tier(None, annotations, name, schema) is Tier.READ_ONLY


def evident_tier(
    registered: Tier | None, annotations: Mapping[str, JSON], name: str, schema: Mapping[str, JSON]
) -> Tier:
    """Return the highest tier that somebody or something speaks for; where nothing does, READ_ONLY."""
    return max(
        registered or Tier.READ_ONLY, hinted(annotations), suggested_by_name(name), suggested_by_parameters(schema)
    )


def words_of(name: str) -> list[str]:
    return [word.lower() for word in WORD.findall(name)]


def suggested_by_parameters(schema: Mapping[str, JSON]) -> Tier:
    """Return the tier of the strongest parameter; a schema with too many to look at counts as DELETE."""
    names: set[str] = set()
    for seen, name in enumerate(parameters(schema)):
        if seen >= SCAN_LIMIT:
            return Tier.DELETE
        names.add("_".join(words_of(name[:NAME_LIMIT])))
    return next((tier for tier, known in PARAMETERS.items() if not known.isdisjoint(names)), Tier.READ_ONLY)


def parameters(schema: Mapping[str, JSON]) -> Iterator[str]:
    """Yield every name that stands under a ``properties`` anywhere in a schema."""
    waiting: list[JSON] = [schema]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            properties = item.get("properties")
            yield from map(str, properties) if isinstance(properties, Mapping) else ()
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def definition_hash(
    name: str,
    description: str,
    input_schema: Mapping[str, JSON],
    output_schema: Mapping[str, JSON],
    annotations: Mapping[str, JSON],
) -> str:
    """Return SHA-256 (64 hex digits) over everything a server says of a tool; any change makes it another tool.

    The form is JSON with sorted keys in ASCII: unlike the ledger's, it takes fractions and broken surrogates, which
    schemas of other people contain.

    Raises:
        DefinitionError: something in it is no JSON.
    """
    parts = [name, description, dict(input_schema), dict(output_schema), dict(annotations)]
    try:
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise DefinitionError(f"the definition of {name[:60]!r} is no JSON; have the server send one") from error
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def check_arguments(schema: Mapping[str, JSON], arguments: Mapping[str, JSON]) -> None:
    """Refuse arguments that a tool's schema (JSON Schema, Draft 2020-12) does not describe.

    What the schema does not name is refused even where it would take it.

    Raises:
        ArgumentError: they do not fit, are over ARGUMENTS_LIMIT bytes, or the schema cannot be checked against.
    """
    check_size(arguments)
    values = count(arguments, 0)
    try:
        known = prepare(schema)
        if values * known.nodes > WORK_LIMIT:
            raise ArgumentError(f"{values} values against a schema of {known.nodes} parts is too much; send fewer")
        error = known.first_error(arguments)
    except UnsafeSchemaError as unsafe:
        raise ArgumentError(f"arguments cannot be checked: {unsafe}") from unsafe
    if error:
        raise ArgumentError(described(error))


def described(error: ValidationError) -> str:
    place = ".".join(["arguments", *(str(step)[:40] for step in error.absolute_path)])
    limit = json.dumps(error.validator_value)[:200]
    if "propertyNames" in error.absolute_schema_path:
        return f"{place} has a name that the tool's schema does not; it takes {limit}"
    return f"{place} breaks {error.validator} {limit}; send what the tool's schema asks for"


def check_size(arguments: Mapping[str, JSON]) -> None:
    try:
        size = len(json.dumps(dict(arguments), ensure_ascii=False, allow_nan=False).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError("arguments are no JSON in valid Unicode; send JSON values only") from error
    if size > ARGUMENTS_LIMIT:
        raise ArgumentError(f"arguments have {size} bytes; at most {ARGUMENTS_LIMIT} are taken: send less")


def count(value: JSON, depth: int) -> int:
    """Return how many values there are in a value.

    Raises:
        ArgumentError: more than VALUES_LIMIT, or nested deeper than DEPTH_LIMIT.
    """
    if depth > DEPTH_LIMIT:
        raise ArgumentError(f"arguments are nested deeper than {DEPTH_LIMIT}; flatten them")
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    found = 1 + sum(count(item, depth + 1) for item in items)
    if found > VALUES_LIMIT:
        raise ArgumentError(f"arguments have over {VALUES_LIMIT} values; send fewer")
    return found
