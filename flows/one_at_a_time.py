"""No second scheduled run while one is going.

A lock of the kernel's, for one account and one kind of work in one state folder: it goes with the
process that holds it, however that ends. Prefect's own limit was tried: a run that was killed keeps
its slot, and every later one waits behind it for ever.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO
from urllib.parse import quote

from prefect.runtime import deployment

from flows.settings import Settings


class Work(StrEnum):
    """What is done by schedule."""

    RENEWALS = "renewals"
    FOLLOWING = "following"


@contextmanager
def alone(settings: Settings, work: Work) -> Iterator[bool]:
    """Whether nobody else does this for the account by schedule; while it is open, nobody begins.

    A run that a person has started asks nobody: the ledger lets both of them go on.
    """
    if not deployment.id:
        yield True
        return
    held = _taken(_place(settings, work))
    try:
        yield held is not None
    finally:
        if held is not None:
            held.close()


def is_going_on(settings: Settings, work: Work) -> bool:
    """Whether a scheduled run does this for the account right now."""
    held = _taken(_place(settings, work))
    if held is None:
        return True
    held.close()
    return False


def _place(settings: Settings, work: Work) -> Path:
    whose = quote(settings.account, safe="")
    return settings.state_dir / "locks" / f"{work}.{settings.effective_environment}.{whose}"


def _taken(place: Path) -> IO[str] | None:
    place.parent.mkdir(parents=True, exist_ok=True)
    handle = place.open("a", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle
