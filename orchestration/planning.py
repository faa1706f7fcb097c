"""Which READ_ONLY tools a run asks before anything untrusted was read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.canonical import JSON

CALLS_LIMIT = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool that may be used: its name and what it takes."""

    tool: str
    input_schema: Mapping[str, JSON]


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


def plan(question: str, offers: Sequence[Offer]) -> tuple[PlannedCall, ...]:
    """Return a search call for each tool that takes a query, at most ``CALLS_LIMIT``."""
    searches = [offer for offer in offers if takes_a_query(offer.input_schema)] if question else []
    return tuple(PlannedCall(offer.tool, {"query": question}) for offer in searches[:CALLS_LIMIT])
