"""One API call as it came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from urllib.parse import parse_qsl

from starlette.requests import Request

from flows.sandbox.records import CallKey


@dataclass(frozen=True)
class Call:
    """Method, path and the headers that matter; the Authorization value stays outside."""

    number: int
    server_time: datetime
    method: str
    path: str
    query: str
    api_key: str | None
    correlation_id: str | None
    request_id: str | None
    body: bytes = b""

    @cached_property
    def parameters(self) -> list[tuple[str, str]]:
        """The query, decoded, in its order; repeated names stay repeated."""
        return parse_qsl(self.query, keep_blank_values=True)

    def asks_for(self, name: str) -> bool:
        """Whether the query carries `name=true`."""
        return (name, "true") in self.parameters

    @property
    def is_read(self) -> bool:
        """Whether the call only reads."""
        return self.method == "GET"

    @property
    def places_order(self) -> bool:
        """Whether this is an order create call, previews included."""
        return self.method == "POST" and self.path.endswith("/orders")

    @cached_property
    def key(self) -> CallKey:
        """What makes a repeat of this call the same intent."""
        return CallKey(self.api_key or "", self.method, self.path, self.correlation_id or "")


def arrived(request: Request, number: int, server_time: datetime) -> Call:
    """The call, its body not read yet."""
    headers = request.headers
    return Call(
        number=number,
        server_time=server_time,
        method=request.method,
        path=request.scope["path"],
        query=request.scope["query_string"].decode("latin-1"),
        api_key=headers.get("x-api-key"),
        correlation_id=headers.get("x-correlation-id"),
        request_id=headers.get("x-request-id"),
    )
