"""What the two binary formats of Excel (.xls and .xlsb) have in common."""

from __future__ import annotations

import struct
from struct import Struct
from typing import Final

from xlrd.biffh import XLRDError
from xlrd.compdoc import CompDocError

from flows.workbook.cell_stream import Unknown
from flows.workbook.table import Trouble

_WHOLE: Final = Struct("<i").unpack_from
_REAL: Final = Struct("<d").unpack

BROKEN_RECORDS: Final = (
    XLRDError,
    CompDocError,
    struct.error,
    AssertionError,
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
    TypeError,
)
"""What reading the records of a damaged or hostile file raises, xlrd's own reading included."""

_ERRORS: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}


def error_cell(code: int) -> Unknown:
    """The cell that shows an error, by Excel's number for it."""
    return Unknown(Trouble.SHOWS_ERROR, _ERRORS.get(code, "#ERROR"))


def rk_number(content: bytes, at: int) -> float:
    """A number packed into four bytes: a whole one or half a real one, or a hundredth of it."""
    flags = content[at]
    if flags & 2:
        number: float = _WHOLE(content, at)[0] >> 2
    else:
        number = _REAL(b"\0\0\0\0" + bytes((flags & 0xFC,)) + content[at + 1 : at + 4])[0]
    return number / 100 if flags & 1 else number
