"""One document, one sequence of bytes: RFC 8785 within the profile, and nothing else is taken."""

import contextlib
import enum
import json
from collections import namedtuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit.canonical import (
    DEPTH_LIMIT,
    INTEGER_LIMIT,
    JSON,
    SIZE_LIMIT,
    CanonicalError,
    check,
    digest,
    encode,
    parse,
    sound,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF), max_size=8)
NUMBERS = st.integers(-(INTEGER_LIMIT - 1), INTEGER_LIMIT - 1)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=6
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=5)


def rfc8785(value: JSON) -> str:
    """Return the canonical form by the letter of RFC 8785, sections 3.2.1 to 3.2.3; the profile has no floats."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{quoted(name)}:{rfc8785(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(rfc8785, value)) + "]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def quoted(text: str) -> str:
    short = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    return '"' + "".join(short.get(c, f"\\u{ord(c):04x}" if c < " " else c) for c in text) + '"'


@given(DOCUMENTS)
@example({"\u20ac": 1, "\r": 2, "1": 3, "\u0080": 4, "\u00f6": 5, "\ufb33": 6, "</script>": "\x00\x7f\u2028\U0001f600"})
def test_the_bytes_are_those_of_rfc_8785(document: dict[str, JSON]) -> None:
    assert encode(document) == rfc8785(document).encode()


@given(DOCUMENTS)
def test_what_was_encoded_is_parsed_back(document: dict[str, JSON]) -> None:
    assert parse(encode(document)) == document


@given(DOCUMENTS, st.integers(min_value=0), st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_another_document(document: dict[str, JSON], place: int, bit: int) -> None:
    data = bytearray(encode(document))
    data[place % len(data)] ^= 1 << bit
    with contextlib.suppress(CanonicalError):
        assert parse(bytes(data)) != document


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1 }',
        b' {"a":1}',
        b'{"a":1}\n',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":9007199254740992}',
        b'{"a":123456789012345678901234567890}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\\u001F"}',
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        '{"\U0001f600":1}'.encode(),
        b'\xef\xbb\xbf{"a":1}',
        b"[1]",
        b'"a"',
        b"null",
        b"",
        b"{",
        b'{"a":NaN}',
        b'{"a":1}{"a":1}',
    ],
)
def test_bytes_that_are_not_canonical_are_refused(data: bytes) -> None:
    with pytest.raises(CanonicalError):
        parse(data)


Pair = namedtuple("Pair", "a b")  # noqa: PYI024 - a plain one, as libraries return
Name = enum.StrEnum("Name", ["A"])


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"a": [{"b": 0.5}]}, r"\$\.a\[0\]\.b is the float 0\.5; send a text or a scaled integer"),
        ({"a": float("nan")}, "the float nan"),
        ({"a": 2**53}, "integers stay below"),
        ({"a": -(2**53)}, "integers stay below"),
        ({"a": "\udc80"}, "half a surrogate pair"),
        ({"\ud800": 1}, "half a surrogate pair"),
        ({"\U0001f600": 1}, "Basic Multilingual Plane"),
        ({"a": {1: 2}}, "the key 1; keys are texts"),
        ({"a": b"x"}, "is a bytes; use null"),
        ({"a": {1, 2}}, "is a set; use null"),
        ({"a": Pair(1, 2)}, "cannot be written"),
        ({Name.A: 1}, "cannot be written"),
    ],
)
def test_a_value_outside_the_profile_is_named(document: dict[str, JSON], message: str) -> None:
    with pytest.raises(CanonicalError, match=message):
        encode(document)


def test_an_enum_is_written_as_its_value() -> None:
    assert encode({"a": Name.A}) == b'{"a":"a"}'


def nested(depth: int) -> dict[str, JSON]:
    value: JSON = None
    for _ in range(depth):
        value = [value]
    return {"a": value}


def test_nesting_ends_at_the_limit() -> None:
    assert parse(encode(nested(DEPTH_LIMIT - 1)))
    with pytest.raises(CanonicalError, match=f"nested deeper than {DEPTH_LIMIT}"):
        encode(nested(DEPTH_LIMIT))


def test_a_hundred_thousand_brackets_are_refused_and_not_climbed() -> None:
    with pytest.raises(CanonicalError):
        parse(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


def test_a_document_ends_at_the_size_limit() -> None:
    assert len(encode({"a": "x" * (SIZE_LIMIT - 8)})) == SIZE_LIMIT
    with pytest.raises(CanonicalError, match=f"has {SIZE_LIMIT + 1} bytes; at most {SIZE_LIMIT} are taken"):
        encode({"a": "x" * (SIZE_LIMIT - 7)})


def test_the_digest_is_sha_256() -> None:
    assert digest(b"").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(
    st.recursive(
        SCALARS | st.floats() | st.binary(max_size=2) | st.text(max_size=4) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    st.integers(DEPTH_LIMIT - 3, DEPTH_LIMIT + 1),
)
def test_the_quick_look_lets_nothing_pass_that_the_full_check_refuses(value: JSON, depth: int) -> None:
    if sound([value], depth):
        check([value], "$", depth)
