"""Tool calls as documents: what may be asked of one call and what is said of it. Pure, so no database is needed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.errors import Invalid, TooLarge
from audit.jsonlines import check_fields, list_in, text_in
from guardians import callrisk, provenance
from guardians.argumentroles import Role
from guardians.callrisk import Context, Judged, Offer
from guardians.provenance import OPERATOR, Label
from guardians.toolrisk import NAME_LIMIT, Tier

REQUEST_LIMIT, RESULT_LIMIT = 100_000, 1_000_000  # characters
TOOLS_LIMIT, SEEN_LIMIT = 1_000, 1_000
FIELDS = {"id", "request", "tools", "seen", "call"}
# MCP writes inputSchema; the client libraries of models write the others.
SCHEMAS = ("inputSchema", "input_schema", "parameters")
REGISTERED = {"tier", "roles", "vouched"}


@dataclass(frozen=True, slots=True)
class Registered:
    """What an operator says of a tool. It comes from a file of his own, never from a tool's definition."""

    tier: Tier | None = None
    roles: Mapping[str, Role] | None = None
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A call to judge."""

    context: Context
    offer: Offer | None
    name: str
    arguments: Mapping[str, Any]


def registry_of(document: object) -> dict[str, Registered]:
    """Return what ``{tool: {"tier", "roles": {argument: role}, "vouched"}}`` registers.

    Raises:
        Invalid: it is no such document.
    """
    if not isinstance(document, dict):
        raise Invalid("the registry must be a JSON object of tools")
    return {name: registered_of(name, entry) for name, entry in document.items()}


def registered_of(name: str, entry: object) -> Registered:
    if not isinstance(entry, dict) or not set(entry) <= REGISTERED:
        raise Invalid(f"{name[:60]!r} must be an object of {', '.join(sorted(REGISTERED))}")
    tier, vouched = entry.get("tier"), entry.get("vouched", False)
    if tier is not None and tier not in Tier.__members__:
        raise Invalid(f"{name[:60]!r} has the tier {str(tier)[:40]!r}; use one of {', '.join(Tier.__members__)}")
    if not isinstance(vouched, bool):
        raise Invalid(f"{name[:60]!r}.vouched is {type(vouched).__name__}; send true or false")
    return Registered(Tier[tier] if tier is not None else None, roles_of(entry.get("roles", {})), vouched)


def roles_of(document: object) -> dict[str, Role]:
    """Return roles by the name of the argument.

    Raises:
        Invalid: it is no object of roles.
    """
    if not isinstance(document, Mapping):
        raise Invalid(f"roles is {type(document).__name__}; send an object of argument names and their roles")
    unknown = next((role for role in document.values() if role not in set(Role)), None)
    if unknown is not None:
        raise Invalid(f"{str(unknown)[:40]!r} is no role; use one of {', '.join(Role)}")
    return {str(name)[:NAME_LIMIT]: Role(role) for name, role in document.items()}


def asked(document: Mapping[str, Any], registry: Mapping[str, Registered]) -> Asked:
    """Return what a document asks.

    Raises:
        Invalid: a field is unknown, missing or of another type, or two tools have one name.
        TooLarge: there is too much of something.
    """
    check_fields(document, FIELDS)
    request = text_in(document, "request", limit=REQUEST_LIMIT)
    offers = offers_of(items_in(document, "tools", limit=TOOLS_LIMIT), registry)
    call = document.get("call")
    if not isinstance(call, dict) or set(call) != {"tool", "arguments"}:
        raise Invalid("call must be an object of tool and arguments")
    if not isinstance(call["arguments"], dict):
        raise Invalid(f"call.arguments is {type(call['arguments']).__name__}; send an object")
    name = text_in(call, "tool", limit=NAME_LIMIT)
    seen = items_in(document, "seen", limit=SEEN_LIMIT) if "seen" in document else ()
    read = [read_of(number, item, registry) for number, item in enumerate(seen)]
    return Asked(Context.of(request, read), offers.get(name), name, call["arguments"])


def offers_of(definitions: Sequence[Mapping[str, Any]], registry: Mapping[str, Registered]) -> dict[str, Offer]:
    offers: dict[str, Offer] = {}
    for definition in definitions:
        offer = offer_of(definition, registry)
        if offer.name in offers:
            raise Invalid(f"two tools are named {offer.name[:60]!r}; nobody could say which one is called")
        offers[offer.name] = offer
    return offers


def offer_of(definition: Mapping[str, Any], registry: Mapping[str, Registered]) -> Offer:
    name = text_in(definition, "name", limit=NAME_LIMIT)
    schema: object = next((definition[key] for key in SCHEMAS if key in definition), {})
    annotations = definition.get("annotations") or {}
    if not isinstance(schema, dict) or not isinstance(annotations, dict):
        raise Invalid(f"the schema and the annotations of {name[:60]!r} must be objects")
    known = registry.get(name, Registered())
    return Offer(
        name=name,
        description=text_in({"description": "", **definition}, "description", limit=RESULT_LIMIT),
        input_schema=schema,
        annotations=annotations,
        tier=known.tier,
        roles=known.roles or {},
        vouched=known.vouched,
    )


def read_of(number: int, item: Mapping[str, Any], registry: Mapping[str, Registered]) -> tuple[Label, str]:
    """Return a tool's result with its label: the operator's where he vouches for the tool."""
    if set(item) != {"tool", "result"}:
        raise Invalid(f"seen[{number}] must be an object of tool and result")
    name, result = text_in(item, "tool", limit=NAME_LIMIT), item["result"]
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    if len(text) > RESULT_LIMIT:
        raise TooLarge(f"seen[{number}].result has {len(text):,} characters; at most {RESULT_LIMIT:,} are taken")
    vouched = registry.get(name, Registered()).vouched
    return (OPERATOR if vouched else provenance.tool(f"{name}#{number + 1}")), text


def items_in(document: Mapping[str, Any], name: str, *, limit: int) -> Sequence[Mapping[str, Any]]:
    items = list_in(document, name, limit=limit)
    other = next((number for number, item in enumerate(items) if not isinstance(item, dict)), None)
    if other is not None:
        raise Invalid(f"{name}[{other}] is {type(items[other]).__name__}; send objects")
    return items


def judged(found: Asked, *, person_from: Tier) -> Judged:
    return callrisk.judge(found.context, found.offer, found.arguments, name=found.name, person_from=person_from)


def document_of(found: Judged) -> dict[str, Any]:
    """Return what is said of a call; reasons are sentences, and never quote a value."""
    reasons = [str(reason) for reason in found.reasons]
    return {"decision": found.answer.value, "tier": found.tier.name, "reasons": reasons}
