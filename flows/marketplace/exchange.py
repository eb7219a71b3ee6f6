"""One HTTP exchange with the marketplace: a request out, what came back as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from time import monotonic, time
from typing import Final
from urllib.parse import quote, urlencode
from uuid import uuid4

import aiohttp
import httpx
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
from flows.marketplace.transport import (
    KNOWN_ADDRESSES,
    InTime,
    TooLateError,
    Transport,
    whole_body,
)
from schemas.orders import Reply

CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 60.0
SUCCESS: Final = frozenset({200, 201, 202})
"""All three are success for every type, and the body decides (reference, section 8.4)."""

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


class Exchange:
    """The connections to one marketplace. `client` is for the sign-in, which is not paced."""

    def __init__(self, address: Address, pace: Pace, read_seconds: float) -> None:
        self._api_url = address.api_url
        self._pace = pace
        self._call_seconds = connect_seconds(read_seconds) + read_seconds
        # The calls go straight to the transport: nothing of what httpx's client does between
        # (redirects, cookies, authentication) is wanted, and it takes as long as all the rest.
        self._transport = Transport(connect_seconds(read_seconds), read_seconds)
        self.client = httpx.AsyncClient(transport=self._transport, follow_redirects=False)
        self._always = (
            (b"X-Api-Key", address.client_id.encode()),
            (b"Accept", b"application/json"),
            (b"Content-Type", b"application/json"),
        )
        self._url_of = lru_cache(KNOWN_ADDRESSES)(httpx.URL)

    async def close(self) -> None:
        """Let go of the connections."""
        await self.client.aclose()

    def _url(self, path: str, query: Query) -> httpx.URL:
        if not query:
            return self._url_of(self._api_url + path)
        return httpx.URL(f"{self._api_url}{path}?{urlencode(query, doseq=True, quote_via=quote)}")

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
            stream=content if isinstance(content, InTime) else httpx.ByteStream(content or b""),
        )
        began = monotonic()
        try:
            answer = await self._transport.send(request)
        except TooLateError:
            return Reply(request_id, None, code=TOO_LATE), b""
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            code = UNREACHABLE if _nothing_was_sent(error) else SILENT
            return Reply(request_id, None, code=code), b""
        except (aiohttp.ClientError, TimeoutError):
            # Not one of the transport's own: what came back is no HTTP, or has no end, so the
            # request had gone; or nobody can tell how far it was when its time was over.
            return Reply(request_id, None, code=SILENT), b""
        try:
            body = await whole_body(answer, began + self._call_seconds - monotonic())
        except (aiohttp.ClientError, TimeoutError):
            # The headers came, the body is cut: a success that cannot be read, or silence.
            is_success = answer.status in SUCCESS
            code = UNREADABLE if is_success else f"HTTP/{answer.status}"
            return Reply(request_id, answer.status, code=code), b""
        self._pace.answered(monotonic() - began)
        if answer.status == 429:
            self._pace.slow_down()
        if answer.status in SUCCESS:
            return Reply(request_id, answer.status), body
        code, message, details, by_service = error_parts(answer.status, body)
        reply = Reply(
            request_id,
            answer.status,
            code=code,
            message=message,
            details=details,
            retry_after=seconds_to_wait(answer.headers.get("retry-after"), time()),
            spoken_by_service=by_service,
            digest=sha256(body).hexdigest() if answer.status >= 500 else "",
        )
        return reply, body


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
