"""Where workbooks with answers go, and how they get there without harming another file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from errno import EISDIR
from pathlib import Path
from tempfile import TemporaryFile

from schemas.faults import Stop


def default_output(folder: Path, name: str, word: str = "reconciled") -> Path:
    """`FOLDER/NAME.reconciled.xlsx`; a reconciled workbook dropped again keeps its name."""
    path = Path(name)
    stem = path.stem.removesuffix(".reconciled").removesuffix(".checked")
    return folder / f"{stem}.{word}{path.suffix}"


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


def write_output(target: Path, content: bytes, wrote: Callable[[str, str], bool]) -> Path:
    """Write beside the target and rename; never over a file that is not just as we wrote it.

    `wrote(path, hash)` tells whether a file is ours and unchanged. Returns the path taken:
    the target or the next free name.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        place = _free_place(target, wrote)
        unfinished = place.with_name(f".{place.name}.{os.getpid()}.part")
        unfinished.write_bytes(content)
        unfinished.replace(place)
    except OSError as error:
        raise OutputFault(
            f"The reconciled workbook cannot be written to {target} ({error.strerror}). What was "
            "ordered stands in the ledger: drop the workbook again to get its answers."
        ) from None
    return place


def _free_place(target: Path, wrote: Callable[[str, str], bool]) -> Path:
    place, number = target, 1
    while place.exists():
        digest = hashlib.sha256(place.read_bytes()).hexdigest()
        if wrote(str(place.absolute()), digest):
            break
        number += 1
        place = target.with_name(f"{target.stem} ({number}){target.suffix}")
    return place
