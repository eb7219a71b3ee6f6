"""Whose hands an intent is in: a process, known by a lock that the kernel drops when it dies.

A lease ends by its time. When its owner is a process of this machine that is gone (killed, cut
off from power), nobody has to wait for that: the lock on its file is free.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from time import time
from typing import IO, Final
from uuid import uuid4

from flows.ledger.faults import LedgerFault

_LONG_GONE: Final = 86_400
"""Seconds after which a lease has ended by its time, whoever held it."""


class Owner:
    """This process as an owner of leases, until `close` or its death.

    Neither can write a request any more, so what it held is free for others at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.owner_id = str(uuid4())
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._forget_the_dead()
            self._file = self._path(self.owner_id).open("xb")
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError as error:
            raise LedgerFault(
                f"The folder {folder} cannot be used ({error.strerror}); nothing was ordered."
            ) from None

    def is_gone(self, owner_id: str) -> bool:
        """Whether another owner was a process of this machine that lives no more.

        False when it cannot be told, for example for one on another machine.
        """
        if owner_id == self.owner_id:
            return False
        locked = _lock_if_free(self._path(owner_id))
        if locked is None:
            return False
        locked.close()
        return True

    def close(self) -> None:
        """Hold nothing any more: the file stays, so that others see that it is nobody's."""
        self._file.close()

    def _path(self, owner_id: str) -> Path:
        return self._folder / f"{owner_id}.owner"

    def _forget_the_dead(self) -> None:
        """Files of processes long gone; their leases have ended by their time."""
        for path in self._folder.glob("*.owner"):
            try:
                old = path.stat().st_mtime < time() - _LONG_GONE
            except FileNotFoundError:
                continue
            locked = _lock_if_free(path) if old else None
            if locked is not None:
                path.unlink(missing_ok=True)
                locked.close()


def _lock_if_free(path: Path) -> IO[bytes] | None:
    """The file, locked, when nobody else holds its lock; None otherwise."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
