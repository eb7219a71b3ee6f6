"""The embedded marketplace: a local HTTP server that behaves like the vendor's order API.

It is the other side of the wire, written from the reference alone
(reference/marketplace-api.md), with its own models. Nothing of ours is imported but
`schemas.code_tables`.
"""

from __future__ import annotations

from flows.sandbox.settings import CannotStartError, SandboxSettings

__all__ = ["CannotStartError", "SandboxSettings", "run"]


def run(settings: SandboxSettings) -> None:
    """Serve until SIGTERM or SIGINT; returns when everything is on disk.

    Raises `CannotStartError`, whose text is a sentence for the person who started it, when
    the state file is in use or the port is taken.
    """
    from flows.sandbox.serving import serve  # noqa: PLC0415  # FastAPI loads only to serve

    serve(settings)
