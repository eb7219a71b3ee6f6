"""Where files with answers go, and how they get there without harming another file."""

from __future__ import annotations

import fcntl
import glob
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from errno import EISDIR
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from threading import RLock
from time import time
from typing import Final
from uuid import uuid4

from flows.workbook.kinds import ending_of
from schemas.entries import LONGEST_STEM, shortened, stem_of
from schemas.faults import Stop

LONGEST_NAME: Final = 255
"""Bytes of a file name; no usual disk takes more."""

UNFINISHED_SECONDS: Final = 3600
"""How old an unfinished file must be before nobody can still be writing it."""

KEPT_SECONDS: Final = 30 * 86_400
"""How long a reconciled workbook that was replaced is kept (docs/protocol.md, Files)."""

_one_writer: Final = RLock()


def default_output(folder: Path, name: str, content: bytes, word: str = "reconciled") -> Path:
    """`FOLDER/NAME.reconciled.xlsx`; a reconciled workbook dropped again keeps its name.

    The ending is that of the content, whatever the name says: Excel opens no other.
    """
    return folder / f"{stem_of(name)}.{word}{ending_of(content)}"


class OutputFault(Stop):
    """A file cannot be written where it should go (exit code 3)."""


def check_place(target: Path, name: str, content: bytes) -> None:
    """Find out before anything is ordered whether answers can be written there.

    Raises OutputFault; an ending that is not the workbook's own is wrong use. Raises NoText.
    """
    check_name(name)
    ending = ending_of(content)
    if target.suffix.lower() != ending:
        raise WrongEnding(
            f"The answers to {name} come as {ending}: name a file that ends in {ending}. "
            "Nothing was ordered."
        )
    check_writable(target)


def check_name(name: str) -> None:
    """A name that is no text is wrong use: neither the ledger nor a page could hold it.

    Raises NoText.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise NoText(
            f"The name of {as_text(name)} holds signs that are no text (they are not UTF-8); "
            "rename the file and drop it again. Nothing was ordered."
        ) from None


def as_text(name: str) -> str:
    """A name as it can be shown: question marks for bytes that are no text."""
    return name.encode(errors="replace").decode()


def check_writable(target: Path) -> None:
    """Find out before anything is ordered whether a file can be written. Raises OutputFault."""
    folder = next(parent for parent in target.absolute().parents if parent.exists())
    try:
        if target.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        # A folder that is not there yet is made when there is something to put into it.
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputFault(
            f"The answers could not be written to {target} ({error.strerror}). Nothing was ordered."
        ) from None


class WrongEnding(Stop):
    """A workbook was to go into a file of another kind."""

    exit_code = 2


class NoText(Stop):
    """The name of a workbook is made of bytes that are no text."""

    exit_code = 2


class NotAFreePlace(Stop):
    """A new file was to go where one is already, or where there is no folder."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Terms:
    """What is known of files that were written before, and who wants to hear of the next.

    `wrote(path, hash)` tells whether a file is ours, of the same order sheet and unchanged;
    `will_write(path, hash)` is told before a file takes its name, so that it is known as ours
    whatever happens then; `keep` is handed what is replaced.
    """

    wrote: Callable[[str, str], bool] = lambda *_: False
    will_write: Callable[[str, str], None] = lambda *_: None
    keep: Callable[[bytes], None] = lambda _: None


def write_output(target: Path, content: bytes, terms: Terms) -> Path:
    """Write beside the target and rename; never over a file that is not just as we wrote it.

    One that somebody has open is left alone as well. Returns the path taken: the target or the
    next free name.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with alone_in(target.parent):
            place, replaced = _free_place(target, terms.wrote)
            if replaced == content:
                return place
            with _unfinished(place, content) as unfinished:
                if replaced is not None:
                    terms.keep(replaced)
                terms.will_write(str(place.absolute()), hashlib.sha256(content).hexdigest())
                unfinished.replace(place)
            _sync_folder(place.parent)
            _forget_unfinished(place)
    except OSError as error:
        raise OutputFault(
            f"The answers cannot be written to {target} ({error.strerror}). What was ordered "
            "stands in the ledger: drop the workbook again to get its answers."
        ) from None
    return place


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Between looking for a free name and taking it, no other run does so in the same folder.

    The lock is on the folder itself, or, on a share that knows none of those, on a hidden file in
    it; where neither can be had, it holds within this process only.
    """
    with _one_writer, ExitStack() as stack:
        for take in (_lock_folder, _lock_file_in):
            with suppress(OSError):
                stack.callback(os.close, take(folder))
                break
        yield


def _lock_folder(folder: Path) -> int:
    return _locked(os.open(folder, os.O_RDONLY))


def _lock_file_in(folder: Path) -> int:
    return _locked(os.open(folder / ".orderdrop.lock", os.O_RDWR | os.O_CREAT, 0o666))


def _locked(handle: int) -> int:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        os.close(handle)
        raise
    return handle


def write_new(target: Path, content: bytes) -> None:
    """Write a file that is not there yet. Raises NotAFreePlace and OutputFault."""
    try:
        with target.open("xb") as file:
            try:
                file.write(content)
            except OSError:
                target.unlink()
                raise
    except FileExistsError:
        raise NotAFreePlace(
            f"{target} exists already and was left as it is; name another file."
        ) from None
    except (FileNotFoundError, NotADirectoryError):
        raise NotAFreePlace(
            f"There is no folder {target.parent}; make it first, or name a file elsewhere."
        ) from None
    except OSError as error:
        raise OutputFault(f"{target} cannot be written ({error.strerror}).") from None


@contextmanager
def _unfinished(place: Path, content: bytes) -> Iterator[Path]:
    """The content on the disk beside its place, under a name that no other writer takes.

    Whatever is still there at the end is removed.
    """
    beside = place.with_name(f".{_begun(place)}.{uuid4().hex}.part")
    try:
        beside.write_bytes(content)
        with beside.open("r+b") as file:
            os.fsync(file.fileno())
        yield beside
    finally:
        beside.unlink(missing_ok=True)


def _begun(place: Path) -> str:
    """How the names of unfinished files begin; long names leave room for what comes behind."""
    return shortened(place.name, LONGEST_STEM)


def _sync_folder(folder: Path) -> None:
    """Have a new name on the disk as well, where the file system knows how."""
    # The file stands there by now: on a share that cannot do this, nothing is to be told.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _forget_unfinished(place: Path) -> None:
    """Remove what runs that were killed while writing have left beside it."""
    for left in place.parent.glob(f".{glob.escape(_begun(place))}.*.part"):
        with suppress(FileNotFoundError):
            if time() - left.stat().st_mtime > UNFINISHED_SECONDS:
                left.unlink()


def _free_place(target: Path, wrote: Callable[[str, str], bool]) -> tuple[Path, bytes | None]:
    """The place to write to, and what is there now if that is ours to replace."""
    for place in _names(target):
        if not place.exists():
            break
        found = place.read_bytes()
        if _is_ours(place, found, wrote) and not is_open_elsewhere(place):
            return place, found
    return place, None


def stands(target: Path, wrote: Callable[[str, str], bool]) -> bool:
    """Whether a file just as we wrote it is at the target, or at a name taken instead of it."""
    for place in _names(target):
        if not place.is_file():
            return False
        if _is_ours(place, place.read_bytes(), wrote):
            return True
    return False


def _names(target: Path) -> Iterator[Path]:
    """The target, and the names that are taken instead, without end."""
    yield target
    for number in count(2):
        end = f" ({number}){target.suffix}"
        yield target.with_name(shortened(target.stem, LONGEST_NAME - len(end.encode())) + end)


def _is_ours(place: Path, found: bytes, wrote: Callable[[str, str], bool]) -> bool:
    return wrote(str(place.absolute()), hashlib.sha256(found).hexdigest())


def keep_replaced(folder: Path, content: bytes) -> None:
    """Keep what a newer workbook takes the place of, for thirty days."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / hashlib.sha256(content).hexdigest()
    with _unfinished(place, content) as unfinished:
        unfinished.replace(place)
    _sync_folder(folder)
    for old in folder.iterdir():
        # Another process may be pruning at the same time.
        with suppress(FileNotFoundError):
            if time() - old.stat().st_mtime > KEPT_SECONDS:
                old.unlink()


def is_open_elsewhere(path: Path) -> bool:
    """Whether Excel or LibreOffice has left its mark beside a workbook that it has open."""
    marks = (f"~${path.name}", f".~lock.{path.name}#")
    # Of a name that leaves no room for a mark there is none.
    possible = (mark for mark in marks if len(mark.encode()) <= LONGEST_NAME)
    return any(path.with_name(mark).exists() for mark in possible)
