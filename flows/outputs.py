"""Where workbooks with answers go, and how they get there without harming another file."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import EISDIR
from pathlib import Path
from tempfile import TemporaryFile
from time import time
from typing import Final
from uuid import uuid4

from schemas.faults import Stop

UNFINISHED_SECONDS: Final = 3600
"""How old an unfinished file must be before nobody can still be writing it."""

KEPT_SECONDS: Final = 30 * 86_400
"""How long a reconciled workbook that was replaced is kept (docs/protocol.md, Files)."""

_ADDED: Final = re.compile(r"(\.(reconciled|checked|priced)( \(\d+\))?)+$")


def default_output(folder: Path, name: str, word: str = "reconciled") -> Path:
    """`FOLDER/NAME.reconciled.xlsx`; a reconciled workbook dropped again keeps its name."""
    return folder / f"{sheet_name(name)}.{word}{Path(name).suffix}"


def sheet_name(name: str) -> str:
    """A workbook's name without its ending, and without what we add when we give it back."""
    return _ADDED.sub("", Path(name).stem)


class OutputFault(Stop):
    """The reconciled workbook cannot be written where it should go (exit code 3)."""


def check_place(target: Path, source: Path) -> None:
    """Find out before anything is ordered whether answers can be written there.

    Raises OutputFault; an ending that is not the workbook's own is wrong use.
    """
    if target.suffix.lower() != source.suffix.lower():
        raise WrongEnding(
            f"The answers to {source.name} come as a workbook of the same kind: name a file that "
            f"ends in {source.suffix}. Nothing was ordered."
        )
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
    """The answers were to go into a file of another kind."""

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
            f"The reconciled workbook cannot be written to {target} ({error.strerror}). What was "
            "ordered stands in the ledger: drop the workbook again to get its answers."
        ) from None
    return place


@contextmanager
def _unfinished(place: Path, content: bytes) -> Iterator[Path]:
    """The content on the disk beside its place, under a name that no other writer takes.

    Whatever is still there at the end is removed.
    """
    beside = place.with_name(f".{place.name}.{uuid4().hex}.part")
    try:
        beside.write_bytes(content)
        with beside.open("r+b") as file:
            os.fsync(file.fileno())
        yield beside
    finally:
        beside.unlink(missing_ok=True)


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
    for left in place.parent.glob(f".{glob.escape(place.name)}.*.part"):
        with suppress(FileNotFoundError):
            if time() - left.stat().st_mtime > UNFINISHED_SECONDS:
                left.unlink()


def _free_place(target: Path, wrote: Callable[[str, str], bool]) -> tuple[Path, bytes | None]:
    """The place to write to, and what is there now if that is to be replaced."""
    place, number = target, 1
    while place.exists():
        found = place.read_bytes()
        ours = wrote(str(place.absolute()), hashlib.sha256(found).hexdigest())
        if ours and not is_open_elsewhere(place):
            return place, found
        number += 1
        place = target.with_name(f"{target.stem} ({number}){target.suffix}")
    return place, None


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
    return any(path.with_name(mark).exists() for mark in marks)
