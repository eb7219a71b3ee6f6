"""What the file system tells of changes in folders, where it tells any."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from watchfiles import awatch
from watchfiles.main import FileChange

_SHARES: Final = (
    "cifs",
    "smb",
    "nfs",
    "afs",
    "9p",
    "drvfs",
    "virtiofs",
    "vboxsf",
    "fuse",
    "ncpfs",
    "davfs",
)
"""How file systems begin that do not tell of what another computer does in them."""

_MOUNTS: Final = Path("/proc/mounts")


async def changes(folders: Sequence[Path]) -> AsyncIterator[set[FileChange]]:
    """Each time something has changed right inside one of the folders; ends where nothing is told.

    Whoever listens looks by himself now and then all the same: no system promises to tell all.
    """
    telling = [folder for folder in folders if tells_of_changes(folder)]
    if not telling:
        return
    # Too many watches, or a folder that is gone: looking by oneself goes on.
    with suppress(OSError, RuntimeError):
        async for changed in awatch(
            *telling, watch_filter=None, debounce=100, step=20, recursive=False
        ):
            yield changed


def tells_of_changes(folder: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether the folder lies on a disk of this computer, as far as can be told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return True  # no Linux: it is tried
    kind, longest = "", -1
    for line in lines:
        fields = line.split(" ")
        place = fields[1].encode().decode("unicode_escape") if len(fields) > 2 else ""
        if place and folder.is_relative_to(place) and len(place) >= longest:
            kind, longest = fields[2], len(place)
    return not kind.startswith(_SHARES)
