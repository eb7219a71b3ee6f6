"""Carries connections on: the embedded marketplace listens on its own machine's loopback only.

    python -m tests.machines.forwarder FROM TO

FROM is HOST:PORT or the path of a socket file, TO is HOST:PORT.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys


async def carry(here: str, there: str) -> None:
    """Until it is killed."""
    host, _, port = there.rpartition(":")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onwards = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pipe(reader, onwards[1]), _pipe(onwards[0], writer))

    if here.startswith("/"):
        server = await asyncio.start_unix_server(connected, here)
    else:
        its_host, _, its_port = here.rpartition(":")
        server = await asyncio.start_server(connected, its_host, int(its_port))
    await server.serve_forever()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


if __name__ == "__main__":
    asyncio.run(carry(*sys.argv[1:]))
