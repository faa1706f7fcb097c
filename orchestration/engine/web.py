"""Tool servers over HTTP: what comes back is bounded, and each fault is noted where it can still be told apart."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, cast

import httpx2
from mcp.client.streamable_http import streamable_http_client

from orchestration.engine.toolcalls import Fault, ServerAddress, Trace

BODY_LIMIT = 4_000_000
ANSWERS = ("application/json", "text/event-stream")

# The trace of the call under way: the SDK sends each request in the context of the task that asked for it.
current: ContextVar[Trace | None] = ContextVar("current", default=None)


@asynccontextmanager
async def web(address: ServerAddress) -> AsyncIterator[Any]:
    """Yield the streams of a streamable HTTP session.

    Redirects are followed by the SDK within one origin only. Proxies and credentials of the environment are not used;
    deadlines are the caller's.
    """
    client = httpx2.AsyncClient(
        transport=Guard(httpx2.AsyncHTTPTransport(trust_env=False)),
        headers={"Accept-Encoding": "identity"},
        timeout=httpx2.Timeout(None, connect=address.timeout_s),
        follow_redirects=False,
        trust_env=False,
    )
    async with (
        client,
        streamable_http_client(address.url, http_client=client, max_sse_event_size=BODY_LIMIT) as streams,
    ):
        yield streams


class Guard(httpx2.AsyncBaseTransport):
    """Notes what each request met, and bounds what it gets."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        trace = current.get() or Trace()
        try:
            response = await self._inner.handle_async_request(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            trace.note(Fault.UNREACHABLE, "no connection")
            raise
        except httpx2.TransportError as error:
            trace.note(Fault.DIED, type(error).__name__)
            raise
        if request.method != "POST":
            return response
        look_at(response, trace)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=Bounded(cast(httpx2.AsyncByteStream, response.stream), trace),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


def look_at(response: httpx2.Response, trace: Trace) -> None:
    """Note what a status says about the request; a good answer takes back what a redirect before it noted."""
    trace.clear()
    status = response.status_code
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.headers.get("content-encoding", "identity") != "identity":
        # Not asked for, and a few bytes of it can stand for gigabytes.
        trace.note(Fault.JUNK, "a compressed answer")
        raise httpx2.RemoteProtocolError("compressed answer")
    if status >= 500:
        # Nobody can tell whether the tool ran.
        trace.note(Fault.DIED, f"HTTP status {status}")
    elif status >= 300:
        trace.note(Fault.REFUSED, f"HTTP status {status}")
    elif status == 202 or kind not in ANSWERS:
        trace.note(Fault.JUNK, f"HTTP status {status} without a message")


class Bounded(httpx2.AsyncByteStream):
    """A response body that ends in an error once it is over the limit."""

    def __init__(self, inner: httpx2.AsyncByteStream, trace: Trace) -> None:
        self._inner = inner
        self._trace = trace

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        try:
            async for chunk in self._inner:
                size += len(chunk)
                if size > BODY_LIMIT:
                    break
                yield chunk
        except httpx2.TransportError as error:
            self._trace.note(Fault.DIED, type(error).__name__)
            raise
        if size > BODY_LIMIT:
            self._trace.note(Fault.TOO_LARGE, f"an answer is over {BODY_LIMIT} bytes; have the tool send less")
            raise httpx2.ReadError("too large")

    async def aclose(self) -> None:
        await self._inner.aclose()
