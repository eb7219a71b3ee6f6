"""Who works on a claimed workbook: known by a lock that the kernel drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from errno import EACCES, EAGAIN
from pathlib import Path
from typing import IO, Final

_HELD_BY_ANOTHER: Final = frozenset({EAGAIN, EACCES})


class Lock:
    """A lock beside the workbook; where the share knows no locks, one in a folder of our own.

    The second kind is seen by watchers of this computer only. `lives` is how many have held it
    and died, this one included.
    """

    def __init__(self, file: IO[bytes], paths: tuple[Path, ...]) -> None:
        self._file = file
        self._paths = paths
        self.lives = _one_more(paths[0])

    def let_go(self) -> None:
        """Leave it to the next one; whoever lets go has not died of it."""
        with suppress(OSError):
            os.truncate(self._paths[0], 0)
        self._file.close()

    def forget(self) -> None:
        """Let go of what nobody will ask for again."""
        self._unlink()
        self._file.close()
        self._unlink()  # a share may not take away a file that is open

    def _unlink(self) -> None:
        for path in self._paths:
            with suppress(OSError):
                path.unlink()


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
    return Lock(file, (beside,))


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
    return Lock(file, (beside, fallback))


def _one_more(path: Path) -> int:
    """Write down one more life, a byte for each; how many there are."""
    with suppress(OSError), path.open("ab") as file:
        file.write(b".")
        return file.tell()
    return 1
