"""When a file in the inbox is complete: by its name, by looks at it over time, by its end.

Pure functions over looks; the time is handed in, so nothing here waits. Whether another program
still has the file open for writing cannot be known everywhere: what counts is that it has
stopped changing, for the longer the less its bytes can tell.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from os import stat_result
from typing import Final

from flows.inbox.ends import End

QUIET: Final[dict[End, float]] = {
    End.WHOLE: 0.5,
    End.LINE_ENDED: 2.0,
    End.LINE_OPEN: 10.0,
    End.EMPTY: 10.0,
    End.MISSING: 30.0,
}
"""Seconds without a change after which a file is taken, by what its end says.

One that lacks a part of itself is taken at last as well, to be turned away in words.
"""

SHORTEST: Final = min(QUIET.values())
"""Seconds without a change before which nobody need look at the bytes."""

NAMELESS_QUIET: Final = 10.0
"""For names without an ending: what Excel calls a file while it saves it."""

_UNFINISHED: Final = (".part", ".tmp", ".temp", ".crdownload", ".partial", ".download", ".filepart")


def is_candidate(name: str) -> bool:
    """Whether a file of this name may be a workbook: neither hidden, nor a lock, nor unfinished."""
    return not name.startswith((".", "~")) and not name.lower().endswith(_UNFINISHED)


def marks_of(name: str) -> tuple[str, str]:
    """The files that Excel and LibreOffice put beside a workbook while somebody has it open."""
    return f"~${name}", f".~lock.{name}#"


@dataclass(frozen=True, slots=True)
class Look:
    """A file at one moment: its size in bytes, when it was changed, and which file it is."""

    size: int
    changed: int
    identity: int

    @classmethod
    def at(cls, found: stat_result) -> Look | None:
        """None for what is no regular file (a folder, a link, a pipe)."""
        if not stat.S_ISREG(found.st_mode):
            return None
        return cls(found.st_size, found.st_mtime_ns, found.st_ino)


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was at the last look; `since` is when it was first seen so, in seconds."""

    look: Look
    since: float


def seen(before: Seen | None, look: Look, now: float) -> Seen:
    """What is known after one more look: a file that has changed is quiet from now on."""
    return before if before is not None and before.look == look else Seen(look, now)


def quiet_for(name: str, end: End) -> float:
    """How many seconds a file must have been quiet to be complete."""
    return QUIET[end] if "." in name else max(QUIET[end], NAMELESS_QUIET)


def completes_at(name: str, file: Seen, end: End) -> float:
    """When a file is complete, unless it changes before."""
    return file.since + quiet_for(name, end)
