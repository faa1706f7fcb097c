"""A value comes back as what it was, or not at all: nothing that is stored can make the reader run code."""

import collections
import datetime as dt
import decimal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from uuid import uuid4

import ormsgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from langgraph.types import Command, Interrupt, Overwrite, Send

from audit import vault
from audit.ids import new_id
from orchestration.engine.checkpoints import DjangoSaver
from orchestration.engine.envelope import (
    ALLOWED,
    STEP_LIMIT,
    CheckpointRefused,
    Envelope,
    StepTooLarge,
    Strict,
    UnknownType,
)

WHERE = vault.Binding(table="orchestration_checkpointblob", column="body", row="[]")
made: list[str] = []


@dataclass
class Bomb:
    """Notes that it was made."""

    word: str

    def __post_init__(self) -> None:
        made.append(self.word)


@pytest.fixture(autouse=True)
def nothing_made() -> Iterator[None]:
    made.clear()
    yield
    made.clear()


@pytest.fixture
def envelope() -> Envelope:
    return Envelope(vault.DataKey.new(new_id()), Strict())


def stored(value: Any) -> tuple[str, bytes]:
    """Return a value as LangGraph's own serialiser packs it, whatever its type."""
    return JsonPlusSerializer().dumps_typed(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_plain_values_come_back(value: Any) -> None:
    strict = Strict()
    assert strict.loads_typed(strict.dumps_typed(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        dt.datetime(2026, 11, 24, tzinfo=dt.UTC),
        dt.timedelta(seconds=3),
        decimal.Decimal("1.10"),
        uuid4(),
        {"a", "b"},
        frozenset({1}),
        collections.deque([1, 2]),
        Send("node", {"a": {"b": {1}}}),
        Interrupt(value="why?", id="1"),
        Command(resume="yes", goto=[]),
        Overwrite([1]),
        [_DeltaSnapshot([{"a": {1}}])],
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_langgraph_itself_writes_comes_back(value: Any) -> None:
    strict = Strict()
    assert strict.loads_typed(strict.dumps_typed(value)) == value


@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [{"a": v}], lambda v: Send("n", v), _DeltaSnapshot])
def test_an_unknown_type_is_refused_and_never_made_however_deep_it_lies(wrap: Any) -> None:
    packed = stored(wrap(Bomb("bang")))
    made.clear()
    with pytest.raises(UnknownType, match=r"the type .*test_envelope\.Bomb"):
        Strict().loads_typed(packed)
    assert made == []


@pytest.mark.parametrize("value", [PurePosixPath("/etc"), collections.OrderedDict], ids=["a path", "a class"])
def test_a_type_that_only_looks_harmless_is_refused(value: Any) -> None:
    name = (
        ("os", "system", ["true"]) if value is collections.OrderedDict else ("pathlib", "PurePosixPath", ("/", "etc"))
    )
    packed = ormsgpack.packb(ormsgpack.Ext(1, ormsgpack.packb(name)))
    with pytest.raises(UnknownType, match=r"the type (os\.system|pathlib\.PurePosixPath)"):
        Strict().loads_typed(("msgpack", packed))


def test_a_method_is_called_only_if_it_is_on_the_list() -> None:
    known = ("datetime", "datetime", "2026-11-24T00:00:00", "fromisoformat")
    packed = ormsgpack.packb(ormsgpack.Ext(3, ormsgpack.packb(known)))
    assert Strict().loads_typed(("msgpack", packed)) == dt.datetime(2026, 11, 24)  # noqa: DTZ001 - as it was packed
    other = ormsgpack.packb(ormsgpack.Ext(3, ormsgpack.packb((*known[:3], "strptime"))))
    with pytest.raises(UnknownType, match=r"datetime\.datetime\.strptime"):
        Strict().loads_typed(("msgpack", other))


@pytest.mark.parametrize("code", [6, 8, 100])
def test_other_extensions_are_refused(code: int) -> None:
    packed = ormsgpack.packb(ormsgpack.Ext(code, ormsgpack.packb(["<i8", [1], "C", b"12345678"])))
    with pytest.raises(UnknownType, match=f"an extension of code {code}"):
        Strict().loads_typed(("msgpack", packed))


@pytest.mark.parametrize("content", [b"\xc1", ormsgpack.packb(5), ormsgpack.packb(["os"])])
def test_an_extension_without_a_name_is_refused(content: bytes) -> None:
    with pytest.raises(UnknownType):
        Strict().loads_typed(("msgpack", ormsgpack.packb(ormsgpack.Ext(0, content))))


@pytest.mark.parametrize("form", ["json", "pickle", "", "\ufffd" * 100])
def test_a_form_that_is_never_written_is_refused(form: str) -> None:
    with pytest.raises(UnknownType, match="the form"):
        Strict().loads_typed((form, b"{}"))


def test_bytes_that_are_no_msgpack_are_refused() -> None:
    with pytest.raises(UnknownType, match="no msgpack"):
        Strict().loads_typed(("msgpack", b"\xc1"))


def test_a_sealed_value_of_an_unknown_type_is_refused_by_its_rows_name(envelope: Envelope) -> None:
    form, packed = stored(Bomb("bang"))
    made.clear()
    sealed = envelope.close(WHERE, form.encode() + b"\0" + packed)
    with pytest.raises(CheckpointRefused, match=r"orchestration_checkpointblob\.body .* holds the type .*Bomb"):
        envelope.open(WHERE, sealed)
    assert made == []


def test_a_graph_may_widen_the_list_for_its_own_types_and_for_nobody_else() -> None:
    saver = DjangoSaver()
    wider = saver.with_allowlist({(Bomb.__module__, "Bomb")})
    packed = stored(Bomb("bang"))
    assert wider.serde.loads_typed(packed) == Bomb("bang")
    assert wider.journals is saver.journals
    with pytest.raises(UnknownType):
        saver.serde.loads_typed(packed)


def test_nothing_on_the_list_can_be_called_with_an_effect() -> None:
    assert {name.partition(".")[0] for name, _ in ALLOWED} == {
        "builtins", "collections", "datetime", "decimal", "langgraph", "uuid",
    }  # fmt: skip


def test_a_value_above_the_limit_is_refused_before_it_is_sealed(envelope: Envelope) -> None:
    with pytest.raises(StepTooLarge, match=f"would hold {STEP_LIMIT + 1} bytes; a step may write {STEP_LIMIT}"):
        envelope.seal(WHERE, b"x" * (STEP_LIMIT + 1))
    assert envelope.open(WHERE, envelope.seal(WHERE, b"x" * STEP_LIMIT)) == b"x" * STEP_LIMIT


def test_a_run_is_found_by_a_hash_that_another_key_does_not_give(envelope: Envelope) -> None:
    other = Envelope(vault.DataKey.new(new_id()), Strict())
    assert envelope.run_mark({"run_id": "7"}) == envelope.mark("7") != other.mark("7")
    assert envelope.run_mark({}) == envelope.run_mark({"run_id": ""}) == ""
