"""One HTTP exchange with the marketplace: a request out, what came back as a value.

Over httpx with the aiohttp transport: httpx's own pool collapses as the number of calls in
flight grows (docs/design.md, figures).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from time import monotonic, time
from typing import Final
from uuid import uuid4

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic import SecretStr

from flows.marketplace.errors import (
    SILENT,
    TOO_LATE,
    UNREACHABLE,
    UNREADABLE,
    error_parts,
    seconds_to_wait,
)
from flows.marketplace.pace import Pace
from schemas.orders import Reply

CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 60.0
SUCCESS: Final = frozenset({200, 201, 202})
"""All three are success for every type, and the body decides (reference, section 8.4)."""

MOST_CONNECTIONS: Final = 500

_KNOWN_ADDRESSES: Final = 1024
"""Of customers whose orders are under way: reading an address anew takes long."""

Query = Mapping[str, str | int | list[str]]


def connect_seconds(read_seconds: float) -> float:
    """The time-out of connecting that goes with one of reading."""
    return min(CONNECT_SECONDS, read_seconds)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the marketplace is and who we are there; the secret never shows in its repr."""

    api_url: str
    sign_in_url: str
    client_id: str
    client_secret: SecretStr


class _TooLateError(Exception):
    """Raised inside the transport, so that not a byte of the body is written."""


class InTime:
    """A request's body that is only handed out while it may go."""

    def __init__(self, content: bytes, may_go: Callable[[], bool]) -> None:
        self.length = len(content)
        self.was_too_late = False
        self._content = content
        self._may_go = may_go

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if not self._may_go():
            self.was_too_late = True
            raise _TooLateError
        yield self._content


class Exchange:
    """The connections to one marketplace. `client` is for the sign-in, which is not paced."""

    def __init__(self, address: Address, pace: Pace, read_seconds: float) -> None:
        self._api_url = address.api_url
        self._pace = pace
        self._read_seconds = read_seconds
        # The calls go straight to the transport: nothing of what httpx's client does between
        # (redirects, cookies, authentication) is wanted, and it takes as long as all the rest.
        self._transport = AiohttpTransport(limits=httpx.Limits(max_connections=MOST_CONNECTIONS))
        timeout = httpx.Timeout(read_seconds, connect=connect_seconds(read_seconds), pool=None)
        self._timeouts = {"timeout": timeout.as_dict()}
        self.client = httpx.AsyncClient(
            transport=self._transport, timeout=timeout, follow_redirects=False
        )
        self._always = (
            (b"X-Api-Key", address.client_id.encode()),
            (b"Accept", b"application/json"),
            (b"Content-Type", b"application/json"),
        )
        self._url_of = lru_cache(_KNOWN_ADDRESSES)(httpx.URL)

    async def close(self) -> None:
        """Let go of the connections."""
        await self.client.aclose()

    def _url(self, path: str, query: Query) -> httpx.URL:
        url = self._url_of(self._api_url + path)
        return url.copy_with(params=dict(query)) if query else url

    def _headers(
        self, token: str, correlation_id: str, request_id: str, content: bytes | InTime | None
    ) -> list[tuple[bytes, bytes]]:
        headers = [
            *self._always,
            (b"Authorization", f"Bearer {token}".encode()),
            (b"X-Correlation-Id", correlation_id.encode()),
            (b"X-Request-Id", request_id.encode()),
        ]
        if isinstance(content, InTime):
            headers.append((b"Content-Length", str(content.length).encode()))
        return headers

    async def call(
        self,
        method: str,
        path: str,
        correlation_id: str,
        token: str,
        content: bytes | InTime | None,
        query: Query,
        request_id: str = "",
    ) -> tuple[Reply, bytes]:
        request_id = request_id or str(uuid4())
        request = httpx.Request(
            method,
            self._url(path, query),
            headers=self._headers(token, correlation_id, request_id, content),
            content=content,
            extensions=self._timeouts,
        )
        # Else httpx looks through all of them, again and again, for what they are written in.
        request.headers.encoding = "ascii"
        began = monotonic()
        try:
            answer = await self._transport.handle_async_request(request)
        except _TooLateError:
            return Reply(request_id, None, code=TOO_LATE), b""
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            code = UNREACHABLE if _nothing_was_sent(error) else SILENT
            return Reply(request_id, None, code=code), b""
        except aiohttp.ClientError:
            # Not one of the transport's own: what came back is no HTTP, so the request had gone.
            return Reply(request_id, None, code=SILENT), b""
        try:
            # When a body in chunks goes wrong, aiohttp tells nobody and its time-out is gone.
            async with asyncio.timeout(self._read_seconds):
                body = await _body_of(answer)
        except (httpx.HTTPError, aiohttp.ClientError, TimeoutError):
            # The headers came, the body is cut: a success that cannot be read, or silence.
            is_success = answer.status_code in SUCCESS
            code = UNREADABLE if is_success else f"HTTP/{answer.status_code}"
            return Reply(request_id, answer.status_code, code=code), b""
        finally:
            await answer.aclose()
        self._pace.answered(monotonic() - began)
        if answer.status_code == 429:
            self._pace.slow_down()
        if answer.status_code in SUCCESS:
            return Reply(request_id, answer.status_code), body
        code, message, details, by_service = error_parts(answer.status_code, body)
        reply = Reply(
            request_id,
            answer.status_code,
            code=code,
            message=message,
            details=details,
            retry_after=seconds_to_wait(answer.headers.get("retry-after"), time()),
            spoken_by_service=by_service,
            digest=sha256(body).hexdigest() if answer.status_code >= 500 else "",
        )
        return reply, body


async def _body_of(answer: httpx.Response) -> bytes:
    """The body, as it came where nothing packed it: httpx's own way to it takes twice as long."""
    if "content-encoding" in answer.headers:
        return await answer.aread()
    assert isinstance(answer.stream, httpx.AsyncByteStream)  # noqa: S101  # an async transport's
    return b"".join([part async for part in answer.stream])


def _nothing_was_sent(error: Exception) -> bool:
    """Whether name, connect or TLS failed; whatever cannot be told counts as sent.

    The transport calls a connection that the server closed without an answer a ConnectError
    as well, so the class of its cause decides.
    """
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return True
    return isinstance(
        error.__cause__, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError
    )
