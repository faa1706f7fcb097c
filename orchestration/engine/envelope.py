"""Values in and out of their sealed form: read without running code, bounded in size, valid in one row only."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import ormsgpack
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from audit import vault

# What one step may write, in bytes before sealing: all its channels, its checkpoint and its metadata together.
STEP_LIMIT = 20 * 1024 * 1024

# What LangGraph itself puts into checkpoints, and values without behaviour. Names, not classes: nothing is imported.
ALLOWED: frozenset[tuple[str, ...]] = frozenset(
    {
        ("builtins", "frozenset"),
        ("builtins", "set"),
        ("collections", "deque"),
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("datetime", "time"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("decimal", "Decimal"),
        ("langgraph.types", "Command"),
        ("langgraph.types", "Interrupt"),
        ("langgraph.types", "Overwrite"),
        ("langgraph.types", "Send"),
        ("langgraph.types", "TimeoutPolicy"),
        ("uuid", "UUID"),
    }
)
FORMS = frozenset({"null", "bytes", "bytearray", "msgpack"})
# Extension codes of LangGraph's serialiser: a snapshot of a delta channel, and the ones that name a type.
SNAPSHOT, METHOD, NAMED = 7, 3, frozenset({0, 1, 2, 4, 5})
METHODS = frozenset({("datetime", "datetime", "fromisoformat")})


class CheckpointRefused(Exception):
    """A stored row is not what was written: forged, edited, swapped or missing. It names the row."""


class CheckpointTooNew(CheckpointRefused):
    """A checkpoint that a newer version wrote, which this one does not know how to read."""


class StepTooLarge(Exception):
    """A step produced more than a checkpoint may hold."""


class UnknownType(ValueError):
    """A stored value names a type that is not on the list, or a form of serialisation that is never written."""


class Strict:
    """LangGraph's serialiser, which here refuses a type it does not know instead of skipping or importing it.

    It holds whatever LANGGRAPH_STRICT_MSGPACK says.
    """

    def __init__(self, allowed: Collection[tuple[str, ...]] = ALLOWED) -> None:
        self.allowed = frozenset(allowed)
        self.inner = JsonPlusSerializer(allowed_msgpack_modules=tuple(self.allowed))

    def widened(self, extra: Collection[tuple[str, ...]]) -> "Strict":
        return Strict(self.allowed | frozenset(extra))

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:  # noqa: ANN401 - any channel value
        return self.inner.dumps_typed(obj)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:  # noqa: ANN401
        """Return the value.

        Raises:
            UnknownType: something in it is not on the list. Nothing was imported or called.
        """
        form, packed = data
        if form not in FORMS:
            raise UnknownType(f"the form {form[:40]!r}")
        if form != "msgpack":
            return self.inner.loads_typed(data)
        reading = Reading(self)
        try:
            return reading.unpack(packed, reading.build)
        except ValueError as error:
            raise UnknownType(reading.unknown or "bytes that are no msgpack") from error


class Reading:
    """One reading of one value. The parser hides what a hook raises, so the reason is kept here."""

    def __init__(self, serde: Strict) -> None:
        self.serde = serde
        self.unknown = ""

    def unpack(self, packed: bytes, hook: Any) -> Any:  # noqa: ANN401
        return ormsgpack.unpackb(packed, ext_hook=hook, option=ormsgpack.OPT_NON_STR_KEYS)

    def build(self, code: int, packed: bytes) -> Any:  # noqa: ANN401
        """Return what an extension stands for, once everything inside it is known."""
        self.look(code, packed)
        return self.serde.inner.loads_typed(("msgpack", ormsgpack.packb(ormsgpack.Ext(code, packed))))

    def look(self, code: int, packed: bytes) -> None:
        """Look through an extension and all inside it without making anything of it."""
        content = self.unpack(packed, self.look) if code in NAMED | {SNAPSHOT, METHOD} else None
        if code == SNAPSHOT:
            return
        named = content if isinstance(content, list | tuple) and len(content) > 2 else ()
        name = tuple(str(part) for part in (*named[:2], *(named[3:4] if code == METHOD else ())))
        known = METHODS if code == METHOD else self.serde.allowed
        if name not in known:
            self.unknown = f"the type {'.'.join(name)[:120]}" if name else f"an extension of code {code}"
            raise UnknownType(self.unknown)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Seals and opens the values of one thread under its data key."""

    key: vault.DataKey
    serde: SerializerProtocol

    def seal(self, where: vault.Binding, value: Any) -> bytes:  # noqa: ANN401 - any channel value
        """Return the value sealed for one row.

        Raises:
            StepTooLarge: it alone has more than STEP_LIMIT bytes.
        """
        form, packed = self.serde.dumps_typed(value)
        check_size(len(packed), str(where))
        return self.close(where, form.encode() + b"\0" + packed)

    def close(self, where: vault.Binding, plain: bytes) -> bytes:
        return vault.seal(self.key, plain, binding=where)

    def unseal(self, where: vault.Binding, sealed: bytes) -> bytes:
        """Return what was sealed there, still serialised.

        Raises:
            CheckpointRefused: it is not what was sealed there.
        """
        try:
            return vault.open_sealed(self.key, sealed, binding=where)
        except vault.SealError as error:
            raise CheckpointRefused(str(error)) from error

    def open(self, where: vault.Binding, sealed: bytes) -> Any:  # noqa: ANN401
        """Return the value that was sealed there.

        Raises:
            CheckpointRefused: it is not what was sealed there, or holds a type that is not on the list.
        """
        form, _, packed = self.unseal(where, sealed).partition(b"\0")
        try:
            return self.serde.loads_typed((form.decode("ascii", "replace"), packed))
        except UnknownType as error:
            raise CheckpointRefused(f"{where} holds {error}, which no checkpoint may hold; it was not read") from error

    def run_mark(self, metadata: Mapping[str, Any]) -> str:
        """Return by what the rows of LangGraph's ``run_id`` are found: a hash keyed by the data key, or nothing."""
        return self.mark(str(metadata["run_id"])) if metadata.get("run_id") else ""

    def mark(self, run_id: str) -> str:
        return vault.commitment(self.key, f"checkpoint run:{run_id}")


def check_size(size: int, what: str) -> None:
    if size > STEP_LIMIT:
        raise StepTooLarge(
            f"{what} would hold {size} bytes; a step may write {STEP_LIMIT}: return less, or a reference"
        )
