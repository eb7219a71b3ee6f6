"""The least that an order server could do: read the body, answer 201 with the same bytes.

What the same load reaches here is what the machine, the HTTP server and the load tool allow.
"""

from __future__ import annotations

import json
import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ANSWER = json.dumps({"orderId": "P9206500001", "padding": "x" * 1000}).encode()


async def _order(request: Request) -> Response:
    await request.body()
    return Response(ANSWER, 201, media_type="application/json")


async def _pong(_request: Request) -> Response:
    return PlainTextResponse("pong")


def main() -> None:
    """Serve on a free port until stopped, on the same HTTP stack as the embedded marketplace."""
    app = Starlette(
        routes=[
            Route("/v3/customers/{customer_id}/orders", _order, methods=["POST"]),
            Route("/ping", _pong),
        ]
    )
    # Named as TCP, or asyncio leaves Nagle's algorithm on and answers wait for 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(2048)  # callers may come before uvicorn does
    config = uvicorn.Config(
        app, http=HttpToolsProtocol, ws="none", lifespan="off", loop="asyncio", log_config=None,
        access_log=False,
    )  # fmt: skip
    print(f"Static endpoint ready on http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
