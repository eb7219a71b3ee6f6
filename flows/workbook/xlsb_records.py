"""Records of a binary part of an .xlsb file ([MS-XLSB] 2.1.4), streamed."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from struct import Struct
from typing import Final
from zipfile import ZipFile

from flows.workbook.errors import NotAWorkbook
from flows.workbook.xml_parts import PIECE, damaged

LONGEST: Final = 1 << 20
"""Bytes of one record: the longest text of a cell needs a tenth of it."""

_length = Struct("<I").unpack_from


MOST_UNKNOWN: Final = 1_000_000
"""Records of a part that say nothing to us; a sheet of Excel has a few dozen of them."""

_BLANKS: Final = re.compile(rb"(?:\x01\x08.{8})++", re.DOTALL)
_BLANK: Final = 10
"""Bytes of an empty formatted cell (BrtCellBlank) with its head."""

_EMPTY_ROWS: Final = re.compile(
    rb"(?:(?:\x00\x11.{17}|\x00\x19.{25})(?:\x01\x08.{8})*+(?=\x00[\x11\x19]))++", re.DOTALL
)
"""Rows (BrtRowHdr) that hold at the most empty formatted cells, with another one behind them."""


def records(
    package: ZipFile, part: str, known: Container[int], name: str
) -> Iterator[tuple[int, bytes]]:
    """Kind and content of the records of known kinds in a part; of empty cells side by side and of
    empty rows one below the other the last one. Raises NotAWorkbook.
    """
    unknown = 0
    with package.open(part) as stream:
        buffer, at = b"", 0
        ended = False
        while True:
            if len(buffer) - at < LONGEST + 8 and not ended:
                chunk = stream.read(PIECE)
                ended = not chunk
                buffer, at = buffer[at:] + chunk, 0
                continue
            if at == len(buffer):
                return
            kind, length = buffer[at], buffer[at + 1]
            if kind == 1 and (blanks := _BLANKS.match(buffer, at)):
                at = blanks.end() - _BLANK
            elif kind == 0 and (rows := _EMPTY_ROWS.match(buffer, at)):
                at = rows.end()
                continue
            at += 2
            if kind >= 0x80 or length >= 0x80:
                kind, length, at = _long_head(buffer, at - 2)
            if length > LONGEST or at + length > len(buffer):
                raise damaged()
            if kind in known:
                yield kind, buffer[at : at + length]
            else:
                unknown += 1
                if unknown > MOST_UNKNOWN:
                    raise too_much(name)
            at += length


def too_much(name: str) -> NotAWorkbook:
    """Said of a workbook that is filled up with what shows nothing."""
    return NotAWorkbook(
        f"{name} is filled up with millions of empty cells or other records that show nothing; "
        "keep only the orders in it, or open it in Excel and save it as .xlsx."
    )


def _long_head(buffer: bytes, at: int) -> tuple[int, int, int]:
    """Kind and length written in more than a byte each, seven bits to a byte; where they end."""
    kind = buffer[at]
    at += 1
    if kind & 0x80:
        kind = (kind & 0x7F) | (buffer[at] & 0x7F) << 7
        at += 1
    length = 0
    for shift in (0, 7, 14, 21):
        byte = buffer[at]
        at += 1
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    return kind, length, at


def wide_text(content: bytes, at: int) -> tuple[str, int]:
    """A text with its length before it, and where it ends. 2^32 - 1 stands for none at all."""
    count = _length(content, at)[0]
    at += 4
    if count == 0xFFFFFFFF:
        return "", at
    end = at + 2 * count
    if end > len(content):
        raise damaged()
    return content[at:end].decode("utf-16-le", "surrogatepass"), end
