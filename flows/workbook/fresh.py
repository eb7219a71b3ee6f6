"""A workbook that can be extended, for a source that cannot (.xls, .xlsb, .ods, .csv)."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from flows.workbook import cells
from flows.workbook.books import CsvBook, OtherBook, opened
from flows.workbook.cell_values import legible

_DAY: Final = datetime(2000, 1, 1)  # noqa: DTZ001  # Excel knows no time zones
_MODIFIED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def as_xlsx(content: bytes, name: str) -> bytes:
    """The same sheets with the same values at the same places, as .xlsx; the same input, the
    same bytes. What can be extended comes back as it is. Raises NotAWorkbook.

    Text stays text whatever it begins with; numbers, dates and booleans keep their type.
    """
    with opened(content, name) as book:
        if not isinstance(book, CsvBook | OtherBook):
            return content
        fresh = Workbook(write_only=True)
        for title in book.sheets:
            sheet = fresh.create_sheet(title)
            assert isinstance(sheet, WriteOnlyWorksheet)  # noqa: S101 - the workbook is write-only
            after = 1
            for number, values in book.rows(title):
                if not any(value != "" for value in values):
                    continue
                for _ in range(number - after):
                    sheet.append([])
                sheet.append([_cell(sheet, value) for value in values])
                after = number + 1
    return _saved(fresh)


def _cell(sheet: WriteOnlyWorksheet, value: cells.Cell) -> Cell | None:
    if value == "":
        return None
    cell: Cell = WriteOnlyCell(sheet)
    if isinstance(value, str):
        cell.value = legible(value)
        cell.data_type = "s"
    elif isinstance(value, float) and value.is_integer():
        cell.value = int(value)
        # An id of twelve digits or more would show as 1.2E+11.
        cell.number_format = "0" if abs(value) >= 10**11 else "General"
    else:
        cell.value = value
        cell.number_format = _format_of(value)
    return cell


def _format_of(value: cells.Cell) -> str:
    match value:
        case datetime() if value.time() != time():
            return "yyyy-mm-dd hh:mm:ss"
        case date():
            return "yyyy-mm-dd"
        case time():
            return "hh:mm:ss"
        case timedelta():
            return "[h]:mm:ss"
        case _:
            return "General"


def _saved(book: Workbook) -> bytes:
    """The bytes without the moment of writing, which openpyxl stamps on all it saves."""
    book.properties.creator = None
    book.properties.created = book.properties.modified = _DAY
    raw, settled = BytesIO(), BytesIO()
    book.save(raw)
    with ZipFile(raw) as package, ZipFile(settled, "w", ZIP_DEFLATED) as out:
        for part in package.namelist():
            entry = ZipInfo(part, date_time=_EPOCH)
            entry.compress_type = ZIP_DEFLATED
            content = package.read(part)
            if part == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>2000-01-01T00:00:00Z\g<2>", content)
            out.writestr(entry, content)
    return settled.getvalue()
