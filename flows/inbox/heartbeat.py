"""The watcher's heartbeat: a small file that says that it lives and what it is at.

Light to read, for whoever wants to know whether anybody watches.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

EVERY: Final = 10.0
"""Seconds from one heartbeat to the next."""

STALE_AFTER: Final = timedelta(seconds=60)
"""So old a heartbeat means that nobody watches."""

_NAME: Final = "watch.heartbeat"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What the watcher was at: workbooks that wait in the inbox or to be tried again, and those
    that are worked on. `at` is UTC.
    """

    pid: int
    inbox: str
    at: datetime
    waiting: int
    running: int


def beat(state_dir: Path, heartbeat: Heartbeat) -> None:
    """Write it, all or nothing. Raises OSError."""
    place = state_dir / _NAME
    unfinished = place.with_name(f"{_NAME}.{os.getpid()}.part")
    told = asdict(heartbeat) | {"at": heartbeat.at.isoformat()}
    unfinished.write_text(json.dumps(told), encoding="utf-8")
    unfinished.replace(place)


def end(state_dir: Path) -> None:
    """A watcher that was told to stop takes its heartbeat away: one that stays tells of a death.

    Another's is left. Raises OSError.
    """
    last = read_heartbeat(state_dir)
    if last is not None and last.pid == os.getpid():
        (state_dir / _NAME).unlink(missing_ok=True)


def read_heartbeat(state_dir: Path) -> Heartbeat | None:
    """The last heartbeat; None when there never was one, or none that can be read."""
    try:
        told = json.loads((state_dir / _NAME).read_text(encoding="utf-8"))
        return Heartbeat(**told | {"at": datetime.fromisoformat(told["at"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def is_stale(heartbeat: Heartbeat, now: datetime | None = None) -> bool:
    """Whether whoever wrote it watches no more."""
    return (now or datetime.now(UTC)) - heartbeat.at > STALE_AFTER
