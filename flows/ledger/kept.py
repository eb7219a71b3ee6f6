"""The source workbooks, kept by the hash of their content."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from uuid import uuid4


def keep_bytes(folder: Path, content: bytes) -> str:
    """Put the content on the disk under its hash, and return the hash. Raises OSError.

    A file of that name that holds something else (a power cut, a bad disk) is written anew.
    """
    digest = sha256(content).hexdigest()
    place = folder / digest
    if _holds(place, digest):
        return digest
    unfinished = folder / f"{digest}.{uuid4().hex}"
    try:
        with unfinished.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)
    _sync(folder)
    return digest


def _holds(place: Path, digest: str) -> bool:
    try:
        return sha256(place.read_bytes()).hexdigest() == digest
    except OSError:
        return False  # not there, or not to be read any more


def _sync(folder: Path) -> None:
    """A new name is on the disk when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
