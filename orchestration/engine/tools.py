"""The bridge to tool servers over the Model Context Protocol, for synchronous callers on any thread."""

import asyncio
import json
import os
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, wait
from types import TracebackType
from typing import Any, Self, TypeVar

from mcp_types import CallToolResult, Tool

from audit.canonical import JSON
from guardians.toolrisk import DefinitionError
from orchestration.engine import telemetry
from orchestration.engine.sessions import Session, text_of
from orchestration.engine.toolcalls import (
    ARGUMENTS_LIMIT,
    RESULT_LIMIT,
    Definition,
    Fault,
    Going,
    Result,
    ServerAddress,
    ToolFailure,
    Transport,
    check_address,
)

__all__ = ["Definition", "Fault", "Result", "ServerAddress", "ToolBridge", "ToolFailure", "Transport"]

SLACK_S = 2.0
CLOSE_S = 10.0
LOOK_S = 0.25
NAME_LIMIT = 120  # as long as Tool.name
T = TypeVar("T")

telemetry.switch_off()


def never() -> bool:
    return False


class Loop:
    """An event loop on a thread of its own, with the sessions that live on it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.current: dict[str, Session] = {}
        self.all: list[Session] = []
        self.thread = threading.Thread(target=self.loop.run_forever, name="tools", daemon=True)
        self.thread.start()

    def session(self, address: ServerAddress) -> Session:
        """Return the open session of an address, or open one; a changed address gets a new one."""
        known = self.current.get(address.name)
        if known is not None:
            if known.alive and known.address == address:
                return known
            known.retire()
        opened = self.current[address.name] = Session(address)
        self.all = [session for session in self.all if not session.over] + [opened]
        return opened

    async def use(self, address: ServerAddress, work: Callable[[Session], Awaitable[T]], going: Going) -> T:
        """Do something in a session; one that failed is not used again."""
        session = self.session(address)
        session.users += 1
        try:
            return await work(session)
        except ToolFailure as failure:
            if failure.fault is not Fault.TOOL_ERROR:
                session.retired = True
            raise
        except asyncio.CancelledError:
            session.retired = True  # its server may still be at work on what was broken off
            raise
        finally:
            going.over.set()
            session.users -= 1
            if session.retired:
                session.retire()

    def close(self) -> None:
        """End every session and the thread; returns within a few seconds, whatever the servers do."""
        ending = asyncio.run_coroutine_threadsafe(self._end_all(), self.loop)
        wait((ending,), timeout=CLOSE_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(SLACK_S)
        if not self.thread.is_alive():
            self.loop.close()

    async def _end_all(self) -> None:
        await asyncio.gather(*(session.close() for session in self.all))


class ToolBridge:
    """Discovers and calls tools; sessions are opened at their first use, kept, and opened anew after a failure.

    Safe to share between threads. The loop is made at the first use in each process, so a bridge made before a fork
    works after it. Use as a context manager, or call ``close``.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: Loop | None = None
        forget = weakref.WeakMethod(self._forget)
        os.register_at_fork(after_in_child=lambda: (method := forget()) and method())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _forget(self) -> None:
        # The thread did not survive the fork, and the sessions are the parent's.
        self._lock = threading.Lock()
        self._loop = None

    def discover(
        self, address: ServerAddress, *, timeout_s: float | None = None, stopped: Callable[[], bool] = never
    ) -> tuple[Definition, ...]:
        """Return what a server offers now, asked of the server itself and within ``address.timeout_s`` or less.

        Raises:
            ToolFailure: it cannot be reached, breaks the protocol, or offers too much.
        """
        check_address(address)
        seconds = address.timeout_s if timeout_s is None else min(timeout_s, address.timeout_s)
        tools = self._run(
            address, lambda session, _: session.list_tools(seconds=seconds), seconds=seconds, stopped=stopped
        )
        return definitions_of(address, tools)

    def call(
        self,
        address: ServerAddress,
        tool: str,
        arguments: Mapping[str, JSON],
        *,
        timeout_s: float,
        idempotency_key: str | None = None,
        stopped: Callable[[], bool] = never,
    ) -> Result:
        """Call a tool once, never again by itself.

        Args:
            timeout_s: seconds, for opening a session and for the call together.
            idempotency_key: sent as ``_meta["prometheus/idempotency-key"]`` of the request. A server that knows it
                does the same call only once.
            stopped: asked a few times a second; once it says so, the call is broken off and the server is told.

        Raises:
            ToolFailure: there is no result; its ``sent`` says whether the tool may have run.
        """
        check_address(address)
        known = checked(address, tool, arguments)
        started = time.perf_counter_ns()
        answer = self._run(
            address,
            lambda session, going: session.call(tool, known, key=idempotency_key, seconds=timeout_s, going=going),
            seconds=timeout_s,
            tool=tool,
            stopped=stopped,
        )
        return result_of(address, tool, answer, elapsed_us=(time.perf_counter_ns() - started) // 1000)

    def close(self) -> None:
        """End all sessions and their processes. A later call would begin anew."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.close()

    def _run(
        self,
        address: ServerAddress,
        work: Callable[[Session, Going], Awaitable[T]],
        *,
        seconds: float,
        tool: str = "",
        stopped: Callable[[], bool],
    ) -> T:
        going = Going()
        with self._lock:
            self._loop = self._loop or Loop()
            using = self._loop.use(address, lambda session: work(session, going), going)
            future = asyncio.run_coroutine_threadsafe(using, self._loop.loop)
        try:
            return awaited(future, seconds=seconds + SLACK_S, stopped=stopped)
        except TimeoutError as error:
            # The loop itself is held up: whatever was asked of the server may have been done.
            raise ToolFailure(Fault.TIMEOUT, server=address.name, tool=tool, sent=bool(tool)) from error
        except CancelledError as error:
            # Only once the task is over is it known whether the request went out.
            sent = bool(tool) and (going.sent or not going.over.wait(SLACK_S) or going.sent)
            raise ToolFailure(Fault.STOPPED, server=address.name, tool=tool, sent=sent) from error
        finally:
            future.cancel()


def awaited(future: Future[T], *, seconds: float, stopped: Callable[[], bool]) -> T:
    """Return what comes of the future.

    Raises:
        CancelledError: ``stopped`` said so before.
        TimeoutError: nothing came in time.
    """
    ends = time.monotonic() + seconds
    while not wait((future,), timeout=min(LOOK_S, max(0.0, ends - time.monotonic()))).done:
        if time.monotonic() >= ends:
            raise TimeoutError
        if stopped():
            future.cancel()
            break
    return future.result(0)


def checked(address: ServerAddress, tool: str, arguments: Mapping[str, JSON]) -> dict[str, Any]:
    """Return the arguments as they go out.

    Raises:
        ToolFailure: REFUSED; they are no JSON or too large.
    """
    known = dict(arguments)
    try:
        size = len(json.dumps(known, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        detail = "the arguments are no JSON; send JSON values only"
        raise ToolFailure(Fault.REFUSED, server=address.name, tool=tool, detail=detail) from error
    if size > ARGUMENTS_LIMIT:
        detail = f"the arguments have {size} bytes; at most {ARGUMENTS_LIMIT} are sent: send less"
        raise ToolFailure(Fault.REFUSED, server=address.name, tool=tool, detail=detail)
    return known


def result_of(address: ServerAddress, tool: str, answer: CallToolResult, *, elapsed_us: int) -> Result:
    """Return what the tool answered.

    Raises:
        ToolFailure: TOOL_ERROR, TOO_LARGE, or JUNK where the structured content is no object.
    """
    text = text_of(answer)
    if answer.is_error:
        raise ToolFailure(Fault.TOOL_ERROR, server=address.name, tool=tool, sent=True, said=text)
    size = max(len(text.encode("utf-8", "replace")), len(json.dumps(answer.structured_content)))
    if size > RESULT_LIMIT:
        detail = f"the result has {size} bytes; at most {RESULT_LIMIT} are taken: have the tool return less"
        raise ToolFailure(Fault.TOO_LARGE, server=address.name, tool=tool, sent=True, detail=detail)
    return Result(text, answer.structured_content, elapsed_us)


def definitions_of(address: ServerAddress, tools: Sequence[Tool]) -> tuple[Definition, ...]:
    """Return the definitions of what a server lists.

    Raises:
        ToolFailure: JUNK; two tools of one name, or a definition that cannot be pinned by a hash or be kept.
    """
    found = tuple(definition_of(tool) for tool in tools)
    if len({definition.name for definition in found}) < len(found):
        raise ToolFailure(Fault.JUNK, server=address.name, detail="it lists two tools of one name")
    try:
        _ = [definition.hash for definition in found]
    except DefinitionError as error:
        raise ToolFailure(Fault.JUNK, server=address.name, detail="a definition is no JSON") from error
    if not all(map(keepable, found)):
        detail = f"a tool's name is over {NAME_LIMIT} characters, or a definition holds a NUL"
        raise ToolFailure(Fault.JUNK, server=address.name, detail=detail)
    return found


def keepable(definition: Definition) -> bool:
    """Tell whether the database can hold a definition: its texts have no NUL, its names have a length."""
    texts = json.dumps([definition.name, definition.description, definition.input_schema, definition.output_schema])
    return len(definition.name) <= NAME_LIMIT and "\\u0000" not in texts + json.dumps(definition.annotations)


def definition_of(tool: Tool) -> Definition:
    hints = tool.annotations
    return Definition(
        name=tool.name,
        title=tool.title or (hints.title if hints and hints.title else "") or tool.name,
        description=tool.description or "",
        input_schema=tool.input_schema,
        output_schema=tool.output_schema or {},
        annotations=hints.model_dump(by_alias=True, exclude_none=True) if hints else {},
    )
