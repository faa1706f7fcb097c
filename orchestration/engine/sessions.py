"""One open conversation with one tool server. Everything here runs on the bridge's event loop."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

import anyio
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    PARSE_ERROR,
    REQUEST_TIMEOUT,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    Implementation,
    RequestParamsMeta,
    TextContent,
    Tool,
)
from pydantic import ValidationError

from orchestration.engine.pipe import pipe
from orchestration.engine.toolcalls import Fault, Going, ServerAddress, ToolFailure, Trace, Transport
from orchestration.engine.web import current, web

CLIENT = Implementation(name="prometheus", version="1")
PAGES_LIMIT = 20
TOOLS_LIMIT = 500
CLOSE_S = 4.0
KEY_META = "prometheus/idempotency-key"

BROKEN = (MCPError, ValidationError, OSError, anyio.ClosedResourceError, anyio.BrokenResourceError)


class Session:
    """A conversation that is opened at once, shared by concurrent calls, and closed by whoever retires it last.

    One task enters and leaves the SDK's context managers, because their cancel scopes demand it.
    """

    def __init__(self, address: ServerAddress) -> None:
        self.address = address
        self.users = 0
        self.trace = Trace()
        self.retired = False
        self._failure: BaseException | None = None
        self._ended = asyncio.Event()
        self._ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._keeper = asyncio.create_task(self._keep())
        self._keeper.add_done_callback(self._look_at_the_end)

    @property
    def alive(self) -> bool:
        """Whether a new call may use it."""
        return not (self.retired or self._ended.is_set() or self._keeper.done())

    async def _keep(self) -> None:
        # Requests of the opening, and of the SDK's own listening, leave their trace here.
        current.set(self.trace)
        async with Client(self._transport(), cache=None, client_info=CLIENT) as client:
            if not self._ended.is_set():
                self.trace.clear()
                self._ready.set_result(client)
            await self._ended.wait()

    def _transport(self) -> AbstractAsyncContextManager[Any]:
        match self.address.transport:
            case Transport.STDIO:
                return pipe(self.address, self.trace, self._ended)
            case Transport.HTTP:
                return web(self.address)

    def _look_at_the_end(self, keeper: asyncio.Task[None]) -> None:
        self._failure = None if keeper.cancelled() else keeper.exception()
        self._ended.set()
        self._ready.cancel()

    @property
    def over(self) -> bool:
        """Whether nothing of it is left."""
        return self._keeper.done()

    async def client(self) -> Client:
        """Return the open client.

        Raises:
            ToolFailure: the server cannot be talked to.
        """
        await asyncio.wait((self._ready, self._keeper), return_when=asyncio.FIRST_COMPLETED)
        if self._ready.done() and not self._ready.cancelled():
            return self._ready.result()
        fault = self.trace.fault or fault_of(self._failure)
        raise ToolFailure(fault, server=self.address.name, detail=self.trace.detail or "no session could be opened")

    def retire(self) -> None:
        """Take no further calls, and end once the calls under way have."""
        self.retired = True
        if self.users == 0:
            self._end()

    def _end(self) -> None:
        if self._ended.is_set():
            return
        self._ended.set()
        if not self._ready.done():
            # Still opening: nobody looks at the event yet. Once only, since a second one would break off the clean-up.
            self._keeper.cancel()

    async def close(self) -> None:
        """End now, and wait until the server's process is gone."""
        self.retired = True
        self._end()
        done, _ = await asyncio.wait((self._keeper,), timeout=CLOSE_S)
        if not done:
            self._keeper.cancel()
            await asyncio.wait((self._keeper,), timeout=CLOSE_S)

    async def list_tools(self, *, seconds: float) -> list[Tool]:
        """Return everything that the server offers.

        Raises:
            ToolFailure: it offers too much, or does not answer in the protocol or in time.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._pages(await self.client())
        except BROKEN as error:
            raise self.failure(error, self.trace) from error

    async def _pages(self, client: Client) -> list[Tool]:
        tools: list[Tool] = []
        cursor: str | None = None
        for _ in range(PAGES_LIMIT):
            page = await client.list_tools(cursor=cursor)
            tools += page.tools
            cursor = page.next_cursor
            if cursor is None and len(tools) <= TOOLS_LIMIT:
                return tools
        detail = f"it lists over {TOOLS_LIMIT} tools or {PAGES_LIMIT} pages; have it offer fewer"
        raise ToolFailure(Fault.TOO_LARGE, server=self.address.name, detail=detail)

    async def call(
        self, tool: str, arguments: dict[str, Any], *, key: str | None, seconds: float, going: Going
    ) -> CallToolResult:
        """Call a tool once. When the task is cancelled, the SDK tells the server so (notifications/cancelled).

        Raises:
            ToolFailure: there is no result. ``sent`` is False only where the tool cannot have run.
        """
        trace = self.trace if self.address.transport is Transport.STDIO else Trace()
        current.set(trace)
        meta = cast(RequestParamsMeta, {KEY_META: key}) if key else None
        request = CallToolRequest(params=CallToolRequestParams(name=tool, arguments=arguments, _meta=meta))
        try:
            async with asyncio.timeout(seconds):
                client = await self.client()
                going.sent = True
                # Not ``call_tool``: it checks results against the server's own schema, runaway patterns included.
                return await client.session.send_request(request, CallToolResult)
        except BROKEN as error:
            raise self.failure(error, trace, tool=tool, sent=going.sent) from error

    def failure(self, error: BaseException, trace: Trace, *, tool: str = "", sent: bool = False) -> ToolFailure:
        fault = trace.fault or fault_of(error)
        return ToolFailure(
            fault,
            server=self.address.name,
            tool=tool,
            sent=sent and fault not in {Fault.UNREACHABLE, Fault.REFUSED},
            detail=trace.detail,
            said=error.message if isinstance(error, MCPError) else "",
        )


def fault_of(error: BaseException | None) -> Fault:
    """Return what an exception of the SDK stands for, where the wire has noted nothing."""
    match error:
        case TimeoutError():
            return Fault.TIMEOUT
        case MCPError(code=code) if code == REQUEST_TIMEOUT:
            return Fault.TIMEOUT
        case MCPError(code=code) if code == PARSE_ERROR:
            return Fault.JUNK
        case MCPError(code=code) if code != CONNECTION_CLOSED:
            return Fault.TOOL_ERROR
        case ValidationError():
            return Fault.JUNK
        case BaseExceptionGroup():
            return fault_of(error.exceptions[0])
        case _:
            return Fault.DIED


def text_of(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))
