"""A tool server as a child process, spoken to over its standard input and output, one JSON line a message.

The SDK's own transport buffers lines without limit, inherits our standard error and skips lines that are not the
protocol. Here a line is at most FRAME_LIMIT bytes, the child gets four variables of our environment and nothing else,
the first line of junk ends the session, and the end of a session ends the child and all its children.
"""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import cast

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from orchestration.engine.toolcalls import Fault, ServerAddress, Trace

FRAME_LIMIT = 4_000_000
INHERITED = ("PATH", "HOME", "LANG", "TZ")
GRACE_S = 1.0
KILL_S = 0.5

Inbound = MemoryObjectSendStream[SessionMessage | Exception]
Outbound = MemoryObjectReceiveStream[SessionMessage]
Streams = tuple[MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]]


def environment_of(address: ServerAddress) -> dict[str, str]:
    """Return all variables of the child: none of our secrets, and what the operator registered."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ} | dict(address.environment)


@asynccontextmanager
async def pipe(address: ServerAddress, trace: Trace, ended: asyncio.Event) -> AsyncIterator[Streams]:
    """Start the server and yield its streams; the process and its children are gone when this is left.

    Sets ``ended`` when the server can no longer be read; ``trace`` then says why.

    Raises:
        OSError, ValueError: the command cannot be started; ``trace`` says UNREACHABLE.
    """
    child = await start(address, trace)
    inbound, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, outbound = anyio.create_memory_object_stream[SessionMessage](0)
    try:
        async with inbound, read, write, outbound, anyio.create_task_group() as tasks:
            tasks.start_soon(receive, child, inbound, trace, ended)
            tasks.start_soon(send, child, outbound)
            yield read, write
            tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await end(child)


@dataclass(frozen=True, slots=True)
class Child:
    """A started server and its pipes."""

    process: Process
    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader


async def start(address: ServerAddress, trace: Trace) -> Child:
    try:
        process = await asyncio.create_subprocess_exec(
            *address.command,
            stdin=PIPE,
            stdout=PIPE,
            # What a server writes there may be anybody's text: it has no place in our log.
            stderr=DEVNULL,
            env=environment_of(address),
            limit=FRAME_LIMIT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        trace.note(Fault.UNREACHABLE, f"{address.command[0]!r} cannot be started ({type(error).__name__})")
        raise
    # Both are there, since both are PIPE.
    return Child(process, cast(asyncio.StreamWriter, process.stdin), cast(asyncio.StreamReader, process.stdout))


async def receive(child: Child, inbound: Inbound, trace: Trace, ended: asyncio.Event) -> None:
    """Hand each line on as a message, until the server ends or breaks the protocol."""
    try:
        async with inbound:
            await forward(child.stdout, inbound)
    except asyncio.IncompleteReadError:
        trace.note(Fault.DIED, "the process closed its output")
    except asyncio.LimitOverrunError:
        trace.note(Fault.TOO_LARGE, f"a line is over {FRAME_LIMIT} bytes; have the tool send less")
    except (ValueError, UnicodeError):
        trace.note(Fault.JUNK, "a line on standard output is no JSON-RPC message")
    except (anyio.ClosedResourceError, anyio.BrokenResourceError, OSError) as error:
        trace.note(Fault.DIED, type(error).__name__)
    ended.set()


async def forward(stdout: asyncio.StreamReader, inbound: Inbound) -> None:
    while True:
        line = await stdout.readuntil(b"\n")
        if line.strip():
            await inbound.send(SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False)))


async def send(child: Child, outbound: Outbound) -> None:
    async for message in outbound:
        child.stdin.write(message.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
        # A server that is gone is noticed by the reader, which knows more about it.
        with suppress(OSError):
            await child.stdin.drain()


async def end(child: Child) -> None:
    """Close the child's input, then ask its process group to end, then kill it (the protocol's order of shutdown)."""
    child.stdin.close()
    if not await exited(child, GRACE_S):
        signal_group(child, signal.SIGTERM)
        await exited(child, KILL_S)
    # Also what the child left behind in its group: it has nobody to answer to.
    signal_group(child, signal.SIGKILL)
    await exited(child, KILL_S)
    with anyio.move_on_after(KILL_S):
        while await child.stdout.read(FRAME_LIMIT):
            pass


async def exited(child: Child, seconds: float) -> bool:
    with anyio.move_on_after(seconds):
        await child.process.wait()
    # Some Pythons wait for the pipes as well, which grandchildren may hold open.
    return child.process.returncode is not None


def signal_group(child: Child, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, number)
