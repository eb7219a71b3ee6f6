"""Whether a file ends where its own bytes say that it ends.

A file that is still being copied, or whose copy broke off, has no end yet: a zip lacks its
directory, a compound file (.xls) lacks sectors, a table of text stops in the middle of a line.
"""

from __future__ import annotations

import os
import struct
from enum import StrEnum
from pathlib import Path
from typing import IO, Final
from zipfile import BadZipFile, LargeZipFile, ZipFile

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MEMBER: Final = b"PK\x03\x04"
_ZIP_STARTS: Final = (_MEMBER, b"PK\x05\x06", b"PK\x07\x08")
_LOCAL_HEADER: Final = 30
"""Bytes of what stands before every member of a zip, its name and extra field aside."""

_LINE_ENDS: Final = (b"\n", b"\r", b"\n\0", b"\r\0")
"""In UTF-8 and Windows-1252, then in UTF-16 with the low byte first."""

_ROOT: Final = "Root".encode("utf-16-le")
"""How the directory of a compound file begins."""

_FREE_SECTOR: Final = 0xFFFFFFFF
_TABLE_SECTOR: Final = 0xFFFFFFFD
_OLE_HEADER: Final = 512


class End(StrEnum):
    """What the end of a file says."""

    WHOLE = "whole"
    """A zip or a compound file with everything that it names."""
    LINE_ENDED = "line ended"
    """No such file, and its last line has ended."""
    LINE_OPEN = "line open"
    """No such file; more of its last line may come."""
    MISSING = "missing"
    """A zip or a compound file that lacks a part of itself."""
    EMPTY = "empty"


def end_of(path: Path) -> End:
    """What the end of this file says. Raises OSError when it cannot be read."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            return End.EMPTY
        file.seek(0)
        start = file.read(_OLE_HEADER)
        if start.startswith(_OLE):
            return End.WHOLE if _has_all_sectors(file, start, size) else End.MISSING
        if start.startswith(_ZIP_STARTS):
            return End.WHOLE if _has_all_members(file) else End.MISSING
        file.seek(max(0, size - 2))
        last = file.read(2)
    return End.LINE_ENDED if last.endswith(_LINE_ENDS) else End.LINE_OPEN


def _has_all_members(file: IO[bytes]) -> bool:
    """Whether the directory at a zip's end is there, and before it every member that it names."""
    try:
        with ZipFile(file) as package:
            for member in package.infolist():
                file.seek(member.header_offset)
                header = file.read(_LOCAL_HEADER)
                if len(header) < _LOCAL_HEADER or not header.startswith(_MEMBER):
                    return False
                name, extra = struct.unpack_from("<HH", header, 26)
                ends = member.header_offset + _LOCAL_HEADER + name + extra + member.compress_size
                if ends > package.start_dir:
                    return False
    except (BadZipFile, LargeZipFile, NotImplementedError, ValueError, EOFError, struct.error):
        return False
    return True


def _has_all_sectors(file: IO[bytes], header: bytes, size: int) -> bool:
    """Whether the last sector that a compound file uses begins inside it.

    Its table of sectors is read as far as the header points to it, which is enough for 7 MB of
    a workbook; of a larger one that much is looked at.
    """
    if len(header) < _OLE_HEADER:
        return False
    sector = 1 << int.from_bytes(header[30:32], "little")
    if sector not in {512, 4096}:
        return False
    tables = [at for at in struct.unpack_from("<109I", header, 76) if at < _FREE_SECTOR - 1]
    entries: list[int] = []
    for at in tables:
        file.seek((at + 1) * sector)
        table = file.read(sector)
        if len(table) < sector:
            return False
        entries += struct.unpack(f"<{sector // 4}I", table)
    file.seek((int.from_bytes(header[48:52], "little") + 1) * sector)
    if file.read(len(_ROOT)) != _ROOT:
        return False
    # A table is a sector itself and says so; bytes that have not come yet do not.
    if not tables or any(entries[at : at + 1] != [_TABLE_SECTOR] for at in tables):
        return False
    last = max(place for place, entry in enumerate(entries) if entry != _FREE_SECTOR)
    # The last sector of all may be cut off at the end of what it holds.
    return (last + 1) * sector < size
