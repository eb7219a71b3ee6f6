"""How answers get to a caller that keeps its connection."""

from __future__ import annotations

import socket

import pytest

from flows.sandbox.serving import _listen
from flows.sandbox.settings import SandboxSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_answer_does_not_wait_for_the_callers_acknowledgement(host: str) -> None:
    """asyncio turns Nagle's algorithm off only where a socket names its protocol."""
    with _listen(SandboxSettings(host=host)) as listening:
        assert listening.proto == socket.IPPROTO_TCP
