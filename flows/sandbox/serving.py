"""Serving over HTTP: one process, one event loop, loopback only."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
from pathlib import Path
from types import FrameType
from typing import cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from flows.sandbox.app import build_app
from flows.sandbox.delivery import TRANSPORT
from flows.sandbox.marketplace import Marketplace, open_marketplace
from flows.sandbox.settings import CannotStartError, SandboxSettings

_BACKLOG = 2048
_KEEP_ALIVE_SECONDS = 120
_PATIENCE_AT_STOP_SECONDS = 3
_COLLECTOR_THRESHOLDS = (50_000, 20, 50)


class _Protocol(HttpToolsProtocol):
    """HTTP with the connection's transport in reach, so that it can be closed on purpose."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}


class _Server(uvicorn.Server):
    """Says when connections are accepted; a signal ends `serve` and nothing else."""

    def __init__(self, config: uvicorn.Config, settings: SandboxSettings, url: str) -> None:
        super().__init__(config)
        self._settings = settings
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"Embedded marketplace ready on {self._url}", flush=True)  # noqa: T201
        if self._settings.announce:
            _announce(self._settings.announce, self._url, self._settings.state)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.should_exit = True


def serve(settings: SandboxSettings) -> None:
    """Serve until told to stop; returns when everything is on disk."""
    listening = _listen(settings)
    try:
        marketplace = open_marketplace(settings)
    except CannotStartError:
        listening.close()
        raise
    _calm_the_collector()
    asyncio.run(_serve(marketplace, settings, listening))


async def _serve(
    marketplace: Marketplace, settings: SandboxSettings, listening: socket.socket
) -> None:
    config = uvicorn.Config(
        build_app(marketplace),
        http=_Protocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_PATIENCE_AT_STOP_SECONDS,
    )
    server = _Server(config, settings, _url(listening))
    marketplace.storage.on_failure = lambda: server.handle_exit(signal.SIGTERM, None)
    keeping = asyncio.create_task(marketplace.storage.keep())
    await marketplace.prepare()
    finishing = asyncio.create_task(marketplace.lifecycle.run())
    try:
        await server.serve(sockets=[listening])
    finally:
        finishing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await finishing
        marketplace.storage.close()
        await keeping


def _calm_the_collector() -> None:
    """Nearly everything made here is kept for good; looking through it again and again costs
    a sixth of the speed.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECTOR_THRESHOLDS)


def _listen(settings: SandboxSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Without the protocol's name asyncio leaves Nagle's algorithm on, and every answer, which
    # is written in two pieces, waits 40 ms for the caller's delayed acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise CannotStartError(
            f"Port {settings.port} of {settings.host} cannot be used: {error.strerror}."
        ) from error
    return listening


def _url(listening: socket.socket) -> str:
    host, port = cast("tuple[str, int]", listening.getsockname()[:2])
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announce(path: Path, url: str, state: Path | None) -> None:
    """Tell where the server is, in a file that is whole whenever it can be read."""
    facts = {"url": url, "pid": os.getpid(), "state": str(state) if state else None}
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_text(json.dumps(facts), encoding="utf-8")
    partial.replace(path)
