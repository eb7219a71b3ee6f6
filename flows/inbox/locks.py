"""Who works on a claimed workbook: known by a lock that the kernel drops when its holder dies."""

from __future__ import annotations

import fcntl
from contextlib import suppress
from errno import EACCES, EAGAIN
from pathlib import Path
from typing import IO, Final

_HELD_BY_ANOTHER: Final = frozenset({EAGAIN, EACCES})


class Lock:
    """A lock beside the workbook; where the share knows no locks, one in a folder of our own.

    The second kind is seen by watchers of this computer only.
    """

    def __init__(self, files: tuple[IO[bytes], ...], paths: tuple[Path, ...]) -> None:
        self._files = files
        self._paths = paths

    def release(self, *, forget: bool) -> None:
        """Let go; `forget` when nobody will ask for this lock again."""
        if forget:
            for path in self._paths:
                with suppress(OSError):
                    path.unlink()
        for file in self._files:
            with suppress(OSError):
                file.close()


def lock(beside: Path, fallback: Path) -> Lock | None:
    """The lock, or None when somebody else has it. Raises OSError when there can be none."""
    file = beside.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        if error.errno in _HELD_BY_ANOTHER:
            return None
        return _lock_of_our_own(beside, fallback)
    return Lock((file,), (beside,))


def _lock_of_our_own(beside: Path, fallback: Path) -> Lock | None:
    fallback.parent.mkdir(parents=True, exist_ok=True)
    file = fallback.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        if error.errno in _HELD_BY_ANOTHER:
            return None
        raise
    return Lock((file,), (beside, fallback))
