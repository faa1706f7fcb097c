"""What a tool's definition says to whoever approves it: what its arguments decide, and where it gives orders."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from audit.canonical import JSON
from audit.spans import Span
from audit.stakes import Stakes
from guardians.argumentroles import DEPTH_LIMIT, Role, constants_of, guessed
from guardians.confusables import INVISIBLE_CLASS
from guardians.guardian import Finding, Material, Part, Piece
from guardians.safety import Safety

LEAD = 100  # code points shown on either side of a finding
SHOWN = 200  # and of the constants that an argument takes
UNSEEN = re.compile(f"[{INVISIBLE_CLASS}]")


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument: its name, what it takes, and what it decides, with the role that an operator registered, if any."""

    name: str
    takes: str
    roles: tuple[Role, ...]
    registered: Role | None


@dataclass(frozen=True, slots=True)
class Remark:
    """What Safety finds in one text of a definition.

    Attributes:
        place: which text, such as ``input_schema.properties.to.description``.
        before, words, after: that text around the finding; characters that nobody sees are named.
    """

    place: str
    finding: Finding
    before: str
    words: str
    after: str


def parameters_of(schema: Mapping[str, JSON], *, registered: Mapping[str, Role]) -> tuple[Parameter, ...]:
    """Return the arguments that a schema names. A schema comes from a server: what is no schema in it is left out."""
    properties = schema.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    return tuple(parameter_of(str(name), part, registered.get(str(name))) for name, part in known.items())


def parameter_of(name: str, schema: JSON, registered: Role | None) -> Parameter:
    roles = {guessed(names, "") for names in leaves(schema, (name,))} if registered is None else {registered}
    return Parameter(name, taken(schema), tuple(sorted(roles)), registered)


def leaves(schema: JSON, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the names that lead to each value that a schema takes."""
    if isinstance(schema, Mapping) and len(names) < DEPTH_LIMIT:
        properties, items = schema.get("properties"), schema.get("items")
        if isinstance(properties, Mapping) and properties:
            for name, part in properties.items():
                yield from leaves(part, (*names, str(name)))
            return
        if isinstance(items, Mapping):
            yield from leaves(items, (*names, ""))
            return
    yield names


def taken(schema: JSON) -> str:
    """Return what an argument takes, in a word or two."""
    constants = sorted(constants_of(schema))
    if constants:
        return f"one of {', '.join(constants)}"[:SHOWN]
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    kinds = kind if isinstance(kind, list) else [kind]
    return " or ".join(item for item in kinds if isinstance(item, str)) or "anything"


def remarks_on(definition: Mapping[str, JSON]) -> tuple[Remark, ...]:
    """Return what Safety finds in all the texts of a definition: a server may hide orders in any of them."""
    texts = dict(texts_in(definition, ""))
    pieces = tuple(Piece(Part.TOOL_DESCRIPTION, place, text) for place, text in texts.items() if text)
    vote = Safety().review(Material(pieces, {}, Stakes.MEDIUM, ""))
    return tuple(remark(finding, texts[finding.ref]) for finding in vote.findings)


def texts_in(value: JSON, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from texts_in(part, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from texts_in(part, f"{place}.{number}")
    elif isinstance(value, str):
        yield place, value


def remark(finding: Finding, text: str) -> Remark:
    span = finding.span or Span(0, 0)
    begin, end = max(0, span.start - LEAD), min(len(text), span.end + LEAD)
    before = f"{'… ' if begin else ''}{seen(text[begin : span.start])}"
    after = f"{seen(text[span.end : end])}{' …' if end < len(text) else ''}"
    return Remark(finding.ref, finding, before, seen(span.of(text)), after)


def seen(text: str) -> str:
    """Return a text in which what nobody sees is named by its code point."""
    return UNSEEN.sub(lambda found: f"[U+{ord(found.group()):04X}]", text)
