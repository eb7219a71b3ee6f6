"""Inbox, working, archive, rejected: every step is one rename, and nothing is ever overwritten.

    INBOX/orders.xlsx
    INBOX/working/CLAIM/orders.xlsx             while it is worked on; CLAIM is made for it alone
    INBOX/archive/2026-11-26/130501-4f2a9c orders.xlsx
    INBOX/rejected/orders.xlsx                  beside it orders.xlsx.why.txt

The rename into a folder that nobody else knows is the claim: of two watchers one finds the file
gone. A claim is held by a lock that the kernel drops when its holder dies, so the next one knows
which claims nobody works on any more.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from errno import EXDEV
from itertools import count
from pathlib import Path
from time import time
from typing import Final
from uuid import uuid4

from flows.inbox.complete import Look, is_candidate, marks_of
from flows.inbox.ends import End, end_of
from flows.inbox.faults import InboxFault
from flows.inbox.locks import Lock, lock
from schemas.entries import shortened

WORKING: Final = "working"
ARCHIVE: Final = "archive"
REJECTED: Final = "rejected"
RENEWALS: Final = "renewals"
OURS: Final = frozenset({WORKING, ARCHIVE, REJECTED, RENEWALS})
"""Folders of an inbox that are no account's: the last is read in place by the nightly run."""

_HELD: Final = ".held"
_WHY: Final = ".why.txt"
_LONGEST_NAME: Final = 255
_BEING_MADE: Final = 60.0
"""Seconds for which an empty folder may be one that another watcher is just about to claim into."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A workbook that is ours until it is archived, rejected or let go."""

    inbox: Inbox
    path: Path
    lock: Lock

    @property
    def name(self) -> str:
        """The workbook's own name."""
        return self.path.name

    @property
    def lives(self) -> int:
        """How many watchers have held it without letting go, this one included."""
        return self.lock.lives

    @property
    def size(self) -> int:
        """Its bytes; 0 when somebody has taken it out of the folder."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def archive(self) -> Path:
        """Put it away; where it is then. Raises OSError, and it stays claimed."""
        day, _, rest = self.path.parent.name.partition(" ")
        folder = self.inbox.folder / ARCHIVE / day
        folder.mkdir(parents=True, exist_ok=True)
        # The rest of the claim's name is in no other, so the place is free.
        place = folder / _fitting(f"{rest.replace('.', '')} ", self.name, "")
        _move(self.path, place)
        self._end()
        return place

    def reject(self, why: str) -> Path:
        """Put it away with a text beside it that says why; where it is then. Raises OSError."""
        folder = self.inbox.folder / REJECTED
        folder.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            end = "" if number == 1 else f" ({number})"
            place = folder / _fitting("", self.name, end, leaving=len(_WHY))
            told = place.with_name(place.name + _WHY)
            # Who makes the text has the name as well, unless a file of that name is there.
            if not os.path.lexists(place) and _is_made(told, why):
                _move(self.path, place)
                break
        self._end()
        return place

    def let_go(self) -> None:
        """Leave it where it is: the next watcher finds it as nobody's."""
        self.lock.let_go()

    def _end(self) -> None:
        self.lock.forget()
        with suppress(OSError):
            self.path.parent.rmdir()


@dataclass(frozen=True, slots=True)
class Glance:
    """The regular files of an inbox that may be workbooks, and which of them somebody has open."""

    files: Mapping[str, Look]
    open_elsewhere: frozenset[str]


@dataclass(frozen=True, slots=True)
class Inbox:
    """One account's inbox. `locks` is a folder for locks where the inbox's own disk has none."""

    folder: Path
    account: str
    locks: Path

    def make(self) -> None:
        """Make the folders that are missing. Raises InboxFault."""
        try:
            for name in (WORKING, ARCHIVE, REJECTED):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            disk = self.folder.stat().st_dev
            working = (self.folder / WORKING).stat().st_dev
        except OSError as error:
            raise InboxFault(
                f"The inbox {self.folder} cannot be used ({error.strerror}); make the folder, or "
                "name another one. Nothing was ordered."
            ) from None
        if working != disk:
            raise InboxFault(
                f"{self.folder / WORKING} lies on another disk than {self.folder}; it must be a "
                "folder of the inbox itself, so that a workbook is taken in one step."
            )

    def look(self) -> Glance:
        """What lies in the inbox now. Raises OSError."""
        with os.scandir(self.folder) as found:
            entries = list(found)
        names = {entry.name for entry in entries}
        files = _files_among(entries)
        return Glance(files, frozenset(n for n in files if not names.isdisjoint(marks_of(n))))

    def end_of(self, name: str) -> End:
        """What the end of a file in the inbox says. Raises OSError."""
        return end_of(self.folder / name)

    def claim(self, name: str, look: Look, now: datetime) -> Claim | None:
        """Take a file that is as it was at this look; None when it is gone or has changed.

        `now` is in the zone that people read: it stands in the archived file's name. Raises
        OSError when the disk does not let it be taken.
        """
        source = self.folder / name
        if _look(source) != look:
            return None
        home = self.folder / WORKING / f"{now:%Y-%m-%d %H.%M.%S}-{uuid4().hex[:8]}"
        home.mkdir()
        try:
            held = lock(home / _HELD, self._fallback(home))
        except OSError:
            _forget_empty(home)
            raise
        if held is None:  # nobody but us knows the folder; yet whoever has it, has it
            return None
        path = home / name
        try:
            source.rename(path)
        except OSError as error:
            held.forget()
            _forget_empty(home)
            if isinstance(error, FileNotFoundError):  # another watcher was faster
                return None
            raise
        _sync(home)
        return Claim(self, path, held)

    def unheld(self) -> Iterator[Claim]:
        """Claims whose watcher is gone, now ours; folders that a dead one left empty go."""
        for home in sorted((self.folder / WORKING).iterdir()):
            if not home.is_dir():
                continue
            with suppress(FileNotFoundError):
                if not _workbooks(home) and time() - home.stat().st_mtime < _BEING_MADE:
                    continue
                held = lock(home / _HELD, self._fallback(home))
                if held is None:
                    continue
                if left := _workbooks(home):
                    yield Claim(self, left[0], held)
                else:
                    held.forget()
                    _forget_empty(home)

    def _fallback(self, home: Path) -> Path:
        return self.locks / f"{home.name}.lock"


def inboxes(folder: Path, accounts: Sequence[str], state_dir: Path) -> tuple[Inbox, ...]:
    """The inbox of each account, with its folders made. Raises InboxFault.

    With one account its inbox is the folder itself; with several there is a folder of each
    account's name in it.
    """
    folder, locks = folder.absolute(), state_dir / "claims"
    if taken := OURS.intersection(accounts) if len(accounts) > 1 else ():
        raise InboxFault(
            f"No account can be called {min(taken)} where several have inboxes: a folder of that "
            "name has another meaning there."
        )
    found = (
        [Inbox(folder, accounts[0], locks)]
        if len(accounts) == 1
        else [Inbox(folder / account, account, locks) for account in accounts]
    )
    for inbox in found:
        inbox.make()
    return tuple(found)


def strays_in(folder: Path) -> set[str]:
    """What lies in the folder above several inboxes, or is left there of the time of one account:
    in its working, or a renewal book. Their paths from the folder on. Raises OSError.
    """
    working = folder / WORKING
    left = {
        str(path.relative_to(folder))
        for home in (working.iterdir() if working.is_dir() else ())
        if home.is_dir()
        for path in _workbooks(home)
    }
    if (books := folder / RENEWALS).is_dir():
        with os.scandir(books) as found:
            left |= {str(Path(RENEWALS) / name) for name in _files_among(found)}
    with os.scandir(folder) as found:
        return left.union(_files_among(found))


def _files_among(entries: Iterable[os.DirEntry[str]]) -> dict[str, Look]:
    files = {}
    for entry in entries:
        if is_candidate(entry.name):
            with suppress(FileNotFoundError):
                look = Look.at(entry.stat(follow_symlinks=False))
                if look is not None:
                    files[entry.name] = look
    return files


def _look(path: Path) -> Look | None:
    try:
        return Look.at(path.lstat())
    except FileNotFoundError:
        return None


def _workbooks(home: Path) -> list[Path]:
    return [path for path in home.iterdir() if is_candidate(path.name)]


def _forget_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _fitting(before: str, name: str, after: str, leaving: int = 0) -> str:
    """`before` STEM `after` ENDING, the stem cut off where a disk takes no longer name."""
    stem, ending = Path(name).stem, Path(name).suffix
    around = len(os.fsencode(f"{before}{after}{ending}")) + leaving
    if around + len(os.fsencode(stem)) <= _LONGEST_NAME:
        return f"{before}{name[: -len(ending) or None]}{after}{ending}"
    return f"{before}{shortened(stem, _LONGEST_NAME - around)}{after}{ending}"


def _is_made(place: Path, text: str) -> bool:
    """Whether this made the file; False when there is one already."""
    try:
        with place.open("x", encoding="utf-8") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return False
    return True


def _move(source: Path, place: Path) -> None:
    """Rename, or copy, put on the disk, rename and only then remove where that is another disk."""
    try:
        source.rename(place)
    except OSError as error:
        if error.errno != EXDEV:
            raise
        beside = place.with_name(f".{uuid4().hex}.part")
        try:
            shutil.copy2(source, beside)
            with beside.open("r+b") as file:
                os.fsync(file.fileno())
            beside.rename(place)
        finally:
            beside.unlink(missing_ok=True)
        _sync(place.parent)
        source.unlink()
    _sync(place.parent)


def _sync(folder: Path) -> None:
    """Have a new name on the disk as well, where the file system knows how."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
