"""What an argument of a tool decides: where an effect goes, what it may cost, or only what is said.

An operator registers the roles of a tool's arguments; for those that nobody registered they are guessed from the
name, the schema and the value. A guess can only make an argument count for more than text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from audit.canonical import JSON
from guardians.toolrisk import words_of

DEPTH_LIMIT = 20


class Role(StrEnum):
    """What a value decides."""

    RECIPIENT = "recipient"
    URL = "url"
    ACCOUNT = "account"
    PATH = "path"
    COMMAND = "command"
    AMOUNT = "amount"
    TEXT = "text"


# Who decides these decides where an effect goes, or how much it takes.
DANGEROUS = frozenset({Role.RECIPIENT, Role.URL, Role.ACCOUNT, Role.PATH, Role.COMMAND, Role.AMOUNT})
WORDS: Mapping[Role, frozenset[str]] = {
    Role.COMMAND: frozenset({"cmd", "code", "command", "expression", "script", "shell", "sql", "statement"}),
    Role.ACCOUNT: frozenset(
        {"account", "beneficiary", "bic", "card", "credential", "credentials", "iban", "key", "passphrase", "password"}
        | {"payee", "permission", "permissions", "pin", "role", "scope", "secret", "token", "wallet"}
    ),
    Role.URL: frozenset(
        {"callback", "domain", "endpoint", "host", "hostname", "href", "link", "links", "remote", "server", "site"}
        | {"uri", "uris", "url", "urls", "webhook", "website"}
    ),
    Role.RECIPIENT: frozenset(
        {"assignee", "attendee", "attendees", "audience", "bcc", "cc", "channel", "contact", "email", "emails", "group"}
        | {"invitee", "invitees", "member", "members", "owner", "participant", "participants", "phone", "receiver"}
        | {"recipient", "recipients", "reviewer", "subscriber", "team", "to", "user", "username", "users", "viewer"}
    ),
    Role.PATH: frozenset(
        {"dest", "destination", "dir", "directory", "file", "filename", "filepath", "folder", "mount", "path", "paths"}
    ),
    Role.AMOUNT: frozenset({"amount", "fee", "price", "sum", "total"}),
}
# The number of a thing in a list says which one, and is nobody's address; that of a person or an account is.
NUMBERED = frozenset({"id", "ids", "uuid"})
STAYS = frozenset({Role.ACCOUNT, Role.RECIPIENT})
MESSAGE = frozenset({"email", "emails", "file", "folder"})
# An address inside of a text leads somewhere, whatever the text's role is.
ADDRESSES: Mapping[Role, re.Pattern[str]] = {
    Role.URL: re.compile(r"(?:[a-z][a-z0-9+.-]{1,15}://|\bwww\.)[^\s\"'<>`|)\]}]+", re.IGNORECASE),
    Role.RECIPIENT: re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"),
    Role.ACCOUNT: re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"),
}
WHOLE: Mapping[Role, re.Pattern[str]] = {
    **ADDRESSES,
    Role.PATH: re.compile(r"(?:~|\.{0,2})?/[^\s]+|[A-Za-z]:\\[^\s]+"),
}


@dataclass(frozen=True, slots=True)
class Argument:
    """One value of a call: where it stands (``to``, ``event.attendees.0``), what it is, and what it decides."""

    place: str
    value: str | int | float
    role: Role


def arguments_of(
    arguments: Mapping[str, JSON], *, registered: Mapping[str, Role], schema: Mapping[str, JSON]
) -> Iterator[Argument]:
    """Yield every text and number of a call with its role. True, false and nothing come from nobody.

    Args:
        registered: roles by the name of the outermost argument.
        schema: of the tool; a value that it names as a constant is the operator's own, and is left out.
    """
    properties = schema.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    for name, value in arguments.items():
        offered = constants_of(known.get(name))
        for place, words, leaf in leaves(value, name, (name,)):
            if str(leaf) not in offered:
                yield Argument(place, leaf, registered.get(name) or guessed(words, leaf))


def constants_of(schema: JSON) -> frozenset[str]:
    """Return the values that a schema names one by one; they were read by whoever approved the tool."""
    if not isinstance(schema, Mapping):
        return frozenset()
    items = schema.get("items")
    listed = [value for part in (schema, items) if isinstance(part, Mapping) for value in options_of(part)]
    return frozenset(str(value) for value in listed if isinstance(value, str | int | float))


def options_of(schema: Mapping[str, JSON]) -> list[JSON]:
    options = schema.get("enum")
    return [*(options if isinstance(options, list) else []), *([schema["const"]] if "const" in schema else [])]


def leaves(value: JSON, place: str, names: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...], str | int | float]]:
    """Yield texts and numbers below a value, each with its place and the names that lead to it."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from leaves(item, f"{place}.{name}", (*names, str(name)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, f"{place}.{number}", names)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield place, names, value


def guessed(names: tuple[str, ...], value: str | float) -> Role:
    """Return what an argument decides by the names that lead to it, the innermost first, and by its own form."""
    for name in reversed(names):
        role = named(name)
        if role is not Role.TEXT:
            return role
    text = value.strip() if isinstance(value, str) else ""
    return next((role for role, form in WHOLE.items() if form.fullmatch(text)), Role.TEXT)


def named(name: str) -> Role:
    words = words_of(name)
    role = next((role for role, known in WORDS.items() if not known.isdisjoint(words)), Role.TEXT)
    numbered = not NUMBERED.isdisjoint(words)
    if numbered and (role not in STAYS or not MESSAGE.isdisjoint(words)):
        return Role.TEXT
    return role


def addresses_in(value: str) -> Iterator[tuple[Role, str]]:
    """Yield the web addresses, e-mail addresses and account numbers inside a text."""
    for role, form in ADDRESSES.items():
        for found in form.finditer(value):
            yield role, found.group().rstrip(".,;:!?")
