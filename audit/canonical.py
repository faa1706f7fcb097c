"""Canonical JSON: one document, one sequence of bytes (the part of RFC 8785 that sorted orjson writes exactly)."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

JSON = Any
INTEGER_LIMIT = 2**53
DEPTH_LIMIT = 40
SIZE_LIMIT = 4_000_000


class CanonicalError(ValueError):
    """A value outside the profile, or bytes that are not canonical."""


def check(value: object, path: str, depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise CanonicalError(f"{path} is nested deeper than {DEPTH_LIMIT}; flatten it")
    match value:
        case None | bool():
            pass
        case int():
            if abs(value) >= INTEGER_LIMIT:
                raise CanonicalError(f"{path} is {value}; integers stay below 2**53: send it as a text")
        case float():
            raise CanonicalError(f"{path} is the float {value!r}; send a text or a scaled integer")
        case str():
            check_text(value, path)
        case list() | tuple() | dict():
            check_items(value, path, depth + 1)
        case _:
            raise CanonicalError(f"{path} is a {type(value).__name__}; use null, bool, int, str, list or object")


def check_items(values: Sequence[object] | Mapping[object, object], path: str, depth: int) -> None:
    if not isinstance(values, Mapping):
        for position, item in enumerate(values):
            check(item, f"{path}[{position}]", depth)
        return
    for name, item in values.items():
        check_name(name, path)
        check(item, f"{path}.{name}", depth)


def check_text(value: str, path: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise CanonicalError(f"{path} holds half a surrogate pair; send valid Unicode") from error


def check_name(name: object, path: str) -> None:
    if not isinstance(name, str):
        raise CanonicalError(f"{path} has the key {name!r}; keys are texts")
    check_text(name, path)
    if any(character > "\uffff" for character in name):
        raise CanonicalError(f"{path} has the key {name!r}; keys stay in the Basic Multilingual Plane")


def sound(values: JSON, depth: int) -> bool:
    """Tell whether ``check`` would let what an object or list holds pass, of the usual kinds: no path is built."""
    if depth >= DEPTH_LIMIT:
        return False
    if type(values) is dict and not all(type(name) is str and name.isascii() for name in values):
        return False
    for value in values.values() if type(values) is dict else values:
        kind = type(value)
        if kind is str:
            fits = value.isascii()
        elif kind is int:
            fits = -INTEGER_LIMIT < value < INTEGER_LIMIT
        elif kind is dict or kind is list or kind is tuple:
            fits = sound(value, depth + 1)
        else:
            fits = value is None or kind is bool
        if not fits:
            return False
    return True


def encode(document: Mapping[str, JSON]) -> bytes:
    """Return the canonical bytes of a JSON object.

    Raises:
        CanonicalError: a value is outside the profile, or the whole is over SIZE_LIMIT bytes.
    """
    known = dict(document)
    if not sound(known, 0):
        check(known, "$", 0)
    try:
        data = orjson.dumps(known, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:  # a named tuple, or a key of a subclass of str
        raise CanonicalError(f"the document cannot be written: {error}") from error
    if len(data) > SIZE_LIMIT:
        raise CanonicalError(f"the document has {len(data)} bytes; at most {SIZE_LIMIT} are taken")
    return data


def parse(data: bytes) -> dict[str, JSON]:
    """Return the object that the bytes are the canonical form of.

    Raises:
        CanonicalError: they are not the canonical form of any object.
    """
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise CanonicalError(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise CanonicalError(f"a {type(document).__name__}, not an object")
    if encode(document) != data:
        raise CanonicalError("bytes differ from the canonical form of their content")
    return document


def digest(data: bytes) -> bytes:
    """Return SHA-256, 32 bytes."""
    return hashlib.sha256(data).digest()
