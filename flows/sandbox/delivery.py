"""How an answer leaves: as it is, changed on the way, cut, or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from flows.sandbox.answers import refused
from flows.sandbox.errors import GatewayRefusal, ServiceRefusal
from flows.sandbox.faults import Fault
from flows.sandbox.records import Answer

TRANSPORT = "transport"
"""Where the connection's transport stands in the ASGI state (see `serving`)."""

_GATEWAY_TIMEOUT = refused(GatewayRefusal("504001", "Gateway Timeout"))
_BROKEN_INSIDE = Answer(500, b"Internal Server Error", "text/plain")


def _page(status: int, title: str) -> Answer:
    """What a proxy answers: a page for people, without any code (reference, section 5)."""
    text = f"<html><body><h1>{status} {title}</h1></body></html>"
    return Answer(status, text.encode(), "text/html")


INSTEAD_OF_EXECUTING = {
    Fault.UNEXECUTED_504: _GATEWAY_TIMEOUT,
    Fault.TOO_MANY: refused(ServiceRefusal("4118")),
    Fault.TOO_MANY_RETRY_AFTER: refused(ServiceRefusal("4118", headers={"Retry-After": "1"})),
    Fault.TOO_MANY_GATEWAY: refused(GatewayRefusal("429050", "Too many requests")),
    Fault.UNAUTHORIZED: refused(GatewayRefusal("401013", "Oauth token is not valid")),
    Fault.KEY_MISSING: refused(GatewayRefusal("403000", "Api Key is required")),
    Fault.KEY_UNKNOWN: refused(GatewayRefusal("403003", "Api Key is invalid")),
    Fault.UNEXECUTED_500: _BROKEN_INSIDE,
    Fault.BAD_GATEWAY: _page(502, "Bad Gateway"),
    Fault.UNAVAILABLE: _page(503, "Service Unavailable"),
    Fault.GATEWAY_TIMEOUT_PAGE: _page(504, "Gateway Time-out"),
}
"""What keeps a call from the service; none of it is stored."""

_INSTEAD_OF_THE_ANSWER = {
    Fault.EXECUTED_504: _GATEWAY_TIMEOUT,
    Fault.EXECUTED_500: _BROKEN_INSIDE,
}

_PAGE = b"<html><body><h1>Please wait</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the caller got: nothing, when the connection was closed."""

    answer: Answer | None
    response: Response


class Closed(Response):
    """The connection is closed without a byte of an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Close at once, throwing away what is still to be read."""
        scope["state"][TRANSPORT].abort()
        await _gone(receive)


class CutShort(Response):
    """Status and headers are whole, half of the body comes, then the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what the caller is to get, then close."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        scope["state"][TRANSPORT].close()
        await _gone(receive)


async def _gone(receive: Receive) -> None:
    """Wait until the server has noticed that the connection is closed."""
    while (await receive())["type"] != "http.disconnect":
        pass


def delivered(answer: Answer, fault: Fault | None) -> Delivered:
    """The answer as it reaches the caller under a fault."""
    if fault in (Fault.CLOSED_BEFORE, Fault.CLOSED_AFTER):
        return Delivered(None, Closed())
    if fault is Fault.CUT_BODY:
        half = Answer(answer.status, answer.body[: len(answer.body) // 2], answer.content_type)
        return Delivered(half, _response(answer, CutShort))
    if fault is Fault.NOT_JSON:
        answer = Answer(answer.status, _PAGE, "text/html")
    elif fault in _INSTEAD_OF_THE_ANSWER:
        answer = _INSTEAD_OF_THE_ANSWER[fault]
    return Delivered(answer, _response(answer, Response))


def _response(answer: Answer, kind: type[Response]) -> Response:
    return kind(answer.body, answer.status, answer.headers, answer.content_type)
