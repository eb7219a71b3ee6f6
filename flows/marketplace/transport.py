"""httpx's transport over aiohttp's connections, on the shortest way that a call can take.

httpx's own pool collapses as the number of calls in flight grows (docs/design.md, figures).
`httpx-aiohttp` puts aiohttp's in its place: sessions, TLS and the names of failures here are its
own. Only how a request becomes aiohttp's is written anew, without what no call of ours has
(proxies, bodies of unknown kind, time-outs of its own): for 200 calls a second that was a third of
the processor time of a call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream, map_aiohttp_exceptions
from yarl import URL

_MOST_CONNECTIONS: Final = 500

_KEPT_SECONDS: Final = 5.0
"""For the next call; the longer, the oftener one goes out as the other side is closing."""

KNOWN_ADDRESSES: Final = 1024
"""Of customers whose orders are under way: reading an address anew takes long."""


class TooLateError(Exception):
    """Raised inside the transport, so that not a byte of the body is written."""


class InTime(httpx.AsyncByteStream):
    """A request's body that is only handed out while it may go."""

    def __init__(self, content: bytes, may_go: Callable[[], bool]) -> None:
        self.length = len(content)
        self.was_too_late = False
        self._content = content
        self._may_go = may_go

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if not self._may_go():
            self.was_too_late = True
            raise TooLateError
        yield self._content


class Transport(AiohttpTransport):
    """The connections to one marketplace."""

    def __init__(self, connect_seconds: float, read_seconds: float) -> None:
        super().__init__()
        # Between two bytes, and for the whole: an answer that drips would hold its order's lease
        # for longer than that lasts.
        self._timeout = aiohttp.ClientTimeout(
            total=connect_seconds + read_seconds,
            sock_connect=connect_seconds,
            sock_read=read_seconds,
        )
        self._address = lru_cache(KNOWN_ADDRESSES)(URL)

    def get_client(self) -> aiohttp.ClientSession:
        """The sessions' own; what the marketplace would have us remember is not remembered."""
        connector = aiohttp.TCPConnector(
            limit=_MOST_CONNECTIONS, keepalive_timeout=_KEPT_SECONDS, ssl=self.ssl_context
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One call as httpx's client makes it; its answer comes packed as it was sent."""
        answer = await self.send(request, unpacks=False)
        return httpx.Response(
            answer.status,
            headers=answer.raw_headers,
            stream=AiohttpResponseStream(answer),
            request=request,
        )

    async def send(self, request: httpx.Request, *, unpacks: bool = True) -> aiohttp.ClientResponse:
        """One call; redirects are answers. Raises httpx's errors, aiohttp's for no HTTP, and
        TimeoutError when the whole has taken too long.
        """
        if not isinstance(self.client, aiohttp.ClientSession):
            self.client = self.get_client()
        stream = request.stream
        with map_aiohttp_exceptions():
            return await self.client.request(
                request.method,
                self._address(str(request.url), encoded=True),
                headers={name.decode(): value.decode() for name, value in request.headers.raw},
                data=b"".join(stream) or None if isinstance(stream, httpx.ByteStream) else stream,
                allow_redirects=False,
                auto_decompress=unpacks,
                timeout=self._timeout,
            )


async def whole_body(answer: aiohttp.ClientResponse, seconds: float) -> bytes:
    """All of an answer's body. Raises aiohttp's errors and TimeoutError."""
    content = answer.content
    if content.is_eof():
        return content.read_nowait()  # it came with the headers, and the connection is free again
    # One in chunks that goes wrong would be waited for without end: aiohttp tells nobody.
    async with answer, asyncio.timeout(seconds):
        return await content.read()
