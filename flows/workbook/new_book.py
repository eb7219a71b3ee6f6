"""What we make new with openpyxl: its look, and its bytes, which are the same every time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.workbook import Workbook

from flows.workbook.look import HAIRLINE, HEADER

CORE_PROPERTIES: Final = "docProps/core.xml"

_FIRST: Final = ("[Content_Types].xml", "_rels/.rels")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_MODIFIED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def solid(colour: str) -> PatternFill:
    """A plain fill of one colour (six hexadecimal digits)."""
    return PatternFill("solid", start_color=colour, end_color=colour)


def hairlines() -> Border:
    """Hairlines round a cell."""
    side = Side(style="thin", color=HAIRLINE.colour)
    return Border(left=side, right=side, top=side, bottom=side)


def dress_header(cell: Cell) -> None:
    """Make a cell look like one of our column headers."""
    cell.font = Font(name=cell.font.name, sz=cell.font.sz, bold=True, color=HEADER.ink)
    cell.fill = solid(HEADER.strong)
    cell.border = hairlines()
    cell.alignment = Alignment(horizontal="left", vertical="center", wrap_text=True)


def saved(book: Workbook, modified: datetime) -> bytes:
    """The workbook as bytes: same contents, same bytes.

    openpyxl stamps the present moment on the properties and on every part of the zip;
    `modified` (with a time zone) takes its place in the one, a fixed day in the other.
    """
    raw = BytesIO()
    book.save(raw)
    settled = BytesIO()
    with ZipFile(raw) as package, ZipFile(settled, "w", ZIP_DEFLATED) as out:
        for name in sorted(package.namelist(), key=lambda part: (part not in _FIRST, part)):
            content = package.read(name)
            if name == CORE_PROPERTIES:
                content = _stamped(content, modified)
            entry = ZipInfo(name, date_time=_EPOCH)
            entry.compress_type = ZIP_DEFLATED
            out.writestr(entry, content)
    return settled.getvalue()


def _stamped(properties: bytes, modified: datetime) -> bytes:
    stamp = modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode("ascii")
    return _MODIFIED.sub(rb"\g<1>" + stamp + rb"\g<2>", properties)
