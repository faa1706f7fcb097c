"""JSON Schemas of tools, which come from servers nobody vouches for: made safe to check arguments against.

A schema as a server sends it may point to addresses, call itself without end, or carry patterns that run away. Here
it is spelled out first: local references are replaced by what they point to, up to a bound; remote and recursive ones
are refused; patterns run in linear time; an argument that the schema does not name is refused whatever it says.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, SchemaError, ValidationError
from jsonschema.validators import extend
from referencing import Registry

from audit.canonical import JSON
from guardians.expressions import ExpressionError, matches

SCHEMA_LIMIT = 100_000
NODES_LIMIT = 5_000
DEPTH_LIMIT = 30
UNEVALUATED_LIMIT = 6
REFUSED = frozenset({"$dynamicRef", "$recursiveRef", "patternProperties"})
UNEVALUATED = frozenset({"unevaluatedProperties", "unevaluatedItems"})
# Where a keyword holds schemas: by name, in a list, or one.
NAMED = frozenset({"properties", "dependentSchemas"})
LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
SINGLE = frozenset({"items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"})
# Names and addresses have no use once every reference is written out.
DROPPED = frozenset({"$ref", "$id", "$schema", "$anchor", "$dynamicAnchor", "$defs", "definitions", "$vocabulary"})


class UnsafeSchemaError(ValueError):
    """A tool's schema that arguments cannot be checked against. The message says why and the cure."""


@dataclass(slots=True)
class Speller:
    """Replaces references by what they point to, and counts how large the schema grows."""

    root: Mapping[str, JSON]
    nodes: int = 0
    unevaluated: int = 0

    def spell(self, schema: JSON, seen: tuple[str, ...], depth: int) -> JSON:
        """Return a schema without references.

        Raises:
            UnsafeSchemaError: it is too large, too deep, recursive, or uses what cannot be checked safely.
        """
        self.nodes += 1
        if self.nodes > NODES_LIMIT or depth > DEPTH_LIMIT:
            raise UnsafeSchemaError(
                f"the schema, spelled out, has over {NODES_LIMIT} parts or {DEPTH_LIMIT} levels; make it smaller"
            )
        if not isinstance(schema, Mapping):
            return schema
        self.refuse(schema)
        kept = {name: value for name, value in schema.items() if name not in DROPPED}
        known = {name: self.keyword(name, value, seen, depth) for name, value in kept.items()}
        if "$ref" not in schema:
            return known
        target = self.spell(self.target(schema["$ref"], seen), (*seen, str(schema["$ref"])), depth + 1)
        return {"allOf": [target, known]} if known else target

    def refuse(self, schema: Mapping[str, JSON]) -> None:
        refused = sorted(REFUSED & set(schema))
        if refused:
            raise UnsafeSchemaError(f"the schema uses {refused[0]}; name the properties, without it")
        self.unevaluated += len(UNEVALUATED & set(schema))
        if self.unevaluated > UNEVALUATED_LIMIT:
            # Each level of it judges all parts below once more.
            raise UnsafeSchemaError(f"the schema uses unevaluated… over {UNEVALUATED_LIMIT} times; use it less")

    def keyword(self, name: str, value: JSON, seen: tuple[str, ...], depth: int) -> JSON:
        if name in NAMED and isinstance(value, Mapping):
            return {key: self.spell(item, seen, depth + 1) for key, item in value.items()}
        if name in LISTED and isinstance(value, list):
            return [self.spell(item, seen, depth + 1) for item in value]
        if name in SINGLE | UNEVALUATED:
            return self.spell(value, seen, depth + 1)
        return value

    def target(self, ref: JSON, seen: tuple[str, ...]) -> JSON:
        """Return what a local reference points to (RFC 6901 in a fragment; percent signs are not decoded)."""
        if not isinstance(ref, str) or not ref.startswith("#/") or "%" in ref:
            raise UnsafeSchemaError(
                f"the schema points to {str(ref)[:60]!r}; only local references like #/$defs/x are taken"
            )
        if ref in seen:
            raise UnsafeSchemaError(
                f"the schema's {ref[:60]!r} points to itself; say how deep it goes by writing it out"
            )
        place: JSON = self.root
        for step in ref[2:].split("/"):
            place = place.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(place, Mapping) else None
        if not isinstance(place, Mapping | bool):
            raise UnsafeSchemaError(f"the schema's {ref[:60]!r} points to nothing; correct it")
        return place


def closed(schema: JSON, *, root: bool = False) -> JSON:
    """Return a spelled-out schema in which every object that names properties takes no others.

    A nested map whose further values have a schema of their own stays open, and so does one that names nothing.
    """
    if not isinstance(schema, Mapping):
        return schema
    known = inside(schema)
    names = sorted(set(named(schema)))
    if root or (names and not has_typed_rest(schema)):
        known["allOf"] = [*known.get("allOf", []), {"propertyNames": {"enum": names}}]
    return known


def has_typed_rest(schema: Mapping[str, JSON]) -> bool:
    rest = schema.get("additionalProperties")
    return isinstance(rest, Mapping) and bool(rest)


def inside(schema: JSON) -> JSON:
    """Return a schema with the values below it closed; itself it stays open, as a part of its parent.

    Untouched are ``not``, ``if`` and ``contains``: there a narrower schema would take more.
    """
    if not isinstance(schema, Mapping):
        return schema
    return {name: inside_keyword(name, value) for name, value in schema.items()}


def inside_keyword(name: str, value: JSON) -> JSON:
    match name, value:
        case "properties", Mapping():
            return {key: closed(item) for key, item in value.items()}
        case "dependentSchemas", Mapping():
            return {key: inside(item) for key, item in value.items()}
        case "prefixItems", list():
            return [closed(item) for item in value]
        case "allOf" | "anyOf" | "oneOf", list():
            return [inside(item) for item in value]
        case "then" | "else", _:
            return inside(value)
        case "items" | "additionalProperties", _:
            return closed(value)
        case _:
            return value


def named(schema: JSON) -> Iterator[str]:
    """Yield every property that a schema, or a part of it that judges the same value, names."""
    if not isinstance(schema, Mapping):
        return
    properties, dependent = schema.get("properties"), schema.get("dependentSchemas")
    yield from properties if isinstance(properties, Mapping) else ()
    parts = [item for name in ("allOf", "anyOf", "oneOf") for item in schema.get(name, [])]
    parts += [schema.get(name) for name in ("if", "then", "else")]
    parts += dependent.values() if isinstance(dependent, Mapping) else ()
    for part in parts:
        yield from named(part)


def linear_pattern(_: Any, pattern: JSON, instance: JSON, __: JSON) -> Iterable[ValidationError]:  # noqa: ANN401
    """Judge ``pattern`` in linear time. What RE2 does not take raises: an error under ``not`` would read as valid."""
    if not isinstance(instance, str):
        return
    try:
        found = matches(str(pattern), instance)
    except ExpressionError as error:
        raise UnsafeSchemaError(
            "the schema has a pattern that cannot be checked in linear time; simplify it"
        ) from error
    if not found:
        yield ValidationError("does not match the pattern")


SafeValidator = extend(Draft202012Validator, {"pattern": linear_pattern})  # type: ignore[no-untyped-call]
NO_FORMATS = FormatChecker(formats=())


@dataclass(frozen=True, slots=True)
class ArgumentSchema:
    """A schema ready to check arguments with; ``nodes`` is its size, spelled out."""

    validator: Any
    nodes: int

    def first_error(self, arguments: Mapping[str, JSON]) -> ValidationError | None:
        """Return what does not fit, or None.

        Raises:
            UnsafeSchemaError: a pattern of the schema cannot be checked.
        """
        error: ValidationError | None = next(self.validator.iter_errors(dict(arguments)), None)
        return error


def prepare(schema: Mapping[str, JSON]) -> ArgumentSchema:
    """Return a tool's schema, safe to check arguments against. Prepared schemas are kept.

    Raises:
        UnsafeSchemaError: it is no JSON Schema (Draft 2020-12), over SCHEMA_LIMIT bytes, or unsafe.
    """
    try:
        text = json.dumps(dict(schema), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnsafeSchemaError("the schema is no JSON; correct it") from error
    if len(text) > SCHEMA_LIMIT:
        raise UnsafeSchemaError(f"the schema has {len(text)} bytes; at most {SCHEMA_LIMIT} are taken: make it smaller")
    return prepared(text)


@lru_cache(maxsize=256)
def prepared(text: str) -> ArgumentSchema:
    root = json.loads(text)
    speller = Speller(root)
    spelled = speller.spell(root, (), 0)
    try:
        SafeValidator.check_schema(spelled, format_checker=NO_FORMATS)
    except SchemaError as error:
        place = "/".join(str(step)[:40] for step in error.absolute_path)
        raise UnsafeSchemaError(
            f"the schema is no JSON Schema (Draft 2020-12) at {place or 'its root'}; correct it"
        ) from error
    return ArgumentSchema(SafeValidator(closed(spelled, root=True), registry=Registry()), speller.nodes)
