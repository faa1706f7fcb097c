"""The arguments of a call that undoes another one: found in what that one was given, answered and keyed with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from audit import canonical
from audit.canonical import JSON

SOURCES = ("arguments", "result", "key", "value")
ARGUMENTS_LIMIT = 40


class CompensationError(Exception):
    """A compensation that cannot be registered, or whose arguments are not to be found."""


@dataclass(frozen=True, slots=True)
class Happened:
    """What is known of the call that is to be undone."""

    arguments: Mapping[str, JSON]
    result: str
    key: str


def check(mapping: object) -> dict[str, JSON]:
    """Return a mapping of argument names to sources: ``{"ticket": {"from": "result.ticket"}}``.

    A source is ``{"from": place}``, where place is ``key``, ``result``, or a path such as ``arguments.queue`` or
    ``result.ticket``; or it is ``{"value": anything}``, which is given as it stands.

    Raises:
        CompensationError: it is none.
    """
    if not isinstance(mapping, dict):
        raise CompensationError(f"arguments is {type(mapping).__name__}; send a JSON object")
    if len(mapping) > ARGUMENTS_LIMIT:
        raise CompensationError(f"arguments has {len(mapping)} names; at most {ARGUMENTS_LIMIT} are taken")
    for name, source in mapping.items():
        if not isinstance(source, dict) or set(source) not in ({"from"}, {"value"}):
            raise CompensationError(f'argument {str(name)[:40]!r} is neither {{"from": place}} nor {{"value": …}}')
        place = source.get("from", "value")
        if not isinstance(place, str) or place.partition(".")[0] not in SOURCES or ".." in place:
            known = ", ".join(SOURCES[:3])
            raise CompensationError(f"argument {str(name)[:40]!r} is from {str(place)[:40]!r}; use a path in {known}")
    return dict(mapping)


def pinned(*, definition: str, by: str, mapping: Mapping[str, JSON]) -> str:
    """Return the hash of what a person approved: both definitions and the mapping (64 hex digits)."""
    document: dict[str, JSON] = {"definition": definition, "by": by, "arguments": dict(mapping)}
    return canonical.digest(canonical.encode(document)).hex()


def arguments_for(mapping: Mapping[str, JSON], happened: Happened) -> dict[str, JSON]:
    """Return the arguments of the call that undoes.

    Raises:
        CompensationError: what the mapping asks for is not there; the message holds no text of the run.
    """
    return {name: sourced(name, source, happened) for name, source in mapping.items()}


def sourced(name: str, source: JSON, happened: Happened) -> JSON:
    if not isinstance(source, dict):
        raise CompensationError(f"argument {name} has no source")
    if "value" in source:
        return source["value"]
    place = str(source.get("from", ""))
    root, _, path = place.partition(".")
    match root:
        case "key":
            return happened.key
        case "arguments":
            return reached(dict(happened.arguments), path, place)
        case _:
            return reached(parsed(happened.result, place), path, place) if path else happened.result


def parsed(text: str, place: str) -> JSON:
    try:
        found: JSON = json.loads(text)
    except ValueError as error:
        raise CompensationError(f"{place} is not there: the result is no JSON") from error
    return found


def reached(value: JSON, path: str, place: str) -> JSON:
    for name in path.split(".") if path else ():
        if not isinstance(value, dict) or name not in value:
            raise CompensationError(f"{place} is not there")
        value = value[name]
    return value
