"""Which READ_ONLY tools a run asks before anything untrusted was read."""

from collections.abc import Mapping
from dataclasses import dataclass

from audit.canonical import JSON

CALLS_LIMIT = 5


@dataclass(frozen=True, slots=True)
class PlannedCall:
    tool: str
    arguments: Mapping[str, JSON]


def takes_a_query(schema: Mapping[str, JSON]) -> bool:
    """Tell whether a tool can be asked a question: one required text named ``query``."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or schema.get("required") != ["query"]:
        return False
    query = properties.get("query")
    return isinstance(query, Mapping) and query.get("type") == "string"


def plan(question: str, schemas: Mapping[str, Mapping[str, JSON]]) -> tuple[PlannedCall, ...]:
    """Return a search call for each tool that takes a query, at most ``CALLS_LIMIT``.

    Args:
        schemas: what each tool takes, by its name.
    """
    searches = [tool for tool, schema in schemas.items() if takes_a_query(schema)] if question else []
    return tuple(PlannedCall(tool, {"query": question}) for tool in searches[:CALLS_LIMIT])
