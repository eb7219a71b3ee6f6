"""What the embedded marketplace can be told when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path


class CannotStartError(Exception):
    """The server cannot start; the text says why, in a sentence for a person."""


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Settings of one embedded marketplace. Durations are seconds.

    `finish_after` counts by the server's clock, `latency` and `slow_seconds` by the wall's.
    """

    host: str = "127.0.0.1"
    port: int = 0
    state: Path | None = None
    announce: Path | None = None
    latency: float = 0.0
    finish_after: float = 0.5
    faults: str = ""
    slow_seconds: float = 65.0
    seed: int | None = None
    throttle: bool = True
    soft_limit: int = 1000
    hard_limit: int = 1500
    replay_reads: bool = True
    placed_is_202: bool = False
    partial_returns: bool = False

    def __post_init__(self) -> None:
        """Refuse what would make the server reachable from elsewhere or contradict itself."""
        if not _is_loopback(self.host):
            raise CannotStartError(
                f"The embedded marketplace serves this computer only; {self.host!r} is not a "
                "loopback address. Use 127.0.0.1."
            )
        if not 1 <= self.soft_limit <= self.hard_limit:
            raise CannotStartError("The soft limit must be at least 1 and not above the hard one.")
        if min(self.latency, self.finish_after, self.slow_seconds) < 0:
            raise CannotStartError("Durations cannot be negative.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
